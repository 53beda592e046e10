"""What life events mean for symbols: begun, begun anew, withdrawn; told again every night, they mean it once."""

import datetime as dt
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.pipeline.symbol_office import Office, person

from kakehashi.domain.batch import RecordState
from kakehashi.domain.individual_number import IndividualNumber
from kakehashi.domain.link import LifeEvent, LinkEvent
from kakehashi.domain.symbol import Origin
from kakehashi.pipeline.identify import _blinds, number_context
from kakehashi.pipeline.symbol_needs import SymbolNeeds
from kakehashi.testing.store_samples import add, new_exception, settle
from kakehashi_simulators.legacy.numbers import seeded_numbers

HANA, STRANGER = person(1), person(10)
POLICY = frozenset({LinkEvent.DIED})


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path)
    made.scenario.set({"delay_seconds": 86_400.0})
    made.clock.advance(timedelta(days=1))
    yield made
    made.close()


@pytest.fixture
def needs(office):
    return SymbolNeeds(
        store=office.store,
        links=office.links,
        clock=office.clock,
        rules=office.acquiring.rules,
        withdrawn_by=POLICY,
    )


def begin(office, who=HANA):
    """An acquisition that registry or terminal has in hand."""
    office.without_symbol(who)
    office.store.need([who], origin=Origin.REGISTERED, now=office.clock.now())
    office.work(minutes=1)


def record(office, who=HANA):
    """One that waits for the symbol."""
    _, (batch,) = add(office.store, sizes=(1,))
    settle(office.store, batch, exceptions=[new_exception(1, code="SYM-001", state=RecordState.WAITING, person=who)])
    office.work(minutes=1)
    return office.store.exceptions_of(batch.id)[0].id


def befalls(office, needs, event, who=HANA, *, on=dt.date(2026, 7, 1)):
    office.clock.advance(timedelta(minutes=1))
    made = LifeEvent(unified=who, system="registry", atena=who, event=event, since=on, recorded_at=office.clock.now())
    office.links.note_events([made])
    needs.registered([(who, event)])


def renumber(office, who=HANA):
    office.clock.advance(timedelta(minutes=1))
    number = IndividualNumber(next(iter(seeded_numbers(99, 1))))
    (link,) = office.links.persons_links(who)
    row = replace(
        link,
        blind=_blinds(office.sealer, number)[0],
        number=office.sealer.seal(number.reveal().encode(), context=number_context(who)),
        since=dt.date(2026, 12, 1),
        changed=True,
    )
    assert office.links.link([row], now=office.clock.now()) == {}


def codes(office, who=HANA):
    return [(row.what.state.value, row.what.code) for row in office.store.acquisitions(person=who)]


def test_a_changed_number_makes_what_was_forwarded_void(office, needs):
    """The registry was told the former one: a new acquisition goes on, with what waits. Every night again: nothing."""
    begin(office)
    waiting = record(office)
    renumber(office)
    for _ in range(3):
        needs.registered([(HANA, LinkEvent.CHANGED)])
    assert codes(office) == [("cancelled", "SYM-010"), ("needed", None)]
    assert office.store.acquisitions(person=HANA)[1].waiting == 1
    assert office.store.exception(waiting).state is RecordState.WAITING
    office.work()
    assert office.said().count("FGU-121") == 2
    office.work(days=2)
    assert [state for state, _ in codes(office)] == ["cancelled", "linked"]
    assert office.store.exception(waiting).state is RecordState.RETRIED
    needs.registered([(HANA, LinkEvent.CHANGED)])
    assert len(codes(office)) == 2


def test_what_was_not_forwarded_yet_goes_on_with_the_new_number(office, needs):
    """Nobody was told the former one."""
    office.without_symbol(HANA)
    office.store.need([HANA], origin=Origin.REGISTERED, now=office.clock.now())
    renumber(office)
    needs.registered([(HANA, LinkEvent.CHANGED)])
    assert codes(office) == [("needed", None)]


def test_a_changed_number_of_somebody_with_a_symbol_is_asked_about(office, needs):
    """Once: the server says whether the symbol still stands."""
    begin(office)
    office.work(days=2)
    renumber(office)
    for _ in range(2):
        needs.registered([(HANA, LinkEvent.CHANGED)])
        office.work(minutes=1)
    assert [state for state, _ in codes(office)] == ["linked", "linked"]
    assert office.said().count("FGU-121") == 1


def test_the_dead_need_no_symbol(office, needs):
    """What is under way is withdrawn, what waits is parked for somebody; what that one begins again is left alone."""
    begin(office)
    waiting = record(office)
    befalls(office, needs, LinkEvent.DIED)
    assert codes(office) == [("cancelled", "SYM-011")]
    assert office.store.exception(waiting).state is RecordState.PARKED
    assert not [row for row in office.store.acquisitions(person=HANA) if row.what.number]
    office.clock.advance(timedelta(minutes=1))
    office.store.need([HANA], origin=Origin.REFUSED, now=office.clock.now(), again=True)
    needs.registered([(HANA, LinkEvent.DIED)])
    office.work()
    assert codes(office)[1:] == [("issued", "SYM-008")], "by the terminal alone: no resident any more"


