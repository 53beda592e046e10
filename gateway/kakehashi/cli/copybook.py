"""decode and encode by a copybook: its options, and the two ways."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import click

from kakehashi.cli.characters import Characters
from kakehashi.cli.context import Session
from kakehashi.cli.copybook_source import SOURCE_OPTIONS, SourceSettings, read_copybook, source_settings
from kakehashi.cli.losses import Loss, tell_losses
from kakehashi.cli.record_options import RECORD_NAMES, RECORD_OPTIONS, RecordSettings, record_settings
from kakehashi.codec.copybook.file import file_like, file_of, read_file
from kakehashi.codec.copybook.fitted import FittedCodec
from kakehashi.codec.copybook.floating import FORMS
from kakehashi.codec.copybook.hierarchy import Hierarchy
from kakehashi.codec.copybook.options import Controls, Filler, Nil, Odo, Options, Segment, Trim
from kakehashi.codec.copybook.record import CopybookCodec, Values
from kakehashi.codec.copybook.reshaping import merged, with_margins, with_texts
from kakehashi.codec.copybook.segment import key_of, segment_of
from kakehashi.codec.copybook.sequence import Sequence, in_order
from kakehashi.codec.copybook.tree import Copybook
from kakehashi.codec.copybook.zoned import ASCII_STYLES
from kakehashi.codec.records import Recfm, RecordSpec
from kakehashi.errors import Fault, InputError, Place

__all__ = ["CopybookSettings", "copybook_options", "decode_copybook", "encode_copybook"]

_POLICIES = ("blanks", "low_values", "high_values", "invalid")


@dataclass(frozen=True, slots=True, kw_only=True)
class CopybookSettings:
    """What the options say that hold for copybooks alone."""

    source: SourceSettings
    options: Options
    records: RecordSettings
    more: tuple[Path, ...] = ()
    texts: tuple[str, ...] = ()
    margins: tuple[int, int] = (0, 0)
    children: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    orders: tuple[str, ...] = ()
    only: frozenset[str] = frozenset()

    def book(self, path: Path) -> Copybook:
        """The copybook in a file, with what the options make of it."""
        book = merged([read_copybook(each, self.source) for each in (path, *self.more)])
        before, after = self.margins
        return with_margins(with_texts(book, self.texts), before=before, after=after)

    def spec(self, book: Copybook, *, recfm: str | None, length: int | None) -> RecordSpec:
        """The record format, with the two options that other layouts have, too."""
        spec = self.records.under(book, self.options)
        given = spec.recfm if spec.recfm in {Recfm.ITEM, Recfm.HEADER} else Recfm(recfm or "F")
        return replace(spec, recfm=given, record_length=length)


def _choice(kind: Iterable[str]) -> click.Choice[str]:
    return click.Choice([str(each) for each in kind])


def copybook_options(function: Callable[..., int]) -> Callable[..., int]:
    """Adds the options; the function gets them as one `copybook`."""

    @functools.wraps(function)
    def run(*given: object, **rest: object) -> int:
        characters = rest["characters"]
        assert isinstance(characters, Characters)
        options = _options({name: rest.pop(name) for name in _NAMES}, characters)
        records = record_settings({name: rest.pop(name) for name in RECORD_NAMES})
        settings = CopybookSettings(
            source=source_settings(rest),
            options=options,
            records=records,
            more=tuple(Path(each) for each in _texts(rest.pop("more"))),
            texts=_texts(rest.pop("group_text")),
            margins=(int(str(rest.pop("margin_before"))), int(str(rest.pop("margin_after")))),
            orders=_texts(rest.pop("orders")),
            only=frozenset(map(key_of, _texts(rest.pop("only")))),
            children=dict(_family(text) for text in _texts(rest.pop("children"))),
        )
        return function(*given, copybook=settings, **rest)

    wrapped: Callable[..., int] = run
    for option in reversed((*SOURCE_OPTIONS, *_OPTIONS, *RECORD_OPTIONS)):
        wrapped = option(wrapped)
    return wrapped


_NAMES = (
    "segment", "occurs_depends", "occurs_mapping", "filler", "filler_names", "trim", "float_form", "overpunch",
    "endian", "blanks", "low_values", "high_values", "invalid", "written_numbers", "item", "controls", "short",
    "keep_bytes", "root",
)  # fmt: skip
_OPTIONS = (
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
    click.option("--written-numbers", is_flag=True,
                 help="Copybook: digits may have blanks around them, a sign beside them, a point."),
    click.option("--item", multiple=True, metavar="ITEM:POLICY=refuse|nil|zero",
                 help="Copybook: blanks, low_values, high_values or invalid of one item; or ITEM:encoding=NAME; or "
                 "ITEM:truncate=yes: its text may lose its end when it is written."),
    click.option("--controls", type=_choice(Controls), default="keep", show_default=True,
                 help="Copybook: control characters in text."),
    click.option("--short", is_flag=True, help="Copybook: records may end before their last item."),
    click.option("--keep-bytes", is_flag=True, help="Copybook: each record's bytes, for encode to start from."),
    click.option("--root", is_flag=True, help="Copybook: keep the name of the only record."),
    click.option("--with-layout", "more", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
                 help="Copybook: another one for the same records."),
    click.option("--group-text", multiple=True, metavar="GROUP", help="Copybook: also as one text, GROUP_NT."),
    click.option("--margin-before", type=click.IntRange(0), default=0,
                 help="Copybook: bytes of each record before it."),
    click.option("--margin-after", type=click.IntRange(0), default=0,
                 help="Copybook: bytes of each record behind it."),
    click.option("--order", "orders", multiple=True, metavar="EXPRESSION",
                 help="Copybook: in which order records come, e.g. 'HEAD (DATA* TRAILER)+ END?'; several all hold."),
    click.option("--children", multiple=True, metavar="SEGMENT=SEGMENT[,SEGMENT…]",
                 help="Copybook: segments that belong to the one before them; one tree a line."),
    click.option("--only", multiple=True, metavar="SEGMENT",
                 help="Copybook: print records of this segment; several: of any. Others are read and left out."),
)  # fmt: skip


def _options(given: dict[str, object], characters: Characters) -> Options:
    return Options(
        encoding=characters.charset,
        gaiji=characters.gaiji,
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
        items=_policies([text for text in _texts(given["item"]) if _said(text)[1] not in {"encoding", "truncate"}]),
        encodings={item: said for item, what, said in map(_said, _texts(given["item"])) if what == "encoding"},
        truncate=frozenset(_cuts(_texts(given["item"]))),
        written=bool(given["written_numbers"]),
        controls=Controls(str(given["controls"])),
        short=bool(given["short"]),
        keep_bytes=bool(given["keep_bytes"]),
        root=bool(given["root"]),
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


def _family(text: str) -> tuple[str, tuple[str, ...]]:
    parent, _, children = text.partition("=")
    names = tuple(_name(child) for child in children.split(",") if child.strip())
    if not parent.strip() or not names:
        raise click.BadParameter("SEGMENT=SEGMENT[,SEGMENT…]", param_hint="--children")
    return _name(parent), names


def _said(text: str) -> tuple[str, str, str]:
    """The item, what is said of it, and what that is."""
    item, _, pair = text.partition(":")
    what, _, said = pair.partition("=")
    return _name(item), what.strip(), said.strip()


def _cuts(texts: Iterable[str]) -> Iterator[str]:
    for item, what, said in map(_said, texts):
        if what == "truncate" and said not in {"yes", "no"}:
            raise click.BadParameter("ITEM:truncate=yes", param_hint="--item")
        if (what, said) == ("truncate", "yes"):
            yield item


def _policies(texts: Iterable[str]) -> dict[str, dict[str, Nil]]:
    found: dict[str, dict[str, Nil]] = {}
    for item, what, nil in map(_said, texts):
        policy = what.replace("-", "_")
        if policy not in _POLICIES or nil not in {str(each) for each in Nil}:
            raise click.BadParameter("ITEM:POLICY=refuse|nil|zero", param_hint="--item")
        found.setdefault(item, {})[policy] = Nil(nil)
    return found


def decode_copybook(
    session: Session, layout: Path, data: Path, settings: CopybookSettings, *, recfm: str | None, length: int | None
) -> int:
    """One JSON object a record, or a tree of records; faults to standard error."""
    book = settings.book(layout)
    codec = CopybookCodec(book, settings.options)
    count = 0

    def read() -> Iterator[Values]:
        nonlocal count
        with data.open("rb") as stream:
            records = read_file(stream, codec, settings.spec(book, recfm=recfm, length=length), file=data.name)
            if settings.orders:
                records = in_order(records, [Sequence(text) for text in settings.orders], file=data.name)
            if settings.children:
                records = Hierarchy(codec, settings.options, settings.children).read(records, file=data.name)
            for found in records:
                values = found.decoded.values
                if values is not None and (not settings.only or segment_of(values, settings.only)[0]):
                    yield values
                for fault in found.decoded.faults:
                    click.echo(fault.text(session.output.lang), err=True)
                count += len(found.decoded.faults)

    session.output.objects(read())
    return 1 if count else 0


def encode_copybook(
    session: Session,
    layout: Path,
    lines: Iterable[str],
    out: Path,
    settings: CopybookSettings,
    *,
    recfm: str | None,
    length: int | None,
    degrade: Mapping[str, str],
    like: Path | None,
) -> int:
    """JSON lines to a file; a line that cannot be written is a fault and leaves no bytes. Losses are told."""
    book = settings.book(layout)
    codec = FittedCodec(book, settings.options, degrade)
    spec = settings.spec(book, recfm=recfm, length=length)
    family = Hierarchy(codec, settings.options, settings.children) if settings.children else None
    faults: list[Fault] = []
    losses: list[Loss] = []

    def written(values: Values, number: int) -> Iterator[bytes]:
        for raw in [codec.write(values)] if family is None else family.write(values):
            losses.extend((number, loss) for loss in codec.losses)
            yield raw

    def records() -> Iterator[bytes]:
        for number, line in enumerate(lines, start=1):
            try:
                values = _values(line)
                yield from list(written(values, number))
            except InputError as error:
                losses[:] = [loss for loss in losses if loss[0] != number]
                faults.append(error.fault.at(record=number))

    with ExitStack() as files:
        if like is None:
            pieces = file_of(codec, spec, records(), refused=faults.append)
        else:
            stream = files.enter_context(like.open("rb"))
            pieces = file_like(stream, codec, spec, records(), file=like.name, refused=faults.append)
        target = files.enter_context(out.open("wb"))
        for piece in pieces:
            target.write(piece)
    tell_losses(session, losses)
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
