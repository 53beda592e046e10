"""What reads and writes the bytes of one elementary item."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from kakehashi.codec.copybook.scale import Scalar

__all__ = ["Leaf", "Read", "ReadAll", "Write"]

Read = Callable[[bytes], Scalar]
ReadAll = Callable[[Sequence[bytes]], Sequence[Scalar]]
Write = Callable[[Scalar], bytes]


class Leaf(NamedTuple):
    """`read` takes exactly the item's bytes; `write` gives exactly as many. Both raise InputError, with the offset in
    the item. `empty` is what stands for an item that has no value. `read_all`, if there is one, reads the items of many
    records at once, and raises InputError, ValueError or ArithmeticError when `read` would for any of them, or might.
    """

    read: Read
    write: Write
    empty: bytes
    read_all: ReadAll | None = None
