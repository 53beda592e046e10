"""A part of a file cut into records, and how far it went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from kakehashi.errors import Fault, InputError, Place

__all__ = ["Cut", "Cutter", "impossible", "too_short"]


@dataclass(slots=True)
class Cut:
    """Records and where each begins, both in order; the first `used` bytes are done with.

    `bad`: positions in `records` that are no records, each with its fault; the way to the next one is not lost.
    `damage`: the way is lost at its offset. `heads`: headers or block descriptor words before each record.
    `closed`: the last record has its separator.
    """

    offsets: Sequence[int]
    records: Sequence[bytes]
    used: int
    damage: InputError | None = None
    bad: dict[int, Fault] = field(default_factory=dict)
    heads: list[bytes] | None = None
    closed: bool = True


class Cutter(Protocol):
    """Knows one record format."""

    def cut(self, data: bytes, base: int, /, *, last: bool) -> Cut:
        """The whole records at the start of `data`, which begins at `base` of the file. Offsets are of the file.

        `last`: nothing comes behind `data`; what is left over then is damage. Otherwise it comes again, with more.
        """


def impossible(offset: int, **facts: str | int) -> InputError:
    """A length that no record can have."""
    return InputError(Fault("DEC-022", Place(offset=offset), facts))


def too_short(offset: int, *, length: int, expected: int) -> InputError:
    """The file ends inside the record at `offset`."""
    return InputError(Fault("DEC-002", Place(offset=offset), {"length": length, "expected": expected}))
