"""What a system may hand over wrong: each kind has its code, and nothing that is right suffers from it."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from kakehashi.catalogue import PROBLEMS
from kakehashi.domain.batch import FileState
from kakehashi_simulators.legacy import digits_in_text, seeded_numbers
from kakehashi_simulators.legacy.packing import packed, wide932

SIZE = 400
RECORD = 5
"""The damaged record (1-based) is a new assessment: nobody looks at the content of a deletion."""


def tax(at, raw):
    """Bytes of one data record of LEVY replaced; `at` is the column of layout.csv (1-based), the header comes first."""
    start = RECORD * SIZE + at - 1
    return lambda content: content[:start] + raw + content[start + len(raw) :]


def trailer(at, change):
    """Bytes of the trailer, which stands before the end record, replaced by what `change` makes of the content."""

    def damage(content):
        start = len(content) - 2 * SIZE + at - 1
        raw = change(content)
        return content[:start] + raw + content[start + len(raw) :]

    return damage


def line(change, number=RECORD):
    """One line of an inquiry file changed."""

    def damage(content):
        lines = content.split(b"\r\n")
        lines[number - 1] = change(lines[number - 1])
        return b"\r\n".join(lines)

    return damage


def column(position, raw):
    """One field (1-based) of an inquiry replaced."""

    def change(content):
        fields = content.split(b",")
        fields[position - 1] = raw
        return b",".join(fields)

    return line(change)


def records_of(content):
    return len(content) // SIZE - 3


def number_in_text(style):
    number = next(seeded_numbers(41, 1))
    return wide932(f"個人番号{digits_in_text(number, style)}", 40)


@dataclass(frozen=True, kw_only=True)
class Bad:
    """`item` and `byte` (of its record, from 0) are where the fault stands; `record` 0 is the file's last one."""

    kind: str
    code: str
    damage: Callable[[bytes], bytes]
    lane: str = "tax-levy"
    item: str | None = None
    byte: int | None = None
    record: int = RECORD
    good_name: str = "LEVY0009.DAT"
    records: Callable[[bytes], int] = records_of


REFUSED = [
    Bad(kind="unknown record type", code="DEC-009", damage=tax(1, b"7")),
    Bad(kind="letter in a number", code="DEC-005", item="賦課年度", byte=18, damage=tax(18, b"2O26")),
    Bad(kind="wrong charset byte", code="DEC-004", item="漢字氏名", byte=77, damage=tax(78, b"\x85\xfd")),
    Bad(kind="half a character", code="DEC-004", item="住所", byte=191, damage=tax(191, b" \x8b")),
    Bad(kind="half-width in a full-width item", code="DEC-008", item="漢字氏名", byte=77, damage=tax(78, b"YAMADA")),
    Bad(
        kind="invalid packed digits",
        code="DEC-006",
        item="総所得金額",
        byte=198,
        damage=tax(198, b"\x00\x0a\x00\x00\x00\x0c"),
    ),
    Bad(kind="packed sign missing", code="DEC-006", item="給与収入金額", byte=208, damage=tax(209, b"\x01")),
    Bad(kind="invalid zoned digits", code="DEC-006", item="市民税所得割額", byte=306, damage=tax(302, b"00012X400")),
    Bad(kind="day that its month does not have", code="MAP-001", item="@valid_from", damage=tax(22, b"20260230")),
    Bad(kind="day before its era", code="DEC-007", item="生年月日", byte=117, damage=tax(118, b"4010107")),
    Bad(kind="unlinked number", code="IDN-001", damage=tax(2, b"000000999999999")),
    Bad(kind="unknown code", code="MAP-002", item="A0030", damage=tax(195, b"77")),
    Bad(kind="unknown operation", code="MAP-002", item="@operation", damage=tax(17, b"9")),
    Bad(kind="required item empty", code="MAP-003", item="A0040", damage=tax(197, b" ")),
    Bad(kind="individual number in a text", code="VAL-003", damage=tax(360, number_in_text("full"))),
    Bad(kind="individual number with hyphens", code="VAL-003", damage=tax(360, number_in_text("full-hyphen"))),
    Bad(
        kind="last line cut off",
        code="DEC-002",
        lane="welfare-inquiry",
        record=0,
        damage=lambda content: content[:-40],
    ),
    Bad(
        kind="over-long field",
        code="DEC-003",
        lane="welfare-inquiry",
        item="照会者部署コード",
        damage=column(5, b"9" * 24),
    ),
    Bad(
        kind="over-long line",
        code="DEC-017",
        lane="welfare-inquiry",
        damage=line(lambda content: content + b",9" * 5000),
    ),
    Bad(
        kind="empty line",
        code="DEC-017",
        lane="welfare-inquiry",
        damage=line(lambda content: b""),
    ),
    Bad(
        kind="month 13",
        code="DEC-007",
        lane="welfare-inquiry",
        item="照会開始日付",
        damage=column(17, b"20261301"),
    ),
    Bad(
        kind="wrong charset byte in a line",
        code="DEC-004",
        lane="welfare-inquiry",
        item="照会者ユーザーID",
        damage=column(6, b"USER\x85\xfd"),
    ),
]

