"""Copybooks and data of other projects' test suites, with the values expected (../shared/cases, if it is there).

The conventions of those values are in the folder's README: nulls are left out, generator columns are not ours.
"""

import json
import re
import xml.etree.ElementTree as ET
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from kakehashi.cli.main import main
from kakehashi.codec.copybook.options import Options
from kakehashi.codec.copybook.parser import parse_copybook
from kakehashi.codec.copybook.record import CopybookCodec

CASES = Path(__file__).parents[3] / "shared" / "cases"
COBRIX = CASES / "cobrix" / "data"
GENERATED = ("File_Id", "Record_Id", "Record_Byte_Length", "Seg_Id0", "Seg_Id1")
EBCDIC = ("--encoding", "cp037", "--controls", "space", "--low-values", "nil")
BOTH = ("--trim", "both")
SEGMENTS = ("SEGMENT-ID=C:COMPANY", "SEGMENT-ID=P:PERSON", "SEGMENT-ID=B:PO-BOX")
NO_NUMBER = ("--blanks", "nil", "--invalid", "nil", "--item", "WS-AMOUNT-FRACTION:blanks=zero")
RDW = ("--recfm", "V", "--rdw", "little", "--rdw-exclusive", "--short", "--controls", "drop", "--trim", "both")
UNMARKED = ("--encoding", "ascii", "--occurs-depends", "shifted", "--root")

TABLE = {
    "test1": ("test1_copybook.cob", "test1_data", "test1_expected/test1.txt", (*EBCDIC, *BOTH)),
    **{
        f"test3 {trim}": (
            "test3_copybook.cob",
            "test3_data",
            f"test3_expected/test3_trim_{trim}.txt",
            (*EBCDIC, "--trim", trim),
        )
        for trim in ("none", "left", "right", "both")
    },
    **{
        f"test7 {letter}": (
            "test7_fillers.cob",
            "test7_data",
            f"test7_expected/test7{letter}.txt",
            (*EBCDIC, *BOTH, "--filler", filler, "--filler-names", names),
        )
        for letter, filler, names in (
            ("", "drop", "number"),
            ("a", "groups", "number"),
            ("b", "values", "number"),
            ("c", "keep", "number"),
            ("d", "keep", "previous"),
        )
    },
    "test13a": (
        "test13a_file_header_footer.cob",
        "test13a_data",
        "test13_expected/test13a.txt",
        (*EBCDIC, *BOTH, "--header-bytes", "10", "--footer-bytes", "12"),
    ),
    "test16": (
        "test16_fix_len_segments.cob",
        "test16_data",
        "test16_expected/test16.txt",
        (*EBCDIC, *BOTH, *(part for segment in SEGMENTS for part in ("--segment", segment))),
    ),
    "test19": (
        "test19_display_num.cob",
        "test19_display_num",
        "test19_display_num_expected/test19.txt",
        (*EBCDIC, *BOTH, *NO_NUMBER),
    ),
    "test4": (
        "test4_copybook.cob",
        "test4_data",
        "test4_expected/test4.txt",
        (*RDW, "--encoding", "latin-1", "--low-values", "nil"),
    ),
    "test21": ("test21_copybook.cob", "test21_data", "test21_expected/test21.txt", (*UNMARKED, *BOTH)),
}
ORDERED_BY = {"test13a": "COMPANY_ID", **{name: "AMOUNT" for name in TABLE if name.startswith("test7")}}
"""The outside results are ordered by this item, and cut after some records."""


def cases(table):
    return list(table) if CASES.is_dir() else []


def objects(text):
    """JSON objects one after another, or in one array."""
    decoder = json.JSONDecoder(parse_float=Decimal)
    found, at = [], 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        value, at = decoder.raw_decode(text, at)
        found += value if isinstance(value, list) else [value]
    return found


