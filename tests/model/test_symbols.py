"""Symbol acquisition under crash, loss, duplicate, reorder, late effect and expiry, with the real machine and ledger.

Never two acquisitions for one need, never a lost wait, no release without a link, no process number after the end.
Each broken machine of MUTANTS must be caught, or the model would be worth nothing.
"""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from tests.model.symbol_world import LIFE, Counterparties
from tests.tier import FULL

from kakehashi.domain import symbol
from kakehashi.domain.batch import RecordState
from kakehashi.domain.symbol import (
    Acknowledged,
    AcquisitionState,
    Command,
    Due,
    NumberIssued,
    Replaced,
    Resumed,
    Rules,
    Silent,
    Step,
    Told,
    Unanswered,
)
from kakehashi.pipeline import symbol_messages, symbols
from kakehashi.pipeline.symbol_needs import SymbolNeeds
from kakehashi.testing.memory_clock import MemoryClock
from kakehashi.testing.memory_links import MemoryLinkStore
from kakehashi.testing.memory_store import MemoryStore
from kakehashi.testing.store_samples import add, new_exception, settle

PERSONS = ("000000000000011", "000000000000022")
LOST = Unanswered("SRV-003", timedelta(seconds=30), arrived=True)
SILENT = Silent("SRV-002", timedelta(seconds=30))
UNSENT = Unanswered("SRV-002", timedelta(seconds=30), arrived=False)
whose, which = st.sampled_from(PERSONS), st.integers(0, 5)
fates = st.sampled_from(
    [*["answered"] * 6, "answer lost", "answer lost", "unsent", "late", "answer late", "slow", "crash"]
)
minutes = st.sampled_from([1, 10, 60, 60 * 30, 60 * 24 * 8])


