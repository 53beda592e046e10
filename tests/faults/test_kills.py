"""kill -9 of any part at random moments during the demo load: nothing lost, nothing twice, no file left behind.

The seed is in the test's name and in the assertion: the same seed kills at the same moments of the schedule.
"""

import random
import time

import pytest

from kakehashi_simulators.demo.run import DemoRun, started

KILLS = 6
pytestmark = pytest.mark.usefixtures("cold_start")

SMALL_BATCHES = "\n[limits]\nbatch_records = 25\n"
SCALE = 0.4
SEED = 20261124


def drop_while(run: DemoRun, strike, seed):
    """Drop the samples in as many portions and strike after each, at a moment the seed decides."""
    moments = random.Random(seed)
    links = [sample for sample in run.manifest.samples if sample.lane == "registry-persons"]
    rest = [sample for sample in run.manifest.samples if sample.lane != "registry-persons"]
    run.drop(links)
    assert run.wait(lambda _counts: None, deadline=time.monotonic() + 60), "the links were never settled"
    portion = -(-len(rest) // KILLS)
    for number in range(KILLS):
        run.drop(rest[number * portion : (number + 1) * portion])
        time.sleep(moments.uniform(0.05, 1.0))
        strike(number)
        assert run.server.ask("/households")["mixed"] == [], f"strike {number}: a part of a household is to be seen"


def settle_and_judge(run: DemoRun):
    """After the last kill everything goes on by itself; then the books must agree."""
    finished = run.wait(lambda _counts: None, deadline=time.monotonic() + 150)
    verdict = run.verdict()
    assert finished, f"not settled: {[lane for lane in verdict.counts if lane.waiting]}"
    assert verdict.problems == ()
    households = run.server.ask("/households")
    assert households["groups"]
    assert households["mixed"] == []
    left = [path for path in run.left_behind() if path.is_file()]
    assert left == [], f"files left behind: {left}"


@pytest.mark.parametrize("victim", ["worker", "intake"])
@pytest.mark.parametrize("kind", ["local", "rabbitmq"])
@pytest.mark.timeout(400)
def test_a_killed_gateway_process_loses_and_repeats_nothing(kind, victim, tmp_path, request):
    """The worker, or the intake, killed again and again on either broker: the books add up, no effect twice."""
    broker = request.getfixturevalue("own_rabbitmq").url if kind == "rabbitmq" else None

    with started(tmp_path / "site", seed=SEED, scale=SCALE, broker=broker, extra=SMALL_BATCHES) as run:

        def strike(_number):
            run.processes.kill(victim)
            run.processes.restart(victim)

        drop_while(run, strike, SEED)
        settle_and_judge(run)


@pytest.mark.timeout(400)
@pytest.mark.exam("E03")
def test_a_killed_broker_loses_and_repeats_nothing(tmp_path, own_rabbitmq):
    """RabbitMQ killed again and again during the load: the gateway reconnects by itself, the books add up."""
    with started(tmp_path / "site", seed=SEED, scale=SCALE, broker=own_rabbitmq.url, extra=SMALL_BATCHES) as run:

        def strike(_number):
            own_rabbitmq.kill()
            own_rabbitmq.start()

        drop_while(run, strike, SEED)
        settle_and_judge(run)


@pytest.mark.timeout(400)
def test_the_embedded_queue_survives_both_its_users_being_killed(tmp_path):
    """The embedded broker lives in the processes that use it: killing all of them at once is its kill -9."""
    with started(tmp_path / "site", seed=SEED, scale=SCALE, extra=SMALL_BATCHES) as run:

        def strike(_number):
            for name in ("worker", "intake"):
                run.processes.kill(name)
            for name in ("worker", "intake"):
                run.processes.restart(name)

        drop_while(run, strike, SEED)
        settle_and_judge(run)
