"""PICTURE strings: what an item holds, how many characters, where its point is."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum

__all__ = ["Category", "Picture", "PictureError", "parse_picture", "whole_bytes"]

_LONGEST = 1 << 30
_MOST_DIGITS = 38
_STRING = 300
_PART = re.compile(r"(CR|DB|[9XANGSVPZEB0/,.+\-*$\\\u00a5\uffe5])(?:\((\d{1,10})\))?", re.IGNORECASE)
_EDITING = set("Z*+-$\\,.B0/") | {"CR", "DB"}
_FLOATING = re.compile(r"[+-][9Z.V]+E[+-]99?", re.IGNORECASE)


class Category(StrEnum):
    """What the picture makes of an item. An edited number is read back as a number; other editing stays text."""

    NUMBER = "number"
    TEXT = "text"
    WIDE = "wide"
    EDITED_NUMBER = "edited number"
    EDITED_TEXT = "edited text"


class PictureError(ValueError):
    """`expected` says what should have stood at `at` (0-based) in the string."""

    def __init__(self, at: int, expected: str) -> None:
        self.at = at
        self.expected = expected
        super().__init__(expected)


@dataclass(frozen=True, slots=True)
class Picture:
    """`text` as written. `length` in characters, the sign of S not counted. A number is its digits × 10^-scale."""

    text: str
    category: Category
    length: int
    digits: int = 0
    scale: int = 0
    signed: bool = False
    template: tuple[tuple[str, int], ...] = ()

    @property
    def numeric(self) -> bool:
        return self.category in {Category.NUMBER, Category.EDITED_NUMBER}


def parse_picture(text: str, *, comma_point: bool = False) -> Picture:
    """Raises PictureError. `comma_point`: DECIMAL-POINT IS COMMA."""
    parts = _parts(text)
    symbols = {symbol for symbol, _ in parts}
    if comma_point:
        parts = tuple(({",": ".", ".": ","}.get(symbol, symbol), count) for symbol, count in parts)
    if symbols & {"N", "G"}:
        return _text(text, parts, Category.WIDE, allowed={"N", "G", "B", "/", "0"})
    if symbols & {"X", "A"}:
        return _text(text, parts, Category.TEXT, allowed={"X", "A", "9", "B", "0", "/"})
    if symbols & (_EDITING | {"E"}):
        return _edited(text, parts)
    return _number(text, parts)


def _parts(text: str) -> tuple[tuple[str, int], ...]:
    if len(text) > _STRING:
        raise PictureError(_STRING, f"a picture of at most {_STRING} characters")
    found: list[tuple[str, int]] = []
    at = 0
    while at < len(text):
        match = _PART.match(text, at)
        if match is None:
            raise PictureError(at, "a picture symbol (9 X A N G S V P Z * + - . , $ B 0 / CR DB)")
        count = int(match[2]) if match[2] else 1
        if not 0 < count <= _LONGEST:
            raise PictureError(at, f"a count from 1 to {_LONGEST}")
        symbol = match[1].upper()
        found.append(("\\" if symbol in {"\u00a5", "\uffe5"} else symbol, count))
        at = match.end()
    if not found:
        raise PictureError(0, "a picture")
    return tuple(found)


def _text(text: str, parts: tuple[tuple[str, int], ...], category: Category, *, allowed: set[str]) -> Picture:
    for symbol, _ in parts:
        if symbol not in allowed:
            raise PictureError(max(text.upper().find(symbol), 0), "no number symbol in a picture of text")
    length = sum(count for _, count in parts)
    if length > _LONGEST:
        raise PictureError(0, f"at most {_LONGEST} characters")
    edited = category is Category.TEXT and bool({symbol for symbol, _ in parts} & {"B", "0", "/"})
    return Picture(text, Category.EDITED_TEXT if edited else category, length, template=parts)


def _number(text: str, parts: tuple[tuple[str, int], ...]) -> Picture:
    """S, then digits, one V, P at one end."""
    shape = "".join(symbol * min(count, 2) for symbol, count in parts)
    if not re.fullmatch(r"S?(?:9*V?9+|9+V|V?P+V?9+|9+V?P+V?)", shape):
        raise PictureError(0, "S first, one V, and P at one end of the digits")
    digits = sum(count for symbol, count in parts if symbol == "9")
    scaling = sum(count for symbol, count in parts if symbol == "P")
    if digits + scaling > _MOST_DIGITS:
        raise PictureError(0, f"at most {_MOST_DIGITS} digits")
    core = shape.lstrip("S")
    if scaling:
        leads = core.lstrip("V").startswith("P")
        scale = digits + scaling if leads else -scaling
    else:
        scale = _behind(parts, "V")
    return Picture(text, Category.NUMBER, digits, digits, scale, signed=shape.startswith("S"), template=parts)


def _behind(parts: tuple[tuple[str, int], ...], point: str) -> int:
    """Digits behind the point. A sign that stands once is no digit: it does not float."""
    times_of: Counter[str] = Counter()
    for symbol, times in parts:
        times_of[symbol] += times
    floating = {symbol for symbol in ("+", "-", "$", "\\") if times_of[symbol] > 1}
    seen, count = False, 0
    for symbol, times in parts:
        if symbol == point:
            seen = True
        elif seen and symbol in {"9", "Z", "*", *floating}:
            count += times
    return count


def _edited(text: str, parts: tuple[tuple[str, int], ...]) -> Picture:
    symbols = [symbol for symbol, _ in parts]
    length = sum(
        count * (2 if symbol in {"CR", "DB"} else 1) for symbol, count in parts if symbol not in {"V", "P", "S"}
    )
    if "E" in symbols:
        if not _FLOATING.fullmatch("".join(symbol * min(count, 40) for symbol, count in parts)):
            raise PictureError(text.upper().find("E"), "a floating picture such as +9.9(5)E+99")
        return Picture(text, Category.EDITED_NUMBER, length, signed=True, template=parts)
    if length > _STRING or length == 0:
        raise PictureError(0, f"from 1 to {_STRING} characters")
    if symbols.count(".") + symbols.count("V") > 1:
        raise PictureError(text.upper().rfind("."), "one decimal point")
    if set(symbols) & {"B", "0", "/"}:
        return Picture(text, Category.EDITED_TEXT, length, template=parts)
    scale = _behind(parts, "." if "." in symbols else "V")
    signed = bool(set(symbols) & {"+", "-", "CR", "DB", "S"})
    return Picture(text, Category.EDITED_NUMBER, length, length, scale, signed=signed, template=parts)


def whole_bytes(picture: Picture) -> Picture:
    """The picture of a number of two digits a byte: X counts bytes, and an odd number of digits is one more."""
    if picture.category is Category.TEXT and 2 * picture.length <= _MOST_DIGITS:
        return replace(parse_picture(f"9({2 * picture.length})"), text=picture.text)
    if picture.category is Category.NUMBER and picture.digits % 2 and not picture.signed:
        return replace(picture, digits=picture.digits + 1, length=picture.length + 1)
    return picture
