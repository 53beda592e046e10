"""One step of one batch, from where the ledger says it stands: intent → send → record → publish → acknowledge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from kakehashi.codec.layout import Decoded
from kakehashi.config.model import Route
from kakehashi.domain.batch import BatchBody, BatchState
from kakehashi.domain.halt import NOTHING_HALTED, Halted
from kakehashi.domain.interface import Function, ResultClass
from kakehashi.domain.outcome import Accepted, Outcome, Rejected, Retryable, Unknown, Waiting, WaitingFor
from kakehashi.errors import Fault, SealError, ServerError
from kakehashi.failpoint import reached
from kakehashi.pipeline.conversation import Conversation, Reply
from kakehashi.pipeline.endpoint import Hold
from kakehashi.pipeline.envelope import WorkItem, seal_context
from kakehashi.pipeline.exchange import answered, failed, why_unknown
from kakehashi.pipeline.holding import linking_now
from kakehashi.pipeline.identify import PassedNumbers, WatchedLinks
from kakehashi.pipeline.inquiring import asked_already, runs_to_part
from kakehashi.pipeline.ledger import Ledger
from kakehashi.pipeline.linking import Registered
from kakehashi.pipeline.past import Past
from kakehashi.pipeline.reading import read_body
from kakehashi.pipeline.send_gate import SendGate
from kakehashi.pipeline.settling import Settling
from kakehashi.pipeline.splitting import parts_by_run, parts_of
from kakehashi.pipeline.step import Done, Foreign, Later, Step
from kakehashi.pipeline.translation import Translation, translate
from kakehashi.ports.broker import delay_step
from kakehashi.ports.clock import Clock
from kakehashi.ports.ledger import BatchRow, Exchange, NewPart
from kakehashi.ports.links import LinkStore
from kakehashi.ports.sealer import Sealer
from kakehashi.ports.store import Store

__all__ = ["LaneWork"]

_IN_LINE = timedelta(seconds=5)  # until a batch of links asks again whether those before it have ended
_CLOSED = frozenset({BatchState.SETTLED, BatchState.PARKED, BatchState.DISCARDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneWork:
    """Works on the batches of one lane. Thread-safe; several processes may work on one lane.

    `answered_within`: how long a send may take until its answer is in the ledger. `patience`: how long a message may
    be on its way. After that the scheduler publishes it again.
    """

    route: Route
    store: Store
    links: LinkStore
    sealer: Sealer
    clock: Clock
    conversation: Conversation
    settling: Settling
    ledger: Ledger
    registered: Registered = lambda _: None
    answered_within: timedelta = timedelta(seconds=60)
    patience: timedelta = timedelta(seconds=60)
    _gate: SendGate = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_gate", SendGate(self.route, self.store, self.clock))

    def advance(self, item: WorkItem, *, redelivered: bool) -> Step:
        """Do what the batch needs next. Raises StoreError (come back later); everything else becomes a Step."""
        row = self.store.batch(item.batch_id)
        if row is None or row.request_id != item.request_id or row.lane != self.route.name:
            return Foreign("BRK-006")
        if row.state in _CLOSED or (item.turn < row.turn and not redelivered):
            return Done("batch.found_stale", row)
        if self.route.function is Function.LINK:
            return self._opened(row, item, lambda body: self._link(row, item, body))
        conversation = self.conversation.on(row.layout_version)
        if conversation is None:
            return self._park(row, Fault("DST-001"))
        if conversation is not self.conversation:
            other = replace(self, route=conversation.route, conversation=conversation)
            return other.advance(item, redelivered=redelivered)
        endpoint = self.conversation.endpoint
        passed = endpoint.enter(row.lane, retry=self._is_retry(row))
        if isinstance(passed, Hold):
            return self._hold(row, item, passed)
        try:
            return self._opened(row, item, lambda body: self._go_on(row, item, body))
        finally:
            endpoint.leave(passed)

    def _opened(self, row: BatchRow, item: WorkItem, act: Callable[[BatchBody], Step]) -> Step:
        try:
            body = BatchBody.from_bytes(self.sealer.open(item.body, context=seal_context(row.lane, row.request_id)))
        except SealError as error:
            return self._park(row, error.fault)
        return act(body)

    def _is_retry(self, row: BatchRow) -> bool:
        """Whether the records, or the question after their fate, go out again because it failed before."""
        again = row.state is BatchState.QUEUED or (row.state is BatchState.SENT and row.code is not None)
        return again and row.attempts > 0

    def _hold(self, row: BatchRow, item: WorkItem, hold: Hold) -> Step:
        """Nothing is sent and no attempt is counted."""
        state = row.state if row.state in (BatchState.SENT, BatchState.WAITING) else BatchState.QUEUED
        step = self._later(row, item, state, hold.after, None, receipt=row.receipt, fault=Fault(hold.code))
        return replace(step, event="batch.held") if isinstance(step, Later) else step

    def _go_on(self, row: BatchRow, item: WorkItem, body: BatchBody) -> Step:
        match row.state:
            case BatchState.WAITING:
                return self._poll(row, item, body)
            case BatchState.SENT if row.attempts:
                return self._ask(row, item, body)
            case _:
                return self._instead(row, item, body) or self._send(row, item, body)

    def _send(self, row: BatchRow, item: WorkItem, body: BatchBody) -> Step:
        """Intent, then the send. A batch that is called sent but has no intent is one of a restored ledger, which may
        have sent it in a time that it has forgotten: it gets its intent, and the server is asked.
        """
        forgotten = row.state is BatchState.SENT and not row.attempts
        halted = self._gate.look()
        hold = self._gate.hold(halted, withdrawal=body.withdrawal)
        if hold is not None:
            return self._hold(row, item, hold)
        translation = self._translate(row, body, first=not row.attempts and not forgotten, halted=halted)
        most = self.settling.profile.caps.bytes_per_send
        if len(translation.document) > most and not row.attempts:
            split = self._split(row, body, None, number=-(-len(translation.document) // most))
            return split or self._park(row, Fault("VAL-005"))  # of one household
        refusals, characters = self.ledger.refusals(row, translation), self.ledger.met.of(row, translation)
        if not translation.drafts:
            moved = self.ledger.settle(row, accepted=0, exceptions=refusals, characters=characters)
            return self._settled(row, moved)
        now = self.clock.now()
        begun = self.store.begin_attempt(
            row.id,
            turn=row.turn,
            message_id=translation.message_id,
            exceptions=refusals,
            now=now,
            due=now + max(self.patience, self.answered_within),
            replicas=self.ledger.announced(translation),
            characters=characters,
            halts=halted.version,
            inquiries=self._gate.inquiries(translation),
            layout_version=self.route.standard.version,
        )
        if not begun:
            moved = self._gate.has_moved(halted)
            return self._send(row, item, body) if moved else Done("batch.found_stale", row)
        row = replace(row, turn=row.turn + 1, attempts=row.attempts + 1)
        reached("worker.intended")
        if forgotten:
            return self._ask(row, item, body)
        try:
            reply = self.conversation.send(row, translation.message_id, translation.document)
        except ServerError as error:
            exchange = failed(error, translation.message_id, None, now)
            outcome = self._past.of_error(row, error, exchange)
            return self._follow(row, item, body, outcome, exchange, fallback=BatchState.QUEUED)
        reached("worker.answered")
        exchange = answered(reply, translation.message_id, None, now)
        outcome = self._past.of_answer(row, reply, exchange)
        return self._follow(row, item, body, outcome, exchange, reply=reply, fallback=BatchState.QUEUED)

    def _instead(self, row: BatchRow, item: WorkItem, body: BatchBody) -> Step | None:
        """What is done with inquiries that are not to be asked (anew)."""
        if self.route.function is not Function.SKI or row.attempts:
            return None
        if (runs := runs_to_part(self.store, row)) and body.gathered:
            return self._in_parts(row, parts_by_run(self.sealer, row, body, runs), None, code="SRV-021")
        if asked := asked_already(self.store, row):
            return self._later(row, item, BatchState.WAITING, timedelta(0), None, receipt=asked.receipt)
        if self.store.cancel_asked(row.id) is None:
            return None
        return self._settled(row, self.ledger.cancelled(row, self._decoded(row, body)))

    def _ask(self, row: BatchRow, item: WorkItem, body: BatchBody) -> Step:
        """The outcome of a send is unknown: ask first; send again only what the server does not know and forgives."""
        sent_as, asked_at = self.ledger.sent_as(row), self.clock.now()
        question = self.conversation.status_message
        question_id = self.conversation.question_id(row, question)
        try:
            reply = self.conversation.ask_status(row)
        except ServerError as error:
            exchange = failed(error, question, question_id, asked_at)
            outcome: Outcome = self.settling.unknown(row.request_id, attempt=self._past.failures(row, exchange))
            return self._follow(row, item, body, outcome, exchange, fallback=BatchState.SENT)
        reached("worker.asked")
        exchange = answered(reply, question, question_id, asked_at)
        if not self.settling.knows_request(reply.answer):
            if self.conversation.idempotent(sent_as):
                self._write_down(row, exchange)
                return self._send(row, item, body)
            return self._park(row, Fault("SRV-003", facts={"request": row.request_id}), exchange)
        outcome = self._past.of_answer(row, reply, exchange)
        return self._follow(row, item, body, outcome, exchange, reply=reply, fallback=BatchState.SENT)

    def _question(
        self, row: BatchRow, item: WorkItem, body: BatchBody, message_id: str, ask: Callable[[BatchRow], Reply]
    ) -> tuple[Reply, Exchange] | Step:
        """The answer to a question after a batch that the server has; else what follows from there being none."""
        asked_at, question_id = self.clock.now(), self.conversation.question_id(row, message_id)
        try:
            reply = ask(row)
        except ServerError as error:
            exchange = failed(error, message_id, question_id, asked_at)
            outcome = self._past.of_error(row, error, exchange)
            return self._follow(row, item, body, outcome, exchange, fallback=BatchState.WAITING)
        return reply, answered(reply, message_id, question_id, asked_at)

    def _cancel(self, row: BatchRow, item: WorkItem, body: BatchBody) -> Step | None:
        """None: the server has answered; its results say what was cancelled and what it had answered before."""
        told = self._question(row, item, body, self.conversation.cancel_message, self.conversation.cancel)
        if not isinstance(told, tuple):
            return told
        reached("worker.cancelled")
        reply, exchange = told
        match self._past.of_answer(row, reply, exchange):
            case (Retryable() | Unknown() | Waiting(what=WaitingFor.SERVICE_HOURS)) as outcome:
                return self._follow(row, item, body, outcome, exchange, reply=reply, fallback=BatchState.WAITING)
        self._write_down(row, exchange)
        return None

    def _poll(self, row: BatchRow, item: WorkItem, body: BatchBody) -> Step:
        asked = self.route.function is Function.SKI and self.store.cancel_asked(row.id) is not None
        if asked and (step := self._cancel(row, item, body)) is not None:
            return step
        told = self._question(row, item, body, self.conversation.poll_message, self.conversation.poll)
        if not isinstance(told, tuple):
            return told
        reached("worker.polled")
        reply, exchange = told
        done = self.settling.profile.classify(reply.answer.code) is ResultClass.DONE
        if self.settling.expired(reply.answer.code) or (done and not self._waits_for_more(row, reply)):
            return self._conclude(row, body, reply, exchange)
        if not self.settling.knows_request(reply.answer):  # a receipt that the server has forgotten
            if not row.attempts:
                return self._park(row, Fault("SRV-003", facts={"request": row.request_id}), exchange)
            after = self.settling.unknown(row.request_id, attempt=self._past.failures(row, exchange)).after
            return self._later(row, item, BatchState.SENT, after, exchange, receipt=None, fault=Fault("SRV-003"))
        if self._past.is_overdue(row):
            return self._park(row, Fault("SRV-009", facts={"last": reply.answer.code}), exchange)
        outcome = self._past.of_answer(row, reply, exchange)
        if done:  # some inquiries are answered, or none of many is
            outcome = Waiting(WaitingFor.RESULT, self._past.poll_after(row, reply.answer))
        return self._follow(row, item, body, outcome, exchange, reply=reply, fallback=BatchState.WAITING)

    def _waits_for_more(self, row: BatchRow, reply: Reply) -> bool:
        """Whether inquiries of the batch are in process, for whose sake the others wait (a while) or there are none."""
        unanswered, sent = self.ledger.open_answers(row, reply)
        return unanswered == sent > 0 or (unanswered > 0 and not self.settling.partly_over(self._past.waited(row)))

    @property
    def _past(self) -> Past:
        return Past(self.store, self.settling, self.clock)

    def _follow(
        self,
        row: BatchRow,
        item: WorkItem,
        body: BatchBody,
        outcome: Outcome,
        exchange: Exchange,
        *,
        fallback: BatchState,
        reply: Reply | None = None,
    ) -> Step:
        """Write down what an outcome means for the batch. `fallback`: the state in which it is tried again."""
        match outcome:
            case Accepted():
                assert reply is not None
                return self._conclude(row, body, reply, exchange)
            case Waiting(what=WaitingFor.RESULT, after=after) if after is not None:
                receipt = (reply.answer.receipt if reply else None) or row.receipt
                state = BatchState.WAITING if receipt else BatchState.SENT  # without a receipt only the status tells
                return self._later(row, item, state, after, exchange, receipt=receipt)
            case Waiting(what=WaitingFor.SERVICE_HOURS, after=after, fault=fault) if after is not None:
                return self._later(row, item, fallback, after, exchange, receipt=row.receipt, fault=fault)
            case Waiting(fault=fault):
                return self._park(row, fault or Fault("GEN-001"), exchange)
            case Retryable(split=True) if (
                fallback is BatchState.QUEUED
                and (self.conversation.idempotent(exchange.message_id) or self._past.is_first_word(row))
                and (split := self._split(row, body, exchange, number=2)) is not None
            ):
                return split
            case Retryable(after=after, fault=fault):
                return self._later(row, item, fallback, after, exchange, receipt=row.receipt, fault=fault)
            case Unknown(after=after):
                state = fallback if fallback is BatchState.WAITING else BatchState.SENT
                fault = why_unknown(exchange)
                return self._later(row, item, state, after, exchange, receipt=row.receipt, fault=fault)
            case Rejected(fault=fault) if reply is None or fallback is not BatchState.QUEUED:
                return self._park(row, fault, exchange)  # a question was refused: that says nothing about the records
            case Rejected(fault=fault):
                exceptions = self.ledger.rejected(row, self._translate(row, body), reply.answer, fault)
                moved = self.ledger.settle(row, accepted=0, exceptions=exceptions, exchange=exchange)
                return self._settled(row, moved)

    def _split(self, row: BatchRow, body: BatchBody, exchange: Exchange | None, *, number: int) -> Step | None:
        """Larger than the server takes at once: go on in parts. None where its records cannot be parted."""
        positions, file = self.ledger.sent(row), self.ledger.file_name(row)
        groups = self._translate(row, body).decoded.groups if self.route.household else ()
        parts = parts_of(self.route.codec, self.sealer, row, body, positions, number=number, file=file, groups=groups)
        return self._in_parts(row, parts, exchange, code="SRV-015") if len(parts) > 1 else None

    def _in_parts(self, row: BatchRow, parts: Sequence[NewPart], exchange: Exchange | None, *, code: str) -> Step:
        now = self.clock.now()
        moved = self.store.split(row.id, turn=row.turn, parts=parts, code=code, now=now, exchange=exchange)
        reached("settling.split")
        return Done("batch.split" if moved else "batch.found_stale", row)

    def _conclude(self, row: BatchRow, body: BatchBody, reply: Reply, exchange: Exchange) -> Step:
        """The server has decided about every record of the message."""
        conclusion = self.ledger.conclude(row, reply, exchange, translate=lambda: self._translate(row, body))
        if isinstance(conclusion, Fault):
            return self._park(row, conclusion, exchange)
        return self._settled(row, conclusion)

    def _link(self, row: BatchRow, item: WorkItem, body: BatchBody) -> Step:
        """A registry extract: its effect is the links themselves, and earlier ones count for later ones."""
        if self.store.has_earlier(row):
            return self._later(row, item, BatchState.QUEUED, _IN_LINE, None, receipt=None)
        linking = linking_now(self.route, self.links, self.sealer, now=self.clock.now(), registered=self.registered)
        if linking is None:
            return self._later(row, item, BatchState.QUEUED, _IN_LINE, None, receipt=None, fault=Fault("IDN-013"))
        decoded = self._decoded(row, body)
        faults = {fault.place.record: fault for fault in reversed(decoded.faults)}
        rows = [(position, values) for position, values in enumerate(decoded.rows) if values is not None]
        found = linking.extract(rows, now=self.clock.now(), batch_id=row.id, numbers=decoded.numbers)
        for position, fault in found:
            faults[decoded.numbers[position]] = fault
        reached("linking.linked")
        exceptions = self.ledger.undecoded(row, decoded, faults)
        characters, accepted = self.ledger.met.unmapped(row, decoded, decoded.faults), row.records - len(exceptions)
        moved = self.ledger.settle(row, accepted=accepted, exceptions=exceptions, characters=characters)
        return self._settled(row, moved)

    def _decoded(self, row: BatchRow, body: BatchBody) -> Decoded:
        name = self.ledger.file_name(row)
        return read_body(self.route.codec, body, file=name, first_record=row.first_record, offset=row.offset)

    def _translate(
        self, row: BatchRow, body: BatchBody, *, first: bool = False, halted: Halted = NOTHING_HALTED
    ) -> Translation:
        """`first`: leave superseded changes out. A later send says what the first one said; the server may know it."""
        return translate(
            self.route,
            body,
            self.ledger.subject(row),
            links=WatchedLinks(self.links, self.sealer, self.clock) if self.settling.profile.swaps else PassedNumbers(),
            refusal=self._gate.refusal(halted, self.conversation.refusal),
            newest=self.store.newest_replicas if first and self.route.function is Function.DBM else None,
            build=lambda drafts: self.conversation.request(row, self.ledger.total(row), drafts),
        )

    def _later(
        self,
        row: BatchRow,
        item: WorkItem,
        state: BatchState,
        after: timedelta,
        exchange: Exchange | None,
        *,
        receipt: str | None,
        fault: Fault | None = None,
    ) -> Step:
        now = self.clock.now()
        code = fault.code if fault else None
        due = now + delay_step(after) + self.patience
        moved = self.store.postpone(
            row.id, turn=row.turn, state=state, code=code, receipt=receipt, due=due, now=now, exchange=exchange
        )
        if not moved:
            return Done("batch.found_stale", row)
        reached("settling.postponed")
        return Later("batch.postponed", row, replace(item, turn=row.turn + 1), after, code)

    def _park(self, row: BatchRow, fault: Fault, exchange: Exchange | None = None) -> Step:
        self.store.park(row.id, turn=row.turn, code=fault.code, now=self.clock.now(), exchange=exchange)
        reached("settling.parked")
        return Done("batch.parked", row, fault.code)

    def _settled(self, row: BatchRow, moved: bool) -> Step:  # noqa: FBT001  # the store's verdict, passed through
        reached("settling.settled")
        return Done("batch.settled" if moved else "batch.found_stale", row)

    def _write_down(self, row: BatchRow, exchange: Exchange) -> None:
        """A question whose answer moves the batch only with what is sent next."""
        message_id, request_id = exchange.message_id, exchange.request_id
        assert request_id is not None
        no = self.store.record_message(row.id, message_id=message_id, request_id=request_id, now=exchange.sent_at)
        self.store.record_answer(row.id, no=no, segment=exchange.segment, code=exchange.code, now=self.clock.now())
