"""The codec of layouts that are a run of records: fixed and delimited files."""

from __future__ import annotations

from typing import BinaryIO

from kakehashi.codec.decoding import decode_slice
from kakehashi.codec.layout import Decoded, Layout, Role, Split
from kakehashi.codec.members import members_of
from kakehashi.codec.parts import Parts
from kakehashi.codec.splitting import Splitting
from kakehashi.domain.batch import BatchBody

__all__ = ["RecordCodec", "fields_of"]


def fields_of(layout: Layout) -> tuple[str, ...]:
    """Names of the values of a row: data items, then `<group>.<item>`, then `<header>.<item>`."""
    names = [item.name for item in layout.data.items]
    for role in (Role.GROUP, Role.HEADER):
        record = layout.record(role)
        if record is not None:
            names += [f"{record.name}.{item.name}" for item in record.items]
    return tuple(names)


class RecordCodec:
    """See `kakehashi.codec.layout.Codec`."""

    def __init__(self, parts: Parts) -> None:
        self.layout: Layout = parts.layout
        self.fields = fields_of(parts.layout)
        self._parts = parts

    def parts_under(self, header: bytes) -> Parts:  # noqa: ARG002  # XML records depend on their root
        """What single records of a batch with this header are read by."""
        return self._parts

    def split(self, stream: BinaryIO, *, batch_records: int, file: str) -> Split:
        return Splitting(self._parts, batch_records=batch_records, file=file).run(stream)

    def decode(self, body: BatchBody, *, file: str, first_record: int, offset: int) -> Decoded:
        return decode_slice(self._parts, body, file=file, first_record=first_record, offset=offset)

    def encode(self, body: BatchBody, decoded: Decoded) -> bytes:
        """Records with faults are left out; group records are taken over as they are."""
        parts = self._parts
        frames = parts.framing.cut(body.data)
        data = range(len(frames.payloads))
        position = {i: i for i in data}
        if not parts.classifier.single:
            position = {frame: i for i, frame in enumerate(members_of(parts.types(frames, first=False)).data)}
        width = len(parts.layout.data.items)
        out = []
        for index, payload in enumerate(frames.payloads):
            end = body.data[frames.starts[index] + len(payload) : frames.starts[index + 1]]
            if index not in position:
                out.append(payload + end)
            elif (row := decoded.rows[position[index]]) is not None:
                out.append(parts.data.rewrite(payload, row[:width]) + end)
        return b"".join(out)
