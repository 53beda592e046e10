"""The welfare system's register of public assistance 「生活保護」: Shift_JIS XML with Japanese element names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from xml.sax.saxutils import escape

from kakehashi_simulators.legacy.numbers import digits_in_text
from kakehashi_simulators.legacy.people import wareki_letter
from kakehashi_simulators.legacy.town import Flaw, Town

__all__ = ["FLAWS", "LANE", "write_assistance"]

LANE = "welfare-assistance"
_PROLOGUE = '<?xml version="1.0" encoding="Shift_JIS"?>\r\n<生活保護連携 作成日="2026-07-01" 件数="{records}">\r\n'
_EPILOGUE = "</生活保護連携>\r\n"
FLAWS = (
    Flaw(kind="not a number", code="DEC-005", found="最低生活費", item="最低生活費", text="12万円"),
    Flaw(kind="required element missing", code="DEC-019", found="ケース番号", item="ケース番号", text=""),
    Flaw(kind="wrong width", code="DEC-008", found="氏名", item="氏名", text="ﾔﾏﾀﾞ ﾀﾛｳ"),
    Flaw(kind="impossible era date", code="DEC-007", found="保護開始年月日", item="保護開始年月日", text="S641301"),
    Flaw(kind="unknown code", code="MAP-002", found="B0030", item="世帯類型", text="ZZ"),
    Flaw(kind="required item missing", code="MAP-003", found="B0030", item="世帯類型", text=" "),
    Flaw(kind="outside the repertoire", code="MAP-004", found="B0150", item="氏名", text="朝川　勀"),
    Flaw(kind="invariant broken", code="VAL-002", found="B0130", item="支給額", text="999999"),
    Flaw(kind="individual number in full-width", code="VAL-003", item="備考", use="number", text="full"),
    Flaw(kind="individual number with hyphens", code="VAL-003", item="備考", use="number",
         text="full-hyphen"),
    Flaw(kind="individual number in the kana name", code="VAL-003", item="カナ氏名", use="number", text="hyphen"),
    Flaw(kind="number not linked", code="IDN-001", use="unlinked"),
    Flaw(kind="no symbol", code="SYM-001", use="no_symbol", state="waiting", server_code="4007"),
    Flaw(kind="unknown person", code="SRV-005", use="unknown", server_code="4003"),
)  # fmt: skip
_HOUSEHOLD_KINDS = ("01", "02", "03", "04", "09")


def write_assistance(
    path: Path,
    *,
    town: Town,
    first: int,
    records: int,
    flaws: Mapping[int, Flaw] | None = None,
    doctype: str = "",
    closed: bool = True,
) -> None:
    """A file about persons `first` …; not closed: cut off in the middle of its last record."""
    head = _PROLOGUE.format(records=records)
    if doctype:
        head = head.replace("\r\n", f"\r\n{doctype}\r\n", 1)
    body = "".join(_records(town, first, records, flaws or {}))
    text = head + body + _EPILOGUE if closed else head + body[: -len("</対象者>") - 30]
    path.write_bytes(text.encode("cp932"))


def _records(town: Town, first: int, records: int, flaws: Mapping[int, Flaw]) -> Iterator[str]:
    for number in range(1, records + 1):
        person = first + number - 1
        flaw = flaws.get(number)
        if flaw is None:
            yield _written(_items(town, person))
            continue
        items = _items(town, town.person_for("welfare", flaw, person))
        if flaw.use == "number":
            prefix = "" if flaw.text in ("half", "hyphen") else "個人番号"
            items[flaw.item] = [f"{prefix}{digits_in_text(town.canary(), flaw.text)}"]
        elif flaw.item:
            items[flaw.item] = [flaw.text] if flaw.text else []
        yield _written(items)


def _written(items: Mapping[str, list[str]]) -> str:
    lines = [f"    <{name}>{escape(value)}</{name}>" for name, values in items.items() for value in values]
    return "\r\n".join(["  <対象者>", *lines, "  </対象者>", ""])


def _items(town: Town, person: int) -> dict[str, list[str]]:
    """One person's record. An element that has nothing to say is empty or absent, as exports do."""
    people = town.people
    household, place = people.household(person)
    name = people.name(person)
    needs = 90_000 + household % 17 * 5_000
    income = person % 5 * 12_000
    began = date(2019, 4, 1) + timedelta(days=household * 53 % 2400)
    ended = began + timedelta(days=400) if person % 23 == 4 else None
    paused = began + timedelta(days=100) if person % 29 == 6 else None
    kinds = ["S1", *[f"S{kind}" for kind in range(2, 9) if (household + kind) % 4 == 0]]
    return {
        "宛名番号": [town.atena("welfare", person)],
        "異動区分": ["UPD" if person % 37 == 1 else "NEW"],
        "対象年度": ["2026"],
        "基準日": ["2026-07-01"],
        "実施機関コード": ["999997"],
        "ケース番号": [f"{household % 10**7 + 26 * 10**8:010}"],
        "世帯類型": [_HOUSEHOLD_KINDS[household % 5]],
        "世帯人員": [f"{place + 1 + household % 2:02}"],
        "扶助種別": kinds,
        "保護開始年月日": [wareki_letter(began)],
        "保護廃止年月日": [wareki_letter(ended) if ended else ""],
        "保護廃止事由": ["10"] if ended else [],
        "保護停止開始年月日": [wareki_letter(paused)] if paused else [],
        "保護停止終了年月日": [wareki_letter(paused + timedelta(days=60))] if paused else [],
        "最低生活費": [str(needs)],
        "収入認定額": [str(income)],
        "支給額": [str(needs - income)],
        "医療扶助区分": [str(household % 4)],
        "氏名": [name.kanji],
        "カナ氏名": [name.kana],
        "支援措置": ["1" if person % 43 == 8 else "0"],
        "自動応答不可": ["0"],
        "備考": ["髙齢者世帯・訪問調査済"] if person % 19 == 3 else ["就労支援中＆通院"] if person % 19 == 5 else [],
    }
