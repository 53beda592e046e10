"""Record layouts as vendors draw them in a spreadsheet → layout.csv. All of them invented here."""

from __future__ import annotations

import csv
import io

import pytest
from click.testing import CliRunner
from openpyxl import Workbook

from kakehashi.cli.main import main
from kakehashi.config.import_layout import COLUMNS, import_layout
from kakehashi.config.sheet import read_sheets
from kakehashi.config.single_layout import load_layout
from kakehashi.errors import ConfigurationError


def workbook(**sheets):
    """Sheets of rows; a key `merge` in a row dict merges cells."""
    book = Workbook()
    book.remove(book.active)
    for name, (rows, merges) in sheets.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(list(row))
        for area in merges:
            page.merge_cells(area)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def imported(rows, *merges, name="レイアウト", **more):
    return import_layout(read_sheets(workbook(**{name: (rows, merges)}), file="v.xlsx"), file="v.xlsx", **more)


def items(found):
    """(name, type, length, start, repeat)"""
    return [(row[2], row[3], int(row[4]), int(row[5]), row[6]) for row in found.rows]


def codes(found):
    return {guess.code for guess in found.guesses}


SIMPLE = [
    ["住民税課税データ", None, None, None, None, None],
    ["レコード長", "40", None, None, None, None],
    [],
    ["項番", "項目名", "属性", "バイト数", "開始位置", "備考"],
    [1, "レコード区分", "9", 1, 1, "2固定"],
    [2, "氏名カナ", "X", 15, 2, None],
    [3, "氏名", "N", 20, 17, None],
    [4, "課税額", "P", 4, 37, "符号付"],
]


def test_headings_are_found_wherever_they_stand():
    """Title and record length above them; places and sum agree."""
    found = imported(SIMPLE)
    assert items(found) == [
        ("レコード区分", "9", 1, 1, ""), ("氏名カナ", "X", 15, 2, ""),
        ("氏名", "N", 20, 17, ""), ("課税額", "P", 4, 37, ""),
    ]  # fmt: skip
    assert found.rows[0][-1] == "2固定"
    assert (found.lengths, codes(found)) == ({"data": 40}, set())


@pytest.mark.parametrize(
    "heading",
    [
        ["№", "項目名称", "データ型", "桁数", "位置", "説明"],
        ["Ｎｏ．", "データ項目名", "タイプ", "長さ", "開始桁", "摘要"],
        ["項目番号", "項目名（日本語）", "型", "ﾊﾞｲﾄ数", "FROM", "備考※"],
        ["SEQ", "名称", "PIC", "サイズ", "オフセット", "内容"],
    ],
)
def test_headings_have_many_names(heading):
    """Wide and half-width forms, remarks in brackets, foot-note marks."""
    assert items(imported([*SIMPLE[:3], heading, *SIMPLE[4:]])) == items(imported(SIMPLE))


def test_headings_may_take_two_rows():
    """Merged downwards beside divided ones."""
    rows = [
        ["項番", "項目名", "データ", None, "備考"],
        [None, None, "属性", "バイト数", None],
        [1, "区分", "9", 1, None],
        [2, "金額", "S9", 9, None],
    ]
    found = imported(rows, "A1:A2", "B1:B2", "C1:D1", "E1:E2")
    assert [row[2:5] for row in found.rows] == [("区分", "9", "1"), ("金額", "S9", "9")]
    assert codes(found) == {"no-record-length"}


def test_names_under_a_wide_heading_belong_to_groups():
    """The group's row stands further to the left and has no length, or that of its items."""
    rows = [
        ["項番", "項目名", None, "属性", "バイト数", "繰返"],
        [1, "世帯", None, None, 11, None],
        ["1-1", None, "番号", "9", 5, None],
        ["1-2", None, "区分", "X", 2, 3],
        [2, "本人", None, None, None, None],
        ["2-1", None, "番号", "9", 5, None],
    ]
    found = imported(rows, "B1:C1", record_length=16)
    assert items(found) == [("世帯_番号", "9", 5, 1, ""), ("区分", "X", 2, 6, "3"), ("本人_番号", "9", 5, 12, "")]
    assert codes(found) == {"group", "renamed"}


