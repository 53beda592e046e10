"""Thousands of schedules of the real core: two workers, two changes of a person, crashes and faults at any port call.

A failure names its seed; `KAKEHASHI_SEED=n pytest tests/model/test_real_core.py -k seed` plays that schedule again.
"""

import dataclasses
import os
from argparse import Namespace
from pathlib import Path

import pytest
from tests.model.protocol import VARIANTS as BROKEN
from tests.model.schedule import Files, Rules, World
from tests.model.variants import NEED_NO_RESCUE, VARIANTS, Product
from tests.tier import FULL

from kakehashi.config.loader import load
from kakehashi.validation.schema import SchemaSet
from kakehashi_simulators.intermediate_server import IntermediateServer
from kakehashi_simulators.legacy.tax import write_tax
from kakehashi_simulators.legacy.town import Town
from kakehashi_simulators.server import ServerSettings

ROOT = Path(__file__).parents[2]
LANE = "tax-levy"
SCHEDULES, PARTS = (20_000 if FULL else 700), 3
UNTIL_CAUGHT = 400
RULES = {
    "idempotent": Rules(),
    "not-idempotent": Rules(idempotent=False),
    "without-rescue": Rules(rescue=False),
}


@pytest.fixture(scope="module")
def configuration():
    """One lane, batches of two records; the server's memory is what the rules say."""
    whole = load(ROOT / "config")
    route = dataclasses.replace(whole.routes[LANE], batch_records=2)

    def build(rules):
        messages = {
            id_: dataclasses.replace(rule, idempotent=rules.idempotent) for id_, rule in whole.profile.messages.items()
        }
        profile = dataclasses.replace(whole.profile, messages=messages)
        return dataclasses.replace(whole, routes={LANE: route}, profile=profile)

    return build


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory):
    """Server, files and schemas, made once for thousands of schedules."""
    folder = tmp_path_factory.mktemp("schedules")
    server = IntermediateServer(
        folder / "server",
        ROOT / "xsd" / "std-2026",
        ServerSettings(result_delay_seconds=0.0, check_digest=True),
        Namespace(no_symbol_ending="", certificates=None, port=0, admin_port=0, connections=16),
    )
    server._account.connection.execute("PRAGMA synchronous = OFF")  # thousands of schedules
    town, contents = Town(7), {}
    for number, records in enumerate((2, 3), start=1):
        write_tax(folder / f"LEVY{number}.DAT", town=town, first=0, records=records)
        contents[f"LEVY{number}.DAT"] = (folder / f"LEVY{number}.DAT").read_bytes()
    files = Files(contents, [town.atena("tax", person).zfill(15) for person in range(3)])
    yield server, files, SchemaSet(ROOT / "xsd" / "std-2026")
    server.close()


@pytest.fixture(scope="module")
def play(surroundings, configuration):
    """Seed, rules → what went wrong in that schedule, and what happened in it."""
    server, files, schemas = surroundings

    def played(seed, rules):
        variant = VARIANTS[rules.variant]() if rules.variant else Product()
        world = World(configuration(rules), schemas, server, files, variant)
        return world.run(seed, rules), world.story

    return played


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("rules", RULES)
def test_no_schedule_loses_repeats_reorders_or_misreports(play, rules, part):
    """At rest every record has one true outcome, no effect stands twice, and the newest change is the last word."""
    failed = {}
    for seed in range(part, SCHEDULES, PARTS):
        faults, story = play(seed, RULES[rules])
        if faults:
            failed[seed] = (faults, story)
    assert not failed, f"{len(failed)} seeds: {sorted(failed)[:20]}; {next(iter(failed.items()))}"


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_failing_variant_of_the_core_is_caught(play, variant):
    """What somebody might have written instead breaks what it breaks in the model, within some hundred schedules."""
    resent = "late" in variant or "in-flight" in variant
    rules = Rules(
        idempotent="non-idempotent" not in variant and not resent,
        late=resent or "timeout" in variant,
        rescue=variant not in NEED_NO_RESCUE,
        variant=variant,
    )
    broken = (fault[0] for seed in range(UNTIL_CAUGHT) for fault in play(seed, rules)[0])
    assert BROKEN[variant] in broken, "no schedule caught it"


@pytest.mark.parametrize("rules", RULES)
def test_a_seed_plays_the_same_schedule_again(play, rules):
    """The same seed, the same story; the seed may come from the environment, to look into a failure."""
    seed = int(os.environ.get("KAKEHASHI_SEED", "17"))
    faults, story = play(seed, RULES[rules])
    assert play(seed, RULES[rules]) == (faults, story)
    assert faults == [], story
