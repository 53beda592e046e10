"""Record formats by options alone: lengths in an item, headers of any shape, blocks, margins, code pages of items."""

import json
import re

import pytest
from click.testing import CliRunner

from kakehashi.cli.main import main

BOOK = "       01 R.\n          05 LEN PIC {}.\n          05 T PIC X(8).\n"


def run(folder, book, raw, *options):
    """Lines of values, and the file written from them again."""
    (folder / "a.cpy").write_text(book, encoding="utf-8")
    (folder / "a.dat").write_bytes(raw)
    layout = ("--layout", str(folder / "a.cpy"), "--short", *options)
    result = CliRunner().invoke(main, ["decode", *layout, "--keep-bytes", str(folder / "a.dat")])
    (folder / "a.jsonl").write_text(result.stdout, encoding="utf-8")
    back = CliRunner().invoke(
        main, ["encode", *layout, "--keep-bytes", "--out", str(folder / "b.dat"), str(folder / "a.jsonl")]
    )
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    for row in rows:
        row.pop("_bytes")
    again = (folder / "b.dat").read_bytes() if (folder / "b.dat").exists() else b""
    return rows, again, result.stderr + back.stderr


@pytest.mark.parametrize(
    ("picture", "raw", "options"),
    [
        ("9(2)", b"05abc07abcde", ["--encoding", "ascii", "--length-item", "LEN"]),
        ("9(2)", b"03abc05abcde", ["--encoding", "ascii", "--length-item", "LEN+2"]),
        ("9(4) COMP", b"\0\x05abc\0\x07abcde", ["--encoding", "ascii", "--length-item", "len"]),
        ("9(4) COMP-5", b"\x05\0abc\x07\0abcde", ["--encoding", "ascii", "--endian", "little", "--length-item", "LEN"]),
        ("9(3) COMP-3", b"\0\x6cabc\0\x8cabcde", ["--encoding", "ascii", "--length-item", "LEN - 1"]),
        ("9(2)", b"\xf0\xf5\x81\x82\x83\xf0\xf7\x81\x82\x83\x84\x85", ["--encoding", "cp037", "--length-item", "LEN"]),
        ("X(2)", b"S abcL abcde",
         ["--encoding", "ascii", "--length-item", "LEN", "--length-of", "S=5", "--length-of", "L=7"]),
        ("9(2)", b"01abc02abcde",
         ["--encoding", "ascii", "--length-item", "LEN", "--length-of", "1=5", "--length-of", "2=7"]),
    ],
)  # fmt: skip
def test_an_item_may_say_the_length_of_its_record(tmp_path, picture, raw, options):
    """Zoned, binary of both orders, packed, or a code with a table; the file comes back."""
    rows, again, errors = run(tmp_path, BOOK.format(picture), raw, *options)
    assert errors == ""
    assert [row["T"] for row in rows] == ["abc", "abcde"]
    assert again == raw


def test_several_items_may_say_the_length_together(tmp_path):
    """Items and numbers are added, subtracted and multiplied by numbers; a name keeps its hyphen."""
    book = "       01 R.\n          05 A-1 PIC 9.\n          05 B PIC 9.\n          05 T PIC X(8).\n"
    cases = {"A_1 + B - 1": b"14ab25abcd", "2*A-1 +B": b"12ab22abcd", "B+2 - A-1": b"02ab15abcd"}
    for said, raw in cases.items():
        rows, again, errors = run(tmp_path, book, raw, "--encoding", "ascii", "--length-item", said)
        assert ([row["T"] for row in rows], again, errors) == (["ab", "abcd"], raw, "")
    for said in ("A B", "A * 2", "+ +"):
        assert "--length-item" in run(tmp_path, book, b"", "--length-item", said)[2]


def test_a_length_item_that_is_none_is_named(tmp_path):
    """CFG-006 for an unknown item or a group."""
    for name in ("NONE", "R"):
        assert "CFG-006" in run(tmp_path, BOOK.format("9(2)"), b"", "--length-item", name)[2]


