"""The processes of a schedule: each role a greenlet of its own, which gives way before every port call."""

import contextlib
from datetime import timedelta

from greenlet import getcurrent, greenlet
from tests.unit.pipeline.test_crashes import Crash, Port, Pulse, hold, turn

from kakehashi.errors import OutcomeUnknown, ServerRefused, ServerUnreachable
from kakehashi.runtime.gateway import GatewayProcess

ROLES = {"intake": "_intake", "first": "_batches", "second": "_batches", "scheduler": "_look_after"}


class Actor:
    """One role of one process. `gateway` is made anew when the process died."""

    def __init__(self, world, name):
        self.world, self.name = world, name
        self.dead, self.under_way = False, None
        self.in_flight = []
        """Requests of this process whose fate it does not know: what an in-process wait would wait for."""
        self.boot()

    def boot(self):
        self.dead, self.in_flight, self.consumers = False, [], []
        self.pulse = Pulse()
        self.process = GatewayProcess(self.world.gateway_of(self), roles=())
        hold(self.process, self.pulse)

    @property
    def busy(self):
        """In the middle of a turn."""
        return bool(self.under_way)

    def go_on(self):
        """To the next port call of its turn, or to its end; dead, it comes up again."""
        if not self.busy:
            if self.dead:
                self.boot()
            self.under_way = greenlet(self.turn)
        self.under_way.switch()

    def turn(self):
        """The role until it would wait."""
        with contextlib.suppress(Crash):
            turn(self.process, ROLES[self.name], self.pulse)

    def call(self, name, act):
        """A port call: give way first, then let happen what the seed says."""
        if name == "store.newest_replicas":  # it only saves a send: the server's own comparison is what is tried here
            return act(1)
        getcurrent().parent.switch()
        if self.dead:
            raise Crash
        return self.world.happens(self, name, act)


class ActorPort(Port):
    """Of one actor, which takes the place of the fates."""


class ConsumerPort(ActorPort):
    """Waits for nothing: when the lane is empty, the worker's turn is over."""

    def __init__(self, actor, target):
        super().__init__(actor, "consumer", target)
        actor.consumers.append(target)
        self._actor = actor

    def receive(self, most, _timeout):
        found = self._actor.call("consumer.receive", lambda _: self._target.receive(min(most, 1), timedelta(0)))
        if not found:
            self._actor.pulse.set()
        self._actor.world.variant.received(self._target, found)
        return found

    def close(self):
        if not self._actor.dead:
            self._target.close()


class SourcePort(ActorPort):
    def close(self):
        pass


class Client:
    """The network to the server, on its bad days."""

    def __init__(self, actor):
        self._actor = actor

    def exchange(self, message_id, request_id, document):
        world, actor = self._actor.world, self._actor
        actor.call("client.leave", lambda _: None)  # the request may be on its way for long
        how = world.network(message_id)
        if how == "unreachable":
            raise ServerUnreachable
        if how in ("429", "503"):
            raise ServerRefused(status=int(how), retry_after=1)
        if how == "late":
            world.flying.append(document)
            actor.in_flight.append(document)
            raise OutcomeUnknown
        if how == "never":
            raise OutcomeUnknown
        answer = world.server._messages.answer(document)
        if how == "twice":
            answer = world.server._messages.answer(document)
        actor.call("client.arrive", lambda _: None)
        if how == "lost":
            raise OutcomeUnknown
        world.variant.answered(actor)
        return b"<garbage" if how == "garbage" else answer

    def close(self):
        pass
