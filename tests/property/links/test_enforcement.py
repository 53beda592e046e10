"""The day of enforcement: whatever came before it in whatever order, it is as if all had come behind it."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kakehashi.config.link_plan import LinkPlan
from kakehashi.domain.japanese_date import HistoricDate
from kakehashi.domain.link import LinkEvent
from kakehashi.pipeline.holding import HoldingLinks
from kakehashi.pipeline.linking import Linking
from kakehashi.testing.memory_links import MemoryLinkStore
from kakehashi.testing.memory_sealer import MemorySealer
from kakehashi_simulators.legacy.numbers import seeded_numbers

JST = timezone(timedelta(hours=9))
DAY = date(2026, 12, 1)
BEFORE = datetime(2026, 11, 20, 9, tzinfo=JST)
TURN = datetime(2026, 12, 1, tzinfo=JST)
NUMBERS = list(seeded_numbers(20261201, 4))
SYSTEMS = ("registry", "tax")
ATENA = tuple(f"{n:015d}" for n in (1, 2, 3))
UNIFIED = tuple(f"{n:015d}" for n in (701, 702, 703))
ENDING = (LinkEvent.MOVED_OUT, LinkEvent.DIED, LinkEvent.RELEASED)
"""What is heard of somebody means something only where the life that is seen says the same."""
EVENTS = {event.value: event for event in LinkEvent}


@dataclass(frozen=True)
class Row:
    """What a row of an extract says; `late`: how many days before it comes it has happened."""

    system: str
    atena: str
    unified: str
    number: str
    event: str
    late: int

    def values(self, came):
        since = came.date() - timedelta(days=self.late)
        day = HistoricDate(since.year, since.month, since.day)
        return (self.system, self.atena, self.unified, self.number, day, self.event)


def rows(told):
    """`told`: the extracts bring 団体内統合宛名番号, and 個人番号 or not; else the 個人番号 alone."""
    return st.builds(
        Row,
        system=st.sampled_from(SYSTEMS),
        atena=st.sampled_from(ATENA),
        unified=st.sampled_from(UNIFIED) if told else st.just(""),
        number=st.sampled_from([*NUMBERS, ""]),
        event=st.sampled_from(["linked"] * 5 + [event for event in EVENTS if event != "linked"]),
        late=st.integers(0, 4),
    )


def plan(told):
    return LinkPlan(
        system=0, atena=1, unified=2, number=3, since=4, event=5, events=EVENTS, prefix=None if told else "9",
        in_force_from=DAY, returns="registry",
    )  # fmt: skip


class World:
    """A link store and what was told of it, row by row."""

    def __init__(self, told, links=None):
        self.told, self.sealer = told, MemorySealer()
        self.links = links or MemoryLinkStore()
        self.codes, self.heard = [], []

    def take(self, row, *, came, now, holding=False):
        links = HoldingLinks(self.links) if holding else self.links
        linking = Linking(
            links=links, sealer=self.sealer, plan=plan(self.told), registered=self.heard.extend, holding=holding
        )
        found = linking.extract([(0, row.values(came))], now=now, batch_id=1, numbers=(1,))
        self.codes.append([fault.code for _, fault in found])

    def enforce(self, most):
        while (found := self.links.enforce(DAY, most=most, now=TURN)).ended_at is None:
            pass
        return found

    def blinds(self):
        return [b"adigestm" + self.sealer.digest(number) for number in NUMBERS]

    def shown(self):
        """All that anybody can see of 個人番号."""
        linked = [row for system in SYSTEMS for row in self.links.links(system)]
        persons = {*UNIFIED, *(row.unified for row in linked), *self.links.held_owners(self.blinds()).values()}
        return (
            self.links.owners(self.blinds()),
            [row for row in linked if row.blind or row.number or (not self.told)],
            [period for person in persons for period in self.links.number_periods(person)],
            [person for person in persons if self.links.sealed_number(person)],
            [row for row in self.links.conflicts(undecided=False) if row.row.blind or row.row.number or not self.told],
            [person for person, event in self.heard if event not in ENDING],
            [] if self.told else self.links.coverage(),
            [] if self.told else self.links.life_events(persons),
            self.links.number_file("registry", most=99, now=BEFORE),
            list(self.links.held()),
        )

    def state(self):
        """What counts, by persons and numbers; not since when and by which rows it is known."""
        linked = [row for system in SYSTEMS for row in self.links.links(system)]
        persons = {*UNIFIED, *(row.unified for row in linked), *self.links.owners(self.blinds()).values()}
        lives = self.links.life_events(persons)
        news = self.links.number_file("registry", most=99, now=TURN)
        return {
            "lives": {person: [(e.event, e.since, e.system, e.atena) for e in lives[person]] for person in lives},
            "told": sorted((row.atena, row.unified) for row in news.rows) if news else [],
            "links": {(row.system, row.atena): row.unified for row in linked},
            "frozen": {(s, a) for s in SYSTEMS for a in self.links.unresolved(s, ATENA)},
            "owners": dict(self.links.owners(self.blinds())),
            "numbers": {person: self.opened(person) for person in persons},
            "former": {person: len(self.links.number_periods(person)) for person in persons},
            "conflicts": {(c.kind, c.known, c.row.system, c.row.atena, c.row.unified) for c in self.links.conflicts()},
            "released": set(self.links._state.released),
            "known": {(s, a): bool(self.links.periods(s, a)) for s in SYSTEMS for a in ATENA},
        }

    def opened(self, person):
        sealed = self.links.sealed_number(person)
        return sealed and self.sealer.open(sealed, context=f"individual-number/{person}").decode()


@pytest.mark.parametrize("told", [True, False], ids=["told", "issued"])
@given(data=st.data())
def test_rows_before_the_day_count_as_if_they_had_come_behind_it(told, data):
    """Any rows, cut anywhere: every row has the same answer, the end is the same, and nothing shows before the day."""
    story = data.draw(st.lists(rows(told), min_size=1, max_size=12))
    cut = data.draw(st.integers(0, len(story)))
    most = data.draw(st.integers(1, 3))
    early, late = World(told), World(told)
    late.links.enforce(DAY, most=1, now=TURN)
    for place, row in enumerate(story):
        if place == cut:
            turned = turn(early, most)
        came = BEFORE + timedelta(hours=place) if place < cut else TURN + timedelta(days=1, hours=place)
        early.take(row, came=came, now=came, holding=place < cut)
        late.take(row, came=came, now=TURN + timedelta(days=30))
        if place < cut:
            assert not any(early.shown())
    if cut == len(story):
        turned = turn(early, most)
    assert turned.held == turned.active
    assert early.codes == late.codes
    assert early.state() == late.state()


def test_a_second_number_of_the_same_number_before_the_day_is_not_its_persons():
    """Of whom one is held, another one that the same 宛名番号 brings is somebody else's, before the day as after it."""
    early, late = World(told=False), World(told=False)
    late.links.enforce(DAY, most=1, now=TURN)
    for number in NUMBERS[:2]:
        row = Row("registry", ATENA[0], "", number, "linked", 0)
        early.take(row, came=BEFORE, now=BEFORE, holding=True)
        late.take(row, came=BEFORE, now=TURN + timedelta(days=30))
    turn(early, 1)
    assert early.codes == late.codes == [[], ["IDN-003"]]
    assert early.state() == late.state()


def turn(world, most):
    held = world.links.held_summary()
    found = world.enforce(most)
    assert (found.held, found.contradicted, found.ended_at) == (held.numbers, 0, TURN)
    assert world.links.held_summary() == replace(held, numbers=0, links={}, conflicts=0, oldest=None)
    return found
