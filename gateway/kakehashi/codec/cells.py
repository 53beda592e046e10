"""Columns of records of one length that lie one after another."""

from __future__ import annotations

import struct
from functools import lru_cache

__all__ = ["column"]


def column(joined: bytes, start: int, width: int, *, stride: int) -> tuple[bytes, ...]:
    """The `width` bytes at `start` of every record; a record has `stride` bytes."""
    count = len(joined) // stride
    return _cutter(width, stride, count).unpack_from(joined, start) if count else ()


@lru_cache(maxsize=1024)
def _cutter(width: int, stride: int, count: int) -> struct.Struct:
    return struct.Struct(f"{width}s{stride - width}x" * (count - 1) + f"{width}s")
