"""The soak: many lanes under load while worker, intake and broker are killed at random every few seconds (exam E05).

    python -m tests.faults.soak [--records 500000] [--lanes 20] [--seconds 600] [--seed N] [--folder FOLDER]

Every lane is a copy of the shipped tax lane. Its files tell again and again of mostly the same persons, so that changes
overtake one another. The independent book is the account of the simulated server, read from its own database.
"""

import argparse
import json
import random
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.origins import Origins
from tests.faults.site import release

from kakehashi.domain.batch import FileState
from kakehashi.runtime.places import shared
from kakehashi_adapters.private_rabbitmq import PrivateRabbit
from kakehashi_simulators.demo.run import DemoRun, started
from kakehashi_simulators.legacy import extract, tax
from kakehashi_simulators.legacy.manifest import Sample
from kakehashi_simulators.legacy.town import Town

PAUSES = (2.0, 5.0)
PARTS = {"worker": 3, "intake": 3, "broker": 1}
"""How often which part is struck: a broker with this many quorum queues takes half a minute to come back."""
ROUNDS = 10


def many_lanes(folder, lanes):
    """A copy of the shipped configuration in which the tax lane is there under each of these names."""
    config = Path(shutil.copytree(shared("config"), folder))
    model = config / "routes" / tax.LANE
    for lane in lanes:
        route = Path(shutil.copytree(model, config / "routes" / lane)) / "route.toml"
        route.write_text(route.read_text("utf-8").replace(tax.LANE, lane), "utf-8")
    for other in ("registry-household", "welfare-assistance", "welfare-inquiry", tax.LANE):
        shutil.rmtree(config / "routes" / other)
    return config


