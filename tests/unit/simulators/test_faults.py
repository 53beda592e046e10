from __future__ import annotations

import pytest

from kakehashi_simulators.faults import Faults


def test_a_number_is_how_often():
    """Strength 3 strikes the next three times, then never again."""
    faults = Faults()
    faults.set({"drop_response_after_apply": 3})
    assert [faults.strikes("drop_response_after_apply") for _ in range(5)] == [True] * 3 + [False] * 2


def test_true_is_always():
    """The JSON value true makes a fault strike every time."""
    faults = Faults()
    faults.set({"garbage_answer": True})
    assert all(faults.strikes("garbage_answer") for _ in range(100))


def test_a_fraction_is_a_probability_that_a_seed_repeats():
    """Strength 0.3 strikes about 30 % of the time; the same seed gives the same series."""

    def series():
        faults = Faults()
        faults.set({"cut_before_apply": 0.3, "seed": 11})
        return [faults.strikes("cut_before_apply") for _ in range(1000)]

    assert series() == series()
    assert 230 < sum(series()) < 370


@pytest.mark.parametrize("changes", [{"no_such_switch": 1}, {"closed": "yes"}, {"http_status": "503"}, {"seed": None}])
def test_a_wrong_switch_changes_nothing(changes):
    """An unknown name or a wrong type is refused, and no other switch of the call is set."""
    faults = Faults()
    with pytest.raises(ValueError, match=r"switch|type"):
        faults.set({"delay_seconds": 5, **changes})
    assert faults.now == Faults().now
