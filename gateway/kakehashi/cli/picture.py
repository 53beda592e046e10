"""decode --show: single records, every byte beside what it means."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from kakehashi.cli.context import FAULTS, Session
from kakehashi.cli.inspector import LayoutChoice, open_inspector, watched
from kakehashi.cli.output import json_text
from kakehashi.cli.picture_page import write_page
from kakehashi.cli.shown import NO_ITEM, Shown, fault_text, hex_lines, record_faults, shown
from kakehashi.codec.inspection.span import Inspector, Picture
from kakehashi.errors import Fault

__all__ = ["HEADINGS", "RECORDS", "RecordRange", "show", "tell_pictures"]

_MOST = 1000
_WIDE = 220
_STYLES = {
    "masked": "magenta", "fault": "bold red", "nil": "dim", "text": "", "number": "cyan", "date": "green",
    "other": "dim",
}  # fmt: skip
HEADINGS = {
    "en": ("offset", "at", "hex", "text", "item", "type", "value", "fault"),
    "ja": ("ファイル位置", "桁", "16進", "文字", "項目", "型", "値", "エラー"),
}
"""`offset`: in the file, from 0; `at`: in the record, from 1."""


class RecordRange(click.ParamType[range]):
    """`3` or `3-5`, counted from 1."""

    name = "N|N-M"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> range:
        if isinstance(value, range):
            return value
        found = re.fullmatch(r"([0-9]{1,18})(?:-([0-9]{1,18}))?", str(value))
        if found is None or int(found[1]) < 1:
            self.fail("a record number from 1, or two as in 3-5", param, ctx)
        first, last = int(found[1]), int(found[2] or found[1])
        if not first <= last < first + _MOST:
            self.fail(f"at most {_MOST} records, the lower number first", param, ctx)
        return range(first, last + 1)


RECORDS = RecordRange()


def show(session: Session, choice: LayoutChoice, data: Path, wanted: range, *, html: Path | None, reveal: bool) -> int:
    """The records with these numbers, on the terminal or as a page. Exit code 1 when they have faults."""
    inspector = open_inspector(choice)
    with watched(data, passes=inspector.passes) as (stream,):
        pictures = list(inspector.pictures(stream, wanted, file=data.name))
    if not pictures:
        return _nothing(session, inspector, data)
    if html is not None:
        try:
            write_page(html, pictures, file=data.name, lang=session.output.lang, reveal=reveal)
        except OSError:
            raise click.UsageError(f"{html} cannot be written.") from None
    else:
        tell_pictures(session, pictures, reveal=reveal)
    return FAULTS if any(picture.faults or any(s.fault for s in picture.spans) for picture in pictures) else 0


def tell_pictures(session: Session, pictures: list[Picture], *, reveal: bool) -> None:
    """The records on the terminal, or as JSON lines."""
    if session.output.as_json:
        for picture in pictures:
            click.echo(json_text(_object(picture, reveal=reveal)))
    else:
        _print(pictures, lang=session.output.lang, reveal=reveal)


def _nothing(session: Session, inspector: Inspector, data: Path) -> int:
    """Why there is no such record: the file cannot be read as a whole, or ends before it."""
    count, faults = 0, []
    with data.open("rb") as stream:
        for chunk in inspector.chunks(stream, file=data.name):
            count += len(chunk.rows)
            faults += [fault for fault in chunk.faults if count == 0]
    if faults and not count:
        session.output.faults(faults)
        return FAULTS
    raise click.UsageError(f"{data.name} has {count:,} records.")


def _object(picture: Picture, *, reveal: bool) -> dict[str, object]:
    return {
        "record": picture.number,
        "offset": picture.offset,
        "size": picture.size,
        "items": [
            {
                "item": line.item,
                "type": line.form,
                "offset": line.offset,
                "length": line.length,
                "hex": line.hex.replace(" ", ""),
                "text": line.text,
                "value": line.value,
                "look": line.look,
                "fault": line.fault and line.fault.code,
            }
            for line in shown(picture, reveal=reveal)
        ],
        "faults": [_fault(fault) for fault in record_faults(picture, reveal=reveal)],
    }


def _fault(fault: Fault) -> dict[str, object]:
    return {"code": fault.code, "item": fault.place.item, "offset": fault.place.offset, "facts": fault.facts}


def _print(pictures: list[Picture], *, lang: str, reveal: bool) -> None:
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415  # slow to import
    from rich.console import Console  # noqa: PLC0415  # as above
    from rich.table import Table  # noqa: PLC0415  # as above
    from rich.text import Text  # noqa: PLC0415  # as above

    console = Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)
    for picture in pictures:
        table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
        for name in HEADINGS[lang]:
            table.add_column(name, overflow="fold", justify="right" if name in HEADINGS[lang][:2] else "left")
        table.columns[2].no_wrap = True
        for line in shown(picture, reveal=reveal):
            style = _STYLES[line.look]
            table.add_row(*(Text(cell, style) for cell in _cells(line, lang, 16 if console.width > 140 else 8)))
        console.print(Text(_title(picture, lang), "bold"))
        console.print(table)
        for fault in record_faults(picture, reveal=reveal):
            console.print(Text(fault.text(lang), _STYLES["fault"]))


def _cells(line: Shown, lang: str, width: int) -> tuple[str, ...]:
    return (
        str(line.offset),
        str(line.at or ""),
        "\n".join(hex_lines(line, width)),
        line.text.rstrip(),
        line.item or NO_ITEM[lang],
        line.form,
        line.value,
        fault_text(line.fault, lang),
    )


def _title(picture: Picture, lang: str) -> str:
    if lang == "ja":
        return f"レコード {picture.number:,} ファイル位置 {picture.offset:,} から {picture.size:,} バイト"
    return f"record {picture.number:,}: {picture.size:,} bytes from byte {picture.offset:,} of the file"
