"""Each item type: what it reads, what it refuses and where, what it writes."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.unit.codec.shapes import codec_of

from kakehashi.domain.japanese_date import ERA_OVERRUN, OPEN, HistoricDate
from kakehashi.errors import InputError

NIL = frozenset({"spaces", "zeros", "low-values", "high-values", "nines"})


def fault_of(call, *arguments):
    with pytest.raises(InputError) as caught:
        call(*arguments)
    return caught.value.fault


def sjis(text):
    return text.encode("cp932")


def host(text):
    """Digits, capitals and spaces in EBCDIC."""
    return text.encode("cp037")


READ = [
    ("9", "cp932", b"00120", {}, "00120"),
    ("9", "cp932", b"  120", {"pad": " "}, "120"),
    ("9", "cp930", host("00120"), {}, "00120"),
    ("S9", "cp932", b"-0120", {}, -120),
    ("S9", "cp932", b"+0120", {}, 120),
    ("S9", "cp932", b"00120", {"decimals": 2}, Decimal("1.20")),
    ("S9", "cp932", b"  -12", {"pad": " "}, -12),
    ("S9", "cp930", bytes.fromhex("60F0F1F2F0"), {}, -120),
    ("X", "cp932", b"AB   ", {}, "AB"),
    ("X", "cp932", b"AB   ", {"trim": False}, "AB   "),
    ("X", "cp932", b"   AB", {"justify": "right"}, "AB"),
    ("X", "cp932", b"  AB ", {}, "  AB"),
    ("X", "cp932", bytes.fromhex("B1B2B32020"), {}, "ｱｲｳ"),
    ("X", "cp930", bytes.fromhex("8182834040"), {}, "ｱｲｳ"),
    ("X", "utf-8", "ｱ12".encode(), {}, "ｱ12"),
    ("N", "cp932", sjis("漢字　　"), {}, "漢字"),
    ("N", "cp932", sjis("漢字    "), {}, "漢字"),
    ("N", "cp932", sjis("漢　字　"), {}, "漢　字"),
    ("N", "cp932", sjis("漢　字　"), {"trim": False}, "漢　字　"),
    ("N", "utf-8", "漢字　".encode(), {}, "漢字"),
    ("N", "cp930", bytes.fromhex("0E4F5848F240400F"), {}, "漢字"),
    ("N", "cp930", bytes.fromhex("0E4F5848F20F4040"), {}, "漢字"),
    ("N", "cp930", bytes.fromhex("4040404040404040"), {}, ""),
    ("N", "cp930", bytes.fromhex("4F5848F240404040"), {"shift": "implied"}, "漢字"),
    ("P", "cp932", bytes.fromhex("12345C"), {}, 12345),
    ("P", "cp932", bytes.fromhex("12345D"), {}, -12345),
    ("P", "cp932", bytes.fromhex("12345F"), {}, 12345),
    ("P", "cp930", bytes.fromhex("12345D"), {"decimals": 2}, Decimal("-123.45")),
    ("P", "cp930", bytes.fromhex("00000D"), {}, 0),
    ("Z", "cp932", b"00123", {}, 123),
    ("Z", "cp932", b"0012s", {}, -123),
    ("Z", "cp932", b"0012C", {}, 123),
    ("Z", "cp932", b"0012L", {}, -123),
    ("Z", "cp932", b"0000}", {}, 0),
    ("Z", "cp930", bytes.fromhex("F0F0F1F2C3"), {}, 123),
    ("Z", "cp930", bytes.fromhex("F0F0F1F2D3"), {}, -123),
    ("Z", "cp930", bytes.fromhex("F0F0F1F2F3"), {"signed": False, "decimals": 1}, Decimal("12.3")),
    ("B", "cp932", bytes.fromhex("FFFFFFFE"), {}, -2),
    ("B", "cp932", bytes.fromhex("FFFFFFFE"), {"signed": False}, 4294967294),
    ("B", "cp932", bytes.fromhex("000004D2"), {"decimals": 2}, Decimal("12.34")),
    ("D", "cp932", b"19740815", {}, HistoricDate(1974, 8, 15)),
    ("D", "cp932", b"99999999", {}, HistoricDate(9999, mark=OPEN)),
    ("D", "cp930", host("3490800"), {"date": "wareki"}, HistoricDate(1974, 8)),
    ("D", "cp932", b"4310501", {"date": "wareki"}, HistoricDate(2019, 5, 1, ERA_OVERRUN)),
]


@pytest.mark.parametrize(("kind", "charset", "raw", "more", "value"), READ)
def test_an_item_is_read_alone_and_among_many(kind, charset, raw, more, value):
    """One value and a column of them give the same; numbers are exact, text is trimmed of its padding only."""
    codec = codec_of(kind, len(raw), charset=charset, **more)
    assert codec.read(raw) == value
    assert type(codec.read(raw)) is type(value)
    assert list(codec.read_all([raw, raw, raw])) == [value] * 3


REFUSED = [
    ("9", "cp932", b"12A45", {}, "DEC-005", 2),
    ("9", "cp932", b"     ", {}, "DEC-005", 0),
    ("9", "cp932", b" 1 2 ", {"pad": " "}, "DEC-005", 2),
    ("9", "cp932", sjis("１２"), {}, "DEC-005", 0),
    ("9", "cp930", b"12345", {}, "DEC-005", 0),
    ("S9", "cp932", b"12-45", {}, "DEC-005", 2),
    ("S9", "cp932", b"-0012", {"signed": False}, "DEC-005", 0),
    ("S9", "cp932", b"+    ", {}, "DEC-005", 1),
    ("S9", "cp932", b"-", {}, "DEC-005", 1),
    ("X", "cp932", b"AB" + sjis("漢"), {}, "DEC-008", 2),
    ("X", "cp932", b"AB\x00CD", {}, "DEC-004", 2),
    ("X", "cp932", b"AB\x1fCD", {}, "DEC-004", 2),
    ("X", "cp932", b"ABCD\x88", {}, "DEC-004", 4),
    ("X", "cp930", bytes.fromhex("C10E4F580F"), {}, "DEC-008", 1),
    ("X", "cp930", bytes.fromhex("C10E4F5840"), {}, "DEC-020", 1),
    ("X", "cp930", bytes.fromhex("C100C1C1C1"), {}, "DEC-004", 1),
    ("N", "cp932", sjis("漢A字"), {}, "DEC-008", 2),
    ("N", "cp932", sjis("漢ｱ字"), {}, "DEC-008", 2),
    ("N", "cp932", sjis("漢字")[:-1], {}, "DEC-004", 2),
    ("N", "cp932", bytes.fromhex("889FF040"), {}, "DEC-004", 2),
    ("N", "cp932", sjis("漢 字"), {}, "DEC-008", 2),
    ("N", "utf-8", "漢ｱ".encode(), {}, "DEC-008", 3),
    ("N", "cp930", bytes.fromhex("0E4F5848F24040"), {}, "DEC-020", 0),
    ("N", "cp930", bytes.fromhex("4F5848F20F4040"), {}, "DEC-020", 4),
    ("N", "cp930", bytes.fromhex("0E4F580FC14040"), {}, "DEC-008", 4),
    ("N", "cp930", bytes.fromhex("0E4F58FFFF0F40"), {}, "DEC-004", 3),
    ("N", "cp930", bytes.fromhex("4F58FFFF"), {"shift": "implied"}, "DEC-004", 2),
    ("N", "cp930", bytes.fromhex("0E4F580F"), {"shift": "implied"}, "DEC-020", 0),
    ("P", "cp932", bytes.fromhex("1A345C"), {}, "DEC-006", 0),
    ("P", "cp932", bytes.fromhex("12345A"), {}, "DEC-006", 2),
    ("P", "cp932", bytes.fromhex("123450"), {}, "DEC-006", 2),
    ("P", "cp932", bytes.fromhex("1234FC"), {}, "DEC-006", 2),
    ("P", "cp932", bytes.fromhex("12345D"), {"signed": False}, "DEC-006", 2),
    ("P", "cp932", bytes.fromhex("404040"), {}, "DEC-006", 2),
    ("Z", "cp932", b"0A123", {}, "DEC-006", 1),
    ("Z", "cp932", b"0012X", {}, "DEC-006", 4),
    ("Z", "cp932", b"0012s", {"signed": False}, "DEC-006", 4),
    ("Z", "cp930", bytes.fromhex("F0F0C1F2C3"), {}, "DEC-006", 2),
    ("Z", "cp930", b"00123", {}, "DEC-006", 0),
    ("Z", "cp930", bytes.fromhex("F0F0F1F2D3"), {"signed": False}, "DEC-006", 4),
    ("D", "cp932", b"4010107", {"date": "wareki"}, "DEC-007", 0),
    ("D", "cp932", b"        ", {}, "DEC-007", 0),
    ("D", "cp932", b"00000000", {}, "DEC-007", 0),
    ("D", "cp932", b"1974\x000815", {}, "DEC-004", 4),
]


@pytest.mark.parametrize(("kind", "charset", "raw", "more", "code", "offset"), REFUSED)
def test_a_wrong_item_is_refused_at_its_byte(kind, charset, raw, more, code, offset):
    """The documented code, the offset inside the item, and never the content."""
    codec = codec_of(kind, len(raw), charset=charset, **more)
    fault = fault_of(codec.read, raw)
    assert (fault.code, fault.place.offset) == (code, offset)
    assert not any(str(fact) in {"漢", "12A45"} for fact in fault.facts.values())
    with pytest.raises((InputError, ValueError, ArithmeticError)):
        codec.read_all([raw])


NOTHING = [
    ("9", "cp932", b"     "),
    ("9", "cp932", b"00000"),
    ("9", "cp932", b"99999"),
    ("9", "cp932", bytes(5)),
    ("9", "cp932", b"\xff" * 5),
    ("9", "cp930", host("     ")),
    ("9", "cp930", host("00000")),
    ("S9", "cp932", b"-0000"),
    ("X", "cp932", b"     "),
    ("N", "cp932", b"      "),
    ("N", "cp932", sjis("　　　")),
    ("N", "cp932", sjis("　　  ")),
    ("N", "cp932", sjis("０００")),
    ("N", "cp930", bytes.fromhex("0E404040400F40")),
    ("N", "cp930", bytes.fromhex("40404040404040")),
    ("N", "cp930", bytes.fromhex("0E0F4040404040")),
    ("P", "cp932", bytes.fromhex("00000C")),
    ("P", "cp930", bytes.fromhex("00000F")),
    ("P", "cp930", bytes.fromhex("404040")),
    ("Z", "cp932", b"00000"),
    ("Z", "cp930", bytes.fromhex("F0F0F0F0C0")),
    ("Z", "cp930", bytes.fromhex("4040404040")),
    ("B", "cp932", bytes(4)),
    ("D", "cp932", b"00000000"),
    ("D", "cp932", b"99999999"),
]


@pytest.mark.parametrize(("kind", "charset", "raw"), NOTHING)
def test_contents_declared_as_nil_are_none(kind, charset, raw):
    """Spaces, zeros, nines, low-values and high-values mean "nothing here" only where the layout says so."""
    codec = codec_of(kind, len(raw), charset=charset, nil=NIL)
    assert codec.read(raw) is None
    assert list(codec.read_all([raw, raw])) == [None, None]
    assert codec.read(codec.write(None)) is None


ZEROS = [
    ("P", "cp932", "202020"),
    ("P", "cp930", "404040"),
    ("P", "cp932", "000000"),
    ("P", "cp932", "FFFFFF"),
    ("Z", "cp930", "404040"),
    ("Z", "cp932", "000000"),
    ("S9", "cp932", "202020"),
    ("S9", "cp932", "FFFFFF"),
    ("B", "cp932", "FFFFFFFF"),
]


@pytest.mark.parametrize(("kind", "charset", "content"), ZEROS)
@pytest.mark.parametrize("decimals", [0, 2])
def test_contents_declared_as_zero_are_the_number_zero(kind, charset, content, decimals):
    """Blanks, low-values, high-values: zero only where the layout says so, and never written for it."""
    raw = bytes.fromhex(content)
    codec = codec_of(kind, len(raw), charset=charset, decimals=decimals,
                     zero=frozenset({"spaces", "low-values", "high-values"}))  # fmt: skip
    number = codec.read(codec.write(0))
    assert (codec.read(raw), type(codec.read(raw))) == (number, type(number)) == (0, type(number))
    one = codec.write(1)
    assert list(codec.read_all([raw, one, raw])) == [0, 1, 0]
    assert codec.write(0) != raw
    if kind != "B":
        assert fault_of(codec_of(kind, len(raw), charset=charset).read, raw).code in {"DEC-005", "DEC-006"}


def test_what_is_not_declared_as_zero_stays_a_fault():
    """Blanks as zero say nothing about low-values, and half of each is neither."""
    codec = codec_of("P", 3, zero=frozenset({"spaces"}), nil=frozenset({"high-values"}))
    assert (codec.read(b"   "), codec.read(b"\xff\xff\xff")) == (0, None)
    for raw in (bytes(3), b"  \x00"):
        assert fault_of(codec.read, raw).code == "DEC-006"


def test_nil_among_values_keeps_the_places():
    """A column with and without values comes back in order."""
    codec = codec_of("P", 3, nil=frozenset({"zeros"}))
    raws = [bytes.fromhex(text) for text in ("00000C", "00012C", "00000F", "00034D")]
    assert list(codec.read_all(raws)) == [None, 12, None, -34]


@pytest.mark.parametrize(("kind", "raw"), [("X", b"     "), ("N", b"      "), ("9", b"00000"), ("D", b"00000000")])
def test_a_required_item_may_not_be_empty(kind, raw):
    """DEC-021: blank text always, other types where their nil contents are declared."""
    codec = codec_of(kind, len(raw), required=True, nil=frozenset({"zeros"}))
    assert fault_of(codec.read, raw).code == "DEC-021"
    with pytest.raises((InputError, ValueError)):
        codec.read_all([raw])


WRITTEN = [
    ("9", 5, "cp932", {}, "120", b"00120"),
    ("9", 5, "cp932", {}, 120, b"00120"),
    ("9", 5, "cp930", {}, "120", host("00120")),
    ("9", 5, "cp932", {"pad": " "}, "120", b"  120"),
    ("S9", 5, "cp932", {}, -120, b"-0120"),
    ("S9", 5, "cp932", {}, 120, b"00120"),
    ("S9", 5, "cp932", {"decimals": 2}, Decimal("1.2"), b"00120"),
    ("S9", 5, "cp932", {"decimals": 2}, 3, b"00300"),
    ("X", 5, "cp932", {}, "AB", b"AB   "),
    ("X", 5, "cp932", {}, None, b"     "),
    ("X", 5, "cp932", {"justify": "right", "pad": "0"}, "AB", b"000AB"),
    ("N", 8, "cp932", {}, "漢字", sjis("漢字　　")),
    ("N", 5, "cp932", {}, "漢字", sjis("漢字 ")),
    ("N", 8, "cp930", {}, "漢字", bytes.fromhex("0E4F5848F240400F")),
    ("N", 9, "cp930", {}, "漢字", bytes.fromhex("0E4F5848F240400F40")),
    ("N", 8, "cp930", {"shift": "implied"}, "漢字", bytes.fromhex("4F5848F240404040")),
    ("P", 3, "cp932", {}, -12345, bytes.fromhex("12345D")),
    ("P", 3, "cp932", {"signed": False}, 7, bytes.fromhex("00007F")),
    ("P", 3, "cp932", {"decimals": 2}, Decimal("-1.5"), bytes.fromhex("00150D")),
    ("Z", 4, "cp932", {}, -120, b"012p"),
    ("Z", 4, "cp932", {}, 120, b"0120"),
    ("Z", 4, "cp930", {}, -120, bytes.fromhex("F0F1F2D0")),
    ("Z", 4, "cp930", {}, 120, bytes.fromhex("F0F1F2C0")),
    ("Z", 4, "cp930", {"signed": False}, 120, bytes.fromhex("F0F1F2F0")),
    ("B", 2, "cp932", {}, -2, b"\xff\xfe"),
    ("D", 7, "cp932", {"date": "wareki"}, HistoricDate(1974, 8, 15), b"3490815"),
    ("D", 8, "cp930", {}, HistoricDate(1974, 8), host("19740800")),
]


@pytest.mark.parametrize(("kind", "length", "charset", "more", "value", "raw"), WRITTEN)
def test_a_value_is_written_to_the_width_of_its_item(kind, length, charset, more, value, raw):
    """Padding, justification and signs by type; packed and zoned in the convention of the charset."""
    assert codec_of(kind, length, charset=charset, **more).write(value) == raw


@pytest.mark.parametrize(
    ("kind", "length", "more", "value", "code"),
    [
        ("9", 3, {}, "1234", "DEC-018"),
        ("9", 3, {}, "12A", "DEC-018"),
        ("9", 3, {}, "１２", "DEC-018"),
        ("9", 3, {}, None, "DEC-018"),
        ("S9", 3, {}, -100, "DEC-018"),
        ("S9", 3, {}, Decimal("1.5"), "DEC-018"),
        ("S9", 3, {"signed": False}, -1, "DEC-018"),
        ("X", 3, {}, "ABCD", "DEC-018"),
        ("X", 3, {}, "漢", "DEC-008"),
        ("X", 3, {}, 5, "DEC-018"),
        ("N", 4, {}, "漢字漢", "DEC-018"),
        ("N", 4, {}, "A", "DEC-008"),
        ("N", 4, {}, "𠮷", "DEC-004"),
        ("P", 2, {}, 1000, "DEC-018"),
        ("P", 2, {}, True, "DEC-018"),
        ("P", 2, {}, Decimal("NaN"), "DEC-018"),
        ("Z", 2, {}, 100, "DEC-018"),
        ("B", 1, {}, 128, "DEC-018"),
        ("D", 8, {}, "20240230x", "DEC-007"),
        ("D", 8, {}, 20240101, "DEC-018"),
        ("D", 7, {"date": "wareki"}, HistoricDate(1600, 1, 1), "DEC-018"),
    ],
)
def test_what_does_not_fit_is_not_written(kind, length, more, value, code):
    """Nothing is cut, rounded or replaced."""
    assert fault_of(codec_of(kind, length, **more).write, value).code == code


def test_numbers_of_any_size_stay_exact():
    """18 digits and decimals beyond the decimal context's precision come back digit by digit."""
    codec = codec_of("P", 18, decimals=4)
    value = Decimal("1234567890123456789012345678901.2345")
    assert codec.read(codec.write(value)) == value
    assert list(codec.read_all([codec.write(value)])) == [value]
