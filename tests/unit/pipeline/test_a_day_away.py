"""The server is away for 24 hours while files of three lanes come in: nothing is lost or applied twice, and the drain
keeps its rate over all lanes.

The real core on memory ports and a clock that is moved by hand: a day takes seconds.
"""

import dataclasses
from collections import Counter
from datetime import timedelta

from tests.unit.pipeline.test_crashes import ROOT, World

from kakehashi.config.loader import load
from kakehashi.domain.batch import FileState
from kakehashi.errors import ServerUnreachable
from kakehashi.ports.links import LinkRow
from kakehashi.testing.memory_files import MemorySource
from kakehashi_simulators.intermediate_server import IntermediateServer, options
from kakehashi_simulators.legacy.tax import write_tax
from kakehashi_simulators.legacy.town import Town
from kakehashi_simulators.report import effects
from kakehashi_simulators.server import ServerSettings

LANES, RATE, RECORDS, HOURS = ("tax-levy", "tax-other", "tax-third"), 2, 6, 24
APART = 100
"""Each lane tells of persons of its own."""
MINUTE = timedelta(minutes=1)


class Receiver:
    """An honest server that can be away, and knows when each request came."""

    def __init__(self, folder):
        self.mind = IntermediateServer(
            folder / "server",
            ROOT / "xsd" / "std-2026",
            ServerSettings(result_delay_seconds=0.0, check_digest=True),
            options(),
        )
        self.mind._account.connection.execute("PRAGMA synchronous = OFF")
        self._messages = self
        self.away, self.tried, self.times, self.world = False, 0, [], None

    def answer(self, document):
        if self.away:
            self.tried += 1
            raise ServerUnreachable
        self.times.append(self.world.clock.now())
        return self.mind._messages.answer(document)

    def _reset(self):
        self.mind._reset()


class People:
    """Everybody of the files is linked; the files come later."""

    def __init__(self, town):
        persons = [APART * lane + person for lane in range(len(LANES)) for person in range(HOURS + RECORDS - 1)]
        self.atena = {person: town.atena("tax", person).zfill(15) for person in persons}

    def fill(self, world):
        rows = [LinkRow(system="tax", atena=person, unified=person) for person in self.atena.values()]
        assert not world.links.link(rows, now=world.clock.now())


def world_of(tmp_path, receiver, town):
    """Three lanes of one kind, each with its own folder."""
    whole = load(ROOT / "config")
    caps = dataclasses.replace(whole.profile.caps, requests_per_second=RATE)
    route = dataclasses.replace(whole.routes[LANES[0]], batch_records=2)
    routes = {lane: dataclasses.replace(route, name=lane) for lane in LANES}
    profile = dataclasses.replace(whole.profile, caps=caps)
    configuration = dataclasses.replace(whole, routes=routes, profile=profile)
    world = World(LANES[0], configuration, receiver, People(town))
    receiver.world = world
    world.begin({}, None)
    world.broker.declare(LANES)
    sources = {lane: MemorySource() for lane in LANES}
    world.process.gateway._source = lambda route: sources[route.name]
    return world, sources


def test_a_day_without_a_server_loses_nothing_and_drains_at_the_configured_rate(tmp_path):
    """A file an hour and lane; then at most two requests a second in all, and every newest change stands."""
    town, receiver = Town(7), Receiver(tmp_path)
    world, sources = world_of(tmp_path, receiver, town)
    receiver.away = True
    for hour in range(HOURS):
        for number, lane in enumerate(LANES):
            path = tmp_path / f"LEVY{number}{hour:02d}.DAT"
            write_tax(path, town=town, first=APART * number + hour, records=RECORDS)
            sources[lane].put(path.name, path.read_bytes())
        for _ in range(60):
            world.clock.advance(MINUTE)
            world.round()
    for counts in world.store.counts():
        assert (counts.received, counts.waiting) == (HOURS * RECORDS, HOURS * RECORDS)
    assert receiver.tried <= HOURS * 60 + 10  # probes alone, as often as the rounds allow
    attempts = sum(
        len(world.store.attempts(row.id)) for file in world.store.files() for row in world.store.batches(file.id)
    )
    assert attempts == receiver.tried

    receiver.away = False
    back = world.clock.now()
    while any(file.state is not FileState.RETURNED for file in world.store.files()):
        world.clock.advance(timedelta(seconds=2))
        world.round()
        assert world.clock.now() - back < timedelta(hours=1)
    seconds = Counter(int((at - back).total_seconds()) for at in receiver.times)
    assert max(seconds.values()) <= RATE
    assert len(receiver.times) >= len(LANES) * HOURS * RECORDS / 2
    totals = receiver.mind._totals()
    assert (totals["twice"], totals["conflicts"], totals["repeats"]) == (0, 0, 0)
    assert [counts.lane for counts in world.store.counts()] == list(LANES)
    for counts in world.store.counts():
        assert (counts.waiting, counts.adds_up, counts.received) == (0, True, HOURS * RECORDS)
    assert {row.code for row in world.store.exceptions()} <= {"REF-002"}
    newest = {}
    for effect in effects(receiver.mind._account, {}):
        newest[effect["person"]] = max(newest.get(effect["person"], 0), int(effect["sequence"]))
    last = {atena: min(person % APART, HOURS - 1) for person, atena in world.town.atena.items()}
    origins = {person: world.store.origin_of(sequence) for person, sequence in newest.items()}
    assert {person: int(file.name[5:7]) for person, (file, _) in origins.items()} == last
    receiver.mind.close()
