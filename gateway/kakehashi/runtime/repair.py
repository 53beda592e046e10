"""「修復」 What a reconciliation found goes out as a file of our own: spool, ledger, then the way of every file.

It comes into the ledger held and is released with a reason: until then nothing is sent, and a crash in between leaves a
held file that tells what it is (REF-009).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice

from kakehashi.codec.layout import Codec
from kakehashi.config.model import Route
from kakehashi.domain.batch import BatchBody, FileState
from kakehashi.errors import InputError
from kakehashi.pipeline.envelope import seal_context
from kakehashi.pipeline.spool_entry import entry_context, request_id_of, spool_name, write_entry
from kakehashi.pipeline.withdrawal import withdrawal_of
from kakehashi.ports.clock import Clock
from kakehashi.ports.files import Spool, SpoolWriter
from kakehashi.ports.ledger import FileRow, NewBatch, NewFile
from kakehashi.ports.sealer import Sealer
from kakehashi.ports.store import Store
from kakehashi.ports.store_rules import OPEN

__all__ = ["Repair"]

_HELD = "REF-009"
_MOST = 1_000_000
_NAMED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """Of one route, by an extract that was taken at `taken`."""

    route: Route
    spool: Spool
    store: Store
    sealer: Sealer
    clock: Clock
    config_hash: str
    taken: datetime

    def is_newer(self, sequence: int) -> bool:
        """Whether the change came after the extract was taken. One of a file that the ledger does not know did not."""
        origin = self.store.origin_of(sequence)
        if origin is None:
            return False
        file, _ = origin
        return (file.as_of or file.received_at) > self.taken

    def check_lane(self, *, but: Collection[int] = ()) -> None:
        """Raise InputError(REF-010) while something that came after the extract may still be sent. `but`: these not."""
        files = self.store.files(lane=self.route.name, most=_MOST)
        newer = {file.id: file.state for file in files if file.received_at > self.taken and file.id not in but}
        waiting = {number for number, state in newer.items() if state in (FileState.WORKING, FileState.HELD)}
        if newer:
            rows = self.store.exceptions(lane=self.route.name, states=OPEN, most=_MOST)
            waiting |= {row.file_id for row in rows if row.file_id in newer}
        if waiting:
            named = " ".join(f"F{number}" for number in sorted(waiting)[:_NAMED])
            raise InputError("REF-010", lane=self.route.name, files=named, number=len(waiting))

    def again(self, name: str, bodies: Iterable[BatchBody]) -> FileRow:
        """A held file of these records, in their order."""
        return self._hold(name, "repair", _together(self.route, bodies))

    def withdraw(self, name: str, keys: Iterable[tuple[str, str]], *, once: bytes | None = None) -> FileRow:
        """A held file that deletes the replicas of these keys. `once`: what they are to be withdrawn for, once; then it
        overtakes what is not urgent, and who comes second gets DuplicateContent.
        """
        today, left = self.clock.now().date(), iter(keys)
        portions = iter(lambda: list(islice(left, self.route.batch_records)), [])
        return self._hold(
            name, "withdrawal", ((withdrawal_of(each, since=today), len(each)) for each in portions), once
        )

    def release(self, files: Sequence[FileRow], *, reason: str, actor: str) -> None:
        """Raises InputError(REF-010) when something came in meanwhile: then they stay held."""
        self.check_lane(but={file.id for file in files})
        for file in files:
            self.store.decide_file(file.id, release=True, reason=reason, actor=actor, now=self.clock.now())

    def _hold(self, name: str, what: str, parts: Iterable[tuple[BatchBody, int]], once: bytes | None = None) -> FileRow:
        file_id = self.store.next_file_id()
        stem, dot, suffix = name.rpartition(".")
        digest = once or hashlib.sha256(f"{what}/{self.route.name}/{file_id}".encode()).digest()
        spool = spool_name(file_id, secrets.token_bytes(8))
        writer = self.spool.create(spool)
        try:
            batches, size = self._write(writer, digest, parts, urgent=once is not None)
            now, records = self.clock.now(), sum(batch.records for batch in batches)
            file = NewFile(
                id=file_id,
                lane=self.route.name,
                name=f"{stem}-{what}{file_id}{dot}{suffix}" if dot else f"{name}-{what}{file_id}",
                digest=digest,
                size=size,
                records=records,
                config_hash=self.config_hash,
                received_at=now,
                before_first=self.store.next_sequences(records + 1, at=now),
                spool=spool,
                held=_HELD,
            )
            writer.append(self.sealer.seal(write_entry(file, batches), context=entry_context(spool)))
            writer.commit()
        except BaseException:
            writer.abandon()
            raise
        request_ids = [request_id_of(self.route.name, digest, batch.seq) for batch in batches]
        return self.store.add_file(file, batches, request_ids=request_ids)

    def _write(
        self, writer: SpoolWriter, digest: bytes, parts: Iterable[tuple[BatchBody, int]], *, urgent: bool
    ) -> tuple[list[NewBatch], int]:
        batches: list[NewBatch] = []
        first, at = 1, 0
        for seq, (body, records) in enumerate(parts, start=1):
            context = seal_context(self.route.name, request_id_of(self.route.name, digest, seq))
            offset, length = writer.append(self.sealer.seal(body.to_bytes(), context=context))
            batches.append(
                NewBatch(
                    seq=seq,
                    first_record=first,
                    records=records,
                    offset=at,
                    spool_offset=offset,
                    spool_length=length,
                    urgent=urgent,
                )
            )
            first, at = first + records, at + len(body.data)
        return batches, at


def _together(route: Route, bodies: Iterable[BatchBody]) -> Iterator[tuple[BatchBody, int]]:
    """Neighbours under one header as one batch, where they read together as they do alone; and how many they are."""
    codec = route.codec
    for header, group in groupby(bodies, key=lambda body: body.header):
        for run in _runs(route, group):
            joined = BatchBody(header, b"".join(body.data for body in run))
            if _rows(codec, joined) == [row for body in run for row in _rows(codec, body)]:
                yield joined, len(run)
            else:
                yield from ((body, 1) for body in run)


def _runs(route: Route, bodies: Iterable[BatchBody]) -> Iterator[list[BatchBody]]:
    """As many as a batch holds; of a household all."""
    run: list[BatchBody] = []
    last: object = None
    for body in bodies:
        here = _parent(route, body)
        if len(run) >= route.batch_records and (here is None or here != last):
            yield run
            run = []
        run.append(body)
        last = here
    if run:
        yield run


def _parent(route: Route, body: BatchBody) -> object:
    """The values of the household that the record belongs to; None: of none."""
    if route.household is None:
        return None
    row = route.codec.decode(body, file="", first_record=1, offset=0).rows[0]
    return None if row is None else row[route.household.group]


def _rows(codec: Codec, body: BatchBody) -> list[object]:
    return list(codec.decode(body, file="", first_record=1, offset=0).rows)
