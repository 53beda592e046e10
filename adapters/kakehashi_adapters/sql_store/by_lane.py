"""The first rows of several lanes: asked lane by lane, each from its own place in the index, then merged.

`lane IN (…)` with an order would read and sort everything that the lanes have, to give a few rows of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import merge
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam

__all__ = ["first_of"]


def first_of(
    connection: Connection,
    query: Select[Any],
    lane: ColumnElement[str],
    *,
    lanes: Iterable[str],
    most: int,
    **given: int,
) -> list[Row[Any]]:
    """Up to `most` rows of `query`, which selects exactly what it orders by; `lane` is its column of lanes."""
    of_lane = query.where(lane == bindparam("of_lane")).limit(bindparam("most"))
    found = [connection.execute(of_lane, {**given, "of_lane": name, "most": most}).all() for name in sorted(set(lanes))]
    return list(islice(merge(*found), most))
