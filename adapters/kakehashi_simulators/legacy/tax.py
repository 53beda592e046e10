"""The tax system: LEVY files, CP932, 400 bytes a record without line ends, packed and zoned figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from kakehashi_simulators.legacy.assessment import assessments
from kakehashi_simulators.legacy.numbers import digits_in_text
from kakehashi_simulators.legacy.packing import kana932, packed, wide932
from kakehashi_simulators.legacy.people import PERIOD, wareki
from kakehashi_simulators.legacy.town import Flaw, Town

__all__ = ["FLAWS", "LANE", "write_tax"]

LANE = "tax-levy"
SIZE = 400
_VARIANTS = 997
_CHUNK = 1000
_FREE_TEXT = 359
FLAWS = (
    Flaw(kind="unknown record type", code="DEC-009", at=0, raw=b"7"),
    Flaw(kind="invalid packed", code="DEC-006", found="給与収入金額", at=203, raw=b"\x12\x3a\x45\x67\x89\x0c"),
    Flaw(kind="invalid packed sign", code="DEC-006", found="配当所得金額", at=251, raw=b"\0\0\0\0\0\x01"),
    Flaw(kind="invalid zoned", code="DEC-006", found="市民税所得割額", at=301, raw=b"00012X400"),
    Flaw(kind="bad charset bytes", code="DEC-004", found="漢字氏名", at=77, raw=b"\x85\xfd\xa0"),
    Flaw(kind="cut kanji", code="DEC-004", found="住所", at=190, raw=b" \x8b"),
    Flaw(kind="wrong width", code="DEC-008", found="漢字氏名", at=77, raw=b"YAMADA TARO "),
    Flaw(kind="not a number", code="DEC-005", found="賦課年度", at=17, raw=b"2O26"),
    Flaw(kind="impossible era date", code="DEC-007", found="生年月日", at=117, raw=b"4010107"),
    Flaw(kind="unknown code", code="MAP-002", found="A0030", at=194, raw=b"77"),
    Flaw(kind="required item missing", code="MAP-003", found="A0040", at=196, raw=b" "),
    Flaw(kind="outside the repertoire", code="MAP-004", found="A0340", at=_FREE_TEXT, raw="昻氏の申出".encode("cp932")),
    Flaw(kind="invariant broken", code="VAL-002", found="A0270", at=323, raw=b"09000"),
    Flaw(kind="individual number in full-width", code="VAL-003", at=_FREE_TEXT, use="number",
         text="full"),
    Flaw(kind="individual number with hyphens", code="VAL-003", at=_FREE_TEXT, use="number",
         text="full-hyphen"),
    Flaw(kind="number not linked", code="IDN-001", use="unlinked"),
    Flaw(kind="no symbol", code="SYM-001", use="no_symbol", state="waiting", server_code="4007"),
    Flaw(kind="unknown person", code="SRV-005", use="unknown", server_code="4003"),
    Flaw(kind="stale", code="REF-002", use="stale", server_code="4009"),
)  # fmt: skip
"""One of each in the first file. 0-based positions."""


def write_tax(
    path: Path,
    *,
    town: Town,
    first: int,
    records: int,
    flaws: Mapping[int, Flaw] | None = None,
    miscount: int = 0,
    missum: int = 0,
    trailer: bool = True,
    cut: int = 0,
) -> None:
    """A LEVY file about persons `first` … with the flaws by record number; a wrong trailer when asked for.

    `cut`: so many bytes are missing at the end (negative: too many).
    """
    total = 0
    with path.open("wb") as out:
        out.write(_padded(b"1ZEI     LEVY        20260701083000999997" + b"2026"))
        for chunk, amount in _chunks(town, first, records, flaws or {}):
            out.write(chunk)
            total += amount
        if trailer:
            out.write(_padded(b"8%08d" % (records + miscount) + packed(total + missum, 8)))
            out.write(_padded(b"9"))
        if cut > 0:
            out.truncate(out.tell() - cut)
        out.write(b" " * -cut)


def _padded(record: bytes) -> bytes:
    return record.ljust(SIZE)


def _chunks(town: Town, first: int, records: int, flaws: Mapping[int, Flaw]) -> Iterator[tuple[bytes, int]]:
    variants = assessments(town.seed, _VARIANTS)
    tails, annuals = [each.tail for each in variants], [each.annual for each in variants]
    blocks = [_person_block(town, person) for person in range(min(PERIOD, max(records, 1) + first))]
    base, period = int(town.atena("tax", 0)), len(blocks)
    for start in range(0, records, _CHUNK):
        span = range(start, min(start + _CHUNK, records))
        lines = [
            b"2%015d%b2026040199999999%b%b"
            % (
                base + 3 * (first + i),
                _OPERATIONS[i % 50],
                blocks[(first + i) % period],
                tails[(first + i) % _VARIANTS],
            )
            for i in span
        ]
        for number in [number for number in flaws if start < number <= start + len(lines)]:
            spot = number - start - 1
            lines[spot] = _spoilt(town, lines[spot], flaws[number], first + number - 1)
        yield b"".join(lines), sum(annuals[(first + i) % _VARIANTS] for i in span)


_OPERATIONS = tuple({17: b"22026", 33: b"32026"}.get(turn, b"12026") for turn in range(50))
"""異動区分 and 賦課年度: mostly new, some changed, some deleted."""
_OPERATION = 16


def _person_block(town: Town, person: int) -> bytes:
    """Bytes 38 to 192: names, birthday, sex, address."""
    name, home = town.people.name(person), town.people.home(town.people.household(person)[0])
    birth = wareki(town.people.birth(person))
    if person % 40 == 9:
        birth = birth[:5] + "00"  # 日不詳
    elif person % 61 == 9:
        birth = birth[:3] + "0000"  # 月日不詳
    return b"".join((
        kana932(name.kana, 40),
        wide932(name.kanji, 40),
        birth.encode(),
        b"2" if town.people.is_female(person) else b"1",
        home.postcode.encode(),
        wide932(home.address, 60),
    ))  # fmt: skip


def _spoilt(town: Town, record: bytes, flaw: Flaw, person: int) -> bytes:
    """Never a deletion: nobody looks at the content of one, so nothing wrong in it would be found."""
    record = record[:_OPERATION] + b"1" + record[_OPERATION + 1 :]
    match flaw.use:
        case "plain":
            return flaw.patch(record)
        case "number":
            text = digits_in_text(town.canary(), flaw.text)
            return flaw.patch(record, wide932(f"個人番号{text}", 40))
        case _:
            someone = town.person_for("tax", flaw, person)
            return record[:1] + town.atena("tax", someone).encode() + record[16:]
