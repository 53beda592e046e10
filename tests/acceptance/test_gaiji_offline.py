"""外字 without a gateway: decode, encode and stats by a table alone."""

import json

import pytest
from tests.acceptance.watching import asked

COPYBOOK = """       01 R.
          05 NAME PIC N(3).
          05 AGE PIC 9(3).
"""
LAYOUT = "name,type,length,shift,truncate\n氏名,N,6,implied,yes\n番号,9,3,,\n"
TSUJI = "辻\U000e0103"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "record.cpy").write_text(COPYBOOK, encoding="utf-8")
    (tmp_path / "layout.csv").write_text(LAYOUT, encoding="utf-8")
    (tmp_path / "gaiji.csv").write_text("code,unicode,ivs,valid_from\n80A1,8FBB,E0103,2026-04-01\n", encoding="utf-8")
    (tmp_path / "data.dat").write_bytes(bytes.fromhex("80A1 C4D4 80A1 F0F4F2"))
    return tmp_path


@pytest.mark.parametrize(("layout", "name", "number"), [("record.cpy", "NAME", 42), ("layout.csv", "氏名", "042")])
def test_a_file_is_read_and_written_by_a_table(folder, layout, name, number):
    """The selector stays, three characters of width, byte for byte back; a copybook and a layout alike."""
    options = ("--layout", folder / layout, "--encoding", "jef", "--gaiji", folder / "gaiji.csv")
    read = asked("decode", *options, folder / "data.dat")
    assert json.loads(read.stdout) == {name: f"{TSUJI}辻{TSUJI}", ("AGE" if name == "NAME" else "番号"): number}
    (folder / "data.jsonl").write_text(read.stdout, encoding="utf-8")
    written = asked("encode", *options, "--out", folder / "back.dat", folder / "data.jsonl")
    assert (written.exit_code, written.output) == (0, "")
    assert (folder / "back.dat").read_bytes() == (folder / "data.dat").read_bytes()


def test_without_the_table_the_code_is_told(folder):
    """DEC-004 with the code in hex; the profile of the file counts it."""
    options = ("--layout", folder / "layout.csv", "--encoding", "jef", folder / "data.dat")
    read = asked("decode", *options)
    assert (read.exit_code, "DEC-004" in read.stderr, "unmapped=80A1" in read.stderr) == (1, True, True)
    profile = [json.loads(line) for line in asked("decode", *options, "--stats", "--json").stdout.splitlines()]
    assert next(line["unmapped"] for line in profile if line.get("item") == "氏名") == {"80A1": 2}
    before = asked("decode", *options, "--gaiji", folder / "gaiji.csv", "--as-of", "2026-03-31")
    assert (before.exit_code, "80A1" in before.stderr) == (1, True)


def test_a_row_holds_from_its_first_day(folder):
    """Without --as-of the tables stand as of today; with it a row of a day to come is read and written."""
    (folder / "gaiji.csv").write_text("code,unicode,ivs,valid_from\n80A1,8FBB,E0103,2999-04-01\n", encoding="utf-8")
    options = ("--layout", folder / "layout.csv", "--encoding", "jef", "--gaiji", folder / "gaiji.csv")
    today = asked("decode", *options, folder / "data.dat")
    assert (today.exit_code, "unmapped=80A1" in today.stderr) == (1, True)
    then = asked("decode", *options, "--as-of", "2999-04-01", folder / "data.dat")
    assert then.exit_code == 0
    (folder / "data.jsonl").write_text(then.stdout, encoding="utf-8")
    out = ("--out", folder / "back.dat", folder / "data.jsonl")
    assert (asked("encode", *options, *out).exit_code, (folder / "back.dat").read_bytes()) == (1, b"")
    assert asked("encode", *options, "--as-of", "2999-04-01", *out).exit_code == 0
    assert (folder / "back.dat").read_bytes() == (folder / "data.dat").read_bytes()


