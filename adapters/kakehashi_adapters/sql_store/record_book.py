"""The part of the Store that knows what was said to the server about records of exchanges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Row, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from kakehashi.domain.exchange_record import WithholdingState
from kakehashi.ports.exchange_records import NewWithholding, WithholdingRow
from kakehashi_adapters.sql_store.moment import from_store, to_store
from kakehashi_adapters.sql_store.record_tables import OPEN, withholdings
from kakehashi_adapters.sql_store.symbol_book import SqlSymbolBook

__all__ = ["SqlRecordBook"]

_INSERTS: Mapping[str, Any] = MappingProxyType({"sqlite": sqlite.insert, "postgresql": postgresql.insert})


class SqlRecordBook(SqlSymbolBook):
    """See `kakehashi.ports.exchange_records.RecordBook`."""

    def place_withholding(self, new: NewWithholding) -> tuple[WithholdingRow, bool]:
        return self._write(partial(_place, new=new))

    def note_withholding(
        self, withholding_id: int, *, state: WithholdingState, code: str | None, server_code: str | None, now: datetime
    ) -> bool:
        ended = None if state is WithholdingState.OPEN else to_store(now)
        noted = (
            update(withholdings)
            .where(text(OPEN), withholdings.c.id == withholding_id)
            .values(state=state, ended_at=ended, code=code, server_code=server_code)
        )
        return self._write(lambda c: c.execute(noted).rowcount == 1)

    def withholdings(self, *, person: str | None = None, still_open: bool = False) -> list[WithholdingRow]:
        query = select(withholdings).order_by(withholdings.c.id)
        if person is not None:
            query = query.where(withholdings.c.person == person)
        if still_open:
            query = query.where(text(OPEN))
        return self._read(lambda c: [_row(each) for each in c.execute(query)])


def _place(connection: Connection, new: NewWithholding) -> tuple[WithholdingRow, bool]:
    """Of two that place at once one waits for the other, and then finds its row, by now perhaps ended."""
    columns = asdict(new) | {"placed_at": to_store(new.placed_at), "state": WithholdingState.OPEN}
    insert = _INSERTS[connection.dialect.name](withholdings).values(columns)
    where = {"index_elements": ["record_id"], "index_where": text(OPEN)}
    made = connection.execute(insert.on_conflict_do_nothing(**where).returning(*withholdings.c)).one_or_none()
    if made is not None:
        return _row(made), True
    known = select(withholdings).where(withholdings.c.record_id == new.record_id).order_by(withholdings.c.id.desc())
    return _row(connection.execute(known.limit(1)).one()), False


def _row(row: Row[Any]) -> WithholdingRow:
    values = row._asdict()
    times = {"placed_at": from_store(row.placed_at), "ended_at": from_store(row.ended_at)}
    return WithholdingRow(**values | times | {"state": WithholdingState(row.state)})