def test_an_annulled_death_begins_the_symbol_again(office, needs):
    """The registry takes the person back; the older row, sent once more, withdraws nothing."""
    begin(office)
    befalls(office, needs, LinkEvent.DIED)
    befalls(office, needs, LinkEvent.MOVED_IN, on=dt.date(2026, 7, 2))
    assert codes(office) == [("cancelled", "SYM-011"), ("needed", None)]
    needs.registered([(HANA, LinkEvent.MOVED_IN), (HANA, LinkEvent.DIED)])
    assert len(codes(office)) == 2
    office.work()
    office.work(days=2)
    needs.registered([(HANA, LinkEvent.MOVED_IN)])
    assert [state for state, _ in codes(office)] == ["cancelled", "linked"]


def test_who_moves_out_may_still_get_the_symbol(office, needs):
    """The network answers; what was not forwarded goes by the terminal, since the registry has the person no more."""
    begin(office)
    befalls(office, needs, LinkEvent.MOVED_OUT)
    office.work(days=2)
    assert codes(office) == [("linked", None)]
    other = person(2)
    office.without_symbol(other)
    office.store.need([other], origin=Origin.REGISTERED, now=office.clock.now())
    befalls(office, needs, LinkEvent.MOVED_OUT, other)
    office.work()
    assert codes(office, other) == [("issued", "SYM-008")]


def test_a_policy_may_withdraw_at_a_move_out(office, needs):
    """moved_out = "withdraw" in the profile; the move-in to come begins again."""
    needs = replace(needs, withdrawn_by=POLICY | {LinkEvent.MOVED_OUT})
    begin(office)
    befalls(office, needs, LinkEvent.MOVED_OUT)
    assert codes(office) == [("cancelled", "SYM-011")]
    befalls(office, needs, LinkEvent.NON_RESIDENT, on=dt.date(2026, 7, 2))
    assert codes(office)[1:] == [("needed", None)]


def test_a_non_resident_who_moves_in_is_asked_for_at_the_registry(office, needs):
    """What waited for somebody at the terminal is forwarded instead, with the new 宛名番号's word."""
    office.without_symbol(STRANGER)
    befalls(office, needs, LinkEvent.NON_RESIDENT, STRANGER)
    office.work()
    assert codes(office, STRANGER) == [("issued", "SYM-008")]
    (link,) = office.links.persons_links(STRANGER)
    assert office.links.link([replace(link, system="registry")], now=office.clock.now()) == {}
    befalls(office, needs, LinkEvent.MOVED_IN, STRANGER, on=dt.date(2026, 7, 2))
    office.work()
    assert [state for state, _ in codes(office, STRANGER)] == ["cancelled", "acknowledged"]
    needs.registered([(STRANGER, LinkEvent.MOVED_IN)])
    assert len(codes(office, STRANGER)) == 2


def test_a_number_that_changed_on_the_day_of_enforcement_makes_void_what_was_begun(office, needs):
    """Received long before, it counts from the day on; told twice, what began anew goes on."""
    renumber(office)
    office.clock.advance(timedelta(minutes=1))
    begin(office)
    begun = office.clock.now() + timedelta(days=1)
    office.links.enforce(begun.date(), most=1, now=begun)
    office.clock.advance(timedelta(days=2))
    for _ in range(2):
        needs.enforced([HANA, STRANGER])
        assert [code for _, code in codes(office)] == ["SYM-010", None]
    assert [row.what.origin for row in office.store.acquisitions(person=STRANGER)] == [Origin.STARTED]


@pytest.mark.parametrize("told_by", ["registered", "released"])
def test_a_death_releases_where_the_profile_says_so(office, needs, told_by):
    """Once, however often the file comes, also where nothing begins by itself; who never had one acquired here, too.
    Back again, the person has one acquired anew.
    """
    office.server._persons.set([STRANGER], "linked")
    begin(office)
    needs = replace(needs, released_by=POLICY)
    befalls(office, needs, LinkEvent.DIED)
    befalls(office, needs, LinkEvent.DIED, STRANGER)
    for who in (HANA, STRANGER):
        getattr(needs, told_by)([(who, LinkEvent.DIED)])
    office.work(minutes=1)
    assert codes(office) == [("cancelled", "SYM-011"), ("released", None)]
    assert codes(office, STRANGER) == [("released", None)]
    befalls(office, needs, LinkEvent.MOVED_IN, on=dt.date(2026, 7, 2))
    needs.registered([(HANA, LinkEvent.MOVED_IN)])
    assert codes(office) == [("cancelled", "SYM-011"), ("released", None), ("needed", None)]
    needs.registered([(HANA, LinkEvent.DIED)])
    assert len(codes(office)) == 3


def test_who_is_gone_for_good_keeps_a_release_that_is_under_way(office, needs):
    """Released by the registry's word means that nothing is acquired; what the server is told, it is told."""
    needs = replace(needs, released_by=POLICY)
    befalls(office, needs, LinkEvent.DIED, STRANGER)
    assert not needs.withdraw(STRANGER)
    assert codes(office, STRANGER) == [("releasing", None)]
