"""What vendors write into the columns 属性 and 桁数 → our item types, lengths in bytes, decimals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kakehashi.config.sheet import plain
from kakehashi.domain.japanese_date import DATE_FORMS

__all__ = ["Size", "TypeWords", "date_form", "first_number", "size_of", "type_words", "uses_bank_style"]

_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "9": "9|数字|数値|数|数値型|数字型|NUM|NUMERIC|NUMBER|INT|INTEGER|半角数字|符号なし数字",
        "S9": "S9|符号付|符号付数字|符号付き数字|符号付き|符号付数値|S",
        "X": "X|C|A|AN|CHAR|VARCHAR|VARCHAR2|CHARACTER|STRING|半角英数記号|英数記号"
        "|文字型|文字列型|半角文字列|英|英数字型|英数字カナ|文字|文字列|英数|英数字|英数カナ|半角|半角英数|半角英数字|半角カナ|英字|カナ|半角文字",
        "N": "N|K|G|J|全角|漢字|漢|日本語|全角文字列|日本語文字|全角文字|NCHAR|全角漢字|漢字項目",
        "P": "P|PD|パック|パック10進|COMP-3|パック10進数|内部10進|内部10進数|パックデシマル"
        "|パック形式|符号付パック|符号付きパック|PACKED|S9COMP-3|PACKED-DECIMAL",
        "Z": "Z|ZD|ゾーン|ゾーン10進|ZONED|外部10進|外部10進数|ゾーンデシマル|ゾーン形式|符号付ゾーン|符号付きゾーン",
        "B": "B|BIN|COMP|COMP-4|BINARY|2進|2進数|バイナリ|バイナリー",
        "D": "D|DATE|日付|年月日|西暦年月日",
    }
)
_TYPES = {name: kind for kind, names in _NAMES.items() for name in names.split("|")}
_PICTURE = re.compile(
    r"(?:PIC\.?)?(S?[9XNAGCKZ])\((\d+)\)(?:V9(?:\((\d+)\)|(9*)))?[.]?(?:USAGE)?(?:IS)?(COMP[-0-9]*|PACKED-DECIMAL|BINARY)?"
)
_SIZED = re.compile(r"([^()]+)[(](\d{1,6})(?:,(\d))?[)]")
_REMARK = re.compile(r"(?<=.)[(][^()]*[)]$")
"""漢字(N) is 漢字."""
_BANK = re.compile(r"(?<=^[NC])[(]?\d+[)]?$")
_NUMBER = re.compile(r"[0-9]+")
_THOUSANDS = re.compile(r"(?<=[0-9]),(?=[0-9]{3})")
_DATE_BY_LENGTH = {8: "yyyymmdd", 6: "yyyymm", 4: "yyyy", 7: "wareki", 10: "yyyy/mm/dd", 5: "wareki5"}


@dataclass(frozen=True, slots=True)
class TypeWords:
    """What a cell says: our type (None: no such word), and length and decimals where it is a picture."""

    type: str | None
    length: int | None = None
    decimals: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How 桁数 are to be read: as bytes, or characters of N and digits of P and B."""

    wide_doubled: bool = False
    digits_packed: bool = False


def type_words(text: str, *, bank_style: bool = False) -> TypeWords:
    """`bank_style`: N is a number and C text, as in 全銀 layouts."""
    word = plain(text).upper()
    if found := _PICTURE.fullmatch(word):
        return _picture(found, bank_style=bank_style)
    if bank_style and word == "N":
        return TypeWords("9")
    if (found := _SIZED.fullmatch(word)) and found[1] in _TYPES:
        return TypeWords(_TYPES[found[1]], int(found[2]), int(found[3] or 0))
    return TypeWords(_TYPES.get(word) or _TYPES.get(_REMARK.sub("", word)))


def _picture(found: re.Match[str], *, bank_style: bool) -> TypeWords:
    sign, digits, fraction, nines, usage = found.groups()
    more = int(fraction) if fraction else len(nines) + 1 if nines is not None else 0
    kind = type_words(sign, bank_style=bank_style).type or "X"
    if usage:
        kind = "P" if usage in {"COMP-3", "PACKED-DECIMAL"} else "B"
    elif kind == "9" and more:
        kind = "S9"
    return TypeWords(kind, int(digits) + more, more)


def size_of(kind: str, length: int, size: Size) -> int:
    """Bytes of an item."""
    if kind == "N" and size.wide_doubled:
        return 2 * length
    if size.digits_packed and kind == "P":
        return length // 2 + 1
    if size.digits_packed and kind == "B":
        return 2 if length <= 4 else 4 if length <= 9 else 8
    return length


def date_form(length: int) -> str | None:
    """The form of a date of so many characters; None where there is none."""
    form = _DATE_BY_LENGTH.get(length)
    return form if form in DATE_FORMS else None


def first_number(text: str) -> int | None:
    """20バイト, ×5, ２０."""
    found = _NUMBER.search(_THOUSANDS.sub("", plain(text)))
    return int(found[0]) if found and len(found[0]) <= 6 else None


def uses_bank_style(types: Iterable[str]) -> bool:
    """Nothing but N and C: numbers and characters 「全銀」."""
    words = {_BANK.sub("", plain(text).upper()) for text in types if text}
    return words == {"N", "C"}
