"""Lines of columns in the shape of the inquiry file of domain.md §8."""

from __future__ import annotations

import pytest
from tests.unit.codec.shapes import decode, decode_file, delimited, record, split, told, written

from kakehashi.codec.compile import compile_codec
from kakehashi.codec.layout import Control, FileFormat, Kind, Layout, Role
from kakehashi.domain.batch import BatchBody
from kakehashi.domain.japanese_date import HistoricDate
from kakehashi.errors import InputError

INQUIRY = (
    ("番号体系", "9", 2, {"required": True}),
    ("宛名番号", "9", 15, {"required": True}),
    ("統合宛名番号", "9", 15),
    ("照会者部署コード", "X", 20),
    ("氏名", "N", 20),
    ("照会開始日付", "D", 8),
)


def line(*cells):
    return ",".join(cells).encode("cp932") + b"\r\n"


GOOD = ("02", "1".rjust(15, "0"), "", "DEPT".ljust(20), "見本　太郎", "20260401")


def test_an_empty_column_is_nothing_and_the_others_keep_their_text():
    """Optional columns are empty, not padded; leading zeros stay; padding on the right goes."""
    decoded = decode(delimited(*INQUIRY), line(*GOOD))
    assert decoded.rows == [("02", "000000000000001", None, "DEPT", "見本　太郎", HistoricDate(2026, 4, 1))]


@pytest.mark.parametrize("cells", [GOOD[:-1], (*GOOD, "")])
def test_a_wrong_number_of_columns_refuses_the_line(cells):
    """DEC-017 where the line ends too soon, or after its last column."""
    data = line(*GOOD) + line(*cells) + line(*GOOD)
    layout = delimited(*INQUIRY)
    width = len(line(*GOOD))
    expected = width + (len(line(*cells)) - 2 if len(cells) < 6 else width - 2)
    whole, rows, found = decode_file(layout, data)
    assert whole.records == 3
    assert told(found) == [("DEC-017", 2, None, expected)]
    assert [row is None for row in rows] == [False, True, False]


@pytest.mark.parametrize(
    ("column", "content", "code", "inside"),
    [
        (0, "", "DEC-021", 0),
        (0, "0A", "DEC-005", 1),
        (1, "1234567890123456", "DEC-003", 15),
        (3, "部署", "DEC-008", 0),
        (4, "見本A", "DEC-008", 4),
        (5, "20261301", "DEC-007", 0),
        (5, "        ", "DEC-007", 0),
    ],
)
def test_a_wrong_column_is_told_with_its_byte(column, content, code, inside):
    """The offset points into the column, wherever the columns before it end."""
    cells = list(GOOD)
    cells[column] = content
    decoded = decode(delimited(*INQUIRY), line(*GOOD) + line(*cells))
    offset = len(line(*GOOD)) + len(",".join([*cells[:column], ""]).encode("cp932")) + inside
    assert told(decoded.faults) == [(code, 2, INQUIRY[column][0], offset)]


def test_damaged_text_hurts_its_own_line():
    """A cut character is told at its byte; delimiters are never the second byte of a character."""
    bad = line(*GOOD).replace("郎".encode("cp932"), "郎".encode("cp932")[:1])
    decoded = decode(delimited(*INQUIRY), line(*GOOD) + bad + line(*GOOD))
    assert told(decoded.faults) == [("DEC-004", 2, "氏名", 2 * len(line(*GOOD)) - 13)]
    assert [row is None for row in decoded.rows] == [False, True, False]


@pytest.mark.parametrize("separator", ["crlf", "lf", "cr"])
def test_a_last_line_without_its_end_is_cut(separator):
    """A shortened last column would still be a value: only the line end proves it whole."""
    layout = delimited(*INQUIRY, separator=separator)
    end = {"crlf": b"\r\n", "lf": b"\n", "cr": b"\r"}[separator]
    data = (line(*GOOD) + line(*GOOD)).replace(b"\r\n", end)
    whole, _, faults = decode_file(layout, data)
    assert (whole.records, faults) == (2, [])
    whole, rows, faults = decode_file(layout, data[: -len(end)])
    assert whole.records == 2
    assert told(faults) == [("DEC-002", 2, None, len(data) - len(end))]
    assert rows[1] is None


def test_a_bar_inside_a_character_is_no_delimiter():
    """The second byte of ポ in CP932 is that of `|`."""
    layout = delimited(("名", "N", 20), ("区分", "X", 2), delimiter="|")
    data = "ポイント|A\r\n".encode("cp932")
    assert b"|" in "ポ".encode("cp932")
    assert decode(layout, data).rows == [("ポイント", "A")]
    assert written(layout, [{"名": "ポイント", "区分": "A"}]) == data


QUOTED = (("名", "X", 20), ("備考", "X", 20), ("区分", "9", 1))


def test_a_quoted_column_may_hold_the_delimiter():
    """Quotes around a column go, doubled ones inside stay once; the offset points behind the quote."""
    layout = delimited(*QUOTED, quote='"')
    data = b'"A,B","say ""hi""",1\r\nplain,"",x\r\n'
    decoded = decode(layout, data)
    assert decoded.rows[0] == ("A,B", 'say "hi"', "1")
    assert told(decoded.faults) == [("DEC-005", 2, "区分", len(data) - 3)]
    bad = decode(layout, b'"A","\x01",1\r\n')
    assert told(bad.faults) == [("DEC-004", 1, "備考", 5)]


