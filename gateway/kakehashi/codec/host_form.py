"""The three forms of host text: single bytes, double bytes, and double bytes between shift codes."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping, Sequence

from kakehashi.codec.cells import FEW, grid, width_of
from kakehashi.codec.char_table import ByteTable, PairTable
from kakehashi.codec.cluster import splitter, written
from kakehashi.codec.shift_code import Shifts
from kakehashi.codec.text_form import SEPARATOR, Unclean, damage, padding, separated
from kakehashi.errors import InputError

__all__ = ["NarrowForm", "ShiftedForm", "WideForm", "moved"]

_WIDE_SPACE = "　"
_SPACED = _WIDE_SPACE + SEPARATOR


def moved(read: Callable[[bytes], str], raw: bytes, start: int) -> str:
    """`read(raw)` for a run that begins at `start`."""
    try:
        return read(raw)
    except InputError as error:
        fault = error.fault
        raise damage(fault.code, start + (fault.place.offset or 0), **fault.facts) from None


class _Form:
    """Writing, which all forms share. `others`: what only the other width has."""

    def __init__(self, codes: Mapping[str, bytes], others: Mapping[str, bytes], shifts: Shifts) -> None:
        self._codes = codes
        self._others = others
        self._shifts = shifts
        self._space = shifts.space
        self._cut = splitter(codes)

    def write(self, text: str) -> bytes:
        raw, bad = written(text, self._codes, self._cut)
        if bad is not None:
            raise damage("DEC-008" if text[bad] in self._others else "DEC-004", character=bad + 1)
        return raw

    def fit(self, text: str, length: int, *, pad: str, right: bool) -> bytes:
        raw = self.write(text)
        filler = padding(self.write(pad), length - len(raw), self._space)
        return filler + raw if right else raw + filler

    def blanks(self, length: int) -> frozenset[bytes]:
        return frozenset((self._space * length,))


class NarrowForm(_Form):
    """「半角」 Single bytes. Control codes and shift codes are none of its characters."""

    pad = " "

    def __init__(self, table: str, codes: Mapping[str, bytes], others: Mapping[str, bytes], shifts: Shifts) -> None:
        super().__init__(codes, others, shifts)
        self._table = table
        self._joined = table[:0x1F] + SEPARATOR + table[0x20:]
        self._bytes = ByteTable(table)

    def read(self, raw: bytes) -> str:
        try:
            return codecs.charmap_decode(raw, "strict", self._table)[0]
        except UnicodeDecodeError as error:
            at = error.start
        if self._shifts.at(raw, at):
            list(self._shifts.runs(raw))  # a shift code without its partner is told as such
            raise damage("DEC-008", at)
        raise damage("DEC-004", at, byte=raw[at : at + 1].hex().upper())

    def read_all(self, raws: Sequence[bytes], *, trim: bool = False) -> list[str]:
        texts = self._bytes.column(raws, trim=" " if trim else "")
        if texts is not None:
            return texts
        text = codecs.charmap_decode(b"\x1f".join(raws), "strict", self._joined)[0]
        return separated(text, len(raws), trim=" " if trim else "")


class WideForm(_Form):
    """「全角」 Double bytes without shift codes: the item is known to hold nothing else."""

    pad = _WIDE_SPACE

    def __init__(
        self, double: Mapping[int, str], codes: Mapping[str, bytes], others: Mapping[str, bytes], shifts: Shifts
    ) -> None:
        super().__init__(codes, others, shifts)
        self.pairs = PairTable({0x1F: SEPARATOR} | dict.fromkeys(shifts.between, SEPARATOR) | dict(double))
        self.text = self.pairs.text
        """Pairs of bytes as characters; 001F and what ends and begins a run are separators. Raises Unclean."""
        self._double = double
        self.spaces = tuple(code.to_bytes(2, "big") for code, char in double.items() if char == _WIDE_SPACE)
        self._spaced = self._space * 2 in self.spaces
        white = {char[-1:] for char in double.values() if char[-1:].isspace()}
        self.blank = None if white <= {_WIDE_SPACE} else " 　"
        """What `separated` may trim."""
        self._aligned = self._spaced or all(code % 256 != self._space[0] for code in double)
        self._trims = all(code % 256 != self._space[0] for code, char in double.items() if char != _WIDE_SPACE)

    def read(self, raw: bytes) -> str:
        return self.exact(self._even(raw))

    def exact(self, raw: bytes) -> str:
        """What stands between shift codes: nothing there is padding of single bytes."""
        try:
            text = self.text(raw)
        except Unclean:
            text = SEPARATOR
        return text if SEPARATOR not in text else self._exactly(raw)

    def _exactly(self, raw: bytes) -> str:
        """Text that has a separator of ours as a character, or the place of the first code that is none."""
        double = self._double
        for at in range(0, len(raw), 2):
            if int.from_bytes(raw[at : at + 2], "big") not in double or at + 1 == len(raw):
                self._refuse(raw, at)
        return self.text(raw)

    def _refuse(self, raw: bytes, at: int) -> None:
        if self._shifts.at(raw, at):
            raise damage("DEC-020", at)
        unmapped = {"unmapped": raw[at : at + 2].hex().upper()} if at + 1 < len(raw) else {}
        raise damage("DEC-004", at, **unmapped)

    def read_all(self, raws: Sequence[bytes], *, trim: bool = False) -> list[str]:
        texts = self.pairs.column(raws, trim=" 　" if trim else "") if self._aligned else None
        if texts is not None:
            return texts
        bare = trim and self._trims  # no character but the wide space ends with the byte of a space
        raws = [raw.rstrip(self._space) for raw in raws] if bare else [self._even(raw) for raw in raws]
        text = self.text(b"\x00\x1f".join(raws))
        spaced = trim and (not bare or _SPACED in text or text.endswith(_WIDE_SPACE))
        return separated(text, len(raws), trim=self.blank if spaced else "")

    def _even(self, raw: bytes) -> bytes:
        """Without single spaces that fill up: one, or any number where two of them are no wide space."""
        if not self._spaced:
            return raw.rstrip(self._space) if self._trims else raw
        return raw[:-1] if len(raw) % 2 and raw.endswith(self._space) else raw

    def blanks(self, length: int) -> frozenset[bytes]:
        units = (self._space * 2, *self.spaces)
        return frozenset(unit * n + self._space * (length - 2 * n) for unit in units for n in range(length // 2 + 1))


class ShiftedForm(_Form):
    """Double bytes between shift codes. Single-byte spaces after the last one are padding, not content."""

    pad = _WIDE_SPACE

    def __init__(self, wide: WideForm, codes: Mapping[str, bytes], others: Mapping[str, bytes], shifts: Shifts) -> None:
        super().__init__(codes, others, shifts)
        self._wide = wide

    def read(self, raw: bytes) -> str:
        parts = []
        for start, run, is_wide in self._shifts.runs(raw.rstrip(self._space)):
            if is_wide:
                parts.append(moved(self._wide.exact, run, start))
            elif run:
                raise damage("DEC-008", start)
        return "".join(parts)

    def read_all(self, raws: Sequence[bytes], *, trim: bool = False) -> list[str]:
        """What ends one item and begins the next separates them; any more of it is a matter for `read`."""
        column = self._enclosed(raws, trim=trim)
        if column is not None:
            return column
        bare = [raw.rstrip(self._space) for raw in raws]
        filled = [raw for raw in bare if raw]
        if not all(map(self._shifts.enclose, filled)):
            raise Unclean
        texts = iter(self._texts(b"".join(filled), len(filled), trim=trim) if filled else ())
        return [next(texts) if raw else "" for raw in bare]

    def _enclosed(self, raws: Sequence[bytes], *, trim: bool) -> list[str] | None:
        """Where all items are of one width, and each begins and ends with a shift code, they are a column."""
        opener, closer = self._shifts.opener, self._shifts.closer
        width = width_of(raws)
        ends = [*enumerate(opener), *enumerate(closer, width - len(closer))]
        if len(raws) < FEW or width <= len(ends) or (width - len(ends)) % 2:
            return None
        cells = grid(raws, width)
        if not all((cells[:, at] == byte).all() for at, byte in ends):
            return None
        return self._wide.pairs.texts(cells[:, len(opener) : width - len(closer)], trim=" 　" if trim else "")

    def _texts(self, joined: bytes, count: int, *, trim: bool) -> list[str]:
        text = self._wide.text(joined[len(self._shifts.opener) : -len(self._shifts.closer)])
        separator = SEPARATOR * len(self._shifts.between)
        if text.count(SEPARATOR) != len(separator) * (count - 1):
            raise Unclean
        return separated(text, count, trim=self._wide.blank if trim else "", separator=separator)

    def write(self, text: str) -> bytes:
        return self._shifts.opener + super().write(text) + self._shifts.closer if text else b""

    def fit(self, text: str, length: int, *, pad: str, right: bool) -> bytes:
        raw = super().write(text)
        room = length - len(self._shifts.opener) - len(self._shifts.closer)
        if not raw and room < 0:
            return self._space * length
        filler = padding(super().write(pad), room - len(raw), b"")
        inner = filler + raw if right else raw + filler
        return (self._shifts.opener + inner + self._shifts.closer).ljust(length, self._space)

    def blanks(self, length: int) -> frozenset[bytes]:
        room = length - len(self._shifts.opener) - len(self._shifts.closer)
        inner = {unit * n for unit in self._wide.spaces for n in range(room // 2 + 1)} if room >= 0 else set()
        framed = (self._shifts.opener + blank + self._shifts.closer for blank in inner)
        return frozenset({self._space * length} | {raw.ljust(length, self._space) for raw in framed})
