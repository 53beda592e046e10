"""Records of one length, with a separator of one kind or none: F, FB, and 全銀 files of any separator."""

from __future__ import annotations

from collections.abc import Sequence

from kakehashi.codec.framing import Strided
from kakehashi.codec.records.cut import Cut, too_short
from kakehashi.codec.records.spec import ANY, SEPARATORS
from kakehashi.codec.text_form import damage
from kakehashi.errors import InputError

__all__ = ["EOF", "FOUND", "StrideCutter"]

EOF = b"\x1a"
"""DOS and CP/M end a file with it, some of them fill the last block with it."""
FOUND = (b"\r\n", b"\n", b"\r", b"\x15")
"""What `any` looks for: line ends that no legacy text begins with, the longest first."""


class StrideCutter:
    """`separator` is None until the first record has shown it; a last record may lack it."""

    def __init__(self, length: int, ending: str) -> None:
        self._length = length
        self.separator: bytes | None = None if ending == ANY else SEPARATORS[ending]

    def cut(self, data: bytes, base: int, *, last: bool) -> Cut:
        if self.separator is None:
            if len(data) < self._length + 2 and not last:
                return Cut([], [], 0)
            self.separator = _found(data, self._length)
        stride = self._length + len(self.separator)
        whole = len(data) // stride * stride
        wrong = self._first_wrong(data, whole, stride)
        used = whole if wrong is None else wrong * stride
        records: Sequence[bytes]
        if self.separator:
            records = [data[at : at + self._length] for at in range(0, used, stride)]
        else:
            records = Strided(data[:used], stride)
        done = Cut(range(base, base + used, stride), records, used)
        if last and self._ends(data[used:], base + used, done):
            return done
        if wrong is not None:
            done.damage = self._misplaced(data, used, base)
        elif last:
            done.damage = too_short(base + used, length=len(data) - used, expected=self._length)
        return done

    def _ends(self, rest: bytes, at: int, done: Cut) -> bool:
        """Whether a file may end like this: with a record that lacks its separator, or with fill bytes."""
        if not rest.strip(EOF):
            return True
        if not self.separator or len(rest) < self._length or rest[self._length :].strip(EOF):
            return False
        done.records = [*done.records, rest[: self._length]]
        done.offsets = [*done.offsets, at]
        done.used += self._length
        done.closed = False
        return True

    def _first_wrong(self, data: bytes, whole: int, stride: int) -> int | None:
        """The first record that has no separator behind it."""
        assert self.separator is not None
        found: list[int] = []
        for place, byte in enumerate(self.separator, start=self._length):
            column = data[place:whole:stride]
            if column.count(byte) < len(column):
                found.append(next(i for i, each in enumerate(column) if each != byte))
        return min(found, default=None)

    def _misplaced(self, data: bytes, at: int, base: int) -> InputError:
        assert self.separator is not None
        early = data.find(self.separator, at, at + self._length)
        if early >= 0:
            return too_short(base + at, length=early - at, expected=self._length)
        return damage("DEC-003", base + at, expected=self._length)


def _found(data: bytes, length: int) -> bytes:
    return next((each for each in FOUND if data.startswith(each, length)), b"")
