"""Columns of numbers read at once: every byte is looked up, and what it says is weighed by its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from operator import mul
from typing import TYPE_CHECKING, Literal

from kakehashi.codec.cells import grid
from kakehashi.codec.text_form import Unclean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["PackedColumn", "ZonedColumn", "binary_numbers"]

_MOST = 18
"""Digits that surely fit into 64 bits."""
_WRONG = -1

_Signs = Mapping[int, tuple[int, int]]
"""Byte → (digit, 1 or -1)."""


class _DigitColumn:
    """Numbers of `width` bytes. Each is so many `digits` and `plain` tells what it counts; but for the byte at `place`,
    if there are `signs`: it is one digit and the sign.
    """

    def __init__(self, width: int, plain: Mapping[int, int], *, digits: int, signs: _Signs, place: int) -> None:
        self._width = width
        self._plain = plain
        self._signs = signs
        self._place = place
        self._digits = [1 if signs and at == place else digits for at in range(width)]
        self._below = any(sign < 0 for _, sign in signs.values())

    def read(self, raws: Sequence[bytes]) -> Sequence[int]:
        """The numbers. Raises Unclean where any of them is none."""
        cells = grid(raws, self._width)
        plain, marks, signs = self._tables
        counts = plain.take(cells)
        if self._signs:
            counts[:, self._place] = marks.take(cells[:, self._place])
        if counts.min() == _WRONG:
            raise Unclean
        (first, weights, _), *others = self._parts
        numbers = counts[:, first] @ weights
        if others:
            return self._long(numbers.tolist(), counts, signs.take(cells[:, self._place]).tolist())
        if self._below:
            numbers *= signs.take(cells[:, self._place])
        return numbers.tolist()  # type: ignore[no-any-return]  # numpy does not tell

    def _long(self, numbers: list[int], counts: NDArray[np.int64], signs: list[int]) -> list[int]:
        for place, weights, unit in self._parts[1:]:
            rests = (counts[:, place] @ weights).tolist()
            numbers = [number * unit + rest for number, rest in zip(numbers, rests, strict=True)]
        return list(map(mul, numbers, signs)) if self._below else numbers

    @cached_property
    def _tables(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """What a byte counts; what it counts at `place`; its sign there."""
        import numpy as np  # noqa: PLC0415  # slow, and not always needed

        digits = {byte: digit for byte, (digit, _) in self._signs.items()}
        signs = {byte: sign for byte, (_, sign) in self._signs.items()}
        made = [np.array([known.get(byte, _WRONG) for byte in range(256)]) for known in (self._plain, digits, signs)]
        return made[0], made[1], made[2]

    @cached_property
    def _parts(self) -> list[tuple[slice, NDArray[np.int64], int]]:
        """(bytes, what a unit of each of them weighs, 10 to the power of their digits): runs that fit into 64 bits."""
        import numpy as np  # noqa: PLC0415  # as above

        parts = []
        start = digits = 0
        for at in range(self._width + 1):
            if at == self._width or digits + self._digits[at] > _MOST:
                weights = [10 ** sum(self._digits[after + 1 : at]) for after in range(start, at)]
                parts.append((slice(start, at), np.array(weights), 10**digits))
                start, digits = at, 0
            digits += self._digits[at] if at < self._width else 0
        return parts


class PackedColumn(_DigitColumn):
    """「パック」 Two digits a byte; the last half-byte is a sign unless there are no signs.

    `plus`, `minus`: the signs as hexadecimal digits.
    """

    def __init__(self, width: int, *, plus: Iterable[str], minus: Iterable[str]) -> None:
        pairs = {high << 4 | low: high * 10 + low for high in range(10) for low in range(10)}
        nibbles = {int(sign, 16): 1 for sign in plus} | {int(sign, 16): -1 for sign in minus}
        signs = {digit << 4 | nibble: (digit, sign) for nibble, sign in nibbles.items() for digit in range(10)}
        super().__init__(width, pairs, digits=2, signs=signs, place=width - 1)


class ZonedColumn(_DigitColumn):
    """「ゾーン」 One of ten `digits` a byte. The byte at `place` may tell the sign, too: `plus` and `minus` hold runs
    of ten bytes, which stand for 0 to 9 there.
    """

    def __init__(self, width: int, digits: bytes, *, plus: Iterable[bytes], minus: Iterable[bytes], place: int) -> None:
        runs = [*((run, 1) for run in plus), *((run, -1) for run in minus)]
        plain = {byte: digit for digit, byte in enumerate(digits)}
        signs = {byte: (digit, sign) for run, sign in [(digits, 1), *runs] for digit, byte in enumerate(run)}
        super().__init__(width, plain, digits=1, signs=signs if runs else {}, place=place)


def binary_numbers(
    raws: Sequence[bytes], width: int, *, order: Literal["big", "little"], signed: bool
) -> Sequence[int]:
    """「二進」 Numbers in binary, of any number of bytes. Raises Unclean where not all have `width`."""
    if width not in {1, 2, 4, 8}:
        return [int.from_bytes(raw, order, signed=signed) for raw in raws]
    kind = f"{'>' if order == 'big' else '<'}{'i' if signed else 'u'}{width}"
    return grid(raws, width).copy().view(kind).ravel().tolist()
