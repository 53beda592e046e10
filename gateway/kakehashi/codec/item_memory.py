"""Items with few different contents, as codes and dates: each content is read once.

What was read stands in a dictionary, and where items have one width in slots besides: a content has one slot, found by
its bytes and shared with some others. Days that follow each other have slots side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING

from kakehashi.codec.cells import FEW, grid, width_of
from kakehashi.codec.item_codec import ItemCodec
from kakehashi.codec.layout import Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["RememberingCodec"]

_MOST = 1 << 16
"""Contents that one such item keeps: a register has fewer dates, and a code list fewer codes."""
_DATE = (17, 911, 8191, 37200, 3720, 372, 310, 31, 10, 1)
"""What the last bytes of an item weigh: the digits of a date make the number of its day."""
_CODE = (1009, 64, 1)
"""The same of short items."""


class RememberingCodec:
    """Reads by `inner` what it has not seen. Memory is bounded; what cannot be read is not remembered. Thread-safe."""

    def __init__(self, inner: ItemCodec, *, length: int) -> None:
        self._memory = _Memory(inner.read)
        self._slots = _Slots(self._memory.__getitem__, length)
        self._length = length
        self.read = inner.read
        self.write = inner.write

    def read_all(self, raws: Sequence[bytes]) -> Sequence[Value]:
        if len(raws) >= FEW and width_of(raws) == self._length:
            return self._slots.read_all(raws)
        return list(map(self._memory.__getitem__, raws))


class _Memory(dict[bytes, Value]):
    """Bytes → value, read at first sight."""

    def __init__(self, read: Callable[[bytes], Value]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, raw: bytes) -> Value:
        value = self._read(raw)
        if len(self) >= _MOST:
            self.clear()
        self[raw] = value
        return value


class _Slots:
    """Contents of `width` bytes and their values. The last content that came to a slot is the one that it knows."""

    def __init__(self, read: Callable[[bytes], Value], width: int) -> None:
        self._read = read
        self._width = width
        self._lock = Lock()
        short = width <= len(_CODE)
        self._weights = ((0,) * width + (_CODE if short else _DATE))[-width:]
        self._last = (_MOST >> 4 if short else _MOST) - 1

    def read_all(self, raws: Sequence[bytes]) -> list[Value]:
        cells = grid(raws, self._width)
        weights, contents, values = self._tables
        slots = cells @ weights & self._last
        here = cells.copy().view(contents.dtype).ravel()
        with self._lock:
            found: list[Value] = values.take(slots).tolist()
            for at in (contents.take(slots) != here).nonzero()[0].tolist():
                found[at] = value = self._read(cells[at].tobytes())
                contents[slots[at]], values[slots[at]] = here[at], value
        return found

    @cached_property
    def _tables(self) -> tuple[NDArray[np.int64], NDArray[np.bytes_], NDArray[np.object_]]:
        """What a byte weighs at each place; the content of each slot, and its value. At first low-values stand in all,
        which belong to slot 0: there stands what does not.
        """
        import numpy as np  # noqa: PLC0415  # slow, and not always needed

        contents = np.zeros(self._last + 1, dtype=f"S{self._width}")
        contents[0] = (1).to_bytes(self._width, "big")
        return np.array(self._weights), contents, np.empty(self._last + 1, dtype=object)
