"""「シフトコード」 What switches host text between single bytes and double bytes, and where it does.

No byte of any double-byte code equals the first byte of a shift code of its own charset (IBM 40–FE against 0E/0F, JEF
against 28/38/29/30, KEIS against 0A, JIPS(J) against 1A, JIPS(E) against 3F), so shift codes are found without walking
over characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kakehashi.codec.text_form import damage

__all__ = ["IBM_SHIFTS", "Shifts"]


class Shifts:
    """`opener` is written, every one of `openers` is read. `space`: the single byte that pads."""

    def __init__(self, *, openers: tuple[bytes, ...], closer: bytes, space: bytes = b"\x40") -> None:
        self.opener = openers[0]
        self.openers = openers
        self.closer = closer
        self.space = space
        between = closer + self.opener
        self.between = tuple(int.from_bytes(between[at : at + 2], "big") for at in range(0, len(between), 2))
        """What ends a run and begins the next, as codes of two bytes."""
        opens = b"|".join(re.escape(opener) for opener in openers)
        self._any = re.compile(b"(" + opens + b")|" + re.escape(closer))

    def at(self, raw: bytes, start: int) -> bool:
        """Whether a shift code stands at `start`."""
        return self._any.match(raw, start) is not None

    def runs(self, raw: bytes) -> Iterator[tuple[int, bytes, bool]]:
        """(start, bytes, whether double-byte) of every run. Raises DEC-020 at a shift code that has no partner."""
        start, opened = 0, None
        for shift in self._any.finditer(raw):
            if (shift[1] is not None) is (opened is not None):
                raise damage("DEC-020", shift.start())
            yield start, raw[start : shift.start()], opened is not None
            start, opened = shift.end(), shift.start() if opened is None else None
        if opened is not None:
            raise damage("DEC-020", opened)
        yield start, raw[start:], False

    def enclose(self, raw: bytes) -> bool:
        """Whether `raw` begins with `opener` and ends with `closer`."""
        return (
            len(raw) >= len(self.opener) + len(self.closer)
            and raw.startswith(self.opener)
            and raw.endswith(self.closer)
        )


IBM_SHIFTS = Shifts(openers=(b"\x0e",), closer=b"\x0f")
"""SO and SI."""