def test_a_repeated_group_is_written_out():
    """Its members as often as it says, each with a name of its own."""
    rows = [
        ["項番", "項目名", "属性", "桁数", "開始位置", "繰返し回数"],
        [1, "区分", "9", 1, 1, None],
        [2, "扶養親族", None, 10, 2, "２回"],
        [3, "続柄", "X", 2, 2, None],
        [4, "生年", "9", 3, 4, None],
        [5, "予備", "X", 4, 12, None],
    ]
    found = imported(rows, record_length=15)
    assert items(found) == [
        ("区分", "9", 1, 1, ""), ("扶養親族_1_続柄", "X", 2, 2, ""), ("扶養親族_1_生年", "9", 3, 4, ""),
        ("扶養親族_2_続柄", "X", 2, 7, ""), ("扶養親族_2_生年", "9", 3, 9, ""), ("予備", "X", 4, 12, ""),
    ]  # fmt: skip
    assert "repeated-group" in codes(found)


def test_a_page_break_repeats_the_headings_and_the_record_goes_on():
    """Also where the new page has its columns elsewhere; titles of pages are no items."""
    rows = [
        *SIMPLE[:6],
        ["住民税課税データ（2ページ）"],
        ["項番", "項目名", None, "備考", "属性", "バイト数", "開始位置"],
        [3, "氏名", None, None, "N", 20, 17],
        [4, "課税額", None, "符号付", "P", 4, 37],
        [None, "合計", None, None, None, 40],
    ]
    assert items(imported(rows)) == items(imported(SIMPLE))


def test_record_types_are_told_apart_by_their_titles_and_numbers():
    """A heading below which numbers start again begins another record type."""
    head = ["項番", "項目名", "属性", "バイト数", "開始位置"]
    rows = [
        ["【ヘッダレコード】"], head, [1, "区分", "9", 1, 1], [2, "作成日", "日付", 8, 2], [3, "予備", "X", 11, 10], [],
        ["【データレコード】"], head, [1, "区分", "9", 1, 1], [2, "金額", "S9(7)V99", 9, 2], [3, "予備", "X", 5, 11],
        [4, "予備", "X", 5, 16], [],
        ["【トレーラレコード】"], head, [1, "区分", "9", 1, 1], [2, "件数", "数字", 19, 2],
    ]  # fmt: skip
    found = imported(rows, record_length=20)
    assert found.lengths == {"header": 20, "data": 20, "trailer": 20}
    assert [row[:5] + row[7:8] for row in found.rows if row[0] == "data"] == [
        ("data", "1", "区分", "9", "1", ""), ("data", "2", "金額", "S9", "9", "2"),
        ("data", "3", "FILLER", "X", "5", ""), ("data", "4", "FILLER", "X", "5", ""),
    ]  # fmt: skip
    assert [row[3] for row in found.rows if row[2] == "作成日"] == ["D"]


def test_sheets_are_record_types_too():
    """Named by their sheets; a sheet without headings is left out, and said so."""
    head = ["項番", "項目名", "属性", "バイト数"]
    content = workbook(
        表紙=([["外部インタフェース仕様書"]], []),
        ヘッダ=([head, [1, "区分", "9", 1]], []),
        明細=([head, [1, "区分", "9", 1]], []),
    )
    found = import_layout(read_sheets(content, file="v.xlsx"), file="v.xlsx")
    assert found.lengths == {"header": 1, "data": 1}
    assert ("sheet-left-out", "表紙") in {(guess.code, guess.sheet) for guess in found.guesses}


def test_characters_and_digits_become_bytes_where_only_that_adds_up():
    """桁数 of N are characters, of P digits: said as a guess."""
    rows = [
        ["レコード長：29バイト"],
        ["項番", "項目名", "属性", "桁数"],
        [1, "氏名", "N", 10], [2, "金額", "P", 9], [3, "残", "X", 4],
    ]  # fmt: skip
    found = imported(rows)
    assert items(found) == [("氏名", "N", 20, 1, ""), ("金額", "P", 5, 21, ""), ("残", "X", 4, 26, "")]
    assert codes(found) == {"wide-doubled", "digits-packed"}


