"""Characters that did not go through as they were: written with the step that met them, grouped for operators."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, case, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from kakehashi.domain.batch import RecordState
from kakehashi.domain.character import CharacterTrouble
from kakehashi.ports.ledger import CharacterCount, CharacterRow, CharactersByBatch, NewCharacter
from kakehashi.ports.store_rules import AGAIN, HOLDING, OPEN
from kakehashi_adapters.sql_store.moment import from_store
from kakehashi_adapters.sql_store.tables import batches, characters, exceptions

__all__ = ["add_characters", "character_counts", "forget_degraded", "list_characters", "replace_returned"]

_KEY = list(characters.primary_key.columns.keys())
_UNLESS_KNOWN = {
    "sqlite": sqlite.insert(characters).on_conflict_do_nothing(index_elements=_KEY),
    "postgresql": postgresql.insert(characters).on_conflict_do_nothing(index_elements=_KEY),
}
_FORGET = delete(characters).where(
    characters.c.batch_id == bindparam("batch"), characters.c.trouble == CharacterTrouble.DEGRADED.value
)
_FORGET_RETURNED = delete(characters).where(
    characters.c.batch_id.in_(select(batches.c.id).where(batches.c.file_id == bindparam("file"))),
    characters.c.trouble.in_([trouble.value for trouble in AGAIN]),
)
_WITH_RECORD = characters.join(batches, characters.c.batch_id == batches.c.id).outerjoin(
    exceptions,
    (exceptions.c.batch_id == characters.c.batch_id) & (exceptions.c.record_no == characters.c.record_no),
)
_ROW = (
    *(batches.c.lane, batches.c.file_id, *characters.c),
    *(exceptions.c.id.label("exception_id"), exceptions.c.state),
)
_HELD = characters.c.trouble.in_([trouble.value for trouble in HOLDING]) & exceptions.c.state.in_(
    [state.value for state in OPEN]
)


def add_characters(connection: Connection, batch_id: int, new: Sequence[NewCharacter], *, now: int) -> None:
    """Write them; what is known of the same character in the same item of the record stays as it is."""
    values = [
        {
            "batch_id": batch_id,
            "record_no": each.record_no,
            "item": each.item,
            "trouble": each.trouble.value,
            "source": each.source,
            "target": each.target,
            "byte_offset": each.offset,
            "times": each.times,
            "seen_at": now,
        }
        for each in new
    ]
    if values:
        connection.execute(_UNLESS_KNOWN[connection.dialect.name], values)


def forget_degraded(connection: Connection, batch_id: int) -> None:
    connection.execute(_FORGET, {"batch": batch_id})


def replace_returned(connection: Connection, file_id: int, new: CharactersByBatch, *, now: int) -> None:
    """What a result says in place of an earlier one of the same file."""
    connection.execute(_FORGET_RETURNED, {"file": file_id})
    for batch_id, found in new.items():
        add_characters(connection, batch_id, found, now=now)


def character_counts(connection: Connection) -> list[CharacterCount]:
    group = (batches.c.lane, characters.c.trouble, characters.c.source, characters.c.target)
    by_record = (
        select(
            *group,
            func.sum(characters.c.times).label("times"),
            func.max(case((_HELD, 1), else_=0)).label("held"),
            func.min(characters.c.seen_at).label("first"),
            func.max(characters.c.seen_at).label("last"),
        )
        .select_from(_WITH_RECORD)
        .group_by(*group, characters.c.batch_id, characters.c.record_no)
        .subquery()
    )
    names = (by_record.c.lane, by_record.c.trouble, by_record.c.source, by_record.c.target)
    query = select(
        *names,
        func.sum(by_record.c.times),
        func.count(),
        func.sum(by_record.c.held),
        func.min(by_record.c.first),
        func.max(by_record.c.last),
    ).group_by(*names)
    found = [
        CharacterCount(
            lane, CharacterTrouble(trouble), source, target, int(times), records, int(held), from_store(first),
            from_store(last),
        )
        for lane, trouble, source, target, times, records, held, first, last in connection.execute(query)
    ]  # fmt: skip
    return sorted(found, key=lambda c: (c.trouble.value, -c.times, c.lane, c.source, c.target or ""))


def list_characters(
    connection: Connection,
    *,
    lane: str | None,
    trouble: CharacterTrouble | None,
    source: str | None,
    held: bool,
    most: int,
) -> list[CharacterRow]:
    query = select(*_ROW).select_from(_WITH_RECORD).order_by(*(characters.c[name] for name in _KEY)).limit(most)
    for column, value in ((batches.c.lane, lane), (characters.c.trouble, trouble), (characters.c.source, source)):
        if value is not None:
            query = query.where(column == str(value))
    if held:
        query = query.where(_HELD)
    rows = []
    for row in connection.execute(query):
        values = row._asdict()
        values["offset"] = values.pop("byte_offset")
        values["trouble"] = CharacterTrouble(values["trouble"])
        values["state"] = values["state"] and RecordState(values["state"])
        values["seen_at"] = from_store(values["seen_at"])
        rows.append(CharacterRow(**values))
    return rows
