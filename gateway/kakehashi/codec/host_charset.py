"""Host charsets: EBCDIC pages of single bytes, alone or mixed with double bytes between shift codes.

Double bytes are looked up as 16-bit numbers in one list, so that no state machine runs over characters.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from itertools import groupby
from typing import Self

from kakehashi.codec.cluster import splitter
from kakehashi.codec.host_form import NarrowForm, ShiftedForm, WideForm, moved
from kakehashi.codec.mixed_form import MixedForm
from kakehashi.codec.shift_code import IBM_SHIFTS, Shifts
from kakehashi.codec.stored_table import StoredTable
from kakehashi.codec.text_form import NONE, TextForm, damage

__all__ = ["HostCharset"]


class HostCharset:
    """A mixed charset made of its tables: code → text, and texts that are written only.

    `extra` comes before the tables when text is written; its codes below 100 are single bytes. `unwritten`: texts that
    are read only. `host`: digits and signs are EBCDIC's. Where two codes have one text, the later one in `double` is
    written.
    """

    def __init__(
        self,
        name: str,
        single: str,
        double: Mapping[int, str],
        extra: Mapping[str, int],
        shifts: Shifts = IBM_SHIFTS,
        *,
        host: bool = True,
        unwritten: frozenset[str] = frozenset(),
    ) -> None:
        self.name = name
        self.host = host
        self.single = single
        self.double = double
        self.extra = extra
        self.shifts = shifts
        self.unwritten = unwritten
        narrow = {char: bytes([code]) for code, char in enumerate(single) if char != NONE}
        wide = {char: code.to_bytes(2, "big") for code, char in double.items()}
        wide |= {char: code.to_bytes(2, "big") for char, code in extra.items() if code >= len(single)}
        narrow |= {char: bytes((code,)) for char, code in extra.items() if code < len(single)}
        for text in unwritten:
            narrow.pop(text, None)
            wide.pop(text, None)
        pairs = WideForm(double, wide, narrow, shifts)
        self.narrow: TextForm = NarrowForm(single, narrow, wide, shifts)
        self.wide: TextForm = pairs
        self._exact = pairs.exact
        self.shifted: TextForm = ShiftedForm(pairs, wide, narrow, shifts)
        self.mixed: TextForm = MixedForm(self.decode, self.encode, shifts.space)
        self._is_narrow = narrow.__contains__
        self._known = narrow.keys() | wide.keys()
        self._cut = splitter(self._known)

    @classmethod
    def load(cls, name: str) -> Self:
        """The IBM charset whose tables are data/<name>.bin."""
        table = StoredTable.load(name)
        double = {int.from_bytes(code, "big"): text for code, text in table.codes.items()}
        extra = {text: int.from_bytes(code, "big") for text, code in table.write.items()}
        return cls(name, table.single, double, extra)

    def decode(self, raw: bytes) -> str:
        try:
            return codecs.charmap_decode(raw, "strict", self.single)[0]
        except UnicodeDecodeError:
            pass  # not single bytes alone
        runs = self.shifts.runs(raw)
        return "".join(moved(self._exact if is_wide else self.narrow.read, run, at) for at, run, is_wide in runs if run)

    def encode(self, text: str) -> bytes:
        chars, at = [], 0
        for char in self._cut(text):
            if char not in self._known:
                raise damage("DEC-004", character=at + 1)
            chars.append(char)
            at += len(char)
        parts = ((narrow, "".join(run)) for narrow, run in groupby(chars, self._is_narrow))
        return b"".join(self.narrow.write(run) if narrow else self.shifted.write(run) for narrow, run in parts)
