"""From a layout to what reads and writes its files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from kakehashi.codec.any_framing import AnyFraming
from kakehashi.codec.classifier import Classifier
from kakehashi.codec.delimited import DelimitedPlan, splitter
from kakehashi.codec.fixed import FixedPlan
from kakehashi.codec.framing import FixedFraming, Framing, LineFraming
from kakehashi.codec.layout import Codec, Encoder, Kind, Layout, RecordFormat, Value
from kakehashi.codec.parts import Parts
from kakehashi.codec.record_codec import RecordCodec
from kakehashi.codec.record_plan import RecordPlan
from kakehashi.codec.records.spec import ANY, SEPARATORS
from kakehashi.codec.xml import XmlCodec, xml_encoder
from kakehashi.errors import Fault, InputError, Place

__all__ = ["compile_codec", "compile_encoder"]


def compile_codec(layout: Layout) -> Codec:
    """The codec of `layout`. Thread-safe. Raises InputError CFG-006 for an unknown charset."""
    if layout.format.kind is Kind.XML:
        return XmlCodec(layout)
    return RecordCodec(_parts(layout))


def compile_encoder(layout: Layout) -> Encoder:
    """What writes files of `layout` from values. An item that is not given is None."""
    if layout.format.kind is Kind.XML:
        return xml_encoder(layout)
    parts = _parts(layout)
    return Encoder(layout, partial(_write, parts.plans, parts.framing.separator))


def _parts(layout: Layout) -> Parts:
    delimited = layout.format.kind is Kind.DELIMITED
    plans: dict[str, RecordPlan] = {
        record.name: DelimitedPlan(layout, record)
        if delimited
        else FixedPlan(layout, record, length=_length(layout) or record.length)
        for record in layout.records
    }
    return Parts(
        layout=layout,
        framing=_framing(layout),
        classifier=Classifier(layout, field=_selector(layout)),
        plans=plans,
        strict_end=delimited,
    )


def _length(layout: Layout) -> int | None:
    """The length of every record of an F file; None where each type has its own."""
    form = layout.format
    if form.kind is Kind.DELIMITED or form.recfm is RecordFormat.LINE:
        return None
    return form.record_length or max(record.length for record in layout.records)


def _framing(layout: Layout) -> Framing:
    length = _length(layout)
    if length is not None:
        return FixedFraming(length)
    if layout.format.separator == ANY:
        lengths = {record.length for record in layout.records}
        alike = layout.format.kind is Kind.FIXED and len(lengths) == 1
        return AnyFraming(lengths.pop() if alike else None, headings=layout.format.headings)
    return LineFraming(SEPARATORS[layout.format.separator], headings=layout.format.headings)


def _selector(layout: Layout) -> Callable[[bytes], bytes | None]:
    """What finds the selector in a record; None where the record is too short."""
    form = layout.format
    if form.kind is Kind.DELIMITED:
        split = splitter(layout)
        return lambda line: next(iter(split(line)[form.selector_start : form.selector_start + 1]), None)
    start, end = form.selector_start, form.selector_start + form.selector_length
    return lambda payload: payload[start:end] if len(payload) >= end else None


def _write(plans: Mapping[str, RecordPlan], separator: bytes, record: str, values: Mapping[str, Value]) -> bytes:
    plan = plans[record]
    names = [item.name for item in plan.record.items]
    unknown = next((name for name in values if name not in names), None)
    if unknown is not None:
        raise InputError(Fault("DEC-018", Place(item=unknown), {"reason": "no such item"}))
    return plan.write([values.get(name) for name in names]) + separator
