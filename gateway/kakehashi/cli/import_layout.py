"""import-layout: the record layouts that vendors hand out → layout.csv."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import click

from kakehashi.cli.context import Session, command
from kakehashi.config.import_layout import COLUMNS, Guess, import_layout
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
    "sheet-left-out": ("left out: no headings of a layout", "レイアウトの見出しがないため読み飛ばしました"),
}


@command(name="import-layout")
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="Where layout.csv goes.")
@click.option("--record-length", type=click.IntRange(1), help="Bytes of a record, where the sheet does not say.")
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_layout_command(session: Session, out: Path, record_length: int | None, source: Path) -> int:
    """A vendor's record layout (.xlsx, .csv) to layout.csv. Says what it guessed; lengths must add up."""
    found = import_layout(
        read_sheets(source.read_bytes(), file=source.name), file=source.name, record_length=record_length
    )
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *found.rows])
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
