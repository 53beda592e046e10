"""One record of a copybook: bytes ↔ values, compiled once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import repeat
from typing import NamedTuple

from kakehashi.codec.copybook.compiling import compile_record, with_names
from kakehashi.codec.copybook.leaf import Read
from kakehashi.codec.copybook.options import Odo, Options
from kakehashi.codec.copybook.shape import Ask, Shape, Shapes
from kakehashi.codec.copybook.state import JsonValue, Reading, ReadingMany, Writing
from kakehashi.codec.copybook.tree import Copybook, Field
from kakehashi.codec.framing import Strided
from kakehashi.errors import Fault, InputError, Place

__all__ = ["BYTES", "CopybookCodec", "Decoded", "Values"]

BYTES = "_bytes"
"""Where the bytes of a record travel, if they are kept."""
_MANY = 512
"""Records that are read at once: their values still fit into the processor's cache."""
_MIXED = 2048
"""The same where they differ in shape: those of one shape shall be many."""
_FEW = 4
"""Records of a shape that are quicker read one by one."""

Values = dict[str, JsonValue]


class Decoded(NamedTuple):
    """`values` None: `faults` say why. `end`: where the record ended in the bytes given."""

    values: Values | None
    faults: tuple[Fault, ...]
    end: int


_DECODED = partial(tuple.__new__, Decoded)
"""Quicker than calling it, which names its parts first."""


