"""「レコード形式」 What must be known to find the records of a file. All lengths and places are bytes, from 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from kakehashi.errors import ConfigurationError, Fault, Place

__all__ = ["ANY", "SEPARATORS", "LengthItem", "Recfm", "RecordHeader", "RecordSpec", "Word", "check_spec"]

ANY = "any"
SEPARATORS: Mapping[str, bytes] = MappingProxyType(
    {"none": b"", "crlf": b"\r\n", "lf": b"\n", "cr": b"\r", "nel": b"\x15", "nel-ascii": b"\x85", "lf-ebcdic": b"\x25"}
)
"""By name. EBCDIC text ends its lines with `nel`."""
_KINDS = ("big", "little", "ascii", "ebcdic", "packed", "table")
_WORD = 4


class Recfm(StrEnum):
    """「レコード形式」 F, FB: fixed length; V, VB: a descriptor word before each record, and before each block."""

    F = "F"
    FB = "FB"
    V = "V"
    VB = "VB"
    LINE = "line"
    ITEM = "item"
    """An item of the record says how long it is."""
    HEADER = "header"
    """Some other header before each record says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """「記述語」 RDW or BDW: four bytes, two of them a length; the other two are zero.

    z/OS: big endian, at 0, itself included. `at` None: 0 if big endian, 2 if little. `adjustment` is added to what
    the word says. A BDW whose first bit is set holds a length of 31 bits.
    """

    big_endian: bool = True
    inclusive: bool = True
    adjustment: int = 0
    at: int | None = None

    @property
    def shift(self) -> int:
        """Where the length is in the word, taken as one number of 32 bits."""
        at = (0 if self.big_endian else 2) if self.at is None else self.at
        return 16 if (at == 0) is self.big_endian else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthItem:
    """「レコード長項目」 The item at `offset` that says how many bytes the whole record has, after `adjustment`.

    kind: big or little (binary), ascii or ebcdic (digits), packed; table: `lengths` has a length for each content.
    What they say counts `factor` times; `others` are added to it.
    """

    offset: int
    length: int
    kind: str = "big"
    adjustment: int = 0
    lengths: Mapping[bytes, int] = field(default_factory=dict)
    factor: int = 1
    others: tuple[LengthItem, ...] = ()

    @property
    def reach(self) -> int:
        """How many bytes of a record must be there to tell its length."""
        return max(self.offset + self.length, *(other.reach for other in self.others), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordHeader:
    """「独自ヘッダ」 `width` bytes before each record, the length of the record among them.

    `inclusive`: that length counts the header too. `valid`: the contents of the validity bytes that mark a record;
    others are impossible, or passed over where `skip_others` says so.
    """

    width: int
    length_at: int
    length_width: int
    big_endian: bool = True
    inclusive: bool = False
    adjustment: int = 0
    valid_at: int = 0
    valid_width: int = 0
    valid: frozenset[bytes] = frozenset()
    skip_others: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSpec:
    """How records lie in one kind of file.

    `separator`: a name of SEPARATORS, or any (what stands behind the first record); None: none for F and FB, any for
    lines. F with a separator may hold its bytes inside a record; a line may not. `shortest` and `longest` are checked
    where lengths vary. `block_size` is the largest block that is written.
    """

    recfm: Recfm = Recfm.F
    record_length: int | None = None
    separator: str | None = None
    rdw: Word = Word()
    bdw: Word = Word()
    length_item: LengthItem | None = None
    header: RecordHeader | None = None
    file_header: int = 0
    file_footer: int = 0
    block_size: int = 32_760
    shortest: int = 0
    longest: int = 1 << 20

    @property
    def ending(self) -> str:
        """The name of the separator."""
        return self.separator or (ANY if self.recfm is Recfm.LINE else "none")

    @property
    def strides(self) -> bool:
        """Every record has the same length, its separator too."""
        if self.recfm is Recfm.LINE:
            return self.ending == "none" or (self.ending == ANY and self.record_length is not None)
        return self.recfm in {Recfm.F, Recfm.FB}


def check_spec(spec: RecordSpec) -> None:
    """Raises ConfigurationError with everything that does not fit together."""
    wrong = [Fault(code, Place(item=key), {"recfm": spec.recfm.value}) for key, code in _wrong(spec)]
    if wrong:
        raise ConfigurationError(wrong)


def _wrong(spec: RecordSpec) -> list[tuple[str, str]]:
    item, header = spec.length_item, spec.header
    checks = {
        ("record_length", "CFG-004"): spec.strides and spec.record_length is None,
        ("record_length", "CFG-003"): spec.record_length is not None and spec.record_length < 1,
        ("separator", "CFG-006"): spec.ending != ANY and spec.ending not in SEPARATORS,
        ("length_item", "CFG-004"): spec.recfm is Recfm.ITEM and item is None,
        ("length_item", "CFG-003"): item is not None and not _possible_item(item),
        ("header", "CFG-004"): spec.recfm is Recfm.HEADER and header is None,
        ("header", "CFG-003"): header is not None and not _possible_header(header),
        ("file_header", "CFG-003"): spec.file_header < 0,
        ("file_footer", "CFG-003"): spec.file_footer < 0,
        ("block_size", "CFG-003"): spec.block_size < 2 * _WORD,
        ("longest", "CFG-003"): not 0 <= spec.shortest <= spec.longest or spec.longest < 1,
    }
    return [key for key, wrong in checks.items() if wrong]


def _possible_item(item: LengthItem) -> bool:
    possible = item.offset >= 0 and 1 <= item.length <= 16 and item.kind in _KINDS
    return possible and all(_possible_item(other) for other in item.others)


def _possible_header(header: RecordHeader) -> bool:
    ends = (header.length_at + header.length_width, header.valid_at + header.valid_width)
    wide = all(len(each) == header.valid_width for each in header.valid)
    return (
        1 <= header.length_width <= 8
        and header.length_at >= 0
        and header.valid_at >= 0
        and wide
        and max(ends) <= header.width
    )