class World(RuleBasedStateMachine):
    """Two workers' worth of claims in hand at a time; what they say may arrive now, later, or never."""

    again = True

    @initialize()
    def begin(self):
        self.clock = MemoryClock()
        self.store = MemoryStore()
        self.rules = Rules(
            patience=timedelta(minutes=1),
            lifetime=LIFE,
            first_look=timedelta(minutes=1),
            rarest_look=timedelta(hours=1),
            number_again=self.again,
            forward_again=self.again,
        )
        self.links = MemoryLinkStore()
        self.world = Counterparties(self.clock, self.again, self.again)
        self.needs = SymbolNeeds(store=self.store, links=self.links, clock=self.clock, rules=self.rules)
        self.engine = symbols.Acquiring(
            store=self.store, links=None, sealer=None, clock=self.clock, messages=None, rules=self.rules
        )
        self.files, self.cancelled = 0, set()
        self.in_hand, self.answers, self.on_the_way = [], [], []
        self.a_record_waits(PERSONS[0])

    # What happens
    @rule(person=whose)
    def a_record_waits(self, person):
        _, (batch,) = add(self.store, f"{self.files}.dat", sizes=(1,))
        self.files += 1
        waiting = new_exception(1, code="SYM-001", state=RecordState.WAITING, server_code="4007", person=person)
        assert settle(self.store, batch, exceptions=[waiting])

    @rule(fate=fates)
    def the_next_is_said(self, fate):
        """By a worker; when nothing is due, time passes until something is."""
        claimed = self.next_claim()
        if claimed is None or fate == "crash":
            return
        if fate == "slow":
            self.in_hand.append(claimed)
        else:
            self.say(claimed, fate)

    def next_claim(self):
        self.store.cover_waits(most=9, now=self.clock.now())
        dues = [row.what.due for row in self.store.acquisitions() if row.what.due is not None]
        if not dues:
            return None
        self.clock.advance(max(min(dues) - self.clock.now(), timedelta(0)))
        (row, *_) = self.store.due_acquisitions(most=1, now=self.clock.now())
        return self.engine.claim(row)

    def say(self, claimed, fate):
        if fate == "late":
            self.on_the_way.append(claimed)
        if fate in ("unsent", "answer lost", "late"):
            effective = claimed.command in (Command.REQUEST_NUMBER, Command.FORWARD)
            self.hear(claimed.row, (UNSENT if fate == "unsent" else LOST) if effective else SILENT)
        if fate in ("answered", "answer lost", "answer late"):
            answer = self.arrives(claimed)
            if fate == "answered":
                self.hear(claimed.row, answer)
            if fate == "answer late":
                self.answers.append((claimed.row, answer))

    def hear(self, row, event):
        self.engine.hear(row, event)
        self.note_given_up()

    @rule(at=which, fate=fates)
    def a_slow_worker_says_it(self, at, fate):
        """Its claim may be another's by now."""
        if self.in_hand:
            self.say(self.in_hand.pop(at % len(self.in_hand)), fate)

    def arrives(self, claimed):
        row, command = claimed
        if command is Command.REQUEST_NUMBER:
            return self.world.request_number(row)
        if command is Command.FORWARD:
            return self.world.forward(row)
        return self.world.status(row)

    @rule(at=which)
    def a_late_one_arrives(self, at):
        """Its answer goes nowhere."""
        if self.on_the_way:
            self.arrives(self.on_the_way.pop(at % len(self.on_the_way)))

    @rule(at=which, again=st.booleans())
    def an_answer_is_heard(self, at, again):
        """In any order, perhaps twice."""
        if self.answers:
            row, event = self.answers[at % len(self.answers)]
            if not again:
                self.answers.remove((row, event))
            self.hear(row, event)

    def everybody_dies(self):
        self.in_hand.clear()
        self.answers.clear()

    @rule(by=minutes)
    def time_passes(self, by):
        self.clock.advance(timedelta(minutes=by))

    @rule(at=which, outcome=st.sampled_from(["linked", "failed", "lost"]))
    def the_network_answers(self, at, outcome):
        names = list(self.world.numbers)
        if names:
            self.world.news(names[at % len(names)], outcome)

    @rule(refusing=st.sampled_from([False, False, True]))
    def the_registry_refuses(self, refusing):
        self.world.refusing = refusing

    @rule(person=whose, seldom=st.integers(0, 5))
    def somebody_gives_up(self, person, seldom):
        if seldom == 0 and self.needs.withdraw(person):
            self.cancelled.add(person)
            self.note_given_up()

    @rule(person=whose, seldom=st.integers(0, 8))
    def the_individual_number_changes(self, person, seldom):
        """What the registry was told is void: another acquisition goes on, whatever the first one's news may be."""
        self.clock.advance(timedelta(microseconds=1))  # of two that begin at the same time, one is a repetition
        if seldom == 0:
            for row in self.store.acquisitions(person=person):
                self.needs.move(row, Replaced("SYM-010"))
            self.note_given_up()

    @rule(person=whose)
    def an_operator_lets_it_go_on(self, person):
        """Who asks a server that forgets whether a number was issued, before."""
        for row in self.store.acquisitions(person=person, states=[AcquisitionState.OPERATOR]):
            request = symbol_messages._request_id("FGU-111", row)
            issued = any(number.request == request for number in self.world.numbers.values())
            on_the_way = any(claimed.row.id == row.id for claimed in (*self.on_the_way, *self.in_hand))
            if self.again or row.what.number is not None or not (issued or on_the_way):
                self.needs.move(row, Resumed())

    def note_given_up(self):
        ended = {AcquisitionState.FAILED, AcquisitionState.CANCELLED}
        for row in self.store.acquisitions():
            if row.what.state in ended:
                request = symbol_messages._request_id("FGU-111", row)
                for number in self.world.numbers.values():
                    number.given_up |= number.request == request

    # What always holds
    @invariant()
    def no_number_outlives_its_time(self):
        """Longer than until the next look, whether anybody answers or not."""
        margin = self.rules.rarest_look + self.rules.patience
        for row in self.store.acquisitions():
            if row.what.number is not None and (row.what.due is None or row.what.due > self.clock.now()):
                number = self.world.numbers[row.what.number.body.decode()]
                assert number.expires_at + margin >= self.clock.now(), "a dead number is kept"

    @invariant()
    def a_person_has_one_live_acquisition(self):
        live = [row.what.person for row in self.store.acquisitions() if row.what.is_live]
        assert len(live) == len(set(live))

    @invariant()
    def no_ended_acquisition_has_a_number(self):
        assert all(row.what.is_live or row.what.number is None for row in self.store.acquisitions())

    @invariant()
    def no_record_waits_unknown(self):
        for row in self.store.exceptions(states=[RecordState.WAITING]):
            assert any(row.id in waiting for waiting in self.store.waiting_for_symbol(PERSONS).values())

    @invariant()
    def nothing_is_released_without_a_link(self):
        released = self.store.exceptions(states=[RecordState.RETRIED])
        assert len(released) == 0 or self.world.linked

    def teardown(self):
        """Everybody works honestly from now on: what waits goes on, or somebody is told why it cannot."""
        if not hasattr(self, "store"):
            return
        self.world.refusing = False
        self.everybody_dies()
        while self.on_the_way:
            self.a_late_one_arrives(0)
        for _ in range(120):
            while self.one_honest_round():
                pass
            if not any(row.what.due for row in self.store.acquisitions()):
                break
            self.clock.advance(timedelta(hours=6))
            for name, number in self.world.numbers.items():
                if not number.outcome:
                    self.world.news(name, "linked")
        self.check_the_end()

    def one_honest_round(self):
        self.store.cover_waits(most=99, now=self.clock.now())
        due = self.store.due_acquisitions(most=9, now=self.clock.now())
        for row in due:
            claimed = self.engine.claim(row)
            if claimed is not None:
                self.engine.hear(claimed.row, self.arrives(claimed))
        self.note_given_up()
        return len(due)

    def check_the_end(self):
        rows = self.store.acquisitions()
        assert all(row.what.number is None for row in rows), "a process number is left"
        assert not any(row.what.due for row in rows), "it never ends"
        somebody_knows = {AcquisitionState.OPERATOR, AcquisitionState.FAILED, AcquisitionState.CANCELLED}
        newest = {row.what.person: row.what.state for row in rows}
        for exception_id, (person, _) in self.store._ledger.waits.items():
            state = self.store.exception(exception_id).state
            assert state not in (RecordState.WAITING, RecordState.PARKED) or newest[person] in somebody_knows, "lost"
        parked = self.store.exceptions(states=[RecordState.PARKED])
        assert not parked or self.cancelled
        self.store.close()


