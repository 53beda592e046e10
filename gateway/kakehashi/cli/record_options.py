"""The options of `decode` and `encode` that say how the records of a copybook's file are found."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

import click

from kakehashi.codec.copybook.item import Items
from kakehashi.codec.copybook.options import Options
from kakehashi.codec.copybook.picture import Category
from kakehashi.codec.copybook.tree import Copybook, Field, Usage
from kakehashi.codec.records import LengthItem, Recfm, RecordHeader, RecordSpec, Word
from kakehashi.codec.records.spec import SEPARATORS
from kakehashi.errors import Fault, InputError, Place

__all__ = ["RECORD_NAMES", "RECORD_OPTIONS", "RecordSettings", "record_settings"]

RECORD_NAMES = (
    "separator", "rdw", "rdw_exclusive", "rdw_adjustment", "bdw", "bdw_exclusive", "bdw_adjustment", "length_item",
    "length_of", "head", "shortest", "longest", "header_bytes", "footer_bytes",
)  # fmt: skip
RECORD_OPTIONS = (
    click.option("--separator", type=click.Choice(("any", *SEPARATORS)), help="Copybook: what ends a record."),
    click.option("--rdw", type=click.Choice(["big", "little", "little-first"]), default="big", show_default=True,
                 help="Copybook: order of the lengths of V and VB; little: in the last two bytes of four."),
    click.option("--rdw-exclusive", is_flag=True, help="Copybook: the length does not count its own four bytes."),
    click.option("--rdw-adjustment", type=int, default=0, help="Copybook: added to the length."),
    click.option("--bdw", type=click.Choice(["big", "little", "little-first"]),
                 help="Copybook: of blocks; else as --rdw."),
    click.option("--bdw-exclusive/--bdw-inclusive", default=None, help="Copybook: of blocks; else as records."),
    click.option("--bdw-adjustment", type=int, help="Copybook: of blocks; else as records."),
    click.option("--length-item", metavar="[N*]ITEM [+|- …]",
                 help="Copybook: items and numbers whose sum is the length of their record."),
    click.option("--length-of", multiple=True, metavar="VALUE=N",
                 help="Copybook: length of a record whose --length-item holds VALUE."),
    click.option("--head", metavar="width=N,length=AT+N[,little][,inclusive][,add=N][,valid=AT:HEX[/HEX…][,skip]]",
                 help="Copybook: what stands before each record, and where in it the length."),
    click.option("--shortest", type=click.IntRange(0), default=0, help="Copybook: bytes of a record at least."),
    click.option("--longest", type=click.IntRange(1), help="Copybook: bytes of a record at most."),
    click.option("--header-bytes", type=click.IntRange(0), default=0, help="Copybook: bytes before the first record."),
    click.option("--footer-bytes", type=click.IntRange(0), default=0, help="Copybook: bytes behind the last record."),
)  # fmt: skip
_SIGN = re.compile(r"(?:^|\s+|(?=\+))([+-]?)\s*(?=\S)")
"""Names hold hyphens: a minus has a blank before it."""
_TERM = re.compile(r"(?:(?P<factor>\d+)\s*\*\s*)?(?P<name>[^\s*+]*[^\s*+\d][^\s*+]*)|(?P<number>\d+)")
_BINARY = {Usage.BINARY, Usage.NATIVE, Usage.COMP_X}
_HEAD_PARTS = dict.fromkeys(("width", "length", "add", "valid", "little", "inclusive", "skip"))


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSettings:
    """A record format, and the names of the items that hold lengths, which a copybook must place first."""

    spec: RecordSpec
    items: tuple[tuple[int, str], ...] = ()
    adjustment: int = 0
    lengths: dict[str, int] = field(default_factory=dict)

    def under(self, copybook: Copybook, options: Options) -> RecordSpec:
        """The format for files of this copybook. Raises InputError CFG-006 for an item that holds no length."""
        if not self.items:
            return self.spec
        first, *others = (self._placed(name, factor, copybook, options) for factor, name in self.items)
        item = replace(first, adjustment=self.adjustment, others=tuple(others))
        return replace(self.spec, recfm=Recfm.ITEM, length_item=item)

    def _placed(self, name: str, factor: int, copybook: Copybook, options: Options) -> LengthItem:
        wanted = name.upper().replace("_", "-")
        fields = (each for record in copybook.records for each in record.walk())
        item = next((each for each in fields if each.name.replace("_", "-") == wanted and not each.group), None)
        if item is None:
            raise InputError(Fault("CFG-006", Place(item=name)))
        items = Items(copybook.dialect, options)
        numeric = item.picture is not None and item.picture.category is Category.NUMBER
        write = items.leaf(item).write
        table = {write(int(text) if numeric else text): length for text, length in self.lengths.items()}
        kind = "table" if table else _kind(item, items)
        return LengthItem(offset=item.offset, length=item.length, kind=kind, lengths=table, factor=factor)


def _kind(item: Field, items: Items) -> str:
    if item.usage in _BINARY:
        return items.order(item)
    if item.usage is Usage.PACKED:
        return "packed"
    if item.usage is Usage.DISPLAY:
        return "ebcdic" if items.codec.host else "ascii"
    raise InputError(Fault("CFG-006", Place(item=item.name)))


def record_settings(given: dict[str, object]) -> RecordSettings:
    """From the values of RECORD_OPTIONS. Raises BadParameter."""
    rdw = Word(
        big_endian=given["rdw"] == "big",
        at=_at(given["rdw"]),
        inclusive=not given["rdw_exclusive"],
        adjustment=int(str(given["rdw_adjustment"])),
    )
    order, exclusive, adjustment = given["bdw"], given["bdw_exclusive"], given["bdw_adjustment"]
    bdw = Word(
        big_endian=rdw.big_endian if order is None else order == "big",
        at=rdw.at if order is None else _at(order),
        inclusive=rdw.inclusive if exclusive is None else not exclusive,
        adjustment=rdw.adjustment if adjustment is None else int(str(adjustment)),
    )
    spec = RecordSpec(
        separator=None if given["separator"] is None else str(given["separator"]),
        rdw=rdw,
        bdw=bdw,
        shortest=int(str(given["shortest"])),
        file_header=int(str(given["header_bytes"])),
        file_footer=int(str(given["footer_bytes"])),
    )
    if given["longest"] is not None:
        spec = replace(spec, longest=int(str(given["longest"])))
    if given["head"] is not None:
        spec = replace(spec, recfm=Recfm.HEADER, header=_head(str(given["head"])))
    lengths = given["length_of"]
    table = dict(_length(str(each)) for each in lengths) if isinstance(lengths, tuple) else {}
    items, adjustment = _sum(str(given["length_item"] or ""))
    return RecordSettings(spec=spec, items=items, adjustment=adjustment, lengths=table)


def _at(order: object) -> int | None:
    """Where in its word the length stands, if not where it does by its order."""
    return 0 if order == "little-first" else None


def _sum(text: str) -> tuple[tuple[tuple[int, str], ...], int]:
    """Items with their factors, and the sum of the numbers."""
    items: list[tuple[int, str]] = []
    adjustment = at = 0
    while text[at:].strip():
        sign = _SIGN.match(text, at)
        term = _TERM.match(text, sign.end()) if sign and (at == 0 or sign[1]) else None
        if sign is None or term is None:
            raise click.BadParameter("[N*]ITEM [+|- …]", param_hint="--length-item")
        factor = -1 if sign[1] == "-" else 1
        if term["number"]:
            adjustment += factor * int(term["number"])
        else:
            items.append((factor * int(term["factor"] or 1), term["name"]))
        at = term.end()
    return tuple(items), adjustment


def _length(text: str) -> tuple[str, int]:
    value, _, number = text.rpartition("=")
    if not value or not number.isdecimal():
        raise click.BadParameter("VALUE=N", param_hint="--length-of")
    return value, int(number)


def _head(text: str) -> RecordHeader:
    parts = dict(part.strip().partition("=")[::2] for part in text.split(","))
    try:
        at, width = parts["length"].split("+")
        valid_at, _, codes = parts.get("valid", "0:").partition(":")
        valid = frozenset(bytes.fromhex(code) for code in codes.split("/") if code)
        _ = [_HEAD_PARTS[part] for part in parts]
        return RecordHeader(
            width=int(parts["width"]),
            length_at=int(at),
            length_width=int(width),
            big_endian="little" not in parts,
            inclusive="inclusive" in parts,
            adjustment=int(parts.get("add", "0")),
            valid_at=int(valid_at),
            valid_width=len(next(iter(valid), b"")),
            valid=valid,
            skip_others="skip" in parts,
        )
    except (KeyError, ValueError):
        raise click.BadParameter("width=N,length=AT+N[,little]…", param_hint="--head") from None