class CopybookCodec:
    """Reads and writes records. Thread-safe. Raises InputError CFG-003 or CFG-006 for options that do not fit."""

    def __init__(self, copybook: Copybook, options: Options) -> None:
        options = with_names(copybook, options)
        self._options = options
        self.short = options.short
        """Records may end before their last item."""
        self._part, items = compile_record(copybook, options)
        self._pad = items.codec.encode(" ")
        self.most = copybook.length
        """Bytes of the longest record."""
        self.varies = copybook.varies and options.odo is Odo.SHIFTED
        """Only reading a record tells its length."""
        self._padded = copybook.varies and options.odo is Odo.PADDED
        self._collapse = len(copybook.records) == 1 and not options.root and len(self._part.keys) == 1
        wanted = {segment.item for segment in options.segments}
        fields = [field for record in copybook.records for field in record.walk() if not field.group]
        self._selectors: list[tuple[str, slice, int, Read]] = [
            (field.name, slice(field.offset, field.offset + field.length), self._least(field), items.leaf(field).read)
            for field in fields
            if field.name in wanted
        ]
        asks = [Ask(f.name, f.offset, f.length, items.leaf(f)) for f in fields if f.name in wanted]
        self._shapes = Shapes(self._part, asks)
        many = _MIXED if self._shapes.differ else _MANY
        self.at_once = many if self._shapes.some and not options.short else 1
        """How many records `read_many` had best be given."""

    def read(self, raw: bytes, *, offset: int = 0, whole: bool = False) -> Decoded:
        """The values of the record that `raw` begins with (or is: `whole`); `offset` is where it stands in the file."""
        state = self._reading(raw, offset)
        self._select(state)
        out: Values = {}
        self._part.read(state, 0, out)
        end = state.at if self._part.size is None else min(self._part.size, len(raw))
        if self._padded:
            end = max(end, min(self.most, len(raw)))
        if state.faults:
            return Decoded(None, tuple(state.faults), end)
        if self._collapse:
            (only,) = out.values()
            out = only if isinstance(only, dict) else out
        if self._options.keep_bytes:
            out[BYTES] = (raw if whole else raw[:end]).hex()
        return Decoded(out, (), end)

    def read_many(self, raws: Sequence[bytes], offsets: Sequence[int]) -> list[Decoded]:
        """`read` of each of them, as whole records; quick where all have one length and `at_once` allows."""
        decoded: list[Decoded | None] = [None] * len(raws)
        for shape, indexes in self._shapes.groups(raws) if self.at_once > 1 else ():
            if len(indexes) == len(raws):
                return self._alike(shape, raws, offsets)
            if len(indexes) >= _FEW:
                some = self._alike(shape, [raws[i] for i in indexes], [offsets[i] for i in indexes])
                for index, each in zip(indexes, some, strict=True):
                    decoded[index] = each
        return [
            self.read(raw, offset=offset, whole=True) if each is None else each
            for each, raw, offset in zip(decoded, raws, offsets, strict=True)
        ]

    def length(self, raw: bytes) -> int:
        """Of the record that `raw` begins with, where a few items tell it; 0: reading it may."""
        shape = self._shapes.of(raw) if self.at_once > 1 else None
        size = shape.part.size if shape is not None else None
        return size if size is not None and size <= len(raw) else 0

    def _alike(self, shape: Shape, raws: Sequence[bytes], offsets: Sequence[int]) -> list[Decoded]:
        """Records of one shape; those that are not as good as the others are read by themselves."""
        state = ReadingMany(raws.data if isinstance(raws, Strided) else b"".join(raws), stride=len(raws[0]))
        columns = shape.part.read_many(state, 0)
        if self._collapse and isinstance(columns[0][0], dict):
            values: Sequence[Values] = columns[0]  # type: ignore[assignment]  # a group's are dictionaries
        else:
            values = shape.dicts(columns, len(raws))
        if self._options.keep_bytes:
            for each, raw in zip(values, raws, strict=True):
                each[BYTES] = raw.hex()
        end = shape.part.size or 0
        if self._padded:
            end = max(end, min(self.most, state.stride))
        decoded: list[Decoded] = [*map(_DECODED, zip(values, repeat(()), repeat(end)))]
        for index in state.bad:
            decoded[index] = self.read(raws[index], offset=offsets[index], whole=True)
        return decoded

    def _reading(self, raw: bytes, offset: int) -> Reading:
        return Reading(raw, offset=offset, short=self._options.short)

    def _select(self, state: Reading) -> None:
        """Selectors are read first: what they select may stand before them."""
        for name, place, least, read in self._selectors:
            if len(state.raw) < least:
                continue
            try:
                value = read(state.raw[place])
            except InputError as error:
                state.fault(error, name, place.start)
            else:
                state.seen.setdefault(name, value)

    def _least(self, field: Field) -> int:
        """How many bytes a record must have for a selector in it: of a text, one is enough where records are short."""
        part = self._options.short and field.picture is not None and not field.picture.numeric
        return field.offset + (1 if part else field.length)

    def write(self, values: Values) -> bytes:
        """The bytes of a record. Raises InputError DEC-018 or DEC-030 with the item."""
        given = dict(values)
        base = given.pop(BYTES, None)
        try:
            state = Writing(bytes.fromhex(base) if isinstance(base, str) else b"")
        except ValueError:
            raise InputError(Fault("DEC-018", Place(item=BYTES), {"expected": "hexadecimal digits"})) from None
        if base is not None and self._unchanged(state.base, given):
            return state.base
        if self._collapse:
            given = {self._part.keys[0]: given}
        if not given.keys() <= set(self._part.keys):
            raise InputError(Fault("DEC-018", facts={"expected": " ".join(self._part.keys)}))
        self._part.write(state, given, 0)
        raw = bytes(state.buffer)
        if not self.varies:
            raw += state.base[max(self.most, len(raw)) :]
        if self._padded:
            raw += state.base[len(raw) : self.most]
            raw = raw.ljust(self.most, self._pad)
        return raw

    def _unchanged(self, base: bytes, given: Values) -> bool:
        known = self.read(base).values
        return known is not None and {name: value for name, value in known.items() if name != BYTES} == given

    def filled(self, raw: bytes, length: int) -> bytes:
        """The record with spaces up to a greater length."""
        return raw.ljust(length, self._pad)