class ForgettingWorld(World):
    """Server and registry take every message for a new one."""

    again = False


EXAMPLES = 1500 if FULL else 40
STEPS = 60 if FULL else 40


def play(world, *, examples, shrink=False):
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    run_state_machine_as_test(
        world,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=None,
            phases=phases,
            derandomize=not FULL,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("world", [World, ForgettingWorld])
def test_no_second_acquisition_no_lost_wait_no_number_left(world):
    """Whatever is lost, late, repeated or killed, with forgiving and with forgetting receivers."""
    play(world, examples=EXAMPLES, shrink=True)


def changed(change):
    """A machine that does as the real one, but for what `change(at, event, step, rules, now)` makes of it."""

    def advance(at, event, *, rules, now):
        return change(at, event, symbol.advance(at, event, rules=rules, now=now), rules, now)

    return advance


def timeout_is_failure(at, event, step, rules, now):
    """Nothing came back, so a new acquisition begins."""
    if isinstance(event, Unanswered) and at.number is not None and at.state is AcquisitionState.FORWARDED:
        fresh = symbol.Acquisition.needed(at.person, origin=at.origin, now=now)
        fresh = replace(fresh, generation=at.generation + 1)
        ended = replace(at, state=AcquisitionState.EXPIRED, number=None, expires_at=None, due=None)
        return Step(ended, successor=fresh)
    return step


def acknowledged_is_linked(at, event, step, rules, now):
    if isinstance(event, Acknowledged) and at.state is AcquisitionState.FORWARDED:
        ended = replace(at, state=AcquisitionState.LINKED, number=None, expires_at=None, due=None)
        return Step(ended, Command.RELEASE)
    return step


def number_is_kept(at, event, step, rules, now):
    return step._replace(state=replace(step.state, number=step.state.number or at.number))


def expired_is_the_end(at, event, step, rules, now):
    return step._replace(successor=None)


def release_is_forgotten(at, event, step, rules, now):
    return step._replace(command=None) if step.command is Command.RELEASE else step


def number_never_dies(at, event, step, rules, now):
    if isinstance(event, NumberIssued):
        return step._replace(state=replace(step.state, expires_at=None))
    return step


def says_it_again_blindly(at, event, step, rules, now):
    """Without asking what became of it."""
    if isinstance(event, Due) and at.state is AcquisitionState.FORWARDED and step.command is Command.ASK_STATUS:
        return step._replace(command=Command.FORWARD)
    return step


def unsent_question_is_unsent_request(at, event, step, rules, now):
    """So it seems that the request never arrived."""
    if isinstance(event, Silent) and at.state is AcquisitionState.FORWARDED:
        return step._replace(state=replace(step.state, state=AcquisitionState.ISSUED))
    return step


def asks_for_a_number_again(at, event, step, rules, now):
    if isinstance(event, Due) and at.state is AcquisitionState.REQUESTED and at.due <= now:
        return Step(replace(at, due=now + rules.patience, unknown=at.unknown + 1), Command.REQUEST_NUMBER)
    return step


def gives_up_in_silence(at, event, step, rules, now):
    """A failed link is nobody's business any more."""
    if isinstance(event, Told) and step.state.state is AcquisitionState.FAILED:
        return step._replace(state=replace(step.state, state=AcquisitionState.EXPIRED))
    return step


MUTANTS = [
    (World, timeout_is_failure),
    (World, acknowledged_is_linked),
    (World, number_is_kept),
    (World, expired_is_the_end),
    (World, release_is_forgotten),
    (World, number_never_dies),
    (World, gives_up_in_silence),
    (ForgettingWorld, says_it_again_blindly),
    (ForgettingWorld, unsent_question_is_unsent_request),
    (ForgettingWorld, asks_for_a_number_again),
]


@pytest.mark.parametrize(("world", "change"), MUTANTS, ids=lambda each: getattr(each, "__name__", ""))
def test_a_broken_machine_is_caught(world, change, monkeypatch):
    """Each mutant breaks a promise that the model looks at."""
    monkeypatch.setattr(symbols, "advance", changed(change))
    with pytest.raises(AssertionError):
        play(world, examples=400)


def test_a_request_that_is_new_each_time_is_caught(monkeypatch):
    """The request id is what keeps a repeated request from being a second one."""
    real = symbol_messages._request_id
    monkeypatch.setattr(symbol_messages, "_request_id", lambda kind, row: real(f"{kind}{row.turn}", row))
    with pytest.raises(AssertionError, match="T: a second"):
        play(World, examples=400)
