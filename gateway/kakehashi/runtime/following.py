"""What follows a finished step goes to the broker; while that is blocked, steps go on being finished all the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from kakehashi.errors import BrokerBlocked, BrokerError, QueueRefused
from kakehashi.ports.broker import DELAY_STEPS, Broker, Consumer, Delivery, Message
from kakehashi.ports.clock import Clock
from kakehashi.runtime.events import EventLog
from kakehashi.runtime.outage import Quiet, Rest, Trouble

__all__ = ["Following"]

_LOOP = "following"
_MOST_BYTES = 32 << 20
_PAUSE = timedelta(seconds=1)


@dataclass(slots=True, kw_only=True)
class Following:
    """Of one worker. The ledger knows of everything that is published here, and when to miss it: nothing that this
    process keeps, or leaves out, is lost with it.
    """

    broker: Broker
    clock: Clock
    events: EventLog
    quiet: Quiet
    trouble: Trouble
    _kept: list[Message] = field(default_factory=list, init=False)
    _bytes: int = field(default=0, init=False)
    _unburied: list[tuple[Delivery, str]] = field(default_factory=list, init=False)
    """Unreadable ones in hand, each with its code, that the dead queue did not take yet."""
    _is_blocked: bool = field(default=False, init=False)
    _rest: Rest = field(default_factory=Rest, init=False)

    def publish(self, messages: Sequence[Message], delay: timedelta) -> None:
        """Raises BrokerError, but not where the broker is blocked: then it is published when it is not any more; nor
        where a lane's queue takes nothing: then by the ledger, once the batch is overdue.
        """
        try:
            self.broker.publish(messages, delay=delay)
        except BrokerBlocked as error:
            if isinstance(error, QueueRefused):
                self._refused(messages, delay, error)
            else:
                self._blocked(error)
                self._keep(messages)

    def bury(self, consumer: Consumer, delivery: Delivery, code: str) -> bool:
        """Whether it is in the dead queue; it stays in hand until that takes it."""
        try:
            consumer.bury(delivery, code)
        except BrokerBlocked as error:
            if isinstance(error, QueueRefused):
                self._lane_refused(delivery.message.lane, error)
            else:
                self._blocked(error)
            self._unburied.append((delivery, code))
            return False
        self.events.emit("message.buried", lane=delivery.message.lane, code=code)
        return True

    def catch_up(self, consumer: Consumer) -> None:
        """Try again what was kept, now and then."""
        if not (self._kept or self._unburied) or not self._rest.is_over(self.clock.now()):
            return
        kept, self._kept, self._bytes = self._kept, [], 0
        unburied, self._unburied = self._unburied, []
        try:
            if kept:
                self.publish(kept, DELAY_STEPS[0])
            for each in unburied:
                self.bury(consumer, *each)
        except BrokerError:
            self._keep(kept)
            raise
        if self._is_blocked and not self._kept and not self._unburied:
            self._is_blocked = False
            self.trouble.over("broker", _LOOP)

    def let_go(self) -> None:
        """What was in hand is not any more: it comes again."""
        self._unburied.clear()

    def _keep(self, messages: Sequence[Message]) -> None:
        """As much as is good for the memory; of the rest the ledger knows."""
        for message in messages:
            if self._bytes + len(message.body) <= _MOST_BYTES:
                self._kept.append(message)
                self._bytes += len(message.body)

    def _pause(self) -> None:
        self._rest = Rest(self.clock.now() + _PAUSE, _PAUSE)

    def _blocked(self, error: BrokerBlocked) -> None:
        self._pause()
        self._is_blocked = True
        self.trouble.found("broker", _LOOP, error.fault.code)

    def _refused(self, messages: Sequence[Message], delay: timedelta, error: QueueRefused) -> None:
        if len({message.lane for message in messages}) == 1:
            self._lane_refused(messages[0].lane, error)
            return
        for message in messages:
            self.publish([message], delay)

    def _lane_refused(self, lane: str, error: QueueRefused) -> None:
        self._pause()
        if self.quiet.may_speak(f"lane {lane}"):
            self.events.emit("lane.unavailable", lane=lane, code=error.fault.code)