@pytest.mark.parametrize("line", [b'A,"B"x,1', b'A,B"x",1', b'"A,B,1', b'A,B,1,"x"y', b'"A"",B,1', b'A,B,"1'])
def test_quotes_in_the_wrong_place_refuse_the_line(line):
    """DEC-017: nobody can tell where its columns end; nothing of it is taken."""
    decoded = decode(delimited(*QUOTED, quote='"'), b"A,B,1\r\n" + line + b"\r\n")
    assert decoded.rows == [("A", "B", "1"), None]
    assert [(fault.code, fault.place.record) for fault in decoded.faults] == [("DEC-017", 2)]


def test_quotes_and_bars_together():
    """Plain columns before a quoted one stay apart; a bar inside a character or a quote is content."""
    layout = delimited(("名", "N", 20), ("備考", "X", 9), ("番号", "9", 2), ("末尾", "X", 9), delimiter="|", quote='"')
    data = 'ポイント|AB|12|"x|y"\r\n'.encode("cp932")
    assert decode(layout, data).rows == [("ポイント", "AB", "12", "x|y")]
    layout = delimited(("左", "X", 9), ("右", "X", 9), ("末尾", "X", 9), quote='"')
    assert decode(layout, b'a,b,"c"\r\n').rows == [("a", "b", "c")]


def test_what_needs_quotes_is_written_with_them():
    """And refused where the layout has none."""
    layout = delimited(*QUOTED, quote='"')
    data = written(layout, [{"名": "A,B", "備考": 'say "hi"', "区分": "1"}])
    assert data == b'"A,B","say ""hi""",1\r\n'
    with pytest.raises(InputError) as caught:
        written(delimited(*QUOTED), [{"名": "A,B", "備考": "", "区分": "1"}])
    assert (caught.value.fault.code, caught.value.fault.place.item) == ("DEC-018", "名")


def test_the_way_back_is_byte_for_byte():
    """Padded or not, quoted or not: what was not changed stays as it was written."""
    layout = delimited(*QUOTED, quote='"')
    codec = compile_codec(layout)
    body = BatchBody(b"", b'"A","B  ",1\r\nC,,2\r\n')
    decoded = codec.decode(body, file="f", first_record=1, offset=0)
    assert codec.encode(body, decoded) == body.data
    decoded.rows[0] = ("A", "B", "7")
    assert codec.encode(body, decoded) == b'"A","B  ",7\r\nC,,2\r\n'


def test_columns_are_padded_only_where_the_layout_says_so():
    """A column with a pad is written at full width, an empty one is not."""
    layout = delimited(("番号", "9", 5, {"pad": "0"}), ("部署", "X", 4, {"pad": " "}), ("件数", "9", 5))
    assert written(layout, [{"番号": "7", "部署": "A", "件数": 12}, {}]) == b"00007,A   ,12\r\n,,\r\n"


def test_repeated_columns_are_one_tuple():
    """A run of columns of the same item."""
    layout = delimited(("番号", "9", 3), ("種別", "X", 2, {"repeat": 3}), ("末尾", "9", 1))
    assert decode(layout, b"001,A,,C,9\r\n").rows == [("001", ("A", None, "C"), "9")]
    assert written(layout, [{"番号": "001", "種別": ("A", None, "C"), "末尾": "9"}]) == b"001,A,,C,9\r\n"


def test_record_types_by_the_content_of_a_column():
    """Header and trailer lines with counts work as in fixed files."""
    layout = Layout(
        name="transfer",
        charset="cp932",
        format=FileFormat(kind=Kind.DELIMITED, selector_start=0, selector_length=1),
        records=(
            record("header", Role.HEADER, ("区分", "9", 1), ("日付", "D", 8), selector="1", columns=True),
            record("data", Role.DATA, ("区分", "9", 1), ("番号", "9", 5), ("額", "S9", 9), selector="2", columns=True),
            record("trailer", Role.TRAILER, ("区分", "9", 1), ("件数", "9", 6), selector="8", columns=True),
        ),
        controls=(Control(record="trailer", item="件数"),),
    )
    data = b"1,20260401\r\n2,00001,5\r\n2,00002,-6\r\n8,2\r\n"
    whole, rows, faults = decode_file(layout, data, batch=1)
    assert (whole.faults, faults, len(whole.slices)) == ((), [], 2)
    assert [row[:3] for row in rows] == [("2", "00001", 5), ("2", "00002", -6)]
    assert [f.code for f in split(layout, data.replace(b"8,2", b"8,3")).faults] == ["DEC-010"]
    _, _, faults = decode_file(layout, data.replace(b"2,00002", b"7,00002"))
    assert told(faults) == [("DEC-009", 2, None, 23)]


@pytest.mark.parametrize("separator", ["crlf", "lf", "any"])
@pytest.mark.parametrize("headings", [0, 1, 2])
def test_lines_of_headings_stand_before_the_first_record(separator, headings):
    """They are no records: numbers begin behind them, offsets are those of the file; a file may hold nothing else."""
    layout = delimited(("番号", "9", 3), ("名", "N", 8), separator=separator, headings=headings)
    end = "\n" if separator == "lf" else "\r\n"
    above = f"番号,名{end}".encode("cp932") * headings
    data = above + f"001,山田{end}2x,川{end}".encode("cp932") + b"\x1a"
    whole, rows, faults = decode_file(layout, data)
    assert (whole.faults, whole.records, rows) == ((), 2, [("001", "山田"), None])
    assert [(fault.place.record, fault.place.offset) for fault in faults] == [(2, len(above) + 8 + len(end) + 1)]
    for short in (above, above[:-1], b"x"[:headings]):
        assert decode_file(layout, short)[0].records == 0
