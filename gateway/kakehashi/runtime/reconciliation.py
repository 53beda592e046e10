"""「副本突合」 Reads the three sides of a reconciliation in the order of their keys.

The originals come in the order of the owner's file: they are sorted in portions on the disk of the spool, in files
without a name.
"""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO, BinaryIO

from kakehashi.codec.layout import Slice, Split
from kakehashi.config.model import Route
from kakehashi.domain.batch import BatchBody
from kakehashi.domain.interface import ResultClass
from kakehashi.errors import Fault, ServerError
from kakehashi.interface.profile import Profile
from kakehashi.pipeline.conversation import Conversation
from kakehashi.pipeline.reconciling import Original, Standing
from kakehashi.pipeline.translation import Draft, Subject, draft
from kakehashi.ports.links import LinkReader
from kakehashi.ports.store import Store

__all__ = ["Originals", "accepted", "at_server"]

_AT_ONCE = 100_000
"""Originals that are sorted in memory."""
_DELETED = b"-"


@dataclass(slots=True)
class Originals:
    """A full extract, read once. `faults`: records that could not be compared; `records`: how many there are.

    Of several records of one key the last one counts; one that deletes its key leaves no original.
    """

    route: Route
    links: LinkReader
    folder: Path
    faults: list[Fault] = field(default_factory=list)
    records: int = 0
    held: bool = False
    _split: Split | None = None
    _parts: list[IO[bytes]] = field(default_factory=list)

    def read(self, stream: BinaryIO, name: str) -> None:
        """A fault of the file as a whole holds it, as it would in the gateway: then nothing of it is compared."""
        self._split = split = self.route.codec.split(stream, batch_records=self.route.batch_records, file=name)
        self.records, self.held = split.records, bool(split.faults)
        self.faults.extend(split.faults)
        lines: list[bytes] = []
        for part in () if self.held else split.slices:
            subject = Subject(file=name, before_first=0, first_record=part.first_record, offset=part.offset)
            lines += self._lines(_body_of(stream, split, part), subject)
            if len(lines) >= _AT_ONCE:
                self._put_down(lines)
        self._put_down(lines)

    def bodies(self, stream: BinaryIO, wanted: Container[int]) -> Iterator[BatchBody]:
        """The records of these numbers, each alone, in the order of the same file."""
        assert self._split is not None
        for part in self._split.slices:
            numbers = range(part.first_record, part.first_record + part.records)
            if not any(number in wanted for number in numbers):
                continue
            body = _body_of(stream, self._split, part)
            decoded = self.route.codec.decode(body, file="", first_record=part.first_record, offset=part.offset)
            yield from (decoded.raw(at) for at, number in enumerate(decoded.numbers) if number in wanted)

    def households(self, stream: BinaryIO) -> Iterator[list[int]]:
        """The records of each household, of the same file."""
        assert self._split is not None
        for part in self._split.slices if self.route.household else ():
            body = _body_of(stream, self._split, part)
            decoded = self.route.codec.decode(body, file="", first_record=part.first_record, offset=part.offset)
            found: dict[int, list[int]] = {}
            for number, first in zip(decoded.numbers, decoded.groups, strict=True):
                found.setdefault(first, []).append(number)
            yield from found.values()

    def _lines(self, body: BatchBody, subject: Subject) -> Iterator[bytes]:
        """Key, record and digest of each original: in the order of the bytes they are in the order of the keys."""
        drafts, refusals = draft(self.route, body, subject, links=self.links)
        self.faults.extend(refusals.all)
        older: dict[int, list[bytes]] = {}
        for route in self.route.older():
            for each in draft(route, body, subject, links=self.links)[0]:
                older.setdefault(each.position, []).append(_digest(each))
        for each in drafts:
            digests = b",".join([_digest(each), *older.get(each.position, ())])
            yield b"%s\t%s\t%012d\t%s\n" % (each.person.encode(), each.mapped.unit.encode(), each.sequence, digests)

    def _put_down(self, lines: list[bytes]) -> None:
        part = tempfile.TemporaryFile(dir=self.folder)  # noqa: SIM115  # lives until `close`
        part.writelines(sorted(lines))
        self._parts.append(part)
        lines.clear()

    def __iter__(self) -> Iterator[Original]:
        for part in self._parts:
            part.seek(0)
        last: list[bytes] = []
        for line in heapq.merge(*self._parts):
            fields = line.rstrip(b"\n").split(b"\t")
            if last and fields[:2] != last[:2]:
                yield from _original(last)
            last = fields
        if last:
            yield from _original(last)

    def close(self) -> None:
        for part in self._parts:
            part.close()


def _body_of(stream: BinaryIO, split: Split, part: Slice) -> BatchBody:
    stream.seek(part.offset)
    return BatchBody(split.header_of(part), stream.read(part.length))


def _original(fields: list[bytes]) -> Iterator[Original]:
    person, unit, record, digests = fields
    if digests.startswith(_DELETED):
        return
    digest, *older = (bytes.fromhex(each.decode()) for each in digests.split(b",") if each != _DELETED)
    yield Original(person.decode(), unit.decode(), digest, int(record), tuple(older))


def _digest(each: Draft) -> bytes:
    return _DELETED if each.mapped.operation == "delete" else sha256(each.content).hexdigest().encode()


def accepted(store: Store, info_name: str) -> Iterator[Standing]:
    """What the ledger knows as accepted."""
    return (Standing(row.person, row.unit, row.sequence, row.digest) for row in store.replicas(info_name))


def at_server(conversation: Conversation, profile: Profile) -> Iterator[Standing]:
    """What the server has, page by page. Raises ServerError, also where the server refuses to say (SRV-006)."""
    after, more = "", True
    while more:
        reply = conversation.inventory(after)
        if reply.inventory is None or profile.classify(reply.answer.code) is not ResultClass.DONE:
            raise ServerError("SRV-006", server_code=reply.answer.code)
        replicas, more = sorted(reply.inventory.replicas), reply.inventory.more
        if more and (not replicas or replicas[-1][0] <= after):
            raise ServerError("SRV-007")  # a page that does not go on would be asked for again and again
        yield from (Standing(*replica) for replica in replicas)
        after = replicas[-1][0] if more else after
