"""Files of a copybook, looked into."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import BinaryIO

from kakehashi.codec.copybook.charset import TextCodec, text_codec
from kakehashi.codec.copybook.compiling import with_names
from kakehashi.codec.copybook.file import Found, read_file
from kakehashi.codec.copybook.options import Filler, Options
from kakehashi.codec.copybook.traced import Step, TracedCodec
from kakehashi.codec.copybook.tree import Copybook, Field, Usage
from kakehashi.codec.inspection.copybook_leaf import leaves, privacies
from kakehashi.codec.inspection.privacy import Marks, guarded
from kakehashi.codec.inspection.reading import Legible, legible, marks_of
from kakehashi.codec.inspection.span import OTHERS, Cell, Chunk, Known, Picture, Privacy, Span
from kakehashi.codec.records import RecordSpec
from kakehashi.errors import Fault

__all__ = ["CopybookInspector"]

_BATCH = 500
_UNREAD = frozenset({"DEC-004", "DEC-008", "DEC-020"})
_CHARACTERS = {Usage.DISPLAY, Usage.DBCS, Usage.NATIONAL}


class CopybookInspector:
    """See `kakehashi.codec.inspection.span.Inspector`. Items have the names that faults give them."""

    passes = 1

    def __init__(self, copybook: Copybook, options: Options, spec: RecordSpec, marks: Marks) -> None:
        self._copybook = copybook
        self._options = options
        self._spec = spec
        self._codec: TextCodec = text_codec(options.encoding, options.gaiji)
        self._codecs = {
            name: text_codec(encoding, options.gaiji)
            for name, encoding in with_names(copybook, options).encodings.items()
        }
        self._marked = marks_of(self._codec.encode)
        self._leaves = tuple(leaf for record in copybook.records for leaf in leaves(record))
        self._privacy = privacies(self._leaves, marks)
        fillers = [self._privacy[leaf.path] for leaf in self._leaves if leaf.chain[-1].filler]
        self._filler = max(fillers, default=Privacy.OPEN)
        self.items = tuple(self._known())

    def _known(self) -> Iterator[Known]:
        met: set[str] = set()
        for leaf in self._leaves:
            path, field = leaf.path, leaf.chain[-1]
            if path not in met and not (field.filler and self._options.filler is Filler.DROP):
                met.add(path)
                text = field.picture is not None and not field.picture.numeric
                yield Known(name=path, width=field.length, form=_form(field), text=text, privacy=self._privacy[path])

    def _records(self, stream: BinaryIO, file: str) -> Iterator[tuple[Found, bytes, tuple[Step, ...]]]:
        codec = TracedCodec(self._copybook, self._options)
        for found in read_file(stream, codec, self._spec, file=file):
            yield found, codec.raw, codec.steps
            codec.forget()

    def chunks(self, stream: BinaryIO, *, file: str) -> Iterator[Chunk]:
        numbers: list[int] = []
        rows: list[Mapping[str, Cell] | None] = []
        faults: list[Fault] = []
        unread: list[tuple[str, bytes]] = []
        for found, _raw, steps in self._records(stream, file):
            numbers.append(found.number)
            rows.append(None if found.decoded.values is None else _row(steps))
            faults += found.decoded.faults
            if any(fault.code in _UNREAD for fault in found.decoded.faults):
                unread += [(step.path, code) for step in steps for code in self._text(step.field, step.raw).unread]
            if len(rows) == _BATCH:
                yield Chunk(numbers=numbers, rows=rows, faults=faults, unread=unread)
                numbers, rows, faults, unread = [], [], [], []
        yield Chunk(numbers=numbers, rows=rows, faults=faults, unread=unread)

    def pictures(self, stream: BinaryIO, wanted: range, *, file: str) -> Iterator[Picture]:
        for found, raw, steps in self._records(stream, file):
            if found.number >= wanted.stop:
                return
            if found.number in wanted:
                yield self._picture(found, raw, steps)

    def _picture(self, found: Found, raw: bytes, steps: Sequence[Step]) -> Picture:
        faults = list(found.decoded.faults)
        times = Counter(step.path for step in steps)
        seen: Counter[str] = Counter()
        spans: list[Span] = []
        for step in steps:
            seen[step.path] += 1
            number = f"({seen[step.path]})" if times[step.path] > 1 else ""
            spans.append(self._span(step, found.offset, number, faults))
        spans += self._others(raw, steps, found.offset)
        spans.sort(key=lambda span: span.start)
        return Picture(
            number=found.number,
            offset=found.offset,
            size=len(raw),
            spans=guarded(spans, self.items, found.decoded.faults),
            faults=tuple(faults),
        )

    def _span(self, step: Step, base: int, number: str, faults: list[Fault]) -> Span:
        """Takes its fault out of `faults`."""
        start = base + step.start
        ends = range(start, start + len(step.raw) + 1)
        own = next((f for f in faults if f.place.item == step.path and f.place.offset in ends), None)
        if own is not None:
            faults.remove(own)
        return Span(
            name=step.path + number,
            form=_form(step.field),
            start=start,
            raw=step.raw,
            text=self._text(step.field, step.raw).text,
            value=_cell(step.value),
            fault=own,
            privacy=self._privacy[step.path],
        )

    def _others(self, raw: bytes, steps: Sequence[Step], base: int) -> Iterator[Span]:
        """FILLERs that are no values, slack bytes: whatever no item covers, sixteen bytes a span."""
        covered = bytearray(len(raw))
        for step in steps:
            covered[step.start : step.start + len(step.raw)] = b"\x01" * len(step.raw)
        at = covered.find(0)
        while at >= 0:
            end = covered.find(1, at)
            end = min(at + 16, len(raw) if end < 0 else end)
            text = legible(self._codec.decode, raw[at:end], self._marked).text
            start, privacy = base + at, self._filler
            yield Span(
                name=OTHERS, form="", start=start, raw=raw[at:end], text=text, value=None, read=False, privacy=privacy
            )
            at = covered.find(0, end)

    def _text(self, field: Field, raw: bytes) -> Legible:
        if field.usage not in _CHARACTERS:
            return Legible("")
        codec = self._codecs.get(field.name)
        marks = self._marked if codec is None else marks_of(codec.encode)
        codec = codec or self._codec
        wide = codec.wide if field.usage is not Usage.DISPLAY else None
        if field.usage is Usage.NATIONAL and codec.single:
            return Legible(raw.decode("utf-16-be", "replace"))
        return legible(codec.decode if wide is None else wide.read, raw, marks)


def _form(field: Field) -> str:
    picture = field.picture.text if field.picture else ""
    return picture if field.usage is Usage.DISPLAY else f"{picture} {field.usage}".strip()


def _row(steps: Sequence[Step]) -> dict[str, Cell]:
    """Values by name; what occurs several times is a tuple."""
    found: dict[str, list[Cell]] = {}
    for step in steps:
        found.setdefault(step.path, []).append(_cell(step.value))
    return {path: values[0] if len(values) == 1 else tuple(values) for path, values in found.items()}


def _cell(value: object) -> Cell:
    return value if isinstance(value, str | int | float | Decimal) else None
