"""Takes complete files in: spool (sealed) → ledger (one transaction) → broker → remove the source file.

Nothing is moved or removed before the ledger has it; a crash between any two steps repeats harmlessly. A process that
stood still until its lease had ended is refused by the ledger: another one has taken its files over.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import BinaryIO, cast

from kakehashi.codec.layout import Slice, Split
from kakehashi.config.model import Route
from kakehashi.domain.batch import BatchBody
from kakehashi.domain.sequence import MOST
from kakehashi.errors import DuplicateContent, Fault, FolderUnavailable, InputError, KakehashiError, Overtaken
from kakehashi.failpoint import reached
from kakehashi.pipeline.envelope import seal_context
from kakehashi.pipeline.extract_time import extract_time
from kakehashi.pipeline.link_gate import LinkGate
from kakehashi.pipeline.protection import is_protected, looks_for_protection
from kakehashi.pipeline.spool_entry import entry_context, request_id_of, spool_name, write_entry
from kakehashi.ports.clock import Clock
from kakehashi.ports.files import Source, SourceFile, Spool, SpoolWriter
from kakehashi.ports.ledger import NewBatch, NewFile, Refusal
from kakehashi.ports.sealer import Sealer
from kakehashi.ports.store import Store
from kakehashi.runtime.events import EventLog, Field
from kakehashi.runtime.logging import safe_trace

__all__ = ["Intake", "fault_facts", "unproved"]

_CHUNK = 1 << 20
_FILES_AT_ONCE = 16
_SEQUENCES_AHEAD = 100_000
_NOT_PROVED = frozenset({"DEC-010", "DEC-011", "DEC-012", "DEC-015"})
"""What a file lacks whose writer has not ended: its trailer, what the trailer counts, the end tag of its root."""


_TOO_MUCH = "DEC-014"
"""What goes on behind its end has ended."""


def unproved(route: Route, name: str, stream: BinaryIO) -> Fault | None:
    """What contradicts that the file is complete: its own end, counts and totals. Reads all of it."""
    try:
        split = route.codec.split(stream, batch_records=route.batch_records, file=name)
    except Exception:  # noqa: BLE001  # no file of this layout at all: intake refuses it
        return None
    last = split.slices[-1] if split.slices else None
    return next(
        (fault for fault in split.faults if _refutes(fault, 0 if last is None else last.offset + last.length)), None
    )


def _refutes(fault: Fault, behind: int) -> bool:
    """`behind`: where the data end. A trailer that cannot be read there may be half written."""
    in_trailer = (fault.place.offset or 0) >= behind and fault.code != _TOO_MUCH
    return fault.code in _NOT_PROVED or in_trailer


class _Stopped(Exception):
    """The gateway stops: what is in hand goes back."""


class _Hashed:
    """Hashes what is read through it."""

    def __init__(self, stream: BinaryIO, stopping: Callable[[], bool]) -> None:
        self._stream = stream
        self._stopping = stopping
        self._hash = hashlib.sha256()
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        if self._stopping():
            raise _Stopped
        chunk = self._stream.read(size)
        self._hash.update(chunk)
        self.size += len(chunk)
        return chunk

    def digest(self) -> bytes:
        return self._hash.digest()


class _Numbers:
    """Ids and sequences for the files in hand, asked for once: many small files must not cost the ledger commits each.

    Sequences are those of the time at which the files were claimed, or a later one.
    """

    def __init__(self) -> None:
        self._count = 0
        self._ids = range(0)
        self._sequences = range(0)

    def begin(self, count: int) -> None:
        self._count, self._ids, self._sequences = count, range(0), range(0)

    def next_id(self, store: Store) -> int:
        if not self._ids:
            first = store.next_file_id(self._count)
            self._ids = range(first, first + self._count)
        given, self._ids = self._ids[0], self._ids[1:]
        return given

    def next_sequences(self, store: Store, count: int, *, now: datetime) -> int:
        """The first of `count`."""
        if len(self._sequences) < count:
            ahead = max(count, _SEQUENCES_AHEAD)
            first = store.next_sequences(ahead, at=now)
            self._sequences = range(first, first + ahead)
        given, self._sequences = self._sequences[0], self._sequences[count:]
        return given


@dataclass(frozen=True, slots=True)
class _Spooled:
    file: NewFile
    batches: list[NewBatch]


@dataclass(frozen=True, slots=True)
class _Cut:
    """A whole file, read once."""

    digest: bytes
    size: int
    split: Split

    @property
    def fault(self) -> Fault | None:
        """What holds the whole file."""
        return self.split.faults[0] if self.split.faults else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """The intake of one lane. `stopping` is asked while a file is read: a large one does not hold up the end."""

    route: Route
    source: Source
    spool: Spool
    store: Store
    sealer: Sealer
    clock: Clock
    events: EventLog
    config_hash: str
    largest_file: int
    stopping: Callable[[], bool] = lambda: False
    gate: LinkGate | None = None
    """Looks at the whole file first; None: nothing to look at."""
    _spooled: dict[bytes, _Spooled] = field(default_factory=dict, init=False)
    _numbers: _Numbers = field(default_factory=_Numbers, init=False)

    def run_once(self) -> int:
        """Take what is there; returns how many files were looked at."""
        files = self.source.claim(_FILES_AT_ONCE)
        taken = len(files)
        self._numbers.begin(taken)
        while files:
            try:
                self._take_or_refuse(files[0])
            except Overtaken:
                self._give_up(files[0])
                return taken
            except (KakehashiError, _Stopped) as error:
                for file in files:
                    file.release()
                if isinstance(error, _Stopped):
                    return 0
                raise
            del files[0]
        return taken

    def _give_up(self, file: SourceFile) -> None:
        """Whoever saw our lease end takes everything that we had in hand."""
        self.events.emit("file.overtaken", lane=self.route.name, file=file.name, code=Overtaken.default_code)
        self.source.close()

    def _take_or_refuse(self, file: SourceFile) -> None:
        """A file that nobody thought of goes aside: it neither loops nor stops its neighbours."""
        try:
            self._take(file)
        except InputError as error:
            self._refuse(file, error.fault.code)
        except (KakehashiError, _Stopped):
            raise
        except OSError:
            raise FolderUnavailable from None
        except Exception as error:  # noqa: BLE001  # design.md §3.3
            self._refuse(file, "GEN-001", error=type(error).__name__, at=safe_trace(error))

    def _take(self, file: SourceFile) -> None:
        reached("intake.claimed")
        if file.size > self.largest_file:
            self._refuse(file, "REF-008", size=file.size)
            return
        cut = self._cut(file)
        if not cut.split.records and not cut.split.faults:
            self._refuse(file, "REF-006", size=cut.size)
            return
        if cut.split.records >= MOST:
            self._refuse(file, "REF-008", size=cut.size)
            return
        spooled = self._spooled.get(cut.digest) or self._spool(file, cut)
        self._remember(cut.digest, spooled)
        reached("intake.spooled")
        try:
            self._record(file, cut, spooled)
        except DuplicateContent as error:
            self._spooled.clear()
            self._duplicate(file, cut, spooled, error.original)
        except Overtaken:
            self._spooled.clear()
            self.spool.remove(spooled.file.spool)
            raise

    def _cut(self, file: SourceFile) -> _Cut:
        with file.open() as stream:
            hashed = _Hashed(stream, self.stopping)
            split = self.route.codec.split(
                cast("BinaryIO", hashed), batch_records=self.route.batch_records, file=file.name
            )
            while hashed.read(_CHUNK):  # what lies behind the end that the codec sees
                pass
        return _Cut(hashed.digest(), hashed.size, split)

    def _record(self, file: SourceFile, cut: _Cut, spooled: _Spooled) -> None:
        held, why = spooled.file.held, fault_facts(cut.fault) if cut.fault else None
        if held is None and self.gate is not None:
            held = self.gate.code(file, cut.split)
        entry = replace(spooled.file, name=file.name, held=held, why=why, claim=file.claim.id, owner=file.claim.owner)
        request_ids = [request_id_of(self.route.name, cut.digest, batch.seq) for batch in spooled.batches]
        row = self.store.add_file(entry, spooled.batches, request_ids=request_ids)
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
            offset = cut.fault.place.offset if cut.fault else None
            self.events.emit("file.held", code=held, offset=offset, why=why, **facts)
        else:
            self.events.emit("file.received", batches=row.batches, size=row.size, **facts)

    def _spool(self, file: SourceFile, cut: _Cut) -> _Spooled:
        """Seal every slice into the spool. Raises InputError when the file has changed since it was cut."""
        now, as_of = self.clock.now(), self._as_of(file, cut)
        file_id = self._numbers.next_id(self.store)
        new = NewFile(
            id=file_id,
            lane=self.route.name,
            name=file.name,
            digest=cut.digest,
            size=cut.size,
            records=cut.split.records,
            config_hash=self.config_hash,
            received_at=now,
            before_first=self._before_first(cut.split.records, as_of, now=now),
            as_of=as_of,
            spool=spool_name(file_id, secrets.token_bytes(8)),
            held=cut.fault.code if cut.fault else None,
        )
        writer = self.spool.create(new.spool)
        try:
            batches = self._write(writer, file, cut)
            writer.append(self.sealer.seal(write_entry(new, batches), context=entry_context(new.spool)))
            writer.commit()
        except BaseException:
            writer.abandon()
            raise
        return _Spooled(new, batches)

    def _as_of(self, file: SourceFile, cut: _Cut) -> datetime | None:
        """Raises InputError: an extract that says no time could overwrite anything. One that is held anyway may lack
        its header; then none of its records can be read.
        """
        settings = self.route.settings.source.as_of
        if settings is None:
            return None
        try:
            return extract_time(settings, self.route.layout, cut.split, name=file.name, now=self.clock.now())
        except InputError:
            if cut.fault is None or settings.name:
                raise
            return None

    def _before_first(self, records: int, as_of: datetime | None, *, now: datetime) -> int:
        if as_of is not None:
            return self.store.next_sequences(records + 1, at=as_of, extract=True)
        return self._numbers.next_sequences(self.store, records + 1, now=now)

    def _write(self, writer: SpoolWriter, file: SourceFile, cut: _Cut) -> list[NewBatch]:
        batches: list[NewBatch] = []
        looks = looks_for_protection(self.route, cut.split.records)
        with file.open() as stream:
            hashed = _Hashed(stream, self.stopping)
            for seq, part in enumerate(cut.split.slices, start=1):
                _pass_over(hashed, part.offset)
                data = hashed.read(part.length)
                request_id = request_id_of(self.route.name, cut.digest, seq)
                body = BatchBody(cut.split.header_of(part), data)
                offset, length = writer.append(
                    self.sealer.seal(body.to_bytes(), context=seal_context(self.route.name, request_id))
                )
                place = {"first_record": part.first_record, "offset": part.offset}
                batches.append(
                    _new_batch(seq, part, offset, length, urgent=looks and is_protected(self.route, body, **place))
                )
            _pass_over(hashed, cut.size + 1)
        if hashed.digest() != cut.digest:
            raise InputError("REF-007")
        return batches

    def _remember(self, digest: bytes, spooled: _Spooled) -> None:
        """Until the ledger has it: a ledger that is away for hours must not cost a copy at every try."""
        if len(self._spooled) >= _FILES_AT_ONCE:
            self._spooled.clear()
        self._spooled[digest] = spooled

    def _duplicate(self, file: SourceFile, cut: _Cut, spooled: _Spooled, original: int) -> None:
        """The same drop again is one that a crashed intake left claimed; else it is a second delivery, whatever its
        name. Our copy goes, unless it is the very one that the ledger names (its answer was lost).
        """
        first = self.store.file(original)
        if first is None or first.spool != spooled.file.spool:
            self.spool.remove(spooled.file.spool)
        if first is not None and first.claim == file.claim.id and file.may_be_left_over:
            file.finish()
        else:
            self._refuse(file, "REF-001", size=cut.size, digest=cut.digest, original=original)

    def _refuse(
        self,
        file: SourceFile,
        code: str,
        *,
        size: int | None = None,
        digest: bytes | None = None,
        original: int | None = None,
        **facts: Field,
    ) -> None:
        """The ledger notes it first: a crash in between says it once, under the same claim."""
        self.store.add_refusal(
            Refusal(
                lane=self.route.name,
                name=file.name,
                code=code,
                at=self.clock.now(),
                claim=file.claim.id,
                size=size,
                digest=digest,
                original=original,
            )
        )
        file.quarantine(code)
        self.events.emit("file.refused", lane=self.route.name, file=file.name, code=code, original=original, **facts)


def fault_facts(fault: Fault) -> str:
    """Where, and the numbers that differ; a fault holds no value of a record."""
    place = str(fault.at(file=None).place)
    return ", ".join(filter(None, (place, *(f"{name}={value}" for name, value in fault.facts.items()))))


def _new_batch(seq: int, part: Slice, offset: int, length: int, *, urgent: bool) -> NewBatch:
    return NewBatch(
        seq=seq,
        first_record=part.first_record,
        records=part.records,
        offset=part.offset,
        spool_offset=offset,
        spool_length=length,
        urgent=urgent,
    )


def _pass_over(hashed: _Hashed, until: int) -> None:
    """Read on to this offset of the file, or to its end."""
    while hashed.size < until and hashed.read(min(_CHUNK, until - hashed.size)):
        pass
