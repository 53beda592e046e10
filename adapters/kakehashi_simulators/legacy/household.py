"""The resident registry: households and their members, EBCDIC CP930, 260 bytes a record, eras, shift codes."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

from kakehashi_simulators.legacy.host_text import half930, mixed930, wide930
from kakehashi_simulators.legacy.numbers import digits_in_text
from kakehashi_simulators.legacy.packing import zoned930
from kakehashi_simulators.legacy.people import HOUSEHOLD_CYCLE, wareki
from kakehashi_simulators.legacy.town import Flaw, Town

__all__ = ["FLAWS", "LANE", "WAITS", "chosen", "waiting", "write_households"]

LANE = "registry-household"
WAITS = "household of: "
"""What the kinds of the records begin with that wait for one of their household."""
SIZE = 260
_NOTE = 179
FLAWS = (
    Flaw(kind="invalid zoned", code="DEC-006", found="調整月数", at=176, raw=b"\xf0\x5c\xc1"),
    Flaw(kind="bad charset bytes", code="DEC-004", found="氏名", at=17, raw=b"\x45\x66\x45\xff"),
    Flaw(kind="shift codes not paired", code="DEC-020", found="備考", at=_NOTE,
         raw=b"\x0e\x45\x66\x45\x62".ljust(60, b"\x40")),
    Flaw(kind="wrong width", code="DEC-008", found="カナ氏名", at=77, raw=b"\x0e\x45\x66\x45\x62\x0f"),
    Flaw(kind="not a number", code="DEC-005", found="異動区分", at=16, raw=b"\xc1"),
    Flaw(kind="impossible era date", code="DEC-007", found="住民となった日", at=133,
         raw=b"\xf4\xf0\xf1\xf0\xf1\xf0\xf7"),
    Flaw(kind="unknown code", code="MAP-002", found="D0060", at=125, raw=b"\xf8\xf8"),
    Flaw(kind="required item missing", code="MAP-003", found="D0050", at=124, raw=b"\x40"),
    Flaw(kind="individual number in full-width", code="VAL-003", at=_NOTE, use="number", text="full"),
    Flaw(kind="individual number with hyphens", code="VAL-003", at=_NOTE, use="number",
         text="full-hyphen"),
    Flaw(kind="number not linked", code="IDN-001", use="unlinked"),
    Flaw(kind="no symbol", code="SYM-001", use="no_symbol", state="waiting", server_code="4007"),
    Flaw(kind="unknown person", code="SRV-005", use="unknown", server_code="4003"),
)  # fmt: skip
"""0-based positions in a member record."""
_NOTES = ("本人確認済", "窓口受付", "戸籍照会中", "代理届出・委任状有", "閒宮方")
"""閒 is not in the server's repertoire, but in the declared degrade table."""


def write_households(
    path: Path,
    *,
    town: Town,
    first: int,
    records: int,
    flaws: Mapping[int, Flaw] | None = None,
    header: bool = True,
    group: bool = True,
    trailer: bool = True,
) -> None:
    """A file about persons `first` … (the head of a household). Without header, first group or trailer when asked."""
    parts = list(_records(town, first, records, flaws or {}))
    if not group:
        del parts[0]
    if header:
        parts.insert(0, _padded(half930("1JUKI    9999972026070120260701", 31)))
    if trailer:
        parts += [_padded(half930(f"8{records:08}", 9)), _padded(half930("9", 1))]
    path.write_bytes(b"".join(parts))


def chosen(town: Town, records: int, flaws: Sequence[Flaw]) -> dict[int, Flaw]:
    """A record number for each flaw, each in a household of its own: one that is found at once hides the others."""
    homes: dict[int, list[int]] = {}
    for number in range(1, records + 1):
        homes.setdefault(town.people.household(number - 1)[0], []).append(number)
    draw = random.Random(f"{LANE}-{town.seed}")  # noqa: S311  # samples, not secrets
    return {
        draw.choice(homes[home]): flaw for home, flaw in zip(draw.sample(sorted(homes), len(flaws)), flaws, strict=True)
    }


