"""Elementary items: bytes ↔ values."""

from decimal import Decimal

import pytest

from kakehashi.codec.copybook.options import Controls, Nil, Options, Trim
from kakehashi.codec.copybook.parser import parse_copybook
from kakehashi.codec.copybook.record import CopybookCodec
from kakehashi.errors import InputError


def codec(clause, *, dialect="ibm", encoding="cp037", **options):
    text = f"       01 R.\n          05 A {clause}.\n"
    return CopybookCodec(parse_copybook(text, dialect=dialect), Options(encoding=encoding, **options))


def both_ways(made, raw, value):
    decoded = made.read(raw)
    assert decoded.faults == ()
    assert decoded.values == {"A": value}
    assert str(decoded.values["A"]) == str(value)
    assert made.write({"A": value}) == raw


@pytest.mark.parametrize(
    ("clause", "raw", "value"),
    [
        ("PIC 9(3)", "f0f1f2", 12), ("PIC S9(3)", "f0f1c2", 12), ("PIC S9(3)", "f0f1d2", -12),
        ("PIC S9(3) LEADING", "d0f1f2", -12), ("PIC S9(3) SIGN LEADING SEPARATE", "60f0f1f2", -12),
        ("PIC S9(3) SIGN TRAILING SEPARATE", "f0f1f24e", 12), ("PIC S9V99", "f0f1d2", Decimal("-0.12")),
        ("PIC 9(2)PP", "f1f2", 1200), ("PIC VPP9(2)", "f1f2", Decimal("0.0012")),
        ("PIC S9(5) COMP-3", "00012d", -12), ("PIC 9(4) COMP-3", "00012f", 12), ("PIC 9(3) COMP-6", "0012", 12),
        ("PIC S9(3)V99 COMP-3", "00012c", Decimal("0.12")), ("PIC S9(4) COMP", "fff4", -12),
        ("PIC 9(4) COMP", "fff4", 65524), ("PIC S9(2)V99 COMP", "fff4", Decimal("-0.12")),
        ("PIC X(4) COMP-3U", "12345678", 12345678), ("PIC 9(3)V99 COMP-3U", "123456", Decimal("1234.56")),
        ("PIC 9(2)V9(2) COMP-3U", "0123", Decimal("1.23")), ("PIC S9(4) COMP-9", "f4ff", -12),
        ("PIC X(2) COMP-X", "0102", 258), ("COMP-1", "42640000", 100.0), ("COMP-1", "c276a000", -118.625),
        ("COMP-2", "4110000000000000", Decimal(1)), ("COMP-1", "00000000", 0.0),
        ("PIC S9(31) COMP-3", "1" + "0" * 30 + "c", 10**30),
        ("PIC S9(13)V9(18) COMP-3", "1" + "0" * 29 + "1c", Decimal("1000000000000.000000000000000001")),
    ],
)  # fmt: skip
def test_numbers_are_exact_both_ways(clause, raw, value):
    """Every usage, with and without point and sign, in EBCDIC."""
    both_ways(codec(clause), bytes.fromhex(raw), value)


@pytest.mark.parametrize(
    ("dialect", "raw"), [("ibm", "0102"), ("microfocus", "0201"), ("gnucobol", "0201"), ("fujitsu", "0201")]
)
def test_comp_5_has_the_order_of_its_machine(dialect, raw):
    """Mainframes write the most significant byte first, others the least."""
    both_ways(codec("PIC 9(4) COMP-5", dialect=dialect), bytes.fromhex(raw), 258)


def test_ieee_floats_in_both_orders_give_the_shortest_decimal():
    """0.1 in four bytes is 0.1, not 0.10000000149."""
    both_ways(codec("COMP-1", floats="ieee"), bytes.fromhex("3dcccccd"), 0.1)
    both_ways(codec("COMP-2", floats="ieee-le"), bytes.fromhex("9a9999999999b93f"), 0.1)
    assert codec("COMP-1", floats="ieee").read(bytes.fromhex("7fc00000")).faults[0].code == "DEC-005"


