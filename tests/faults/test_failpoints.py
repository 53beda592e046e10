"""kill -9 at every named step of the real processes: nothing lost, nothing twice, later wins per person (exam E01).

One site goes through all steps: each process is started to die at one step, gets work, dies there, and the next one
finds what it left. The steps come from the product's own list, so a new one without a way to reach it fails here.
"""

import pytest
from tests.acceptance.watching import eventually, links_settled
from tests.faults.site import SEED, Site, release
from tests.tier import FULL

from kakehashi.domain.batch import BatchState
from kakehashi.failpoint import STEPS
from kakehashi_simulators.demo.run import started
from kakehashi_simulators.legacy.tax import LANE

SETTINGS = "\n[limits]\nbatch_records = 5\n"
AS_WORKER = [
    *("worker.received", "worker.begun", "worker.intended", "worker.asked", "worker.answered"),
    *("settling.postponed", "worker.followed", "worker.polled", "settling.settled", "worker.acknowledged"),
    *("linking.linked", "settling.split", "settling.parked"),
]
"""In an order that reaches each: who asks for the status must find an intent without an answer."""
AS_INTAKE = [step for step in STEPS if step.partition(".")[0] in {"intake", "publishing", "returning"}]
ELSEWHERE = {
    "worker.cancelled": "../acceptance/test_inquiry_commands.py",
    "symbols.intended": "test_symbols.py",
    "symbols.answered": "test_symbols.py",
    "symbols.moved": "test_symbols.py",
    "provisions.listed": "test_provisions.py",
    "provisions.added": "test_provisions.py",
    "provisions.intended": "test_provisions.py",
    "provisions.answered": "test_provisions.py",
    "provisions.moved": "test_provisions.py",
    "grouping.linked": "../acceptance/test_grouping_commands.py",
    "merging.merged": "../acceptance/test_merge_commands.py",
    "merging.undone": "../acceptance/test_merge_commands.py",
    "merging.held": "../acceptance/test_merge_commands.py",
    **dict.fromkeys(
        ("halting.placed", "halting.found", "halting.answered", "halting.noted", "halting.withdrawn"),
        "../acceptance/test_suspend_commands.py",
    ),
    **dict.fromkeys(("withholding.placed", "withholding.answered"), "../acceptance/test_suspend_commands.py"),
    "enforcing.moved": "test_enforcement.py",
    "enforcing.begun": "test_enforcement.py",
    "notices.noting": "test_notices.py",
    "notices.chosen": "test_notices.py",
    "notices.written": "test_notices.py",
    "numbers.chosen": "../acceptance/test_life_events.py",
    "numbers.written": "../acceptance/test_life_events.py",
}
"""Steps that another test kills at."""
PASSAGES = (1, 2, 3) if FULL else (1,)


@pytest.fixture(params=["local", "rabbitmq"] if FULL else ["local"])
def site(request, tmp_path):
    broker = None
    if request.param == "rabbitmq":
        broker = request.getfixturevalue("own_rabbitmq").url
    options = {
        "seed": SEED,
        "scale": 1.0 if FULL else 0.1,
        "faults": False,
        "broker": broker,
        "result_delay_seconds": 0.2,
    }
    with started(tmp_path / "site", extra=SETTINGS, **options) as run:
        yield Site(run)


def release_parked(site):
    """The server works again; an operator sends what was parked back to work."""
    site.run.server.ask("/faults", {"result_code": ""})
    release(site.run.store, "mended")


def to_parked(site, passage):
    """A server that lets nobody in is no fault of a record: the batch waits for an operator."""
    site.run.server.set_faults(result_code="5001")
    site.die("worker", "settling.parked", passage, site.drop)
    site.replace("worker")
    eventually(lambda: _all_parked(site), seconds=40, what="parking")
    release_parked(site)


def to_split(site, passage):
    """A server that takes less at once than is sent: the batch goes on in parts, and so do these."""
    site.run.server.set_faults(result_code="6001")
    site.die("worker", "settling.split", passage, site.drop)
    site.run.server.ask("/faults", {"result_code": ""})


def _all_parked(site):
    last = site.run.store.files(lane=LANE, most=1)[0]
    return all(row.state is BatchState.PARKED for row in site.run.store.batches(last.id))


@pytest.mark.exam("E01")
@pytest.mark.timeout(3000 if FULL else 300)
def test_a_kill_at_every_step_loses_repeats_and_reorders_nothing(site):
    """Each step of the product's list is reached by a process that dies there; the books agree in the end."""
    visited = set()
    site.die("worker", "linking.linked", 1, site.drop_links)
    visited.add("linking.linked")
    site.replace("worker")
    links_settled(site.run, seconds=300 if FULL else 60)  # of 605 batches, one after the other
    for passage in PASSAGES:
        for process, steps in (("worker", AS_WORKER), ("intake", AS_INTAKE)):
            for step in steps:
                if step == "settling.parked":
                    to_parked(site, passage)
                elif step == "settling.split":
                    to_split(site, passage)
                elif step == "worker.asked":
                    site.die(process, step, 1, lambda: None)  # of the batches that the one before has left
                elif step != "linking.linked":
                    site.die(process, step, passage, site.drop)
                visited.add(step)
        site.settle()
        assert site.wrong() == []
    assert visited | ELSEWHERE.keys() == STEPS.keys()
