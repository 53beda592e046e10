"""Finds the headings 「見出し」 of a record layout in a sheet: which column holds what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kakehashi.config.sheet import Sheet, plain

__all__ = ["Heading", "find_headings"]

_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "no": "項番|№|NO|NO.|番号|連番|通番|#|項目番号|項目NO|項目NO.|SEQ",
        "name": "項目名|項目名称|データ項目名|データ項目|項目|名称|フィールド名|フィールド|日本語名"
        "|大項目|大項目名|大分類|論理名|論理名称|項目論理名|和名|和名称|カラム名|列名|データ名|データ名称",
        "member": "中項目|中項目名|中分類|小項目|小項目名|小分類|細項目|細項目名",
        "type": "属性|型|データ型|タイプ|データタイプ|形式|データ属性|項目属性|PIC|PICTURE|文字種|データ形式",
        "bytes": "バイト数|バイト|バイト長|BYTE|BYTES|BYTE数|長さ|LENGTH|LEN|データ長|項目長|レングス|サイズ|SIZE",
        "digits": "桁数|桁|文字数|最大桁数|桁数(バイト)|有効桁数|全体桁数",
        "whole": "整数|整数部|整数桁|整数桁数|整数部桁数",
        "decimals": "小数|小数桁|小数桁数|小数部|小数点以下|小数部桁数|小数点以下桁数",
        "start": "開始位置|位置|開始|開始桁|FROM|先頭位置|相対位置|オフセット|OFFSET|開始バイト|POS|桁位置|開始カラム",
        "repeat": "繰返|繰り返し|繰返し|繰返回数|繰り返し回数|繰返し回数|回数|OCCURS|反復|反復回数|繰返数",
        "record": "レコード|レコード名|レコード種別|レコード種類",
        "level": "レベル|LV|LEVEL|階層|LVL",
        "note": "備考|説明|内容|摘要|コメント|項目説明|注記|設定内容|編集内容|備考欄|設定値",
        "end": "終了位置|終了|TO|終了桁|終了バイト|終了カラム|終端位置|末尾位置",
        "other": "必須|初期値|キー|コード|項目ID|英字名|物理名|単位",
    }
)
_KEYS = {word: key for key, words in _WORDS.items() for word in words.split("|")}
_LENGTHS = frozenset({"bytes", "digits"})


@dataclass(frozen=True, slots=True)
class Heading:
    """Rows `row` to `end` (not included) of headings. `names`: the columns that a name may stand in, by depth."""

    row: int
    end: int
    columns: Mapping[str, int]
    names: range

    @property
    def length(self) -> int | None:
        return self.columns.get("bytes", self.columns.get("digits"))

    @property
    def in_bytes(self) -> bool:
        return "bytes" in self.columns


def find_headings(sheet: Sheet) -> list[Heading]:
    """Every heading of the sheet: a new page repeats it, perhaps with other columns."""
    found: list[Heading] = []
    for row in range(len(sheet.rows)):
        if found and row < found[-1].end:
            continue
        first = _words(sheet, row)
        below = _words(sheet, row + 1) if row + 1 < len(sheet.rows) else {}
        if "name" not in first or any(plain(cell).isdigit() for cell in sheet.rows[row]):
            continue
        joined = "name" not in below and (len(below) >= 2 or not _LENGTHS & first.keys())
        columns = {**below, **first} if joined else first
        if _LENGTHS & columns.keys() or ("start" in columns and columns.keys() & {"type", "end"}):
            end = row + (2 if columns.keys() > first.keys() else 1)
            found.append(Heading(row, end, columns, _name_columns(sheet, row, end, columns)))
    return found


def _words(sheet: Sheet, row: int) -> dict[str, int]:
    """What the cells of a row say; the first of its kind counts."""
    found: dict[str, int] = {}
    for column, text in enumerate(sheet.rows[row]):
        key = _key(text)
        if key is not None and key != "other":
            found.setdefault(key, column)
    return found


def _key(text: str) -> str | None:
    """項目名（日本語） is 項目名, バイト数※1 is バイト数."""
    word = plain(text).upper()
    short = re.sub(r"[(（\[※*].*$", "", word)
    return _KEYS.get(word) or _KEYS.get(short)


def _name_columns(sheet: Sheet, row: int, end: int, columns: Mapping[str, int]) -> range:
    """Names of groups stand further left than those of their items: under a wide heading, or one without text."""
    first = columns["name"]
    last = first + sheet.widths.get((row, first), 0)
    while any(_key(sheet.cell(each, max(last, first + 1))) == "member" for each in range(row, end)):
        last = max(last, first + 1) + 1
    if last > first:
        return range(first, last)
    width = max(len(sheet.rows[each]) for each in range(row, end))
    after = first + 1
    while after < width and after not in columns.values() and not any(sheet.cell(r, after) for r in range(row, end)):
        after += 1
    return range(first, after if after < width else first + 1)
