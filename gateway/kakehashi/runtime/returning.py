"""「結果返却」 When every batch of a file is settled, its result goes back in the system's own format.

Streams from the spool batch by batch. A crash repeats the whole file: the sink replaces a result of the same name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import PurePath
from typing import Self, TypeAlias

from kakehashi.codec.layout import Role, Value
from kakehashi.config.model import ReturnContext, ReturnPlan, ReturnSettings, Route
from kakehashi.domain.batch import BatchBody, BatchState, RecordState
from kakehashi.domain.identifiers import has_individual_check_digit
from kakehashi.domain.inquiry import OUTCOME_OF
from kakehashi.domain.interface import Function
from kakehashi.errors import InputError
from kakehashi.interface.inquiry import InquiryAnswer
from kakehashi.pipeline.envelope import seal_context
from kakehashi.pipeline.inquiry_result import read_answers
from kakehashi.pipeline.ledger import result_context
from kakehashi.ports.clock import Clock
from kakehashi.ports.files import Sink, Spool
from kakehashi.ports.ledger import BatchRow, ExceptionRow, FileRow, NewCharacter
from kakehashi.ports.sealer import Sealer
from kakehashi.ports.store import Store
from kakehashi.runtime.own_numbers import OwnNumbers
from kakehashi.validation.individual_number_scan import find_individual_number

__all__ = ["ResultFile", "Returning", "result_name"]

_REFUSED = frozenset({RecordState.REFUSED, RecordState.DISCARDED})


_Met: TypeAlias = dict[int, list[NewCharacter]]


@dataclass(frozen=True, slots=True)
class _Counts:
    accepted: int
    refused: int
    waiting: int
    characters: _Met = field(default_factory=dict)
    """What did not go into the result as it was, by batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFile:
    """「返却ファイル」 One of the files that tell a system what became of its records."""

    settings: ReturnSettings
    plan: ReturnPlan
    sink: Sink

    def parts(self, file: FileRow, *, date: str) -> Iterator[tuple[str, range]]:
        """The name of each, and the numbers of the records that it tells of: always the same."""
        most = self.settings.most or max(file.records, 1)
        for part, first in enumerate(range(1, max(file.records, 1) + 1, most), start=1):
            yield result_name(self.settings.pattern, file, date=date, part=part), range(first, first + most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Returning:
    """Writes the results of one lane, the list of its errors before the result."""

    route: Route
    files: Sequence[ResultFile]
    spool: Spool
    store: Store
    sealer: Sealer
    clock: Clock
    own: OwnNumbers | None = None

    def deliver(self, file: FileRow) -> _Counts:
        """Write the result of a settled file. Raises KakehashiError; then nothing of it is visible, or what is will be
        replaced by the same.
        """
        story = _Story.of(self.store, file)
        counts = story.counts(file)
        if story.originals and self._body(file, story.originals[0]).withdrawal:
            return counts  # nobody has sent it, so nobody waits for its result
        context = ReturnContext(
            accepted=counts.accepted,
            refused=counts.refused,
            waiting=counts.waiting,
            file=file.name,
            date=self.clock.now().strftime("%Y%m%d"),
        )
        for target in self.files:
            for name, numbers in target.parts(file, date=self.clock.now().strftime("%Y%m%d%H%M%S")):
                told = _Told(file, story, context, counts.characters, target, numbers)
                target.sink.deliver(name, self._chunks(told))
        return counts

    def _chunks(self, told: _Told) -> Iterator[bytes]:
        plan, numbers = told.target.plan, told.numbers
        yield plan.encoder.prologue
        yield from _whole_file_record(plan, Role.HEADER, told.context)
        originals = told.story.originals
        ends = [*(row.first_record for row in originals[1:]), told.file.records + 1]  # of one that was split, too
        for row, end in zip(originals, ends, strict=False):
            if row.first_record < numbers.stop and end > numbers.start:
                yield self._batch(told, row)
        yield from _whole_file_record(plan, Role.TRAILER, told.context)
        yield from _whole_file_record(plan, Role.END, told.context)
        yield plan.encoder.epilogue

    def _batch(self, told: _Told, row: BatchRow) -> bytes:
        name, plan = told.file.name, told.target.plan
        body = self._body(told.file, row)
        decoded = self.route.codec.decode(body, file=name, first_record=row.first_record, offset=row.offset)
        answers = {row.id: self._answers(row)}
        record = plan.record(Role.DATA)
        assert record is not None
        only_refused = told.target.settings.include == "refused"
        lines = []
        for values, number in zip(decoded.rows, decoded.numbers, strict=True):
            if number not in told.numbers:
                continue
            last, exception = told.story.end_of(row, number)
            if last.id not in answers:
                answers[last.id] = self._answers(last)
            answer = None if exception else answers[last.id].get(number)
            verdict = self._owned(_verdict(told.context, number, last, exception, answer), answer)
            if only_refused and verdict.result == "1":
                continue
            echoed = _unnumbered(record.row(self._open(values), verdict), padded=verdict.code == "IDN-001")
            try:
                fitted, lost = plan.fitting.fit(record.name, echoed)
            except InputError as error:
                raise InputError(error.fault.at(record=number)) from None
            if lost:
                met = told.met.setdefault(row.id, [])
                met.extend(NewCharacter(record_no=number, **loss._asdict()) for loss in lost)
            lines.append(plan.encoder.write(record.name, fitted))
        return b"".join(lines)

    def _owned(self, verdict: ReturnContext, answer: InquiryAnswer | None) -> ReturnContext:
        """With the system's own numbers in the answer; without any of it where that cannot be."""
        if self.own is None or answer is None:
            return verdict
        swapped = self.own.swapped(answer.items)
        if swapped is None:
            return replace(verdict, result="9", code="IDN-015", answers={})
        return replace(verdict, answers=swapped)

    def _body(self, file: FileRow, row: BatchRow) -> BatchBody:
        sealed = self.spool.read(file.spool, row.spool_offset, row.spool_length)
        return BatchBody.from_bytes(self.sealer.open(sealed, context=seal_context(row.lane, row.request_id)))

    def _open(self, values: tuple[Value, ...] | None) -> tuple[Value, ...] | None:
        """A record of an extract without its 個人番号: no return table can give that back, in whatever type."""
        link = self.route.link
        if values is None or link is None or link.number is None:
            return values
        return (*values[: link.number], None, *values[link.number + 1 :])

    def _answers(self, row: BatchRow) -> Mapping[int, InquiryAnswer]:
        sealed = self.store.result_of(row.id) if self.route.function is Function.SKI else None
        return read_answers(self.sealer.open(sealed, context=result_context(row))) if sealed else {}


@dataclass(frozen=True, slots=True)
class _Told:
    """What one file says: of whose records, to what end, and what of it was lost on the way."""

    file: FileRow
    story: _Story
    context: ReturnContext
    met: _Met
    target: ResultFile
    numbers: range


@dataclass(frozen=True, slots=True)
class _Story:
    """What became of a file's records, retries and parts included: a record is where its last batch left it."""

    batches: list[BatchRow]
    originals: list[BatchRow]
    retries: Mapping[int, BatchRow]
    """By the exception whose record they carry again."""
    parts: Mapping[int, list[BatchRow]]
    """By the batch that was split into them."""
    exceptions: Mapping[int, Mapping[int, ExceptionRow]]
    """By batch, then by record number."""

    @classmethod
    def of(cls, store: Store, file: FileRow) -> Self:
        batches = store.batches(file.id)
        parts: dict[int, list[BatchRow]] = {}
        for row in batches:
            if row.part_of is not None:
                parts.setdefault(row.part_of, []).append(row)
        return cls(
            batches=batches,
            originals=[row for row in batches if row.redrive_of is None and row.part_of is None],
            parts=parts,
            retries={
                entry.id: row for row in batches if row.redrive_of is not None for entry in store.retried_in(row.id)
            },
            exceptions={row.id: {entry.record_no: entry for entry in store.exceptions_of(row.id)} for row in batches},
        )

    def end_of(self, row: BatchRow, number: int) -> tuple[BatchRow, ExceptionRow | None]:
        """The last batch that carried the record, and the exception that it ended in, if any."""
        exception = self.exceptions[row.id].get(number)
        while (following := self._following(row, number, exception)) is not None:
            row = following
            exception = self.exceptions[row.id].get(number)
        return row, exception

    def _following(self, row: BatchRow, number: int, exception: ExceptionRow | None) -> BatchRow | None:
        if exception is not None:
            return self.retries.get(exception.id)
        parts = self.parts.get(row.id, ())
        return next((part for part in reversed(parts) if part.first_record <= number), None)

    def counts(self, file: FileRow) -> _Counts:
        batches = self.batches
        refused = sum(entry.state in _REFUSED for found in self.exceptions.values() for entry in found.values())
        refused += sum(
            row.records - len(self.exceptions[row.id]) for row in batches if row.state is BatchState.DISCARDED
        )
        accepted = sum(row.accepted for row in batches)
        return _Counts(accepted, refused, file.records - accepted - refused)


def _whole_file_record(plan: ReturnPlan, role: Role, context: ReturnContext) -> Iterator[bytes]:
    record = plan.record(role)
    if record is not None:
        yield plan.encoder.write(record.name, record.row(None, context))


def result_name(pattern: str, file: FileRow, *, date: str, part: int = 1) -> str:
    """The name of a result: the same for the same file, however often it is written, unless the pattern says date."""
    name = PurePath(file.name)
    return pattern.format(stem=name.stem, suffix=name.suffix, date=date, serial=f"{file.id:04d}", part=f"{part:04d}")


def _verdict(
    context: ReturnContext,
    number: int,
    row: BatchRow,
    exception: ExceptionRow | None,
    answer: InquiryAnswer | None,
) -> ReturnContext:
    discarded = row.state is BatchState.DISCARDED
    return replace(
        context,
        record_no=number,
        result="9" if exception or discarded else "1",
        code=exception.code if exception else ("REF-003" if discarded else ""),
        server_code=(exception.server_code or "") if exception else "",
        status=answer.status if answer else OUTCOME_OF.get(exception.code, "") if exception else "",
        url=answer.url if answer else "",
        answers=answer.items if answer else {},
    )


def _unnumbered(values: Mapping[str, Value], *, padded: bool) -> Mapping[str, Value]:
    """An echoed text that holds a 個人番号 goes back empty: results hold none (domain.md §6).

    `padded`: also one behind zeros, where a 宛名番号 is expected. One that is linked is what it says; of one that is
    not, nobody knows what it is.
    """
    found = [
        name
        for name, value in values.items()
        if isinstance(value, (str, int, Decimal))
        and len(text := str(value)) >= 12
        and _is_numbered(text, padded=padded)
    ]
    return {**values, **dict.fromkeys(found)} if found else values


def _is_numbered(text: str, *, padded: bool) -> bool:
    if find_individual_number(text) is not None:
        return True
    return (
        padded
        and text.isascii()
        and text.isdigit()
        and not text[:-12].strip("0")
        and has_individual_check_digit(text[-12:])
    )
