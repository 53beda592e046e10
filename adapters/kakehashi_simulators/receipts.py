"""Requests that are taken now and answered later: receipts, repeated messages, the wait for a result."""

from __future__ import annotations

import math
import time

from kakehashi_simulators.account import Account, Past
from kakehashi_simulators.answer import Answer
from kakehashi_simulators.faults import Faults
from kakehashi_simulators.message import Message

__all__ = ["Receipts"]


class Receipts:
    """The rules that replicas and inquiries share. Thread-safe."""

    def __init__(self, account: Account, faults: Faults, *, delay_seconds: float) -> None:
        self._account = account
        self._faults = faults
        self._delay_seconds = delay_seconds

    def repeated(self, message: Message) -> Answer | None:
        """The answer to a message whose request id is known: 3001 and the same receipt, or 4001 for other content."""
        past = self._account.past(request_id=message.request_id)
        if past is None or self._faults.now.forget_requests:
            return None
        conflict = (past.message_id, past.digest) != (message.id, message.digest)
        self._account.repeated(past, conflict=conflict)
        if conflict:
            return Answer(segment=9, code="4001")
        return Answer(segment=1, code="3001", receipt=past.receipt, retry_after=self._told(self.seconds_left(past)))

    def forgotten(self, message: Message) -> Past | None:
        """The same request, taken before, when this receiver is one that does not honour request ids."""
        return self._account.past(request_id=message.request_id) if self._faults.now.forget_requests else None

    def acknowledgement(self, receipt: str) -> Answer:
        return Answer(segment=2, code="0001", receipt=receipt, retry_after=self._told(math.ceil(self._delay())))

    def seconds_left(self, past: Past) -> int:
        """How long the result of `past` stays in process; 0: it is there."""
        return max(math.ceil(past.taken_at + self._delay() - time.time()), 0)

    def behind(self, message: Message, *requests: str) -> Past | None:
        """The request whose receipt `message` names."""
        past = self._account.past(receipt=message.texts("k:Receipt")[0])
        return past if past is not None and past.message_id in requests else None

    def asked(self, message: Message, *requests: str) -> tuple[Past | None, Answer | None]:
        """The request behind the receipt that `message` asks for, once its result is there; else the answer to give."""
        past = self.behind(message, *requests)
        if past is None:
            return None, Answer(segment=9, code="9404")
        left = self.seconds_left(past)
        if left and not self._account.cancelled(past.id):
            return None, Answer(segment=2, code="0001", receipt=past.receipt, retry_after=self._told(left))
        return past, None

    def _told(self, seconds: int) -> int | None:
        return None if self._faults.now.silent_waits else seconds

    def _delay(self) -> float:
        switched = self._faults.now.result_delay_seconds
        return self._delay_seconds if switched is None else switched
