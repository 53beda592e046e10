"""The failing variants of the protocol, done to the real core: each changes one step, by subclass or wrapped port."""

import dataclasses

from tests.model.schedule import Rules

from kakehashi.domain.batch import BatchState, RecordState
from kakehashi.domain.outcome import Unknown
from kakehashi.errors import Fault
from kakehashi.pipeline.conversation import Conversation
from kakehashi.pipeline.work import LaneWork


class Product:
    """Nothing is changed."""

    work = None
    """The class in place of LaneWork."""

    def begin(self, world):
        """A schedule begins."""
        self.world = world

    def received(self, consumer, deliveries):
        """A worker has these in hand now."""

    def answered(self, actor):
        """A worker has an answer that the ledger has not."""

    def broker(self, port, actor):
        return port

    def store(self, port):
        return port

    def lane_work(self, work, actor):
        return work if self.work is None else remade(self.work, work, actor=actor)


def remade(kind, value, **further):
    """The same dataclass as one of its subclass."""
    fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.init}
    made = kind(**fields)
    for name, each in further.items():
        object.__setattr__(made, name, each)  # frozen, but a subclass has room for more
    return made


class _Wrapped:
    def __init__(self, port):
        self._port = port

    def __getattr__(self, name):
        return getattr(self._port, name)


class ArchiveBeforeCommit(Product):
    """The dropped file is removed first, then the ledger hears of it."""

    def store(self, port):
        source = self.world.source

        class Archiving(_Wrapped):
            def add_file(self, file, *args, **options):
                for claimed in [each for each in source.in_hand if each.name == file.name]:
                    source.drop(claimed)
                return self._port.add_file(file, *args, **options)

        return Archiving(port)


class MarkedBeforeTheConfirm(Product):
    """The outbox says published, then the message is published."""

    def broker(self, port, actor):
        world = self.world

        class Marking(_Wrapped):
            def publish(self, messages, *, delay=None):
                if delay is None and messages:
                    due = world.clock.now() + world_patience
                    world.store.mark_published(
                        {message.headers["batch"]: message.headers["turn"] for message in messages}, due=due
                    )
                self._port.publish(messages, delay=delay)

        world_patience = dataclasses.fields(LaneWork)[-1].default
        return Marking(port)


class AckOnReceipt(Product):
    def received(self, consumer, deliveries):
        consumer.acknowledge(deliveries)


class AckBeforeTheResult(Product):
    """The answer is there: acknowledged; then it is recorded."""

    def begin(self, world):
        super().begin(world)
        self.hands = {}

    def received(self, consumer, deliveries):
        self.hands[id(consumer)] = (consumer, deliveries)

    def answered(self, actor):
        for consumer in actor.consumers:
            if id(consumer) in self.hands:
                consumer.acknowledge(self.hands[id(consumer)][1])


class _Blind(LaneWork):
    def _ask(self, row, item, body):
        return self._send(row, item, body)


class BlindRetry(Product):
    work = _Blind


class _Trusting(Conversation):
    def idempotent(self, message_id):
        return True


class _Asking(LaneWork):
    def _ask(self, row, item, body):
        trusting = dataclasses.replace(self, conversation=remade(_Trusting, self.conversation))
        return LaneWork._ask(trusting, row, item, body)


class AskThenSend(Product):
    work = _Asking


class _Waiting(_Asking):
    """Asks and sends again, but only when nothing of this process is on its way any more."""

    def _ask(self, row, item, body):
        flying = self.actor.world.flying
        for document in [each for each in self.actor.in_flight if each in flying]:
            flying.remove(document)
            self.actor.world.server._messages.answer(document)
        self.actor.in_flight.clear()
        return super()._ask(row, item, body)


class InProcessWait(Product):
    work = _Waiting


class _Failing(LaneWork):
    """No answer is a failure: the records go back to their owner."""

    def _follow(self, row, item, body, outcome, exchange, *, fallback, reply=None):
        if not isinstance(outcome, Unknown) or fallback is not BatchState.QUEUED:
            return super()._follow(row, item, body, outcome, exchange, fallback=fallback, reply=reply)
        decoded = self._translate(row, body).decoded
        faults = dict.fromkeys(decoded.numbers, Fault("SRV-001"))
        exceptions = self.ledger.undecoded(row, decoded, faults)
        assert all(exception.state is RecordState.REFUSED for exception in exceptions)
        return self._settled(row, self.ledger.settle(row, accepted=0, exceptions=exceptions, exchange=exchange))


class TimeoutAsFailure(Product):
    work = _Failing


VARIANTS = {
    "archive before commit": ArchiveBeforeCommit,
    "outbox marked before the confirm": MarkedBeforeTheConfirm,
    "ack on receipt": AckOnReceipt,
    "ack before the result is recorded": AckBeforeTheResult,
    "blind retry at a non-idempotent receiver": BlindRetry,
    "inquiry then resend with a late apply": AskThenSend,
    "in-process wait for in-flight requests": InProcessWait,
    "timeout treated as failure": TimeoutAsFailure,
}
RULES = {
    "idempotent": Rules(),
    "not-idempotent": Rules(idempotent=False),
    "without-rescue": Rules(rescue=False),
}
"""Of the product's own core: none may ever fail."""
NEED_NO_RESCUE = {"outbox marked before the confirm", "ack on receipt", "ack before the result is recorded"}
"""The ledger's due time makes good what these lose: they are caught where it is switched off."""


def rules_for(variant):
    """Under which the variant must be caught."""
    resent = "late" in variant or "in-flight" in variant
    return Rules(
        idempotent="non-idempotent" not in variant and not resent,
        late=resent or "timeout" in variant,
        rescue=variant not in NEED_NO_RESCUE,
        variant=variant,
    )
