"""「結果返却」 When every batch of a file is settled, its result goes back in the system's own format.

Streams from the spool batch by batch. A crash repeats the whole file: the sink replaces a result of the same name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath

from kakehashi.codec.layout import Role, Value
from kakehashi.config.model import ReturnContext, ReturnPlan, Route
from kakehashi.domain.batch import BatchBody, BatchState, RecordState
from kakehashi.domain.interface import Function
from kakehashi.interface.inquiry import InquiryAnswer
from kakehashi.pipeline.envelope import seal_context
from kakehashi.pipeline.inquiry_result import read_answers
from kakehashi.pipeline.ledger import result_context
from kakehashi.ports.clock import Clock
from kakehashi.ports.files import Sink, Spool
from kakehashi.ports.sealer import Sealer
from kakehashi.ports.store import BatchRow, ExceptionRow, FileRow, Store
from kakehashi.validation.individual_number_scan import find_individual_number

__all__ = ["Returning", "result_name"]

_REFUSED = frozenset({RecordState.REFUSED, RecordState.DISCARDED})


@dataclass(frozen=True, slots=True)
class _Counts:
    accepted: int
    refused: int
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Returning:
    """Writes the results of one lane."""

    route: Route
    plan: ReturnPlan
    sink: Sink
    spool: Spool
    store: Store
    sealer: Sealer
    clock: Clock

    def deliver(self, file: FileRow) -> _Counts:
        """Write the result of a settled file. Raises KakehashiError; then nothing of it is visible."""
        batches = [row for row in self.store.batches(file.id) if row.redrive_of is None]
        exceptions = {row.id: self.store.exceptions_of(row.id) for row in batches}
        counts = _count(batches, exceptions)
        context = ReturnContext(
            accepted=counts.accepted,
            refused=counts.refused,
            waiting=counts.waiting,
            file=file.name,
            date=self.clock.now().strftime("%Y%m%d"),
        )
        self.sink.deliver(self._name(file), self._chunks(file, batches, exceptions, context))
        return counts

    def _name(self, file: FileRow) -> str:
        settings = self.route.settings.returns
        assert settings is not None
        return result_name(settings.pattern, file, date=self.clock.now().strftime("%Y%m%d%H%M%S"))

    def _chunks(
        self,
        file: FileRow,
        batches: list[BatchRow],
        exceptions: Mapping[int, list[ExceptionRow]],
        context: ReturnContext,
    ) -> Iterator[bytes]:
        encoder = self.plan.encoder
        yield encoder.prologue
        yield from self._whole_file_record(Role.HEADER, context)
        for row in batches:
            yield self._batch(file, row, {entry.record_no: entry for entry in exceptions[row.id]}, context)
        yield from self._whole_file_record(Role.TRAILER, context)
        yield from self._whole_file_record(Role.END, context)
        yield encoder.epilogue

    def _whole_file_record(self, role: Role, context: ReturnContext) -> Iterator[bytes]:
        record = self.plan.record(role)
        if record is not None:
            yield self.plan.encoder.write(record.name, record.row(None, context))

    def _batch(
        self, file: FileRow, row: BatchRow, exceptions: Mapping[int, ExceptionRow], context: ReturnContext
    ) -> bytes:
        sealed = self.spool.read(file.spool, row.spool_offset, row.spool_length)
        body = BatchBody.from_bytes(self.sealer.open(sealed, context=seal_context(row.lane, row.request_id)))
        decoded = self.route.codec.decode(body, file=file.name, first_record=row.first_record, offset=row.offset)
        answers = self._answers(row)
        record = self.plan.record(Role.DATA)
        assert record is not None
        settings = self.route.settings.returns
        only_refused = settings is not None and settings.include == "refused"
        lines = []
        for values, number in zip(decoded.rows, decoded.numbers, strict=True):
            exception = exceptions.get(number)
            if only_refused and exception is None:
                continue
            verdict = _verdict(context, number, row, exception, answers.get(number))
            lines.append(self.plan.encoder.write(record.name, _unnumbered(record.row(values, verdict))))
        return b"".join(lines)

    def _answers(self, row: BatchRow) -> Mapping[int, InquiryAnswer]:
        sealed = self.store.result_of(row.id) if self.route.function is Function.SKI else None
        return read_answers(self.sealer.open(sealed, context=result_context(row))) if sealed else {}


def result_name(pattern: str, file: FileRow, *, date: str) -> str:
    """The name of a result: the same for the same file, however often it is written, unless the pattern says date."""
    name = PurePath(file.name)
    return pattern.format(stem=name.stem, suffix=name.suffix, date=date, serial=f"{file.id:04d}")


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
        status=answer.status if answer else "",
        answers=answer.items if answer else {},
    )


def _unnumbered(values: Mapping[str, Value]) -> Mapping[str, Value]:
    """An echoed text that holds a 個人番号 goes back empty: results hold none (domain.md §6)."""
    found = [name for name, value in values.items() if isinstance(value, str) and _is_numbered(value)]
    return {**values, **dict.fromkeys(found)} if found else values


def _is_numbered(text: str) -> bool:
    """A short text cannot hold one; a padded key may."""
    return len(text) >= 12 and find_individual_number(text) is not None


def _count(batches: list[BatchRow], exceptions: Mapping[int, list[ExceptionRow]]) -> _Counts:
    entries = [entry for rows in exceptions.values() for entry in rows]
    accepted = sum(row.accepted for row in batches)
    refused = sum(entry.state in _REFUSED for entry in entries)
    refused += sum(row.records - len(exceptions[row.id]) for row in batches if row.state is BatchState.DISCARDED)
    return _Counts(accepted, refused, sum(row.records for row in batches) - accepted - refused)
