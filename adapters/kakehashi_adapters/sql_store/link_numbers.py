"""団体内統合宛名番号 of our own: one for each 個人番号, once and for all; and sealed numbers under new keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, bindparam, insert, not_, select, update

from kakehashi.domain.identifiers import UnifiedAtenaNumber
from kakehashi.ports.links import SealedNumber
from kakehashi.ports.sealer import Sealed
from kakehashi_adapters.sql_store.held_tables import held_links, held_numbers
from kakehashi_adapters.sql_store.link_tables import (
    MISTAKEN,
    link_conflicts,
    link_history,
    links,
    number_history,
    number_serials,
    persons,
    released_numbers,
)
from kakehashi_adapters.sql_store.moment import to_store

__all__ = ["fresh_numbers", "issue", "owners_of", "reseal"]

_GIVEN: Any = bindparam("blinds", expanding=True)
_OWNERS = (
    select(number_history.c.blind, number_history.c.unified).where(
        number_history.c.blind.in_(_GIVEN), number_history.c.until > MISTAKEN
    ),
    select(persons.c.blind, persons.c.unified).where(persons.c.blind.in_(_GIVEN)),
)
_PLACES = (
    (persons, persons.c.unified),
    (number_history, number_history.c.id),
    (link_conflicts, link_conflicts.c.id),
    (held_numbers, held_numbers.c.id),
)


def owners_of(connection: Connection, blinds: Sequence[bytes]) -> dict[bytes, str]:
    """Who has a 個人番号, or had it and nobody else since."""
    found: dict[bytes, str] = {}
    for query in _OWNERS:
        rows = connection.execute(query, {"blinds": blinds})
        found |= {blind: unified for blind, unified in rows}  # noqa: C416  # for mypy a Row is no pair
    return found


def issue(connection: Connection, blinds: Sequence[bytes], *, prefix: str, now: datetime) -> None:
    """A new number for each of these that nobody has. Under `lock`."""
    known = owners_of(connection, blinds)
    wanted = [blind for blind in dict.fromkeys(blinds) if blind not in known]
    if not wanted:
        return
    fresh = fresh_numbers(connection, len(wanted), prefix=prefix)
    rows = [
        {"unified": number, "blind": blind, "recorded_at": to_store(now)}
        for number, blind in zip(fresh, wanted, strict=True)
    ]
    connection.execute(insert(persons), rows)


def fresh_numbers(connection: Connection, count: int, *, prefix: str) -> list[str]:
    """So many numbers that nobody has or had. Under `lock`."""
    serial = connection.execute(select(number_serials.c.last).where(number_serials.c.prefix == prefix)).scalar()
    if serial is None:
        connection.execute(insert(number_serials).values(prefix=prefix, last=0))
    fresh: list[str] = []
    serial = serial or 0
    while len(fresh) < count:
        made = [UnifiedAtenaNumber.issued(prefix, serial + n) for n in range(1, count - len(fresh) + 1)]
        serial += len(made)
        taken = _taken(connection, made)
        fresh += [number for number in made if number not in taken]
    connection.execute(update(number_serials).where(number_serials.c.prefix == prefix).values(last=serial))
    return fresh


def _taken(connection: Connection, numbers: Sequence[str]) -> set[str]:
    """Those that were ever in use, by whomever they were issued."""
    taken: set[str] = set()
    for table in (links, link_history, persons, number_history, released_numbers, held_numbers, held_links):
        taken |= set(connection.execute(select(table.c.unified).where(table.c.unified.in_(numbers))).scalars())
    return taken


def reseal(
    connection: Connection,
    renew: Callable[[SealedNumber], tuple[Sealed, bytes]],
    *,
    current: str,
    prefix: bytes,
    most: int,
) -> int:
    """Up to `most` numbers under older keys, from whatever table; those without a sealed number cannot be renewed."""
    done = 0
    for table, key in _PLACES:
        for row in connection.execute(_stale(table, current, prefix).limit(most - done)).mappings().all():
            number = SealedNumber(
                place=table.name,
                id=str(row[key.name]),
                unified=row["unified"],
                sealed=Sealed(row["key_id"], row["number"]),
                blind=row["blind"],
            )
            sealed, blind = renew(number)
            values = {"key_id": sealed.key_id, "number": sealed.body, "blind": blind}
            connection.execute(update(table).where(key == row[key.name]).values(**values))
            done += 1
        if done == most:
            break
    return done


def _stale(table: Table, current: str, prefix: bytes) -> Any:
    above = prefix[:-1] + bytes([prefix[-1] + 1])
    digested = (table.c.blind >= prefix) & (table.c.blind < above)
    return select(table).where(table.c.number.is_not(None), (table.c.key_id != current) | not_(digested))
