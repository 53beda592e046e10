"""Looking at a running site: its logs, its commands, and waiting until something is true."""

import json
import subprocess
import sys
import time

from click.testing import CliRunner

from kakehashi.cli.main import main


def eventually(true, *, seconds=30, every=0.1, what="it"):
    """Returns the first true answer; fails when none comes in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = true()
        if answer:
            return answer
        time.sleep(every)
    raise AssertionError(f"{what} did not come true in {seconds} s")


def logged(run, process, name):
    """The events called `name` in the log of one process."""
    path = run.site.logs / f"{process}.jsonl"
    if not path.exists():
        return []
    lines = (line for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("\n"))
    return [event for event in map(json.loads, lines) if event["event"] == name]


def kakehashi(*arguments, stdin=None, env=None):
    """The command as its user calls it."""
    return subprocess.run(
        [sys.executable, "-m", "kakehashi", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        input=stdin,
        env=env,
    )


def asked(*arguments):
    """The same inside this process: for many questions one after the other."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def links_settled(run, seconds=60):
    """Drops the registry extract and waits until the numbers are linked."""
    run.drop([sample for sample in run.manifest.samples if run.is_link(sample)])
    assert run.wait(lambda _counts: None, deadline=time.monotonic() + seconds), "the links were never settled"


def settled(run, seconds=90):
    """Waits until everything that was dropped is settled and returned."""
    assert run.wait(lambda _counts: None, deadline=time.monotonic() + seconds), [
        lane for lane in run.counts() if lane.waiting
    ]


def put(folder, name, content):
    """A file as a well-behaved system drops it: another name first, then a rename."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f".{name}.part").write_bytes(content)
    (folder / f".{name}.part").rename(folder / name)
