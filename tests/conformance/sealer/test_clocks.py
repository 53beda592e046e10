"""Both clocks tell Japan Standard Time."""

from datetime import timedelta

import pytest

from kakehashi.testing.memory_clock import MemoryClock
from kakehashi_adapters.system_clock import SystemClock


@pytest.mark.parametrize("clock", [SystemClock(), MemoryClock()], ids=["system", "memory"])
def test_the_present_is_aware_and_japanese(clock):
    """Every instant carries +09:00, and a sleep passes at least its time (a negative one none)."""
    before = clock.now()
    clock.sleep(timedelta(milliseconds=2))
    clock.sleep(timedelta(seconds=-5))
    assert before.utcoffset() == timedelta(hours=9)
    assert timedelta(milliseconds=2) <= clock.now() - before < timedelta(seconds=4)
