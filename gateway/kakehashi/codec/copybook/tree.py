"""What a copybook says: a tree of fields, with every offset where nothing varies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from kakehashi.codec.copybook.picture import Picture

__all__ = ["Condition", "Copybook", "Dialect", "Field", "Occurs", "Renames", "Sign", "Usage"]


class Dialect(StrEnum):
    """Whose compiler laid the bytes out: decides sizes of binary items, alignment and the form of floats."""

    IBM = "ibm"
    FUJITSU = "fujitsu"
    HITACHI = "hitachi"
    NEC = "nec"
    MICROFOCUS = "microfocus"
    GNUCOBOL = "gnucobol"


class Usage(StrEnum):
    """How an elementary item is stored. COMP and BINARY are one; COMP-4 too; COMP-3 is PACKED-DECIMAL.

    COMP-3U and COMP-9 are no compiler's, but what readers of copybooks write for Easytrieve's unsigned packed numbers
    (every half-byte a digit, X counts bytes) and for binary numbers with the least byte first.
    """

    DISPLAY = "DISPLAY"
    DBCS = "DISPLAY-1"
    NATIONAL = "NATIONAL"
    BINARY = "BINARY"
    NATIVE = "COMP-5"
    PACKED = "COMP-3"
    UNSIGNED_PACKED = "COMP-6"
    PACKED_BYTES = "COMP-3U"
    COMP_X = "COMP-X"
    LITTLE = "COMP-9"
    FLOAT = "COMP-1"
    DOUBLE = "COMP-2"
    INDEX = "INDEX"
    POINTER = "POINTER"


@dataclass(frozen=True, slots=True)
class Sign:
    """Where the sign of a DISPLAY number stands: over a digit, or in a byte of its own."""

    leading: bool = False
    separate: bool = False


@dataclass(frozen=True, slots=True)
class Occurs:
    """`least` to `most` occurrences; the item named `depending` says how many there are."""

    least: int
    most: int
    depending: str | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """Level 88: a name for values, each a pair (from, to) of texts as written; both the same for a single value."""

    name: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Renames:
    """Level 66: another name for the bytes from one item to another."""

    name: str
    first: str
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One data description entry. `offset` (0-based, from the start of the record) is that of the first occurrence,
    with every table at its maximum; `length` that of one occurrence; `slack` bytes stand unused before it.
    """

    level: int
    name: str
    line: int
    picture: Picture | None = None
    usage: Usage = Usage.DISPLAY
    sign: Sign = Sign()
    occurs: Occurs | None = None
    redefines: str | None = None
    blank_when_zero: bool = False
    justified: bool = False
    synchronized: bool = False
    filler: bool = False
    conditions: tuple[Condition, ...] = ()
    children: tuple[Field, ...] = ()
    offset: int = 0
    length: int = 0
    slack: int = 0

    @property
    def group(self) -> bool:
        return bool(self.children)

    @property
    def size(self) -> int:
        """Bytes of all occurrences at their maximum."""
        return self.length * (self.occurs.most if self.occurs else 1)

    def walk(self) -> Iterator[Field]:
        """This field and everything below it, in the order of the copybook."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True, kw_only=True)
class Copybook:
    """Records (levels 01 and 77, or one without a level 01 of its own) that describe the same bytes."""

    dialect: Dialect
    records: tuple[Field, ...]
    renames: tuple[Renames, ...] = ()

    @property
    def length(self) -> int:
        """Bytes of the longest record, with every table at its maximum."""
        return max(record.size for record in self.records)

    @property
    def varies(self) -> bool:
        return any(field.occurs and field.occurs.depending for record in self.records for field in record.walk())
