"""The day of enforcement in the whole gateway, by its clock: nothing a moment before it, everything from then on."""

import shutil
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from tests.unit.pipeline.conftest import ROOT
from tests.unit.pipeline.persons import MADE, Hall

from kakehashi.domain.symbol import Origin
from kakehashi.pipeline.identify import WatchedLinks, identify
from kakehashi.ports.sealer import Sealed
from kakehashi_simulators.legacy.residents import RESIDENTS, write_rows

JST = timezone(timedelta(hours=9))
TURN = datetime(2026, 12, 1, tzinfo=JST)
LAST = TURN - timedelta(microseconds=1)
SETTINGS = """
[links]
mode = "{mode}"
in_force_from = 2026-12-01
[symbols]
acquire = "all"
per_second = 2
"""
PERSONS = range(20)


@pytest.fixture
def town(house_of, tmp_path):
    """A house of the registry's extracts and the hall that writes them, ten days before the day of enforcement."""

    def build(mode="link-only", settings=SETTINGS):
        config = tmp_path / "config"
        shutil.copytree(ROOT / "config", config)
        gateway = config / "gateway.toml"
        gateway.write_text(gateway.read_text(encoding="utf-8") + settings.format(mode=mode), encoding="utf-8")
        house, hall = house_of(RESIDENTS, config), Hall(tmp_path)
        for known in (house.links._state.links, house.links._state.numbers):
            known.clear()
        house.clock.advance(TURN - timedelta(days=10) - house.clock.now())
        return house, hall

    return build


def send(house, hall, name, *, told=False, persons=PERSONS, **changes):
    path = hall.folder / name
    rows = [hall.row(n, unified=f"7{n:014}" if told else "", **changes) for n in persons]
    write_rows(path, rows, records=len(rows), made=MADE)
    house.take(name, path.read_bytes())
    house.work()


def at(house, moment):
    house.clock.advance(moment - house.clock.now())


def pass_time(house, scheduler):
    while scheduler.enforcing.run_once():
        pass


def linked(house):
    return list(house.links.links("registry"))


def test_nothing_happens_before_the_day_and_all_of_it_in_its_first_moment(town):
    """The extract is taken whole, and nobody can tell; at 00:00:00 JST links and numbers are active, symbols begin."""
    house, hall = town()
    scheduler = house.scheduler()
    send(house, hall, "RESIDENT1.DAT")
    assert (house.counts.received, house.counts.accepted) == (20, 20)
    at(house, LAST)
    scheduler.run_once()
    number = hall.row(3).atena.zfill(15)
    assert [fault.code for _, fault in identify(house.links, "registry", [number])[1]] == ["IDN-001"]
    assert linked(house) == house.links.coverage() == house.store.acquisitions() == []
    assert house.links.enforcement() is None
    assert house.links.held_summary().numbers == 20
    at(house, TURN)
    scheduler.run_once()
    scheduler.run_once()
    assert house.recorder.named("link.enforced") == [{"day": "2026-12-01", "held": 20, "active": 20, "contradicted": 0}]
    assert len(linked(house)) == 20
    assert identify(house.links, "registry", [number])[1] == []
    (period,) = house.links.periods("registry", number)
    assert period.since == TURN.date()
    assert period.recorded_at == TURN - timedelta(days=10)


def test_symbols_of_the_day_begin_at_the_rate_of_many(town):
    """Two a second of one file of persons, behind whom somebody waits for; told twice, it is done once."""
    house, hall = town()
    send(house, hall, "RESIDENT1.DAT")
    at(house, TURN)
    scheduler = house.scheduler()
    pass_time(house, scheduler)
    rows = house.store.acquisitions()
    assert {row.what.origin for row in rows} == {Origin.STARTED}
    assert sorted(row.what.due - TURN for row in rows) == [n * timedelta(seconds=0.5) for n in range(20)]
    scheduler.enforcing.begin([row.what.person for row in rows])
    assert len(house.store.acquisitions()) == 20


def test_more_persons_than_begin_in_ten_seconds_wait_for_the_next_ten(town):
    """Whoever is stopped in between has lost nobody: what has not begun is known."""
    house, hall = town()
    send(house, hall, "RESIDENT1.DAT", persons=range(30))
    at(house, TURN)
    pass_time(house, house.scheduler())
    assert len(house.store.acquisitions()) == 20
    pass_time(house, house.scheduler())  # of the process that comes after it
    assert len(house.store.acquisitions()) == 30
    assert house.links.unheard(most=1) == []


