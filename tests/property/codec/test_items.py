"""Items under any bytes: one value and many values agree, and nothing but documented faults comes out."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from kakehashi.codec.cells import FEW
from kakehashi.codec.charset import charset_named
from kakehashi.codec.item_types import compile_item
from kakehashi.codec.layout import Item, ItemType
from kakehashi.domain.japanese_date import DATE_FORMS, HistoricDate
from kakehashi.errors import InputError

CODES = {f"DEC-{n:03}" for n in (3, 4, 5, 6, 7, 8, 20, 21)}
CHARSETS = ["cp932", "euc-jp", "utf-8", "cp930", "cp939", "jef", "keis83", "jips-j", "jips-e", "shift_jis-2004"]
NIL = ["spaces", "zeros", "nines", "low-values", "high-values"]


@st.composite
def codecs(draw):
    """An item of any type with any options that fit it."""
    kind = draw(st.sampled_from(list(ItemType)))
    form = draw(st.sampled_from(sorted(DATE_FORMS)))
    item = Item(
        name="項目",
        type=kind,
        length=DATE_FORMS[form] if kind is ItemType.DATE else draw(st.integers(1, 12)),
        start=0,
        decimals=draw(st.integers(0, 3)),
        date=form,
        nil=draw(st.frozensets(st.sampled_from(NIL))),
        signed=draw(st.booleans()),
        required=draw(st.booleans()),
        pad=draw(st.sampled_from([None, " "])) if kind in {ItemType.DIGITS, ItemType.SIGNED} else None,
        justify=draw(st.sampled_from([None, "left", "right"])),
        trim=draw(st.booleans()),
        shift=draw(st.sampled_from([None, "implied", "embedded", "none"])),
    )
    charset = draw(st.sampled_from(CHARSETS))
    return item, charset, compile_item(item, charset=charset, shift="embedded", varying=False)


ALPHABETS = {
    "text": "0129+-AZ ｱ漢字　〜",
    "bytes": bytes.fromhex(
        "00 0E 0F 1F 20 30 39 40 4F 58 60 70 7B 7D 81 88 9F C0 D1 F0 F1 F9 FF 12 3C 4D 0C"
        " 28 29 0A 41 42 1A 70 71 3F 75 76 B0 A1"
    ),
}


@st.composite
def contents(draw, item, charset):
    """Bytes of the item's length: nearly right text, plausible bytes, anything."""
    choice = draw(st.integers(0, 2))
    if choice == 0:
        text = draw(st.text(alphabet=ALPHABETS["text"], max_size=item.length))
        raw = charset_named(charset).encode(text)
        blank = charset_named(charset).encode(" ")
        return (raw + blank * item.length)[: item.length]
    if choice == 1:
        return bytes(
            draw(st.lists(st.sampled_from(list(ALPHABETS["bytes"])), min_size=item.length, max_size=item.length))
        )
    return draw(st.binary(min_size=item.length, max_size=item.length))


def outcome(read, raw):
    """("value", value) or ("fault", code), the fault inside the item."""
    try:
        return ("value", read(raw))
    except InputError as error:
        fault = error.fault
    offset = -1 if fault.place.offset is None else fault.place.offset
    assert (fault.code in CODES, 0 <= offset <= len(raw)) == (True, True)
    return ("fault", fault.code)


def written(codec, value):
    """The bytes, or the code of the fault."""
    try:
        return codec.write(value)
    except InputError as error:
        return error.fault.code


@given(st.data())
def test_many_values_at_once_are_the_values_one_by_one(data):
    """The fast path gives exactly what the definition gives, or gives up; no fault is overlooked in a crowd.

    Columns of many values, and texts of few, are read in two ways: both do.
    """
    item, charset, codec = data.draw(codecs())
    raws = data.draw(st.lists(contents(item, charset), min_size=1, max_size=4))
    single = [outcome(codec.read, raw) for raw in raws]
    good = [raw for raw, (kind, _) in zip(raws, single, strict=True) if kind == "value"]
    for some in (raws, good, raws * FEW, good * FEW):
        if not some:
            continue
        try:
            many = list(codec.read_all(some))
        except (InputError, ValueError, ArithmeticError):
            continue
        assert [("value", value) for value in many] == [outcome(codec.read, raw) for raw in some]
        assert [type(value) for value in many] == [type(codec.read(raw)) for raw in some]


def plain_value(item, digit):
    """A small value of the item's type."""
    match item.type:
        case ItemType.DIGITS:
            return str(digit)
        case ItemType.HALFWIDTH:
            return "A"
        case ItemType.FULLWIDTH:
            return "漢"
        case ItemType.DATE:
            return HistoricDate(1989, 1, 8)
        case _:
            return Decimal(digit).scaleb(-item.decimals) if item.decimals else digit


@given(st.data())
def test_clean_columns_take_the_fast_path(data):
    """What was written by the codec itself is read without falling back, unless its blanks are not its own."""
    item, _, codec = data.draw(codecs())
    value = plain_value(item, data.draw(st.integers(0, 9)))
    raw = written(codec, value)
    kind, back = outcome(codec.read, raw) if isinstance(raw, bytes) else ("fault", raw)
    if kind == "value":
        assert len(raw) == item.length
        for count in (3, FEW):
            assert list(codec.read_all([raw] * count)) == [back] * count


@given(st.data())
def test_reading_what_was_written_gives_the_value(data):
    """Value → bytes → value, for every value that an item can show."""
    item, charset, codec = data.draw(codecs())
    kind, value = outcome(codec.read, data.draw(contents(item, charset)))
    if kind == "fault":
        return
    raw = written(codec, value)
    if isinstance(raw, str):
        assert raw in {"DEC-018", "DEC-004", "DEC-008"}  # two forms of a value may need different room
        return
    assert len(raw) == item.length
    again = outcome(codec.read, raw)
    if item.nil or item.required:
        return  # a value may look like nothing in the form in which it is written
    if isinstance(value, str) and not item.trim:  # then padding is part of what is read
        assert again[1].strip(" 　") == value.strip(" 　")
    else:
        assert again == ("value", value)
