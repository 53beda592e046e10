"""What a charset must offer, and how it says that bytes are wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from kakehashi.errors import Fault, InputError, Place

__all__ = ["NONE", "SEPARATOR", "Charset", "TextForm", "Unclean", "blanks_of", "damage", "padding", "separated"]

SEPARATOR = "\x1f"
"""Joins many values for one decode: no trail byte of any charset here, and no content of any item."""
NONE = "\ufffe"
"""Stands in a single-byte table where a byte means nothing (Python's own convention for charmaps)."""


class Unclean(ValueError):
    """At least one of many values is wrong: read them one by one to learn which, and where."""


def damage(code: str, offset: int | None = None, **facts: str | int) -> InputError:
    """An error at `offset` bytes from the start of what was being read."""
    return InputError(Fault(code, Place(offset=offset), facts))


class TextForm(Protocol):
    """One way in which an item holds text. Raises InputError DEC-004, DEC-008, DEC-020 with the offset in `raw`."""

    pad: str
    """What pads an item of this form when its layout does not say."""

    def read(self, raw: bytes, /) -> str:
        """The text with its padding; padding that is no character of the form (half spaces in N) is left out."""

    def read_all(self, raws: Sequence[bytes], /, *, trim: bool = False) -> list[str]:
        """`read` of many at once; `trim`: without the blanks of its pad at the end. Raises Unclean or ValueError."""

    def write(self, text: str, /) -> bytes:
        """The bytes without padding, with shift codes where the form has them."""

    def fit(self, text: str, length: int, /, *, pad: str, right: bool) -> bytes:
        """Exactly `length` bytes, padded on the left when `right`-justified. Raises DEC-018 when the text is longer."""

    def blanks(self, length: int, /) -> frozenset[bytes]:
        """Every content of `length` bytes that is nothing but spaces."""


class Charset(Protocol):
    """A character set. `decode` and `encode` take half-width and full-width text mixed.

    Items use its forms: narrow 「半角」 for X, wide 「全角」 for N without shift codes, shifted for N between SO and SI
    (host charsets; elsewhere the same as wide), mixed for both widths in one item.
    """

    name: str
    host: bool
    """EBCDIC: digits are F0–F9, a space is 40, zoned signs are C and D."""
    narrow: TextForm
    wide: TextForm
    shifted: TextForm
    mixed: TextForm

    def decode(self, raw: bytes, /) -> str:
        """Raises InputError DEC-004 or DEC-020 with the offset of the first wrong byte."""

    def encode(self, text: str, /) -> bytes:
        """Raises InputError DEC-004 when a character is not in the charset."""


def blanks_of(pad: str) -> str:
    """Characters of padding: what is padded with wide spaces may be filled with spaces of either width."""
    return " 　" if pad == "　" else " "


def separated(joined: str, count: int, *, trim: str | None = "", separator: str = SEPARATOR) -> list[str]:
    """The texts that were joined for one decode, without the characters `trim` at the end of each. None: without white
    space of any kind, which is quicker and the same where nothing is white but blanks.

    Raises Unclean unless there are `count`: then a separator is content, or content swallowed one.
    """
    texts = joined.split(separator)
    if len(texts) != count:
        raise Unclean
    if trim is None:
        return list(map(str.rstrip, texts))
    return [text.rstrip(trim) for text in texts] if trim else texts


def padding(unit: bytes, room: int, rest: bytes) -> bytes:
    """`room` bytes of `unit`, ended by single bytes `rest` where the unit does not divide the room."""
    if room < 0:
        raise damage("DEC-018", excess=-room)
    count, odd = divmod(room, len(unit))
    return unit * count + rest * odd
