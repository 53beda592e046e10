"""decode and encode: legacy bytes ↔ JSON lines, by a layout alone."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import click

from kakehashi.cli.characters import Characters, character_options
from kakehashi.cli.context import Session, command
from kakehashi.cli.copybook import (
    CopybookSettings,
    copybook_options,
    decode_copybook,
    encode_copybook,
)
from kakehashi.cli.copybook_source import is_copybook
from kakehashi.cli.encode_like import encode_like
from kakehashi.cli.inspector import LayoutChoice
from kakehashi.cli.lines import parsed, typed
from kakehashi.cli.look import Look, look_into, look_options
from kakehashi.cli.losses import Loss, tell_losses
from kakehashi.codec.compile import compile_codec, compile_encoder
from kakehashi.codec.fitting import Fitting
from kakehashi.codec.layout import Codec, Layout, Value
from kakehashi.config.degrade_table import read_substitutes
from kakehashi.config.single_layout import load_layout
from kakehashi.domain.batch import BatchBody
from kakehashi.errors import Fault, InputError, Place

__all__ = ["decode", "encode", "layout_options"]

_BATCH = 1000


def layout_options(function: Callable[..., int]) -> Callable[..., int]:
    for option in (
        click.option("--layout", "layout_file", required=True, type=click.Path(exists=True, path_type=Path),
                     help="layout.csv, .xlsx, a copybook (.cpy, .cob, .cbl), or the route.toml that names it."),
        click.option("--recfm", type=click.Choice(["F", "FB", "V", "VB", "line"]), help="Record format."),
        click.option("--record-length", type=int, help="Bytes of a record."),
        click.option("--kind", type=click.Choice(["fixed", "delimited", "xml"]), help="How records are written."),
    ):  # fmt: skip
        function = option(function)
    return character_options(function)


@command()
@layout_options
@copybook_options
@look_options
@click.argument("data", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def decode(
    session: Session, layout_file: Path, characters: Characters, recfm: str | None, record_length: int | None,
    kind: str | None, data: Path, copybook: CopybookSettings, look: Look,
) -> int:  # fmt: skip
    """Legacy bytes to one JSON object a data record; parents and the file header nest inside. Faults go to stderr.

    With --show, --html or --stats the file is looked into instead; sensitive items are masked then.
    """
    if look.wanted:
        choice = LayoutChoice(
            file=layout_file, characters=characters, recfm=recfm, record_length=record_length, kind=kind,
            copybook=copybook, sensitive=look.sensitive,
        )  # fmt: skip
        return look_into(session, choice, data, look)
    if is_copybook(layout_file):
        return decode_copybook(session, layout_file, data, copybook, recfm=recfm, length=record_length)
    layout = _layout(layout_file, characters, recfm=recfm, record_length=record_length, kind=kind)
    codec = compile_codec(layout)
    faults = 0
    with data.open("rb") as stream:
        split = codec.split(stream, batch_records=_BATCH, file=data.name)
        session.output.faults(split.faults)
        faults += len(split.faults)
        for part in split.slices:
            stream.seek(part.offset)
            body = BatchBody(split.header_of(part), stream.read(part.length))
            decoded = codec.decode(body, file=data.name, first_record=part.first_record, offset=part.offset)
            session.output.objects(_nested(codec, row) for row in decoded.rows if row is not None)
            for fault in decoded.faults:
                click.echo(fault.text(session.output.lang), err=True)
            faults += len(decoded.faults)
    return 1 if faults else 0


@command()
@layout_options
@copybook_options
@click.option(
    "--degrade",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Table (from, to) of what stands for characters that the charset lacks; each use is told.",
)
@click.option(
    "--like",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="File from which all that no line says is taken over: headers, trailers, line ends, blocks. By a layout it "
    "has as many records as there are lines.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where the bytes go.")
@click.argument("jsonl", type=click.File("r", encoding="utf-8"))
def encode(
    session: Session, layout_file: Path, characters: Characters, recfm: str | None, record_length: int | None,
    kind: str | None, out: Path, jsonl: io.TextIOBase, copybook: CopybookSettings, degrade: Path | None,
    like: Path | None,
) -> int:  # fmt: skip
    """JSON lines to legacy bytes. A line may name its record type under `record`; else it is a data record.

    A substitute, and a text cut where the layout (of a copybook: --item) says `truncate`, is told with its record and
    item.
    """
    if is_copybook(layout_file):
        substitutes = read_substitutes(
            degrade, charset=characters.charset, gaiji=characters.gaiji, as_of=characters.as_of
        )
        return encode_copybook(
            session, layout_file, jsonl, out, copybook,
            recfm=recfm, length=record_length, degrade=substitutes, like=like,
        )  # fmt: skip
    layout = _layout(layout_file, characters, recfm=recfm, record_length=record_length, kind=kind)
    substitutes = read_substitutes(degrade, charset=layout.charset, gaiji=layout.gaiji, as_of=characters.as_of)
    encoder, fitting = compile_encoder(layout), Fitting(layout, substitutes)
    if like is not None:
        return encode_like(session, layout, iter(jsonl), fitting, like=like, out=out)
    records = {record.name: {item.name: item for item in record.items} for record in layout.records}
    faults: list[Fault] = []
    losses: list[Loss] = []
    with out.open("wb") as target:
        target.write(encoder.prologue)
        for number, line in enumerate(jsonl, start=1):
            try:
                values = parsed(line)
                name = str(values.pop("record", layout.data.name))
                fitted, lost = fitting.fit(name, typed(values, records[name]))
                target.write(encoder.write(name, fitted))
                losses += [(number, loss) for loss in lost]
            except InputError as error:
                faults.append(error.fault.at(record=number))
            except (KeyError, ValueError, TypeError, RecursionError):
                faults.append(Fault("DEC-018", Place(record=number)))
        target.write(encoder.epilogue)
    tell_losses(session, losses)
    session.output.faults(faults)
    return 1 if faults else 0


def _layout(path: Path, characters: Characters, **options: object) -> Layout:
    given = {name: value for name, value in options.items() if value is not None}
    return load_layout(
        path, settings=given, charset=characters.encoding, gaiji=characters.gaiji, as_of=characters.as_of
    )


def _nested(codec: Codec, row: tuple[Value, ...]) -> dict[str, object]:
    """`household.number` becomes a member of `household`; `-` in a name becomes `_`."""
    found: dict[str, object] = {}
    own = {item.name for item in codec.layout.data.items}
    for name, value in zip(codec.fields, row, strict=True):
        if name in own:
            found[name.replace("-", "_")] = value
        else:
            parent, _, item = name.partition(".")
            inner = found.setdefault(parent, {})
            assert isinstance(inner, dict)
            inner[item.replace("-", "_")] = value
    return found
