"""「システム管理」 SYM: is the service open, which layouts exist, what became of a request."""

from __future__ import annotations

from dataclasses import dataclass

from kakehashi_simulators.account import Account
from kakehashi_simulators.answer import Answer
from kakehashi_simulators.bindings import Bindings
from kakehashi_simulators.distribution import Distribution
from kakehashi_simulators.exchange_records import ExchangeRecords
from kakehashi_simulators.provisions import Provisions
from kakehashi_simulators.receipts import Receipts
from kakehashi_simulators.server import Case, Doors
from kakehashi_simulators.symbols import Processes

__all__ = ["LayoutDesk", "RequestStatusDesk", "ServiceDesk"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDesk:
    doors: Doors

    def answer(self, case: Case) -> Answer:  # noqa: ARG002  # the same for everybody
        is_open = self.doors.are_open(switched=self.doors.faults.now.closed)
        state = "open" if is_open else "closed"
        return Answer(segment=1, code="0000", extra=f"<Service><State>{state}</State></Service>")


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutDesk:
    distribution: Distribution

    def answer(self, case: Case) -> Answer:
        return Answer(segment=1, code="0000", extra=self.distribution.xml(case.checker.layouts))


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestStatusDesk:
    """0000 taken and done, 0001 taken and in process, 9404 never taken; with the receipt to poll with."""

    account: Account
    processes: Processes
    bindings: Bindings
    provisions: Provisions
    records: ExchangeRecords
    receipts: Receipts

    def answer(self, case: Case) -> Answer:
        request_id = case.message.texts("k:RequestRef")[0]
        past = self.account.past(request_id=request_id)
        if past is None:
            desks = (self.processes, self.bindings, self.provisions, self.records)
            known = any(desk.knows(request_id) for desk in desks)
            return Answer(segment=1, code="0000") if known else Answer.refused("9404")
        left = self.receipts.seconds_left(past)
        if left:
            return Answer(segment=2, code="0001", receipt=past.receipt, retry_after=left)
        return Answer(segment=1, code="0000", receipt=past.receipt)
