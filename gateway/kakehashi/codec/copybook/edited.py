"""Edited pictures: numbers as people read them. Editing follows the rules of ISO/IEC 1989 for the PICTURE clause."""

from __future__ import annotations

import re
from decimal import Decimal

from kakehashi.codec.copybook.charset import TextCodec
from kakehashi.codec.copybook.leaf import Leaf
from kakehashi.codec.copybook.picture import Category, Picture
from kakehashi.codec.copybook.scale import Scalar, scaled, unscaled
from kakehashi.codec.copybook.tree import Field
from kakehashi.codec.text_form import damage

__all__ = ["edit", "edited_leaf"]

_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+")
_EXPONENT = re.compile(r"[+-]?[0-9]*\.?[0-9]+E[+-]?[0-9]{1,2}")
_SIGNS = "+-$\\"


def edited_leaf(field: Field, codec: TextCodec) -> Leaf:
    """A number out of its edited text, and back. All spaces are zero where the picture can edit zero to spaces."""
    picture = field.picture
    assert picture is not None
    assert picture.category is Category.EDITED_NUMBER
    length = field.length
    value = scaled(picture.scale)
    symbols = _symbols(picture)
    point = "." in symbols
    blank_is_zero = field.blank_when_zero or "9" not in symbols

    def read(raw: bytes) -> Scalar:
        text = codec.decode(raw).strip()
        if not text and blank_is_zero:
            return value(0)
        if "E" in symbols:
            if not _EXPONENT.fullmatch(text):
                raise damage("DEC-005", 0)
            return Decimal(text)
        negative = "-" in text or text.endswith(("CR", "DB"))
        plain = re.sub(r"CR$|DB$|[-+*$\\\u00a5, ]", "", text)
        if not _NUMBER.fullmatch(plain):
            if not plain.strip(".") and blank_is_zero:
                return value(0)
            raise damage("DEC-005", 0)
        if not point:
            return value(-int(plain) if negative else int(plain)) if plain.isdigit() else _wrong()
        return -Decimal(plain) if negative else Decimal(plain)

    def write(given: Scalar) -> bytes:
        number = unscaled(picture.scale, None)(given)
        text = " " * length if field.blank_when_zero and number == 0 else edit(number, picture)
        raw = codec.encode(text)
        if len(raw) != length:
            raise damage("DEC-018", length=length)
        return raw

    return Leaf(read, write, codec.encode(" ") * length)


def _wrong() -> int:
    raise damage("DEC-005", 0)


def _symbols(picture: Picture) -> list[str]:
    return [symbol for symbol, count in picture.template for _ in range(count)]


def edit(number: int, picture: Picture) -> str:
    """The number (its point taken out) through the picture. Raises DEC-018 where it has too many digits or a sign
    that the picture does not show.
    """
    symbols = _symbols(picture)
    if "E" in symbols:
        raise damage("DEC-018", reason="floating pictures are read only")
    floating = next((sign for sign in _SIGNS if symbols.count(sign) > 1), "")
    places = _places(symbols, floating)
    digits = str(abs(number)).rjust(len(places), "0")
    signed = bool({"+", "-", "CR", "DB"} & set(symbols))
    if len(digits) > len(places) or (number < 0 and not signed):
        raise damage("DEC-018", digits=len(places))
    if number == 0 and not any(symbols[at] == "9" for at in places):
        star = "*" in symbols
        return "".join("." if star and symbol == "." else "*" if star else " " for symbol in symbols if symbol != "V")
    return _walked(symbols, dict(zip(places, digits, strict=True)), floating, negative=number < 0)


def _places(symbols: list[str], floating: str) -> list[int]:
    """Positions that take a digit: of a floating string, all but its first."""
    found = [at for at, symbol in enumerate(symbols) if symbol in {"9", "Z", "*"} or (floating and symbol == floating)]
    if floating:
        found.remove(symbols.index(floating))
    return found


def _walked(symbols: list[str], digits: dict[int, str], floating: str, *, negative: bool) -> str:
    fill = "*" if "*" in symbols else " "
    out: list[str] = []
    mark: int | None = None
    significant = False
    for at, symbol in enumerate(symbols):
        if at in digits:
            significant = significant or digits[at] != "0" or symbol == "9"
            out.append(digits[at] if significant else fill)
        elif symbol in {",", "B", "0", "/"}:
            shown = " " if symbol == "B" else symbol
            out.append(shown if significant or not digits.keys() & set(range(at)) else fill)
        elif symbol in {".", "V"}:
            significant = True
            out.append("." if symbol == "." else "")
        elif symbol == floating:
            out.append(" ")
        else:
            out.append(_sign(symbol, negative=negative))
            continue
        if floating and not significant:
            mark = len(out) - 1
    if floating:
        marks = (n for n, text in enumerate(out) if text not in {" ", ""} and (mark is None or n > mark))
        out[max(next(marks, len(out)) - 1, 0)] = _sign(floating, negative=negative)
    return "".join(out)


def _sign(symbol: str, *, negative: bool) -> str:
    match symbol:
        case "+":
            return "-" if negative else "+"
        case "-":
            return "-" if negative else " "
        case "CR" | "DB":
            return symbol if negative else "  "
        case "S" | "P":
            return ""
        case _:
            return symbol
