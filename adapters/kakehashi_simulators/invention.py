"""Contents for answers: invented from a layout's schema and the person key alone: always the same, always sound."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from lxml import etree

from kakehashi_simulators.schema_folder import secure_parser

__all__ = ["Inventor"]

_LOCAL_TAX = "TM99000000000001"
_XS = "{http://www.w3.org/2001/XMLSchema}"
_NAMES = (("見本一郎", "ミホン　イチロウ"), ("見本花子", "ミホン　ハナコ"), ("架空太郎", "カクウ　タロウ"))
_YEAR = "2025"
_SMALL = ("{0,1}", "{0,2}")
"""The ends of the patterns of a count of persons."""


class _Facts(NamedTuple):
    """What is the same all over one content, so that no invariant across items can break."""

    day: str
    name: str
    kana: str


@dataclass(frozen=True, slots=True)
class _Kind:
    """A simple type of a layout's schema: what a value must be."""

    base: str
    codes: tuple[str, ...]
    pattern: str
    most: int

    def value(self, dice: Iterator[int], facts: _Facts) -> str:
        one = next(dice)
        if self.codes:
            return self.codes[one % len(self.codes)]
        if "Date" in self.base:
            return facts.day
        if self.base in ("Text", "Kana"):
            return (facts.name if self.base == "Text" else facts.kana)[: self.most]
        digits = re.fullmatch(r"\[0-9\]\{1,([0-9]+)\}", self.pattern)
        if digits:
            length = int(digits[1])
            return _YEAR if length == 4 else f"{one * 2_654_435_761 % 10**length:0{length}}"
        return "1" if self.pattern.endswith(_SMALL) else "0"  # sums and differences of nothing hold


@dataclass(frozen=True, slots=True)
class _Item:
    name: str
    kind: _Kind
    absent: str
    """A reason that may stand instead of the value; empty: none may."""
    required: bool

    def element(self, dice: Iterator[int], facts: _Facts, amounts: Mapping[str, int]) -> str:
        one = next(dice)
        if self.name in amounts:
            return f"<{self.name}>{amounts[self.name]}</{self.name}>"
        if self.absent and not self.required and one % 3 == 0:
            return f"<{self.name}-absent>{self.absent}</{self.name}-absent>"
        return f"<{self.name}>{self.kind.value(dice, facts)}</{self.name}>"


class Inventor:
    """Thread-safe. All dates and names of a content are the same, most amounts 0: invariants across items hold."""

    def __init__(self, folder: Path) -> None:
        self._layouts: dict[str, tuple[str, tuple[_Item, ...]]] = {}
        for path in sorted((folder / "layouts").glob("TM*-v*.xsd")):
            info, version = path.stem.rsplit("-v", 1)
            self._layouts[info] = f"{info}v{version}", tuple(_items(etree.parse(path, secure_parser()).getroot()))

    def knows(self, info: str) -> bool:
        return info in self._layouts

    def content(self, info: str, person: str, *, sparse: bool = False) -> str:
        """The element of the newest layout of `info`, filled for this person. Raises KeyError for an unknown one.

        `sparse`: without what may be left out.
        """
        element, items = self._layouts[info]
        dice = _dice(f"{info}/{person}")
        day = f"{2000 + next(dice) % 25}-{1 + next(dice) % 12:02}-{1 + next(dice) % 28:02}"
        facts = _Facts(day, *_NAMES[next(dice) % len(_NAMES)])
        amounts = _local_tax(dice) if info == _LOCAL_TAX else {}
        told = [item for item in items if item.required or not sparse]
        return f"<{element}>{''.join(item.element(dice, facts, amounts) for item in told)}</{element}>"


def _local_tax(dice: Iterator[int]) -> dict[str, int]:
    """A salary and what the (much simplified) law makes of it."""
    salary = (next(dice) * 256 + next(dice)) % 900 * 10_000
    income = salary * 7 // 10
    deductions = min(income, 430_000 + next(dice) * 1_000)
    taxable = (income - deductions) // 1_000 * 1_000
    city, prefecture, flat = taxable * 6 // 100, taxable * 4 // 100, (3_500, 1_500) if taxable else (0, 0)
    return {
        "A0050": income,
        "A0060": salary,
        "A0070": income,
        "A0170": deductions,
        "A0220": taxable,
        "A0230": city,
        "A0240": flat[0],
        "A0250": prefecture,
        "A0260": flat[1],
        "A0270": city + prefecture + sum(flat),
    }


def _dice(seed: str) -> Iterator[int]:
    turn = 0
    while True:
        yield from hashlib.sha256(f"{seed}/{turn}".encode()).digest()
        turn += 1


def _items(schema: etree._Element) -> Iterator[_Item]:
    kinds = {node.get("name", ""): _kind(node) for node in schema.iterfind(f"{_XS}simpleType")}
    for particle in schema.iterfind(f"{_XS}complexType/{_XS}sequence/*"):
        elements = [particle] if particle.tag == f"{_XS}element" else particle.findall(f"{_XS}element")
        reasons = [node for node in elements if node.get("name", "").endswith("-absent")]
        yield _Item(
            name=elements[0].get("name", ""),
            kind=kinds[elements[0].get("type", "")],
            absent=kinds[reasons[0].get("type", "")].codes[0] if reasons else "",
            required=particle.get("minOccurs") != "0",
        )


def _kind(node: etree._Element) -> _Kind:
    restriction = node.find(f"{_XS}restriction")
    assert restriction is not None
    pattern, most = restriction.find(f"{_XS}pattern"), restriction.find(f"{_XS}maxLength")
    return _Kind(
        base=restriction.get("base", ""),
        codes=tuple(code.get("value", "") for code in restriction.iterfind(f"{_XS}enumeration")),
        pattern="" if pattern is None else pattern.get("value", ""),
        most=1000 if most is None else int(most.get("value", "1000")),
    )
