"""「交信履歴」 What comes back about a batch, seen beside what came back about it before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from kakehashi.domain.interface import Answer
from kakehashi.domain.outcome import Outcome
from kakehashi.errors import ServerError
from kakehashi.pipeline.conversation import Reply
from kakehashi.pipeline.exchange import in_a_row
from kakehashi.pipeline.settling import Settling
from kakehashi.ports.clock import Clock
from kakehashi.ports.ledger import BatchRow, Exchange
from kakehashi.ports.store import Store
from kakehashi.ports.store_rules import may_have_arrived

__all__ = ["Past"]


@dataclass(frozen=True, slots=True)
class Past:
    """Of the batches of one lane. `exchange` is always the newest, not in the ledger yet."""

    store: Store
    settling: Settling
    clock: Clock

    def of_answer(self, row: BatchRow, reply: Reply, exchange: Exchange) -> Outcome:
        codes = self._codes(row, exchange)
        return self.settling.of_answer(
            reply.answer,
            request_id=row.request_id,
            looks=in_a_row(codes, self.settling.in_process),
            attempt=in_a_row(codes, self.settling.failed),
            waited=self._grown(row),
        )

    def poll_after(self, row: BatchRow, answer: Answer) -> timedelta:
        """When to look again for what an answer had not all of."""
        return self.settling.poll_after(answer, len(self.store.attempts(row.id)), self._grown(row))

    def _grown(self, row: BatchRow) -> timedelta:
        """The time that was waited, where the next wait depends on it."""
        return self.waited(row) if self.settling.polling.grow and row.receipt else timedelta(0)

    def of_error(self, row: BatchRow, error: ServerError, exchange: Exchange) -> Outcome:
        return self.settling.of_error(error, request_id=row.request_id, attempt=self.failures(row, exchange))

    def failures(self, row: BatchRow, exchange: Exchange) -> int:
        """How often in a row it has failed."""
        return in_a_row(self._codes(row, exchange), self.settling.failed)

    def is_overdue(self, row: BatchRow) -> bool:
        """Whether the server has had its time for a result (the profile's give_up)."""
        return self.waited(row) > self.settling.polling.give_up

    def waited(self, row: BatchRow) -> timedelta:
        """Since the first message about it."""
        attempts = self.store.attempts(row.id)
        return self.clock.now() - attempts[0].sent_at if attempts else timedelta(0)

    def is_first_word(self, row: BatchRow) -> bool:
        """Whether no earlier send of it may have arrived: at a server without memory of ids, a late one would be taken
        beside its parts. One with memory has just refused this very request.
        """
        sends = [attempt for attempt in self.store.attempts(row.id) if attempt.request_id == row.request_id]
        return not any(may_have_arrived(segment=send.segment, code=send.code) for send in sends[:-1])

    def _codes(self, row: BatchRow, exchange: Exchange) -> list[str | None]:
        """What came back about this batch, newest first: `exchange`, then what the ledger has."""
        answers_a_send = exchange.request_id is None
        if answers_a_send and row.turn == 1:
            return [exchange.code]  # the first exchange of all
        earlier = [attempt.code for attempt in self.store.attempts(row.id)]
        return [exchange.code, *reversed(earlier[:-1] if answers_a_send else earlier)]