HELD = [
    Bad(
        kind="count of the trailer",
        code="DEC-010",
        damage=trailer(2, lambda content: b"%08d" % (records_of(content) + 1)),
    ),
    Bad(kind="control total of the trailer", code="DEC-011", damage=trailer(10, lambda _content: packed(1, 8))),
    Bad(kind="end record missing", code="DEC-012", damage=lambda content: content[:-SIZE]),
    Bad(
        kind="trailer missing",
        code="DEC-012",
        damage=lambda content: content[: -2 * SIZE] + content[-SIZE:],
    ),
    Bad(kind="trailer and end missing", code="DEC-012", damage=lambda content: content[: -2 * SIZE]),
    Bad(
        kind="last record cut off",
        code="DEC-012",
        damage=lambda content: content[: -2 * SIZE - 123],
        records=lambda content: records_of(content) - 1,
    ),
    Bad(kind="end record cut off", code="DEC-014", damage=lambda content: content[:-100]),
    Bad(kind="header missing", code="DEC-013", damage=lambda content: content[SIZE:]),
    Bad(
        kind="impossible date in the header",
        code="DEC-007",
        damage=lambda content: content[:21] + b"20261301" + content[29:],
    ),
    Bad(kind="bytes behind the end", code="DEC-014", damage=lambda content: content + b" " * 17),
    Bad(
        kind="record lost on the way",
        code="DEC-010",
        damage=lambda content: content[: RECORD * SIZE] + content[(RECORD + 1) * SIZE :],
        records=lambda content: records_of(content) - 1,
    ),
]


def sample_of(manifest, lane):
    sample = manifest.lane(lane)[0]
    return sample, sample.path.read_bytes()


@pytest.mark.parametrize("bad", REFUSED, ids=lambda bad: bad.kind)
def test_a_bad_record_is_refused_alone(house_of, manifest, bad):
    """The fault names code, record, item and byte; all neighbours are accepted, and the counts add up."""
    assert bad.code in PROBLEMS
    house = house_of(bad.lane)
    sample, content = sample_of(manifest, bad.lane)
    house.take(sample.name, bad.damage(content))
    house.until_quiet()
    (row,) = house.store.exceptions()
    assert (row.code, row.record_no, row.item) == (bad.code, bad.record or sample.records, bad.item)
    if bad.byte is not None:
        assert row.offset == bad.record * SIZE + bad.byte
    counts = house.counts
    assert (counts.received, counts.accepted, counts.refused) == (sample.records, sample.records - 1, 1)
    assert counts.received == counts.accepted + counts.refused + counts.waiting
    assert counts.adds_up
    assert house.server._totals()["twice"] == 0


@pytest.mark.parametrize("bad", HELD, ids=lambda bad: bad.kind)
def test_a_file_that_does_not_agree_with_itself_is_held(house_of, manifest, bad):
    """Nothing of it is sent, all of its records wait; the file next to it is accepted whole."""
    assert bad.code in PROBLEMS
    house = house_of(bad.lane)
    sample, content = sample_of(manifest, bad.lane)
    house.source.put(bad.good_name, content)
    house.take(sample.name, bad.damage(content))
    house.until_quiet()
    (held,) = house.store.files(state=FileState.HELD)
    assert (held.name, held.code) == (sample.name, bad.code)
    assert held.records == bad.records(content)
    counts = house.counts
    assert (counts.accepted, counts.refused, counts.waiting) == (sample.records, 0, held.records)
    assert counts.received == counts.accepted + counts.waiting
    assert counts.adds_up
    assert [event["code"] for event in house.recorder.named("file.held")] == [bad.code]
    assert house.server._totals()["effects"] == sample.records


