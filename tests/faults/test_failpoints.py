"""kill -9 at every named step of the real processes: nothing lost, nothing twice, later wins per person (exam E01).

One site goes through all steps: each process is started to die at one step, gets work, dies there, and the next one
finds what it left. The steps come from the product's own list, so a new one without a way to reach it fails here.
"""

import contextlib
import signal
import subprocess
import time
from collections import defaultdict

import pytest
from tests.acceptance.watching import eventually, links_settled
from tests.tier import FULL

from kakehashi.domain.batch import BatchState, FileState
from kakehashi.failpoint import STEPS, VARIABLE
from kakehashi_simulators.demo.run import DemoRun, started
from kakehashi_simulators.legacy.manifest import Sample
from kakehashi_simulators.legacy.tax import LANE, write_tax
from kakehashi_simulators.legacy.town import Town

SEED = 20261127
SETTINGS = "\n[limits]\nbatch_records = 5\n"
RECORDS, NEW = 10, 3
"""Records a file, and how many of them are about persons of whom no earlier file told: the others are changes."""

AS_WORKER = [
    *("worker.received", "worker.intended", "worker.asked", "worker.answered", "settling.postponed", "worker.followed"),
    *("worker.polled", "settling.settled", "worker.acknowledged", "linking.linked", "settling.parked"),
]
"""In an order that reaches each: who asks for the status must find an intent without an answer."""
AS_INTAKE = [step for step in STEPS if step.partition(".")[0] in {"intake", "publishing", "returning"}]
PASSAGES = (1, 2, 3) if FULL else (1,)


class Site:
    """A running site, what was dropped there, and its oracles."""

    def __init__(self, run: DemoRun):
        self.run = run
        self.town = Town(SEED)
        self.files = {}
        """Name → the persons of its records."""

    def drop(self):
        """One more file about mostly the same persons."""
        number = len(self.files) + 1
        name, first = f"LEVY{number:04d}.DAT", number * NEW
        path = self.run.site.folder / "samples" / name
        write_tax(path, town=self.town, first=first, records=RECORDS)
        self.files[name] = [self.town.people.unified(person) for person in range(first, first + RECORDS)]
        self.run.drop([Sample(lane=LANE, name=name, path=path, records=RECORDS, good=RECORDS)])

    def die(self, process, step, passage, work):
        """A process that is to die at the step gets work until it is dead: what comes together passes a step once."""
        self.replace(process, f"{step}:{passage}:kill")
        victim = self.run.processes.running[process]
        for _ in range(passage):
            work()
            with contextlib.suppress(subprocess.TimeoutExpired):
                victim.wait(40 if passage == 1 else 10)
                break
        eventually(lambda: victim.poll() is not None, what=f"{step}:{passage} of {process}")
        assert victim.returncode == -signal.SIGKILL, (step, passage, victim.returncode)

    def replace(self, process, failpoints=""):
        """Kill the process, dead or alive; the next one begins with these failpoints."""
        self.run.processes.kill(process)
        self.run.processes.environment = {VARIABLE: failpoints} if failpoints else {}
        self.run.processes.restart(process)

    def settle(self):
        """Processes without failpoints bring everything to its end."""
        for process in ("intake", "worker"):
            self.replace(process)
        assert self.run.wait(lambda _counts: None, deadline=time.monotonic() + 120), self.run.counts()

    def wrong(self):
        """What the oracles L, T and O find wrong, in words."""
        store, account = self.run.store, self.run.server.account()
        files = {file.id: file for file in store.files(lane=LANE, most=100_000)}
        (counts,) = [counts for counts in store.counts() if counts.lane == LANE]
        codes = {(row.code, row.state.value) for row in store.exceptions(lane=LANE, most=1_000_000)}
        newest = {person: name for name, persons in self.files.items() for person in persons}
        effects = defaultdict(list)
        for effect in self.run.server.effects():
            effects[effect["person"], effect["info"], effect["unit"]].append(int(effect["sequence"]))
        told = store.newest_replicas(list(effects))
        told_by = {person: files[max(found) // 10**9].name for (person, _, _), found in effects.items()}
        checks = {
            f"L: {len(files)} files of {len(self.files)}": len(files) == len(self.files),
            f"L: {counts}": counts.adds_up and counts.received == RECORDS * len(self.files) and not counts.waiting,
            f"L: refused as {codes}": codes <= {("REF-002", "refused")},
            "L: not returned": all(file.state is FileState.RETURNED for file in files.values()),
            f"L: left behind {self.run.left_behind()}": not [p for p in self.run.left_behind() if p.is_file()],
            f"T: {account}": account["twice"] == account["conflicts"] == account["repeats"] == 0,
            "O: an older change stands where a newer one was sent": told_by == newest,
            "told: the ledger's newest is not the server's": told
            == {key: max(found) for key, found in effects.items()},
            "told: accepted is not applied": counts.accepted == sum(map(len, effects.values())),
        }
        return [fault for fault, well in checks.items() if not well]


@pytest.fixture(params=["local", "rabbitmq"] if FULL else ["local"])
def site(request, tmp_path):
    broker = None
    if request.param == "rabbitmq":
        broker = request.getfixturevalue("own_rabbitmq").url
    options = {
        "seed": SEED,
        "scale": 1.0 if FULL else 0.1,
        "faults": False,
        "broker": broker,
        "result_delay_seconds": 0.2,
    }
    with started(tmp_path / "site", extra=SETTINGS, **options) as run:
        yield Site(run)


def release_parked(site):
    """The server works again; an operator sends what was parked back to work."""
    site.run.server.ask("/faults", {"result_code": ""})
    for row in site.run.store.parked_batches():
        now = row.updated_at
        assert site.run.store.decide_batch(row.id, release=True, reason="mended", actor="tester", now=now)


def to_parked(site, passage):
    """A server that lets nobody in is no fault of a record: the batch waits for an operator."""
    site.run.server.set_faults(result_code="5001")
    site.die("worker", "settling.parked", passage, site.drop)
    site.replace("worker")
    eventually(lambda: _all_parked(site), seconds=40, what="parking")
    release_parked(site)


def _all_parked(site):
    last = site.run.store.files(lane=LANE, most=1)[0]
    return all(row.state is BatchState.PARKED for row in site.run.store.batches(last.id))


@pytest.mark.timeout(3000 if FULL else 300)
def test_a_kill_at_every_step_loses_repeats_and_reorders_nothing(site):
    """Each step of the product's list is reached by a process that dies there; the books agree in the end."""
    visited = set()
    site.die("worker", "linking.linked", 1, lambda: links_dropped(site))
    visited.add("linking.linked")
    site.replace("worker")
    links_settled(site.run)
    for passage in PASSAGES:
        for process, steps in (("worker", AS_WORKER), ("intake", AS_INTAKE)):
            for step in steps:
                if step == "settling.parked":
                    to_parked(site, passage)
                elif step == "worker.asked":
                    site.die(process, step, 1, lambda: None)  # of the batches that the one before has left
                elif step != "linking.linked":
                    site.die(process, step, passage, site.drop)
                visited.add(step)
        site.settle()
        assert site.wrong() == []
    assert visited == STEPS.keys()


def links_dropped(site):
    site.run.drop([sample for sample in site.run.manifest.samples if site.run.is_link(sample)])
