"""Legacy XML: a root, and in it one element per record whose children are the items.

The prolog may say Shift_JIS; the bytes are read in the layout's charset. A slice is a run of record elements; the
root's start tag travels as the header of every batch, because it may declare namespaces.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import BinaryIO

from kakehashi.codec.charset import charset_named
from kakehashi.codec.classifier import Classifier
from kakehashi.codec.layout import Decoded, Encoder, Layout, Split, Value
from kakehashi.codec.parts import Parts
from kakehashi.codec.record_codec import RecordCodec
from kakehashi.codec.xml_framing import XmlFraming
from kakehashi.codec.xml_plan import XmlPlan
from kakehashi.codec.xml_scanner import TagScanner
from kakehashi.codec.xml_splitting import XmlSplitting
from kakehashi.domain.batch import BatchBody
from kakehashi.errors import Fault, InputError, Place

__all__ = ["XmlCodec", "xml_encoder"]

_LABELS = {"cp932": "Shift_JIS", "euc_jp": "EUC-JP", "utf-8": "UTF-8"}


class XmlCodec(RecordCodec):
    """See `kakehashi.codec.layout.Codec`."""

    def __init__(self, layout: Layout) -> None:
        charset = charset_named(layout.charset, layout.gaiji)
        form = layout.format
        self._scanner = TagScanner(root=charset.encode(form.root_element), record=charset.encode(form.record_element))
        self._plan = XmlPlan(layout)
        super().__init__(
            Parts(
                layout=layout,
                framing=XmlFraming(self._scanner),
                classifier=Classifier(layout, field=lambda _: None),
                plans={layout.data.name: self._plan},
                strict_end=False,
            )
        )

    def split(self, stream: BinaryIO, *, batch_records: int, file: str) -> Split:
        return XmlSplitting(self._scanner, self._plan, batch_records=batch_records, file=file).run(stream)

    def decode(self, body: BatchBody, *, file: str, first_record: int, offset: int) -> Decoded:
        return self._under(body.header).decode(body, file=file, first_record=first_record, offset=offset)

    def encode(self, body: BatchBody, decoded: Decoded) -> bytes:
        return self._under(body.header).encode(body, decoded)

    def parts_under(self, header: bytes) -> Parts:
        """Those for records below this start tag of the root."""
        return replace(self._parts, plans={self.layout.data.name: self._plan.under(header)})

    def _under(self, root: bytes) -> RecordCodec:
        """The codec for records below this start tag."""
        return RecordCodec(self.parts_under(root))


def xml_encoder(layout: Layout) -> Encoder:
    """Writes the elements in the order of the items; what is None has no element."""
    charset = charset_named(layout.charset, layout.gaiji)
    label = _LABELS.get(charset.name, charset.name)
    root = layout.format.root_element
    return Encoder(
        layout,
        partial(_write, XmlPlan(layout)),
        prologue=charset.encode(f'<?xml version="1.0" encoding="{label}"?>')
        + b"\r\n"
        + charset.encode(f"<{root}>")
        + b"\r\n",
        epilogue=charset.encode(f"</{root}>") + b"\r\n",
    )


def _write(plan: XmlPlan, record: str, values: Mapping[str, Value]) -> bytes:
    names = [item.name for item in plan.record.items]
    unknown = next((name for name in values if name not in names), None)
    if record != plan.record.name or unknown is not None:
        raise InputError(Fault("DEC-018", Place(item=unknown), {"reason": "no such item"}))
    return plan.write([values.get(name) for name in names]) + b"\r\n"
