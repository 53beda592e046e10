"""「試行」 The same records by what holds now and by what will hold. Nothing is sent or stored."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from kakehashi.domain.batch import BatchBody, BatchState
from kakehashi.errors import Fault
from kakehashi.pipeline.envelope import seal_context
from kakehashi.pipeline.translation import Translation
from kakehashi.ports.files import Spool
from kakehashi.ports.ledger import BatchRow
from kakehashi.ports.sealer import Sealer
from kakehashi.ports.store import Store
from kakehashi.runtime.offline import Offline, batch_row
from kakehashi.runtime.publishing import read_chunk

__all__ = ["Original", "Trial", "of_file", "recent"]


@dataclass(frozen=True, slots=True)
class Original:
    """「正本」 One batch of legacy bytes."""

    file: str
    row: BatchRow
    body: BatchBody


@dataclass(slots=True)
class Trial:
    """`now`, `then`: the lane by the two configurations. `refused`: how many records each cause refuses, by code and
    item, now and then; `changed`: records that go in both, with other content.
    """

    now: Offline
    then: Offline
    records: int = 0
    changed: int = 0
    refused_now: int = 0
    refused_then: int = 0
    newly: int = 0
    refused: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    def add(self, original: Original) -> None:
        before = self.now.translate_batch(original.row, original.body, total=1, file=original.file)
        after = self.then.translate_batch(original.row, original.body, total=1, file=original.file)
        self.records += original.row.records
        self.refused_now += len(before.refused)
        self.refused_then += len(after.refused)
        self.newly += len(after.refused.keys() - before.refused.keys())
        contents = _contents(after)
        self.changed += sum(contents.get(at, each) != each for at, each in _contents(before).items())
        for at, translation in enumerate((before, after)):
            for cause, records in Counter(map(_cause, translation.refused.values())).items():
                self.refused.setdefault(cause, [0, 0])[at] += records


def _contents(translation: Translation) -> dict[int, bytes]:
    return {draft.position: draft.content for draft in translation.drafts}


def _cause(fault: Fault) -> tuple[str, str]:
    return fault.code, fault.place.item or ""


def of_file(offline: Offline, data: bytes, *, file: str) -> tuple[list[Original], list[Fault]]:
    """The batches of a file that is not in the ledger; none, and why, where the file as a whole is held."""
    route = offline.route
    split = route.codec.split(io.BytesIO(data), batch_records=route.batch_records, file=file)
    if split.faults:
        return [], list(split.faults)
    found = []
    for seq, part in enumerate(split.slices, start=1):
        row = batch_row(route.name, seq, part.first_record, part.records, part.offset)
        found.append(
            Original(file, row, BatchBody(split.header_of(part), data[part.offset : part.offset + part.length]))
        )
    return found, []


def recent(store: Store, spool: Spool, sealer: Sealer, *, lane: str, files: int) -> Iterator[Original]:
    """What came in last, as long as it is kept, as it came in. Raises StoreError, SealError and FolderUnavailable."""
    for file in store.files(lane=lane, most=files):
        for row in store.batches(file.id):
            if row.redrive_of is not None or row.part_of is not None:
                continue  # the same records again
            sealed = read_chunk(spool, file, row)
            opened = sealer.open(sealed, context=seal_context(row.lane, row.request_id))
            yield Original(file.name, replace(row, state=BatchState.NEW), BatchBody.from_bytes(opened))
