"""What every item type offers, and the wrappers that any type may wear."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from kakehashi.codec.layout import Value
from kakehashi.codec.text_form import Unclean, damage

__all__ = ["ItemCodec", "LimitedCodec", "NilCodec"]


class ItemCodec(Protocol):
    """Reads and writes one occurrence of an item.

    `read` is the definition; `read_all` is the same for many values at once and gives up at the first sign of trouble.
    """

    def read(self, raw: bytes, /) -> Value:
        """The value. Raises InputError with the offset of the trouble inside `raw`."""

    def read_all(self, raws: Sequence[bytes], /) -> Sequence[Value]:
        """The values, in order. Raises InputError, ValueError or ArithmeticError when any of them is wrong."""

    def write(self, value: Value, /) -> bytes:
        """The bytes of `value`. Raises InputError DEC-018, DEC-004, DEC-008."""


class NilCodec:
    """Contents that mean "nothing here" are None; a required item refuses them with DEC-021.

    `written` is what None becomes (None: nothing may be written).
    """

    def __init__(self, inner: ItemCodec, *, nil: frozenset[bytes], written: bytes | None, required: bool) -> None:
        self._inner = inner
        self._nil = nil
        self._written = written
        self._required = required

    def read(self, raw: bytes) -> Value:
        if raw not in self._nil:
            return self._inner.read(raw)
        if self._required:
            raise damage("DEC-021", 0)
        return None

    def read_all(self, raws: Sequence[bytes]) -> Sequence[Value]:
        nil = self._nil
        if nil.isdisjoint(raws):
            return self._inner.read_all(raws)
        if self._required:
            raise Unclean
        some = [raw for raw in raws if raw not in nil]
        if not some:
            return [None] * len(raws)
        values = iter(self._inner.read_all(some))
        return [None if raw in nil else next(values) for raw in raws]

    def write(self, value: Value) -> bytes:
        if value is not None:
            return self._inner.write(value)
        if self._required or self._written is None:
            raise damage("DEC-018", reason="nothing may stand here")
        return self._written


class LimitedCodec:
    """An item of varying width: DEC-003 beyond `most` bytes, as `measure` counts them (never more than there are)."""

    def __init__(self, inner: ItemCodec, *, most: int, measure: Callable[[bytes], int]) -> None:
        self._inner = inner
        self._most = most
        self._measure = measure

    def read(self, raw: bytes) -> Value:
        if len(raw) > self._most and (length := self._measure(raw)) > self._most:
            raise damage("DEC-003", self._most, length=length, most=self._most)
        return self._inner.read(raw)

    def read_all(self, raws: Sequence[bytes]) -> Sequence[Value]:
        most = self._most
        if max(map(len, raws), default=0) > most and any(self._measure(raw) > most for raw in raws):
            raise Unclean
        return self._inner.read_all(raws)

    def write(self, value: Value) -> bytes:
        raw = self._inner.write(value)
        if len(raw) > self._most and (length := self._measure(raw)) > self._most:
            raise damage("DEC-018", length=length, most=self._most)
        return raw
