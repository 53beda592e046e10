"""Copybooks → layout.csv: the same bytes are the same values by both."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from kakehashi.cli.main import main
from kakehashi.codec.copybook.parser import parse_copybook
from kakehashi.config.import_copybook import import_copybook
from kakehashi.errors import ConfigurationError

BOOK = """       01 課税レコード.
          05 宛名番号 PIC X(6).
          05 氏名     PIC N(4).
          05 生年月日 PIC 9(8).
          05 BIRTH REDEFINES 生年月日.
             10 年 PIC 9(4).
             10 月日 PIC 9(4).
          05 FILLER   PIC X(3).
          05 所得     PIC S9(7) COMP-3.
          05 控除     PIC 9(5)V99 COMP-3.
          05 率       PIC 9V9(3).
          05 差額     PIC S9(5).
          05 符号     PIC S9(3) SIGN LEADING SEPARATE.
          05 件数     PIC 9(4) COMP.
          05 期別 OCCURS 2.
             10 額    PIC S9(4) COMP SYNC.
             10 月 OCCURS 3 PIC 9(2).
          05 摘要     PIC X(2) OCCURS 2.
"""


def asked(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def leaves(value):
    """Numbers and texts in the order of the bytes, digits as numbers."""
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from leaves(each)
    else:
        yield int(value) if isinstance(value, str) and value.isdigit() else value


@pytest.mark.parametrize("encoding", ["jef", "cp932"])
def test_the_same_bytes_are_the_same_values(tmp_path, encoding):
    """Written by the copybook, read by the layout made from it, written by that again."""
    (tmp_path / "r.cpy").write_text(BOOK, encoding="utf-8")
    row = {
        "宛名番号": "A1", "氏名": "山田", "生年月日": 19700102, "所得": -1234567, "控除": 12345.67, "率": 1.234,
        "差額": -12, "符号": -7, "件数": 9999, "期別": [{"額": -5, "月": [1, 2, 3]}, {"額": 7, "月": [4, 5, 6]}],
        "摘要": ["A", "B"],
    }  # fmt: skip
    (tmp_path / "in.jsonl").write_text(json.dumps(row, ensure_ascii=False), encoding="utf-8")
    data, again = tmp_path / "r.dat", tmp_path / "again.dat"
    book = ("--layout", tmp_path / "r.cpy", "--encoding", encoding, "--overpunch", "standard")
    made = asked("encode", *book, "--out", data, tmp_path / "in.jsonl")
    assert made.output == ""
    imported = asked("import-layout", tmp_path / "r.cpy", "-o", tmp_path / "r.csv")
    assert (imported.exit_code, str(data.stat().st_size) in imported.output) == (0, True)
    options = ("--layout", tmp_path / "r.csv", "--encoding", encoding, "--recfm", "F")
    options += ("--record-length", data.stat().st_size)
    read = asked("decode", *options, data)
    assert read.stderr == ""
    found = {name: value for name, value in json.loads(read.stdout).items() if name != "FILLER"}
    assert set(found) == {
        "宛名番号", "氏名", "生年月日", "所得", "控除", "率", "差額", "符号", "件数", "期別_1_額", "期別_1_月",
        "期別_2_額", "期別_2_月", "摘要",
    }  # fmt: skip
    assert list(leaves(found)) == list(leaves(row))
    (tmp_path / "back.jsonl").write_text(read.stdout, encoding="utf-8")
    assert asked("encode", *options, "--out", again, tmp_path / "back.jsonl").output == ""
    assert again.read_bytes() == data.read_bytes()


def test_records_of_several_names_are_record_types():
    """Level 01 each; slack and the rest of a shorter alternative are FILLERs; what was left out is told."""
    text = """       01 HEAD.
          05 A PIC X.
          05 B PIC S9(9) COMP SYNC.
       01 BODY.
          05 N PIC 9.
          05 T OCCURS 1 TO 3 DEPENDING ON N PIC X(2).
          05 C PIC X.
          05 D REDEFINES C PIC X(4).
          05 E PIC ZZ9.
"""
    found = import_copybook(parse_copybook(text), file="r.cpy")
    assert found.lengths == {"HEAD": 8, "BODY": 14}
    assert [(row[0], row[2], row[3], int(row[4]), int(row[5]), row[6], row[10]) for row in found.rows] == [
        ("HEAD", "A", "X", 1, 1, "", ""), ("HEAD", "FILLER", "X", 3, 2, "", ""), ("HEAD", "B", "B", 4, 5, "", ""),
        ("BODY", "N", "9", 1, 1, "", ""), ("BODY", "T", "X", 2, 2, "3", ""), ("BODY", "C", "X", 1, 8, "", ""),
        ("BODY", "FILLER", "X", 3, 9, "", ""), ("BODY", "E", "X", 3, 12, "", ""),
    ]  # fmt: skip
    assert [(guess.code, guess.name, guess.row) for guess in found.guesses] == [
        ("most", "T", 6), ("redefines", "D", 8), ("edited", "E", 9)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "clause",
    [
        "COMP-1", "PIC S9(3) LEADING", "PIC S9(3) SIGN TRAILING SEPARATE", "PIC 9(3)PP", "PIC 9(3) COMP-6", "POINTER",
        "PIC N(3) NATIONAL", "PIC S9(20) COMP", "PIC X(2) COMP-X", "PIC 9(4) COMP-9",
    ],
)  # fmt: skip
def test_what_a_layout_has_no_word_for_is_refused(clause):
    """Each with its line and name: never another reading of the same bytes."""
    text = f"       01 R.\n          05 OK PIC X.\n          05 A OCCURS 2 {clause}.\n          05 B {clause}.\n"
    with pytest.raises(ConfigurationError) as caught:
        import_copybook(parse_copybook(text), file="r.cpy")
    told = [(fault.code, fault.place.record, fault.place.item) for fault in caught.value.faults]
    assert told == [("CFG-003", 3, "A"), ("CFG-003", 4, "B")]


def test_the_order_of_native_numbers_is_that_of_the_machine():
    """COMP-5 of a mainframe is our binary; of others it has no word."""
    text = "       01 R.\n          05 A PIC S9(4) COMP-5.\n"
    assert import_copybook(parse_copybook(text), file="r.cpy").rows[0][3] == "B"
    with pytest.raises(ConfigurationError):
        import_copybook(parse_copybook(text, dialect="microfocus"), file="r.cpy")
