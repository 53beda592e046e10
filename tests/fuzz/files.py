"""Layouts made up, record formats made up, and files for them; text of every charset; sheets of record layouts."""

from __future__ import annotations

import io
from contextlib import suppress

from tests.fuzz.draw import Draw
from tests.property.codec.damage import check
from tests.unit.codec.shapes import record

from kakehashi.codec.charset import CHARSETS, charset_named
from kakehashi.codec.layout import Control, FileFormat, ItemType, Kind, Layout, Record, RecordFormat, Role
from kakehashi.codec.records import LengthItem, Recfm, RecordHeader, RecordReader, RecordSpec, Word, write_again
from kakehashi.config.import_layout import import_layout
from kakehashi.config.sheet import read_sheets
from kakehashi.domain.japanese_date import DATE_FORMS
from kakehashi.errors import ConfigurationError, InputError

__all__ = ["charset_text", "layout_file", "record_file", "sheet"]

_ENCODINGS = tuple({code: name for name, code in sorted(CHARSETS.items())}.values())
_LAYOUT_ENCODINGS = ("cp932", "cp930", "cp939", "euc-jp", "utf-8", "jef", "keis83", "jips-j", "jips-e", "iso-2022-jp")
_SHIFTS = ("embedded", "implied", "none")
_NIL = ("spaces", "zeros", "nines", "low-values", "high-values")
_FORMS = tuple(sorted(DATE_FORMS))
_TEXT_TYPES = (ItemType.DIGITS, ItemType.SIGNED, ItemType.HALFWIDTH, ItemType.FULLWIDTH, ItemType.DATE)


def layout_file(raw: bytes) -> None:
    """Any bytes under any layout: rows that come back byte for byte, or documented faults in their place."""
    draw = Draw(raw)
    layout = _layout(draw)
    check(layout, draw.rest())


def _layout(draw: Draw) -> Layout:
    kind = draw.pick(tuple(Kind))
    recfm = draw.pick((RecordFormat.F, RecordFormat.LINE))
    several = kind is not Kind.XML and draw.flag()
    form = FileFormat(
        kind=kind,
        recfm=recfm if kind is Kind.FIXED else RecordFormat.LINE,
        separator=draw.pick(("crlf", "lf", "cr", "any")),
        headings=int(kind is Kind.DELIMITED and draw.flag()),
        selector_length=1 if several and kind is Kind.FIXED else 0,
        delimiter=draw.pick((",", "\t", "|")),
        quote=draw.pick(("", '"')),
        root_element="root",
        record_element="rec",
    )
    made = _records(draw, form) if several else (_record(draw, form, Role.DATA, None),)
    controls = (Control(record="trailer", item="count"),) if several else ()
    return Layout(
        name="f",
        charset=draw.pick(_LAYOUT_ENCODINGS) if kind is Kind.FIXED else draw.pick(("cp932", "utf-8", "euc-jp")),
        format=form,
        records=made,
        controls=controls,
        shift=draw.pick(_SHIFTS),
        groups=several and draw.flag(),
    )


def _records(draw: Draw, form: FileFormat) -> tuple[Record, ...]:
    roles = ((Role.HEADER, "1"), (Role.GROUP, "3"), (Role.DATA, "4"), (Role.TRAILER, "8"), (Role.END, "9"))
    return tuple(
        _record(draw, form, role, selector)
        for role, selector in roles
        if role in {Role.DATA, Role.TRAILER} or draw.flag()
    )


def _record(draw: Draw, form: FileFormat, role: Role, selector: str | None) -> Record:
    rows: list[tuple] = [("kind", "X", 1)] if selector else []
    if role is Role.TRAILER:
        rows.append(("count", "9", 3))
    raw = form.kind is Kind.FIXED and form.recfm is RecordFormat.F
    rows += [_item(draw, f"i{n}", tuple(ItemType) if raw else _TEXT_TYPES) for n in range(draw.number(1, 4))]
    return record(role.value, role, *rows, selector=selector, columns=form.kind is not Kind.FIXED)