def waiting(town: Town, records: int, flaws: Mapping[int, Flaw]) -> dict[int, Flaw]:
    """The other records of the households of `flaws`: each waits for the one that is unfit."""
    spoilt = {town.people.household(number - 1)[0]: flaw for number, flaw in flaws.items()}
    found = {}
    for number in range(1, records + 1):
        flaw = spoilt.get(town.people.household(number - 1)[0])
        if flaw is not None and number not in flaws:
            server_code = "4018" if flaw.server_code else None
            found[number] = Flaw(kind=f"{WAITS}{flaw.kind}", code="HSH-001", state="waiting", server_code=server_code)
    return found


def _padded(record: bytes) -> bytes:
    return record.ljust(SIZE, b"\x40")


def _records(town: Town, first: int, records: int, flaws: Mapping[int, Flaw]) -> Iterator[bytes]:
    for number in range(1, records + 1):
        person = first + number - 1
        household, place = town.people.household(person)
        if place == 0:
            yield _household(town, person, household, members=records - number + 1)
        flaw = flaws.get(number)
        yield _member(town, person, town.atena("registry", person)) if flaw is None else _spoilt(town, person, flaw)


def _spoilt(town: Town, person: int, flaw: Flaw) -> bytes:
    record = _member(town, person, town.atena("registry", town.person_for("registry", flaw, person)))
    if flaw.use == "number":
        return flaw.patch(record, mixed930(f"個人番号{digits_in_text(town.canary(), flaw.text)}", 60))
    return flaw.patch(record)


def _household(town: Town, head: int, household: int, *, members: int) -> bytes:
    """`members`: how many records are left of the file; the last household may be smaller than those like it."""
    name, home = town.people.name(head), town.people.home(household)
    return _padded(b"".join((
        half930(f"3{household + 1:010}", 11),
        wide930(name.kanji, 60),
        half930(name.kana, 40),
        half930(f"{home.postcode}999997", 13),
        mixed930(home.address, 80),
        zoned930(min(HOUSEHOLD_CYCLE[household % len(HOUSEHOLD_CYCLE)], members), 3, signed=False),
    )))  # fmt: skip


def _member(town: Town, person: int, atena: str) -> bytes:
    people = town.people
    name, birth = people.name(person), people.birth(person)
    household, place = people.household(person)
    since = max(birth, date(1991, 4, 1) + timedelta(days=household * 71 % 11000))
    left = since + timedelta(days=300) if person % 71 == 5 else None
    changed = date(2026, 6, 1) + timedelta(days=person % 30)
    return _padded(b"".join((
        half930(f"4{atena}{2 if person % 33 == 4 else 1}", 17),
        wide930(name.kanji, 60),
        half930(name.kana, 40),
        half930(_birth_text(person, birth), 7),
        half930("2" if people.is_female(person) else "1", 1),
        half930(_relationship(town, person, place), 8),
        half930(wareki(since), 7),
        half930("10" if since == birth else "21", 2),
        half930(wareki(since + timedelta(days=3)), 7),
        half930(wareki(since + timedelta(days=9)) if person % 4 else "", 7),
        half930(wareki(left) if left else "0000000", 7),
        half930("31" if left else "", 2),
        half930(f"{changed:%Y%m%d}", 8),
        half930("1" if person % 53 else "2", 1),
        half930("1" if person % 83 == 6 else "0", 1),
        half930("0", 1),
        zoned930(-(person % 4) if person % 5 == 1 else person % 7, 3),
        mixed930(_NOTES[person // 9 % len(_NOTES)] if person % 9 == 2 else "", 60),
    )))  # fmt: skip


def _birth_text(person: int, birth: date) -> str:
    """Old registers: unknown days, unknown months, and days that are on no calendar."""
    text = wareki(birth)
    if person % 47 == 9:
        return text[:5] + "00"
    if person % 59 == 9:
        return text[:3] + "0000"
    return "3490231" if person % 131 == 8 else text


def _relationship(town: Town, person: int, place: int) -> str:
    """世帯主, 妻 or 夫, 子, 子の子, 母: up to four steps of two digits."""
    spouse = "11" if town.people.is_female(person) else "12"
    return ("02", spouse, "20", "2020", "52")[place]
