"""What records are read from and written to."""

from __future__ import annotations

from collections.abc import Sequence

from kakehashi.codec.cells import FEW, Cells
from kakehashi.codec.copybook.leaf import Leaf
from kakehashi.codec.copybook.scale import Scalar
from kakehashi.errors import Fault, InputError, Place

__all__ = ["JsonValue", "Reading", "ReadingMany", "Writing"]

JsonValue = Scalar | list["JsonValue"] | dict[str, "JsonValue"]


class Reading:
    """One record being read. `at` is where the last item of varying size ended; `seen` the values that others ask
    for: counts and selectors.
    """

    __slots__ = ("at", "faults", "offset", "raw", "seen", "short")

    def __init__(self, raw: bytes, *, offset: int, short: bool) -> None:
        self.raw = raw
        self.offset = offset
        self.short = short
        self.at = 0
        self.seen: dict[str, JsonValue] = {}
        self.faults: list[Fault] = []

    def fault(self, error: InputError, item: str, at: int) -> None:
        fault = error.fault
        place = Place(item=item, offset=self.offset + min(at + (fault.place.offset or 0), len(self.raw)))
        self.faults.append(Fault(fault.code, place, fault.facts))


class ReadingMany:
    """Records of `stride` bytes each, one after another. `bad`: which of them only reading by themselves explains."""

    __slots__ = ("bad", "joined", "stride")

    def __init__(self, joined: bytes, *, stride: int) -> None:
        self.joined = joined
        self.stride = stride
        self.bad: set[int] = set()

    def again(self) -> ReadingMany:
        """The same records, none of them bad."""
        return ReadingMany(self.joined, stride=self.stride)

    def column(self, leaf: Leaf, at: int, length: int) -> Sequence[JsonValue]:
        """The values of an item. Where not all can be read at once they are read one by one."""
        raws = Cells(self.joined, at, length, stride=self.stride)
        if leaf.read_all is not None and len(raws) >= FEW:
            try:
                return leaf.read_all(raws)
            except (InputError, ValueError, ArithmeticError):
                pass  # at least one is wrong, or must be looked at by itself
        return [self._one(leaf, raw, index) for index, raw in enumerate(raws)]

    def _one(self, leaf: Leaf, raw: bytes, index: int) -> JsonValue:
        try:
            return leaf.read(raw)
        except InputError:
            self.bad.add(index)
            return None


class Writing:
    """One record being written. `base`: the bytes that it was read from, if they are known."""

    __slots__ = ("at", "base", "buffer", "seen")

    def __init__(self, base: bytes = b"") -> None:
        self.base = base
        self.buffer = bytearray()
        self.at = 0
        self.seen: dict[str, JsonValue] = {}

    def place(self, at: int, raw: bytes) -> None:
        if at > len(self.buffer):
            self.buffer.extend(bytes(at - len(self.buffer)))
        self.buffer[at : at + len(raw)] = raw
