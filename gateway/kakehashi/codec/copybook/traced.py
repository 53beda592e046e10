"""Reading a record of a copybook and noting on the way which bytes were which item."""

from __future__ import annotations

from typing import NamedTuple

from kakehashi.codec.copybook.compiling import compile_record, with_names
from kakehashi.codec.copybook.leaf import Leaf
from kakehashi.codec.copybook.node import LeafNode
from kakehashi.codec.copybook.options import Options
from kakehashi.codec.copybook.record import CopybookCodec, Decoded
from kakehashi.codec.copybook.state import JsonValue, Reading
from kakehashi.codec.copybook.tree import Copybook, Field

__all__ = ["Step", "TracedCodec"]


class Step(NamedTuple):
    """An elementary item was read: `start` in the record, its bytes (fewer at the end of a short record), its value."""

    path: str
    field: Field
    start: int
    raw: bytes
    value: JsonValue


class _Tracing(Reading):
    __slots__ = ("steps",)

    def __init__(self, raw: bytes, *, offset: int, short: bool) -> None:
        super().__init__(raw, offset=offset, short=short)
        self.steps: list[Step] = []


class _TracedNode(LeafNode):
    __slots__ = ("_field",)

    def __init__(self, field: Field, leaf: Leaf, node: LeafNode) -> None:
        super().__init__(leaf, length=field.length, path=node.path, name=node.name, textual=node.textual)
        self._field = field
        self.plain = None  # else groups read it past this node

    def read(self, state: Reading, at: int) -> JsonValue:
        value = super().read(state, at)
        if isinstance(state, _Tracing):
            raw = state.raw[at : at + self._length]
            state.steps.append(Step(self.path, self._field, at, raw, value))
        return value


class TracedCodec(CopybookCodec):
    """A codec for one reader at a time: `steps` and `raw` are those of the record that was read last."""

    def __init__(self, copybook: Copybook, options: Options) -> None:
        super().__init__(copybook, options)
        self.at_once = 1
        self._part, _items = compile_record(copybook, with_names(copybook, options), wrap=_TracedNode)
        self.forget()

    def forget(self) -> None:
        """No record was read."""
        self._state = _Tracing(b"", offset=0, short=False)
        self.raw = b""

    def _reading(self, raw: bytes, offset: int) -> Reading:
        self._state = _Tracing(raw, offset=offset, short=self._options.short)
        return self._state

    def read(self, raw: bytes, *, offset: int = 0, whole: bool = False) -> Decoded:
        decoded = super().read(raw, offset=offset, whole=whole)
        self.raw = raw[: decoded.end]
        return decoded

    @property
    def steps(self) -> tuple[Step, ...]:
        """In the order of reading. Of items that redefine one another all that were tried are there."""
        return tuple(self._state.steps)
