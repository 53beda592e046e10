"""Packed and zoned numbers of the generator."""

from __future__ import annotations

from kakehashi_simulators.legacy.packing import packed, wide932, zoned930


def test_packed_numbers_end_in_their_sign():
    """Two digits a byte, C for plus, D for minus."""
    assert packed(1234, 3) == b"\x01\x23\x4c"
    assert packed(-1, 2) == b"\x00\x1d"


def test_zoned_numbers_carry_the_sign_in_the_last_zone():
    """F0–F9, the last C0–C9 or D0–D9; without a sign F throughout."""
    assert zoned930(12, 3) == b"\xf0\xf1\xc2"
    assert zoned930(-12, 3) == b"\xf0\xf1\xd2"
    assert zoned930(12, 3, signed=False) == b"\xf0\xf1\xf2"


def test_wide_text_is_filled_with_ideographic_spaces():
    """8140, two bytes a character."""
    assert wide932("山", 6) == b"\x8eR\x81@\x81@"
