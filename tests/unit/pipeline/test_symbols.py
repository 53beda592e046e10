"""Acquisition of symbols: the real engine between two simulators, on one clock."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.pipeline.symbol_office import LIFE, Office, person

from kakehashi.domain.batch import RecordState
from kakehashi.domain.link import LinkEvent
from kakehashi.domain.symbol import AcquisitionState, HandedOver, Origin, Resumed
from kakehashi.errors import OutcomeUnknown, ServerUnreachable
from kakehashi.pipeline.symbol_needs import SymbolNeeds
from kakehashi.testing.store_samples import add, new_exception, settle

HANA, STRANGER = person(1), person(10)


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path)
    yield made
    made.close()


@pytest.fixture
def needs(office):
    return SymbolNeeds(store=office.store, links=office.links, clock=office.clock, rules=office.acquiring.rules)


def need(office, who=HANA):
    office.without_symbol(who)
    assert office.store.need([who], origin=Origin.REGISTERED, now=office.clock.now()) == 1


def wait(office, who=HANA, name="a.dat"):
    """A record that the server has refused for want of a symbol."""
    _, (batch,) = add(office.store, name, sizes=(1,))
    settle(office.store, batch, exceptions=[new_exception(1, code="SYM-001", state=RecordState.WAITING, person=who)])
    return office.store.exceptions_of(batch.id)[0]


def the_only(office, who=HANA):
    (row,) = office.store.acquisitions(person=who)
    return row.what


def test_a_symbol_is_acquired_from_need_to_link(office):
    """Asked, numbered, forwarded once, acknowledged; linked after a day; the process number is gone then."""
    office.scenario.set({"delay_seconds": 86_400.0})
    need(office)
    office.work()
    acknowledged = the_only(office)
    assert (acknowledged.state, acknowledged.number is None) == (AcquisitionState.ACKNOWLEDGED, False)
    assert acknowledged.expires_at == office.clock.now() + LIFE
    assert office.said() == ["FGU-131", "FGU-111", "FGU-121"]
    office.pass_time(timedelta(hours=23))
    assert the_only(office).state is AcquisitionState.ACKNOWLEDGED
    office.pass_time(timedelta(hours=2))
    linked = the_only(office)
    assert (linked.state, linked.number, linked.expires_at, linked.due) == (AcquisitionState.LINKED, None, None, None)
    assert office.notices.totals() == {"acquisitions": 1, "told": 1, "repeated": 0}
    assert office.said().count("FGU-131") < 40  # asked ever more rarely


def test_what_was_refused_for_want_of_a_symbol_goes_on_when_it_is_linked(office):
    """A waiting record starts one acquisition, however many wait; linked, all of them go out again, once."""
    office.without_symbol(HANA)
    waiting = [wait(office), wait(office, name="b.dat")]
    office.work()
    assert the_only(office).origin is Origin.REFUSED
    assert office.store.acquisitions(person=HANA)[0].waiting == 2
    office.pass_time(timedelta(hours=3))
    assert [office.store.exception(each.id).state for each in waiting] == [RecordState.RETRIED] * 2
    assert len(office.store.publishable(lost=False, lanes=["tax"], most=9, now=office.clock.now())) == 2


def test_a_symbol_that_is_there_already_is_not_acquired(office):
    """Linked before our record waits: it goes out again at once, and no process number is asked for."""
    waiting = wait(office)
    office.work()
    assert office.states(HANA) == ["linked"]
    assert office.store.exception(waiting.id).state is RecordState.RETRIED
    assert office.said() == ["FGU-131"]


@pytest.mark.parametrize("error", [OutcomeUnknown, ServerUnreachable])
@pytest.mark.parametrize("side", ["server", "registry"])
def test_a_message_without_an_answer_is_said_again_with_the_same_number(office, error, side):
    """Whether it arrived or not, and whose answer was lost: one process number, one acquisition, in the end linked."""
    need(office)
    client = office.to_server if side == "server" else office.to_registry
    (client.fail_after if error is OutcomeUnknown else client.fail_before)(error())
    office.work()
    office.pass_time(timedelta(minutes=20), step=timedelta(minutes=2))
    assert the_only(office).state is not AcquisitionState.ACKNOWLEDGED
    client.recover()
    office.pass_time(timedelta(hours=5), step=timedelta(minutes=10))
    assert office.states(HANA) == ["linked"]
    assert office.notices.totals()["acquisitions"] == 1
    for sent in (office.to_server, office.to_registry):
        ids = {m.request_id for m in sent.delivered if m.message_id in ("FGU-111", "FGU-121")}
        assert len(ids) <= 1


def test_a_number_that_dies_is_replaced_and_what_waits_stays(office):
    """Lost on the way: after its lifetime the number is erased and a new one asked for; the third one is the last."""
    office.scenario.set({"outcome": "lost"})
    office.without_symbol(HANA)
    waiting = wait(office)
    office.work()
    office.pass_time(3 * LIFE + timedelta(hours=6))
    assert office.states(HANA) == ["expired", "expired", "operator"]
    last = office.store.acquisitions(person=HANA)[-1]
    assert (last.what.code, last.what.generation, last.what.number, last.waiting) == ("SYM-004", 3, None, 1)
    assert len(set(office.notices.numbers())) == 3
    assert office.store.exception(waiting.id).state is RecordState.WAITING


def test_a_dead_number_that_the_server_still_holds_alive_is_not_asked_for_again_at_once(office):
    """A server whose clock is behind ours would give a number that is dead for us. One look later it gives another."""
    office.scenario.set({"outcome": "lost"})
    office.work(seconds=0.5)  # on the wire there are whole seconds
    need(office)
    office.work()
    office.work(seconds=LIFE.total_seconds() - 0.3)
    assert office.states(HANA) == ["expired", "needed"]
    office.work(minutes=2)
    assert office.states(HANA) == ["expired", "acknowledged"]
    assert len(set(office.notices.numbers())) == 2


def test_a_symbol_that_comes_late_is_found(office):
    """Linked under a number that is dead by then, while the next one is on its way: found, and nothing acquired twice
    after that.
    """
    office.scenario.set({"delay_seconds": LIFE.total_seconds() + 3600 * 30})
    office.without_symbol(HANA)
    waiting = wait(office)
    office.work()
    office.pass_time(LIFE + timedelta(hours=2))
    assert office.states(HANA) == ["expired", "acknowledged"]
    office.pass_time(timedelta(hours=30))
    assert office.states(HANA) == ["expired", "linked"]
    assert office.store.exception(waiting.id).state is RecordState.RETRIED


def test_news_that_come_twice_change_nothing(office):
    """The symbol is told three times: linked once, released once."""
    office.scenario.set({"times": 3})
    office.without_symbol(HANA)
    wait(office)
    office.work()
    office.pass_time(timedelta(hours=4))
    office.pass_time(timedelta(hours=1), step=timedelta(seconds=30))
    assert office.states(HANA) == ["linked"]
    assert len(office.store.publishable(lost=False, lanes=["tax"], most=9, now=office.clock.now())) == 1


@pytest.mark.parametrize(
    ("conduct", "code", "server_code"),
    [({"outcome": "failed"}, "SYM-003", None), ({"refuse": "4003"}, "SYM-009", "4003")],
)
def test_a_failed_acquisition_is_told_and_can_be_begun_again(office, conduct, code, server_code):
    """Its code is kept, its number is not; the record waits on, and goes out when a new acquisition succeeds."""
    office.scenario.set(conduct)
    office.without_symbol(HANA)
    waiting = wait(office)
    office.work()
    office.pass_time(timedelta(hours=3))
    failed = the_only(office)
    assert (failed.state, failed.code, failed.server_code) == (AcquisitionState.FAILED, code, server_code)
    assert failed.number is None
    office.scenario.set({"outcome": "linked", "refuse": ""})
    assert office.store.need([HANA], origin=Origin.STARTED, now=office.clock.now(), again=True) == 1
    if code == "SYM-009":  # the number lives: the server gives the same one
        office.pass_time(timedelta(hours=3))
        assert office.states(HANA) == ["failed", "linked"]
        assert office.store.exception(waiting.id).state is RecordState.RETRIED


def test_who_is_no_resident_is_handed_over(office, needs):
    """Nothing goes to the registry; the number waits on the list, and is polled once it was entered at the terminal."""
    need(office, STRANGER)
    office.work()
    (row,) = office.store.acquisitions(person=STRANGER)
    assert (row.what.state, row.what.by_hand, row.what.code) == (AcquisitionState.ISSUED, True, "SYM-008")
    assert "FGU-121" not in office.said()
    assert needs.move(row, HandedOver())
    assert office.store.acquisition(row.id).what.state is AcquisitionState.ACKNOWLEDGED
    from kakehashi.pipeline.symbols import opened_number

    office.server._processes.settle(opened_number(office.sealer, row), "linked")
    office.pass_time(timedelta(hours=2))
    assert office.states(STRANGER) == ["linked"]


def test_a_receiver_that_forgets_is_not_asked_twice(office, needs):
    """FGU-111 is not idempotent: after an unknown outcome an operator decides; FGU-121: the number is polled to its
    end, never sent again.
    """
    office.acquiring = replace(
        office.acquiring, rules=replace(office.acquiring.rules, number_again=False, forward_again=False)
    )
    need(office)
    assert office.acquiring.run_once()  # asked
    office.to_server.fail_after(OutcomeUnknown())
    assert office.acquiring.run_once()  # a number requested
    office.to_server.recover()
    office.pass_time(timedelta(hours=1), step=timedelta(minutes=1))
    blocked = the_only(office)
    assert (blocked.state, blocked.code) == (AcquisitionState.OPERATOR, "SYM-005")
    assert office.said().count("FGU-111") == 1
    assert needs.move(office.store.acquisitions(person=HANA)[0], Resumed())
    office.scenario.set({"outcome": "lost"})
    office.to_registry.fail_after(OutcomeUnknown())
    office.work(minutes=5)
    office.to_registry.recover()
    office.pass_time(timedelta(days=1))
    assert office.states(HANA) == ["forwarded"]
    assert office.said().count("FGU-121") == 1


def test_who_is_gone_needs_no_symbol_and_late_news_do_no_harm(office, needs):
    """The registry says that the person is gone: cancelled, the number erased, what waits parked. Linked after all:
    nothing happens.
    """
    office.without_symbol(HANA)
    waiting = wait(office)
    office.work()
    needs.registered([(HANA, LinkEvent.RELEASED)])
    cancelled = the_only(office)
    assert (cancelled.state, cancelled.code, cancelled.number) == (AcquisitionState.CANCELLED, "SYM-007", None)
    office.pass_time(timedelta(hours=5))
    assert office.states(HANA) == ["cancelled"]
    assert office.store.exception(waiting.id).state is RecordState.PARKED
    assert not needs.withdraw(HANA)


def test_a_number_that_comes_in_needs_a_symbol_once(office, needs):
    """Births by `linked`; the same extract again starts nothing, nor does a change that is none."""
    persons = [(person(n), LinkEvent.LINKED) for n in (1, 2)]
    office.without_symbol(*(who for who, _ in persons))
    for _ in range(2):
        needs.registered(persons)
        office.work()
    office.pass_time(timedelta(hours=3))
    assert [office.states(who) for who, _ in persons] == [["linked"], ["linked"]]
    needs.registered([(HANA, LinkEvent.CHANGED)])
    office.work()
    assert office.states(HANA) == ["linked"]
    assert office.notices.totals()["acquisitions"] == 2


def test_nothing_is_said_while_the_server_is_left_in_peace(office):
    """A breaker that is open holds: no attempt, no failure is counted, and it goes on by itself."""
    need(office)
    office.to_server.fail_before(ServerUnreachable())
    for _ in range(20):
        office.work(minutes=1)
    office.to_server.recover()
    assert office.gateway.store.breakers() != []
    office.pass_time(timedelta(hours=3), step=timedelta(minutes=5))
    assert office.states(HANA) == ["linked"]
