"""Every code of every charset, both ways or counted as one-way, and damage of every kind."""

from __future__ import annotations

import contextlib
import runpy
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kakehashi.codec.charset import CHARSETS, charset_named
from kakehashi.codec.cluster import unbreakable
from kakehashi.codec.cutting import cut_to_fit
from kakehashi.errors import InputError

TOOL = runpy.run_path(str(Path(__file__).resolve().parents[3] / "tools" / "document_encodings.py"))
ALIASES = {known: name for name, known in reversed(CHARSETS.items())}
NAMES = sorted(ALIASES.values())
COUNTED = [name for known, name in sorted(ALIASES.items()) if not known.startswith("iso2022") and known != "utf-8"]
MIXED = ["cp930", "cp1399", "jef", "keis83", "jips-j", "jips-e"]


@pytest.mark.parametrize("name", COUNTED)
def test_every_code_comes_back_or_its_text_has_another_code(name):
    """Nothing is read that cannot be written at all, but for marks of a site's own table."""
    charset = charset_named(name)
    for code, text in TOOL["known_codes"](charset):
        back = TOOL["written"](charset, code, text)
        assert back
        assert back == code or dict_of(charset, back) == text


def dict_of(charset, code):
    """The text of one code, in the width that its length tells."""
    form = charset.narrow if len(code) == 1 else charset.wide
    return form.read(code) if charset.host or hasattr(charset, "double") else charset.decode(code)


def outcome(read, raw):
    """The text, or a fault whose offset lies inside `raw`."""
    try:
        return read(raw)
    except InputError as error:
        fault = error.fault
    assert fault.code in {"DEC-004", "DEC-008", "DEC-020"}
    assert 0 <= fault.place.offset <= len(raw)
    return fault


@pytest.mark.parametrize("name", NAMES)
@given(raw=st.binary(max_size=40))
def test_any_bytes_are_text_or_a_fault_inside_them(name, raw):
    """InputError with an offset, and nothing else; one by one and all at once agree."""
    charset = charset_named(name)
    outcome(charset.decode, raw)
    for form in (charset.narrow, charset.wide, charset.shifted):
        alone = outcome(form.read, raw)
        with contextlib.suppress(InputError, ValueError):
            assert form.read_all([raw]) == [alone]


@pytest.mark.parametrize("name", MIXED)
@given(words=st.lists(st.sampled_from(["東京", "A1", "亜", "ｶﾞ", "　", "9"]), max_size=8), data=st.data())
def test_mixed_text_comes_back_and_every_damage_is_told(name, words, data):
    """encode(decode(b)) = b; truncation and flipped bits are a fault or other valid text."""
    charset, text = charset_named(name), "".join(words)
    raw = charset.encode(text)
    assert charset.decode(raw) == text
    assert charset.encode(charset.decode(raw)) == raw
    if raw:
        at = data.draw(st.integers(0, len(raw) - 1))
        flipped = raw[:at] + bytes((raw[at] ^ 1 << data.draw(st.integers(0, 7)),)) + raw[at + 1 :]
        for damaged in (raw[:at], flipped):
            outcome(charset.decode, damaged)


@pytest.mark.parametrize("name", ["cp930", "jef", "keis83", "jips-e", "cp932", "utf-8", "eucjp-ms", "iso-2022-jp"])
@given(text=st.text("東京都亜一", max_size=12), length=st.integers(0, 30))
def test_a_cut_text_fits_and_is_as_long_as_can_be(name, text, length):
    """Whole characters, shift codes included in the count."""
    form = charset_named(name).wide if name in {"cp932", "utf-8", "eucjp-ms"} else charset_named(name).shifted
    kept = cut_to_fit(form, text, length)
    assert text.startswith(kept)
    assert len(form.write(kept)) <= length
    rest = unbreakable(text[len(kept) :])
    assert not rest or len(form.write(kept + rest[0])) > length
