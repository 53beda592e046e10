"""A batch that kills its worker every time is put aside after three of them; its neighbours arrive unburned."""

import signal

import pytest
from tests.acceptance.watching import eventually, links_settled, logged
from tests.faults.site import Site
from tests.tier import FULL

from kakehashi.domain.batch import BatchState
from kakehashi.failpoint import VARIABLE
from kakehashi_simulators.demo.run import started
from kakehashi_simulators.legacy.tax import LANE

SMALL_BATCHES = "\n[limits]\nbatch_records = 2\n"


@pytest.mark.timeout(300)
@pytest.mark.exam("E28")
@pytest.mark.parametrize("broker", ["rabbitmq", "local"] if FULL else ["rabbitmq"])
def test_a_batch_that_kills_its_worker_is_parked_after_three_deaths(broker, tmp_path, request):
    """The fourth worker lives: every neighbour is accepted, nothing went to the dead queue, the batch is BRK-010."""
    url = request.getfixturevalue("own_rabbitmq").url if broker == "rabbitmq" else None
    with started(tmp_path / "site", seed=3, scale=0.05, faults=False, broker=url, extra=SMALL_BATCHES) as run:
        links_settled(run)
        run.processes.kill("worker")
        Site(run, records=12).drop()
        rows = eventually(lambda: queued(run), what="the file in the queue")
        poison = rows[2]
        run.processes.environment = {VARIABLE: f"worker.begun@B{poison.id}:1:kill"}
        for _ in range(3):
            run.processes.restart("worker")
            victim = run.processes.running["worker"]
            assert victim.wait(60) == -signal.SIGKILL
        run.processes.restart("worker")
        eventually(
            lambda: run.store.batch(poison.id).state is BatchState.PARKED, seconds=60, what="the batch put aside"
        )
        others = [row.id for row in rows if row.id != poison.id]
        eventually(lambda: all(run.store.batch(number).state is BatchState.SETTLED for number in others), seconds=60)
        assert run.processes.running["worker"].poll() is None
        assert run.store.batch(poison.id).code == "BRK-010"
        (counts,) = [counts for counts in run.store.counts() if counts.lane == LANE]
        assert counts.accepted == counts.received - poison.records
        assert logged(run, "worker", "message.buried") == []
        assert run.server.account()["twice"] == 0


def queued(run):
    files = run.store.files(lane=LANE)
    rows = run.store.batches(files[0].id) if files else []
    return rows if rows and all(row.state is BatchState.QUEUED for row in rows) else None