def test_many_faults_are_told_each(house_of, manifest):
    """Different faults in one file are different rows; a record with two faults is refused once."""
    house = house_of("tax-levy")
    sample, content = sample_of(manifest, "tax-levy")
    spoilt = bytearray(content)
    for record, at, raw in [(3, 18, b"2O26"), (5, 195, b"77"), (5, 197, b" "), (7, 2, b"000000999999999")]:
        spoilt[record * SIZE + at - 1 : record * SIZE + at - 1 + len(raw)] = raw
    house.take(sample.name, bytes(spoilt))
    house.until_quiet()
    rows = {row.record_no: row.code for row in house.store.exceptions()}
    assert rows == {3: "DEC-005", 5: "MAP-002", 7: "IDN-001"}
    assert (house.counts.accepted, house.counts.refused) == (sample.records - 3, 3)
    assert house.counts.adds_up


def test_every_record_may_be_bad(house_of, manifest):
    """A file of nothing but unlinked numbers is settled with all of its records refused; nothing is sent."""
    house = house_of("tax-levy")
    sample, content = sample_of(manifest, "tax-levy")
    spoilt = bytearray(content)
    for record in range(1, sample.records + 1):
        spoilt[record * SIZE + 1 : record * SIZE + 16] = b"%015d" % (999_000_000 + record)
    house.take(sample.name, bytes(spoilt))
    house.until_quiet()
    assert {row.code for row in house.store.exceptions()} == {"IDN-001"}
    assert (house.counts.received, house.counts.refused) == (sample.records, sample.records)
    assert house.server._totals()["effects"] == 0
    assert len(house.results()) == 1


NOTHING = (b"8%08d" % 0 + packed(0, 8)).ljust(SIZE) + b"9".ljust(SIZE)


@pytest.mark.parametrize("rest", [None, NOTHING], ids=["no byte", "no data record"])
def test_an_empty_file_goes_aside(house_of, manifest, rest):
    """REF-006: quarantined, unknown to the ledger; the file next to it is accepted."""
    house = house_of("tax-levy")
    sample, good = sample_of(manifest, "tax-levy")
    house.source.put("LEVY0009.DAT", b"" if rest is None else good[:SIZE] + rest)
    house.take(sample.name, good)
    house.until_quiet()
    assert house.source.quarantined == [("LEVY0009.DAT", "REF-006")]
    assert (house.counts.files, house.counts.accepted) == (1, sample.records)
    assert house.counts.adds_up


def test_the_same_content_under_another_name_is_not_taken_twice(house_of, manifest):
    """REF-001: the second delivery goes aside and names the first; what was accepted stays accepted once."""
    house = house_of("tax-levy")
    sample, content = sample_of(manifest, "tax-levy")
    house.take(sample.name, content)
    house.until_quiet()
    house.take("LEVY0099.DAT", content)
    house.until_quiet()
    assert house.source.quarantined == [("LEVY0099.DAT", "REF-001")]
    (event,) = house.recorder.named("file.refused")
    assert event["original"] == house.store.files()[0].id
    assert (house.counts.files, house.counts.received, house.counts.accepted) == (1, sample.records, sample.records)
    totals = house.server._totals()
    assert (totals["effects"], totals["twice"]) == (sample.records, 0)
    assert len(house.gateway.spool.files) == 1


def test_the_same_name_with_other_content_is_another_file(house_of, manifest):
    """Names repeat from day to day: other bytes are a file of their own, counted and sent beside the first."""
    house = house_of("tax-levy")
    sample, content = sample_of(manifest, "tax-levy")
    house.take(sample.name, content)
    house.until_quiet()
    house.take(sample.name, content[:25] + b"0702" + content[29:])
    house.until_quiet()
    assert house.source.quarantined == []
    assert [file.name for file in house.store.files()] == [sample.name] * 2
    counts = house.counts
    assert counts.received == 2 * sample.records == counts.accepted + counts.refused + counts.waiting
    assert counts.accepted == 2 * sample.records
    assert counts.adds_up
