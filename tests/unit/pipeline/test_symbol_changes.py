"""Registration, relinking and release: the real engine and the simulated server, on one clock."""

import threading
from dataclasses import replace
from datetime import time, timedelta

import pytest
from tests.unit.pipeline.symbol_office import Office, person
from tests.unit.pipeline.test_symbols import wait

from kakehashi.domain.batch import RecordState
from kakehashi.domain.symbol import AcquisitionState, Origin, Resumed, Task
from kakehashi.errors import OutcomeUnknown, ServerUnreachable
from kakehashi.interface.service import ServiceHours
from kakehashi.pipeline.endpoint import Endpoint, EndpointRules
from kakehashi.pipeline.symbol_needs import SymbolNeeds
from kakehashi_adapters.exchange_folder import FolderServerClient, LocalPlace
from kakehashi_adapters.system_clock import SystemClock

HANA, TARO, JIRO = person(1), person(2), person(3)


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path)
    yield made
    made.close()


def needs(office, **changes):
    made = SymbolNeeds(store=office.store, links=office.links, clock=office.clock, rules=office.acquiring.rules)
    return replace(made, **changes)


def rule(office, **changes):
    office.acquiring = replace(office.acquiring, rules=replace(office.acquiring.rules, **changes))


def need(office, *persons):
    office.without_symbol(*persons)
    office.store.need(persons, origin=Origin.REGISTERED, now=office.clock.now())


def requests(office, message_id):
    return [m.request_id for m in office.to_server.delivered if m.message_id == message_id]


def bindings(office):
    return office.server._bindings.report()


def codes(office, of):
    return [(row.what.state.value, row.what.code) for row in office.store.acquisitions(person=of)]


def last(office, of):
    return office.store.acquisitions(person=of)[-1]


@pytest.fixture
def registering(office):
    """Server and gateway want persons registered before a number is asked for."""
    office.server._bindings.set({"required": True})
    rule(office, registers=True)
    return office


def test_persons_are_registered_together_before_a_number_is_asked_for(registering):
    """One FGU-101 for all, with the day from which the number holds; then as always, to the link."""
    need(registering, HANA, TARO, JIRO)
    registering.work()
    assert registering.said()[:2] == ["FGU-131", "FGU-101"]
    assert requests(registering, "FGU-101") == requests(registering, "FGU-101")[:1]
    registered = bindings(registering)["registrations"]
    today = registering.clock.now().date().isoformat()
    assert [(row["person"], row["valid_from"], row["times"]) for row in registered] == [
        (each, today, 1) for each in (HANA, TARO, JIRO)
    ]
    registering.pass_time(timedelta(hours=3))
    assert [registering.states(each) for each in (HANA, TARO, JIRO)] == [["linked"]] * 3


def test_who_is_not_registered_gets_no_number(office):
    """The profile says that nobody is registered, the server wants it: refused by record, told, retried afterwards."""
    office.server._bindings.set({"required": True})
    need(office, HANA)
    office.work()
    refused = last(office, HANA).what
    assert (refused.state, refused.code, refused.server_code) == (AcquisitionState.FAILED, "SYM-009", "4003")
    rule(office, registers=True)
    office.store.need([HANA], origin=Origin.STARTED, now=office.clock.now(), again=True)
    office.pass_time(timedelta(hours=3))
    assert office.states(HANA) == ["failed", "linked"]


def test_a_registration_in_process_is_asked_after_under_the_same_request(registering):
    """Two minutes in process: every attempt is the same message; a person who joins meanwhile goes by another one."""
    registering.server._bindings.set({"seconds": 120})
    need(registering, HANA, TARO)
    registering.work()
    assert registering.states(HANA) == ["registering"]
    need(registering, JIRO)
    registering.work()
    registering.pass_time(timedelta(minutes=10), step=timedelta(seconds=30))
    assert len(set(requests(registering, "FGU-101"))) == 2
    assert len(requests(registering, "FGU-101")) > 2
    registering.pass_time(timedelta(hours=3))
    assert [registering.states(each) for each in (HANA, TARO, JIRO)] == [["linked"]] * 3


@pytest.mark.parametrize("error", [OutcomeUnknown, ServerUnreachable])
def test_an_unanswered_registration_is_said_again_unchanged(registering, error):
    """Whether it arrived or not: the same request, and nobody is registered twice."""
    need(registering, HANA, TARO)
    registering.acquiring.run_once()
    client = registering.to_server
    (client.fail_after if error is OutcomeUnknown else client.fail_before)(error())
    registering.work()
    client.recover()
    registering.pass_time(timedelta(hours=4), step=timedelta(minutes=10))
    assert len(set(requests(registering, "FGU-101"))) == 1
    assert registering.states(HANA) == registering.states(TARO) == ["linked"]


