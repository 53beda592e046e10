"""Columns of decimal numbers read at once: their digits lie side by side in one large integer.

Every value has a lane of eight bytes (or several). Neighbouring digits are added up, then neighbouring pairs, and so
on: a few operations on the one integer make numbers of all lanes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import mul

from kakehashi.codec.text_form import Unclean

__all__ = ["PackedColumn", "ZonedColumn"]

_LANE = 8
_MINUS = 0xFF


class PackedColumn:
    """「パック」 Numbers of `width` bytes, two digits a byte; the last half-byte is a sign unless there are no signs.

    `plus`, `minus`: the signs as hexadecimal digits.
    """

    def __init__(self, width: int, *, plus: Iterable[str], minus: Iterable[str]) -> None:
        self._width = width
        self._signed = any((*plus, *minus))
        self._pairs = bytes(high << 4 | low for high in range(10) for low in range(10))
        self._plus, below = _endings(plus), _endings(minus)
        self._marks = self._plus + below
        self._signs = bytes.maketrans(self._marks, b"\x01" * len(self._plus) + bytes((_MINUS,)) * len(below))

    def read(self, raws: Sequence[bytes]) -> Sequence[int]:
        """The numbers. Raises Unclean where any of them is none."""
        lanes = -(-self._width // _LANE)
        joined = bytes(lanes * _LANE - self._width).join(raws)
        marks = joined[self._width - 1 :: lanes * _LANE] if self._signed else b""
        if joined.translate(None, self._pairs) != marks or marks.translate(None, self._marks):
            raise Unclean
        total = int.from_bytes(joined, "big")
        if self._signed:
            total = (total >> 4) & _behind_signs(len(raws), lanes)
        numbers = _numbers(total, len(raws), lanes, digit=4)
        return _signed(numbers, marks, self._signs) if marks.translate(None, self._plus) else numbers


class ZonedColumn:
    """「ゾーン」 Numbers of `width` bytes, one of ten `digits` a byte. The byte at `place` may tell the sign, too:
    `plus` and `minus` hold runs of ten bytes, which stand for 0 to 9 there.
    """

    def __init__(self, width: int, digits: bytes, *, plus: Iterable[bytes], minus: Iterable[bytes], place: int) -> None:
        self._width = width
        self._place = place
        self._digits = digits
        self._plus, below = digits + b"".join(plus), b"".join(minus)
        self._marks = self._plus + below
        self._values = bytes.maketrans(self._marks, bytes(range(10)) * (len(self._marks) // 10))
        self._signs = bytes.maketrans(self._marks, b"\x01" * len(self._plus) + bytes((_MINUS,)) * len(below))

    def read(self, raws: Sequence[bytes]) -> Sequence[int]:
        """The numbers. Raises Unclean where any of them is none."""
        lanes = -(-self._width // _LANE)
        joined = (self._digits[:1] * (lanes * _LANE - self._width)).join(raws)
        marks = joined[self._place :: lanes * _LANE]
        strange = marks.translate(None, self._digits)
        if joined.translate(None, self._digits) != strange or strange.translate(None, self._marks):
            raise Unclean
        total = int.from_bytes(joined.translate(self._values), "big")
        numbers = _numbers(total, len(raws), lanes, digit=8)
        return _signed(numbers, marks, self._signs) if strange.translate(None, self._plus) else numbers


def _endings(signs: Iterable[str]) -> bytes:
    """Last bytes of packed numbers: any digit and one of the signs."""
    return bytes(digit << 4 | int(sign, 16) for sign in signs for digit in range(10))


def _signed(numbers: Sequence[int], marks: bytes, signs: bytes) -> Sequence[int]:
    return list(map(mul, numbers, memoryview(marks.translate(signs)).cast("b")))


def _numbers(total: int, values: int, lanes: int, *, digit: int) -> Sequence[int]:
    """What the digits of `digit` bits in `total` are, `lanes` lanes a value."""
    unit = 10 ** (8 * _LANE // digit)
    for bits, mask, factor in _steps(values * lanes, digit):
        total = ((total >> bits) & mask) * factor + (total & mask)
    parts: Sequence[int] = struct.unpack(f">{values * lanes}Q", total.to_bytes(values * lanes * _LANE, "big"))
    numbers = parts[::lanes]
    for place in range(1, lanes):
        numbers = [number * unit + part for number, part in zip(numbers, parts[place::lanes], strict=True)]
    return numbers


@lru_cache(maxsize=32)
def _steps(lanes: int, digit: int) -> Sequence[tuple[int, int, int]]:
    """(bits of a part, every second part of all lanes, what the parts between them count) for each time of adding."""
    steps = []
    bits, factor = digit, 10
    while bits < 8 * _LANE:
        every_second = sum((1 << bits) - 1 << at for at in range(0, 8 * _LANE, 2 * bits))
        steps.append((bits, _repeated(every_second, _LANE, lanes), factor))
        bits, factor = 2 * bits, factor * factor
    return tuple(steps)


@lru_cache(maxsize=32)
def _behind_signs(values: int, lanes: int) -> int:
    """All but the first half-byte of each value, where the sign of the one before it is."""
    return _repeated((1 << (8 * _LANE * lanes - 4)) - 1, _LANE * lanes, values)


def _repeated(mask: int, size: int, times: int) -> int:
    return int.from_bytes(mask.to_bytes(size, "big") * times, "big")
