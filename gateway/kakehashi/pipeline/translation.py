"""One batch from legacy bytes to one validated message: decode → identify → map → validate, all records at once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeAlias

from kakehashi.codec.layout import Decoded
from kakehashi.config.model import Route
from kakehashi.domain.batch import BatchBody
from kakehashi.errors import Fault
from kakehashi.mapping.compiler import Mapped
from kakehashi.pipeline.household import Households
from kakehashi.pipeline.identify import identify
from kakehashi.pipeline.reading import read_body
from kakehashi.pipeline.withdrawal import withdrawn_in
from kakehashi.ports.ledger import ReplicaChange
from kakehashi.ports.links import LinkReader
from kakehashi.validation.individual_number_scan import find_individual_number_in_document
from kakehashi.validation.schema import MessageSchema

__all__ = ["Draft", "Newest", "Refusals", "Request", "Subject", "Translation", "draft", "translate"]

Newest: TypeAlias = Callable[[Sequence[tuple[str, str, str]]], Mapping[tuple[str, str, str], int]]
"""(person, TM code, unit) → the newest accepted sequence, for those that have one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The batch in hand: whose, which part of which file. `exclude`: positions refused in an earlier attempt.

    `before_first`: as of `FileRow`. `groups`: of records that are sent again, by number, the first of their household.
    `grouped`: the server registers a household together or not at all. `alone`: a record is looked at without its own.
    """

    file: str
    before_first: int
    first_record: int
    offset: int
    exclude: Collection[int] = ()
    groups: Mapping[int, int] = field(default_factory=dict)
    grouped: bool = False
    alone: bool = False


class Draft(NamedTuple):
    """A mapped record on its way into a message: position in the batch, person key, sequence, elements.

    `content`: the elements as UTF-8. Text is encoded record by record: a single kanji makes the encoding of all that is
    joined with it ten times slower. `group`: the version of its household, if that is registered together; else 0.
    """

    position: int
    person: str
    sequence: int
    mapped: Mapped
    content: bytes
    group: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """「送信電文」 A message as it would go out, the schema that it must satisfy first, and the bytes that the server
    takes at once.
    """

    message_id: str
    document: bytes
    schema: MessageSchema
    bytes_most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """`document` holds the records of `drafts` in that order, as message `message_id`; both empty: none may be sent.

    `refused` has the first fault of every other record by position; `raw` gives back a record's legacy bytes.
    """

    message_id: str
    document: bytes
    drafts: tuple[Draft, ...]
    refused: dict[int, Fault]
    decoded: Decoded
    faults: list[Fault] = field(default_factory=list)


def translate(
    route: Route,
    body: BatchBody,
    subject: Subject,
    *,
    links: LinkReader,
    refusal: Callable[[Draft], Fault | None] | None,
    build: Callable[[Sequence[Draft]], Request],
    newest: Newest | None = None,
) -> Translation:
    """Everything between the broker and the server. Records fail one by one; their neighbours go on.

    `refusal` says why a record may not be sent although it could be (None: every one may); `newest` knows the accepted
    changes, which supersede older ones; `build` makes the message of those that may be sent: of a household that
    is not fit as a whole no record is.
    """
    drafts, refusals = draft(route, body, subject, links=links)
    households = None
    if route.household is not None and refusals.decoded.groups and not subject.alone:
        households = Households.of(route.household, drafts, refusals)
        drafts = [each for each in drafts if each.position not in refusals.first]
    drafts = _without_individual_numbers(drafts, refusals)
    if refusal is not None:
        drafts = _permitted(drafts, refusals, refusal)
    if newest is not None:
        drafts = _current(drafts, refusals, newest, route.standard.info_name)
    request, drafts = _valid_request(drafts, refusals, build, households)
    return Translation(
        message_id=request.message_id if request else "",
        document=request.document if request else b"",
        drafts=tuple(drafts),
        refused=refusals.first,
        decoded=refusals.decoded,
        faults=refusals.all,
    )


def draft(route: Route, body: BatchBody, subject: Subject, *, links: LinkReader) -> tuple[list[Draft], Refusals]:
    """From legacy bytes to mapped records of known persons; nothing is checked against the interface yet."""
    decoded = read_body(route.codec, body, file=subject.file, first_record=subject.first_record, offset=subject.offset)
    if subject.groups:
        decoded = replace(decoded, groups=[subject.groups[number] for number in decoded.numbers])
    refusals = Refusals(decoded, subject)
    before_first = subject.before_first
    if body.withdrawal:
        keys = zip(decoded.numbers, withdrawn_in(body), strict=True)
        every = [Draft(at, key.person, before_first + number, key.mapped, b"") for at, (number, key) in enumerate(keys)]
        return [each for each in every if each.position not in subject.exclude], refusals
    rows = [None if position in subject.exclude else row for position, row in enumerate(decoded.rows)]
    refusals.add_all(decoded.faults)

    person_field = route.mapper.person_field
    unified, unlinked = identify(links, route.numbers, [row[person_field] if row else None for row in rows])
    for position, fault in unlinked:
        refusals.add(position, fault)
    rows = [row if person else None for row, person in zip(rows, unified, strict=True)]

    mapped, faults = route.mapper.map(rows, numbers=decoded.numbers)
    refusals.add_all(faults)
    drafts = [
        Draft(position, person or "", before_first + number, record, record.content.encode())
        for position, (person, number, record) in enumerate(zip(unified, decoded.numbers, mapped, strict=True))
        if record is not None
    ]
    return drafts, refusals


def replica_change(route: Route, draft: Draft) -> ReplicaChange:
    return ReplicaChange(
        draft.person,
        route.standard.info_name,
        draft.mapped.unit,
        draft.sequence,
        hashlib.sha256(draft.content).digest(),
        draft.mapped.operation == "delete",
    )


class Refusals:
    """Faults gathered by position, each placed in the legacy file."""

    def __init__(self, decoded: Decoded, subject: Subject) -> None:
        self.first: dict[int, Fault] = {}
        self.all: list[Fault] = []
        self.decoded = decoded
        self.subject = subject

    def add(self, position: int, fault: Fault) -> None:
        if position in self.subject.exclude:
            return
        fault = fault.at(
            file=self.subject.file,
            record=self.decoded.numbers[position],
            offset=self.decoded.offsets[position] if fault.place.offset is None else fault.place.offset,
        )
        self.first.setdefault(position, fault)
        self.all.append(fault)

    def add_all(self, faults: Sequence[Fault]) -> None:
        for fault in faults:
            if fault.place.record is not None:
                self.add(self.decoded.numbers.index(fault.place.record), fault)


def _without_individual_numbers(drafts: list[Draft], refusals: Refusals) -> list[Draft]:
    """No 個人番号 towards the server (番号法): one search over all records, a second one only where it hits."""
    if find_individual_number_in_document(b"\0".join([draft.content for draft in drafts])) is None:
        return drafts
    clean = []
    for draft in drafts:
        if find_individual_number_in_document(draft.content) is None:
            clean.append(draft)
        else:
            refusals.add(draft.position, Fault("VAL-003"))
    return clean


def _permitted(drafts: list[Draft], refusals: Refusals, refusal: Callable[[Draft], Fault | None]) -> list[Draft]:
    permitted = []
    for draft in drafts:
        fault = refusal(draft)
        if fault is None:
            permitted.append(draft)
        else:
            refusals.add(draft.position, fault)
    return permitted


def _current(drafts: list[Draft], refusals: Refusals, newest: Newest, info_name: str) -> list[Draft]:
    """What the server has taken a newer change for is superseded, never sent (「より新しい更新が有効」)."""
    accepted = newest([(draft.person, info_name, draft.mapped.unit) for draft in drafts])
    if not accepted:
        return drafts
    current = []
    for draft in drafts:
        if accepted.get((draft.person, info_name, draft.mapped.unit), 0) < draft.sequence:
            current.append(draft)
        else:
            refusals.add(draft.position, Fault("REF-002"))
    return current


def _valid_request(
    drafts: list[Draft],
    refusals: Refusals,
    build: Callable[[Sequence[Draft]], Request],
    households: Households | None,
) -> tuple[Request | None, list[Draft]]:
    """Build, check, and build again without what failed. A fault of the message itself refuses every record."""
    while drafts := drafts if households is None else households.whole(drafts, refusals):
        request = build(drafts)
        check = request.schema.check(request.document)
        if not check.record_faults and not check.faults:
            if len(drafts) > 1 or len(request.document) <= request.bytes_most:
                return request, drafts
            refusals.add(drafts[0].position, _too_large(request))
            break
        if not check.record_faults:
            for draft in drafts:
                refusals.add(draft.position, check.faults[0])
            break
        for index, faults in check.record_faults.items():
            for fault in faults:
                refusals.add(drafts[index].position, fault)
        drafts = [draft for index, draft in enumerate(drafts) if index not in check.record_faults]
    return None, []


def _too_large(request: Request) -> Fault:
    return Fault("VAL-005", facts={"bytes": len(request.document), "most": request.bytes_most})