def _item(draw: Draw, name: str, types: tuple[ItemType, ...]) -> tuple:
    kind = draw.pick(types)
    form = draw.pick(_FORMS)
    length = DATE_FORMS[form] if kind is ItemType.DATE else draw.number(1, 8)
    more = {
        "decimals": draw.number(0, 3),
        "date": form,
        "nil": frozenset(draw.pick(_NIL) for _ in range(draw.number(0, 2))),
        "signed": draw.flag(),
        "required": draw.number(0, 3) == 3,
        "justify": draw.pick((None, "left", "right")),
        "trim": draw.flag(),
        "shift": draw.pick((None, *_SHIFTS)),
        "repeat": draw.pick((1, 1, 1, 3)),
    }
    return (name, kind, length, more)


def _placed(error: InputError, data: bytes) -> None:
    assert 0 <= (error.fault.place.offset or 0) <= len(data)


def record_file(raw: bytes) -> None:
    """Any bytes under any record format: the records make the file again, or the place is told where they end."""
    draw = Draw(raw)
    spec = _spec(draw)
    data = draw.rest()
    refused: list = []
    try:
        reader = RecordReader(io.BytesIO(data), spec, file="f", refused=refused.append)
        found = list(reader)
    except ConfigurationError:
        return
    except InputError as error:
        _placed(error, data)
        return
    if not refused and not (spec.recfm is Recfm.HEADER and spec.header and spec.header.skip_others):
        assert b"".join(write_again(found, spec, reader.edges)) == data


def _spec(draw: Draw) -> RecordSpec:
    kinds = ("big", "little", "ascii", "ebcdic", "packed", "table")
    width = draw.number(1, 8)
    return RecordSpec(
        recfm=draw.pick(tuple(Recfm)),
        record_length=draw.pick((None, 1, 4, 10)),
        separator=draw.pick((None, "any", "none", "crlf", "lf", "cr", "nel", "nel-ascii", "lf-ebcdic")),
        rdw=_word(draw),
        bdw=_word(draw),
        length_item=LengthItem(
            offset=draw.number(0, 4),
            length=draw.number(1, 5),
            kind=draw.pick(kinds),
            adjustment=draw.number(-3, 3),
            lengths={draw.take(1): 4, b"A": 7, b"B": 0},
            factor=draw.number(-2, 2),
            others=(LengthItem(offset=draw.number(0, 4), length=1),) if draw.flag() else (),
        ),
        header=RecordHeader(
            width=width,
            length_at=draw.number(0, 4),
            length_width=draw.number(1, 4),
            big_endian=draw.flag(),
            inclusive=draw.flag(),
            adjustment=draw.number(-3, 3),
            valid_width=1,
            valid=frozenset({b"\1"}) if draw.flag() else frozenset(),
            skip_others=draw.flag(),
        ),
        file_header=draw.number(0, 4),
        file_footer=draw.number(0, 4),
        shortest=draw.number(0, 3),
        longest=draw.pick((1 << 20, 20)),
    )


def _word(draw: Draw) -> Word:
    return Word(
        big_endian=draw.flag(), inclusive=draw.flag(), adjustment=draw.number(-4, 4), at=draw.pick((None, 0, 2))
    )


def charset_text(raw: bytes) -> None:
    """Bytes → text → bytes → the same text, in every charset and form; or a fault with its place."""
    draw = Draw(raw)
    charset = charset_named(draw.pick(_ENCODINGS))
    form = draw.pick((charset.narrow, charset.wide, charset.shifted))
    data = draw.rest()
    for read, write in ((charset.decode, charset.encode), (form.read, form.write)):
        _both_ways(read, write, data)
        with suppress(InputError):
            text = data.decode("utf-8", "replace")
            read(write(text))


def _both_ways(read, write, data: bytes) -> None:
    try:
        text = read(data)
    except InputError as error:
        _placed(error, data)
        return
    try:
        again = write(text)
    except InputError:
        return  # a code that is read alone
    assert read(again) == text


def sheet(raw: bytes) -> None:
    """A sheet of any cells is a record layout, or is refused."""
    draw = Draw(raw)
    length = draw.pick((None, 10, 80))
    with suppress(ConfigurationError):
        found = import_layout(read_sheets(draw.rest(), file="f.csv"), file="f.csv", record_length=length)
        assert found.rows
        assert all(total > 0 for total in found.lengths.values())
