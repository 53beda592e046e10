"""Records of a household that were not accepted: they are sent again together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from kakehashi.ports.ledger import ExceptionRow, NewException
from kakehashi_adapters.sql_store.household_tables import household_members
from kakehashi_adapters.sql_store.portion import portions
from kakehashi_adapters.sql_store.rows import EXCEPTION, exception_row
from kakehashi_adapters.sql_store.tables import exceptions, retries

__all__ = ["Household", "add_members", "household_of", "households_in", "members_of"]

Household: TypeAlias = tuple[int, int]
"""Its file, and the number of its first record."""

_ITS = household_members.alias("its")
_FELLOWS = select(household_members).join(
    _ITS,
    (_ITS.c.file_id == household_members.c.file_id) & (_ITS.c.household == household_members.c.household),
)


def add_members(connection: Connection, new: Sequence[NewException], *, batch_id: int) -> None:
    households = {each.record_no: each.household for each in new if each.household is not None}
    for numbers in portions(households):
        query = select(exceptions.c.id, exceptions.c.file_id, exceptions.c.record_no).where(
            exceptions.c.batch_id == batch_id, exceptions.c.record_no.in_(numbers)
        )
        rows = [
            {"file_id": row.file_id, "household": households[row.record_no], "exception_id": row.id}
            for row in connection.execute(query)
        ]
        made = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(household_members)
        connection.execute(made.on_conflict_do_nothing(), rows)


def members_of(connection: Connection, exception_ids: Iterable[int]) -> dict[int, Household]:
    """Exception → household, of these and of all others of their households."""
    found: dict[int, Household] = {}
    for ids in portions(exception_ids):
        for row in connection.execute(_FELLOWS.where(_ITS.c.exception_id.in_(ids))):
            found[row.exception_id] = row.file_id, row.household
    return found


def household_of(connection: Connection, exception_id: int) -> list[ExceptionRow]:
    ids = sorted(members_of(connection, [exception_id]))
    query = select(*EXCEPTION).where(exceptions.c.id.in_(ids)).order_by(exceptions.c.record_no, exceptions.c.id)
    return [exception_row(row) for row in connection.execute(query)]


def households_in(connection: Connection, batch_id: int) -> Mapping[int, int]:
    query = (
        select(exceptions.c.record_no, household_members.c.household)
        .join(retries, retries.c.exception_id == exceptions.c.id)
        .join(household_members, household_members.c.exception_id == exceptions.c.id)
        .where(retries.c.batch_id == batch_id)
    )
    return {row.record_no: row.household for row in connection.execute(query)}