@dataclass
class Soak:
    """The load, the strikes and the books of one run."""

    run: DemoRun
    broker: PrivateRabbit
    lanes: list
    records: int
    """Of each file; each lane gets ROUNDS of them."""
    seed: int
    strikes: Counter = field(default_factory=Counter)
    released: int = 0
    """Batches that were parked because three workers had died with them in hand."""
    persons: dict = field(default_factory=dict)
    """(lane, file name) → number of its first person."""

    def __post_init__(self):
        self.town = Town(self.seed)
        self.shift = max(1, self.records // 25)
        self.span = self.records + ROUNDS * self.shift
        self.chance = random.Random(self.seed)

    def link(self):
        """Everybody of whom any lane will tell."""
        path, records = self._sample("ATENA0002.DAT"), self.span * len(self.lanes)
        extract.write_extract(path, town=self.town, links=[("tax", n) for n in range(records)], records=records)
        self._drop(extract.LANE, path, records)
        assert self.run.wait(lambda _counts: None, deadline=time.monotonic() + 300), "the links were never settled"

    def work(self, seconds):
        """Drop everything in this time, and strike every few seconds until it is over."""
        begin, left = time.monotonic(), [(number, lane) for number in range(ROUNDS) for lane in range(len(self.lanes))]
        files, next_strike = len(left), begin
        while left or time.monotonic() - begin < seconds:
            passed = time.monotonic() - begin
            while left and files - len(left) <= files * passed / (0.9 * seconds):
                self._drop_file(*left.pop(0))
            if time.monotonic() >= next_strike and passed < seconds:
                self._strike()
                next_strike = time.monotonic() + self.chance.uniform(*PAUSES)
            time.sleep(0.05)

    def settle(self, seconds):
        """How long after the last strike everything was at its end; None: it was not. Of so many deaths three may have
        struck the same batch, which is parked then: an operator knows better.
        """
        begin = time.monotonic()
        while time.monotonic() < begin + seconds:
            if self.run.wait(lambda _counts: None, deadline=time.monotonic() + 10):
                return time.monotonic() - begin
            self.released += release(self.run.store, "killed on purpose", code="BRK-010")
        return None

    def _drop_file(self, number, lane):
        name, first = f"LEVY{number:04d}.DAT", lane * self.span + number * self.shift
        path = self._sample(f"{self.lanes[lane]}-{name}")
        tax.write_tax(path, town=self.town, first=first, records=self.records)
        self.persons[self.lanes[lane], name] = first
        self._drop(self.lanes[lane], path.rename(path.with_name(name)), self.records)

    def _sample(self, name):
        return self.run.site.folder / "samples" / name

    def _drop(self, lane, path, records):
        self.run.drop([Sample(lane=lane, name=path.name, path=path, records=records, good=records)])

    def _strike(self):
        unstruck = [part for part in PARTS if not self.strikes[part]]
        due = unstruck or list(PARTS)  # each once, before chance alone decides
        (part,) = self.chance.choices(due, [PARTS[part] for part in due])
        if part == "broker" and not self.broker.answers:
            part = "worker"
        self.strikes[part] += 1
        if part == "broker":
            self.broker.kill()
            self.broker.start(wait=False)
        else:
            self.run.processes.kill(part)
            self.run.processes.restart(part)

    def wrong(self):
        """What the oracles L, T and O find wrong, in words."""
        store, account = self.run.store, self.run.server.account()
        counts = {lane.lane: lane for lane in store.counts() if lane.lane in self.lanes}
        files = {file.id: file for lane in self.lanes for file in store.files(lane=lane, most=100_000)}
        origins = Origins(files.values())
        effects = self._effects(origins)
        codes = {(cause.code, cause.state.value) for cause in store.causes()}
        due = ROUNDS * self.records
        checks = {
            f"L: {len(files)} files of {len(self.persons)}": len(files) == len(self.persons),
            f"L: lanes {sorted(counts)}": sorted(counts) == sorted(self.lanes),
            f"L: {counts}": all(lane.adds_up and lane.received == due and not lane.waiting for lane in counts.values()),
            f"L: refused as {codes}": codes <= {("REF-002", "refused")},
            "L: not returned": all(file.state is FileState.RETURNED for file in files.values()),
            f"L: left behind {self.run.left_behind()}": not [p for p in self.run.left_behind() if p.is_file()],
            f"T: {account}": account["twice"] == account["conflicts"] == account["repeats"] == 0,
            "told: accepted is not applied": sum(lane.accepted for lane in counts.values()) == sum(effects.values()),
            "O: an older change stands where a newer one was sent": Counter(self._newest(files))
            == self._stands(origins),
        }
        return [fault for fault, well in checks.items() if not well]

    def _effects(self, origins):
        """File id → effects that the server has applied from it."""
        return self._told(origins, "SELECT CAST(sequence AS INTEGER) FROM effects")

    def _stands(self, origins):
        """File id → persons whose state at the server is what this file has told."""
        newest = "SELECT max(CAST(sequence AS INTEGER)) FROM effects GROUP BY person, info, unit"
        return self._told(origins, newest)

    def _told(self, origins, query):
        path = self.run.site.folder / "server" / "account.sqlite"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as book:
            return Counter(file.id for (sequence,) in book.execute(query) if (file := origins.of(sequence)))

    def _newest(self, files):
        """For each person the id of the file that was taken in last of all that tell of it."""
        last = {}
        for file_id in sorted(files):
            first = self.persons[files[file_id].lane, files[file_id].name]
            last.update(dict.fromkeys(range(first, first + self.records), file_id))
        return last.values()


def soak(folder, broker, *, records, lanes, seconds, seed, patience):
    """Run it; returns the figures, of which `wrong` must be empty."""
    names = [f"soak-{number:02d}" for number in range(1, lanes + 1)]
    config = many_lanes(folder / "shipped", names)
    options = {"seed": seed, "scale": 0.01, "faults": False, "result_delay_seconds": 0.2}
    with started(folder / "site", shipped=config, broker=broker.url, **options) as run:
        work = Soak(run, broker, names, records // lanes // ROUNDS, seed)
        work.link()
        begin = time.monotonic()
        work.work(seconds)
        recovery = work.settle(patience)
        took = time.monotonic() - begin
        return {
            "seed": seed,
            "lanes": lanes,
            "records": lanes * ROUNDS * work.records,
            "strikes": dict(work.strikes),
            "released": work.released,
            "seconds": round(took),
            "settled_after_last_strike": None if recovery is None else round(recovery, 1),
            "accepted": sum(lane.accepted for lane in run.counts() if lane.lane in names),
            "superseded": sum(lane.refused for lane in run.counts() if lane.lane in names),
            "server": run.server.account(),
            "wrong": work.wrong(),
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=500_000)
    parser.add_argument("--lanes", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--folder", type=Path, help="kept; else a temporary one")
    options = vars(parser.parse_args())
    sys.stdout.write(f"seed {options['seed']}\n")
    with tempfile.TemporaryDirectory(prefix="kakehashi-soak-") as temporary, PrivateRabbit() as broker:
        folder = options.pop("folder") or Path(temporary)
        figures = soak(folder, broker, patience=900, **options)
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    return 1 if figures["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
