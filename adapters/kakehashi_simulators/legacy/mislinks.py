"""Planted mis-links among persons who are rightly written: what the nationwide check of 2023 found, class by class.

Every clean row is right and about half of them are spelled otherwise than in the register. Every planted row brings the
個人番号 of another person, whose check digit is as good as any.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kakehashi_simulators.legacy.numbers import seeded_numbers
from kakehashi_simulators.legacy.people import PERIOD, People
from kakehashi_simulators.legacy.residents import Described, Row
from kakehashi_simulators.legacy.spelling import given, ordinary, registered, spelled

__all__ = ["CLASSES", "Mislinks", "Planted"]

CLASSES = (
    "family member",
    "twin",
    "namesake",
    "namesake born on the same day",
    "same name handed on at one address",
    "row slip",
    "number mistyped",
    "born on the same day",
    "former occupant",
)
_STALE_EVERY = 1250
"""One clean row in so many is not as the register has it: moved since, or the day of birth unknown to the system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A row that must not be linked; `agree` of its four attributes are those of the person whose number it brings."""

    kind: str
    agree: int


class Mislinks:
    """`clean` rightly written persons, then `each` planted ones of every class; all follow from the seed."""

    def __init__(self, *, seed: int, clean: int, each: int) -> None:
        self.people = People(seed)
        self.clean, self.each = clean, each
        self.planted_rows = each * len(CLASSES)
        self.residents = clean + self.planted_rows + PERIOD + 40
        """Ordinary persons; the others of the planted rows come behind them."""
        self.registered = self.residents + self.planted_rows
        self._numbers = list(seeded_numbers(seed, self.registered))

    def register(self) -> Iterator[Row]:
        """Everybody, as the register has them: some with 旧氏, some with 通称."""
        for person in range(self.registered):
            yield self._row("registry", person, self._numbers[person], self._registered(person))

    def rows(self) -> Iterator[tuple[Row, Planted | None]]:
        """What the tax system writes: the clean rows first."""
        for person in range(self.clean):
            told = self._spelled(person)
            yield self._row("tax", person, self._numbers[person], self._stale(person, told)), None
        for number in range(self.planted_rows):
            person, kind = self.clean + number, CLASSES[number % len(CLASSES)]
            other = self._other(kind, person)
            agree = _agreeing(self._plain(person), self._plain(other))
            row = self._row("tax", person, self._numbers[other], self._spelled(person))
            yield row, Planted(kind=kind, agree=agree)

    def is_stale(self, person: int) -> bool:
        return person % _STALE_EVERY == 7

    def _row(self, system: str, person: int, number: str, told: Described) -> Row:
        base = {"registry": 4_000_000_000, "tax": 10_000_000}[system]
        return Row(system=system, atena=f"{base + person}", number=number, person=told)

    def _plain(self, person: int) -> Described:
        if person >= self.residents:
            return self._double(person - self.residents + self.clean)
        return ordinary(self.people, person)

    def _double(self, person: int) -> Described:
        """Somebody who is like `person` in what the class of their row says."""
        told, other = self._plain(person), self._plain(person + 1000)
        name = {"kanji": given(told, "双葉"), "kana": "ﾌﾀﾊﾞ"}
        match CLASSES[(person - self.clean) % len(CLASSES)]:
            case "twin":
                return replace(told, **name)
            case "namesake born on the same day":
                return replace(told, address=other.address.replace("橋渡市", "別橋市"))
            case "same name handed on at one address":
                return replace(told, birth=f"{int(told.birth[:4]) - 31}{told.birth[4:]}")
            case "born on the same day":
                return replace(told, **name, address=other.address.replace("橋渡市", "別橋市"))
            case "former occupant":
                return replace(told, kanji="前住　者", kana="ｾﾞﾝｼﾞｭｳ ｼｬ", birth="19330303")
            case _:
                return replace(told, kanji="無縁　者", kana="ﾑｴﾝ ｼｬ", birth="19220202")

    def _other(self, kind: str, person: int) -> int:
        """Whose number the row brings."""
        household, place = self.people.household(person)
        match kind:
            case "family member":
                beside = (person + 1, person - 1)
                return next((p for p in beside if self.people.household(p)[0] == household), person + 13 + place)
            case "namesake":
                return person + PERIOD if person + PERIOD < self.residents else person - PERIOD
            case "row slip":
                return person + 13
            case "number mistyped":
                return (person * 7919 + 101) % self.clean
            case _:
                return self.residents + person - self.clean

    def _registered(self, person: int) -> Described:
        told = self._plain(person)
        if person >= self.clean:  # of the planted ones it is told by name alone who agrees with whom
            return told
        return registered(person, told)

    def _spelled(self, person: int) -> Described:
        """As other systems write it: rightly, but by their own custom."""
        return spelled(person, self._registered(person))

    def _stale(self, person: int, told: Described) -> Described:
        if not self.is_stale(person):
            return told
        if person // _STALE_EVERY % 2:
            return replace(told, birth=f"{told.birth[:6]}00")
        return replace(told, address="架空県橋渡市旧町１－１－１", building="")


def _agreeing(one: Described, other: Described) -> int:
    pairs = ((one.kanji, other.kanji), (one.birth, other.birth), (one.sex, other.sex), (one.address, other.address))
    return sum(mine == theirs for mine, theirs in pairs)
