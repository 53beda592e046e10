"""A process dies at every single port call while two files with households are worked on: nobody sees a part of one."""

import dataclasses
from itertools import count

import pytest
from tests.tier import FULL
from tests.unit.pipeline.test_crashes import KILLED, ROOT, SHARES, World, sweep

from kakehashi.config.loader import load
from kakehashi.ports.links import LinkRow
from kakehashi_simulators.intermediate_server import IntermediateServer, options
from kakehashi_simulators.legacy.household import LANE, write_households
from kakehashi_simulators.legacy.town import Town
from kakehashi_simulators.server import ServerSettings

BATCH = 5
UNLINKED, UNKNOWN = 4, 8  # of the household of four, and of the last one
SWEPT, EVERY = (range(SHARES), 1) if FULL else (range(1), 4)


class Households:
    """Three households, and the same once more with a fourth: one has a member without a number, one a member whom the
    server does not know.
    """

    system = "registry"

    def __init__(self, folder):
        town = Town(7)
        self.files = {}
        for name, records in (("SETAI1", 7), ("SETAI2", 10)):
            write_households(folder / name, town=town, first=0, records=records)
            self.files[name] = (folder / name).read_bytes()
        self.atena = [town.atena(self.system, person).zfill(15) for person in range(10)]

    def fill(self, world):
        for name, content in self.files.items():
            world.source.put(name, content)
        linked = [person for number, person in enumerate(self.atena) if number != UNLINKED]
        rows = [LinkRow(system=self.system, atena=person, unified=person) for person in linked]
        assert world.links.link(rows, now=world.clock.now()) == {}
        world.server._persons.set([self.atena[UNKNOWN]], "unknown")


class HouseholdWorld(World):
    def faults(self):
        """Records of a held household wait, and there are other numbers of records."""
        found = [fault for fault in super().faults() if not fault.startswith(("not all was", "records wait"))]
        return found + [f"mixed {each}" for each in self.server._households()["mixed"]]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("households")
    whole = load(ROOT / "config")
    server = IntermediateServer(
        folder / "server",
        ROOT / "xsd" / "std-2026",
        ServerSettings(result_delay_seconds=0.0, check_digest=True),
        options(),
    )
    server._account.connection.execute("PRAGMA synchronous = OFF")
    route = dataclasses.replace(whole.routes[LANE], batch_records=BATCH)
    configuration = dataclasses.replace(whole, routes={LANE: route})
    world = HouseholdWorld(LANE, configuration, server, Households(folder))
    assert world.run({}) == []
    world.untroubled, world.calls = world.facts(), tuple(world.fates.calls)
    yield world
    server.close()


def test_the_untroubled_run_holds_two_households(world):
    """The run that all others are compared with: four of the first file wait or are refused, seven of the second."""
    codes = sorted(code for _, _, code, _, _ in world.untroubled["exceptions"])
    assert codes == ["HSH-001"] * 8 + ["IDN-001"] * 2 + ["SRV-005"]
    assert world.server._households() == {"groups": 4, "mixed": []}


@pytest.mark.parametrize("share", SWEPT)
def test_a_kill_at_any_call_shows_no_part_of_a_household(world, share):
    """A kill -9 before or after a call of any port (of every twelfth in a quick run): the same outcomes, none mixed."""
    turns = count()
    sweep(world, share, lambda _: () if next(turns) % EVERY else KILLED)
