"""How systems write one person: rightly, but each by its own custom. Nobody is stored, all follows from the number."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from kakehashi_simulators.legacy.people import PERIOD, People
from kakehashi_simulators.legacy.residents import Described, described

__all__ = ["given", "ordinary", "registered", "respelled", "spelled"]

_NUMERALS = "〇一二三四五六七八九"
_OLD = str.maketrans("沢高浜島桜竹広国", "澤髙濱嶋櫻竹廣國")
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
_NARROW = str.maketrans("０１２３４５６７８９", "0123456789")


def ordinary(people: People, person: int) -> Described:
    """Nobody else is like this person: the people repeat after a period, with other homes and birthdays."""
    block, base = divmod(person, PERIOD)
    told = described(people, base)
    head, _, last = told.address.rpartition("－")
    birth = date.fromisoformat(f"{told.birth[:4]}-{told.birth[4:6]}-{told.birth[6:]}") + timedelta(days=37 * block)
    number = f"{int(last.translate(_NARROW)) + 16 * block}".translate(_WIDE)
    return replace(told, address=f"{head}－{number}", birth=f"{birth:%Y%m%d}")


def given(told: Described, name: str) -> str:
    """Another given name behind the same surname."""
    return f"{told.kanji.partition(chr(0x3000))[0]}\u3000{name}"


def registered(person: int, told: Described) -> Described:
    """As the register has it: some with 旧氏, some with 通称, some with 方書."""
    if person % 19 == 3:
        told = replace(told, former="旧川")
    if person % 23 == 5:
        told = replace(told, alias="通称　名")
    return replace(told, building="ハイツ橋渡２０１号室") if person % 3 == 1 else told


def spelled(person: int, told: Described) -> Described:
    """What is `registered`, as other systems write it."""
    if told.former:
        told = replace(told, kanji=f"{told.former}　{told.kanji.partition(chr(0x3000))[2]}")
    elif told.alias:
        told = replace(told, kanji=told.alias)
    elif person % 5 == 2:
        told = replace(told, kanji=told.kanji.translate(_OLD).replace("\u3000", ""))
    told = replace(told, former="", alias="", address=respelled(told.address, person % 6))
    if person % 4 == 1:
        told = replace(told, address=told.address.removeprefix("架空県"))
    return replace(
        told, building=("", "ハイツ橋渡２０１", "ハイツ橋渡　２０１号")[person % 9 // 3] if told.building else ""
    )


def respelled(address: str, how: int) -> str:
    """丁目・番・号 in words or hyphens."""
    at = next(n for n, character in enumerate(address) if character in "０１２３４５６７８９")
    town, numbers = address[:at], address[at:].split("－")
    first, rest = numbers[0], numbers[1:]
    match how:
        case 1:
            return f"{town}{first}丁目{rest[0]}番{rest[1]}号"
        case 2:
            return f"{town}{_NUMERALS[int(first.translate(_NARROW))]}丁目{rest[0]}番地の{rest[1]}"
        case 3:
            return f"{town}{first}丁目{rest[0]}－{rest[1]}"
        case 4:
            return f"{town}　{first}－{rest[0]}－{rest[1]}"
        case _:
            return address
