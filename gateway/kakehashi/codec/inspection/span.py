"""A record as a run of bytes that each belong to something."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import BinaryIO, Protocol, TypeAlias

from kakehashi.domain.japanese_date import HistoricDate
from kakehashi.errors import Fault

__all__ = ["OTHERS", "Cell", "Chunk", "Inspector", "Known", "Picture", "Privacy", "Span"]

Cell: TypeAlias = "str | int | float | Decimal | HistoricDate | tuple[Cell, ...] | None"
"""The value of an item by either kind of layout."""

OTHERS = ""
"""The name of bytes that belong to no item."""


class Privacy(IntEnum):
    """Who may see an item: everybody, who asks for it, nobody."""

    OPEN = 0
    SENSITIVE = 1
    NUMBER = 2
    """「個人番号」 It is, or looks like, an individual number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a layout says of an item. `width`: bytes of one occurrence; `form`: its type as the layout writes it."""

    name: str
    width: int
    form: str
    text: bool
    """Text proper: neither number nor date."""
    privacy: Privacy


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One occurrence of an item. `start`: in the file, from 0; `text`: its bytes as characters, as far as they are any;
    `read`: whether anything tried to make a value of it.

    `masked` bytes, text and value are for nobody's eyes, or for those who ask: see `privacy`.
    """

    name: str
    form: str
    start: int
    raw: bytes
    text: str
    value: Cell
    fault: Fault | None = None
    read: bool = True
    privacy: Privacy = Privacy.OPEN

    def masked(self, *, reveal: bool) -> bool:
        return self.privacy > (Privacy.SENSITIVE if reveal else Privacy.OPEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A record, from its first byte to its last. `faults`: those that no span of it bears."""

    number: int
    offset: int
    size: int
    spans: tuple[Span, ...]
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Some records. `rows[i]` is None where `faults` tells why; an item that repeats is a tuple.

    `unread`: every code that is no character of its item, with the item's name.
    """

    numbers: Sequence[int] = ()
    rows: Sequence[Mapping[str, Cell] | None] = ()
    faults: Sequence[Fault] = ()
    unread: Sequence[tuple[str, bytes]] = ()


class Inspector(Protocol):
    """A compiled layout, to look through. Thread-safe."""

    items: tuple[Known, ...]
    """Those of a row, in order."""

    passes: int
    """How often `chunks` reads a file."""

    def chunks(self, stream: BinaryIO, *, file: str) -> Iterator[Chunk]:
        """All records in order, in flat memory; faults of the file as a whole first. `stream` can seek."""

    def pictures(self, stream: BinaryIO, wanted: range, *, file: str) -> Iterator[Picture]:
        """The records with these numbers, as far as there are any."""
