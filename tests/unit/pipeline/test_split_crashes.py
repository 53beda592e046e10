"""The same sweep over a server that takes two records at once: batches of three are split, whatever dies or fails."""

import dataclasses

import pytest
from tests.tier import FULL
from tests.unit.pipeline.test_crashes import (
    BATCH,
    KILLED,
    ROOT,
    SHARES,
    SmallTown,
    World,
    failures,
    sweep,
)

from kakehashi.config.loader import load
from kakehashi_simulators.intermediate_server import IntermediateServer, options
from kakehashi_simulators.server import ServerSettings

LANE = "tax-levy"
SWEPT = range(SHARES) if FULL else range(1)


@pytest.fixture(scope="module", params=["told by the server", "known from the profile"])
def world(request, tmp_path_factory):
    """`told`: the server refuses what is too large (6001); `known`: the cap of the profile is met before sending."""
    folder = tmp_path_factory.mktemp("split")
    whole = load(ROOT / "config")
    profile, most = whole.profile, 2
    if request.param == "known from the profile":
        profile, most = dataclasses.replace(profile, caps=dataclasses.replace(profile.caps, bytes_per_send=3000)), 100
    server = IntermediateServer(
        folder / "server",
        ROOT / "xsd" / "std-2026",
        ServerSettings(result_delay_seconds=0.0, check_digest=True, records_most=most),
        options(),
    )
    server._account.connection.execute("PRAGMA synchronous = OFF")
    route = dataclasses.replace(whole.routes[LANE], batch_records=BATCH)
    configuration = dataclasses.replace(whole, routes={LANE: route}, profile=profile)
    world = World(LANE, configuration, server, SmallTown(folder, LANE))
    assert world.run({}) == []
    world.untroubled, world.calls = world.facts(), tuple(world.fates.calls)
    yield world
    server.close()


def test_the_untroubled_run_splits(world):
    """The run that all others are compared with has parts, and the outcome of a run without them."""
    assert "store.split" in world.calls
    assert world.untroubled["counts"] == (10, 6, 4)
    assert any(row.part_of for file in world.store.files() for row in world.store.batches(file.id))


@pytest.mark.parametrize("share", SWEPT)
def test_a_kill_at_any_call_of_a_split_changes_nothing(world, share):
    """A kill -9 before or after each call of any port: every record has the outcome of the untroubled run."""
    sweep(world, share, lambda _: KILLED)


@pytest.mark.parametrize("share", SWEPT)
def test_a_failure_of_any_call_of_a_split_changes_nothing(world, share):
    """Every error that a port's contract names, before or after the effect of each call: the same end."""
    sweep(world, share, failures)
