"""Later wins per person on real processes, through retries, redrive, and the deaths of several workers (oracle O).

The seed makes the same persons, records and victims again.
"""

import random
import signal
import time

import pytest
from tests.acceptance.watching import eventually, kakehashi, settled
from tests.faults.site import SEED, Site
from tests.tier import FULL

from kakehashi.config.settings import BrokerSettings
from kakehashi.domain.batch import BatchState, FileState
from kakehashi.domain.redrive import OrderState
from kakehashi_simulators.demo.run import started
from kakehashi_simulators.legacy.tax import LANE

WORKERS = ("worker", "second", "third")
CHANGES = 40 if FULL else 5
SETTINGS = "\n[limits]\nbatch_records = 2\n"
BULK = 60
IN_DEAD_HANDS = 2 * BrokerSettings().prefetch
"""Batches that a worker may hold of a lane: one prefetch of new ones, one of those that go on."""


@pytest.fixture
def site(tmp_path, own_rabbitmq):
    """Three workers. The first file came before anybody was linked, and waits for its redrive."""
    options = {"seed": SEED, "scale": 0.1, "faults": False, "result_delay_seconds": 0.2}
    with started(tmp_path / "site", broker=own_rabbitmq.url, extra=SETTINGS, **options) as run:
        site = Site(run, records=40, new=1)
        site.drop()
        settled(run)
        site.drop_links()
        settled(run)
        for name in WORKERS[1:]:
            run.processes.start(name, ("worker",))
        yield site


def redrive(site):
    """An operator sends everything again that was refused because nobody was linked."""
    words = ("parked", "retry", "--cause", "IDN-001", "--lane", LANE, "--reason", "linked", "--yes")
    assert kakehashi(*words, "--config", site.run.site.config).returncode == 0


def replace_one(site, name):
    site.run.processes.kill(name)
    site.run.processes.restart(name)


def newest_file(site):
    return site.run.store.files(lane=LANE, most=1)[0]


def a_bulk_file_in_dead_hands(site):
    """A worker stands still with rows of a bulk file in hand; a daytime change of the same persons is accepted; then it
    is killed, and the rows come again.
    """
    run, began = site.run, time.time()
    run.processes.kill("third")
    worker = run.processes.running["worker"]

    def worked():
        return any(event["pid"] == worker.pid for event in site.told(began, "batch.settled"))

    eventually(lambda: worked() or site.drop(), every=1, what="a worker that has begun to work")
    settled(run, seconds=120)
    worker.send_signal(signal.SIGSTOP)
    site.records = BULK
    site.drop()
    eventually(lambda: len(run.store.files(lane=LANE)) == len(site.files), what="the bulk file")
    bulk = newest_file(site)

    def unsettled():
        return [row for row in run.store.batches(bulk.id) if row.state is not BatchState.SETTLED]

    eventually(lambda: len(unsettled()) == IN_DEAD_HANDS, what="the end of all that the others have of it")
    site.drop()
    eventually(lambda: len(run.store.files(lane=LANE)) == len(site.files), what="the daytime change")
    over = {FileState.SETTLED, FileState.RETURNED}
    eventually(lambda: newest_file(site).state in over, seconds=60, what="the acceptance of the change")
    held = [row for row in unsettled() if row.state is BatchState.QUEUED]
    assert held, "nothing of the bulk file was held up"
    replace_one(site, "worker")
    settled(run)
    superseded = run.store.exceptions(lane=LANE, code="REF-002", most=1_000_000)
    assert {row.batch_id for row in superseded} >= {row.id for row in held}, "an older row went out again"


@pytest.mark.timeout(900)
def test_the_newest_change_is_the_last_word_whoever_dies_and_whatever_is_sent_again(site):
    """A person changes with every file, while one of three workers is killed, the server refuses now and then, and the
    first file's records are redriven. No older row ever stands where a newer one was sent, whoever crashed between.
    """
    chance, run = random.Random(SEED), site.run
    for number in range(CHANGES):
        site.drop()
        if number == CHANGES // 3:
            redrive(site)
        if chance.random() < 0.4:
            run.server.set_faults(http_status=503, http_status_times=2)
        time.sleep(chance.uniform(0.1, 0.8))
        replace_one(site, chance.choice(WORKERS))
    eventually(lambda: not run.store.orders(state=OrderState.OPEN), seconds=60, what="the order")
    settled(run, seconds=120)
    assert site.wrong() == []
    a_bulk_file_in_dead_hands(site)
    assert site.wrong() == []
