"""What is wrong with a mapping is told when it is compiled, all of it."""

import pytest
from tests.unit.mapping.standards import ROWS, compiled, with_row, without_row

from kakehashi.errors import ConfigurationError


def faults_of(rows, **more):
    with pytest.raises(ConfigurationError) as caught:
        compiled(rows, **more)
    return [(fault.code, fault.place.record, fault.place.item) for fault in caught.value.faults]


LINE = len(ROWS) + 1  # with_row puts its row last; the header is line 1


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        (without_row("@person"), ("CFG-009", None, "target")),
        (without_row("@unit"), ("CFG-009", None, "target")),
        (without_row("@valid_from"), ("CFG-009", None, "target")),
        (without_row("@non_disclosure"), ("CFG-012", None, "target")),
        (without_row("A0010"), ("CFG-009", None, "target")),
        (with_row("@person", "宛名番号", "trim"), ("CFG-008", LINE, "source")),
        (with_row("@person", "宛名番号 年度"), ("CFG-008", LINE, "source")),
        (with_row("A0010", "指名"), ("CFG-006", LINE, "source")),
        (with_row("A0010", "氏名", "trimm"), ("CFG-006", LINE, "converters")),
        (with_row("A0010", "氏名", "pad"), ("CFG-003", LINE, "converters")),
        (with_row("A0010", "氏名", "", "kinds"), ("CFG-006", LINE, "converters")),
        (with_row("A0010", "氏名", "code"), ("CFG-004", LINE, "table")),
        (with_row("A0010", ""), ("CFG-008", LINE, "source")),
        (with_row("A0010", "氏名", "", "", "1"), ("CFG-003", LINE, "absent")),
        (with_row("A0010", "氏名 カナ"), ("CFG-008", LINE, "converters")),
        (with_row("A0010", "氏名 カナ", "trim | concat"), ("CFG-008", LINE, "converters")),
        (with_row("A0010", "=淸"), ("CFG-003", LINE, "source")),
        (with_row("A0010", "="), ("CFG-003", LINE, "source")),
        (with_row("A0070", "=3"), ("CFG-003", LINE, "source")),
        (with_row("A0040", "=many"), ("CFG-003", LINE, "source")),
        (with_row("A0070", "区分", "", "operation", "1"), ("CFG-006", LINE, "table")),
        ([*ROWS, ("A0010", "氏名")], ("CFG-008", LINE + 1, "target")),
        ([*ROWS, ("A9990", "氏名")], ("CFG-006", LINE + 1, "target")),
        ([*ROWS, ("@operatin", "異動")], ("CFG-006", LINE + 1, "target")),
    ],
)
def test_a_wrong_row_has_its_code_line_and_column(rows, fault):
    """Each kind of mistake has a code of its own, and the cell where it stands."""
    assert faults_of(rows) == [fault]


def test_all_mistakes_are_told_at_once():
    """A table with five mistakes gives five faults in the order of its lines."""
    rows = [("A0010", "指名", "trimm"), ("A0020", "カナ", "kan"), ("A0099", "番号"), *without_row("A0010")[:4]]
    codes = [code for code, _, _ in faults_of(rows)]
    assert len(codes) >= 5
    assert {"CFG-006", "CFG-009", "CFG-012"} <= set(codes)


def test_unknown_names_are_answered_with_known_ones():
    """The fault says what was probably meant."""
    with pytest.raises(ConfigurationError) as caught:
        compiled(with_row("A0020", "カ", "kanna"))
    known = [fault.facts["known"] for fault in caught.value.faults]
    assert "カナ" in known[0]
    assert "kana" in known[1]


def test_an_inquiry_knows_no_controls():
    """@unit and its like are unknown targets of an inquiry."""
    assert {code for code, _, _ in faults_of(ROWS, inquiry=True)} == {"CFG-006"}
