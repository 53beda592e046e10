"""Codes are looked up at once as they are one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kakehashi.codec.cells import FEW
from kakehashi.codec.char_table import PairTable
from kakehashi.codec.charset import charset_named
from kakehashi.codec.framing import Strided
from kakehashi.codec.native_charset import NativeCharset
from kakehashi.codec.text_form import Unclean
from kakehashi.errors import InputError

CHARS = {0x4141: "亜", 0x4142: "か\u309a", 0x4143: "\U00020089", 0x4144: "A", 0x4145: "辻\U000e0101", 0xFEFE: "ﾟ"}
SINGLE = [code for code, char in CHARS.items() if len(char) == 1]
TABLE = PairTable(CHARS)


def outcome(read, raw):
    try:
        return read(raw)
    except (Unclean, KeyError, IndexError):
        return None


def one_by_one(raw):
    return "".join(CHARS[raw[at] << 8 | raw[at + 1]] for at in range(0, len(raw), 2))


@given(st.lists(st.sampled_from([*CHARS, 0x4141, 0x4144, 0x4146]), max_size=300), st.sampled_from([b"", b"A"]))
def test_many_codes_are_each_code(codes, rest):
    """Texts of any length: single units, pairs of them, surrogates, an unknown code, half a code at the end."""
    raw = b"".join(code.to_bytes(2, "big") for code in codes) + rest
    assert outcome(TABLE.text, raw) == outcome(one_by_one, raw)


@given(st.data(), st.integers(1, 9), st.sampled_from(["", "A", "A亜"]), st.sampled_from([[*CHARS], SINGLE]))
def test_a_column_of_texts_is_each_text(data, width, trim, known):
    """Texts of one width without their padding; no column where one is no character by itself, or is none."""
    rows = data.draw(st.lists(st.lists(st.sampled_from(known), min_size=width, max_size=width), min_size=1, max_size=3))
    raws = [b"".join(code.to_bytes(2, "big") for code in row) for row in rows] * FEW
    texts = [one_by_one(raw).rstrip(trim or "\0") for raw in raws]
    assert TABLE.column(raws, trim=trim) == (texts if all(code in SINGLE for row in rows for code in row) else None)
    wrong = b"AAAF"[-2 * width :].rjust(2 * width, b"A")
    for other in (raws[: FEW - 1], [*raws, b""], [*raws, raws[0] * 2], [*raws, raws[0][:-1]], [*raws, wrong]):
        assert TABLE.column(other, trim=trim) is None


@pytest.mark.parametrize(
    "name", ["cp932", "cp932-ibm", "cp943", "cp930", "cp1399", "jef-ebcdic", "keis83-ebcdik", "jips-e"]
)
def test_a_column_of_every_double_byte_is_each_of_them_alone(name):
    """Every pair of bytes that is text by itself, in one column, is the same text there; any other spoils it."""
    charset = charset_named(name)
    alone = {}
    for code in range(0x2121, 0x10000):
        raw = code.to_bytes(2, "big")
        try:
            text = charset.wide.read(raw)
        except InputError:
            continue
        if not (isinstance(charset, NativeCharset) and charset.encode(text)[1:] == b""):
            alone[raw] = text
    assert len(alone) > 6000
    assert charset.wide.read_all(list(alone)) == list(alone.values())
    with pytest.raises((ValueError, InputError)):
        charset.wide.read_all([*alone, b"\xff\x01" * 40])
    single = [raw for raw, text in alone.items() if len(text) == 1]
    for some in (single, *([raw] * FEW for raw in alone.keys() - set(single))):
        assert charset.wide.read_all(some) == [alone[raw] for raw in some]
        assert charset.wide.read_all(some, trim=True) == [alone[raw].rstrip(" 　") for raw in some]
        with pytest.raises((ValueError, InputError)):
            charset.wide.read_all([*some, b"\xff\x01"])


@given(st.binary(max_size=50), st.integers(1, 7))
def test_records_one_after_another_are_their_slices(data, length):
    """Counted, one by one, from behind, and as a slice."""
    records, expected = Strided(data, length), [data[at : at + length] for at in range(0, len(data), length)]
    assert list(records) == expected
    assert [records[at] for at in range(-len(records), 0)] == expected
    assert list(records[1:-1]) == expected[1:-1]
    assert list(records[::-2]) == expected[::-2]
