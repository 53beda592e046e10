"""Further shapes of vendors' record layouts, all invented: columns of digits before and behind the point, levels,
names in several columns, nested repetitions, types in other words.
"""

from __future__ import annotations

import pytest
from tests.unit.config.test_import_layout import codes, imported, items

from kakehashi.errors import ConfigurationError


def test_digits_before_and_behind_the_point_have_columns_of_their_own():
    """整数 and 小数 under 桁数 count together, and the decimals are those of the item."""
    rows = [
        ["№", "項目名", "属性", "桁数", None, "開始"],
        [None, None, None, "整数", "小数", None],
        [1, "番号", "9", 8, None, 1],
        [2, "率", "P", 5, 2, 9],
        [3, "額", "P", 7, None, 13],
    ]
    found = imported(rows, "D1:E1", record_length=16)
    assert items(found) == [("番号", "9", 8, 1, ""), ("率", "P", 4, 9, ""), ("額", "P", 4, 13, "")]
    assert [row[7] for row in found.rows] == ["", "2", ""]


def test_levels_say_what_belongs_to_a_group():
    """A column of levels, as in copybooks: a group with its length and repetition, inside another."""
    rows = [
        ["レベル", "項目名", "PIC", "バイト数", "OCCURS"],
        ["01", "受付レコード", None, 30, None],
        ["03", "番号", "9(10)", 10, None],
        ["03", "明細", None, 10, 2],
        ["05", "区分", "X(1)", 1, None],
        ["05", "額", "9(9)", 9, None],
    ]
    found = imported(rows, record_length=30)
    assert items(found) == [
        ("番号", "9", 10, 1, ""),
        ("明細_1_区分", "X", 1, 11, ""),
        ("明細_1_額", "9", 9, 12, ""),
        ("明細_2_区分", "X", 1, 21, ""),
        ("明細_2_額", "9", 9, 22, ""),
    ]


def test_names_may_stand_in_several_columns():
    """大項目, 中項目 and 小項目: the innermost text is the item's."""
    rows = [
        ["No", "大項目", "中項目", "小項目", "属性", "バイト数", "開始位置"],
        [1, "共通部", "区分", None, "9", 1, 1],
        [2, "世帯", "世帯主", "氏名", "N", 40, 2],
        [3, None, None, "カナ", "X", 20, 42],
        [4, None, "住所", None, "N", 60, 62],
    ]
    found = imported(rows, "B3:B5", "C3:C4", record_length=121)
    assert [item[0] for item in items(found)] == ["区分", "氏名", "カナ", "住所"]


def test_copies_of_nested_groups_are_told_apart_by_all_of_their_groups():
    """The third member's second tax is called so."""
    rows = [
        ["項番", "項目名", "属性", "バイト数", "繰返"],
        [1, "世帯員", None, None, 3],
        [2, "　続柄", "9", 2, None],
        [3, "　税", None, None, 2],
        [4, "　　額", "9", 5, None],
    ]
    names = [item[0] for item in items(imported(rows, record_length=36))]
    assert names[-1] == "世帯員_3_税_2_額"
    assert len(set(names)) == len(names) == 9


def test_types_may_be_those_of_a_database():
    """CHAR(10) and NUMBER(9,2) have their length in them; NCHAR and CHAR are no layout of banks."""
    rows = [
        ["SEQ", "フィールド名", "データ型", "長さ"],
        [1, "番号", "CHAR(10)", None],
        [2, "率", "NUMBER(9,2)", None],
        [3, "名", "NCHAR", 20],
        [4, "電話", "VARCHAR", 13],
    ]
    found = imported(rows, record_length=52)
    assert [item[1:3] for item in items(found)] == [("X", 10), ("S9", 9), ("N", 20), ("X", 13)]
    assert "bank-style" not in codes(imported([rows[0], [1, "番号", "CHAR", 10], [2, "名", "NCHAR", 20]]))


def test_a_record_type_of_labels_alone_is_refused():
    """Nothing is written that has no bytes: CFG-008 at its first row."""
    rows = [
        ["項番", "項目名", "属性", "桁数"],
        [1, "番号", "9", 5],
        [],
        ["項番", "項目名", "属性", "桁数"],
        [1, "見出し"],
    ]
    with pytest.raises(ConfigurationError) as caught:
        imported(rows)
    assert [(fault.code, fault.place.record) for fault in caught.value.faults] == [("CFG-008", 5)]
