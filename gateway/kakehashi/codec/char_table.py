"""Codes of one or two bytes → characters, for many at once.

Python looks up one code after another (27 ns each); numpy takes all of them in one call (2 ns). It is imported when the
first text is long enough: whoever reads little does not wait for it.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from kakehashi.codec.cells import FEW, grid, width_of
from kakehashi.codec.text_form import Unclean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kakehashi.codec.cells import Grid

__all__ = ["ByteTable", "PairTable"]

_UTF32 = "utf-32-le" if sys.byteorder == "little" else "utf-32-be"
_SHORT = 64
"""Codes below which calling numpy costs more than it saves."""
_SPACE = 0x20


class _CharTable:
    """`chars`: the text of each code, in the machine's order of bytes; None where there is no such code."""

    _size: int

    def __init__(self, chars: Sequence[str | None]) -> None:
        self._chars = chars

    @cached_property
    def _units(self) -> NDArray[np.uint32]:
        """UTF-32 of each code; 0 for none, and for what is no single character."""
        import numpy as np  # noqa: PLC0415  # slow, and not always needed

        return np.array([ord(char) if char and len(char) == 1 else 0 for char in self._chars], dtype=np.uint32)

    def column(self, raws: Sequence[bytes], *, trim: str = "") -> list[str] | None:
        """The texts of items of one width, without the characters `trim` at their ends. None where that is no way to
        read them: they are few, their widths differ, or there is something in them that is not a character by itself.
        """
        width = width_of(raws)
        if len(raws) < FEW or not width or width % self._size:
            return None
        return self.texts(grid(raws, width), trim=trim)

    def texts(self, cells: Grid, *, trim: str = "") -> list[str] | None:
        """`column` of so many bytes."""
        import numpy as np  # noqa: PLC0415  # as above

        codes = cells if self._size == 1 else cells.copy().view(np.uint16)
        units = self._units.take(codes)
        if units.min() < _SPACE:
            return None
        texts = units.view(f"U{units.shape[1]}").ravel()
        return (np.strings.rstrip(texts, trim) if trim else texts).tolist()


class ByteTable(_CharTable):
    """The characters of single bytes: `chars` has 256, and U+FFFD or higher where a byte is none."""

    _size = 1

    def __init__(self, chars: str) -> None:
        super().__init__([None if char >= "\ufffd" else char for char in chars])


class PairTable(_CharTable):
    """The characters of codes of two bytes, most significant byte first."""

    _size = 2

    def __init__(self, chars: Mapping[int, str]) -> None:
        table: list[str | None] = [None] * 0x10000
        for code, char in chars.items():
            table[int.from_bytes(code.to_bytes(2, "big"), sys.byteorder)] = char
        super().__init__(table)

    def text(self, raw: bytes) -> str:
        """Pairs of bytes as characters. Raises Unclean where one is no code, or half of one."""
        if len(raw) % 2:
            raise Unclean
        codes = array("H", raw)
        if len(codes) >= _SHORT:
            units = self._units.take(codes)
            if units.all():
                return str(units.tobytes(), _UTF32)
        chars = self._chars
        try:
            return "".join([chars[code] for code in codes])  # type: ignore[misc]  # None is the TypeError below
        except TypeError:
            raise Unclean from None
