"""Extracts that bring numbers together with the four attributes: CP932, 400 bytes a record, one row a number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path

from kakehashi_simulators.legacy.people import People

__all__ = ["RESIDENTS", "SYSTEM_PERSONS", "Described", "Row", "described", "write_rows"]

RESIDENTS = "registry-residents"
SYSTEM_PERSONS = "system-persons"
SIZE = 400
_CHUNK = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A person as one system writes it. `birth`: eight digits, unknown parts 00; `sex`: 1 male, 2 female."""

    kanji: str
    kana: str
    birth: str
    sex: str
    address: str
    building: str = ""
    former: str = ""
    alias: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`unified` and `number` may be empty. `disclosure`: 0 may be told, 1 and 2 may not, empty: nobody knows."""

    system: str
    atena: str
    number: str
    person: Described
    unified: str = ""
    since: str = "20260630"
    event: str = "01"
    disclosure: str = "0"


def described(people: People, person: int) -> Described:
    """The person as the register has it."""
    name, birth = people.name(person), people.birth(person)
    household, _ = people.household(person)
    return Described(
        kanji=name.kanji,
        kana=name.kana,
        birth=f"{birth:%Y%m%d}",
        sex="2" if people.is_female(person) else "1",
        address=people.home(household).address,
    )


def write_rows(path: Path, rows: Iterable[Row], *, records: int, made: date) -> None:
    """A whole extract: header, `records` rows, trailer with their count, end."""
    with path.open("wb") as out:
        out.write(f"1PERSONS     {made:%Y%m%d}".encode().ljust(SIZE))
        lines = _lines(rows)
        while chunk := b"".join(islice(lines, _CHUNK)):
            out.write(chunk)
        out.write((b"8%08d" % records).ljust(SIZE))
        out.write(b"9".ljust(SIZE))


def _lines(rows: Iterable[Row]) -> Iterator[bytes]:
    for row in rows:
        person = row.person
        yield b"".join(
            (
                f"2{row.system:<8}{row.atena:0>15}{row.unified:0>15}{row.number:0>12}{row.since}{row.event}".encode(),
                f"{person.birth}{person.sex}".encode(),
                person.kana.encode("cp932").ljust(40),
                _wide(person.kanji, 40),
                _wide(person.former, 20),
                _wide(person.alias, 40),
                _wide(person.address, 120),
                _wide(person.building, 60),
                row.disclosure.encode().ljust(10),
            )
        )


def _wide(text: str, size: int) -> bytes:
    """Full-width text, filled with ideographic spaces."""
    raw = text.encode("cp932")
    return raw + b"\x81\x40" * ((size - len(raw)) // 2)
