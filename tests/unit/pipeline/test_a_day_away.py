"""The server is away for 24 hours while files come in: nothing is lost or applied twice, and the drain keeps its rate.

The real core on memory ports and a clock that is moved by hand: a day takes seconds.
"""

import dataclasses
from argparse import Namespace
from collections import Counter
from datetime import timedelta

from tests.unit.pipeline.test_crashes import ROOT, World

from kakehashi.config.loader import load
from kakehashi.domain.batch import FileState
from kakehashi.errors import ServerUnreachable
from kakehashi.ports.links import LinkRow
from kakehashi_simulators.intermediate_server import IntermediateServer
from kakehashi_simulators.legacy.tax import write_tax
from kakehashi_simulators.legacy.town import Town
from kakehashi_simulators.report import effects
from kakehashi_simulators.server import ServerSettings

LANE, RATE, RECORDS, HOURS = "tax-levy", 2, 10, 24
MINUTE = timedelta(minutes=1)


class Receiver:
    """An honest server that can be away, and knows when each request came."""

    def __init__(self, folder):
        self.mind = IntermediateServer(
            folder / "server",
            ROOT / "xsd" / "std-2026",
            ServerSettings(result_delay_seconds=0.0, check_digest=True),
            Namespace(no_symbol_ending="", certificates=None, port=0, admin_port=0, connections=16),
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
        self.atena = [town.atena("tax", person).zfill(15) for person in range(HOURS + RECORDS)]

    def fill(self, world):
        rows = [LinkRow(system="tax", atena=person, unified=person) for person in self.atena]
        assert not world.links.link(rows, now=world.clock.now())


def test_a_day_without_a_server_loses_nothing_and_drains_at_the_configured_rate(tmp_path):
    """A file an hour; then at most two requests a second, oldest work included, and every newest change stands."""
    whole, town, receiver = load(ROOT / "config"), Town(7), Receiver(tmp_path)
    caps = dataclasses.replace(whole.profile.caps, requests_per_second=RATE)
    route = dataclasses.replace(whole.routes[LANE], batch_records=2)
    profile = dataclasses.replace(whole.profile, caps=caps)
    world = World(LANE, dataclasses.replace(whole, routes={LANE: route}, profile=profile), receiver, People(town))
    receiver.world = world
    world.begin({}, None)
    receiver.away = True
    for hour in range(HOURS):
        path = tmp_path / f"LEVY{hour:02d}.DAT"
        write_tax(path, town=town, first=hour, records=RECORDS)
        world.source.put(path.name, path.read_bytes())
        for _ in range(60):
            world.clock.advance(MINUTE)
            world.round()
    counts = world.store.counts()[0]
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
    assert len(receiver.times) >= 2 * HOURS * RECORDS / 2
    totals, (counts,) = receiver.mind._totals(), world.store.counts()
    assert (totals["twice"], totals["conflicts"], totals["repeats"]) == (0, 0, 0)
    assert (counts.waiting, counts.adds_up, counts.received) == (0, True, HOURS * RECORDS)
    assert {row.code for row in world.store.exceptions()} <= {"REF-002"}
    newest = {}
    for effect in effects(receiver.mind._account, {}):
        newest[effect["person"]] = max(newest.get(effect["person"], 0), int(effect["sequence"]))
    last = {person: min(number, HOURS - 1) + 1 for number, person in enumerate(world.town.atena[: HOURS + RECORDS - 1])}
    assert {person: sequence // 10**9 for person, sequence in newest.items()} == last
    receiver.mind.close()