@pytest.mark.parametrize(
    ("head", "raw"),
    [
        ("width=3,length=1+2", b"\1\0\5 2abc\1\0\7 2abcde"),
        ("width=3,length=0+2,little,inclusive", b"\x08\0# 2abc\x0a\0# 2abcde"),
        ("width=2,length=1+1,add=1,valid=0:01/02", b"\1\4 2abc\2\6 2abcde"),
    ],
)
def test_headers_of_any_shape_stand_before_records(tmp_path, head, raw):
    """Width, place and order of the length, what it counts, and the marks of records."""
    rows, _, errors = run(tmp_path, BOOK.format("X(2)"), raw, "--encoding", "ascii", "--head", head)
    assert errors == ""
    assert [row["T"] for row in rows] == ["abc", "abcde"]


def test_records_that_a_header_marks_as_none_are_passed_over_where_asked(tmp_path):
    """`skip` passes over what has another mark; without it that is a fault."""
    raw = b"\1\5 2abc\0\3xyz\1\5 2def"
    head = "width=2,length=1+1,valid=0:01"
    rows, again, errors = run(tmp_path, BOOK.format("X(2)"), raw, "--encoding", "ascii", "--head", head + ",skip")
    assert ([row["T"] for row in rows], errors) == (["abc", "def"], "")
    assert again == raw.replace(b"\0\3xyz", b"")
    assert "DEC-" in run(tmp_path, BOOK.format("X(2)"), raw, "--encoding", "ascii", "--head", head)[2]


@pytest.mark.parametrize("head", ["width=2", "width=x,length=0+1", "width=2,length=1", "width=2,length=0+1,other"])
def test_a_header_that_is_not_understood_is_wrong_usage(tmp_path, head):
    """Exit code 2, and nothing is read."""
    assert "--head" in run(tmp_path, BOOK.format("X(2)"), b"", "--head", head)[2]


def test_blocks_have_an_order_of_their_own(tmp_path):
    """A BDW may count otherwise than the RDWs below it; encode writes blocks again."""
    record = b"\0\x09" + b"\0\0" + b" 2abc"
    raw = len(record * 2).to_bytes(4, "little")[::-1][2:] + b"\0\0" + record * 2
    rows, again, errors = run(
        tmp_path, BOOK.format("X(2)"), raw, "--encoding", "ascii", "--recfm", "VB", "--bdw-exclusive"
    )
    assert errors == ""
    assert [row["T"] for row in rows] == ["abc", "abc"]
    assert again == raw


LIKE = {
    "V": (b"\x00\x09\x00\x0003abc\x00\x0b\x00\x0005abcde", ["--recfm", "V"]),
    "V, little, in the first two bytes": (
        b"\x09\x00\x00\x0003abc\x0b\x00\x00\x0005abcde", ["--recfm", "V", "--rdw", "little-first"]),
    "V, little, in the last two": (
        b"\x00\x00\x09\x0003abc\x00\x00\x0b\x0005abcde", ["--recfm", "V", "--rdw", "little"]),
    "VB, two blocks": (
        b"\x00\x0d\x00\x00\x00\x09\x00\x0003abc\x00\x0f\x00\x00\x00\x0b\x00\x0005abcde", ["--recfm", "VB"]),
    "VB, little, in the first two bytes": (
        b"\x0d\x00\x00\x00\x09\x00\x00\x0003abc\x0f\x00\x00\x00\x0b\x00\x00\x0005abcde",
        ["--recfm", "VB", "--rdw", "little-first"]),
    "lines, CR, the last one open": (b"03abc\r05abcde", ["--recfm", "line"]),
    "lines, with 1A behind them": (b"03abc\r\n05abcde\r\n\x1a", ["--recfm", "line"]),
    "one length, header, footer, separators": (
        b"HEAD\n03abc     \n05abcde   \nEND",
        ["--separator", "any", "--header-bytes", "5", "--footer-bytes", "3"]),
    "headers with more than the length": (
        b"\xaa\x05\x0103abc\xbb\x07\x0205abcde", ["--head", "width=3,length=1+1"]),
    "an item says the length, with a header": (
        b"HEAD03abc05abcde", ["--length-item", "LEN + 2", "--header-bytes", "4"]),
}  # fmt: skip


