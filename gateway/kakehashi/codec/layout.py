"""「レコードレイアウト」 What a legacy file looks like. Bytes are the only unit of length."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import BinaryIO, Protocol, TypeAlias

from kakehashi.codec.code_table import CodeTable
from kakehashi.domain.batch import BatchBody
from kakehashi.domain.japanese_date import HistoricDate
from kakehashi.errors import Fault

__all__ = [
    "Codec",
    "Control",
    "Decoded",
    "Encoder",
    "FileFormat",
    "Item",
    "ItemType",
    "Kind",
    "Layout",
    "Record",
    "RecordFormat",
    "Role",
    "Slice",
    "Split",
    "Value",
]

Value: TypeAlias = "str | int | Decimal | HistoricDate | tuple[Value, ...] | None"
"""9, X, N → str; S9, P, Z, B → int, or Decimal where the item has decimals; D → HistoricDate; nil → None;
an item that repeats → tuple."""


class ItemType(StrEnum):
    """「属性」 The item types of layout.csv."""

    DIGITS = "9"  # 数字: digits kept as text, leading zeros included
    SIGNED = "S9"  # 符号付き数字: a separate leading sign or none
    HALFWIDTH = "X"  # 半角
    FULLWIDTH = "N"  # 全角
    PACKED = "P"  # パック
    ZONED = "Z"  # ゾーン
    BINARY = "B"  # 二進
    DATE = "D"  # 日付: `date` names its form


class Kind(StrEnum):
    """How a file is written."""

    FIXED = "fixed"
    DELIMITED = "delimited"
    XML = "xml"


class RecordFormat(StrEnum):
    """「レコード形式」 F: fixed length without separators; FB: the same in blocks; LINE: ended by a line end."""

    F = "F"
    FB = "FB"
    LINE = "line"


class Role(StrEnum):
    """「レコード種別」 What a record type is for. GROUP: a parent (a household 世帯) of the DATA records after it."""

    HEADER = "header"
    GROUP = "group"
    DATA = "data"
    TRAILER = "trailer"
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """「項目」 `start` is 0-based inside the record; `length` is that of one occurrence.

    For delimited files `start` is the column (0-based) and `length` the widest value; for XML `name` is the element's
    name and `length` the widest value.
    """

    name: str
    type: ItemType
    length: int
    start: int
    repeat: int = 1
    decimals: int = 0
    charset: str | None = None
    date: str = "yyyymmdd"
    nil: frozenset[str] = frozenset()
    """Names of contents that mean "nothing here": spaces, zeros, nines, low-values, high-values."""
    zero: frozenset[str] = frozenset()
    """Names of contents that mean zero, of numbers: spaces, low-values, high-values."""
    signed: bool = True
    required: bool = False
    pad: str | None = None
    justify: str | None = None
    trim: bool = True
    shift: str | None = None
    """SO/SI policy of host text: embedded, implied (all double-byte without shifts), none. None: the layout's."""
    sensitive: bool = False
    truncate: bool = False
    """「切捨て」 What is written may lose its end, at a character, and that is told (codec/fitting.py)."""
    note: str = ""

    @property
    def size(self) -> int:
        return self.length * self.repeat


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record type. `selector` is the content of the layout's selector that marks it (None: the only type)."""

    name: str
    role: Role
    items: tuple[Item, ...]
    length: int
    selector: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """「コントロール合計」 A trailer (or header) item that must equal the count of data records or an item's sum."""

    record: str
    item: str
    sum_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFormat:
    """How records lie in the file."""

    kind: Kind
    recfm: RecordFormat = RecordFormat.F
    record_length: int | None = None
    separator: str = "crlf"
    """LINE and DELIMITED: crlf, lf, cr, nel; any: what stands behind the first record, which may be nothing."""
    selector_start: int = 0
    selector_length: int = 0
    delimiter: str = ","
    quote: str = ""
    headings: int = 0
    """DELIMITED: lines before the first record."""
    record_element: str = ""
    """XML: the element that is one record, a child of the root."""
    root_element: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Everything that is needed to read and write one kind of file."""

    name: str
    charset: str
    format: FileFormat
    records: tuple[Record, ...]
    controls: tuple[Control, ...] = ()
    shift: str = "embedded"
    groups: bool = False
    """Header, data and trailer may come several times in one file, each with counts and sums of its own."""
    gaiji: tuple[CodeTable, ...] = ()
    """「外字表」 Of the system; each holds for the charsets of its family."""

    def record(self, role: Role) -> Record | None:
        return next((record for record in self.records if record.role is role), None)

    @property
    def tells_its_end(self) -> bool:
        """Whether a file that is cut off, or still being written, can be told from a whole one.

        Of several groups each has a trailer: only an end record may come last.
        """
        if self.format.kind is Kind.XML:
            return True
        return self.record(Role.END) is not None or (not self.groups and self.record(Role.TRAILER) is not None)

    @property
    def data(self) -> Record:
        """The record type that is a unit of outcome; a layout has exactly one."""
        return next(record for record in self.records if record.role is Role.DATA)


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a file that becomes one batch: whole groups only. `records` counts DATA records (1-based numbers).

    `header`: the header record above it, in files of several; None: that of the file.
    """

    offset: int
    length: int
    first_record: int
    records: int
    header: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A whole file, cut. `faults` hold for the file as a whole: any one of them holds it.

    `headers`: the values of every header record that could be read.
    """

    header: bytes
    slices: tuple[Slice, ...]
    records: int
    size: int
    faults: tuple[Fault, ...]
    headers: tuple[tuple[Value, ...], ...] = ()

    def header_of(self, part: Slice) -> bytes:
        """The header record that the batch of `part` carries."""
        return self.header if part.header is None else part.header


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """The records of one batch, in file order. `rows[i]` is None where `faults` names the record.

    Values stand in the order of `Codec.fields`. `raw(i)` gives a BatchBody of record i alone (with the file header
    and its group record), which decodes to the same row again. `numbers[i]`, `offsets[i]`: place in the legacy file.
    `groups[i]`: number of the first record of its group 「世帯」; empty for layouts without group records.
    """

    rows: list[tuple[Value, ...] | None]
    numbers: Sequence[int]
    offsets: Sequence[int]
    faults: list[Fault]
    raw: Callable[[int], BatchBody]
    groups: Sequence[int] = ()


class Codec(Protocol):
    """Compiled from a Layout once; thread-safe."""

    fields: tuple[str, ...]
    """Names of the values of a row: data items by name, then `<group record>.<item>`, then `<header record>.<item>`."""

    layout: Layout

    def split(self, stream: BinaryIO, *, batch_records: int, file: str) -> Split:
        """Cut a complete file into slices, check structure, counts and control totals. Streams: flat memory.

        Record-level damage (length, charset, numbers) is left to `decode`, so that neighbours go on.
        """

    def decode(self, body: BatchBody, *, file: str, first_record: int, offset: int) -> Decoded:
        """Read one slice. Never raises for bad bytes: every record is a row or has a fault."""

    def encode(self, body: BatchBody, decoded: Decoded) -> bytes:
        """The way back, byte for byte, for rows without faults."""


@dataclass(frozen=True, slots=True)
class Encoder:
    """Writes files of a layout from values, one record type at a time."""

    layout: Layout
    write: Callable[[str, Mapping[str, Value]], bytes] = field(repr=False)
    """(record name, item → value) → bytes of that record with its separator. Raises InputError DEC-018, DEC-004."""
    prologue: bytes = b""
    epilogue: bytes = b""
