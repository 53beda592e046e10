"""Thousands of schedules of the real core: two workers, two changes of a person, crashes and faults at any port call.

A failure names its seed; `KAKEHASHI_SEED=n pytest tests/model/test_real_core.py -k seed` plays that schedule again.
"""

import os

import pytest
from tests.model.protocol import VARIANTS as BROKEN
from tests.model.schedule import World
from tests.model.variants import RULES, VARIANTS, rules_for
from tests.tier import FULL

SCHEDULES, PARTS = (20_000 if FULL else 420), 3
FIRST, UNTIL_CAUGHT = 500, 1000
"""The rarest is caught by one schedule of some three hundred: which of them it is moves with every new port call."""


@pytest.fixture(scope="module")
def play(world_of):
    """Seed, rules → what went wrong in that schedule, and what happened in it."""

    def played(seed, rules):
        world = world_of(World, rules)
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
    """What somebody might have written instead breaks what it breaks in the model, within a thousand schedules."""
    rules = rules_for(variant)
    broken = (fault[0] for seed in range(FIRST, FIRST + UNTIL_CAUGHT) for fault in play(seed, rules)[0])
    assert BROKEN[variant] in broken, "no schedule caught it"


@pytest.mark.parametrize("rules", RULES)
def test_a_seed_plays_the_same_schedule_again(play, rules):
    """The same seed, the same story; the seed may come from the environment, to look into a failure."""
    seed = int(os.environ.get("KAKEHASHI_SEED", "17"))
    faults, story = play(seed, RULES[rules])
    assert play(seed, RULES[rules]) == (faults, story)
    assert faults == [], story
