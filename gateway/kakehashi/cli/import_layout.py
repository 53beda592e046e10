"""import-layout: the record layouts that vendors hand out, and copybooks → layout.csv."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import click

from kakehashi.cli.context import Session, command
from kakehashi.cli.copybook_source import SourceSettings, is_copybook, read_copybook, source_options
from kakehashi.config.import_copybook import import_copybook
from kakehashi.config.import_layout import Guess, import_layout
from kakehashi.config.sheet import read_sheets

__all__ = ["import_layout_command"]

_GUESSES = {
    "group": ("taken for a group of the items below it", "下の項目をまとめる集団項目とみなしました"),
    "repeated-group": ("its items are written out once for each repetition", "繰返しの回数だけ項目を展開しました"),
    "label": ("left out: neither type nor length", "属性も長さもないため読み飛ばしました"),
    "type": ("no type: taken for X", "属性がないためXとみなしました"),
    "length-by-start": ("length from the place of the next item", "次の項目の開始位置から長さを求めました"),
    "no-date": ("a date of a length that has no form: taken for 9", "長さに合う日付形式がないため9とみなしました"),
    "decimals": ("a number with decimals: taken for S9", "小数があるためS9とみなしました"),
    "filler": ("no name: called FILLER", "名称がないためFILLERとしました"),
    "renamed": ("called otherwise: names hold no blanks, and each once in a record", "名称を変更しました"),
    "bank-style": (
        "N is a number and C text, as nothing else occurs",
        "NとCだけのため、Nを数字、Cを文字とみなしました",
    ),
    "wide-doubled": ("lengths of N are characters: two bytes each", "Nの桁数を文字数とみなし、2倍しました"),
    "digits-packed": ("lengths of P and B are digits, not bytes", "P・Bの桁数を桁とみなし、バイト数を求めました"),
    "digits-as-bytes": ("桁数 are taken for bytes", "桁数をバイト数とみなしました"),
    "no-record-length": (
        "no record length is stated: compare the sum",
        "レコード長の記載がありません。合計を確認してください",
    ),
    "most": ("a table that depends: taken at its most occurrences", "可変回数の表を最大回数とみなしました"),
    "redefines": ("left out: it redefines another item", "REDEFINESのため読み飛ばしました"),
    "edited": ("edited: taken for text", "編集項目のため文字とみなしました"),
    "sheet-left-out": ("left out: no headings of a layout", "レイアウトの見出しがないため読み飛ばしました"),
}


@command(name="import-layout")
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="Where layout.csv goes.")
@click.option("--record-length", type=click.IntRange(1), help="Bytes of a record, where the sheet does not say.")
@source_options
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_layout_command(
    session: Session, out: Path, record_length: int | None, source: Path, copybook: SourceSettings
) -> int:
    """A vendor's record layout (.xlsx, .csv) or a copybook to layout.csv. Says what it guessed; lengths must add up."""
    if is_copybook(source):
        found = import_copybook(read_copybook(source, copybook), file=source.name)
    else:
        found = import_layout(
            read_sheets(source.read_bytes(), file=source.name), file=source.name, record_length=record_length
        )
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([found.columns, *found.rows])
    out.write_text(text.getvalue(), encoding="utf-8", newline="")
    columns = ("sheet", "row", "name", "meaning")
    session.output.rows(
        "guesses", columns, [(g.sheet, g.row, g.name, _meaning(g, session.output.lang)) for g in found.guesses]
    )
    session.output.rows("record types", ("record", "bytes"), list(found.lengths.items()))
    return 0


def _meaning(guess: Guess, lang: str) -> str:
    if guess.code.startswith("date "):
        form = guess.code.removeprefix("date ")
        return f"日付形式を{form}とみなしました" if lang == "ja" else f"a date in the form {form}"
    return _GUESSES[guess.code][lang == "ja"]
