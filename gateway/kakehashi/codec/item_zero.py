"""「零とみなす内容」 Numbers whose blanks, low-values or high-values are declared to mean zero."""

from __future__ import annotations

from collections.abc import Sequence

from kakehashi.codec.item_codec import ItemCodec
from kakehashi.codec.layout import Value

__all__ = ["ZeroCodec"]


class ZeroCodec:
    """Contents that mean zero are read as the item's own zero; zero is written as a number, never as one of them."""

    def __init__(self, inner: ItemCodec, zeros: frozenset[bytes]) -> None:
        self._inner = inner
        self._zeros = zeros
        self._zero = inner.write(0)
        self.write = inner.write

    def read(self, raw: bytes) -> Value:
        return self._inner.read(self._zero if raw in self._zeros else raw)

    def read_all(self, raws: Sequence[bytes]) -> Sequence[Value]:
        zeros = self._zeros
        if not zeros.isdisjoint(raws):
            raws = [self._zero if raw in zeros else raw for raw in raws]
        return self._inner.read_all(raws)