def test_who_is_registered_already_goes_on_and_others_are_refused_by_record(registering):
    """3001 is as good as done; a person whom the server does not know fails alone, with its code."""
    registering.server._bindings.register("another", TARO, "2026-01-01")
    need(registering, HANA, TARO)
    registering.server._persons.set([JIRO], "unknown")
    registering.store.need([JIRO], origin=Origin.REGISTERED, now=registering.clock.now())
    registering.work()
    assert registering.states(HANA) == registering.states(TARO) == ["acknowledged"]
    assert codes(registering, JIRO) == [("failed", "SYM-009")]
    assert last(registering, JIRO).what.server_code == "4003"


def test_who_leaves_a_registration_changes_the_request(registering):
    """Said together with somebody whose need has ended: the others go under a request of their own, not under one
    whose content has changed.
    """
    need(registering, HANA, TARO)
    registering.acquiring.run_once()
    registering.to_server.fail_before(ServerUnreachable())
    registering.acquiring.run_once()
    registering.to_server.recover()
    assert needs(registering).withdraw(TARO)
    registering.pass_time(timedelta(hours=3), step=timedelta(minutes=10))
    assert registering.states(HANA) == ["linked"]
    assert [row["person"] for row in bindings(registering)["registrations"]] == [HANA]


def test_a_release_ends_what_is_under_way_and_erases_its_number(office):
    """In one step the number is gone here, and the server ends it; what waited is parked; late news link nobody."""
    office.without_symbol(HANA)
    waiting = wait(office)
    office.work()
    assert last(office, HANA).what.number is not None
    assert needs(office).release(HANA, actor="clerk", reason="moved")
    assert [row.what.number for row in office.store.acquisitions(person=HANA)] == [None, None]
    assert office.store.exception(waiting.id).state is RecordState.PARKED
    office.work()
    assert codes(office, HANA) == [("cancelled", "SYM-007"), ("released", None)]
    assert (last(office, HANA).what.actor, last(office, HANA).what.reason) == ("clerk", "moved")
    assert bindings(office)["releases"] == [{"person": HANA, "times": 1}]
    office.pass_time(timedelta(days=1))
    assert office.server._persons.state(HANA) == "parted"
    assert not needs(office).release(HANA)


def test_who_comes_back_is_acquired_anew(office):
    """A record that the server refuses after the release begins a new acquisition; linked, it goes out again."""
    assert needs(office).release(HANA)
    office.work()
    waiting = wait(office)
    office.pass_time(timedelta(hours=3))
    assert office.states(HANA) == ["released", "linked"]
    assert office.store.exception(waiting.id).state is RecordState.RETRIED


def test_who_is_needed_while_the_release_is_under_way_is_acquired_after_it(office):
    """Never both at once: the release is told first, then one begins, once."""
    office.to_server.fail_before(ServerUnreachable())
    assert needs(office).release(HANA)
    office.work()
    waiting = wait(office)
    for _ in range(2):
        office.store.need([HANA], origin=Origin.STARTED, now=office.clock.now(), again=True)
    office.work()
    assert office.states(HANA) == ["releasing"]
    office.to_server.recover()
    office.pass_time(timedelta(hours=4), step=timedelta(minutes=10))
    assert office.states(HANA) == ["released", "linked"]
    assert office.store.exception(waiting.id).state is RecordState.RETRIED


@pytest.mark.parametrize("task", [Task.RELEASE, Task.RELINK])
@pytest.mark.parametrize("error", [OutcomeUnknown, ServerUnreachable])
def test_what_is_told_is_told_once_however_often_it_is_said(office, task, error):
    """The same request in every attempt, also by a worker that died; the server does it once."""
    if task is Task.RELEASE:
        needs(office).release(HANA)
    else:
        needs(office).relink(HANA, TARO, anew=False)
    (row,) = office.store.acquisitions(person=HANA)
    assert office.acquiring.claim(row)  # and then it dies
    (office.to_server.fail_after if error is OutcomeUnknown else office.to_server.fail_before)(error())
    office.work(minutes=2)
    office.to_server.recover()
    office.pass_time(timedelta(hours=1), step=timedelta(minutes=1))
    message = "FGU-151" if task is Task.RELEASE else "FGU-141"
    assert len(set(requests(office, message))) == 1
    done = bindings(office)["releases" if task is Task.RELEASE else "relinks"]
    assert [row["person"] for row in done] == [HANA if task is Task.RELEASE else TARO]
    assert last(office, HANA).what.state in (AcquisitionState.RELEASED, AcquisitionState.RELINKED)


def test_a_server_that_forgets_is_not_told_twice(office):
    """FGU-151 is not idempotent: after an unknown outcome an operator decides, and lets it go on or gives it up."""
    rule(office, once=frozenset({AcquisitionState.RELEASING}))
    needs(office).release(HANA)
    office.to_server.fail_after(OutcomeUnknown())
    office.work()
    office.to_server.recover()
    office.pass_time(timedelta(hours=1), step=timedelta(minutes=5))
    blocked = last(office, HANA)
    assert (blocked.what.state, blocked.what.code) == (AcquisitionState.OPERATOR, "SYM-014")
    assert len(requests(office, "FGU-151")) == 1
    assert needs(office).move(blocked, Resumed())
    office.work()
    assert codes(office, HANA) == [("released", None)]


