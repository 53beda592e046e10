"""The three forms of IBM host text: single bytes, double bytes, and double bytes between SO (0E) and SI (0F)."""

from __future__ import annotations

import codecs
import re
import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence

from kakehashi.codec.text_form import SEPARATOR, TextForm, Unclean, damage, padding
from kakehashi.errors import InputError

__all__ = ["NONE", "NarrowForm", "ShiftedForm", "WideForm", "moved", "runs"]

NONE = "\ufffe"
"""Stands in a single-byte table where a byte means nothing (Python's own convention for charmaps)."""
_SO, _SI = b"\x0e", b"\x0f"
_SPACE = b"\x40"
_SHIFT = re.compile(rb"[\x0e\x0f]")
_ENCLOSED = re.compile(rb"(?:\x0e[^\x0e\x0f]*\x0f)?").fullmatch


def runs(raw: bytes) -> Iterator[tuple[int, bytes, bool]]:
    """(start, bytes, whether double-byte) of every run. Raises DEC-020 at a shift code that has no partner."""
    start, opened = 0, None
    for shift in _SHIFT.finditer(raw):
        if (shift[0] == _SO) is (opened is not None):
            raise damage("DEC-020", shift.start())
        yield start, raw[start : shift.start()], opened is not None
        start, opened = shift.end(), shift.start() if opened is None else None
    if opened is not None:
        raise damage("DEC-020", opened)
    yield start, raw[start:], False


def moved(form: TextForm, raw: bytes, start: int) -> str:
    """`form.read(raw)` for a run that begins at `start`."""
    try:
        return form.read(raw)
    except InputError as error:
        raise damage(error.fault.code, start + (error.fault.place.offset or 0)) from None


def _written(text: str, codes: Mapping[str, bytes], others: Mapping[str, bytes]) -> bytes:
    try:
        return b"".join(map(codes.__getitem__, text))
    except KeyError:
        bad = next(index for index, char in enumerate(text) if char not in codes)
        raise damage("DEC-008" if text[bad] in others else "DEC-004", character=bad + 1) from None


class _Form:
    """Writing, which all forms share. `others`: what only the other width has."""

    def __init__(self, codes: Mapping[str, bytes], others: Mapping[str, bytes]) -> None:
        self._codes = codes
        self._others = others

    def write(self, text: str) -> bytes:
        return _written(text, self._codes, self._others)

    def fit(self, text: str, length: int, *, pad: str, right: bool) -> bytes:
        raw = self.write(text)
        filler = padding(self.write(pad), length - len(raw), _SPACE)
        return filler + raw if right else raw + filler

    def blanks(self, length: int) -> frozenset[bytes]:
        return frozenset((_SPACE * length,))


def _even(raw: bytes) -> bytes:
    """Without the single space that fills up an odd number of bytes."""
    return raw[:-1] if len(raw) % 2 and raw.endswith(_SPACE) else raw


class NarrowForm(_Form):
    """「半角」 Single bytes. Control codes and shift codes are none of its characters."""

    pad = " "

    def __init__(self, table: str, codes: Mapping[str, bytes], others: Mapping[str, bytes]) -> None:
        super().__init__(codes, others)
        self._table = table
        self._joined = table[:0x1F] + SEPARATOR + table[0x20:]

    def read(self, raw: bytes) -> str:
        try:
            return codecs.charmap_decode(raw, "strict", self._table)[0]
        except UnicodeDecodeError as error:
            at = error.start
        if raw[at : at + 1] in {_SO, _SI}:
            list(runs(raw))  # a shift code without its partner is told as such
            raise damage("DEC-008", at)
        raise damage("DEC-004", at)

    def read_all(self, raws: Sequence[bytes], *, trim: bool = False) -> list[str]:  # noqa: ARG002  # not cheaper
        texts = codecs.charmap_decode(b"\x1f".join(raws), "strict", self._joined)[0].split(SEPARATOR)
        if len(texts) != len(raws):
            raise Unclean
        return texts


class WideForm(_Form):
    """「全角」 Double bytes without shift codes: the item is known to hold nothing else."""

    pad = "　"

    def __init__(self, double: Mapping[int, str], codes: Mapping[str, bytes], others: Mapping[str, bytes]) -> None:
        super().__init__(codes, others)
        table: list[str | None] = [None] * 65536
        for code, char in ((0x1F, SEPARATOR), *double.items()):
            table[int.from_bytes(code.to_bytes(2, "big"), sys.byteorder)] = char
        self._char = table.__getitem__
        self._double = double

    def text(self, raw: bytes) -> str:
        """Pairs of bytes as characters, 001F as the separator. Raises Unclean."""
        try:
            return "".join(map(self._char, array("H", raw)))  # type: ignore[arg-type]  # None is the TypeError below
        except (TypeError, ValueError):
            raise Unclean from None

    def read(self, raw: bytes) -> str:
        double = self._double
        raw = _even(raw)
        for at in range(0, len(raw), 2):
            if int.from_bytes(raw[at : at + 2], "big") not in double or at + 1 == len(raw):
                raise damage("DEC-020" if raw[at : at + 1] in {_SO, _SI} else "DEC-004", at)
        return self.text(raw)

    def read_all(self, raws: Sequence[bytes], *, trim: bool = False) -> list[str]:
        # No character but the wide space has a byte 40.
        raws = [raw.rstrip(_SPACE) for raw in raws] if trim else [_even(raw) for raw in raws]
        texts = self.text(b"\x00\x1f".join(raws)).split(SEPARATOR)
        if len(texts) != len(raws):
            raise Unclean
        return texts


class ShiftedForm(_Form):
    """Double bytes between SO and SI. Single-byte spaces after SI are padding, not content."""

    pad = "　"

    def __init__(self, wide: WideForm, codes: Mapping[str, bytes], others: Mapping[str, bytes]) -> None:
        super().__init__(codes, others)
        self._wide = wide

    def read(self, raw: bytes) -> str:
        parts = []
        for start, run, is_wide in runs(raw.rstrip(_SPACE)):
            if is_wide:
                parts.append(moved(self._wide, run, start))
            elif run:
                raise damage("DEC-008", start)
        return "".join(parts)

    def read_all(self, raws: Sequence[bytes], *, trim: bool = False) -> list[str]:
        count, length = len(raws), len(raws[0])
        joined = b"".join(raws)
        once = joined.count(_SO) == joined.count(_SI) == count and len(joined) == count * length
        if once and joined[::length] == _SO * count and joined[length - 1 :: length] == _SI * count:
            return self._wide.read_all([raw[1:-1] for raw in raws], trim=trim)
        raws = [raw.rstrip(_SPACE) for raw in raws]
        if not all(map(_ENCLOSED, raws)):
            raise Unclean
        return self._wide.read_all([raw[1:-1] for raw in raws], trim=trim)

    def write(self, text: str) -> bytes:
        return _SO + super().write(text) + _SI if text else b""

    def fit(self, text: str, length: int, *, pad: str, right: bool) -> bytes:
        raw = super().write(text)
        if not raw and length < 2:
            return _SPACE * length
        filler = padding(super().write(pad), length - 2 - len(raw), b"")
        inner = filler + raw if right else raw + filler
        return (_SO + inner + _SI).ljust(length, _SPACE)

    def blanks(self, length: int) -> frozenset[bytes]:
        inner = range(0, length - 1, 2)
        return frozenset(
            {_SPACE * length} | {(_SO + _SPACE * count + _SI).ljust(length, _SPACE) for count in inner if length > 1}
        )
