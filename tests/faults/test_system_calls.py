"""kill -9 at the n-th sync, rename, send or write of a real process: no place between two effects is left out (E02).

strace kills the process when one of its threads begins the call for the n-th time. The full tier goes on from 1 until
the process gets through its work; the fast one takes a few of them by a seed.
"""

import random
import signal
import subprocess
import sys
import time

import pytest
from tests.acceptance.watching import eventually, links_settled
from tests.faults.site import SEED, Site, release
from tests.tier import FULL

from kakehashi.domain.batch import FileState
from kakehashi_simulators.demo.run import started
from kakehashi_simulators.legacy.tax import LANE

CALLS = {
    "fdatasync": "fdatasync,fsync",
    "rename": "rename,renameat,renameat2",
    "sendto": "sendto,sendmsg",
    "write": "write",
}
VICTIMS = {
    "intake": ["fdatasync", "rename", "write"],
    "worker": ["fdatasync", "write"],
    "scheduler": ["fdatasync", "rename", "write"],
}
SENDING = ["intake", "worker"]
"""To RabbitMQ; what TLS sends to the server is written."""
SAMPLE = random.Random(SEED).sample(
    [("intake", "fdatasync", 3), ("intake", "rename", 2), ("worker", "fdatasync", 4), ("worker", "write", 2),
     ("scheduler", "fdatasync", 2), ("scheduler", "rename", 1)], 2)  # fmt: skip
MOST = 400


@pytest.fixture(params=["local", "rabbitmq"] if FULL else ["local"])
def site(request, tmp_path):
    """Each role is a process of its own."""
    broker = request.getfixturevalue("own_rabbitmq").url if request.param == "rabbitmq" else None
    options = {
        "seed": SEED,
        "scale": 1.0 if FULL else 0.1,
        "faults": False,
        "broker": broker,
        "result_delay_seconds": 0.2,
    }
    with started(tmp_path / "site", extra="\n[limits]\nbatch_records = 5\n", lost_after_seconds=5, **options) as run:
        links_settled(run, seconds=300 if FULL else 60)
        run.processes.kill("intake")
        for role in ("intake", "scheduler"):
            run.processes.start(role, [role])
        yield Site(run)


def dies_at(site, victim, call, number):
    """Whether the process died at its n-th call before a file was through; afterwards another one is in its place."""
    run = site.run
    run.processes.kill(victim)
    names = CALLS[call]
    tracer = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={names}"]
    inject = ["-e", f"inject={names}:signal=KILL:when={number}"]
    command = [sys.executable, "-m", "kakehashi", "run", "--role", victim, "--config", str(run.site.config)]
    log = run.site.logs / f"{victim}-traced.jsonl"
    with subprocess.Popen(
        [*tracer, *inject, *command, "--log", str(log)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        site.drop()
        eventually(lambda: process.poll() is not None or through(site), seconds=90, what=f"{victim} at {call} {number}")
        died = process.poll() is not None
        assert not died or process.returncode == -signal.SIGKILL, process.returncode
        process.kill()
    run.processes.start(victim, [victim])
    return died


def through(site):
    """Whether the newest file has its result."""
    files = {file.name: file.state for file in site.run.store.files(lane=LANE, most=3)}
    return files.get(max(site.files)) is FileState.RETURNED


def release_killers(site):
    """A batch in whose hands three workers died is parked (E28); an operator knows that it was not the batch."""
    assert {row.code for row in site.run.store.parked_batches()} <= {"BRK-010"}
    release(site.run.store, "killed on purpose")


@pytest.mark.exam("E02")
@pytest.mark.timeout(7200 if FULL else 200)
def test_a_kill_at_the_nth_system_call_loses_repeats_and_reorders_nothing(site, record_property):
    """Whichever call it is: another process goes on, and the books agree in the end."""
    if not FULL:
        assert [strike for strike in SAMPLE if not dies_at(site, *strike)] == []
    rabbit = not site.run.configuration.gateway.broker.url.startswith("local:")
    for victim, calls in VICTIMS.items() if FULL else ():
        for call in [*calls, "sendto"] if rabbit and victim in SENDING else calls:
            last = next(number for number in range(1, MOST) if not dies_at(site, victim, call, number))
            record_property(f"{victim} {call}", last - 1)
            assert last > 1, f"{victim} never comes to {call}"
    release_killers(site)
    assert site.run.wait(lambda _counts: None, deadline=time.monotonic() + 120), site.run.counts()
    assert site.wrong() == []
