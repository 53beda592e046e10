"""「副本突合」 The originals against what was accepted, and that against what the server has: each difference.

Three streams in the order of their keys, merged: no side is held as a whole.
"""

from __future__ import annotations

import heapq
from collections.abc import Container, Iterable, Iterator
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

__all__ = ["Difference", "Kind", "Original", "Standing", "differences"]

_Key = tuple[str, str]


class Original(NamedTuple):
    """「正本」 What the owner's full extract says of a key in record `record` (1-based): a digest of its content.

    `older`: the digests in the versions before: a replica that says the same in an older version is not outdated.
    """

    person: str
    unit: str
    digest: bytes
    record: int
    older: tuple[bytes, ...] = ()


class Standing(NamedTuple):
    """「副本」 A replica as ledger or server know it. The server's needs no digest: a sequence is never used twice."""

    person: str
    unit: str
    sequence: int
    digest: bytes = b""


_Side = Original | Standing


class Kind(StrEnum):
    """「差異の種類」 The first three between originals and ledger, the others between ledger and server."""

    NOT_ACCEPTED = "not-accepted"
    OUTDATED = "outdated"
    SURPLUS = "surplus"
    NOT_AT_SERVER = "not-at-server"
    OTHER_AT_SERVER = "other-at-server"
    ONLY_AT_SERVER = "only-at-server"


class Difference(NamedTuple):
    """「差異」 `record`: where the original stands in the extract; `accepted`, `server`: the sequence that each has."""

    kind: Kind
    person: str
    unit: str
    record: int | None
    accepted: int | None
    server: int | None
    in_flight: bool
    """A change of the key is on its way to the server: the difference may be gone in a minute."""


def differences(
    accepted: Iterable[Standing],
    *,
    originals: Iterable[Original] | None = None,
    server: Iterable[Standing] | None = None,
    in_flight: Container[_Key] = frozenset(),
) -> Iterator[Difference]:
    """In the order of the keys, at most one of originals and one of server for each key. None: not compared with.

    Each stream comes in the order of (person, unit), each key once.
    """
    streams: tuple[Iterable[_Side], ...] = (accepted, originals or (), server or ())
    merged = heapq.merge(*(_tagged(place, rows) for place, rows in enumerate(streams)))
    for (person, unit), entries in groupby(merged, key=lambda entry: entry[0]):
        found: list[_Side | None] = [None, None, None]
        for _, place, row in entries:
            found[place] = row
        ours, original, theirs = found
        record = original.record if isinstance(original, Original) else None
        ours_at, theirs_at = _sequence(ours), _sequence(theirs)
        if originals is not None and (kind := _against_originals(ours, original)) is not None:
            yield Difference(kind, person, unit, record, ours_at, theirs_at, (person, unit) in in_flight)
        if server is not None and (kind := _against_server(ours_at, theirs_at)) is not None:
            yield Difference(kind, person, unit, record, ours_at, theirs_at, (person, unit) in in_flight)


def _tagged(place: int, rows: Iterable[_Side]) -> Iterator[tuple[_Key, int, _Side]]:
    return ((row[:2], place, row) for row in rows)


def _sequence(row: _Side | None) -> int | None:
    return row.sequence if isinstance(row, Standing) else None


def _against_originals(ours: _Side | None, original: _Side | None) -> Kind | None:
    match ours, original:
        case None, Original():
            return Kind.NOT_ACCEPTED
        case Standing(), None:
            return Kind.SURPLUS
        case Standing(digest=mine), Original(digest=theirs, older=older) if mine not in (theirs, *older):
            return Kind.OUTDATED
    return None


def _against_server(ours: int | None, theirs: int | None) -> Kind | None:
    if ours == theirs:
        return None
    if theirs is None:
        return Kind.NOT_AT_SERVER
    return Kind.ONLY_AT_SERVER if ours is None else Kind.OTHER_AT_SERVER