def test_bank_layouts_say_n_for_numbers():
    """N and C alone: 数字 and 文字; lengths in the type itself."""
    rows = [["項番", "項目名", "属性", "位置"], [1, "区分", "N(1)", 1], [2, "氏名", "C(30)", 2]]
    found = imported(rows, record_length=31)
    assert items(found) == [("区分", "9", 1, 1, ""), ("氏名", "X", 30, 2, "")]
    assert "bank-style" in codes(found)


WRONG = [
    ("a sum that differs", [*SIMPLE[:1], ["レコード長", "41"], *SIMPLE[2:]], [("CFG-011", None, "data")]),
    ("a place that differs", [*SIMPLE[:6], [3, "氏名", "N", 20, 18], SIMPLE[7]],
     [("CFG-007", 7, "氏名"), ("CFG-007", 8, "課税額")]),
    ("an unknown type", [*SIMPLE[:7], [4, "課税額", "浮動", 4, 37]], [("CFG-006", 8, "課税額")]),
    ("no length", [*SIMPLE[:7], [4, "課税額", "P", None, 37]], [("CFG-004", 8, "課税額"), ("CFG-011", None, "data")]),
    ("a group that its items do not fill", [["項番", "項目名", None, "属性", "バイト数"], [1, "世帯", None, None, 9],
     ["1-1", None, "番号", "9", 5]], [("CFG-011", 2, "世帯")]),
    ("no headings", [["仕様書"], ["区分", 1]], [("CFG-008", None, None)]),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "expected"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_what_does_not_add_up_is_refused(rows, expected):
    """Every fault, with its row; nothing is written."""
    with pytest.raises(ConfigurationError) as told:
        imported(rows)
    assert [(f.code, f.place.record, f.place.item) for f in told.value.faults] == expected


def test_the_command_writes_a_layout_that_decode_takes(tmp_path):
    """And tells what it guessed."""
    source, out = tmp_path / "仕様.csv", tmp_path / "layout.csv"
    rows = [["項番", "項目名", "属性", "桁数"], ["1", "氏 名", "X", "10"], ["2", "生年月日", "D", "8"]]
    with source.open("w", encoding="cp932", newline="") as stream:
        csv.writer(stream).writerows(rows)
    done = CliRunner().invoke(main, ["import-layout", "--lang", "en", str(source), "-o", str(out)])
    assert done.exit_code == 0, done.output
    assert "called otherwise" in done.output
    assert "no record length is stated" in done.output
    layout = load_layout(out, charset="cp932", settings={"record_length": 18})
    assert [(item.name, item.type.value, item.start) for item in layout.data.items] == [
        ("氏_名", "X", 0),
        ("生年月日", "D", 10),
    ]
    assert out.read_text(encoding="utf-8").splitlines()[0] == ",".join(COLUMNS)


def test_the_command_writes_nothing_that_does_not_add_up(tmp_path):
    """Exit code 1, and the fault in words."""
    source, out = tmp_path / "spec.xlsx", tmp_path / "layout.csv"
    source.write_bytes(workbook(仕様=(SIMPLE, [])))
    done = CliRunner().invoke(main, ["import-layout", str(source), "-o", str(out), "--record-length", "41"])
    assert (done.exit_code, out.exists()) == (1, False)
    assert "CFG-011" in done.output


@pytest.mark.parametrize(("name", "content"), [("a.xlsx", b"PK\x03\x04"), ("a.xlsx", b""), ("a.csv", b"\xff\x81")])
def test_a_file_that_is_no_sheet_is_told(name, content):
    """CFG-008; no foreign exception."""
    with pytest.raises(ConfigurationError) as told:
        read_sheets(content, file=name)
    assert told.value.faults[0].code == "CFG-008"
