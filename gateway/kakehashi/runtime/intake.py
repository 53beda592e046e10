"""Takes complete files in: spool (sealed) → ledger (one transaction) → broker → remove the source file.

Nothing is moved or removed before the ledger has it; a crash between any two steps repeats harmlessly.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from kakehashi.codec.layout import Slice, Split
from kakehashi.config.model import Route
from kakehashi.domain.batch import BatchBody
from kakehashi.errors import DuplicateContent, FolderUnavailable, InputError, KakehashiError
from kakehashi.failpoint import reached
from kakehashi.pipeline.envelope import seal_context
from kakehashi.pipeline.link_gate import LinkGate
from kakehashi.pipeline.spool_entry import entry_context, request_id_of, spool_name, write_entry
from kakehashi.ports.clock import Clock
from kakehashi.ports.files import Source, SourceFile, Spool, SpoolWriter
from kakehashi.ports.ledger import NewBatch, NewFile
from kakehashi.ports.sealer import Sealer
from kakehashi.ports.store import Store
from kakehashi.runtime.events import EventLog, Field
from kakehashi.runtime.logging import safe_trace

__all__ = ["Intake"]

_CHUNK = 1 << 20
_FILES_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class _Spooled:
    file: NewFile
    batches: list[NewBatch]


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """The intake of one lane."""

    route: Route
    source: Source
    spool: Spool
    store: Store
    sealer: Sealer
    clock: Clock
    events: EventLog
    config_hash: str
    largest_file: int
    gate: LinkGate | None = None
    """Looks at the whole file first; None: nothing to look at."""
    _spooled: dict[bytes, _Spooled] = field(default_factory=dict, init=False)

    def run_once(self) -> int:
        """Take what is there; returns how many files were looked at."""
        files = self.source.claim(_FILES_AT_ONCE)
        taken = len(files)
        while files:
            try:
                self._take_or_refuse(files[0])
            except KakehashiError:
                for file in files:
                    file.release()
                raise
            del files[0]
        return taken

    def _take_or_refuse(self, file: SourceFile) -> None:
        """A file that nobody thought of goes aside: it neither loops nor stops its neighbours."""
        try:
            self._take(file)
        except InputError as error:
            self._refuse(file, error.fault.code)
        except KakehashiError:
            raise
        except OSError:
            raise FolderUnavailable from None
        except Exception as error:  # noqa: BLE001  # design.md §3.3
            file.quarantine("GEN-001")
            self.events.emit(
                "file.refused",
                lane=self.route.name,
                file=file.name,
                code="GEN-001",
                error=type(error).__name__,
                at=safe_trace(error),
            )

    def _take(self, file: SourceFile) -> None:
        reached("intake.claimed")
        digest, size = _digest(file)
        if size > self.largest_file:
            self._refuse(file, "REF-008")
            return
        if size == 0:
            self._refuse(file, "REF-006")
            return
        with file.open() as stream:
            split = self.route.codec.split(stream, batch_records=self.route.batch_records, file=file.name)
        if not split.records and not split.faults:
            self._refuse(file, "REF-006")
            return
        spooled = self._spooled.get(digest) or self._spool(file, split, digest, size)
        self._remember(spooled)
        reached("intake.spooled")
        held = spooled.file.held
        if held is None and self.gate is not None:
            held = self.gate.code(file, split)
        request_ids = [request_id_of(self.route.name, digest, batch.seq) for batch in spooled.batches]
        try:
            entry = replace(spooled.file, name=file.name, held=held)
            row = self.store.add_file(entry, spooled.batches, request_ids=request_ids)
        except DuplicateContent as error:
            self._spooled.clear()
            self._discard(spooled, error.original)
            self._duplicate(file, error.original)
            return
        self._spooled.clear()
        reached("intake.recorded")
        file.finish()
        reached("intake.removed")
        facts: dict[str, Field] = {
            "lane": self.route.name,
            "file_id": row.id,
            "file": file.name,
            "records": row.records,
        }
        if held:
            self.events.emit("file.held", code=held, **facts)
        else:
            self.events.emit("file.received", batches=row.batches, size=size, **facts)

    def _spool(self, file: SourceFile, split: Split, digest: bytes, size: int) -> _Spooled:
        """Seal every slice into the spool. Raises InputError when the file has changed since it was cut."""
        file_id = self.store.next_file_id()
        new = NewFile(
            id=file_id,
            lane=self.route.name,
            name=file.name,
            digest=digest,
            size=size,
            records=split.records,
            config_hash=self.config_hash,
            received_at=self.clock.now(),
            spool=spool_name(file_id, secrets.token_bytes(8)),
            held=split.faults[0].code if split.faults else None,
        )
        writer = self.spool.create(new.spool)
        try:
            batches = self._write(writer, file, split, digest, size)
            writer.append(self.sealer.seal(write_entry(new, batches), context=entry_context(new.spool)))
        except BaseException:
            writer.abandon()
            raise
        writer.commit()
        return _Spooled(new, batches)

    def _write(self, writer: SpoolWriter, file: SourceFile, split: Split, digest: bytes, size: int) -> list[NewBatch]:
        hashed = hashlib.sha256()
        batches: list[NewBatch] = []
        with file.open() as stream:
            for seq, part in enumerate(split.slices, start=1):
                for gap in _read(stream, part.offset - stream.tell()):
                    hashed.update(gap)
                data = stream.read(part.length)
                hashed.update(data)
                request_id = request_id_of(self.route.name, digest, seq)
                body = BatchBody(split.header_of(part), data).to_bytes()
                offset, length = writer.append(
                    self.sealer.seal(body, context=seal_context(self.route.name, request_id))
                )
                batches.append(_new_batch(seq, part, offset, length))
            for rest in _read(stream, size + 1 - stream.tell()):
                hashed.update(rest)
        if hashed.digest() != digest:
            raise InputError("REF-007")
        return batches

    def _remember(self, spooled: _Spooled) -> None:
        """Until the ledger has it: a ledger that is away for hours must not cost a copy at every try."""
        if len(self._spooled) >= _FILES_AT_ONCE:
            self._spooled.clear()
        self._spooled[spooled.file.digest] = spooled

    def _discard(self, spooled: _Spooled, original: int) -> None:
        """Our copy of a duplicate, unless it is the very one that the ledger names (its answer was lost)."""
        first = self.store.file(original)
        if first is None or first.spool != spooled.file.spool:
            self.spool.remove(spooled.file.spool)

    def _duplicate(self, file: SourceFile, original: int) -> None:
        """The same name again is the file that a crashed intake left claimed; else it is a second delivery."""
        first = self.store.file(original)
        if first is not None and first.name == file.name and file.may_be_left_over:
            file.finish()
        else:
            file.quarantine("REF-001")
        self.events.emit("file.refused", lane=self.route.name, file=file.name, code="REF-001", original=original)

    def _refuse(self, file: SourceFile, code: str) -> None:
        file.quarantine(code)
        self.events.emit("file.refused", lane=self.route.name, file=file.name, code=code)


def _new_batch(seq: int, part: Slice, offset: int, length: int) -> NewBatch:
    return NewBatch(
        seq=seq,
        first_record=part.first_record,
        records=part.records,
        offset=part.offset,
        spool_offset=offset,
        spool_length=length,
    )


def _digest(file: SourceFile) -> tuple[bytes, int]:
    hashed = hashlib.sha256()
    size = 0
    with file.open() as stream:
        while chunk := stream.read(_CHUNK):
            hashed.update(chunk)
            size += len(chunk)
    return hashed.digest(), size


def _read(stream: BinaryIO, length: int) -> Iterator[bytes]:
    while length > 0 and (chunk := stream.read(min(_CHUNK, length))):
        length -= len(chunk)
        yield chunk
