"""Twenty lanes under load while worker, intake and broker are killed at random every few seconds (exam E05)."""

import random

import pytest
from tests.faults.soak import PARTS, soak
from tests.tier import FULL

RECORDS, SECONDS = (500_000, 600) if FULL else (12_000, 50)


@pytest.mark.exam("E05")
@pytest.mark.timeout(SECONDS + 1200)
def test_random_kills_of_all_parts_lose_repeat_and_reorder_nothing(tmp_path, own_rabbitmq, cold_start, record_property):
    """Nothing lost, nothing twice, later wins, the books add up; everything is settled soon after the last kill."""
    seed = random.SystemRandom().randrange(10**6)
    figures = soak(tmp_path, own_rabbitmq, records=RECORDS, lanes=20, seconds=SECONDS, seed=seed, patience=900)
    record_property("soak", str(figures))
    assert figures["wrong"] == [], figures
    assert figures["released"] <= (5 if FULL else 0), figures  # of a thousand batches, with seventy deaths among them
    assert set(figures["strikes"]) == set(PARTS), figures
