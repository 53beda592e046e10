"""SIGTERM while work is in hand: an end in numbered steps within the grace, whatever the server does (exam E06)."""

import signal
import subprocess
import time

import pytest
from tests.acceptance.watching import eventually
from tests.services.rabbitmq import connection
from tests.tier import FULL

from kakehashi.domain.batch import BatchState
from kakehashi.ports.store_rules import ENDED
from kakehashi_adapters.amqp.names import queues
from kakehashi_simulators.legacy.tax import LANE

GRACE = 10
BUSY = 90
"""Seconds that a process may need to begin on a machine that has other work."""
WHOLE = "intake,worker,scheduler"
STEPS = {"intake": [1, 4, 5], "scheduler": [4, 5], "worker": [2, 3, 4, 5], WHOLE: [1, 2, 3, 4, 5]}


@pytest.fixture
def alone(troubled):
    """Starts one process with these roles; without the worker among them, another one works. At the end all is as
    before.
    """
    processes = troubled.run.processes

    def start(roles):
        for name in ("worker", "intake"):
            processes.kill(name)
        if "worker" not in roles:
            processes.start("other", ["worker"])
        processes.start("one", roles.split(","))
        return processes.running["one"]

    yield start
    troubled.run.server.set_faults(answer_delay_seconds=0)
    for name in {"one", "other"} & processes.running.keys():
        processes.kill(name)
    for name in ("worker", "intake"):
        if name not in processes.running:
            processes.restart(name)


def asked(troubled):
    """Requests that the server has been sent."""
    return len(troubled.run.server.ask("/arrivals"))


def ended(process):
    """Asked again and again, as an impatient operator does; (exit code, seconds)."""
    begin = time.monotonic()
    while time.monotonic() < begin + 2 * GRACE:
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(0.05), time.monotonic() - begin
        except subprocess.TimeoutExpired:
            pass
    raise AssertionError("it never ended")


def steps(troubled, since):
    """(number, whether it ended) of each step that was told."""
    return [(event["step"], event["ended"]) for event in troubled.told(since, "gateway.stop_step")]


def messages(troubled):
    """In all queues of the lane, but the dead."""
    with connection(troubled.rabbit.url) as client:
        channel = client.channel()
        names = [queue.name for queue in queues("kakehashi", LANE) if not queue.name.endswith(".dead")]
        return sum(channel.queue_declare(name, passive=True).method.message_count for name in names)


def at_work(troubled):
    """Batches of the lane that a message is on its way for."""
    store = troubled.run.store
    rows = [row for file in store.files(lane=LANE, most=1000) for row in store.batches(file.id)]
    return [row for row in rows if row.state not in ENDED and row.state is not BatchState.NEW]


@pytest.mark.exam("E06")
@pytest.mark.parametrize("roles", STEPS if FULL else [WHOLE])
def test_sigterm_finishes_what_is_in_hand_and_brings_none_of_it_again(troubled, alone, roles):
    """Batches with the server when SIGTERM comes, and comes, and comes: exit 0 in the grace, every step told in its
    order as ended, and as many messages left as batches have not reached their end.
    """
    with troubled.judged():
        process = alone(roles)
        eventually(
            lambda: troubled.told(name="gateway.started")[-1]["pid"] == process.pid, seconds=BUSY, what="the start"
        )
        if "worker" in roles:
            troubled.run.server.set_faults(answer_delay_seconds=2)
            before = asked(troubled)
            other = troubled.run.processes
            if "intake" not in roles:
                other.start("other", ["intake"])  # no scheduler, which might publish anew what it takes for lost
            for _ in range(3):
                troubled.drop()
            eventually(lambda: asked(troubled) >= before + 2, seconds=BUSY, what="requests under way")
        else:
            troubled.drop()
        begin = time.time()
        code, took = ended(process)
        told = [event for event in troubled.told(begin) if event["pid"] == process.pid]
        assert (code, took < GRACE) == (0, True), took
        assert [(event["step"], event["ended"]) for event in told if event["event"] == "gateway.stop_step"] == [
            (number, "yes") for number in STEPS[roles]
        ]
        assert told[-1]["event"] == "gateway.stopped"
        if "worker" in roles:
            assert {event["event"] for event in told} >= {"batch.postponed"}, "nothing was finished"
            eventually(lambda: messages(troubled) == len(at_work(troubled)), what="the same number of both")
        restore(troubled)


def restore(troubled):
    """The usual two processes again."""
    processes = troubled.run.processes
    troubled.run.server.set_faults(answer_delay_seconds=0)
    for name in {"one", "other"} & processes.running.keys():
        processes.kill(name)
    for name in ("worker", "intake"):
        processes.restart(name)


@pytest.mark.exam("E06")
@pytest.mark.parametrize("roles", ["worker", WHOLE] if FULL else [WHOLE])
def test_sigterm_does_not_wait_for_a_server_that_does_not_answer(troubled, alone, roles):
    """The work in hand outlasts the grace: exit 0 within it all the same, told as a step that did not end; the work
    comes again, and is asked for before it is sent.
    """
    with troubled.judged():
        process = alone(roles)
        if "intake" not in roles:
            troubled.run.processes.start("other", ["intake", "scheduler"])
        troubled.run.server.set_faults(answer_delay_seconds=4 * GRACE)
        before = asked(troubled)
        troubled.drop()
        eventually(lambda: asked(troubled) > before, seconds=BUSY, what="requests under way")
        begin = time.time()
        code, took = ended(process)
        assert (code, took < GRACE) == (0, True), took
        assert (3, "NO") in steps(troubled, begin)
        restore(troubled)
