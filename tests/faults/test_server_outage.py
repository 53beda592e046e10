"""E36 on real processes: a server that answers 503 while much waits is left in peace, and not run over after."""

import itertools
import time
from datetime import datetime, timedelta

import pytest
from tests.acceptance.watching import eventually, links_settled, logged, settled
from tests.faults.site import SEED, Site
from tests.tier import FULL

from kakehashi_simulators.demo.run import started

FILES, RECORDS = (250, 200) if FULL else (10, 30)
OUTAGE = 1800 if FULL else 12
SETTINGS = "\n[limits]\nbatch_records = 5\n"


def busiest(times, seconds=1):
    """Most requests within so many seconds."""
    ordered, most, start = sorted(times), 0, 0
    for end, at in enumerate(ordered):
        while at - ordered[start] >= seconds:
            start += 1
        most = max(most, end - start + 1)
    return most


@pytest.mark.timeout(4000 if FULL else 200)
@pytest.mark.exam("E36")
def test_a_server_that_answers_503_is_left_in_peace_and_not_run_over_after(tmp_path):
    """Retries within their tenth, the breaker open in time, at most twice the usual rate after; nothing lost or twice.

    In the log at most one line in five seconds for each kind of event about the server.
    """
    options = {
        "seed": SEED,
        "scale": 2.0 if FULL else 0.2,
        "faults": False,
        "result_delay_seconds": 0.1,
        "extra": SETTINGS,
    }
    with started(tmp_path / "site", **options) as run:
        site = Site(run, records=RECORDS, new=3)
        links_settled(run, seconds=300 if FULL else 60)
        for _ in range(FILES // 2):
            site.drop()
        eventually(lambda: sum(counts.accepted for counts in run.counts()) > 60, what="a usual rate")
        begin = time.time()
        run.server.set_faults(http_status=503, http_status_times=-1.0)
        for _ in range(FILES - FILES // 2):
            site.drop()
        opened = eventually(lambda: logged(run, "worker", "breaker.opened"), what="the breaker")
        assert run.store.breakers()[0].code == "SRV-004"
        time.sleep(OUTAGE)
        run.server.set_faults(http_status=0)
        end = time.time()
        settled(run, seconds=1500 if FULL else 120)
        assert site.wrong() == []
        times = run.server.ask("/arrivals")
        events = {name: logged(run, "worker", name) for name in ("server.failed", "server.held", "breaker.half_open")}

    assert datetime.fromisoformat(opened[0]["timestamp"]).timestamp() - begin <= 30
    waiting = (FILES - FILES // 2) * RECORDS / 5
    least = 8 + 5  # four under way and four more until it opens; probes after at least 0.5, 1, 2, 4 and 8 seconds
    assert sum(begin <= at < end for at in times) <= (waiting / 10 if FULL else max(waiting / 10, least))
    usual = max(busiest([at for at in times if at < begin]), 4)
    after = busiest([at for at in times if at >= end], 5)
    assert after <= 5 * 2 * usual + 4  # the four connections may be late into these seconds
    for name, found in events.items():
        for code in {event.get("code") for event in found}:
            stamps = [datetime.fromisoformat(event["timestamp"]) for event in found if event.get("code") == code]
            gaps = [later - earlier for earlier, later in itertools.pairwise(stamps)]
            assert all(gap >= timedelta(seconds=4.9) for gap in gaps), (name, code)
