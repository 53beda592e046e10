"""What reads and writes the bytes of one elementary item."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from kakehashi.codec.copybook.scale import Scalar

__all__ = ["Leaf", "Read", "Write"]

Read = Callable[[bytes], Scalar]
Write = Callable[[Scalar], bytes]


class Leaf(NamedTuple):
    """`read` takes exactly the item's bytes; `write` gives exactly as many. Both raise InputError, with the offset in
    the item. `empty` is what stands for an item that has no value.
    """

    read: Read
    write: Write
    empty: bytes
