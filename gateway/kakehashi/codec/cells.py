"""Columns of records of one length that lie one after another."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import lru_cache

__all__ = ["column"]


_STEADY = 256


def column(joined: bytes, start: int, width: int, *, stride: int) -> Sequence[bytes]:
    """The `width` bytes at `start` of every record; a record has `stride` bytes.

    Made for numbers of records that come again and again: other large ones cost a new cutter each.
    """
    count = len(joined) // stride
    if count < _STEADY:
        return [joined[at : at + width] for at in range(start, count * stride, stride)]
    return _cutter(width, stride, count).unpack_from(joined, start)


@lru_cache(maxsize=1024)
def _cutter(width: int, stride: int, count: int) -> struct.Struct:
    return struct.Struct(f"{width}s{stride - width}x" * (count - 1) + f"{width}s")