def without_nulls(value):
    if isinstance(value, dict):
        return {name: without_nulls(each) for name, each in value.items() if each is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


def run(*arguments):
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output[:500]
    return result.stdout


@pytest.mark.parametrize("name", cases(TABLE))
def test_outside_records_decode_to_the_values_expected(name):
    """`kakehashi decode` with options alone gives what the other project's suite expects, number for number."""
    copybook, data, expected, options = TABLE[name]
    (path,) = (COBRIX / data).iterdir()
    found = [without_nulls(value) for value in objects(run("decode", "--layout", COBRIX / copybook, *options, path))]
    wanted = objects((COBRIX / expected).read_text(encoding="utf-8"))
    if name == "test4":  # theirs puts U+FFFD for what ASCII does not have; ours never replaces anything
        found = objects(re.sub(r"\\u00[89a-f].", r"\\ufffd", json.dumps(found)))
    for value in wanted:
        for column in GENERATED:
            value.pop(column, None)
    if name in ORDERED_BY:
        found.sort(key=lambda value: (value[ORDERED_BY[name]], str(value)))
        wanted.sort(key=lambda value: (value[ORDERED_BY[name]], str(value)))
    assert found[: len(wanted)] == wanted


@pytest.mark.parametrize("name", cases(TABLE))
def test_outside_files_come_back_byte_for_byte(name, tmp_path):
    """Decode --keep-bytes, then encode, gives every outside file again (without its file header and footer)."""
    copybook, data, _, options = TABLE[name]
    (path,) = (COBRIX / data).iterdir()
    lines = tmp_path / "records.jsonl"
    layout = ("--layout", COBRIX / copybook, *options)
    lines.write_text(run("decode", *layout, "--keep-bytes", path), encoding="utf-8")
    run("encode", *layout, "--out", tmp_path / "again.dat", lines)
    header, footer = (10, 12) if name == "test13a" else (0, 0)
    raw = path.read_bytes()
    assert (tmp_path / "again.dat").read_bytes() == raw[header : len(raw) - footer]


@pytest.mark.parametrize("name", ["test13a", "test16", "test7", "test19"] if CASES.is_dir() else [])
def test_outside_offset_tables_agree(name):
    """Start, end and length of every item are those of the golden layouts."""
    copybook = {
        "test13a": "test13a_file_header_footer.cob",
        "test16": "test16_fix_len_segments.cob",
        "test7": "test7_fillers.cob",
        "test19": "test19_display_num.cob",
    }[name]
    folder = {"test13a": "test13_expected", "test19": "test19_display_num_expected"}.get(name, f"{name}_expected")
    rows = objects(run("layout", "explain", "--json", COBRIX / copybook))
    found = [(row["name"].replace("-", "_"), row["offset"], row["end"], row["end"] - row["offset"] + 1) for row in rows]
    wanted = [line.split() for line in (COBRIX / folder / f"{name}_layout.txt").read_text().splitlines()[2:]]
    names = [cells[0] if not cells[0].isdigit() else cells[1] for cells in wanted]
    numbers = [tuple(int(cell) for cell in cells[-3:]) for cells in wanted]
    if name == "test7":  # there the length of an area, here that of the item; FILLER names are the policy's
        found = [(item, offset) for item, offset, _, _ in found]
        assert found == [(item, start) for item, (start, _, _) in zip(names, numbers, strict=True)]
    else:
        ends = {"COMPANY", "PERSON", "PO_BOX", "WS_INPUT_RECORD"}
        pairs = [(item, *cells) for item, cells in zip(names, numbers, strict=True)]
        assert [row for row in found if row[0] not in ends] == [row for row in pairs if row[0] not in ends]


STYLES = {"standard": "standard", "trans": "translated", "mod": "ca-realia", "tmod": "tandem"}


def zoned():
    """(name, style, bytes, sign is leading, signed, expected or None) of every case that reads a number."""
    if not CASES.is_dir():
        return []
    space = "{http://www.ibm.com/xmlns/dfdl/testData}"
    found = []
    for case in ET.parse(CASES / "daffodil" / "zoned.tdml").getroot().iter(f"{space}parserTestCase"):
        kind = case.get("root").rstrip("0123456789")
        if kind not in STYLES:
            continue
        raw = case.find(f".//{space}documentPart").text.encode("latin-1")
        value = case.find(f".//{space}dfdlInfoset")
        number = None if value is None else int(value[0].text)
        form = case.get("root")[-2:]
        found.append(pytest.param(STYLES[kind], raw, form, number, id=case.get("name")))
    return found


@pytest.mark.parametrize(("style", "raw", "form", "expected"), zoned())
def test_outside_zoned_numbers(style, raw, form, expected):
    """Signs over ASCII digits: four styles, first or last digit, and a fault where the digit is none."""
    sign, place = {"01": ("S", "SIGN LEADING"), "02": ("", ""), "03": ("S", "SIGN TRAILING")}[form]
    copybook = parse_copybook(f"       01 R.\n           05 N PIC {sign}9(10) {place}.\n")
    codec = CopybookCodec(copybook, Options(encoding="latin-1", overpunch=style))
    decoded = codec.read(raw)
    if expected is None:
        assert [fault.code for fault in decoded.faults] == ["DEC-006"]
    else:
        assert decoded.values == {"N": expected}
        again = codec.write(decoded.values)
        assert codec.read(again).values == decoded.values
        assert again == raw or style == "translated"  # there a positive sign may be left out


GROUPS = {
    "g1": ("H H1 D1 T1 T", "H (H1 D1* T1){0,2} T"),
    "g2": ("H H1 T1 D H2 T2 T", "(H (H1 T1? | D | H2 T2)* T)+", "(H (D|H2|T2)* (H1 (D|T1|H2|T2)*){1,2} T)*"),
    "g3": ("H R1 R2 R3 T", "H (R1|R2|R3)+ T", "(H|R2|R3)* R1 (H|R2|R3|T)* (R1 (R2|R3|T)*)?"),
    "g4": ("H BH BD BT O T", "(H (BH BD* BT? | BD+ BT? | BT | O)* T)+"),
    "g5": ("CH FH TH S TT FT CT", "(CH (FH (TH S* TT)* FT)+ CT)+"),
    "g6": ("H T", "(H? T){2,}"),
    "g7": ("H T", "H H (H|T)* | H T (H|T)+ | T (H|T)+"),
    "g8": ("GH GT T", "((GH GT?)* T*)*"),
}
"""Record types, and the orders that say what the outside mapping says."""
REFUSED = {
    "g1_empty": ["DEC-012"],
    "g1_missingBatchTrailer": ["DEC-014", "DEC-012"],
    "g1_noHeader": ["DEC-014", "DEC-012"],
    "g1_noTrailer": ["DEC-012"],
    "g1_threeBatch": ["DEC-014", "DEC-014"],
    "g1_tooManyHeaders": ["DEC-014"],
    "g1_unidentifiedRecord": ["DEC-009", "DEC-014", "DEC-012"],
    "g2_empty": ["DEC-012"],
    "g2_missingGroup": ["DEC-014", "DEC-012"],
    "g2_tooManyGroups": ["DEC-014"],
    "g6_missingRecordEOF": ["DEC-012"],
    "g7_missingGroupEOF": ["DEC-012"],
}
"""What is wrong with the others; all that are not named are whole."""


@pytest.mark.parametrize("name", sorted(path.stem for path in (CASES / "beanio" / "groups").glob("g*.txt")))
def test_outside_groups_of_records(name, tmp_path):
    """Header, batches with header and trailer of their own, trailer: whole, or refused with what is out of order."""
    kinds, *orders = GROUPS[name[:2]]
    names = {"S": "T", "T": "T"} if name.startswith("g5") else {}
    book = "".join(f"       01 {kind}.\n          05 KIND PIC X(2).\n" for kind in kinds.split())
    (tmp_path / "a.cpy").write_text(book, encoding="utf-8")
    options = ["--recfm", "line", "--short", "--encoding", "ascii", *(part for o in orders for part in ("--order", o))]
    for kind in kinds.split():
        options += ["--segment", f"KIND={names.get(kind, kind.removeprefix('R'))}:{kind}"]
    data = CASES / "beanio" / "groups" / f"{name}.txt"
    result = CliRunner().invoke(main, ["decode", "--layout", str(tmp_path / "a.cpy"), *options, str(data)])
    assert re.findall(r"DEC-\d{3}", result.stderr) == REFUSED.get(name, [])
    lines = data.read_text(encoding="ascii").split()
    refused = sum(code != "DEC-012" for code in REFUSED.get(name, []))
    assert len(result.stdout.splitlines()) == len(lines) - refused
