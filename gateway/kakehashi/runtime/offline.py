"""A file through a route without broker, store or server: for `translate`, golden cases and benchmarks."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from kakehashi.codec.inspection.by_layout import LayoutInspector
from kakehashi.codec.inspection.privacy import Marks
from kakehashi.codec.inspection.span import Picture, Span
from kakehashi.config.model import Configuration, Route
from kakehashi.domain.batch import BatchBody, BatchState, content_id
from kakehashi.domain.interface import Function
from kakehashi.domain.japan_time import JST
from kakehashi.domain.sequence import SECOND
from kakehashi.errors import Fault, ServerUnreachable
from kakehashi.pipeline.conversation import Conversation
from kakehashi.pipeline.endpoint import Endpoint, EndpointRules
from kakehashi.pipeline.identify import PassedNumbers
from kakehashi.pipeline.translation import Draft, Request, Subject, Translation, translate
from kakehashi.ports.ledger import BatchRow
from kakehashi.ports.links import LinkReader
from kakehashi.runtime.server_side import open_schemas

__all__ = ["Offline", "OfflineResult", "batch_row"]

_THEN = datetime(2026, 1, 1, tzinfo=JST)


class _EveryoneLinked:
    """Every 宛名番号 is its own 団体内統合宛名番号: offline there is nobody to ask."""

    def resolve(self, system: str, atena: Sequence[str]) -> Mapping[str, str]:  # noqa: ARG002  # the port's signature
        return {number: number for number in atena}

    def unresolved(self, system: str, atena: Sequence[str]) -> Collection[str]:  # noqa: ARG002  # as above
        return ()


class _NoServer:
    def exchange(self, message_id: str, request_id: str, document: bytes) -> bytes:  # noqa: ARG002  # the port's
        raise ServerUnreachable

    def close(self) -> None: ...


class _StandingClock:
    """Acceptance mode: the same input gives the same bytes on every day."""

    def now(self) -> datetime:
        return _THEN

    def sleep(self, duration: timedelta) -> None: ...


@dataclass(slots=True)
class OfflineResult:
    """`documents`: the validated messages; `faults`: of the file as a whole, then record by record."""

    documents: list[bytes] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    records: int = 0
    sent: int = 0


class Offline:
    """Translates by one route. No side effects; safe with a production configuration."""

    def __init__(
        self, configuration: Configuration, route: Route, xsd: Path, *, links: LinkReader | None = None
    ) -> None:
        """`links`: who is linked; left out, everyone is."""
        self.route = route
        self._links = links or _EveryoneLinked()
        self._conversation = Conversation(
            route=route,
            profile=configuration.profile,
            schemas=open_schemas(configuration, xsd),
            endpoint=Endpoint(_NoServer(), _StandingClock(), configuration.profile.service, EndpointRules()),
            clock=_StandingClock(),
            sender=configuration.gateway.gateway.agency or "9999000000000000",
            test=True,
        )

    def translate_file(self, path: Path, *, record: int | None = None) -> OfflineResult:
        return self.translate(path.read_bytes(), file=path.name, record=record)

    def translate(self, data: bytes, *, file: str = "input.dat", record: int | None = None) -> OfflineResult:
        """A file fault holds the file: nothing is translated then, exactly as in the gateway.

        `record`: only the message of this one, and of those that belong to it (a household).
        """
        result = OfflineResult()
        stream = io.BytesIO(data)
        split = self.route.codec.split(
            stream, batch_records=self.route.batch_records if record is None else 1, file=file
        )
        result.records = split.records
        result.faults.extend(split.faults)
        if split.faults:
            return result
        for seq, part in enumerate(split.slices, start=1):
            if record is not None and not part.first_record <= record < part.first_record + part.records:
                continue
            body = BatchBody(split.header_of(part), data[part.offset : part.offset + part.length])
            row = batch_row(self.route.name, seq, part.first_record, part.records, part.offset)
            result.faults.extend(self._batch(row, body, len(split.slices), file, result))
        return result

    def _batch(self, row: BatchRow, body: BatchBody, total: int, file: str, result: OfflineResult) -> Sequence[Fault]:
        if self.route.function is Function.LINK:
            return self.route.codec.decode(body, file=file, first_record=row.first_record, offset=row.offset).faults
        translation = self.translate_batch(row, body, total=total, file=file)
        if translation.document:
            result.documents.append(translation.document)
        result.sent += len(translation.drafts)
        return translation.faults

    def translate_batch(
        self, row: BatchRow, body: BatchBody, *, total: int, file: str, before_first: int = SECOND
    ) -> Translation:
        def build(drafts: Sequence[Draft]) -> Request:
            return self._conversation.request(row, total, drafts)

        return translate(
            self.route,
            body,
            Subject(
                file=file,
                before_first=before_first,
                first_record=row.first_record,
                offset=row.offset,
                grouped=self._conversation.profile.groups_honoured,
                alone=row.redrive_of is not None,
            ),
            links=self._links if self._conversation.profile.swaps else PassedNumbers(),
            refusal=self._conversation.refusal,
            build=build,
        )

    def explain(self, path: Path, *, record: int | None, with_bytes: bool) -> Iterator[dict[str, object]]:
        """Lineage: for every target of every record (or of one) its sources, rule, value or fault.

        `with_bytes`: also of each source where in the file it stands and what is there; never an individual number.
        """
        data = path.read_bytes()
        split = self.route.codec.split(io.BytesIO(data), batch_records=self.route.batch_records, file=path.name)
        rules = {rule.target: rule for rule in self.route.mapper.lineage}
        pictures = self._pictures(data, range(record or 1, (record or split.records) + 1)) if with_bytes else None
        for part in split.slices:
            body = BatchBody(split.header_of(part), data[part.offset : part.offset + part.length])
            decoded = self.route.codec.decode(body, file=path.name, first_record=part.first_record, offset=part.offset)
            for row, number in zip(decoded.rows, decoded.numbers, strict=True):
                if record is not None and number != record:
                    continue
                spans = next(pictures).spans if pictures else ()
                for explained in self.route.mapper.explain(row) if row is not None else ():
                    rule = rules.get(explained.target)
                    line: dict[str, object] = {
                        "record": number,
                        "target": explained.target,
                        "value": explained.fault.code if explained.fault else explained.text,
                        "absent": explained.absent,
                        "sources": "; ".join(rule.sources) if rule else "",
                        "rule": " | ".join(rule.converters) if rule else "(default)",
                        "line": rule.line if rule else None,
                    }
                    if with_bytes:
                        line["bytes"] = list(_bytes_of(rule.sources if rule else (), spans))
                    yield line

    def _pictures(self, data: bytes, wanted: range) -> Iterator[Picture]:
        return LayoutInspector(self.route.codec, Marks()).pictures(io.BytesIO(data), wanted, file="")


def _bytes_of(sources: Sequence[str], spans: Sequence[Span]) -> Iterator[dict[str, object]]:
    """Where each source stands; one that repeats, as often as it stands there."""
    for source in sources:
        for span in spans:
            if span.name.partition("(")[0] == source or span.name == source:
                hidden = span.masked(reveal=True)
                yield {"item": span.name, "offset": span.start, "hex": "" if hidden else span.raw.hex()}


def batch_row(lane: str, seq: int, first_record: int, records: int, offset: int) -> BatchRow:
    """A batch that no ledger knows."""
    return BatchRow(
        id=seq,
        file_id=1,
        lane=lane,
        seq=seq,
        first_record=first_record,
        records=records,
        offset=offset,
        spool_offset=0,
        spool_length=0,
        state=BatchState.NEW,
        turn=0,
        attempts=0,
        request_id=content_id("offline", lane, seq),
        receipt=None,
        code=None,
        due=None,
        accepted=0,
        updated_at=_THEN,
        redrive_of=None,
    )