def test_a_wrong_table_is_told_before_anything_is_read(folder):
    """Every fault of it, with row and column."""
    (folder / "gaiji.csv").write_text("code,unicode\nXY,8FBB\n80A1,\n", encoding="utf-8")
    options = ("--layout", folder / "layout.csv", "--encoding", "jef", "--gaiji", folder / "gaiji.csv", "--json")
    read = asked("decode", *options, folder / "data.dat")
    faults = [json.loads(line) for line in read.stdout.splitlines()]
    assert (read.exit_code, [(f["code"], f["record"], f["item"]) for f in faults]) == (
        1,
        [("CFG-008", 2, "code"), ("CFG-008", 3, "unicode")],
    )


def test_what_encode_by_a_copybook_loses_is_printed(folder):
    """Cuts of the items that --item names, substitutes everywhere; other texts that are too long are refused."""
    lines = [{"NAME": "𠮷田", "AGE": 1}, {"NAME": "山田太郎", "AGE": 2}, {"NAME": "山", "AGE": 3000}]
    (folder / "in.jsonl").write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    (folder / "degrade.csv").write_text("from,to\n𠮷,吉\n", encoding="utf-8")
    options = ("--layout", folder / "record.cpy", "--encoding", "jef", "--out", folder / "out.dat", "--json")
    refused = [json.loads(line) for line in asked("encode", *options, folder / "in.jsonl").stdout.splitlines()]
    assert [(line["code"], line["record"], line["item"]) for line in refused] == [
        ("DEC-023", 1, "NAME"),
        ("DEC-018", 2, "NAME"),
        ("DEC-018", 3, "AGE"),
    ]
    more = ("--degrade", folder / "degrade.csv", "--item", "NAME:truncate=yes")
    written = asked("encode", *options, *more, folder / "in.jsonl")
    told = [json.loads(line) for line in written.stdout.splitlines()]
    assert told[:2] == [
        {"record": 1, "item": "NAME", "what": "returned", "from": "U+20BB7", "to": "U+5409", "times": 1},
        {"record": 2, "item": "NAME", "what": "cut", "from": "", "to": None, "times": 1},
    ]
    assert [(line["code"], line["record"]) for line in told[2:]] == [("DEC-018", 3)]
    read = asked("decode", *options[:4], folder / "out.dat").stdout
    assert [json.loads(line)["NAME"] for line in read.splitlines()] == ["吉田", "山田太"]
    wrong = asked("encode", *options, "--item", "AGE:truncate=yes", folder / "in.jsonl")
    assert (wrong.exit_code, json.loads(wrong.stdout)["code"]) == (1, "CFG-003")
    assert asked("encode", *options, "--item", "NAME:truncate=2", folder / "in.jsonl").exit_code == 2


def test_what_encode_loses_is_printed(folder):
    """A declared substitute and a declared cut, with record and item; without the table the record is refused."""
    lines = [{"氏名": "𠮷田", "番号": "001"}, {"氏名": "山田太郎", "番号": "002"}]
    (folder / "in.jsonl").write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    (folder / "degrade.csv").write_text("from,to\n𠮷,吉\n", encoding="utf-8")
    options = ("--layout", folder / "layout.csv", "--encoding", "jef", "--out", folder / "out.dat", "--json")
    refused = [json.loads(line) for line in asked("encode", *options, folder / "in.jsonl").stdout.splitlines()]
    assert [(line["code"], line["record"], line["facts"]) for line in refused if "code" in line] == [
        ("DEC-023", 1, {"character": "U+20BB7"})
    ]
    written = asked("encode", *options, "--degrade", folder / "degrade.csv", folder / "in.jsonl")
    assert written.exit_code == 0
    assert [json.loads(line) for line in written.stdout.splitlines()] == [
        {"record": 1, "item": "氏名", "what": "returned", "from": "U+20BB7", "to": "U+5409", "times": 1},
        {"record": 2, "item": "氏名", "what": "cut", "from": "", "to": None, "times": 1},
    ]
    read = asked("decode", *options[:4], folder / "out.dat").stdout
    assert [json.loads(line)["氏名"] for line in read.splitlines()] == ["吉田", "山田太"]
