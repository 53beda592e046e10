"""The real core driven by hypothesis: what happens next is its choice, and a failure is shrunk to the least that fails.

Beside the schedules from a seed (test_real_core.py), which are more and longer, in the same world.
"""

import random
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.model.actor import ROLES
from tests.model.schedule import World
from tests.model.variants import RULES, rules_for
from tests.tier import FULL

KILLS, FAILURES = ["killed", "killed after"], ["failed", "failed after", "blocked"]
WIRES = ["unreachable", "429", "503", "never", "lost", "late", "garbage"]
THOROUGH = settings(
    max_examples=3000 if FULL else 60,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
UNTIL_CAUGHT = settings(THOROUGH, max_examples=1000, phases=[Phase.generate], derandomize=True, database=None)


class Steered(World):
    """What becomes of the next call and the next message is said by whoever steers; then all is well again."""

    next_fate = next_wire = "well"

    def fate(self):
        fate, self.next_fate = self.next_fate, "well"
        return fate

    def wire(self):
        wire, self.next_wire = self.next_wire, "well"
        return wire


class Core(RuleBasedStateMachine):
    """`made`: rules → a world; `choices`: the rules of which it takes one."""

    made, choices = None, ()

    @initialize(data=st.data())
    def begin(self, data):
        rules = data.draw(st.sampled_from(self.choices))
        self.world = self.made(rules)
        self.world.draw = random.Random(0)  # the order of a queue
        self.actors = {actor.name: actor for actor in self.world.begin(rules)}

    def may_fail(self):
        return self.world.faults_left and self.world.rules.rescue and not self.world.rules.late

    @rule(who=st.sampled_from(list(ROLES)), calls=st.integers(1, 40))
    def go_on(self, who, calls):
        for _ in range(calls):
            self.actors[who].go_on()

    @precondition(lambda self: self.world.faults_left and not self.world.rules.late)
    @rule(who=st.sampled_from(list(ROLES)), fate=st.sampled_from(KILLS))
    def kill(self, who, fate):
        self.world.next_fate = fate
        self.actors[who].go_on()

    @precondition(may_fail)
    @rule(who=st.sampled_from(list(ROLES)), fate=st.sampled_from(FAILURES))
    def fail(self, who, fate):
        self.world.next_fate = fate
        self.actors[who].go_on()

    @precondition(may_fail)
    @rule(wire=st.sampled_from(WIRES))
    def disturb(self, wire):
        self.world.next_wire = wire

    @precondition(lambda self: self.world.faults_left and self.world.rules.late)
    @rule()
    def delay(self):
        self.world.next_wire = "late"

    @precondition(lambda self: self.world.flying)
    @rule(which=st.integers(0, 5))
    def arrive(self, which):
        flying = self.world.flying
        self.world.server._messages.answer(flying.pop(which % len(flying)))

    @precondition(may_fail)
    @rule(kind=st.sampled_from(["purge", "cut", "closed", "back"]))
    def trouble(self, kind):
        self.world.faults_left -= 1
        self.world.trouble(kind)

    @rule(seconds=st.sampled_from([1, 6, 40, 130, 4000]))
    def wait(self, seconds):
        self.world.clock.advance(timedelta(seconds=seconds))

    @rule()
    def operate(self):
        self.world.operate()

    @rule()
    def reorder(self):
        self.world.reorder()

    @invariant()
    def books_add_up(self):
        """At every moment, not only in the end."""
        world = getattr(self, "world", None)
        assert world is None or all(counts.adds_up for counts in world.store.counts())

    def teardown(self):
        if hasattr(self, "world"):
            self.world.heal(list(self.actors.values()))
            assert self.world.wrong() == [], self.world.story


def steering(world_of, choices):
    made = staticmethod(lambda rules: world_of(Steered, rules))
    return type("Core", (Core,), {"made": made, "choices": choices})


def test_whatever_happens_next_nothing_is_lost_repeated_reordered_or_misreported(world_of):
    """Every choice of who goes on, who dies, what fails and what arrives late ends with one true outcome a record."""
    run_state_machine_as_test(steering(world_of, list(RULES.values())), settings=THOROUGH)


def test_a_broken_core_is_caught(world_of):
    """Found by this machine too: one variant. All of them: test_real_core.py, whose schedules are many more."""
    with pytest.raises(AssertionError):
        run_state_machine_as_test(steering(world_of, [rules_for("timeout treated as failure")]), settings=UNTIL_CAUGHT)
