"""Random histories on the memory store and on SQLite: every answer is the same, and the sums always hold."""

import shutil
import tempfile
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from kakehashi.domain.batch import BatchState, RecordState
from kakehashi.domain.character import CharacterTrouble
from kakehashi.domain.redrive import OrderAction
from kakehashi.errors import DuplicateContent, StoreError
from kakehashi.ports.ledger import Exchange, NewPart
from kakehashi.ports.redrive import Correction, NewOrder
from kakehashi.ports.sealer import Sealed
from kakehashi.testing.memory_store import MemoryStore
from kakehashi.testing.store_samples import NOW, change, new_batches, new_character, new_exception, new_file
from kakehashi_adapters.sql_store import migrate, open_store

LANES = ("tax", "welfare")
IDS = {"id", "file_id", "batch_id", "redrive_of", "part_of", "exception_id", "example"}
_FOLDER = tempfile.TemporaryDirectory(prefix="kakehashi-template-")
_TEMPLATE = Path(_FOLDER.name) / "ledger.db"

smaller = st.integers(0, 3)
chosen = st.integers(0, 40)
dues = st.integers(0, 20) | st.integers(110, 300)
receipts = st.sampled_from([None, None, "receipt"])
codes = st.sampled_from(["6001", "SRV-015"])
some_lanes = st.lists(st.sampled_from([*LANES, "removed"]), max_size=3)
open_states = st.sampled_from([RecordState.REFUSED, RecordState.WAITING, RecordState.PARKED])


met = st.lists(st.tuples(st.integers(1, 4), st.sampled_from(CharacterTrouble), st.sampled_from("ABC")), max_size=3)


def characters(row, found):
    """Of records that the batch has; counted from its first one."""
    first, size = (row.first_record, max(row.records, 1)) if row else (1, 1)
    return [new_character(first + (at - 1) % size, source, trouble=trouble) for at, trouble, source in found]


def plain(value):
    """An answer with the memory store's ids brought to those of a database, whose kinds of ids each begin with 1."""
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if is_dataclass(value):
        given = {field.name: getattr(value, field.name) for field in fields(value)}
        ids = {name: given[name] % 1_000_000 for name in IDS & given.keys() if given[name] is not None}
        if len(given.get("request_id") or "") == 32:  # made of an order and an exception's id
            ids["request_id"] = "of an order"
        return replace(value, **ids)
    return value


