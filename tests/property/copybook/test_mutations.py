"""Whatever the text or the bytes, nothing but the documented errors comes out, and soon."""

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st
from tests.property.copybook.books import book, filled

from kakehashi.codec.copybook.options import Odo, Options
from kakehashi.codec.copybook.parser import parse_copybook
from kakehashi.codec.copybook.record import CopybookCodec
from kakehashi.errors import ConfigurationError, InputError

TEXT = """
000100 01  受付-RECORD.                                                 CHANGED
      * a comment
           05  種別            PIC X(01).
               88  個人        VALUE 'P' 'Q' THRU 'S'.
           05  NAME            PIC N(10).
           05  AMOUNT          PIC S9(7)V99 COMP-3 OCCURS 0 TO 5 TIMES
                               DEPENDING ON CNT.
           05  A REDEFINES NAME PIC X(4) VALUE 'it''s
      -    ' gone'. *> the end
       66  OTHER RENAMES NAME THRU A.
       77  Z PIC -(5)9.99.
"""
PIECES = [
    "05 ",
    "PIC ",
    "OCCURS 3 ",
    "REDEFINES NAME ",
    ".",
    "\n",
    "(",
    ")",
    "'",
    "==",
    "COPY X.",
    "S9(9)V9 ",
    "COMP-3 ",
]
PIECES += [
    "DEPENDING ON CNT ",
    "88 A VALUE 1.",
    "\t",
    "\x00",
    "　",
    "9(99999999)",
    ")(",
    "P",
    "V",
    "-",
    "*>",
    "      -",
]


@st.composite
def mutated(draw):
    """A copybook with pieces cut out, put in, and moved."""
    text = TEXT
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(text)))
        end = min(len(text), at + draw(st.integers(0, 12)))
        text = text[:at] + draw(st.sampled_from(["", *PIECES]) | st.text(max_size=3)) + text[end:]
    return text


def refusal(text):
    """The one fault of a copybook that is refused; None when it is read."""
    try:
        copybook = parse_copybook(text)
    except ConfigurationError as error:
        return error.faults
    assert copybook.length >= 0
    return None


@given(mutated())
def test_mutated_copybooks_raise_the_parsers_error_alone(text):
    """A copybook is parsed, or refused with CFG-013, a line and a column."""
    for fault in refusal(text) or ():
        assert fault.code == "CFG-013"
        assert fault.facts["line"] >= 1
        assert fault.facts["column"] >= 1
        assert fault.facts["expected"]


@given(st.text(max_size=200))
def test_any_text_raises_the_parsers_error_alone(text):
    """Text that is no copybook at all is refused the same way."""
    assert {fault.code for fault in refusal(text) or ()} <= {"CFG-013"}


@given(st.data())
def test_what_is_read_is_written_again(data):
    """encode(decode(b)) = b, and decode(encode(v)) = v, on generated copybooks and data, in every mode."""
    text, items = data.draw(book())
    odo = data.draw(st.sampled_from(list(Odo)))
    host = data.draw(st.sampled_from(["cp037", "latin-1", "cp932", "cp930"]))
    dialect = data.draw(st.sampled_from(["ibm", "fujitsu", "microfocus", "gnucobol"]))
    codec = CopybookCodec(parse_copybook(text, dialect=dialect), Options(encoding=host, odo=odo))
    values = data.draw(filled(items))
    raw = codec.write(values)
    decoded = codec.read(raw)
    assert decoded.faults == ()
    assert decoded.values == values
    assert decoded.end == len(raw)
    assert codec.write(decoded.values) == raw


@given(st.data())
def test_damaged_records_give_values_or_documented_faults(data):
    """A record cut at any byte, or with any byte changed, gives a value or faults with item and offset in it."""
    text, items = data.draw(book())
    odo = data.draw(st.sampled_from(list(Odo)))
    options = Options(encoding=data.draw(st.sampled_from(["cp037", "cp932", "cp930"])), odo=odo)
    codec = CopybookCodec(parse_copybook(text), options)
    raw = codec.write(data.draw(filled(items)))
    damaged = [raw[:at] for at in range(len(raw))]
    for at in range(0, len(raw), max(len(raw) // 40, 1)):
        flipped = bytearray(raw)
        flipped[at] ^= data.draw(st.integers(1, 255))
        damaged.append(bytes(flipped))
    for record in damaged:
        decoded = codec.read(record, offset=1000)
        assert (decoded.values is None) == bool(decoded.faults)
        assert all(fault.place.item and 1000 <= fault.place.offset <= 1000 + len(raw) for fault in decoded.faults)
        if decoded.values is not None:
            with suppress(InputError):
                codec.write(decoded.values)