@pytest.mark.parametrize(
    ("style", "negative"),
    [("standard", b"1r"), ("translated", b"1K"), ("ca-realia", b'1"'), ("tandem", b"1\x82"), ("fujitsu", b"1R")],
)
def test_overpunch_over_ascii_digits(style, negative):
    """-12 in each style."""
    assert codec("PIC S9(2)", encoding="latin-1", overpunch=style).read(negative).values == {"A": -12}


@pytest.mark.parametrize(
    ("clause", "raw", "code", "offset"),
    [
        ("PIC 9(3)", "f0c1f2", "DEC-005", 101), ("PIC S9(3)", "f0f1", "DEC-002", 102),
        ("PIC S9(3)", "f0f112", "DEC-006", 102),
        ("PIC S9(3) COMP-3", "1a2c", "DEC-006", 100), ("PIC S9(3) COMP-3", "1122", "DEC-006", 101),
        ("PIC 9(3) COMP-3", "123d", "DEC-006", 101), ("PIC X(2) COMP-3U", "123c", "DEC-006", 101),
        ("PIC S9(3) SIGN LEADING SEPARATE", "40f1f2f3", "DEC-006", 100),
    ],
)  # fmt: skip
def test_wrong_digits_and_signs_have_their_offset(clause, raw, code, offset):
    """A fault names the item and the absolute offset of the wrong byte; the record has no values."""
    decoded = codec(clause).read(bytes.fromhex(raw), offset=100)
    assert decoded.values is None
    assert [(f.code, f.place.item, f.place.offset) for f in decoded.faults] == [(code, "A", offset)]


@pytest.mark.parametrize(
    ("policy", "raw", "value"),
    [
        ({"blanks": Nil.NIL}, "404040", None), ({"blanks": Nil.ZERO}, "404040", 0),
        ({"low_values": Nil.NIL}, "000000", None), ({"high_values": Nil.NIL}, "ffffff", None),
        ({"invalid": Nil.NIL}, "c1c2c3", None), ({"items": {"A": {"blanks": Nil.NIL}}}, "404040", None),
    ],
)  # fmt: skip
def test_blank_numbers_follow_the_declared_policy(policy, raw, value):
    """Refused by default; nothing or zero where that is declared, for all items or one."""
    assert codec("PIC 9(3)").read(bytes.fromhex(raw)).values is None
    assert codec("PIC 9(3)", **policy).read(bytes.fromhex(raw)).values == {"A": value}


def test_nil_is_written_as_its_policy_reads_it():
    """None goes back to the blanks or low-values that it came from."""
    assert codec("PIC 9(3)", blanks=Nil.NIL).write({"A": None}) == b"\x40" * 3
    assert codec("PIC 9(3)", low_values=Nil.NIL).write({"A": None}) == bytes(3)
    assert codec("PIC 9(3)").write({"A": None}) == b"\xf0" * 3


@pytest.mark.parametrize(
    ("picture", "text", "value"),
    [
        ("ZZ,ZZ9.99", " 1,234.50", "1234.50"), ("ZZ,ZZ9.99", "     0.00", "0.00"), ("-(5)9.99", "  -12.34", None),
        ("$$,$$9.99", "   $12.00", "12.00"), ("**,**9.99", "*****1.00", "1.00"), ("9(3).99CR", "012.34CR", "-12.34"),
        ("9(3).99DB", "012.34  ", "12.34"), ("+9(3)", "-012", "-12"), ("9(3)-", "012-", "-12"), ("ZZ9", "  7", "7"),
        ("++9.99", "+1.00", None), ("ZZZ", "   ", "0"),
    ],
)  # fmt: skip
def test_edited_numbers_are_read_and_written(picture, text, value):
    """An edited picture gives the number, and the number its edited text."""
    made = codec(f"PIC {picture}", encoding="latin-1")
    raw = text.encode()
    if value is None:
        raw = raw.rjust(made.most)
        value = str(made.read(raw).values["A"])
    assert str(made.read(raw).values["A"]) == value
    assert made.write({"A": Decimal(value)}) == raw


