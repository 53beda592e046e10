"""The generator's own CP930 table."""

from __future__ import annotations

from kakehashi.codec.charset import charset_named
from kakehashi_simulators.legacy.host_text import _HALF, _WIDE, half930, mixed930, wide930

_MINUS = {"－": "\u2212"}
"""Host tables read 4260 as the minus sign; the generator writes the full-width hyphen with it."""


def test_the_table_agrees_with_the_gateways_charset():
    """Two tables, made apart, give the same characters for the same bytes."""
    charset = charset_named("cp930")
    assert {char: charset.decode(b"\x0e" + code + b"\x0f") for char, code in _WIDE.items()} == {
        char: _MINUS.get(char, char) for char in _WIDE
    }
    assert charset.decode(bytes(_HALF.values())) == "".join(_HALF)


def test_text_fills_its_item():
    """Half-width with 40, full-width without shifts with 4040, mixed with both shifts and 40."""
    assert half930("A1", 4) == b"\xc1\xf1\x40\x40"
    assert wide930("一", 6) == b"\x45\x41\x40\x40\x40\x40"
    assert mixed930("一", 6) == b"\x0e\x45\x41\x0f\x40\x40"
    assert mixed930("", 3) == b"\x40\x40\x40"
