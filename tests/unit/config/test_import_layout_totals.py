"""Totals, types and places of vendors' record layouts in other words, all invented."""

from __future__ import annotations

import pytest
from tests.unit.config.test_import_layout import codes, imported, items

from kakehashi.errors import ConfigurationError


def test_an_item_called_total_is_no_total():
    """合計 with a number or a type of its own is an item of a trailer."""
    rows = [["項番", "項目名", "属性", "桁数"], [1, "件数", "9", 9], [2, "合計", "9", 11]]
    assert items(imported(rows)) == [("件数", "9", 9, 1, ""), ("合計", "9", 11, 10, "")]
    rows = [["項目名", "属性", "桁数"], ["件数", "9", 9], ["計", "9", 11]]
    assert len(items(imported(rows))) == 2


@pytest.mark.parametrize(
    "total", [["", "合計", "", "", 33], ["合計", "", "", 33, ""], ["", "合計", "", "", "33バイト"]]
)
def test_a_total_counts_wherever_it_stands(total):
    """In the column of sums, or under that of numbers: it decides that 桁数 of N are characters."""
    rows = [["項番", "項目名", "属性", "桁数", "累計"], [1, "番号", "9", 3, 3], [2, "氏名", "N", 15, 33], total]
    found = imported(rows)
    assert items(found) == [("番号", "9", 3, 1, ""), ("氏名", "N", 30, 4, "")]
    assert "wide-doubled" in codes(found)


def test_a_total_that_differs_is_refused():
    """CFG-011, as for a stated record length."""
    rows = [["項番", "項目名", "属性", "バイト数", "備考"], [1, "番号", "9", 3, ""], ["", "合計", "", "", 4]]
    with pytest.raises(ConfigurationError) as caught:
        imported(rows)
    assert [fault.code for fault in caught.value.faults] == ["CFG-011"]


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("K", "N"), ("K(5)", "N"), ("漢字(N)", "N"), ("全角文字列", "N"), ("数字（9）", "9"), ("数値型", "9"),
        ("文字型", "X"),
        ("半角文字列", "X"), ("英数カナ", "X"), ("英", "X"), ("漢", "N"), ("内部10進数", "P"), ("パックデシマル", "P"),
        ("符号付パック", "P"), ("ゾーンデシマル", "Z"), ("符号付ゾーン", "Z"), ("２進", "B"), ("S9", "S9"), ("Ｘ", "X"),
    ],
)  # fmt: skip
def test_types_are_spelt_in_many_ways(word, kind):
    """Ours is the same for all; an unknown word is still a fault."""
    assert items(imported([["項目名", "型", "バイト数"], ["a", word, 10]]))[0][1:3] == (kind, 10)


def test_an_unknown_type_is_no_text():
    """CFG-006, also in brackets."""
    with pytest.raises(ConfigurationError):
        imported([["項目名", "型", "バイト数"], ["a", "謎(9)", 10]])


@pytest.mark.parametrize("name", ["論理名", "和名", "カラム名", "データ名", "項目論理名", "項目名(日本語)"])
def test_columns_of_names_have_many_headings(name):
    """A physical name beside it stays out."""
    found = imported(
        [["#", name, "物理名", "PIC", "開始", "長さ"], [1, "番号", "NO", "9(05)", 1, 5], [2, "名", "NM", "K(3)", 6, 6]]
    )
    assert items(found) == [("番号", "9", 5, 1, ""), ("名", "N", 6, 6, "")]


@pytest.mark.parametrize(("first", "starts"), [("From", "To"), ("開始位置", "終了位置")])
def test_first_and_last_byte_may_stand_for_the_length(first, starts):
    """From 1 or from 0; both ends are the item's."""
    for base in (0, 1):
        rows = [
            ["項目名", "型", first, starts],
            ["a", "X", base, base + 9],
            ["b", "N", base + 10, base + 29],
            ["c", "9", base + 30, base + 30],
        ]
        assert [each[:3] for each in items(imported(rows))] == [("a", "X", 10), ("b", "N", 20), ("c", "9", 1)]


def test_digits_behind_the_point_may_follow_a_comma():
    """9,2 is nine digits, two of them behind the point; 1,024 is a thousand and 24."""
    rows = [
        ["項目名", "型", "桁数", "オフセット"],
        ["額", "P", "9,2", 0],
        ["率", "9", "5.2", 5],
        ["文", "X", "1,024", 10],
        ["名", "N", 5, 1034],
    ]
    found = imported(rows)
    assert [each[:3] for each in items(found)] == [("額", "P", 5), ("率", "S9", 5), ("文", "X", 1024), ("名", "N", 10)]
    assert [row[7] for row in found.rows] == ["2", "2", "", ""]


def test_an_odd_length_of_full_width_text_counts_characters():
    """Half a kanji is no length, even where no record length is stated."""
    assert items(imported([["項目名", "型", "桁数"], ["名", "N", 5]]))[0][2] == 10
