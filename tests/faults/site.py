"""A running site of real processes, what was dropped there, and the oracles of the exam: L, T and O over its books,
E over what it told, how often it told of an outage, M over its processes.

Steps and failpoints are the product's own; the effects are read from the simulator's account, never from the gateway.
"""

import contextlib
import json
import signal
import subprocess
import time
from collections import defaultdict
from datetime import datetime
from pathlib import Path

from tests.acceptance.watching import eventually
from tests.faults.origins import Origins

from kakehashi.catalogue import PROBLEMS
from kakehashi.domain.batch import FileState, RecordState
from kakehashi.failpoint import VARIABLE
from kakehashi.runtime.events import CATALOGUE
from kakehashi_simulators.demo.run import DemoRun
from kakehashi_simulators.legacy.manifest import Sample
from kakehashi_simulators.legacy.tax import LANE, write_tax
from kakehashi_simulators.legacy.town import Town

SEED = 20261127
QUIET_SECONDS = 5
MOST_BYTES = 512 << 20


def release(store, reason, *, code=None):
    """What an operator does who knows why batches were parked: sends them (or those of this code) on. How many."""
    rows = [row for row in store.parked_batches() if code in (None, row.code)]
    decision = {"release": True, "reason": reason, "actor": "tester"}
    assert all(store.decide_batch(row.id, now=row.updated_at, **decision) for row in rows)
    return len(rows)


class Site:
    """A running site, what was dropped there, and its oracles."""

    def __init__(self, run: DemoRun, *, records=10, new=3):
        """`records` a file, of which `new` are about persons of whom no earlier file told: the others are changes."""
        self.run = run
        self.records, self.new = records, new
        self.town = Town(SEED)
        self.files = {}
        """Name → the persons of its records."""

    def drop(self):
        """One more file about mostly the same persons."""
        number = len(self.files) + 1
        name, first = f"LEVY{number:04d}.DAT", number * self.new
        path = self.run.site.folder / "samples" / name
        write_tax(path, town=self.town, first=first, records=self.records)
        self.files[name] = [self.town.people.unified(person) for person in range(first, first + self.records)]
        self.run.drop([Sample(lane=LANE, name=name, path=path, records=self.records, good=self.records)])

    @property
    def dropped(self):
        """Records in all files."""
        return sum(map(len, self.files.values()))

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
        origins = Origins(files.values())
        (counts,) = [counts for counts in store.counts() if counts.lane == LANE]
        codes = {
            (row.code, row.state.value)
            for row in store.exceptions(lane=LANE, most=1_000_000)
            if row.state is not RecordState.RETRIED
        }
        newest = {person: name for name, persons in self.files.items() for person in persons}
        effects = defaultdict(list)
        for effect in self.run.server.effects():
            sequence = int(effect["sequence"])
            if origins.of(sequence) is not None:
                effects[effect["person"], effect["info"], effect["unit"]].append(sequence)
        told = store.newest_replicas(list(effects))
        told_by = {person: origins.of(max(found)).name for (person, _, _), found in effects.items()}
        checks = {
            f"L: {len(files)} files of {len(self.files)}": len(files) == len(self.files),
            f"L: {counts}": counts.adds_up and counts.received == self.dropped and not counts.waiting,
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

    def drop_links(self):
        """The registry's extract, which the records of all other lanes need."""
        self.run.drop([sample for sample in self.run.manifest.samples if self.run.is_link(sample)])

    def told(self, since=0.0, name=""):
        """Events of all gateway processes after that moment, or those of one name; `at` is their moment."""
        found = []
        for path in self.run.site.logs.glob("*.jsonl"):
            lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
            for event in (json.loads(line) for line in lines if line.endswith("\n")):
                event["at"] = datetime.fromisoformat(event["timestamp"]).timestamp()
                if event["at"] >= since and name in ("", event["event"]):
                    found.append(event)
        return sorted(found, key=lambda event: event["at"])

    def unwell(self, since=0.0):
        """What is wrong with the log since then (E): an unexpected error, a code without a next step, a trace, or more
        than one line in 5 s about one destination from one process.
        """
        wrong, last = [], {}
        for event in self.told(since):
            if event["event"] in {"gateway.failed", "worker.failed"}:
                wrong.append(f"E: {event}")
            if event["level"] in {"warning", "error"} and not (
                CATALOGUE[event["event"]].action or PROBLEMS[event["code"]].remedy_en
            ):
                wrong.append(f"E: no next step in {event}")
            if event["event"].endswith((".unavailable", "_failed")):
                about = event["pid"], event["event"], event.get("lane")
                if event["at"] - last.get(about, 0.0) < QUIET_SECONDS - 0.1:
                    wrong.append(f"{event['at'] - last[about]:.1f} s after another: {event}")
                last[about] = event["at"]
        traces = {path.name: path.read_text(errors="replace") for path in self.run.site.logs.glob("*.stderr")}
        return wrong + [f"E: {name}: {text[-300:]}" for name, text in traces.items() if text]

    def memory(self):
        """The most that each gateway process has had in memory, in bytes (M)."""
        return {name: peak_memory(process.pid) for name, process in self.run.processes.running.items()}


def stopped(process_id):
    """Whether a signal or a failpoint has frozen it."""
    return stat_fields(process_id)[0] == "T"


def stat_fields(process_id):
    """Of /proc/<pid>/stat, from the process's state on: the third and those after it."""
    return Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()


def peak_memory(process_id):
    """Of a living process, in bytes."""
    status = Path(f"/proc/{process_id}/status").read_text(encoding="ascii")
    return 1024 * int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])
