"""Failpoints do what their variable says, and nothing without it."""

import os
import re
import select
import signal
import subprocess
import sys

import pytest
from tests.architecture.sources import constant, product

from kakehashi import failpoint
from kakehashi.failpoint import STEPS, VARIABLE, FailpointReached, Failpoints

PROGRAM = "from kakehashi.failpoint import reached\nfor _ in range(3): reached('worker.intended'); print('passed')"

BUSY_PROGRAM = """
from threading import Thread
from kakehashi.failpoint import reached
def step(): reached('worker.intended'); print("passed", flush=True)
for _ in range(8): Thread(target=lambda: [0 for _ in iter(int, 1)], daemon=True).start()
thread = Thread(target=step); thread.start(); thread.join()
"""


def ran(failpoints, program=PROGRAM):
    environment = {name: text for name, text in os.environ.items() if name != VARIABLE} | failpoints
    command = [sys.executable, "-u", "-c", program]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def test_every_step_of_the_list_is_in_the_code_and_the_other_way_round():
    """Every name that the code reaches is in the list, and each name of the list stands in the code once."""
    used = [
        constant(node.args[0]) for source in product() for node, name in source.calls("reached") if name == "reached"
    ]
    assert sorted(used) == sorted(STEPS)


def test_without_the_variable_nothing_is_counted():
    """A process without failpoints passes a step by a function that does nothing."""
    assert VARIABLE not in os.environ
    assert failpoint.reached("worker.intended") is None
    assert failpoint.reached.__code__.co_names == ()


def test_a_process_kills_itself_at_the_passage_that_was_named():
    """The second passage is the last thing that the process does."""
    process = ran({VARIABLE: "worker.received:1:kill, worker.intended:2:kill"})
    assert (process.communicate()[0], process.returncode) == ("passed\n", -signal.SIGKILL)


def test_a_paused_process_goes_on_when_it_is_told_to():
    """Frozen at the step, as by a debugger or a suspended machine; SIGCONT lets it go on."""
    process = ran({VARIABLE: "worker.intended:1:pause"})
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    process.send_signal(signal.SIGCONT)
    assert process.communicate()[0] == "passed\n" * 3


def test_the_thread_that_is_paused_goes_no_step_further():
    """Whatever other threads do: nothing is written after the step until SIGCONT."""
    for _ in range(3):
        process = ran({VARIABLE: "worker.intended:1:pause"}, BUSY_PROGRAM)
        os.waitpid(process.pid, os.WUNTRACED)
        written, _, _ = select.select([process.stdout], [], [], 0)
        process.kill()
        process.communicate()
        assert not written


def test_an_error_is_raised_once():
    """`raise` raises at one passage only."""
    points = Failpoints.of("intake.spooled:2:raise")
    points.reached("intake.spooled")
    with pytest.raises(FailpointReached):
        points.reached("intake.spooled")
    points.reached("intake.spooled")


@pytest.mark.parametrize("text", ["worker.nowhere:1:kill", "worker.intended:0:kill", "worker.intended:1:burn", "x", ""])
def test_a_mistyped_failpoint_is_refused(text):
    """A rehearsal that would rehearse nothing does not begin."""
    with pytest.raises(ValueError, match=re.escape(VARIABLE)):
        Failpoints.of(text)


def test_a_step_that_is_not_in_the_list_is_an_error():
    """So that no step can be added without its place in the list."""
    with pytest.raises(LookupError):
        Failpoints.of("worker.intended:1:kill").reached("worker.elsewhere")
