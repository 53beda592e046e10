"""CP930 and CP939: IBM's mixed EBCDIC, single bytes and, between SO (0E) and SI (0F), double bytes.

The tables are data/*.bin, made by tools/build_charsets.py. Double bytes are looked up as 16-bit numbers in one list,
so that no state machine runs over characters.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from importlib import resources
from itertools import groupby
from typing import Self

from kakehashi.codec.host_form import NONE, NarrowForm, ShiftedForm, WideForm, moved, runs
from kakehashi.codec.text_form import TextForm, damage

__all__ = ["HostCharset"]


class HostCharset:
    """A mixed EBCDIC charset made of its tables: code → character, and characters that are written only."""

    host = True

    def __init__(self, name: str, single: str, double: Mapping[int, str], extra: Mapping[str, int]) -> None:
        self.name = name
        narrow = {char: bytes([code]) for code, char in enumerate(single) if char != NONE}
        wide = {char: code.to_bytes(2, "big") for char, code in extra.items()}
        wide |= {char: code.to_bytes(2, "big") for code, char in double.items()}
        pairs = WideForm(double, wide, narrow)
        self.narrow: TextForm = NarrowForm(single, narrow, wide)
        self.wide: TextForm = pairs
        self.shifted: TextForm = ShiftedForm(pairs, wide, narrow)
        self._is_narrow = narrow.__contains__
        self._known = narrow.keys() | wide.keys()

    @classmethod
    def load(cls, name: str) -> Self:
        """The charset whose tables are data/<name>.bin."""
        raw = zlib.decompress(resources.files("kakehashi.codec").joinpath("data", f"{name}.bin").read_bytes())
        single = "".join(chr(char) if char != 0xFFFF else NONE for char in struct.unpack_from(">256H", raw))
        double, end = _pairs(raw, 512)
        extra, _ = _pairs(raw, end)
        return cls(name, single, {code: chr(char) for code, char in double}, {chr(c): code for c, code in extra})

    def decode(self, raw: bytes) -> str:
        return "".join(moved(self.wide if is_wide else self.narrow, run, at) for at, run, is_wide in runs(raw) if run)

    def encode(self, text: str) -> bytes:
        bad = next((at for at, char in enumerate(text, start=1) if char not in self._known), None)
        if bad is not None:
            raise damage("DEC-004", character=bad)
        parts = ((narrow, "".join(run)) for narrow, run in groupby(text, self._is_narrow))
        return b"".join(self.narrow.write(run) if narrow else self.shifted.write(run) for narrow, run in parts)


def _pairs(raw: bytes, at: int) -> tuple[list[tuple[int, int]], int]:
    (count,) = struct.unpack_from(">H", raw, at)
    end = at + 2 + 4 * count
    return [(left, right) for left, right in struct.iter_unpack(">HH", raw[at + 2 : end])], end
