"""Codes of two bytes → characters, for many at once.

Python looks up one code after another (27 ns each); numpy takes all of them in one call (2 ns). It is imported when the
first text is long enough: whoever reads no double bytes does not wait for it.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from kakehashi.codec.text_form import Unclean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["PairTable"]

_UTF16 = "utf-16-le" if sys.byteorder == "little" else "utf-16-be"
_PLANE = 0x10000
_FEW = 64
"""Codes below which calling numpy costs more than it saves."""


class PairTable:
    """The characters of codes of two bytes, most significant byte first."""

    def __init__(self, chars: Mapping[int, str]) -> None:
        self._chars: list[str | None] = [None] * _PLANE
        for code, char in chars.items():
            self._chars[int.from_bytes(code.to_bytes(2, "big"), sys.byteorder)] = char

    def text(self, raw: bytes) -> str:
        """Pairs of bytes as characters. Raises Unclean where one is no code, or half of one."""
        if len(raw) % 2:
            raise Unclean
        codes = array("H", raw)
        if len(codes) >= _FEW:
            units = self._units.take(codes)
            if units.all():
                return str(units.tobytes(), _UTF16)
        chars = self._chars
        try:
            return "".join([chars[code] for code in codes])  # type: ignore[misc]  # None is the TypeError below
        except TypeError:
            raise Unclean from None

    @cached_property
    def _units(self) -> NDArray[np.uint16]:
        """UTF-16 of each code; 0 for none, and for what is no single unit."""
        import numpy as np  # noqa: PLC0415  # slow, and not always needed

        units = [ord(char) if char and len(char) == 1 and ord(char) < _PLANE else 0 for char in self._chars]
        return np.array(units, dtype=np.uint16)
