"""Ids made from content, and the body of a batch."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kakehashi.domain.batch import BatchBody, content_id, letters


@given(st.binary(min_size=1))
def test_letters_hold_no_digit(raw):
    """An id in letters can never hold a run of 12 digits, and no two inputs share one."""
    text = letters(raw)
    assert len(text) == 2 * len(raw)
    assert set(text) <= set("abcdefghijklmnop")
    assert bytes.fromhex("".join("0123456789abcdef"[ord(letter) - ord("a")] for letter in text)) == raw


def test_a_content_id_is_the_same_everywhere():
    """The same parts give the same 32 letters in every process, attempt and release."""
    assert content_id("tax", 1, b"\x00") == content_id("tax", "1", b"\x00") == "cklcfpdehpcoghmfggomnknnifhbbkep"


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_the_borders_between_parts_count(one, other):
    """("ab", "c") and ("a", "bc") are different content."""
    assert (content_id(*one) == content_id(*other)) == (one == other)


@given(st.binary(), st.binary())
def test_a_body_comes_back_as_it_was(header, data):
    """Header and data keep their border and their bytes, empty ones too."""
    body = BatchBody(header, data)
    assert BatchBody.from_bytes(body.to_bytes()) == body


def test_a_body_without_its_frame_is_refused():
    """Fewer than the four bytes of the length are no body."""
    with pytest.raises(struct.error):
        BatchBody.from_bytes(b"\x00\x00")