def test_blank_when_zero():
    """Zero is written as spaces, and spaces are zero."""
    both_ways(codec("PIC 9(3) BLANK WHEN ZERO"), b"\x40" * 3, 0)


def test_text_is_trimmed_and_padded_on_its_side():
    """Right by default, the left of a JUSTIFIED item; none, left and both as declared."""
    both_ways(codec("PIC X(4)"), " A".encode("cp037") + b"\x40\x40", " A")
    both_ways(codec("PIC X(4) JUST RIGHT"), b"\x40\x40" + "A ".encode("cp037"), "A ")
    raw = " A  ".encode("cp037")
    assert [codec("PIC X(4)", trim=trim).read(raw).values["A"] for trim in Trim] == [" A  ", "A  ", " A", "A"]


def test_japanese_text_in_bytes():
    """X in CP932 counts bytes; N holds double bytes; both padded with their own space."""
    both_ways(codec("PIC X(6)", encoding="cp932"), "山田".encode("cp932") + b"  ", "山田")
    both_ways(codec("PIC N(3)", encoding="cp932"), "山田　".encode("cp932"), "山田")
    both_ways(codec("PIC N(3) NATIONAL", encoding="cp932"), "山田　".encode("utf-16-be"), "山田")
    with pytest.raises(InputError) as caught:
        codec("PIC X(3)", encoding="cp932").write({"A": "山田"})
    assert caught.value.fault.code == "DEC-018"


def test_control_characters_are_kept_blanked_or_dropped():
    """Low-values inside text are characters unless declared otherwise."""
    raw = b"A\0B\0\0"
    made = [codec("PIC X(5)", encoding="cp932", controls=each).read(raw).values["A"] for each in Controls]
    assert made == ["A\0B\0\0", "A B", "AB"]


@pytest.mark.parametrize(
    ("clause", "value"),
    [("PIC 9(2)", 100), ("PIC 9(2)", -1), ("PIC 9(2)V9", "1.25"), ("PIC X(2)", "abc"), ("PIC X(2)", 5),
     ("PIC 9(2)", "x"),
     ("PIC S9(4) COMP", 40000), ("PIC 9(2)", True), ("PIC S9(2) COMP-3", 1e400), ("PIC Z9", -5), ("PIC 9(2)", {}),
     ("COMP-1", "1E+99")],
)  # fmt: skip
def test_values_that_do_not_fit_are_refused(clause, value):
    """DEC-018 with the item, never a cut number."""
    with pytest.raises(InputError) as caught:
        codec(clause).write({"A": value})
    assert (caught.value.fault.code, caught.value.fault.place.item) == ("DEC-018", "A")


@pytest.mark.parametrize(
    ("picture", "text", "value"),
    [
        ("S9(4)", " 12 ", 12),
        ("S9(4)", "-12 ", -12),
        ("S9(4)", "  1-", -1),
        ("S9(2)V99", " 125", Decimal("1.25")),
        ("9(5)", "12.50", Decimal("12.50")),
        ("9(3)", "7\0\0", 7),
        ("S9(3)V9", "  ,5", Decimal("0.5")),
    ],
)
@pytest.mark.parametrize("encoding", ["cp037", "ascii"])
def test_numbers_may_be_written_as_text_where_asked(picture, text, value, encoding):
    """Blanks, low-values, a sign beside, a point; without the option that is a fault, and so is what is no number."""
    copybook = parse_copybook(f"       01 R.\n          05 N PIC {picture}.\n")
    raw = text.encode(encoding)
    lenient = CopybookCodec(copybook, Options(encoding=encoding, written=True))
    found = lenient.read(raw).values["N"]
    assert (found, str(found)) == (value, str(value))
    assert CopybookCodec(copybook, Options(encoding=encoding)).read(raw).faults
    for other in ("1 2", "+1-", "----", " . ", "ab"):
        assert lenient.read(other.ljust(len(text)).encode(encoding)).faults
