"""Dialects, record formats, charsets and signs as compilers lay them out: bytes computed by hand, both ways."""

import io
from decimal import Decimal

import pytest

from kakehashi.codec.copybook.file import file_of, read_file
from kakehashi.codec.copybook.options import Nil, Odo, Options, Segment
from kakehashi.codec.copybook.parser import parse_copybook
from kakehashi.codec.copybook.record import CopybookCodec
from kakehashi.codec.copybook.tree import Dialect
from kakehashi.codec.records import Recfm, RecordSpec, Word

CP037 = Options(encoding="cp037")
ASCII = Options(encoding="ascii")


def options(encoding="cp037", **more):
    return Options(encoding=encoding, **more)


CASES = {
    "IBM: a fullword with SYNC stands on its boundary": (
        "05 A PIC X. 05 B PIC S9(9) COMP SYNC. 05 C PIC S9(4) COMP SYNC.",
        Dialect.IBM, CP037, RecordSpec(), "C1 000000 FFFFFFFE 0007", [{"A": "A", "B": -2, "C": 7}],
    ),
    "Fujitsu: eight binary bytes stand on a boundary of four": (
        "05 A PIC X(5). 05 B PIC S9(18) COMP SYNC.",
        Dialect.FUJITSU, options("jef"), RecordSpec(), "C1C1C1C1C1 000000 0000000000000100", [{"A": "AAAAA", "B": 256}],
    ),
    "Micro Focus: COMP takes as few bytes as it needs, COMP-5 is little endian": (
        "05 A PIC 9(6) COMP. 05 B PIC S9(4) COMP-5. 05 C PIC S9(9) COMP SYNC.",
        Dialect.MICROFOCUS, ASCII, RecordSpec(), "0F423F FEFF 00000001", [{"A": 999_999, "B": -2, "C": 1}],
    ),
    "GnuCOBOL: two digits are one byte": (
        "05 A PIC 99 COMP. 05 B PIC S99 COMP-5. 05 C PIC 9(4) COMP-5.",
        Dialect.GNUCOBOL, ASCII, RecordSpec(), "63 FB 0201", [{"A": 99, "B": -5, "C": 258}],
    ),
    "Micro Focus: COMP-6 is packed without a sign; COMP-X over X counts bytes": (
        "05 A PIC 9(3) COMP-6. 05 B PIC X(2) COMP-X. 05 C PIC 9(2) COMP-X.",
        Dialect.MICROFOCUS, ASCII, RecordSpec(), "0123 0100 63", [{"A": 123, "B": 256, "C": 99}],
    ),
    "EBCDIC: signs in a byte of their own, before and behind": (
        "05 A PIC S9(3) SIGN LEADING SEPARATE. 05 B PIC S9(3)V9 SIGN TRAILING SEPARATE.",
        Dialect.IBM, CP037, RecordSpec(), "60F0F1F2 F0F1F2F54E", [{"A": -12, "B": Decimal("12.5")}],
    ),
    "EBCDIC: the sign over the first digit, and over the last": (
        "05 A PIC S9(3) SIGN LEADING. 05 B PIC S9(3). 05 C PIC S9(2).",
        Dialect.IBM, CP037, RecordSpec(), "D1F2F3 F1F2C3 F1D0", [{"A": -123, "B": 123, "C": -10}],
    ),
    "ASCII: Micro Focus writes minus as p to y": (
        "05 A PIC S9(3). 05 B PIC S9(3).",
        Dialect.MICROFOCUS, ASCII, RecordSpec(), "313273 313233", [{"A": -123, "B": 123}],
    ),
    "ASCII: translated EBCDIC signs": (
        "05 A PIC S9(3). 05 B PIC S9(3).", Dialect.IBM, ASCII, RecordSpec(), "31324C 313243", [{"A": -123, "B": 123}],
    ),
    "ASCII: Realia writes minus as a blank to )": (
        "05 A PIC S9(3).",
        Dialect.MICROFOCUS, options("ascii", overpunch="ca-realia"), RecordSpec(), "313223", [{"A": -123}],
    ),
    "ASCII: Tandem sets the highest bit": (
        "05 A PIC S9(3).",
        Dialect.MICROFOCUS, options("latin-1", overpunch="tandem"), RecordSpec(), "313283", [{"A": -123}],
    ),
    "P scales in both directions, packed and zoned": (
        "05 A PIC 9(2)P(3). 05 B PIC VP(2)9(2). 05 C PIC S9P COMP-3.",
        Dialect.IBM, CP037, RecordSpec(), "F1F2 F3F4 5D", [{"A": 12_000, "B": Decimal("0.0034"), "C": -50}],
    ),
    "IBM: hexadecimal floats": (
        "05 A COMP-1. 05 B COMP-2.", Dialect.IBM, CP037, RecordSpec(),
        "42640000 C1180000 00000000", [{"A": 100.0, "B": -1.5}],
    ),
    "Micro Focus: IEEE floats, least byte first": (
        "05 A COMP-1. 05 B COMP-2.", Dialect.MICROFOCUS, ASCII, RecordSpec(),
        "0000C83F 000000000000F8BF", [{"A": 1.5625, "B": -1.5}],
    ),
    "CP930 in blocks: double bytes between shift codes in an item of single bytes": (
        "05 A PIC X(8). 05 N PIC S9(3) COMP-3.",
        Dialect.IBM, options("cp930"), RecordSpec(recfm=Recfm.VB),
        "0020 0000 000E 0000 0E45664581 0F4040 123C 000E 0000 C1C2C3C440404040 001D", None,
    ),
    "KEIS in V records: shift codes of two bytes, double bytes of JIS X 0208 plus A0A0": (
        "05 A PIC X(10).", Dialect.HITACHI, options("keis83"), RecordSpec(recfm=Recfm.V),
        "000E 0000 0A42 B4C1 BBFA 0A41 4040", [{"A": "漢字"}],
    ),
    "JEF: the opening code 38 is read, too, and N needs none": (
        "05 A PIC N(2). 05 B PIC X(6).", Dialect.FUJITSU, options("jef"), RecordSpec(),
        "B4C1BBFA 28B4C1BBFA29", [{"A": "漢字", "B": "漢字"}],
    ),
    "JIPS(J): single bytes of JIS X 0201, double bytes of JIS": (
        "05 A PIC X(10). 05 B PIC 9(2).", Dialect.NEC, options("jips-j"), RecordSpec(),
        "1A70 3441 3B7A 1A71 4142 3132", [{"A": "漢字AB", "B": 12}],
    ),
    "NATIONAL is UTF-16, most significant byte first": (
        "05 A PIC N(3) USAGE NATIONAL.", Dialect.IBM, CP037, RecordSpec(), "6F225B570020", [{"A": "漢字"}],
    ),
    "tables that depend move up, and one record follows another without a mark": (
        ("05 N PIC 9. 05 T OCCURS 0 TO 3 DEPENDING ON N. 10 M PIC 9. 10 U PIC X OCCURS 0 TO 2 DEPENDING ON M. "
         "05 E PIC X."),
        Dialect.IBM, options("ascii", odo=Odo.SHIFTED), RecordSpec(), b"22XY0E0Z1" b"1AE".hex(),
        [
            {"N": 2, "T": [{"M": 2, "U": ["X", "Y"]}, {"M": 0, "U": []}], "E": "E"},
            {"N": 0, "T": [], "E": "Z"},
            {"N": 1, "T": [{"M": 1, "U": ["A"]}], "E": "E"},
        ],
    ),
    "a text says how often": (
        "05 K PIC X(3). 05 T PIC 9 OCCURS 0 TO 3 DEPENDING ON K.",
        Dialect.IBM, options("ascii", odo=Odo.SHIFTED, occurs={"K": {"ONE": 1, "TWO": 2}}), RecordSpec(),
        b"TWO12ONE3".hex(), [{"K": "TWO", "T": [1, 2]}, {"K": "ONE", "T": [3]}],
    ),
    "a code of digits chooses, and V records have their lengths": (
        "05 K PIC 9(2). 05 P. 10 P-1 PIC X(4). 05 Q REDEFINES P. 10 Q-1 PIC S9(7) COMP-3.",
        Dialect.IBM, options(segments=(Segment("K", "1", "P"), Segment("K", "2", "Q"))),
        RecordSpec(recfm=Recfm.V, rdw=Word(big_endian=False, inclusive=False)),
        "0000 0600 F0F1C1C2C3C4 0000 0600 F0F2 1234567D",
        [{"K": 1, "P": {"P_1": "ABCD"}}, {"K": 2, "Q": {"Q_1": -1_234_567}}],
    ),
    "lines of EBCDIC end with NEL": (
        "05 A PIC X(3).", Dialect.IBM, CP037, RecordSpec(recfm=Recfm.LINE, separator="nel"), "C1C240 15 C3C4C5 15",
        [{"A": "AB"}, {"A": "CDE"}],
    ),
    "blank numbers: of BLANK WHEN ZERO zero, of others nothing where that is declared": (
        "05 A PIC 9(3) BLANK WHEN ZERO. 05 B PIC 9(3).", Dialect.IBM, options(blanks=Nil.NIL), RecordSpec(),
        "404040 404040 F0F0F1 F0F0F2", [{"A": 0, "B": None}, {"A": 1, "B": 2}],
    ),
    "edited numbers: a sign behind them that does not float, one that does, credit": (
        "05 A PIC ZZ9.99-. 05 B PIC --9.9. 05 C PIC $9.99CR. 05 D PIC +9.9(3).",
        Dialect.IBM, ASCII, RecordSpec(), b"  1.50- -2.5$3.25CR+4.125".hex(),
        [{"A": Decimal("-1.5"), "B": Decimal("-2.5"), "C": Decimal("-3.25"), "D": Decimal("4.125")}],
    ),
    "JUSTIFIED text is padded on its left; an edited number is read as the number": (
        "05 A PIC X(5) JUSTIFIED RIGHT. 05 B PIC ZZ,ZZ9.99-.", Dialect.IBM, ASCII, RecordSpec(),
        b"   AB 1,234.50-".hex(), [{"A": "AB", "B": Decimal("-1234.50")}],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_bytes_are_values_and_values_are_bytes(name):
    """A file is its values, and the values are the file again, byte for byte."""
    items, dialect, chosen, spec, text, expected = CASES[name]
    book = "       01 R.\n" + "".join(f"           {item}.\n" for item in items.rstrip(".").split(". "))
    codec = CopybookCodec(parse_copybook(book, dialect=dialect), chosen)
    data = bytes.fromhex(text)
    found = list(read_file(io.BytesIO(data), codec, spec, file="f"))
    assert [fault for each in found for fault in each.decoded.faults] == []
    values = [each.decoded.values for each in found]
    if expected is not None:
        assert values == expected
    refused = []
    assert b"".join(file_of(codec, spec, map(codec.write, values), refused=refused.append)) == data
    assert refused == []
