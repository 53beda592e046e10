"""What a batch leaves in the store: exceptions with their sealed bytes, replica state, inquiry results."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from threading import Lock

from kakehashi.codec.layout import Decoded
from kakehashi.config.model import Route
from kakehashi.domain.batch import RecordState
from kakehashi.domain.interface import Answer, Function, RecordError
from kakehashi.domain.outcome import Rejected, Waiting, WaitingFor
from kakehashi.errors import Fault
from kakehashi.interface.inquiry import InquiryAnswer
from kakehashi.pipeline.conversation import Reply
from kakehashi.pipeline.household import with_the_stale
from kakehashi.pipeline.inquiring import asked_already
from kakehashi.pipeline.inquiry_result import counted, in_process, unanswered, write_answers
from kakehashi.pipeline.met_characters import MetCharacters
from kakehashi.pipeline.settling import Settling
from kakehashi.pipeline.translation import Subject, Translation, replica_change
from kakehashi.ports.clock import Clock
from kakehashi.ports.inquiries import NO_OUTCOMES, Outcomes
from kakehashi.ports.ledger import BatchRow, Exchange, FileRow, NewCharacter, NewException, ReplicaChange
from kakehashi.ports.sealer import Sealed, Sealer
from kakehashi.ports.store import Store

__all__ = ["Ledger", "correction_context", "record_context", "result_context"]


_REMEMBERED = 512
_WAIT_FOR_A_PERSON = frozenset({"IDN-007", "REF-013"})


def _state(fault: Fault) -> RecordState:
    if fault.code == "HSH-001":
        return RecordState.WAITING
    return RecordState.PARKED if fault.code in _WAIT_FOR_A_PERSON else RecordState.REFUSED


def record_context(row: BatchRow, record_no: int) -> str:
    """What the sealed bytes of one record are bound to."""
    return f"record/{row.lane}/{row.request_id}/{record_no}"


def correction_context(lane: str, request_id: str) -> str:
    """What the sealed bytes of a corrected record are bound to: it goes out under this request id alone."""
    return f"correction/{lane}/{request_id}"


def result_context(row: BatchRow) -> str:
    """What the sealed answers of an inquiry batch are bound to."""
    return f"result/{row.lane}/{row.request_id}"


class Ledger:
    """Writes about the batches of one lane. Thread-safe."""

    def __init__(self, route: Route, *, store: Store, sealer: Sealer, clock: Clock, settling: Settling) -> None:
        self._route = route
        self._store = store
        self._sealer = sealer
        self._clock = clock
        self._settling = settling
        self.met = MetCharacters(route.codec)
        self._files: OrderedDict[int, FileRow] = OrderedDict()
        self._lock = Lock()

    def file_name(self, row: BatchRow) -> str:
        return self._file(row).name

    def subject(self, row: BatchRow) -> Subject:
        """The batch as it is translated."""
        return Subject(
            file=self.file_name(row),
            before_first=self.before_first(row),
            first_record=row.first_record,
            offset=row.offset,
            exclude=self.refused_before(row),
            groups=self._households(row),
            grouped=self._settling.profile.groups_honoured,
        )

    def _households(self, row: BatchRow) -> Mapping[int, int]:
        """Of records that are sent again: number → the first of its household. Keys that are withdrawn have none."""
        if self._route.household is None or row.redrive_of is None:
            return {}
        known = self._store.households_in(row.id)
        return {number: known.get(number, number) for number in self._numbers(row)} if known else {}

    def before_first(self, row: BatchRow) -> int:
        """What its records' numbers are added to for their sequences."""
        return self._file(row).before_first

    def total(self, row: BatchRow) -> int:
        return self._file(row).batches

    def refused_before(self, row: BatchRow) -> Collection[int]:
        """Positions that an earlier attempt has refused: they stay refused until somebody retries them, also when the
        batch was parked and released meanwhile.
        """
        if not row.turn:
            return ()
        refused = self._store.exceptions_of(row.id)
        if not refused:
            return ()
        positions = {number: position for position, number in enumerate(self._numbers(row))}
        return {positions[exception.record_no] for exception in refused}

    def _numbers(self, row: BatchRow) -> Sequence[int]:
        """The numbers of the batch's records, by position."""
        if row.redrive_of is None or row.records == 1:
            return range(row.first_record, row.first_record + row.records)
        return [exception.record_no for exception in self._store.retried_in(row.id)]

    def sent_as(self, row: BatchRow) -> str:
        """The message under which the batch's records were sent last."""
        attempts = self._store.attempts(row.id)
        return next(attempt.message_id for attempt in reversed(attempts) if attempt.request_id == row.request_id)

    def refusals(self, row: BatchRow, translation: Translation) -> list[NewException]:
        """The records that were refused before sending."""
        return [
            self._exception(row, translation.decoded, position, fault, _state(fault))
            for position, fault in sorted(translation.refused.items())
        ]

    def undecoded(self, row: BatchRow, decoded: Decoded, faults: Mapping[int | None, Fault]) -> list[NewException]:
        """Exceptions for faults by record number."""
        return [
            self._exception(row, decoded, position, faults[number], _state(faults[number]))
            for position, number in enumerate(decoded.numbers)
            if number in faults
        ]

    def cancelled(self, row: BatchRow, decoded: Decoded) -> bool:
        """Settle what was cancelled before it was sent."""
        faults: dict[int | None, Fault] = dict.fromkeys(decoded.numbers, Fault("REF-017"))
        return self.settle(row, accepted=0, exceptions=self.undecoded(row, decoded, faults))

    def rejected(self, row: BatchRow, translation: Translation, answer: Answer, fault: Fault) -> list[NewException]:
        """A message refused as a whole: the records that the server names are judged, the others wait for an operator
        (they were never judged).
        """
        errors = self._by_number(answer.errors)
        exceptions = []
        for number, position in enumerate(self.sent(row), start=1):
            error = errors.get(number)
            exceptions.append(
                self._judged(row, translation, position, error.code, error.item)
                if error
                else self._exception(
                    row, translation.decoded, position, fault, RecordState.PARKED, server_code=answer.code
                )
            )
        return with_the_stale(exceptions)

    def announced(self, translation: Translation) -> dict[int, ReplicaChange]:
        """By record number, what becomes replica state once it is accepted."""
        if self._route.function is not Function.DBM:
            return {}
        numbers = translation.decoded.numbers
        return {numbers[draft.position]: replica_change(self._route, draft) for draft in translation.drafts}

    def conclude(
        self, row: BatchRow, reply: Reply, exchange: Exchange, *, translate: Callable[[], Translation]
    ) -> bool | Fault:
        """Settle by the server's per-record verdicts. A Fault when its counts are not ours."""
        sent, errors = self._sent_as(row), self._by_number(reply.answer.errors)
        if self._settling.expired(reply.answer.code):
            errors = {number: RecordError(number, None, reply.answer.code) for number in sent}
        elif not self._tallies(reply, errors, sent, whole=not self._looks_again(row)):
            return Fault("SRV-011", facts={"sent": len(sent), "accepted": reply.answer.accepted})
        ended = unanswered(reply.inquiry_answers, by_url=self._settling.profile.inquiries.result_url)
        errors |= {number: RecordError(number, None, how) for number, how in ended.items()}
        good = [answer for answer in reply.inquiry_answers if answer.no in sent and answer.no not in errors]
        accepted = [number for number in sent if number not in errors]
        translation = translate() if len(accepted) < len(sent) else None
        exceptions = [
            self._judged(row, translation, sent[number], error.code, error.item)
            for number, error in errors.items()
            if translation is not None and number in sent
        ]
        return self.settle(
            row,
            accepted=len(accepted),
            exceptions=with_the_stale(exceptions),
            result=self._result(row, good, sent),
            exchange=exchange,
            outcomes=counted(good),
        )

    def _sent_as(self, row: BatchRow) -> Mapping[int, int]:
        """Number in the message that asks → position. A batch that looks again has no message of its own."""
        again = asked_already(self._store, row) if self._looks_again(row) else None
        return again.numbers if again else dict(enumerate(self.sent(row), start=1))

    def _looks_again(self, row: BatchRow) -> bool:
        return self._route.function is Function.SKI and row.redrive_of is not None and not row.attempts

    def open_answers(self, row: BatchRow, reply: Reply) -> tuple[int, int]:
        """Of the batch's inquiries, how many are still in process, and of how many."""
        if self._route.function is not Function.SKI:
            return 0, 0
        sent = self._sent_as(row)
        return sum(answer.no in sent for answer in reply.inquiry_answers if in_process(answer)), len(sent)

    def sent(self, row: BatchRow) -> list[int]:
        """Positions of the records of the message: all but those that were refused before sending."""
        before = self.refused_before(row)
        return [position for position in range(row.records) if position not in before]

    def _by_number(self, errors: Sequence[RecordError]) -> dict[int, RecordError]:
        """One error a record, however many the server names: what goes back to its owner before what waits."""
        chosen: dict[int, RecordError] = {}
        for error in errors:
            known = chosen.get(error.record_no)
            if known is None or (self._waits(known) and not self._waits(error)):
                chosen[error.record_no] = error
        return chosen

    def _waits(self, error: RecordError) -> bool:
        return isinstance(self._settling.of_record(error.code), Waiting)

    def _tallies(
        self, reply: Reply, errors: Mapping[int, RecordError], sent: Mapping[int, int], *, whole: bool
    ) -> bool:
        """Whether the server speaks of exactly our records: a verdict for each, and an answer for each inquiry.

        `whole`: of all records of the message; else only some of them are looked for.
        """
        good = [number for number in sent if number not in errors]
        if whole and (reply.answer.accepted != len(good) or len(good) + len(errors) != len(sent)):
            return False
        if self._route.function is not Function.SKI:
            return True
        told = sorted(answer.no for answer in reply.inquiry_answers)
        return told == good if whole else len(set(told)) == len(told) and set(good) <= set(told)

    def settle(
        self,
        row: BatchRow,
        *,
        accepted: int,
        exceptions: Sequence[NewException],
        result: Sealed | None = None,
        exchange: Exchange | None = None,
        characters: Sequence[NewCharacter] = (),
        outcomes: Outcomes = NO_OUTCOMES,
    ) -> bool:
        """True when this call settled the batch, False when somebody else has gone on."""
        return self._store.settle(
            row.id,
            turn=row.turn,
            accepted=accepted,
            code=None,
            exceptions=exceptions,
            result=result,
            now=self._clock.now(),
            exchange=exchange,
            characters=characters,
            outcomes=outcomes,
        )

    def _result(self, row: BatchRow, answers: Sequence[InquiryAnswer], sent: Mapping[int, int]) -> Sealed | None:
        if not answers:
            return None
        numbers = self._numbers(row)
        by_record = {numbers[sent[answer.no]]: answer for answer in answers}
        return self._sealer.seal(write_answers(by_record), context=result_context(row))

    def _judged(
        self, row: BatchRow, translation: Translation, position: int, server_code: str, item: str | None
    ) -> NewException:
        outcome = self._settling.of_record(server_code)
        if isinstance(outcome, Rejected):
            fault, state = outcome.fault, RecordState.REFUSED
        else:
            fault = outcome.fault or Fault("SRV-008")
            state = RecordState.PARKED if outcome.what is WaitingFor.OPERATOR else RecordState.WAITING
        made = self._exception(row, translation.decoded, position, fault.at(item=item), state, server_code=server_code)
        if not (isinstance(outcome, Waiting) and outcome.what is WaitingFor.SYMBOL):
            return made
        return replace(made, person=next((d.person for d in translation.drafts if d.position == position), None))

    def _exception(
        self,
        row: BatchRow,
        decoded: Decoded,
        position: int,
        fault: Fault,
        state: RecordState,
        *,
        server_code: str | None = None,
    ) -> NewException:
        record_no = decoded.numbers[position]
        offset = fault.place.offset
        if offset is None or row.redrive_of is not None:
            offset = decoded.offsets[position]  # what is sent again stands alone: only its first place is known
        return NewException(
            record_no=record_no,
            code=fault.code,
            server_code=server_code,
            item=fault.place.item,
            offset=offset,
            state=state,
            household=decoded.groups[position] if self._route.household and decoded.groups else None,
            payload=self._sealer.seal(decoded.raw(position).to_bytes(), context=record_context(row, record_no)),
        )

    def _file(self, row: BatchRow) -> FileRow:
        with self._lock:
            known = self._files.get(row.file_id)
        if known is not None:
            return known
        found = self._store.file(row.file_id)
        assert found is not None
        with self._lock:
            self._files[row.file_id] = found
            while len(self._files) > _REMEMBERED:
                self._files.popitem(last=False)
        return found
