"""Copybooks as texts, and copybooks, options and records made up together."""

from __future__ import annotations

import io
import json
from contextlib import suppress
from decimal import Decimal

from tests.fuzz.draw import Draw

from kakehashi.codec.charset import CHARSETS
from kakehashi.codec.copybook.explain import explain
from kakehashi.codec.copybook.file import read_file
from kakehashi.codec.copybook.floating import FORMS
from kakehashi.codec.copybook.options import Controls, Filler, Nil, Odo, Options, Segment, Trim
from kakehashi.codec.copybook.parser import parse_copybook
from kakehashi.codec.copybook.record import CopybookCodec
from kakehashi.codec.copybook.tree import Dialect
from kakehashi.codec.copybook.zoned import ASCII_STYLES
from kakehashi.codec.records import Recfm, RecordSpec, Word
from kakehashi.errors import ConfigurationError, InputError, KakehashiError

__all__ = ["copybook_record", "copybook_text"]

_MOST = 4000
_DIALECTS = tuple(Dialect)
_ENCODINGS = tuple({code: name for name, code in sorted(CHARSETS.items())}.values())
_USAGES = (
    "", "COMP", "COMP-3", "COMP-5", "PACKED-DECIMAL", "COMP-6", "COMP-X", "SYNC COMP", "SIGN LEADING",
    "SIGN TRAILING SEPARATE", "SIGN LEADING SEPARATE", "BLANK WHEN ZERO",
)  # fmt: skip
_PICTURES = (
    "9(4)", "S9(4)", "S9(7)V99", "9(3)PP", "SVPP9(3)", "S9(18)", "9", "X(6)", "X", "A(3)", "N(3)", "G(4)", "ZZ,ZZ9.99",
    "-(5)9", "9.99", "XXBXX", "S9(30)V9(8)", "9(9)", "$$,$$9.99CR", "X(6) JUST", "+9(3)", "9(2)/9(2)",
)  # fmt: skip


def copybook_text(raw: bytes) -> None:
    """A text is a copybook, or CFG-013 says where it is none; a copybook lays its items out, and reads any record."""
    draw = Draw(raw)
    dialect = draw.pick(_DIALECTS)
    try:
        copybook = parse_copybook(draw.rest().decode("utf-8", "replace"), dialect=dialect)
    except ConfigurationError as error:
        _only(error, "CFG-013")
        return
    if copybook.length > _MOST:
        return
    rows = list(explain(copybook))
    assert all(row.offset >= 0 for row in rows)
    for encoding, byte in (("cp932", b" "), ("cp939", b"\x40"), ("latin-1", b"\0")):
        try:
            codec = CopybookCodec(copybook, Options(encoding=encoding, low_values=Nil.NIL, keep_bytes=True))
        except InputError as error:
            _only(error, "CFG-003")
            return
        _read(codec, byte * copybook.length)


def _only(error: KakehashiError, code: str) -> None:
    assert {fault.code for fault in error.faults} == {code}


def _read(codec: CopybookCodec, raw: bytes) -> None:
    """Values or faults; the bytes that were read come back."""
    decoded = codec.read(raw)
    assert (decoded.values is None) == bool(decoded.faults)
    assert all(0 <= (fault.place.offset or 0) <= len(raw) for fault in decoded.faults)
    if decoded.values is not None:
        assert codec.write(decoded.values) == raw[: decoded.end]


def copybook_record(raw: bytes) -> None:
    """Any bytes under any copybook and options: values that are written again, or documented faults."""
    draw = Draw(raw)
    text, names = _text(draw)
    try:
        codec = CopybookCodec(parse_copybook(text, dialect=draw.pick(_DIALECTS)), _options(draw, names))
    except (ConfigurationError, InputError):
        return
    if codec.most > _MOST:
        return
    spec = _spec(draw)
    data = draw.rest()
    _read(codec, data)
    for found in read_file(io.BytesIO(data), codec, spec, file="f"):
        assert (found.decoded.values is None) == bool(found.decoded.faults)
        assert all(fault.place.record == found.number for fault in found.decoded.faults)
        if found.decoded.values is not None:
            values = dict(found.decoded.values)
            assert codec.write(values).hex() == values.pop("_bytes")
            with suppress(InputError):
                codec.read(codec.write(values))
    with suppress(InputError, ValueError, RecursionError):
        given = json.loads(data, parse_float=Decimal)
        if isinstance(given, dict):
            _write(codec, given)


def _write(codec: CopybookCodec, values: dict) -> None:
    try:
        codec.write(values)
    except ValueError as error:
        raise AssertionError(values) from error


def _text(draw: Draw) -> tuple[str, list[str]]:
    """The copybook, and the names of its items."""
    lines, names = ["       01 R."], []
    depth = 5
    for n in range(draw.number(1, 8)):
        name = "FILLER" if draw.number(0, 9) == 9 else f"I{n}"
        clause = ""
        form = draw.number(0, 9)
        if form < 7:
            clause = f" PIC {draw.pick(_PICTURES)} {draw.pick(_USAGES)}"
        elif form == 7:
            clause = draw.pick((" COMP-1", " COMP-2", " POINTER", " INDEX"))
        if draw.number(0, 4) == 4:
            counts = [*names, "I0"]
            clause += draw.pick((" OCCURS 2", f" OCCURS 0 TO 3 DEPENDING ON {draw.pick(counts)}", " OCCURS 5"))
        if names and draw.number(0, 4) == 4:
            clause = f" REDEFINES {draw.pick(names)}{clause}"
        lines.append(f"       {depth:02} {name}{clause}.")
        names.append(name)
        if form > 7:
            depth += 1
        elif depth > 5 and draw.flag():
            depth -= 1
    return "\n".join(lines) + "\n", names


def _options(draw: Draw, names: list[str]) -> Options:
    nils = tuple(Nil)
    segment = Segment(draw.pick(names), draw.pick(("A", "1", "")), draw.pick(names))
    return Options(
        encoding=draw.pick(_ENCODINGS),
        trim=draw.pick(tuple(Trim)),
        odo=draw.pick(tuple(Odo)),
        occurs={draw.pick(names): {"A": 1, "B": 3}} if draw.flag() else {},
        filler=draw.pick(tuple(Filler)),
        filler_after=draw.flag(),
        segments=(segment,) if draw.flag() else (),
        floats=draw.pick((None, *FORMS)),
        overpunch=draw.pick((None, *ASCII_STYLES)),
        native=draw.pick((None, "big", "little")),
        blanks=draw.pick(nils),
        low_values=draw.pick(nils),
        high_values=draw.pick(nils),
        invalid=draw.pick(nils),
        written=draw.flag(),
        encodings={draw.pick(names): draw.pick(_ENCODINGS)} if draw.flag() else {},
        controls=draw.pick(tuple(Controls)),
        short=draw.flag(),
        keep_bytes=True,
        root=draw.flag(),
    )


def _spec(draw: Draw) -> RecordSpec:
    word = Word(big_endian=draw.flag(), inclusive=draw.flag(), adjustment=draw.number(-2, 2))
    return RecordSpec(
        recfm=draw.pick((Recfm.F, Recfm.V, Recfm.VB, Recfm.LINE)),
        rdw=word,
        bdw=word,
        file_header=draw.number(0, 3),
        file_footer=draw.number(0, 3),
    )
