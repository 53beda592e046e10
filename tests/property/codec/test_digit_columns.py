"""Numbers read as a column are the numbers by themselves."""

from hypothesis import given
from hypothesis import strategies as st

from kakehashi.codec.digit_columns import PackedColumn, ZonedColumn
from kakehashi.codec.text_form import Unclean


def outcome(read, raws):
    try:
        return list(read(raws))
    except Unclean:
        return None


@st.composite
def columns(draw, write):
    """(width, numbers, raws) with a wrong byte somewhere in some."""
    width = draw(st.integers(1, 20))
    numbers = draw(st.lists(st.integers(0, 10**40), min_size=1, max_size=6))
    raws = [write(number, width, draw) for number in numbers]
    if draw(st.booleans()):
        bad, at = draw(st.integers(0, len(raws) - 1)), draw(st.integers(0, width - 1))
        raws[bad] = raws[bad][:at] + bytes((draw(st.integers(0, 255)),)) + raws[bad][at + 1 :]
    return width, raws


def packed(number, width, draw):
    digits = str(number).rjust(2 * width, "0")[-(2 * width - 1) :]
    return bytes.fromhex(digits + draw(st.sampled_from("cdf")))


def packed_value(raw, minus):
    """By the definition: digits, then a sign."""
    text = raw.hex()
    if not (text[:-1] or "0").isdigit() or text[-1] not in "cf" + minus:
        return None
    return -int(text[:-1]) if text[-1] in minus else int(text[:-1])


@given(st.data(), st.sampled_from(["d", ""]))
def test_packed_columns_are_their_numbers(data, minus):
    """Any width, any sign; one wrong half-byte and the whole column is given up."""
    width, raws = data.draw(columns(packed))
    alone = [packed_value(raw, minus) for raw in raws]
    found = outcome(PackedColumn(width, plus="cf", minus=minus).read, raws)
    assert found == (None if None in alone else alone)


@given(st.data())
def test_packed_columns_without_signs_are_their_numbers(data):
    """COMP-6: every half-byte is a digit."""
    width, raws = data.draw(columns(lambda number, width, _: bytes.fromhex(str(number).rjust(99, "0")[-2 * width :])))
    alone = [int(raw.hex()) if raw.hex().isdigit() else None for raw in raws]
    found = outcome(PackedColumn(width, plus="", minus="").read, raws)
    assert found == (None if None in alone else alone)


MINUS = b"}JKLMNOPQR"


def zoned(number, width, draw):
    digits = str(number).rjust(width, "0")[-width:].encode()
    return digits[:-1] + bytes((MINUS[digits[-1] - 0x30],)) if draw(st.booleans()) else digits


def zoned_value(raw, place):
    mark = raw[place : place + 1]
    digits = raw[:place] + (b"%d" % MINUS.index(mark) if mark in MINUS else mark) + raw[place + 1 :]
    if not digits.isdigit():
        return None
    return -int(digits) if mark in MINUS else int(digits)


@given(st.data())
def test_zoned_columns_are_their_numbers(data):
    """Any width, with the sign over the last digit; a sign elsewhere is no digit."""
    width, raws = data.draw(columns(zoned))
    alone = [zoned_value(raw, width - 1) for raw in raws]
    column = ZonedColumn(width, b"0123456789", plus=(), minus=(MINUS,), place=width - 1)
    assert outcome(column.read, raws) == (None if None in alone else alone)
