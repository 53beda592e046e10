"""Labelled persons whose records are scattered over five systems that share no number (class ③).

Nobody is stored: who has a record where, how it is written, and what is wrong in it, follow from the seed. The label of
a number is `person_of`; no two persons have the same four attributes unless both are in the register.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from kakehashi_simulators.legacy.people import People
from kakehashi_simulators.legacy.residents import Described, Row
from kakehashi_simulators.legacy.spelling import given, ordinary, registered, spelled

__all__ = ["KINDS", "SYSTEMS", "Scattered"]

SYSTEMS = ("registry", "tax", "welfare", "care", "pension")
_SHARE = {"registry": 96, "tax": 85, "welfare": 40, "care": 35, "pension": 60}
"""Of a hundred persons, how many each system knows; the register lacks 住登外者."""
_BASE = {name: (number + 1) * 10**9 for number, name in enumerate(SYSTEMS)}

KINDS = (
    "twin",
    "twin with the same reading",
    "namesake born on the same day",
    "same name handed on at one address",
    "double",
    "family member",
)
"""Of the second of a pair: how like the first. A double has all four attributes, and both are in the register."""
_EVERY = 40
"""One person in so many is followed by a second who is like them."""
_WRONG = (
    "moved",
    "married",
    "day unknown",
    "day mistyped",
    "kana alone",
    "sex mistyped",
    "no address",
    "moved and married",
)
_PER_MILLE = (20, 8, 6, 4, 4, 1, 2, 2)
"""Of a thousand records outside the register, how many have which of these wrong."""


@dataclass(frozen=True, slots=True)
class _Who:
    """Person `of`, or somebody who is like that person in the way of `kind`."""

    of: int
    kind: str


class Scattered:
    """`persons` in all, some of them like another one. `everywhere`: each has a record in each system."""

    def __init__(self, *, seed: int, persons: int, everywhere: bool = False) -> None:
        self._people = People(seed)
        self._key = f"scattered-{seed}".encode()
        self.persons = persons
        self._everywhere = everywhere

    def rows(self, system: str) -> Iterator[Row]:
        """What one system has, in the order of its own numbers."""
        for number in range(self.persons):
            person = self._shuffled(number, system)
            if self._is_in(person, system):
                atena = f"{_BASE[system] + number}"
                yield Row(system=system, atena=atena, number="", person=self._told(person, system))

    def count(self, system: str) -> int:
        return sum(self._is_in(person, system) for person in range(self.persons))

    def person_of(self, system: str, atena: str) -> int:
        """The label: whose number it is."""
        return self._shuffled(int(atena) - _BASE[system], system)

    def kind(self, person: int) -> str:
        """Of KINDS; "": like nobody."""
        return self._who(person).kind

    def _shuffled(self, number: int, system: str) -> int:
        """Each system has its own order; the same both ways."""
        at = SYSTEMS.index(system)
        block, place = divmod(number, 8)
        last = (self.persons // 8) * 8
        return number if number >= last else block * 8 + (place ^ at)

    def _who(self, person: int) -> _Who:
        block, place = divmod(person, _EVERY)
        if place != _EVERY - 1:
            return _Who(person, "")
        return _Who(person - 1 - block % 7, KINDS[block % len(KINDS)])

    def _draw(self, *what: object, most: int) -> int:
        digest = hashlib.blake2b("/".join(map(str, what)).encode(), key=self._key, digest_size=8).digest()
        return int.from_bytes(digest) % most

    def _is_in(self, person: int, system: str) -> bool:
        who = self._who(person)
        if self._everywhere:
            return True
        if system == "registry" and (who.kind == "double" or self._has_double(person)):
            return True
        if self._draw("in", person, system, most=100) < _SHARE[system]:
            return True
        others = (name for name in SYSTEMS if name != "tax")
        nowhere = all(self._draw("in", person, name, most=100) >= _SHARE[name] for name in others)
        return system == "tax" and nowhere

    def _has_double(self, person: int) -> bool:
        second = person - person % _EVERY + _EVERY - 1
        who = self._who(second)
        return second < self.persons and who.kind == "double" and who.of == person

    def _plain(self, person: int) -> Described:
        who = self._who(person)
        told = ordinary(self._people, who.of)
        match who.kind:
            case "twin":
                return replace(told, kanji=given(told, "双葉"), kana=f"{told.kana.split()[0]} ﾌﾀﾊﾞ")
            case "twin with the same reading":
                return replace(told, kanji=given(told, "異字"))
            case "namesake born on the same day":
                return replace(told, address=told.address.replace("橋渡市", "別橋市"))
            case "same name handed on at one address":
                return replace(told, birth=_years(told.birth, -31))
            case "family member":
                kana = f"{told.kana.split()[0]} ﾐﾂﾊﾞ"
                return replace(told, kanji=given(told, "三葉"), kana=kana, birth=_years(told.birth, 2))
            case _:
                return told

    def _told(self, person: int, system: str) -> Described:
        plain = self._plain(person)
        custom = self._who(person).of  # who is like somebody is written in the same way
        known = registered(custom, plain)
        if known.alias:
            known = replace(known, alias=f"通称\u3000{plain.kanji.partition(chr(0x3000))[2]}")
        if system == "registry":
            return known
        told = spelled(custom, known) if (custom + self._draw("custom", system, most=6)) % 3 else known
        return self._wrong(person, system, told)

    def _wrong(self, person: int, system: str, told: Described) -> Described:
        at = self._draw("wrong", person, system, most=1000)
        for what, share in zip(_WRONG, _PER_MILLE, strict=True):
            if at < share:
                doubled = self._who(person).kind == "double" or self._has_double(person)
                return told if doubled and what != "moved" else self._spoilt(told, what, person)
            at -= share
        return told

    def _spoilt(self, told: Described, what: str, person: int) -> Described:
        match what:
            case "moved":
                return replace(told, address=self._elsewhere(person), building="")
            case "married":
                return replace(told, **self._before_marriage(told))
            case "day unknown":
                return replace(told, birth=f"{told.birth[:6]}00")
            case "day mistyped":
                return replace(told, birth=f"{told.birth[:6]}{int(told.birth[6:]) % 28 + 1:02}")
            case "kana alone":
                return replace(told, kanji="", former="", alias="")
            case "sex mistyped":
                return replace(told, sex="1" if told.sex == "2" else "2")
            case "no address":
                return replace(told, address="", building="")
            case _:
                told = replace(told, address=self._elsewhere(person), building="")
                return replace(told, **self._before_marriage(told))

    def _elsewhere(self, person: int) -> str:
        return ordinary(self._people, self._draw("before", person, most=self.persons)).address

    def _before_marriage(self, told: Described) -> dict[str, str]:
        names = told.kanji.partition("\u3000")
        kana = f"ﾏｴｾｲ {told.kana.split()[-1]}"
        return {"kanji": f"前姓\u3000{names[2] or names[0]}", "kana": kana, "former": "", "alias": ""}


def _years(birth: str, years: int) -> str:
    """The same day of another year; the 29th of February is the 28th."""
    return f"{int(birth[:4]) + years}{birth[4:]}".replace("0229", "0228")
