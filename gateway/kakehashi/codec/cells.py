"""「列」 One item of many records, as a block of bytes that numpy looks at without cutting it up."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias, overload

from kakehashi.codec.text_form import Unclean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Grid: TypeAlias = NDArray[np.uint8]

__all__ = ["FEW", "Cells", "Grid", "grid", "width_of"]

FEW = 16
"""Below so many records, items are read one by one: numpy costs more than it saves, and need not be imported."""
_STEADY = 256


class Cells(Sequence[bytes]):
    """The `width` bytes at `start` of every record of `stride` bytes; cut up when somebody asks for single ones."""

    __slots__ = ("_cut", "_data", "_start", "_stride", "width")

    def __init__(self, data: bytes, start: int, width: int, *, stride: int) -> None:
        self._data = data
        self._start = start
        self._stride = stride
        self._cut: Sequence[bytes] | None = None
        self.width = width

    def __len__(self) -> int:
        return len(self._data) // self._stride

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | Sequence[bytes]:
        return self._each()[index]

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._each())

    def _each(self) -> Sequence[bytes]:
        if self._cut is None:
            data, start, width, stride = self._data, self._start, self.width, self._stride
            count = len(self)
            if count < _STEADY:
                self._cut = [data[at : at + width] for at in range(start, count * stride, stride)]
            else:
                self._cut = _cutter(width, stride, count).unpack_from(data, start)
        return self._cut

    def grid(self) -> Grid:
        """A row of bytes for each cell, where they are: nothing is copied."""
        import numpy as np  # noqa: PLC0415  # slow, and not always needed

        return np.ndarray((len(self), self.width), np.uint8, self._data, self._start, (self._stride, 1))


@lru_cache(maxsize=1024)
def _cutter(width: int, stride: int, count: int) -> struct.Struct:
    """For numbers of records that come again and again: other large ones cost a new cutter each."""
    return struct.Struct(f"{width}s{stride - width}x" * (count - 1) + f"{width}s")


def grid(raws: Sequence[bytes], width: int) -> Grid:
    """A row of `width` bytes for each. Raises Unclean where not all have as many."""
    if width_of(raws) != width:
        raise Unclean
    return (raws if isinstance(raws, Cells) else Cells(b"".join(raws), 0, width, stride=width)).grid()


def width_of(raws: Sequence[bytes]) -> int:
    """How many bytes each has; 0 where they differ, or have none."""
    if isinstance(raws, Cells):
        return raws.width
    widths = set(map(len, raws))
    return widths.pop() if len(widths) == 1 else 0
