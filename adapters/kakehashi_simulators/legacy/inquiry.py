"""The welfare system's inquiries: 18 fixed-width fields joined by commas, CRLF, no header (domain.md §8)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kakehashi_simulators.legacy.numbers import digits_in_text
from kakehashi_simulators.legacy.town import Flaw, Town

__all__ = ["CUT", "FLAWS", "LANE", "write_inquiries"]

LANE = "welfare-inquiry"
FLAWS = (
    Flaw(kind="too few columns", code="DEC-017", item="columns", text="-1"),
    Flaw(kind="too many columns", code="DEC-017", item="columns", text="+2"),
    Flaw(kind="over-long field", code="DEC-003", found="照会者部署コード", item="照会者部署コード", text="9" * 24),
    Flaw(kind="not a number", code="DEC-005", found="照会依頼日時", item="照会依頼日時", text="2026-07-01 090000"),
    Flaw(kind="bad charset bytes", code="DEC-004", found="照会者ユーザーID", item="照会者ユーザーID", text="\ue000raw"),
    Flaw(kind="wrong width", code="DEC-008", found="照会者ユーザーID", item="照会者ユーザーID", text="利用者"),
    Flaw(kind="impossible date", code="DEC-007", found="照会開始日付", item="照会開始日付", text="20261301"),
    Flaw(kind="unknown code", code="MAP-002", found="ConditionType", item="照会条件区分", text="8"),
    Flaw(kind="required item missing", code="MAP-003", found="AffairCode", item="事務コード", text=""),
    Flaw(kind="individual number in half-width", code="VAL-003", item="照会者ユーザーID", use="number", text="half"),
    Flaw(kind="number not linked", code="IDN-001", use="unlinked"),
    Flaw(
        kind="without permission", code="REF-004", found="ProcedureCode", item="事務手続コード", text="JT99000000000001"
    ),
)
CUT = Flaw(kind="last line cut off", code="DEC-002")
_BAD = "\ue000raw"


def write_inquiries(
    path: Path, *, town: Town, first: int, records: int, flaws: Mapping[int, Flaw] | None = None, cut: int = 0
) -> None:
    """A P640R110 file that asks about persons `first` …; `cut` bytes of its last line are missing."""
    flaws = flaws or {}
    lines = []
    for number in range(1, records + 1):
        flaw = flaws.get(number)
        person = first + number - 1
        if flaw is None:
            lines.append(",".join(_fields(town, person, number).values()).encode("cp932"))
        else:
            fields = _fields(town, town.person_for("welfare", flaw, person), number)
            if flaw.use == "number":
                fields[flaw.item] = digits_in_text(town.canary(), flaw.text)
                lines.append(",".join(fields.values()).encode("cp932"))
            else:
                lines.append(_spoilt(fields, flaw))
    raw = b"".join(line + b"\r\n" for line in lines)
    path.write_bytes(raw[: len(raw) - cut])


def _spoilt(fields: dict[str, str], flaw: Flaw) -> bytes:
    if flaw.item == "columns":
        values = [*fields.values(), "", ""]
        return ",".join(values[: len(fields) + int(flaw.text)]).encode("cp932")
    if flaw.item:
        fields[flaw.item] = "BADBYTES" if flaw.text == _BAD else flaw.text
    return ",".join(fields.values()).encode("cp932").replace(b"BADBYTES", b"USER\x85\xfd")


def _fields(town: Town, person: int, number: int) -> dict[str, str]:
    by_period = number % 9 == 4
    return {
        "番号体系": "02",
        "宛名番号": town.atena("welfare", person),
        "統合宛名番号": "",
        "照会依頼日時": f"20260701{9 + number // 3600:02}{number // 60 % 60:02}{number % 60:02}{number % 1000:03}",
        "照会者部署コード": "99990002".ljust(20),
        "照会者ユーザーID": f"USER{number % 40:04}".ljust(20) if number % 3 else "",
        "照会者機関コード": "9999000000000002",
        "照会側不開示コード": "0",
        "事務コード": "JM99000000000002",
        "事務手続コード": "JT99000000000003",
        "照会者機関コード(委任元)": "",
        "提供者機関コード(委任元)": "",
        "提供者機関コード": "9999000000000010",
        "特定個人情報名コード": "TM99000000000001",
        "照会条件区分": "2" if by_period else "1",
        "照会年度区分": "0" if by_period else str(number % 3 + 1),
        "照会開始日付": "20250401" if by_period else "",
        "照会終了日付": "20260331" if by_period else "",
    }
