"""What the kernel sees of real processes: nothing is told, removed or acknowledged before it is on the disk (exam E07).

The processes run under strace; one file of one batch goes through, so the order of all calls is the order of steps.
"""

import re
import subprocess
import sys
import time

import pytest
from tests.acceptance.watching import eventually, links_settled, settled

from kakehashi_simulators.demo.run import started
from kakehashi_simulators.legacy.manifest import Sample
from kakehashi_simulators.legacy.tax import LANE, write_tax
from kakehashi_simulators.legacy.town import Town

SEED, RECORDS = 20261127, 10
NAME = "LEVY0001.DAT"
CALLS = "fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,write,writev,pwrite64,sendto,sendmsg"
KINDS = {
    "spooled": re.compile(r"rename\w*\(.*/spool\W"),
    "spool": re.compile(r"fsync\(\d+<[^>]*/spool\b"),
    "ledger": re.compile(r"f(data)?sync\(\d+<[^>]*kakehashi\.db-wal>"),
    "queue": re.compile(r"f(data)?sync\(\d+<[^>]*queue\.sqlite3-wal>"),
    "request": re.compile(r"(write|sendto|sendmsg)\(\d+<(TCP|socket)"),
    "removed": re.compile(rf"unlink\w*\(.*{NAME}"),
}
SYNCS = {"spool", "ledger", "queue"}


@pytest.fixture
def traced(tmp_path):
    """Starts roles of a running site under strace; returns where the calls are written."""
    processes = []

    def start(run, name, roles):
        run.processes.kill(name)
        trace = tmp_path / f"{name}.trace"
        tracer = ["strace", "-D", "-f", "-qq", "-y", "-s", "0", "-e", f"trace={CALLS}", "-o", str(trace)]
        command = [*tracer, sys.executable, "-m", "kakehashi", "run", "--role", roles, "--config", str(run.site.config)]
        log = run.site.logs / f"{name}.jsonl"
        processes.append(subprocess.Popen([*command, "--log", str(log)], stderr=subprocess.DEVNULL))
        eventually(lambda: trace.exists() and "gateway.started" in log.read_text(), what=f"{name} under strace")
        return trace

    yield start
    for process in processes:
        process.kill()
        process.wait()


def steps(trace):
    """The kinds of the calls in their order: a sync counts when it has ended, everything else when it begins."""
    begun, found = {}, []
    for line in trace.read_text(errors="replace").splitlines():
        thread = line.split()[0]
        resumed = "resumed>" in line
        whole = begun.pop(thread, line) if resumed else line
        unfinished = not resumed and "<unfinished ...>" in line
        if unfinished:
            begun[thread] = line
        kind = next((kind for kind, pattern in KINDS.items() if pattern.search(whole)), None)
        if kind is not None and not (unfinished if kind in SYNCS else resumed):
            found.append(kind)
    return found


@pytest.mark.exam("E07")
def test_what_was_not_synced_is_neither_removed_nor_told_nor_acknowledged(tmp_path, traced):
    """Spool, then ledger, then the dropped file goes; ledger before each send; ledger between answer and queue."""
    with started(tmp_path / "site", seed=SEED, scale=0.1, faults=False, result_delay_seconds=0.2) as run:
        links_settled(run)
        path = tmp_path / NAME
        write_tax(path, town=Town(SEED), first=0, records=RECORDS)
        intake, worker = traced(run, "intake", "intake,scheduler"), traced(run, "worker", "worker")
        time.sleep(1)
        run.drop([Sample(lane=LANE, name=NAME, path=path, records=RECORDS, good=RECORDS)])
        settled(run)
        time.sleep(1)
        taken, worked = steps(intake), steps(worker)
    (removed,) = [at for at, kind in enumerate(taken) if kind == "removed"]
    spooled = taken.index("spooled")
    assert "spool" in taken[:spooled], "the copy has its name before it is synced"
    assert "spool" in taken[spooled:removed], "the folder is not synced"
    assert "ledger" in taken[taken.index("spool", spooled) : removed], "removed before the ledger has it"
    first = worked.index("request")
    assert "ledger" in worked[:first], "sent without an intent in the ledger"
    told = " ".join(kind for kind in worked if kind in {"ledger", "queue", "request"})
    assert re.search(r"request( request)* ledger", told), told
    assert not re.search(r"request queue", told), f"the queue was told before the ledger: {told}"
