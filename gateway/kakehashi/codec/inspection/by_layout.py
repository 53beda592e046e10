"""Files of a layout (layout.csv, .xlsx, route.toml), looked into."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

from kakehashi.codec.framing import Frames
from kakehashi.codec.inspection.layout_spans import LayoutSpans
from kakehashi.codec.inspection.privacy import Marks, guarded
from kakehashi.codec.inspection.span import Chunk, Known, Picture, Span
from kakehashi.codec.layout import Codec, Decoded, ItemType, Layout, Role, Slice, Split
from kakehashi.codec.members import members_of
from kakehashi.codec.parts import Parts
from kakehashi.codec.record_codec import RecordCodec
from kakehashi.domain.batch import BatchBody

__all__ = ["LayoutInspector"]

_BATCH = 1000
_UNREAD = frozenset({"DEC-004", "DEC-008", "DEC-020"})
_TEXT = {ItemType.HALFWIDTH, ItemType.FULLWIDTH}


class _Place(NamedTuple):
    """Where data record i of a slice is, and where its group record: indexes of frames."""

    data: int
    group: int | None


class LayoutInspector:
    """See `kakehashi.codec.inspection.span.Inspector`."""

    passes = 2

    def __init__(self, codec: Codec, marks: Marks) -> None:
        assert isinstance(codec, RecordCodec)
        self._codec = codec
        self._spans = LayoutSpans(codec.layout, marks)
        self.items = tuple(_known(codec, marks))

    def chunks(self, stream: BinaryIO, *, file: str) -> Iterator[Chunk]:
        split = self._codec.split(stream, batch_records=_BATCH, file=file)
        yield Chunk(faults=split.faults)
        fields = self._codec.fields
        for part in split.slices:
            body, decoded = self._decoded(stream, split, part, file)
            bad = {f.place.record for f in decoded.faults if f.code in _UNREAD and f.place.record is not None}
            yield Chunk(
                numbers=decoded.numbers,
                rows=[None if row is None else dict(zip(fields, row, strict=True)) for row in decoded.rows],
                faults=decoded.faults,
                unread=tuple(self._unread(body, part, bad)) if bad else (),
            )

    def _decoded(self, stream: BinaryIO, split: Split, part: Slice, file: str) -> tuple[BatchBody, Decoded]:
        stream.seek(part.offset)
        body = BatchBody(split.header_of(part), stream.read(part.length))
        return body, self._codec.decode(body, file=file, first_record=part.first_record, offset=part.offset)

    def _unread(self, body: BatchBody, part: Slice, bad: Iterable[int]) -> Iterator[tuple[str, bytes]]:
        parts = self._codec.parts_under(body.header)
        frames = parts.framing.cut(body.data)
        places = _places(parts, frames)
        for number in sorted(bad):
            place = places[number - part.first_record]
            for found in self._spans.codes(parts.data, frames.payloads[place.data]):
                yield found.item.name, found.code

    def pictures(self, stream: BinaryIO, wanted: range, *, file: str) -> Iterator[Picture]:
        split = self._codec.split(stream, batch_records=_BATCH, file=file)
        for part in split.slices:
            here = range(max(part.first_record, wanted.start), min(part.first_record + part.records, wanted.stop))
            if not here:
                continue
            body, decoded = self._decoded(stream, split, part, file)
            yield from self._of_body(body, decoded, here, base=part.offset)

    def record(self, body: BatchBody, *, number: int, offset: int, file: str) -> Picture | None:
        """The picture of a record that stands alone in its body, with its parent; None where there is none."""
        decoded = self._codec.decode(body, file=file, first_record=number, offset=offset)
        if len(decoded.rows) != 1:
            return None
        return next(self._of_body(body, decoded, range(number, number + 1), base=offset))

    def _of_body(self, body: BatchBody, decoded: Decoded, wanted: range, *, base: int) -> Iterator[Picture]:
        parts = self._codec.parts_under(body.header)
        frames = parts.framing.cut(body.data)
        places = _places(parts, frames)
        first = decoded.numbers[0] if decoded.numbers else 0
        for number in wanted:
            faults = [fault for fault in decoded.faults if fault.place.record == number]
            place = places[number - first]
            spans = self._spans_of(parts, frames, place, base=base)
            borne = {(span.fault.code, span.fault.place.offset) for span in spans if span.fault}
            yield Picture(
                number=number,
                offset=base + frames.starts[place.data],
                size=len(frames.payloads[place.data]),
                spans=guarded(spans, self.items, faults),
                faults=tuple(fault for fault in faults if (fault.code, fault.place.offset) not in borne),
            )

    def _spans_of(self, parts: Parts, frames: Frames, place: _Place, *, base: int) -> list[Span]:
        """Those of the record, behind those of its group record."""
        spans: list[Span] = []
        group = parts.plan(Role.GROUP)
        if group is not None and place.group is not None:
            payload, start = frames.payloads[place.group], base + frames.starts[place.group]
            spans += self._spans.of(group, payload, start, prefix=f"{group.record.name}.")
        payload, start = frames.payloads[place.data], base + frames.starts[place.data]
        return [*spans, *self._spans.of(parts.data, payload, start)]


def _places(parts: Parts, frames: Frames) -> list[_Place]:
    if parts.classifier.single:
        return [_Place(index, None) for index in range(len(frames.payloads))]
    members = members_of(parts.types(frames, first=False))
    groups = [None if group is None else members.groups[group] for group in members.group]
    return [_Place(*pair) for pair in zip(members.data, groups, strict=True)]


def _known(codec: Codec, marks: Marks) -> Iterator[Known]:
    layout: Layout = codec.layout
    inner = [("", layout.data)]
    inner += [(f"{r.name}.", r) for role in (Role.GROUP, Role.HEADER) if (r := layout.record(role)) is not None]
    for prefix, record in inner:
        for item in record.items:
            name = f"{prefix}{item.name}"
            yield Known(
                name=name,
                width=item.length,
                form=str(item.type),
                text=item.type in _TEXT,
                privacy=marks.of(name, sensitive=item.sensitive),
            )
