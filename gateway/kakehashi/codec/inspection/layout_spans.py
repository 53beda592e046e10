"""The spans of a record of a layout: fixed, delimited or XML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kakehashi.codec.charset import charset_named
from kakehashi.codec.columns import Column
from kakehashi.codec.delimited import splitter
from kakehashi.codec.inspection.privacy import Marks
from kakehashi.codec.inspection.reading import Legible, legible, marks_of
from kakehashi.codec.inspection.span import OTHERS, Span
from kakehashi.codec.layout import Item, ItemType, Kind, Layout, Value
from kakehashi.codec.record_plan import RecordPlan
from kakehashi.errors import Fault, InputError

__all__ = ["LayoutSpans", "Unread"]

_NO_TEXT = {ItemType.PACKED, ItemType.BINARY}


class _Piece(NamedTuple):
    """The bytes of a column: as they stand in the record, and as the column's codec takes them (None: not whole)."""

    column: Column | None
    start: int
    raw: bytes
    content: bytes | None


class Unread(NamedTuple):
    """A code that is no character, `start` bytes into its record; `fault`: what is wrong with its item, if known."""

    item: Item
    code: bytes
    start: int
    fault: str | None


class LayoutSpans:
    """Cuts the records of one layout."""

    def __init__(self, layout: Layout, marks: Marks) -> None:
        self._layout = layout
        self._marks = marks
        self._split = splitter(layout) if layout.format.kind is Kind.DELIMITED else None

    def of(self, plan: RecordPlan, payload: bytes, start: int, *, prefix: str = "") -> Iterator[Span]:
        """The spans of a record that starts at byte `start` of its file, in order."""
        exploded = plan.explode([payload])
        pieces = self._rough(plan, payload) if exploded.refused else self._exact(plan, payload, exploded.columns)
        for piece in sorted(pieces, key=lambda each: each.start):
            yield self._span(plan, piece, start, prefix)

    def _exact(self, plan: RecordPlan, payload: bytes, columns: Sequence[Sequence[bytes]]) -> list[_Piece]:
        found: list[_Piece] = []
        for index, column in enumerate(plan.columns.columns):
            (content,) = columns[index]
            start = plan.start_of(payload, index)
            raw = content
            if self._layout.format.kind is Kind.XML:  # an element that is not there stands behind the one before
                raw = payload[start:].partition(b"<")[0] if start else b""
                start = start or max((piece.start + len(piece.raw) for piece in found), default=0)
            found.append(_Piece(column, start, raw, content))
        if self._layout.format.kind is Kind.FIXED:
            found += _rest(payload, max((piece.start + len(piece.raw) for piece in found), default=0))
        return found

    def _rough(self, plan: RecordPlan, payload: bytes) -> list[_Piece]:
        """Of a record that is too short, too long or otherwise no such record: what can be told of it."""
        columns = plan.columns.columns
        if self._layout.format.kind is Kind.FIXED:
            cut = [(column, payload[column.start : column.start + column.item.length]) for column in columns]
            found = [_Piece(c, c.start, raw, raw if len(raw) == c.item.length else None) for c, raw in cut if raw]
            return found + _rest(payload, max((piece.start + len(piece.raw) for piece in found), default=0))
        if self._split is None:
            return _rest(payload, 0)
        found, at = [], 0
        by_place = {column.start: column for column in columns}
        gap = len(charset_named(self._layout.charset, self._layout.gaiji).encode(self._layout.format.delimiter))
        for place, raw in enumerate(self._split(payload)):
            found.append(_Piece(by_place.get(place), at, raw, None))
            at += len(raw) + gap
        return found or _rest(payload, 0)

    def _span(self, plan: RecordPlan, piece: _Piece, start: int, prefix: str) -> Span:
        column = piece.column
        if column is None:
            text = self._text(None, piece.raw).text
            return Span(
                name=OTHERS, form="", start=start + piece.start, raw=piece.raw, text=text, value=None, read=False
            )
        value, fault = self._value(plan, piece, start)
        item = column.item
        number = f"({column.occurrence + 1})" if item.repeat > 1 else ""
        return Span(
            name=f"{prefix}{item.name}{number}",
            form=str(item.type),
            start=start + piece.start,
            raw=piece.raw,
            text=self._text(item, piece.raw).text,
            value=value,
            fault=fault,
            read=piece.content is not None,
            privacy=self._marks.of(f"{prefix}{item.name}", sensitive=item.sensitive),
        )

    @staticmethod
    def _value(plan: RecordPlan, piece: _Piece, start: int) -> tuple[Value, Fault | None]:
        column = piece.column
        if column is None or piece.content is None:
            return None, None
        try:
            return column.codec.read(piece.content), None
        except InputError as error:
            index = plan.columns.columns.index(column)
            return None, plan.columns.fault(index, error.fault, start + piece.start)

    def codes(self, plan: RecordPlan, payload: bytes) -> Iterator[Unread]:
        """The codes of a record that are no characters."""
        exploded = plan.explode([payload])
        for piece in self._rough(plan, payload) if exploded.refused else self._exact(plan, payload, exploded.columns):
            if piece.column is None:
                continue
            _, fault = self._value(plan, piece, 0)
            if fault is None and piece.content is not None:
                continue
            found = self._text(piece.column.item, piece.raw)
            for at, code in zip(found.places, found.unread, strict=True):
                yield Unread(piece.column.item, code, piece.start + at, fault.code if fault else None)

    def _text(self, item: Item | None, raw: bytes) -> Legible:
        if item is not None and item.type in _NO_TEXT and self._layout.format.kind is Kind.FIXED:
            return Legible("")
        own = item.charset if item is not None and self._layout.format.kind is not Kind.XML else None
        charset = charset_named(own or self._layout.charset, self._layout.gaiji)
        wide = item is not None and item.type is ItemType.FULLWIDTH
        embedded = (item and item.shift) or self._layout.shift
        read = charset.wide.read if wide and charset.host and embedded != "embedded" else charset.decode
        return legible(read, raw, marks_of(charset.encode))


def _rest(payload: bytes, end: int) -> list[_Piece]:
    """What no item covers, sixteen bytes a piece."""
    return [_Piece(None, at, payload[at : at + 16], None) for at in range(end, len(payload), 16)]
