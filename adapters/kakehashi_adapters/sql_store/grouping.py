"""Groups of record matching into links: a number of our own for each that has none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from kakehashi.ports.links import LinkRow
from kakehashi_adapters.sql_store.link_numbers import fresh_numbers
from kakehashi_adapters.sql_store.link_writing import linked_of, write_rows

__all__ = ["write_groups"]

_SOMEBODY = "-"


def write_groups(
    connection: Connection, groups: Sequence[Sequence[LinkRow]], *, prefix: str, now: datetime
) -> list[str]:
    """Under `lock`. The number of each group; "" for one of which somebody else has a part."""
    linked = linked_of(connection, [(row.system, row.atena) for rows in groups for row in rows])
    good: list[tuple[str, Sequence[LinkRow]] | None] = []
    for rows in groups:
        named = {row.unified for row in rows} - {""}
        standing = {linked[key] for row in rows if (key := (row.system, row.atena)) in linked}
        is_free = len(named) <= 1 and not standing - named
        good.append((max(named, default=""), rows) if is_free else None)
        # a number of two groups is the first one's
        linked |= {(row.system, row.atena): _SOMEBODY for row in rows if is_free and not named}
    wanted = sum(each is not None and not each[0] for each in good)
    fresh = iter(fresh_numbers(connection, wanted, prefix=prefix) if wanted else ())
    numbers = ["" if each is None else each[0] or next(fresh) for each in good]
    told = [replace(row, unified=n) for n, rows in zip(numbers, groups, strict=True) if n for row in rows]
    conflicts = write_rows(connection, list(enumerate(told)), now=now) if told else {}
    refused = {told[position].unified for position in conflicts}
    return ["" if number in refused else number for number in numbers]
