"""From a layout to what reads and writes its files."""

from __future__ import annotations

from kakehashi.codec.layout import Codec, Encoder, Layout

__all__ = ["compile_codec", "compile_encoder"]


def compile_codec(layout: Layout) -> Codec:
    """The codec of `layout`, compiled once. Thread-safe. Raises InputError CFG-006 for an unknown charset."""
    raise NotImplementedError(layout.name)


def compile_encoder(layout: Layout) -> Encoder:
    """What writes files of `layout` from values."""
    raise NotImplementedError(layout.name)