@pytest.mark.parametrize("name", LIKE)
def test_a_file_of_any_format_comes_back_byte_for_byte(tmp_path, name):
    """Encode --like: what no record holds is that of the file that was read."""
    raw, options = LIKE[name]
    options = ["--encoding", "ascii", *options]
    rows, _, told = run(tmp_path, BOOK.format("9(2)"), raw, *options)
    assert ([row["LEN"] for row in rows], told) == ([3, 5], "")
    layout = ["--layout", str(tmp_path / "a.cpy"), "--short", "--keep-bytes", *options]
    like = ["--like", str(tmp_path / "a.dat"), "--out", str(tmp_path / "c.dat"), str(tmp_path / "a.jsonl")]
    assert CliRunner().invoke(main, ["encode", *layout, *like]).output == ""
    assert (tmp_path / "c.dat").read_bytes() == raw


def test_records_more_or_fewer_than_the_file_had_take_what_is_there(tmp_path):
    """One more goes into the last block; with one fewer the footer still comes."""
    raw = LIKE["VB, two blocks"][0] + b"END"
    options = ["--encoding", "ascii", "--recfm", "VB", "--footer-bytes", "3"]
    run(tmp_path, BOOK.format("9(2)"), raw, *options)
    lines = (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    layout = ["--layout", str(tmp_path / "a.cpy"), "--short", "--keep-bytes", *options]
    like = ["--like", str(tmp_path / "a.dat"), "--out", str(tmp_path / "c.dat"), str(tmp_path / "d.jsonl")]
    for given, expected in (
        ([lines[0]], raw[:13] + b"END"),
        ([*lines, lines[0]], raw[:13] + b"\0\x18\0\0" + raw[17:28] + raw[4:13] + b"END"),
    ):
        (tmp_path / "d.jsonl").write_text("".join(given), encoding="utf-8")
        assert CliRunner().invoke(main, ["encode", *layout, *like]).output == ""
        assert (tmp_path / "c.dat").read_bytes() == expected


def test_lines_of_a_wrong_length_are_told_and_the_others_read(tmp_path):
    """--shortest and --longest refuse a line, not its neighbours."""
    raw = b" 1abc\nx\n 2abcdefghij\n 3def\n"
    options = ("--encoding", "ascii", "--recfm", "line", "--separator", "lf", "--shortest", "2", "--longest", "10")
    rows, _, errors = run(tmp_path, BOOK.format("X(2)"), raw, *options)
    assert [row["T"] for row in rows] == ["abc", "def"]
    assert [(line.split()[2], line.split()[5]) for line in errors.splitlines()] == [
        ("2,", "DEC-002"),
        ("3,", "DEC-003"),
    ]


def test_bytes_around_records_and_groups_as_text_are_options(tmp_path):
    """--margin-before and --margin-after, --group-text, and --with-layout for a second copybook."""
    (tmp_path / "b.cpy").write_text("       01 S.\n          05 U PIC X(10).\n", encoding="utf-8")
    book = "       01 R.\n          05 G.\n             10 A PIC X(2).\n             10 B PIC X(8).\n"
    rows, again, errors = run(
        tmp_path, book, b"#12abcdefgh!?" * 2, "--encoding", "ascii", "--margin-before", "1", "--margin-after", "2",
        "--group-text", "G", "--with-layout", str(tmp_path / "b.cpy"),
    )  # fmt: skip
    value = {"R": {"G": {"A": "12", "B": "abcdefgh"}, "G_NT": "12abcdefgh"}, "S": {"U": "12abcdefgh"}}
    assert (rows, errors) == ([value, value], "")
    assert again == b"#12abcdefgh!?" * 2


def test_trees_are_lines_of_decode_and_encode(tmp_path):
    """--children makes one line of a parent and what belongs to it."""
    book = (
        "       01 R.\n          05 K PIC X.\n          05 P.\n             10 A PIC X(2).\n"
        "          05 C REDEFINES P.\n             10 B PIC X(2).\n"
    )
    options = ("--encoding", "ascii", "--segment", "K=P:P", "--segment", "K=C:C", "--children", "P=C")
    rows, again, errors = run(tmp_path, book, b"PabCcdCefPgh", *options)
    assert errors == ""
    assert again == b"PabCcdCefPgh"
    assert [[child["B"] for child in row["P"]["C"]] for row in rows] == [["cd", "ef"], []]


def test_one_item_may_have_a_charset_of_its_own(tmp_path):
    """ITEM:encoding=NAME; an unknown charset is CFG-006."""
    book = "       01 R.\n          05 A PIC X(3).\n          05 B PIC X(3).\n          05 N PIC 9(2).\n"
    raw = b"abc\x81\x82\x8312"
    rows, again, _ = run(tmp_path, book, raw, "--encoding", "ascii", "--item", "B:encoding=cp037")
    assert rows == [{"A": "abc", "B": "abc", "N": 12}]
    assert again == raw
    assert "CFG-006" in run(tmp_path, book, raw, "--item", "B:encoding=cp0")[2]


def test_an_item_of_another_charset_is_legible_in_the_picture(tmp_path):
    """--show reads the item's own charset, too."""
    book = "       01 R.\n          05 A PIC X(3).\n          05 B PIC X(3).\n"
    (tmp_path / "a.cpy").write_text(book, encoding="utf-8")
    (tmp_path / "a.dat").write_bytes(b"abc\x81\x82\x83")
    options = ["--layout", str(tmp_path / "a.cpy"), "--encoding", "ascii", "--item", "b:encoding=cp037"]
    result = CliRunner().invoke(main, ["decode", *options, "--show", "1", "--json", str(tmp_path / "a.dat")])
    assert re.findall('"text": "([^"]*)"', result.stdout) == ["abc", "abc"]


def test_hexadecimal_floats_may_be_little_endian(tmp_path):
    """--float ibm-le turns the bytes of both forms."""
    book = "       01 R.\n          05 A COMP-1.\n          05 B COMP-2.\n"
    raw = bytes.fromhex("4110000041100000 00000000".replace(" ", ""))
    turned = raw[:4][::-1] + raw[4:][::-1]
    assert run(tmp_path, book, turned, "--float", "ibm-le")[0] == run(tmp_path, book, raw, "--float", "ibm")[0]


def test_the_copybooks_own_text_has_options(tmp_path):
    """--columns and --long-binary, for layout explain too; columns that are none are wrong usage."""
    (tmp_path / "a.cpy").write_text("01 R PIC 9(19) COMP.\n", encoding="utf-8")
    for columns, length in (("1-21", 9), ("x", None)):
        options = ["--long-binary", "fewest", "--columns", columns]
        result = CliRunner().invoke(main, ["layout", "explain", "--json", *options, str(tmp_path / "a.cpy")])
        assert result.exit_code == (2 if length is None else 0)
        assert length is None or json.loads(result.stdout)["length"] == length


def test_only_the_segments_that_are_wanted_are_printed(tmp_path):
    """--only leaves the records of others out; their faults are told all the same."""
    book = "       01 R.\n       05 K PIC X.\n       05 P.\n        10 A PIC 9.\n"
    book += "       05 C REDEFINES P.\n        10 B PIC X.\n"
    (tmp_path / "a.cpy").write_text(book, encoding="ascii")
    (tmp_path / "a.dat").write_bytes(b"P1CxP2Px")
    options = ["--layout", str(tmp_path / "a.cpy"), "--encoding", "ascii", "--segment", "K=P:P", "--segment", "K=C:C"]
    found = {}
    for only in (("P",), ("C",), ("P", "c")):
        more = [text for name in only for text in ("--only", name)]
        result = CliRunner().invoke(main, ["decode", *options, *more, str(tmp_path / "a.dat")])
        assert result.exit_code == 1
        assert "DEC-005" in result.stderr
        found[only] = [json.loads(line)["K"] for line in result.stdout.splitlines()]
    assert found == {("P",): ["P", "P"], ("C",): ["C"], ("P", "c"): ["P", "C", "P"]}


def test_the_offset_table_says_where_renamed_bytes_are(tmp_path):
    """Level 66: from the first byte of one item to the last of another."""
    book = "       01 R.\n       05 A PIC X(3).\n       05 B PIC 9(4).\n       05 C PIC X.\n"
    book += "       66 D RENAMES A THRU B.\n       66 E RENAMES B.\n"
    (tmp_path / "a.cpy").write_text(book, encoding="ascii")
    result = CliRunner().invoke(main, ["layout", "explain", "--json", str(tmp_path / "a.cpy")])
    rows = [row for line in result.stdout.splitlines() if (row := json.loads(line)).get("level") == 66]
    assert [(row["name"], row["offset"], row["end"], row["length"]) for row in rows] == [("D", 1, 7, 7), ("E", 4, 7, 4)]
