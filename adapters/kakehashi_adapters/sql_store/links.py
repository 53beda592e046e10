"""The LinkStore on SQLAlchemy Core: links by (system, 宛名番号), persons with blind index and sealed number."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, insert, select, text, tuple_

from kakehashi.ports.links import LinkRow
from kakehashi.ports.sealer import Sealed
from kakehashi_adapters.sql_store.database import Database
from kakehashi_adapters.sql_store.moment import to_store
from kakehashi_adapters.sql_store.portion import PORTION, portions
from kakehashi_adapters.sql_store.tables import links, persons

__all__ = ["SqlLinkStore"]

_SQLITE_RESOLVE: Final = (
    "SELECT l.atena, l.unified FROM json_each(?) AS k CROSS JOIN links AS l ON l.system = ? AND l.atena = k.value"
)
_POSTGRESQL_RESOLVE: Final = "SELECT atena, unified FROM links WHERE atena = ANY(%s::text[]) AND system = %s"
_LINKED = select(links.c.system, links.c.atena, links.c.unified).where(
    tuple_(links.c.system, links.c.atena).in_(bindparam("keys", expanding=True))
)
_PERSONS = select(persons.c.unified, persons.c.blind).where(
    persons.c.unified.in_(bindparam("unified", expanding=True))
    | persons.c.blind.in_(bindparam("blind", expanding=True))
)
_PAGE = (
    select(links.c.atena, links.c.unified, persons.c.blind, persons.c.key_id, persons.c.number)
    .join_from(links, persons, links.c.unified == persons.c.unified, isouter=True)
    .where(links.c.system == bindparam("of_system"), links.c.atena > bindparam("after"))
    .order_by(links.c.atena)
    .limit(PORTION)
)


class SqlLinkStore:
    """The links in a SQLite file or a PostgreSQL database; the ledger's own or another."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def resolve(self, system: str, atena: Sequence[str]) -> Mapping[str, str]:
        return self._database.read(lambda c: _resolve(c, system, atena)) if atena else {}

    def link(self, rows: Iterable[LinkRow], *, now: datetime) -> list[int]:
        conflicts: list[int] = []
        for portion in portions(enumerate(rows)):
            conflicts += self._database.write(lambda c, portion=portion: _link(c, portion, to_store(now)))  # type: ignore[misc]  # bound now
        return conflicts

    def links(self, system: str) -> Iterator[LinkRow]:
        after = ""
        while page := self._database.read(lambda c, after=after: _page(c, system, after)):  # type: ignore[misc]  # as above
            yield from page
            after = page[-1].atena

    def close(self) -> None:
        self._database.close()


def _resolve(connection: Connection, system: str, atena: Sequence[str]) -> Mapping[str, str]:
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql(_SQLITE_RESOLVE, (json.dumps(list(atena)), system))
    else:
        found = connection.exec_driver_sql(_POSTGRESQL_RESOLVE, (list(atena), system))
    return {atena: unified for atena, unified in found}  # noqa: C416  # rows, which dict() would not type


def _page(connection: Connection, system: str, after: str) -> list[LinkRow]:
    rows = connection.execute(_PAGE, {"of_system": system, "after": after})
    return [
        LinkRow(
            system=system,
            atena=row.atena,
            unified=row.unified,
            blind=row.blind,
            number=None if row.number is None else Sealed(row.key_id, row.number),
        )
        for row in rows
    ]


@dataclass(slots=True)
class _Known:
    """What the database knows about the rows of a portion, and what the portion adds."""

    unified: dict[tuple[str, str], str]
    blind: dict[str, bytes]
    owner: dict[bytes, str]

    def takes(self, row: LinkRow) -> bool:
        """Whether the row agrees with what is known; if so it is known afterwards."""
        if self.unified.get((row.system, row.atena), row.unified) != row.unified:
            return False
        if row.blind is not None:
            if self.owner.get(row.blind, row.unified) != row.unified:
                return False
            if self.blind.get(row.unified, row.blind) != row.blind:
                return False
            self.owner[row.blind], self.blind[row.unified] = row.unified, row.blind
        self.unified[row.system, row.atena] = row.unified
        return True


def _link(connection: Connection, portion: list[tuple[int, LinkRow]], now: int) -> list[int]:
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE links, persons IN SHARE ROW EXCLUSIVE MODE"))  # one writer, readers go on
    known = _known(connection, [row for _, row in portion])
    old_links, old_persons = set(known.unified), set(known.blind)
    new_links: dict[tuple[str, str], LinkRow] = {}
    new_persons: dict[str, LinkRow] = {}
    conflicts = []
    for position, row in portion:
        if not known.takes(row):
            conflicts.append(position)
            continue
        if (row.system, row.atena) not in old_links:
            new_links.setdefault((row.system, row.atena), row)
        if row.blind is not None and row.unified not in old_persons:
            new_persons.setdefault(row.unified, row)
    _insert(connection, list(new_links.values()), list(new_persons.values()), now)
    return conflicts


def _known(connection: Connection, rows: list[LinkRow]) -> _Known:
    blinds = [row.blind for row in rows if row.blind is not None]
    linked = connection.execute(_LINKED, {"keys": [(row.system, row.atena) for row in rows]})
    found = connection.execute(_PERSONS, {"unified": [row.unified for row in rows], "blind": blinds}).all()
    return _Known(
        unified={(system, atena): unified for system, atena, unified in linked},
        blind={row.unified: row.blind for row in found},
        owner={row.blind: row.unified for row in found},
    )


def _insert(connection: Connection, new_links: list[LinkRow], new_persons: list[LinkRow], now: int) -> None:
    if new_links:
        values = [
            {"system": row.system, "atena": row.atena, "unified": row.unified, "linked_at": now} for row in new_links
        ]
        connection.execute(insert(links), values)
    if new_persons:
        numbers = [
            {
                "unified": row.unified,
                "blind": row.blind,
                "key_id": None if row.number is None else row.number.key_id,
                "number": None if row.number is None else row.number.body,
            }
            for row in new_persons
        ]
        connection.execute(insert(persons), numbers)
