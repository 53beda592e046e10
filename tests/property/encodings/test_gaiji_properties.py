"""Gaiji, substitutes and cuts on generated tables and texts: nothing is changed that is not declared and told."""

from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kakehashi.codec.charset import charset_named
from kakehashi.codec.cluster import unbreakable, width_units
from kakehashi.codec.code_table import build_table
from kakehashi.codec.fitting import Fitting
from kakehashi.codec.layout import FileFormat, Item, ItemType, Kind, Layout, Record, Role
from kakehashi.domain.character import CharacterTrouble, character_of
from kakehashi.errors import InputError

AREAS = {"jef": (0x80A1, 0xA0FE), "keis83": (0x81A1, 0xA0FE), "cp930": (0x6941, 0x7FFE), "cp932": (0xF040, 0xF9FC),
         "cp943": (0xF040, 0xF9FC), "jips-e": (0x5757, 0x5B5F)}  # fmt: skip
KANJI = st.integers(0x4E00, 0x9FA0).map(chr) | st.integers(0x20000, 0x2A6D0).map(chr)
SELECTED = st.tuples(KANJI, st.integers(0xE0100, 0xE01EF).map(chr)).map("".join)
TEXTS = st.text(st.sampled_from("山田辻ｱﾊﾞﾟかアA1 　髙"), max_size=12)


@st.composite
def tables(draw):
    charset = draw(st.sampled_from(sorted(AREAS)))
    first, last = AREAS[charset]
    low = st.integers(*((0xA1, 0xFE) if first & 0xFF == 0xA1 else (0x41, 0x7E)))
    codes = st.builds(lambda high, tail: high << 8 | tail, st.integers(first >> 8, last >> 8), low)
    rows = draw(st.dictionaries(codes, SELECTED, min_size=1, max_size=8))
    assume(len(set(rows.values())) == len(rows))
    return charset, rows


@given(tables(), st.data())
def test_what_a_table_teaches_is_read_and_written_again(table, data):
    """Every code of a table both ways, among characters of the charset, in wide items and in mixed text."""
    name, rows = table
    cells = (
        (code, {"code": f"{code:04X}", "unicode": " ".join(f"{ord(c):X}" for c in text)}) for code, text in rows.items()
    )
    charset = charset_named(name, (build_table("t", cells, file="t"),))
    codes = data.draw(st.lists(st.sampled_from(sorted(rows)), min_size=1, max_size=6))
    raw = b"".join(code.to_bytes(2, "big") + charset_named(name).wide.write("山") for code in codes)
    text = "".join(rows[code] + "山" for code in codes)
    assert charset.wide.read(raw) == text
    assert charset.wide.write(text) == raw
    assert charset.decode(charset.encode("A" + text)) == "A" + text
    assert len(width_units(text)) == 2 * len(codes)


def layout_of(charset, kind, length):
    item = Item(name="t", type=kind, length=length, start=0, truncate=True, trim=False)
    record = Record(name="data", role=Role.DATA, items=(item,), length=length)
    return Layout(name="t", charset=charset, format=FileFormat(kind=Kind.FIXED), records=(record,))


@given(
    st.sampled_from(["cp932", "cp930", "jef", "keis83", "jips-j", "utf-8", "shift_jis-2004"]),
    st.sampled_from([ItemType.HALFWIDTH, ItemType.FULLWIDTH]),
    st.integers(4, 20),
    TEXTS,
)
def test_a_cut_is_a_whole_beginning_that_fits_and_is_told(charset, kind, length, text):
    """The longest beginning between characters; what is gone is counted; a text that fits is not touched."""
    layout = layout_of(charset, kind, length)
    known = charset_named(charset)
    form = (known.shifted if kind is ItemType.FULLWIDTH else known.narrow).write
    try:
        size = len(form(text))
        fitted, lost = Fitting(layout, {}).fit("data", {"t": text})
    except InputError:
        return
    kept, parts = fitted["t"], unbreakable(text)
    assert text.startswith(kept)
    assert unbreakable(kept) == parts[: len(unbreakable(kept))]
    assert len(form(kept)) <= length
    gone = len(parts) - len(unbreakable(kept))
    assert gone == 0 or len(form("".join(parts[: len(parts) - gone + 1]))) > length
    assert (kept == text) is (size <= length)
    assert [(loss.trouble, loss.times) for loss in lost] == ([(CharacterTrouble.CUT, gone)] if gone else [])


@given(st.lists(KANJI | SELECTED, max_size=8), st.booleans())
def test_every_change_of_a_text_is_declared_and_told(units, declare):
    """Undo what was told and the text is there again; what is not declared refuses the record."""
    degrade = dict.fromkeys(units, "〓") if declare else {}
    fitting = Fitting(layout_of("cp932", ItemType.FULLWIDTH, 200), degrade)
    without_code = [unit for unit in units if not is_written(unit)]
    if without_code and not declare:
        with pytest.raises(InputError) as caught:
            fitting.fit("data", {"t": "".join(units)})
        assert caught.value.fault.code == "DEC-023"
        assert character_of(str(caught.value.fault.facts["character"])) == without_code[0]
        return
    fitted, lost = fitting.fit("data", {"t": "".join(units)})
    assert width_units(str(fitted["t"])) == ["〓" if unit in without_code else unit for unit in units]
    assert Counter({character_of(loss.source): loss.times for loss in lost}) == Counter(without_code)


def is_written(unit):
    try:
        charset_named("cp932").wide.write(unit)
    except InputError:
        return False
    return True