class Histories(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        if not _TEMPLATE.exists():
            migrate(f"sqlite:///{_TEMPLATE}")
        self.folder = Path(tempfile.mkdtemp(prefix="kakehashi-history-"))
        shutil.copy(_TEMPLATE, self.folder / "ledger.db")
        self.memory, self.sql = MemoryStore(), open_store(f"sqlite:///{self.folder}/ledger.db")
        self.files = self.batches = self.requests = 0
        self.minutes = 0

    def teardown(self):
        self.sql.close()
        shutil.rmtree(self.folder)

    def now(self):
        self.minutes += 1
        return NOW + timedelta(minutes=self.minutes)

    def both(self, ask):
        """Ask both stores the same; `base` makes ids of a kind for the store at hand. The answers must agree."""
        answers = []
        for store, step in ((self.memory, 1_000_000), (self.sql, 0)):
            try:
                answers.append(plain(ask(store, step)))
            except (StoreError, ValueError) as error:
                original = error.original if isinstance(error, DuplicateContent) else None
                answers.append((type(error), getattr(error, "fault", None), original))
        assert answers[0] == answers[1]
        return answers[1]

    def new_request(self):
        self.requests += 1
        return f"request-{self.requests}"

    def turn_of(self, batch, off):
        row = self.sql.batch(batch)
        return (row.turn if row else 0) + (1 if off == 0 else 0)

    def pick(self, number):
        return number % (self.batches + 1) + (1 if self.batches else 0) if number else self.batches

    @rule(lane=st.sampled_from(LANES), sizes=st.lists(st.integers(1, 4), max_size=4), held=st.booleans(), again=smaller)
    def a_file(self, lane, sizes, held, again):
        content = f"content-{max(0, self.files - again)}" if again else f"content-{self.files}"
        self.files += 1
        file = new_file(f"{self.files}.dat", records=sum(sizes), lane=lane, held="DEC-010" if held else None)
        file = replace(file, digest=content.encode(), received_at=self.now())
        requests = [self.new_request() for _ in sizes]
        answer = self.both(lambda store, _: store.add_file(file, new_batches(sizes), request_ids=requests))
        if not isinstance(answer, tuple):
            self.batches += len(sizes)

    @rule(
        most=st.integers(0, 6),
        later=st.integers(-30, 30) | st.integers(-300, -100),
        lost=st.booleans(),
        lanes=some_lanes,
    )
    def publish(self, most, later, lost, lanes):
        now = self.now() + timedelta(minutes=later)
        rows = self.both(lambda store, _: store.publishable(lost=lost, lanes=lanes, most=most, now=now))
        self.both(lambda store, _: store.in_work(lanes))
        turns = {row.id: row.turn for row in rows}
        due = now + timedelta(minutes=5)
        self.both(
            lambda store, step: store.mark_published({number + step: turn for number, turn in turns.items()}, due=due)
        )

    @rule(number=chosen, off=st.integers(0, 9), cut=st.integers(1, 3), short=st.integers(0, 9), code=codes)
    def split(self, number, off, cut, short, code):
        batch, now = self.pick(number), self.now()
        row, turn = self.sql.batch(batch), self.turn_of(batch, off)
        excepted = len(self.sql.exceptions_of(batch))
        sizes = [cut, (row.records if row else 3) - excepted - cut - (short == 0)]
        body = Sealed("k", b"body")
        parts = [
            NewPart(first_record=1, records=size, offset=1, request_id=self.new_request(), body=body) for size in sizes
        ]
        answer = Exchange(message_id="DBM-201", request_id=None, sent_at=now, segment=9, code=code)
        done = self.both(
            lambda store, step: store.split(batch + step, turn=turn, parts=parts, code=code, now=now, exchange=answer)
        )
        if done is True:
            self.batches += len(parts)

    @rule(
        number=chosen,
        off=st.integers(0, 9),
        refused=st.dictionaries(st.integers(1, 4), open_states, max_size=2),
        people=st.lists(st.tuples(st.integers(1, 3), st.integers(1, 9)), max_size=4),
        met=met,
    )
    def attempt(self, number, off, refused, people, met):
        batch, now = self.pick(number), self.now()
        turn = self.turn_of(batch, off)
        row = self.sql.batch(batch)
        changes = [change(str(person), sequence) for person, sequence in people]
        replicas = dict(enumerate(changes, start=row.first_record if row else 1))
        exceptions = self.exceptions(batch, refused)
        self.both(
            lambda store, step: store.begin_attempt(
                batch + step,
                turn=turn,
                message_id="DBM-201",
                exceptions=exceptions,
                now=now,
                due=now + timedelta(minutes=9),
                replicas=replicas,
                characters=characters(row, met),
            )
        )

    def exceptions(self, batch, refused):
        """Exceptions about records that the batch has; `refused` counts them from its first one."""
        row = self.sql.batch(batch)
        if row is None:
            return []
        numbers = {
            row.first_record + (position - 1) % max(row.records, 1): state for position, state in refused.items()
        }
        judged = {number: "4003" if number % 2 else None for number in numbers}
        return [new_exception(number, state=state, server_code=judged[number]) for number, state in numbers.items()]

    @rule(number=chosen, off=st.integers(0, 9), state=st.sampled_from(BatchState), minutes=dues, receipt=receipts)
    def postpone(self, number, off, state, minutes, receipt):
        batch, now = self.pick(number), self.now()
        turn, due = self.turn_of(batch, off), now + timedelta(minutes=minutes)
        self.both(
            lambda store, step: store.postpone(
                batch + step, turn=turn, state=state, code="0001", receipt=receipt, due=due, now=now
            )
        )

    @rule(
        number=chosen,
        off=st.integers(0, 9),
        wrong=st.integers(0, 9),
        refused=st.dictionaries(st.integers(1, 4), open_states, max_size=3),
        with_result=st.booleans(),
        met=met,
    )
    def settle(self, number, off, wrong, refused, with_result, met):
        batch, now = self.pick(number), self.now()
        turn, exceptions = self.turn_of(batch, off), self.exceptions(batch, refused)
        row = self.sql.batch(batch)
        known = {old.record_no for old in self.sql.exceptions_of(batch)} | {new.record_no for new in exceptions}
        accepted = (row.records if row else 0) - len(known) + (1 if wrong == 0 else 0)
        self.both(
            lambda store, step: store.settle(
                batch + step,
                turn=turn,
                accepted=accepted,
                code="0000",
                exceptions=exceptions,
                result=Sealed("k", b"%d" % batch) if with_result else None,
                now=now,
                characters=characters(row, met),
            )
        )

    @rule(number=chosen, off=st.integers(0, 9))
    def park(self, number, off):
        batch, now = self.pick(number), self.now()
        turn = self.turn_of(batch, off)
        self.both(lambda store, step: store.park(batch + step, turn=turn, code="GEN-001", now=now))

    @rule(number=chosen, no=smaller, segment=st.sampled_from([None, 1, 9]))
    def messages(self, number, no, segment):
        batch, now, request = self.pick(number), self.now(), self.new_request()
        if self.sql.batch(batch) is not None:
            self.both(
                lambda store, step: store.record_message(
                    batch + step, message_id="DBM-205", request_id=request, now=now
                )
            )
        self.both(lambda store, step: store.record_answer(batch + step, no=no, segment=segment, code="0000", now=now))
        self.both(lambda store, _: store.find_request(request))

    @rule(numbers=st.lists(st.integers(1, 12), max_size=4), taken=st.integers(0, 9))
    def redrive(self, numbers, taken):
        now, requests = self.now(), [self.new_request() for _ in numbers]
        if taken == 0 and requests:
            requests[-1] = "request-1"
        made = self.both(
            lambda store, step: store.redrive(
                [number + 2 * step for number in numbers], request_ids=requests, reason="r", actor="a", now=now
            )
        )
        self.batches += len(made) if isinstance(made, list) else 0

    @rule(numbers=st.lists(st.integers(1, 12), max_size=3))
    def discard(self, numbers):
        now = self.now()
        self.both(
            lambda store, step: store.discard([number + 2 * step for number in numbers], reason="r", actor="a", now=now)
        )

    @rule(number=st.integers(1, 8), release=st.booleans())
    def decide_file(self, number, release):
        now = self.now()
        self.both(lambda store, _: store.decide_file(number, release=release, reason="r", actor="a", now=now))

    @rule(number=chosen, release=st.booleans())
    def decide_batch(self, number, release):
        batch, now = self.pick(number), self.now()
        self.both(lambda store, step: store.decide_batch(batch + step, release=release, reason="r", actor="a", now=now))

    @rule(
        lane=st.sampled_from(LANES),
        code=st.sampled_from([None, "VAL-001", "GEN-001"]),
        item=st.sampled_from([None, None, None, "A"]),
        action=st.sampled_from(OrderAction),
        most=st.none() | st.integers(1, 3),
    )
    def order(self, lane, code, item, action, most):
        placed = NewOrder(
            lane=lane, code=code, item=item, action=action, most=most, reason="r", actor="a", per_second=3,
            placed_at=self.now(),
        )  # fmt: skip
        self.both(lambda store, _: store.place_order(placed))

    @rule(
        number=st.integers(1, 4),
        together=st.integers(1, 3),
        most=smaller,
        waiting=smaller | st.just(9),
        back=st.integers(0, 3),
    )
    def carry_out(self, number, together, most, waiting, back):
        now = self.now() - timedelta(minutes=back)
        before = len(self.sql.orders())
        self.both(lambda store, _: store.carry_out(number, batch_records=together, most=most, waiting=waiting, now=now))
        assert len(self.sql.orders()) == before
        self.batches = sum(len(self.sql.batches(file.id)) for file in self.sql.files())

    @rule(number=st.integers(1, 4))
    def stop_order(self, number):
        now = self.now()
        self.both(lambda store, _: store.stop_order(number, reason="enough", actor="b", now=now))

    @rule(number=st.integers(1, 12))
    def correct(self, number):
        now, request = self.now(), self.new_request()
        correction = Correction(payload=Sealed("k2", b"other"), items=("A", "B"), config_hash="h")
        made = self.both(
            lambda store, step: store.correct(
                number + 2 * step, correction, request_id=request, reason="r", actor="a", now=now
            )
        )
        self.batches += made is not None
        self.both(lambda store, step: store.correction(self.batches + step))

    @rule(most=smaller, lanes=some_lanes, wrong=smaller, met=met)
    def give_back(self, most, lanes, wrong, met):
        now = self.now()
        for row in self.both(lambda store, _: store.returnable(lanes=lanes, most=most)):
            own = self.sql.batches(row.id)
            batches = len(own) + (1 if wrong == 1 else 0)
            lost = {batch.id: characters(batch, met) for batch in own}
            returned = self.both(
                lambda store, step, row=row, batches=batches, lost=lost: store.mark_returned(
                    row.id, batches=batches, now=now, characters={number + step: each for number, each in lost.items()}
                )
            )
            assert returned == (wrong != 1)

    @invariant()
    def both_tell_the_same(self):
        if not hasattr(self, "sql"):
            return
        counts = self.both(lambda store, _: store.counts())
        assert all(lane.adds_up for lane in counts)
        self.both(lambda store, _: store.files())
        self.both(lambda store, _: store.exceptions())
        self.both(lambda store, _: store.causes())
        self.both(lambda store, _: store.characters())
        self.both(lambda store, _: store.characters(lane="tax", held=True, most=3))
        self.both(lambda store, _: store.character_counts())
        self.both(lambda store, _: store.parked_batches())
        self.both(lambda store, _: store.parked_causes())
        since = NOW + timedelta(minutes=self.minutes // 2)
        self.both(lambda store, _: store.settled(since=since))
        self.both(lambda store, _: [store.flow(lane, since=since) for lane in LANES])
        self.both(lambda store, _: store.orders())
        self.both(lambda store, step: [store.retried_in(number + step) for number in range(1, self.batches + 1)])
        self.both(lambda store, step: [store.retried_as(number + 2 * step) for number in range(1, 13)])
        self.both(lambda store, _: [store.is_ordered(number) for number in range(self.files + 1)])
        self.both(lambda store, _: [store.decisions(number) for number in range(self.files + 1)])
        self.both(lambda store, _: [store.batches(number) for number in range(self.files + 1)])
        keys = [(change(str(person), 0).person, "TM99000000000001", "2026") for person in (1, 2, 3)]
        self.both(lambda store, _: sorted(store.newest_replicas(keys).items()))


Histories.TestCase.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
TestHistories = Histories.TestCase
