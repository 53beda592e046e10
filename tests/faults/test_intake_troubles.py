"""Intakes that freeze, disks that are full or fail, folders that vanish: on real processes (exam E12, E13, E53 to E55).

Disks are small ones in memory, mounted over a folder of the running site: that needs root, or `unshare -rm`.
"""

import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
from tests.acceptance.watching import eventually, links_settled
from tests.faults.disks import small_disk
from tests.faults.dropping import SEED, Dropping
from tests.faults.site import stopped
from tests.tier import FULL

from kakehashi.domain.batch import FileState
from kakehashi.failpoint import STEPS, VARIABLE
from kakehashi_simulators.demo.run import started

pytestmark = [pytest.mark.xdist_group("intake-troubles"), pytest.mark.timeout(1200 if FULL else 300)]

LEASE = 5
ALL = [step for step in STEPS if step.startswith("intake.")]
FROZEN = ["intake.claimed", "intake.spooled"] if FULL else ["intake.claimed"]
"""Before the ledger has it: afterwards another thread may be frozen in a transaction of SQLite (guarantees.md)."""
RAISING = ALL if FULL else ["intake.spooled"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A lease of five seconds in the tax lane."""
    folder = tmp_path_factory.mktemp("troubles") / "site"
    with started(folder, seed=SEED, scale=0.05, faults=False, result_delay_seconds=0.2) as run:
        links_settled(run)
        path = run.site.config / "routes" / "tax-levy" / "route.toml"
        text = path.read_text(encoding="utf-8")
        settings = f'complete = "rename"\nlease_seconds = {LEASE}\narchive_days = 3'
        path.write_text(text.replace('complete = "rename"', settings, 1), encoding="utf-8")
        for name in ("intake", "worker"):
            run.processes.kill(name)
            run.processes.restart(name)
        yield Dropping(run)


def in_trouble(site, **facts):
    """The newest line about a source in trouble that says this."""

    def found():
        lines = site.told("source.unavailable")
        return lines and all(str(value) in str(lines[-1].get(name)) for name, value in facts.items()) and lines[-1]

    return eventually(found, seconds=60, what=f"source.unavailable with {facts}")


@pytest.fixture(autouse=True)
def nobody_stays_frozen(site):
    """Whatever a test ends with, no frozen intake of it holds a lock in the next one."""
    yield
    for name in {"second", "heir"} & site.run.processes.running.keys():
        site.run.processes.kill(name)


def another_with(site, name, failpoint):
    """An intake that does that to itself. It is no scheduler: that writes the ledger at any time."""
    processes = site.run.processes
    processes.environment = {VARIABLE: failpoint}
    processes.start(name, ("intake",))
    processes.environment = {}
    return processes.running[name]


def holds_nothing(site):
    """Whether somebody else can write ledger and queue: a frozen process may hold their lock (guarantees.md)."""
    databases = [site.run.site.folder / "store" / "kakehashi.db", *(site.run.site.folder / "broker").rglob("*.db")]
    try:
        for path in databases:
            with contextlib.closing(sqlite3.connect(path, timeout=3, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                other.execute("ROLLBACK")
    except sqlite3.OperationalError:
        return False
    return True


def frozen_second(site, step):
    """A second intake that stands still at this step, with the file of that name in its hands."""
    for _ in range(10):
        frozen = another_with(site, "second", f"{step}:1:pause")
        name = site.put(site.content())
        eventually(lambda frozen=frozen: stopped(frozen.pid), what=f"the stop at {step}")
        if holds_nothing(site):
            return frozen, name
        os.kill(frozen.pid, signal.SIGCONT)
        site.taken(name)
        site.run.processes.kill("second")
    return pytest.fail("frozen in the middle of a transaction ten times")


@pytest.mark.exam("E12", "E13")
@pytest.mark.parametrize("step", FROZEN)
def test_a_frozen_intake_is_overtaken_and_refused(site, step):
    """Frozen for longer than its lease: the other one takes the file; when it wakes up nothing comes in twice."""
    processes = site.run.processes
    processes.kill("intake")
    frozen, name = frozen_second(site, step)
    processes.restart("intake")
    file = site.ended(name)
    eventually(lambda: site.left() == [], what="the file's end")
    overtaken = len(site.told("file.overtaken", process="second"))
    os.kill(frozen.pid, signal.SIGCONT)
    after = site.ended(site.put(site.content()))
    assert after.id > file.id
    time.sleep(1)
    assert len([row for row in site.run.store.files(lane="tax-levy", most=1000) if row.name == name]) == 1
    assert len(site.told("file.overtaken", process="second")) >= overtaken
    assert site.verdicts(name) == []
    processes.kill("second")
    site.quiet()
    assert site.wrong() == []


@pytest.mark.exam("E13")
def test_a_frozen_intake_cannot_commit_before_its_heir_does(site):
    """Overtaken, and its heir has not yet come to the ledger: the ledger refuses the one whose lease has ended."""
    processes = site.run.processes
    processes.kill("intake")
    frozen, name = frozen_second(site, "intake.spooled")
    heir = another_with(site, "heir", "intake.claimed:1:pause")
    eventually(lambda: stopped(heir.pid), seconds=60, what="the heir")
    assert holds_nothing(site), "the heir was frozen in the middle of a transaction"
    os.kill(frozen.pid, signal.SIGCONT)
    (line,) = eventually(lambda: site.told("file.overtaken", name, "second"), what="the refusal")
    assert line["code"] == "FIL-003"
    assert site.file(name) is None
    os.kill(heir.pid, signal.SIGCONT)
    processes.restart("intake")
    site.ended(name)
    processes.kill("second")
    processes.kill("heir")
    site.quiet()
    assert site.verdicts(name) == []
    assert site.wrong() == []


@pytest.mark.exam("E13")
@pytest.mark.parametrize("step", RAISING)
def test_an_unexpected_error_at_any_step_of_intake_loses_nothing(site, step):
    """`raise` at the step: told as GEN-001; the file is taken once, or lies aside with its verdict, never both."""
    processes = site.run.processes
    processes.kill("intake")
    processes.environment = {VARIABLE: f"{step}:1:raise"}
    processes.restart("intake")
    processes.environment = {}
    name = site.put(site.content())
    eventually(lambda: site.file(name) or site.verdicts(name), what=f"the end of {name}")
    processes.kill("intake")
    processes.restart("intake")
    site.ended(site.put(site.content()))
    site.quiet()
    if site.file(name) is None:
        assert site.verdicts(name) == ["GEN-001"]
    assert site.wrong() == []


@pytest.mark.exam("E53")
@pytest.mark.parametrize("options", ["size=64k,mode=700", "nr_inodes=2,mode=700"])
def test_a_full_spool_takes_nothing_and_goes_on_by_itself(site, options):
    """No space, or no inodes: FIL-002 with the folder; the file stays, nothing half is kept, then it is taken once."""
    spool = site.run.site.folder / "spool"
    with small_disk(spool, options):
        (spool / "filler").write_bytes(bytes(48 << 10))
        name = site.put(site.content(records=2000))
        line = in_trouble(site, place=spool, code="FIL-002", errno="ENOSPC")
        assert line["lane"] == "tax-levy"
        assert site.file(name) is None
        before = len(site.told("source.unavailable"))
        assert site.processor_share() < 0.35
        assert len(site.told("source.unavailable")) <= before + 1
        assert [path.name for path in spool.iterdir()] == ["filler"]
    assert site.ended(name).state is FileState.RETURNED
    assert site.told("source.recovered")[-1]["lane"] == "tax-levy"
    assert site.wrong() == []


@pytest.mark.exam("E53")
def test_a_full_archive_keeps_the_file_until_there_is_room(site):
    """The ledger has it, the archive cannot: FIL-001 or FIL-002, one file, and the original is kept in the end."""
    tax = site.folder().parent
    with small_disk(tax, "size=1m,mode=700"):
        (tax / "in").mkdir()
        (tax / "out").mkdir()
        assert site.ended(site.put(site.content())).state is FileState.RETURNED
        day = next((tax / "in-archive").iterdir())
        subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", day], check=True)
        name = site.put(site.content())
        in_trouble(site, lane="tax-levy")
        assert site.taken(name)
        subprocess.run(["umount", "-l", day], check=True)
        eventually(lambda: any(path.name.endswith(name) for path in day.iterdir()), what="the original")
        assert site.verdicts(name) == []
        assert site.left() == []
    site.quiet()
    assert site.wrong() == []


@pytest.mark.exam("E55")
@pytest.mark.parametrize("how", ["unmounted", "read-only", "renamed"])
def test_a_folder_that_cannot_be_used_is_told_and_not_asked_all_the_time(site, how):
    """Told with folder and cause within a minute, under 5 % of a processor; taken up by itself when it is back."""
    tax = site.folder().parent
    hidden = tax.with_name("tax-levy-away")
    with contextlib.ExitStack() as stack:
        if how == "unmounted":
            stack.enter_context(small_disk(tax, "size=1m,mode=755"))
        elif how == "read-only":
            subprocess.run(["mount", "--bind", tax, tax], check=True)
            stack.callback(subprocess.run, ["umount", "-l", tax], check=True)
            subprocess.run(["mount", "-o", "remount,ro,bind", tax], check=True)
        else:
            tax.rename(hidden)
            stack.callback(hidden.rename, tax)
        began = time.monotonic()
        in_trouble(site, lane="tax-levy", place=tax, errno={"read-only": "EROFS"}.get(how, "ENOENT"))
        assert time.monotonic() - began < 60
        assert site.processor_share() < 0.05
        welfare = "P640R110_55.DAT" if how == "renamed" else None
        if welfare:
            site.put(site.content("welfare-inquiry"), welfare, "welfare-inquiry")
            assert site.ended(welfare, "welfare-inquiry").state is FileState.RETURNED
    assert site.ended(site.put(site.content())).state is FileState.RETURNED
    assert site.wrong() == []


@pytest.mark.exam("E54")
def test_a_copy_whose_sync_failed_is_given_up_and_written_anew(site, tmp_path):
    """EIO from fsync: that file is neither named nor synced again; the dropped one is copied anew, and taken once."""
    processes = site.run.processes
    processes.kill("intake")
    trace = tmp_path / "trace"
    inject = ["-e", "trace=fsync,rename,renameat,renameat2,unlink,unlinkat", "-e", "inject=fsync:error=EIO:when=1..2"]
    command = ["strace", "-D", "-f", "-qq", "-y", "-s", "0", *inject, "-o", str(trace), sys.executable, "-m"]
    log = site.run.site.logs / "traced.jsonl"
    tail = ["kakehashi", "run", "--role", "intake,scheduler", "--config", str(site.run.site.config), "--log", str(log)]
    traced = subprocess.Popen([*command, *tail], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: log.exists() and "gateway.started" in log.read_text(), what="the traced intake")
        name = site.put(site.content())
        assert site.ended(name).state is FileState.RETURNED
    finally:
        traced.kill()
        traced.wait()
        processes.restart("intake")
    told = [line["errno"] for line in site.told("source.unavailable", process="traced")]
    assert told == ["EIO"]
    lines = trace.read_text(errors="replace")
    failed = re.findall(r"fsync\(\d+<[^>]*/(\.\w+\.unfinished)>\) = -1 EIO", lines)
    assert failed
    for copy in failed:
        assert len(re.findall(rf"fsync\(\d+<[^>]*{re.escape(copy)}>", lines)) == 1
        assert not re.search(rf"rename\w*\([^)]*{re.escape(copy)}", lines)
    assert site.wrong() == []
