"""What is said to the server about a batch: the request, the poll for its result, the status question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from kakehashi.config.model import Route
from kakehashi.domain.batch import content_id
from kakehashi.domain.interface import Answer, BatchStamp, Function, Header
from kakehashi.errors import Fault
from kakehashi.interface.header import request_header
from kakehashi.interface.inquiry import InquiryAnswer, inquiries, inquiry_result_request, parse_inquiry_result
from kakehashi.interface.inventory import InventoryPage, inventory_request, parse_inventory
from kakehashi.interface.profile import Profile
from kakehashi.interface.replica import ReplicaRecord, replica_registration, result_request
from kakehashi.interface.system import status_request
from kakehashi.pipeline.asking import Asking
from kakehashi.pipeline.endpoint import Endpoint
from kakehashi.pipeline.permission import unpermitted
from kakehashi.pipeline.translation import Draft, Request
from kakehashi.ports.clock import Clock
from kakehashi.ports.inquiries import CANCEL_MESSAGE
from kakehashi.ports.ledger import BatchRow
from kakehashi.validation.schema import ParsedCheck, SchemaSet

__all__ = ["Conversation", "Reply"]

_CHANGES, _DELETES, _INVENTORY, _INQUIRIES = "DBM-201", "DBM-203", "DBM-207", "SKI-301"
_POLLS = {Function.DBM: "DBM-205", Function.SKI: "SKI-303"}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that was checked against its schema, and what it carries: SKI-304 answers, DBM-208 replicas."""

    answer: Answer
    inquiry_answers: tuple[InquiryAnswer, ...] = ()
    inventory: InventoryPage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Speaks about batches of one route. Thread-safe."""

    route: Route
    profile: Profile
    schemas: SchemaSet
    endpoint: Endpoint
    clock: Clock
    sender: str
    test: bool

    def on(self, version: str | None) -> Conversation | None:
        """The same about batches that began with another version of the route; None where it has that no more."""
        try:
            route = self.route.on(version)
        except LookupError:
            return None
        return self if route is self.route else replace(self, route=route)

    @property
    def poll_message(self) -> str:
        return _POLLS[self.route.function]

    @property
    def cancel_message(self) -> str:
        return CANCEL_MESSAGE

    @property
    def status_message(self) -> str:
        return "SYM-911"

    def idempotent(self, message_id: str) -> bool:
        """Whether the server honours the request id of this message."""
        return self.profile.messages[message_id].idempotent

    @property
    def refusal(self) -> Callable[[Draft], Fault | None] | None:
        """Why a record must not be sent at all: an inquiry without permission. None: nothing is asked of a record."""
        if self.route.function is not Function.SKI:
            return None
        return lambda draft: unpermitted(self.profile.permissions, draft.mapped.content)

    def request(self, row: BatchRow, total: int, drafts: Sequence[Draft]) -> Request:
        """The message that carries the drafts; the same drafts give the same bytes but for created_at."""
        message_id = self._message_for(drafts)
        document = self.profile.form.write(self._document(message_id, row, total, drafts))
        return Request(message_id, document, self.schemas.message(message_id), self.profile.caps.bytes_per_send)

    def _message_for(self, drafts: Sequence[Draft]) -> str:
        """Deletions alone are DBM-203; among changes they travel in DBM-201."""
        if self.route.function is Function.SKI:
            return _INQUIRIES
        return _DELETES if all(draft.mapped.operation == "delete" for draft in drafts) else _CHANGES

    def _document(self, message_id: str, row: BatchRow, total: int, drafts: Sequence[Draft]) -> bytes:
        stamp = BatchStamp(
            id=row.request_id,
            seq=row.seq,
            total=max(total, row.seq),
            record_count=len(drafts),
            sha256="",  # of the bytes as they go out
        )
        header = replace(self._header(message_id, row.request_id, row.request_id), batch=stamp)
        if message_id == _INQUIRIES:
            return inquiries(header, [draft.content for draft in drafts], [draft.person for draft in drafts])
        records = [
            ReplicaRecord(
                draft.person,
                draft.mapped.unit,
                draft.mapped.valid_from,
                draft.mapped.valid_to,
                draft.sequence,
                draft.mapped.non_disclosure,
                draft.mapped.auto_response_blocked,
                draft.mapped.operation,
                draft.content,
                draft.group,
            )
            for draft in drafts
        ]
        return replica_registration(header, self.route.standard, records)

    def send(self, row: BatchRow, message_id: str, document: bytes) -> Reply:
        """`document` as it goes out."""
        asking = self._asking
        return self._reply(message_id, lambda: asking.send(self.endpoint.client, message_id, row.request_id, document))

    def poll(self, row: BatchRow) -> Reply:
        """Ask for the result by receipt."""
        request_id = self.question_id(row, self.poll_message)
        header = self._header(self.poll_message, request_id, row.request_id)
        build = inquiry_result_request if self.route.function is Function.SKI else result_request
        return self._exchange(self.poll_message, request_id, build(header, row.receipt or ""))

    def cancel(self, row: BatchRow) -> Reply:
        """Ask for the end of what is still in process under the batch's receipt."""
        request_id = self.question_id(row, self.cancel_message)
        header = self._header(self.cancel_message, request_id, row.request_id)
        return self._exchange(self.cancel_message, request_id, inquiry_result_request(header, row.receipt or ""))

    def ask_status(self, row: BatchRow) -> Reply:
        """Ask whether the server has the request of this batch."""
        request_id = self.question_id(row, self.status_message)
        header = self._header(self.status_message, request_id, row.request_id)
        return self._exchange(self.status_message, request_id, status_request(header, row.request_id))

    def inventory(self, after: str) -> Reply:
        """Which replicas of the route's information the server has, of the persons behind `after`."""
        info_name = self.route.standard.info_name
        request_id = content_id(_INVENTORY, info_name, after, self.clock.now().isoformat())
        header = self._header(_INVENTORY, request_id, request_id)
        return self._exchange(_INVENTORY, request_id, inventory_request(header, info_name, after))

    def question_id(self, row: BatchRow, message_id: str) -> str:
        """The request id of a poll or status query in the batch's turn."""
        return content_id(row.request_id, message_id, row.turn)

    def _header(self, message_id: str, request_id: str, correlation_id: str) -> Header:
        return request_header(
            self.profile,
            message_id,
            request_id,
            sender=self.sender,
            test=self.test,
            now=self.clock.now(),
            correlation_id=correlation_id,
            layout_version=self.route.standard.version,
        )

    @property
    def _asking(self) -> Asking:
        return Asking(profile=self.profile, schemas=self.schemas)

    def _exchange(self, message_id: str, request_id: str, document: bytes) -> Reply:
        asking = self._asking
        return self._reply(message_id, lambda: asking.exchange(self.endpoint.client, message_id, request_id, document))

    def _reply(self, message_id: str, asked: Callable[[], tuple[Answer, ParsedCheck]]) -> Reply:
        """Raises ServerError; an answer that is not what was asked for leaves the outcome unknown."""
        return self.endpoint.exchange(self.route.name, lambda: _read(message_id, *asked()))


def _read(message_id: str, answer: Answer, check: ParsedCheck) -> Reply:
    if check.root is None:
        return Reply(answer)
    inquiry_answers = tuple(parse_inquiry_result(check.root)) if message_id == _POLLS[Function.SKI] else ()
    inventory = parse_inventory(check.root) if message_id == _INVENTORY else None
    return Reply(answer, inquiry_answers, inventory)
