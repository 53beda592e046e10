"""The part of the Store that knows inquiries."""

from __future__ import annotations

from datetime import datetime

from kakehashi.ports.inquiries import OutcomeCount
from kakehashi_adapters.sql_store import inquiries, outcomes
from kakehashi_adapters.sql_store.symbol_book import SqlSymbolBook

__all__ = ["SqlInquiryBook"]


class SqlInquiryBook(SqlSymbolBook):
    """See `kakehashi.ports.inquiries.InquiryBook`."""

    def outcomes(self, *, file_id: int | None = None) -> list[OutcomeCount]:
        return self._read(lambda c: outcomes.outcomes(c, file_id=file_id))

    def ask_cancel(self, batch_id: int, *, reason: str, actor: str, now: datetime) -> bool:
        return self._write(lambda c: inquiries.ask_cancel(c, batch_id, reason=reason, actor=actor, now=now))

    def cancel_asked(self, batch_id: int) -> str | None:
        return self._read(lambda c: inquiries.cancel_asked(c, batch_id))
