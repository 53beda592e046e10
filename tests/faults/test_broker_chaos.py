"""Everything at once: processes killed and frozen, the broker killed and restarted, connections cut (exam E05)."""

import pytest
from tests.faults.site import SEED
from tests.faults.strikes import Strikes
from tests.tier import FULL

SECONDS = 1800 if FULL else 10


@pytest.mark.exam("E05")
@pytest.mark.timeout(2400 if FULL else 200)
def test_random_strikes_at_all_parts_lose_repeat_and_reorder_nothing(troubled, record_property):
    """Work comes in while a seed strikes at worker, intake, broker and wire: the books agree when it is over."""
    strikes = Strikes(troubled.run, seed=SEED, broker=troubled.rabbit, proxy=troubled.proxy)
    with troubled.judged(expected={"broker.unavailable"}):
        strikes.strike_for(SECONDS, between=troubled.drop)
    record_property("strikes", dict(strikes.counts()))