def test_whoever_dies_while_symbols_begin_leaves_them_to_the_next(town):
    """They begin, and the death comes before they are forgotten as begun: nobody gets two."""
    house, hall = town()
    send(house, hall, "RESIDENT1.DAT")
    at(house, TURN)
    dying = house.scheduler().enforcing
    begin = dying.begin

    def die(persons):
        begin(persons)
        raise KeyboardInterrupt

    dying.begin = die
    with pytest.raises(KeyboardInterrupt):
        pass_time(house, type("", (), {"enforcing": dying}))
    pass_time(house, house.scheduler())
    assert len(house.store.acquisitions()) == 20
    assert house.links.unheard(most=1) == []


def test_told_persons_go_on_without_their_number(town):
    """Where extracts bring 団体内統合宛名番号, links stand from the first file on; the number joins them on the day."""
    house, hall = town("pass-through")
    send(house, hall, "RESIDENT1.DAT", told=True)
    assert [(row.unified, row.blind, row.number) for row in linked(house)] == [
        (f"7{n:014}", None, None) for n in PERSONS
    ]
    assert house.store.acquisitions() == []
    at(house, TURN)
    pass_time(house, house.scheduler())
    assert all(row.blind and row.number for row in linked(house))
    assert {period.since for period in house.links.number_periods(f"7{0:014}")} == {TURN.date()}
    assert house.links.periods("registry", linked(house)[0].atena)[0].since < TURN.date()


def test_an_extract_waits_until_all_that_is_held_is_active(town):
    """Later rows come after earlier ones: it is not worked on half-way, and is when all are active."""
    house, hall = town()
    send(house, hall, "RESIDENT1.DAT")
    at(house, TURN)
    send(house, hall, "RESIDENT2.DAT", persons=range(20, 25))
    assert house.counts.accepted == 20
    (waiting,) = [row for file in house.store.files() for row in house.store.batches(file.id) if row.code]
    assert waiting.code == "IDN-013"
    pass_time(house, house.scheduler())
    house.until_quiet()
    assert (house.counts.accepted, len(linked(house))) == (25, 25)


@pytest.mark.parametrize("back", [timedelta(microseconds=1), timedelta(hours=1), timedelta(days=1)])
def test_a_clock_that_is_set_back_undoes_nothing(town, back):
    """What is active stays so, nothing is held again, and the day is told once."""
    house, hall = town()
    send(house, hall, "RESIDENT1.DAT")
    at(house, TURN)
    pass_time(house, house.scheduler())
    at(house, TURN - back)
    send(house, hall, "RESIDENT2.DAT", persons=range(20, 25))
    pass_time(house, house.scheduler())
    assert len(linked(house)) == 25
    assert house.links.held_summary().numbers == 0
    at(house, TURN)
    pass_time(house, house.scheduler())
    assert len(house.recorder.named("link.enforced")) == 1


def test_a_clock_that_is_set_back_half_way_stops_nothing(town):
    """The enforcement that has begun goes on to its end."""
    house, hall = town()
    send(house, hall, "RESIDENT1.DAT")
    at(house, TURN)
    assert house.links.enforce(TURN.date(), most=7, now=TURN).active == 7
    at(house, TURN - timedelta(days=1))
    pass_time(house, house.scheduler())
    found = house.links.enforcement()
    assert (found.held, found.active, found.day) == (20, 20, TURN.date())


def test_without_a_day_nothing_that_is_held_becomes_active(town):
    """A gateway.toml that lacks the day is no day: extracts wait until somebody says one."""
    house, hall = town()
    send(house, hall, "RESIDENT1.DAT")
    path = house.configuration.folder / "gateway.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("in_force_from", "# in_force_from"), encoding="utf-8")
    house.reload(house.configuration.folder)
    pass_time(house, house.scheduler())
    send(house, hall, "RESIDENT2.DAT", persons=range(20, 25))
    assert linked(house) == []
    assert house.counts.accepted == 20
    assert {row.code for file in house.store.files() for row in house.store.batches(file.id)} == {None, "IDN-013"}


