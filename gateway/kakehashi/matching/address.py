"""「住所表記」 丁目・番地・号 in whatever spelling, prefecture and 方書 apart because systems leave them out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kakehashi.matching.spelling import Spelling

__all__ = ["AddressParts", "address_parts"]

_HYPHENS = re.compile(r"(?<=[0-9])\s*[-‐‑‒–—―−ー]\s*(?=[0-9])")
_NUMERAL = re.compile(r"[〇一二三四五六七八九十百]+(?=丁目|番地|番(?!町)|号)")
_DIGITS = {character: value for value, character in enumerate("〇一二三四五六七八九")}
_UNITS = {"十": 10, "百": 100}
_MARKS = re.compile(r"(?<=[0-9])(?:丁目|番地の?|番(?!町)|号(?!室)|[のノ](?=[0-9]))")
_LINKS = {
    "ケ": re.compile(r"(?<=[一-龥])[ケヶがガヵカ](?=[一-龥])"),
    "ツ": re.compile(r"(?<=[一-龥])[つツッ](?=[一-龥])"),
    "ノ": re.compile(r"(?<=[一-龥])[のノ之](?=[一-龥])"),
}
_SECTION = re.compile(r"大字|(?<=[市区町村])字")
_PREFECTURE = re.compile(r"(北海道|東京都|京都府|[^市区町村]{2,3}?[都府県](?![市町村区]))")
_BLOCKS = re.compile(r"[0-9]+(?:-[0-9]+)+")
_ROOM = re.compile(r"号室|号棟|室|号|棟")
_NUMBER = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class AddressParts:
    """「住所の構成」 Each in its compared spelling; empty where it is left out."""

    prefecture: str
    main: str
    building: str


def address_parts(text: str, spelling: Spelling) -> AddressParts:
    """The parts of an address line."""
    line = " ".join(spelling.folded(text).split())
    line = _NUMERAL.sub(lambda match: str(_value(match[0])), line)
    line = re.sub(r"\s+(?=[0-9])", "", line, count=1) if not re.match(r"\S*[0-9]", line) else line
    line = _HYPHENS.sub("-", line)
    line = re.sub(r"-(?=[^0-9]|$)", "", _MARKS.sub("-", line).replace("--", "-"))
    line = _NUMBER.sub(lambda match: str(int(match[0])), line)
    main, building = _split(line)
    for link, pattern in _LINKS.items():
        main = pattern.sub(link, main)
    found = _PREFECTURE.match(main)
    prefecture = found[1] if found else ""
    main = _SECTION.sub("", main.removeprefix(prefecture)).replace(" ", "")
    return AddressParts(prefecture, main.casefold(), spelling.name(_ROOM.sub("", building)))


def _split(line: str) -> tuple[str, str]:
    """Place and 方書: at the first space behind a number, else behind the last number of several blocks."""
    space = re.search(r"(?<=[0-9]) ", line)
    if space:
        return line[: space.start()], line[space.end() :]
    blocks = list(_BLOCKS.finditer(line))
    end = blocks[-1].end() if blocks else len(line)
    return line[:end], line[end:]


def _value(numeral: str) -> int:
    """二十三 and 二三 are 23."""
    if not set(numeral) & set(_UNITS):
        return int("".join(str(_DIGITS[character]) for character in numeral))
    total, digit = 0, 0
    for character in numeral:
        if character in _UNITS:
            total += (digit or 1) * _UNITS[character]
            digit = 0
        else:
            digit = _DIGITS[character]
    return total + digit
