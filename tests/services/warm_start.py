"""Gateway processes of the tests begin quickly: forked from one that has loaded the program's modules and nothing else.

They are processes like any other: own pid, own memory, kill -9 is kill -9. To begin anew takes 1.2 s of processor time
before the first file is looked at, forked a third of a second, and whole runs begin hundreds. A process with an
environment of its own begins anew, as an operator would begin it; so do the demo, the commands, what is killed at
random, and what the tests of the order of system calls start. Failpoints alone are given to a forked one.
"""

import multiprocessing
import os
import subprocess
import sys

import pytest

from kakehashi import failpoint
from kakehashi.cli.main import main
from kakehashi_simulators.demo.processes import GatewayProcesses, end_with_parent, started_anew

WARM = multiprocessing.get_context("forkserver")
WARM.set_forkserver_preload(
    [
        "kakehashi.cli.main",
        "kakehashi.cli.run",
        "kakehashi_adapters.amqp",
        "kakehashi_adapters.file_drop",
        "kakehashi_adapters.spool",
        "kakehashi_adapters.surroundings",
        "kakehashi_adapters.system_clock",
        "kakehashi_adapters.https_client",
        "kakehashi_adapters.live_endpoints",
        "kakehashi_adapters.local_queue",
        "kakehashi_adapters.plugins",
        "kakehashi_adapters.sql_store",
        "kakehashi_adapters.vault",
    ]
)


@pytest.fixture(scope="session", autouse=True)
def warm_start():
    """Gateway processes are forked; nothing is, before the first is asked for."""
    before = GatewayProcesses.launch
    GatewayProcesses.launch = staticmethod(forked)
    yield
    GatewayProcesses.launch = before


@pytest.fixture
def cold_start(monkeypatch):
    """Begun anew, as operators do. Forked, who is killed each second would be at work each time, and a batch that is in
    hand at three deaths is parked.
    """
    monkeypatch.setattr(GatewayProcesses, "launch", staticmethod(started_anew))


def forked(arguments, output, environment):
    """As `started_anew`, sooner."""
    if set(environment) <= {failpoint.VARIABLE}:
        return Forked(arguments, output, environment.get(failpoint.VARIABLE))
    return started_anew(arguments, output, environment)


class Forked:
    """What subprocess.Popen is for a process that began anew."""

    def __init__(self, arguments, output, failpoints):
        self.args = ["kakehashi", *arguments]
        given = (arguments, output, dict(os.environ), failpoints)
        self._process = WARM.Process(target=_kakehashi, args=given, daemon=True)
        self._process.start()
        self.pid = self._process.pid

    @property
    def returncode(self):
        return self._process.exitcode

    def poll(self):
        return self._process.exitcode

    def wait(self, timeout=None):
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self.args, timeout)
        return self._process.exitcode

    def send_signal(self, number):
        if self._process.exitcode is None:
            os.kill(self.pid, number)

    def kill(self):
        self._process.kill()

    def terminate(self):
        self._process.terminate()


def _kakehashi(arguments, output, environment, failpoints):
    """Runs in the forked process."""
    end_with_parent()
    with output.open("ab") as stream:
        for number in (1, 2):
            os.dup2(stream.fileno(), number)
    os.environ.clear()
    os.environ.update(environment)
    if failpoints:
        _give(failpoint.Failpoints.of(failpoints).reached)
    sys.argv = ["kakehashi", *arguments]
    main()


def _give(reached):
    """To all modules that loaded when the process had no failpoints."""
    nothing = failpoint.reached
    for module in [each for each in sys.modules.values() if getattr(each, "reached", None) is nothing]:
        module.reached = reached
