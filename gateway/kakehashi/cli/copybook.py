"""decode and encode by a copybook: its options, and the two ways."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import click

from kakehashi.cli.context import Session
from kakehashi.cli.output import json_text
from kakehashi.codec.copybook.file import read_file, write_values
from kakehashi.codec.copybook.floating import FORMS
from kakehashi.codec.copybook.library import decoded
from kakehashi.codec.copybook.options import Controls, Filler, Nil, Odo, Options, Segment, Trim
from kakehashi.codec.copybook.parser import parse_copybook
from kakehashi.codec.copybook.record import CopybookCodec, Values
from kakehashi.codec.copybook.tree import Copybook, Dialect
from kakehashi.codec.copybook.zoned import ASCII_STYLES
from kakehashi.codec.records import Recfm, RecordSpec, Word
from kakehashi.codec.records.spec import SEPARATORS
from kakehashi.errors import ConfigurationError, Fault, InputError, Place

__all__ = ["CopybookSettings", "copybook_options", "decode_copybook", "encode_copybook", "is_copybook", "read_copybook"]

_SUFFIXES = {".cpy", ".cob", ".cbl", ".copy"}
_POLICIES = ("blanks", "low_values", "high_values", "invalid")


def is_copybook(path: Path) -> bool:
    return path.suffix.lower() in _SUFFIXES


@dataclass(frozen=True, slots=True, kw_only=True)
class CopybookSettings:
    """What the options say that hold for copybooks alone."""

    dialect: str
    options: Options
    records: RecordSpec

    def spec(self, *, recfm: str | None, length: int | None) -> RecordSpec:
        """The record format, with the two options that other layouts have, too."""
        return replace(self.records, recfm=Recfm(recfm or "F"), record_length=length)


def _choice(kind: Iterable[str]) -> click.Choice[str]:
    return click.Choice([str(each) for each in kind])


def copybook_options(function: Callable[..., int]) -> Callable[..., int]:
    """Adds the options; the function gets them as one `copybook`."""

    @functools.wraps(function)
    def run(*given: object, dialect: str, **rest: object) -> int:
        options = _options({name: rest.pop(name) for name in _NAMES}, str(rest["encoding"]))
        records = _records({name: rest.pop(name) for name in _RECORD_NAMES})
        return function(*given, copybook=CopybookSettings(dialect=dialect, options=options, records=records), **rest)

    wrapped: Callable[..., int] = run
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


_NAMES = (
    "segment", "occurs_depends", "occurs_mapping", "filler", "filler_names", "trim", "float_form", "overpunch",
    "endian", "blanks", "low_values", "high_values", "invalid", "item", "controls", "short", "keep_bytes", "root",
)  # fmt: skip
_RECORD_NAMES = ("separator", "rdw", "rdw_exclusive", "rdw_adjustment", "header_bytes", "footer_bytes")
_OPTIONS = (
    click.option("--dialect", type=_choice(Dialect), default="ibm", show_default=True, help="Copybook: compiler."),
    click.option("--segment", multiple=True, metavar="ITEM=VALUE:GROUP", help="Copybook: which REDEFINES counts when."),
    click.option("--occurs-depends", type=_choice(Odo), default="max", show_default=True,
                 help="Copybook: bytes of OCCURS DEPENDING ON."),
    click.option("--occurs-mapping", multiple=True, metavar="ITEM:TEXT=N", help="Copybook: counts told by a text."),
    click.option("--filler", type=_choice(Filler), default="drop", show_default=True, help="Copybook: FILLERs kept."),
    click.option("--filler-names", type=click.Choice(["number", "previous"]), default="number", show_default=True),
    click.option("--trim", type=_choice(Trim), default="right", show_default=True, help="Copybook: spaces cut off."),
    click.option("--float", "float_form", type=_choice(FORMS), help="Copybook: form of COMP-1 and COMP-2."),
    click.option("--overpunch", type=_choice(ASCII_STYLES), help="Copybook: signs over ASCII digits."),
    click.option("--endian", type=click.Choice(["big", "little"]), help="Copybook: order of COMP-5."),
    click.option("--blanks", type=_choice(Nil), default="refuse", show_default=True, help="Copybook: blank numbers."),
    click.option("--low-values", type=_choice(Nil), default="refuse", show_default=True),
    click.option("--high-values", type=_choice(Nil), default="refuse", show_default=True),
    click.option("--invalid", type=_choice(Nil), default="refuse", show_default=True,
                 help="Copybook: what is no number at all."),
    click.option("--item", multiple=True, metavar="ITEM:POLICY=refuse|nil|zero",
                 help="Copybook: blanks, low_values, high_values or invalid of one item."),
    click.option("--controls", type=_choice(Controls), default="keep", show_default=True,
                 help="Copybook: control characters in text."),
    click.option("--short", is_flag=True, help="Copybook: records may end before their last item."),
    click.option("--keep-bytes", is_flag=True, help="Copybook: each record's bytes, for encode to start from."),
    click.option("--root", is_flag=True, help="Copybook: keep the name of the only record."),
    click.option("--separator", type=_choice(("any", *SEPARATORS)), help="Copybook: what ends a record."),
    click.option("--rdw", type=click.Choice(["big", "little"]), default="big", show_default=True,
                 help="Copybook: order of the lengths of V and VB."),
    click.option("--rdw-exclusive", is_flag=True, help="Copybook: the length does not count its own four bytes."),
    click.option("--rdw-adjustment", type=int, default=0, help="Copybook: added to the length."),
    click.option("--header-bytes", type=click.IntRange(0), default=0, help="Copybook: bytes before the first record."),
    click.option("--footer-bytes", type=click.IntRange(0), default=0, help="Copybook: bytes behind the last record."),
)  # fmt: skip


def _options(given: dict[str, object], encoding: str) -> Options:
    return Options(
        encoding=encoding,
        trim=Trim(str(given["trim"])),
        odo=Odo(str(given["occurs_depends"])),
        occurs=_mapping(_texts(given["occurs_mapping"])),
        filler=Filler(str(given["filler"])),
        filler_after=given["filler_names"] == "previous",
        segments=tuple(_segment(text) for text in _texts(given["segment"])),
        floats=_text(given["float_form"]),
        overpunch=_text(given["overpunch"]),
        native=_text(given["endian"]),
        blanks=Nil(str(given["blanks"])),
        low_values=Nil(str(given["low_values"])),
        high_values=Nil(str(given["high_values"])),
        invalid=Nil(str(given["invalid"])),
        items=_policies(_texts(given["item"])),
        controls=Controls(str(given["controls"])),
        short=bool(given["short"]),
        keep_bytes=bool(given["keep_bytes"]),
        root=bool(given["root"]),
    )


def _records(given: dict[str, object]) -> RecordSpec:
    word = Word(
        big_endian=given["rdw"] == "big",
        inclusive=not given["rdw_exclusive"],
        adjustment=int(str(given["rdw_adjustment"])),
    )
    return RecordSpec(
        separator=_text(given["separator"]),
        rdw=word,
        bdw=word,
        file_header=int(str(given["header_bytes"])),
        file_footer=int(str(given["footer_bytes"])),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, tuple) else ()


def _name(text: str) -> str:
    """Names may be written as in the copybook or as in JSON lines."""
    return text.strip().upper()


def _segment(text: str) -> Segment:
    selector, _, group = text.rpartition(":")
    item, found, value = selector.partition("=")
    if not found or not group:
        raise click.BadParameter("ITEM=VALUE:GROUP", param_hint="--segment")
    return Segment(_name(item), value.strip(), _name(group))


def _mapping(texts: tuple[str, ...]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for text in texts:
        item, _, pair = text.partition(":")
        key, equals, number = pair.rpartition("=")
        if not equals or not number.isdecimal():
            raise click.BadParameter("ITEM:TEXT=N", param_hint="--occurs-mapping")
        found.setdefault(_name(item), {})[key.strip()] = int(number)
    return found


def _policies(texts: tuple[str, ...]) -> dict[str, dict[str, Nil]]:
    found: dict[str, dict[str, Nil]] = {}
    for text in texts:
        item, _, pair = text.partition(":")
        policy, _, nil = pair.replace("-", "_").partition("=")
        if policy not in _POLICIES or nil not in {str(each) for each in Nil}:
            raise click.BadParameter("ITEM:POLICY=refuse|nil|zero", param_hint="--item")
        found.setdefault(_name(item), {})[policy] = Nil(nil)
    return found


def read_copybook(path: Path, dialect: str) -> Copybook:
    """The copybook in a file; COPY takes members from its folder. Faults name the file."""
    try:
        return parse_copybook(decoded(path.read_bytes()), dialect=dialect, folder=path.parent)
    except ConfigurationError as error:
        raise ConfigurationError(fault.at(file=fault.place.file or path.name) for fault in error.faults) from None


def decode_copybook(session: Session, layout: Path, data: Path, settings: CopybookSettings, spec: RecordSpec) -> int:
    """One JSON object a record; faults to standard error."""
    codec = CopybookCodec(read_copybook(layout, settings.dialect), settings.options)
    count = 0
    with data.open("rb") as stream:
        for found in read_file(stream, codec, spec, file=data.name):
            if found.decoded.values is not None:
                click.echo(json_text(found.decoded.values))
            for fault in found.decoded.faults:
                click.echo(fault.text(session.output.lang), err=True)
            count += len(found.decoded.faults)
    return 1 if count else 0


def encode_copybook(
    session: Session, layout: Path, lines: Iterable[str], out: Path, settings: CopybookSettings, spec: RecordSpec
) -> int:
    """JSON lines to a file; a line that cannot be written is a fault and leaves no bytes."""
    codec = CopybookCodec(read_copybook(layout, settings.dialect), settings.options)
    faults: list[Fault] = []
    with out.open("wb") as target:
        for number, line in enumerate(lines, start=1):
            try:
                target.write(write_values(codec, spec, _values(line)))
            except InputError as error:
                faults.append(error.fault.at(record=number))
    session.output.faults(faults)
    return 1 if faults else 0


def _values(line: str) -> Values:
    try:
        values: Values = json.loads(line, parse_float=Decimal)
    except (ValueError, RecursionError):
        values = {}
        raise InputError(Fault("DEC-018", Place(), {"expected": "one JSON object a line"})) from None
    if not isinstance(values, dict):
        raise InputError(Fault("DEC-018", Place(), {"expected": "one JSON object a line"}))
    return values
