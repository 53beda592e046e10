"""What fuzzing found once stays as it is: every kept input of every target, each within its time."""

import time

import pytest
from tests.fuzz.corpus import kept
from tests.fuzz.targets import TARGETS

SECONDS = 5


@pytest.mark.parametrize("target", TARGETS)
def test_kept_inputs_find_nothing(target):
    """No input of the corpus raises, breaks a property, or takes long."""
    inputs = kept(target)
    assert inputs
    for raw in inputs:
        begun = time.process_time()
        TARGETS[target](raw)
        assert time.process_time() - begun < SECONDS