def test_what_the_server_refuses_waits_for_an_operator(office):
    """With its code and the server's; corrected there and retried, it is told."""
    office.server._persons.set([HANA], "other")
    needs(office).relink(HANA, TARO, anew=False)
    office.server._persons.set([JIRO], "unknown")
    needs(office).release(JIRO)
    office.work()
    assert (codes(office, HANA), last(office, HANA).what.server_code) == ([("operator", "SYM-013")], "4019")
    assert (codes(office, JIRO), last(office, JIRO).what.server_code) == ([("operator", "SYM-012")], "4003")
    office.server._persons.set([HANA], "linked")
    assert needs(office).move(last(office, HANA), Resumed())
    office.work()
    assert codes(office, HANA) == [("relinked", None)]


def test_a_relink_gives_the_symbol_to_the_number_that_stays(office):
    """Told once; the number that stays is asked about, also where it has a process number, and what waits goes on."""
    settling = office.acquiring.messages.settling
    relinking = replace(settling.profile.merges, relinks_symbol=True)
    settling = replace(settling, profile=replace(settling.profile, merges=relinking))
    office.acquiring = replace(office.acquiring, messages=replace(office.acquiring.messages, settling=settling))
    office.without_symbol(TARO, JIRO)
    waiting = wait(office, TARO)
    office.work()
    for heir in (TARO, JIRO):
        assert needs(office).relink(HANA, heir, anew=False)
        assert not needs(office).relink(HANA, heir, anew=False)
        office.work(minutes=10)
        office.server._persons.set([HANA], "linked")
    assert codes(office, HANA) == [("relinked", None)] * 2
    assert (office.states(TARO), office.states(JIRO)) == (["linked"], ["linked"])
    assert office.store.exception(waiting.id).state is RecordState.RETRIED
    assert requests(office, "FGU-111") == requests(office, "FGU-111")[:1]


def test_undone_it_is_the_retired_numbers_again(office):
    """Told or still under way: what was said last counts. Who had a symbol has it again, who had none has none."""
    office.without_symbol(TARO)
    assert not needs(office).unlink(HANA, TARO)
    needs(office).relink(HANA, TARO, anew=False)
    office.work()
    office.clock.advance(timedelta(minutes=1))
    assert needs(office).unlink(HANA, TARO)
    assert not needs(office).unlink(HANA, TARO)
    office.work()
    assert [row.what.state for row in office.store.acquisitions(person=HANA)] == ["relinked", "relinked", "linked"]
    assert (office.server._persons.state(HANA), office.server._persons.state(TARO)) == ("linked", "parted")
    assert needs(office).relink(HANA, TARO, anew=False)
    assert needs(office).unlink(HANA, TARO)
    office.clock.advance(timedelta(minutes=1))
    office.work()
    assert office.server._persons.state(HANA) == "linked"


def test_where_there_is_no_symbol_nothing_is_relinked(office):
    """The server says so: without effect, and the number that stays has one acquired where that was wished for."""
    office.without_symbol(HANA, TARO, JIRO)
    needs(office).relink(HANA, TARO, anew=True)
    needs(office).release(JIRO)
    office.pass_time(timedelta(hours=3))
    assert (codes(office, HANA), office.states(TARO)) == ([("relinked", "SYM-015")], ["linked"])
    assert codes(office, JIRO) == [("released", "SYM-015")]


@pytest.fixture
def behind_a_folder(office, tmp_path):
    """The same server, reached through an exchange folder."""
    folder = tmp_path / "exchange"
    wire = office.server.folder_wire(folder)
    threading.Thread(target=wire.serve_forever, daemon=True).start()
    client = FolderServerClient(
        LocalPlace(folder), clock=SystemClock(), timeout=timedelta(seconds=5), answer_bytes=1_000_000
    )
    always = ServiceHours(open=time(), close=None, days=frozenset(range(7)))
    endpoint = Endpoint(client, office.clock, always, EndpointRules())
    office.acquiring = replace(office.acquiring, messages=replace(office.acquiring.messages, server=endpoint))
    yield office
    client.close()
    wire.shutdown()
    wire.server_close()


def test_all_of_it_goes_through_an_exchange_folder(behind_a_folder):
    """Registered, linked, relinked, released: the same answers, by record, as over HTTPS."""
    office = behind_a_folder
    office.server._bindings.set({"required": True})
    rule(office, registers=True)
    need(office, HANA, TARO)
    office.pass_time(timedelta(hours=2))
    assert office.states(HANA) == office.states(TARO) == ["linked"]
    needs(office).relink(HANA, TARO, anew=False)
    needs(office).release(JIRO)
    office.server._persons.set([person(4)], "unknown")
    needs(office).release(person(4))
    office.work()
    assert [office.states(each)[-1] for each in (HANA, JIRO, person(4))] == ["relinked", "released", "operator"]
    done = bindings(office)
    assert [row["person"] for row in done["registrations"]] == [HANA, TARO]
    assert done["relinks"] == [{"former": HANA, "person": TARO, "operation": "relink", "times": 1}]
    assert done["releases"] == [{"person": JIRO, "times": 1}]
