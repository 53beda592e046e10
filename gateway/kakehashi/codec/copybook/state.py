"""What one record is read from and written to."""

from __future__ import annotations

from kakehashi.codec.copybook.scale import Scalar
from kakehashi.errors import Fault, InputError, Place

__all__ = ["JsonValue", "Reading", "Writing"]

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