def test_numbers_that_were_met_unlinked_are_no_longer_so_on_the_day(town):
    """Those of which the coverage report keeps a name alone are told: the others it finds itself."""
    house, hall = town()
    number = next(each for each in hall.numbers if each[0] != "0").zfill(15)
    WatchedLinks(house.links, house.gateway.sealer, house.clock).unresolved("registry", [number])
    (name,) = house.links.unlinked("registry")
    assert name.startswith("~")
    path = hall.folder / "RESIDENT1.DAT"
    write_rows(path, [hall.row(1, atena=number, number=hall.numbers[9])], records=1, made=MADE)
    house.take(path.name, path.read_bytes())
    house.work()
    assert list(house.links.unlinked("registry")) == [name]
    at(house, TURN)
    pass_time(house, house.scheduler())
    assert list(house.links.unlinked("registry")) == []


def told(house):
    """What the next file of numbers holds; marked as returned."""
    file = house.links.number_file("registry", most=99, now=house.clock.now())
    if file is None:
        return None
    assert house.links.mark_numbers(file.id, now=house.clock.now())
    return {row.atena: row.unified for row in file.rows}


def test_no_number_goes_back_before_the_day_and_each_once_on_it(town):
    """Nor while the others are still becoming active; told again by the next extract, it is not told anew."""
    house, hall = town()
    send(house, hall, "RESIDENT1.DAT")
    scheduler = house.scheduler()
    (telling,) = house.gateway.scheduler().telling
    at(house, LAST)
    assert (telling.run_once(), told(house)) == (0, None)
    at(house, TURN)
    house.links.enforce(TURN.date(), most=7, now=TURN)
    assert telling.run_once() == 0
    pass_time(house, scheduler)
    assert told(house) == {row.atena: row.unified for row in linked(house)}
    send(house, hall, "RESIDENT2.DAT")
    assert told(house) is None


@pytest.mark.parametrize("by_unified", [True, False], ids=["told", "issued"])
def test_who_moved_out_or_died_before_the_day_begins_no_symbol_on_it(town, by_unified):
    """All others do: who came back, and the 住登外者; the events are seen from the day on, of their own days."""
    house, hall = town("pass-through" if by_unified else "link-only")
    send(house, hall, "RESIDENT1.DAT", told=by_unified, persons=range(6))
    for name, event, person in (("2", "11", 0), ("3", "12", 1), ("4", "11", 2), ("6", "05", 3)):
        send(house, hall, f"RESIDENT{name}.DAT", told=by_unified, persons=[person], event=event, since="20261120")
    send(house, hall, "RESIDENT7.DAT", told=by_unified, persons=[2], event="04", since="20261121")
    persons = [f"7{n:014}" for n in range(6)] if by_unified else []
    assert house.store.acquisitions() == []
    assert house.links.life_events(persons) == {}
    at(house, TURN)
    pass_time(house, house.scheduler())
    atena = {row.atena: row.unified for row in linked(house)}
    persons = [atena[hall.row(n).atena.zfill(15)] for n in range(6)]
    assert {row.what.person for row in house.store.acquisitions()} == set(persons[2:])
    events = house.links.life_events(persons)
    assert [[str(each.event) for each in events.get(person, ())] for person in persons] == [
        ["moved-out"], ["died"], ["moved-out", "moved-in"], ["non-resident"], [], [],
    ]  # fmt: skip
    assert {each.since.isoformat() for each in events[persons[2]]} == {"2026-11-20", "2026-11-21"}


def test_what_is_held_moves_no_symbol_under_way_before_the_day(town):
    """A death counts from the day on; a change too, but of what nobody was told nothing is void. Told twice, once."""
    house, hall = town("pass-through")
    changed, dead = (f"7{n:014}" for n in (0, 1))
    send(house, hall, "RESIDENT1.DAT", told=True, persons=[0, 1])
    house.store.need([changed, dead], origin=Origin.REFUSED, now=house.clock.now())
    (link,) = house.links.persons_links(changed)
    active = replace(link, blind=b"adigestm former", number=Sealed("k", b"former"))
    assert house.links.link([active], now=house.clock.now()) == {}
    send(house, hall, "RESIDENT2.DAT", told=True, persons=[0], event="03", number=hall.numbers[30])
    send(house, hall, "RESIDENT3.DAT", told=True, persons=[1], event="12")
    assert {row.what.code for row in house.store.acquisitions()} == {None}
    at(house, TURN)
    scheduler = house.scheduler()
    pass_time(house, scheduler)
    for _ in range(2):
        assert [row.what.code for row in house.store.acquisitions(person=dead)] == ["SYM-011"]
        assert [row.what.code for row in house.store.acquisitions(person=changed)] == [None]
        scheduler.enforcing.begin([changed, dead])
