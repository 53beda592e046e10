"""One lane's server in trouble: what does that cost the other lanes? Four cases, a ratio for each.

    python benchmarks/lanes.py [--records N] [--rounds N] [--backlog N] [--case NAME] [--broker rabbitmq|local]
        [--results FOLDER]

For each case a site as `kakehashi demo` starts it, in real processes, with a broker of its own. The tax lane's file of
N records goes through once uncounted, then by turns alone and beside the inquiry lane, which has a backlog and whose
server answers after 30 s, never answers in time, refuses every message (9001), or is closed (7001). From the drop until
all records are settled; the ratio is that of the speeds beside and alone, one after the other, and that of the
processor time of all that runs there (the other lane's own work included). Between two turns the rest of the backlog is
put aside.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from measure import RESULTS, Spread, processor_seconds, table, write_json

from kakehashi.domain.batch import BatchState, FileState
from kakehashi.ports.ledger import BatchRow
from kakehashi_adapters.private_rabbitmq import PrivateRabbit
from kakehashi_simulators.demo.run import DemoRun, started
from kakehashi_simulators.legacy import Sample, generate
from kakehashi_simulators.legacy.inquiry import write_inquiries
from kakehashi_simulators.legacy.tax import write_tax
from kakehashi_simulators.legacy.town import Town

__all__ = ["CASES", "main", "measure"]

LANE, LINKS, TROUBLED = "tax-levy", "registry-persons", "welfare-inquiry"
CASES: Mapping[str, Mapping[str, float | str | bool]] = {
    "answers after 30 s": {"only": "SKI", "delay_seconds": 30.0},
    "never answers in time": {"only": "SKI", "delay_seconds": 90.0},
    "refuses everything": {"only": "SKI", "result_code": "9001"},
    "closed for hours": {"only": "SKI", "closed": True},
}
_HARMLESS: Mapping[str, float | str | bool] = {"only": "", "delay_seconds": 0.0, "result_code": "", "closed": False}
_SEED = 1
_BATCH_RECORDS = 10
_PATIENCE_SECONDS = 240.0
_LONGEST_ANSWER = 65.0


@dataclass(frozen=True, slots=True)
class Turn:
    """One file of the lane that is measured: records per second, and processor microseconds per record."""

    rate: float
    spent: float


def run_case(
    case: Mapping[str, float | str | bool], *, records: int, rounds: int, backlog: int, broker: str
) -> list[tuple[Turn, Turn]]:
    """Alone, and beside the lane in trouble; as often as there are rounds."""
    with ExitStack() as stack:
        rabbit = stack.enter_context(PrivateRabbit()) if broker == "rabbitmq" else None
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kakehashi-lanes-")))
        url = rabbit.url if rabbit else None
        run = stack.enter_context(started(folder / "site", scale=0.01, faults=False, broker=url, adapt=_adapt))
        manifest = generate(
            folder / "files", seed=_SEED, scale=records / 1200, faults=False, lanes=[LINKS, LANE, TROUBLED]
        )
        bench = Bench(run=run, folder=folder, rabbit=rabbit, town=Town(_SEED), records=records)
        bench.settled(next(sample for sample in manifest.samples if sample.lane == LINKS))
        bench.turn()
        pairs = []
        for number in range(1, rounds + 1):
            alone = bench.turn()
            run.server.set_faults(**case)
            bench.drop_inquiries(number, backlog)
            beside = bench.turn()
            if not {lane.lane: lane.waiting for lane in run.counts()}[TROUBLED]:
                raise AssertionError("the backlog ended before the lane that was measured")
            pairs.append((alone, beside))
            run.server.set_faults(**_HARMLESS)
            if number < rounds:
                bench.put_aside()
        for process in run.processes.running.values():  # nothing that is told here depends on how they end
            process.kill()
    return pairs


@dataclass(kw_only=True)
class Bench:
    """A site, and the files that are dropped there."""

    run: DemoRun
    folder: Path
    rabbit: PrivateRabbit | None
    town: Town
    records: int
    files: int = 0

    def turn(self) -> Turn:
        self.files += 1
        path = self.folder / f"LEVY{self.files:04d}.DAT"
        count = self.records - 10
        write_tax(path, town=self.town, first=self.files, records=count)
        processes = {name: process.pid for name, process in self.run.processes.running.items()}
        processes["simulator"] = self.run.server.process.pid
        if self.rabbit:
            processes["rabbitmq"] = int(self.rabbit.control("eval", "list_to_integer(os:getpid())."))
        before = sum(processor_seconds(processes).values())
        took = self.settled(Sample(lane=LANE, name=path.name, path=path, records=count, good=count))
        spent = sum(processor_seconds(processes).values()) - before
        return Turn(count / took, spent / count * 1e6)

    def settled(self, sample: Sample) -> float:
        """Drop a file; the seconds until all its records have their outcome."""
        begun = time.monotonic()
        self.run.drop([sample])
        while (took := time.monotonic() - begun) < _PATIENCE_SECONDS:
            states = [
                file.state for file in self.run.store.files(lane=sample.lane, most=100) if file.name == sample.name
            ]
            if states and states[0] in {FileState.SETTLED, FileState.RETURNED}:
                return took
            time.sleep(0.02)
        raise TimeoutError(f"{sample.name} was not settled in time")

    def drop_inquiries(self, number: int, backlog: int) -> None:
        """Their batches are in the queue, and the worker has begun with them."""
        path = self.folder / f"P640R110_{number:08d}.DAT"
        write_inquiries(path, town=self.town, first=number, records=backlog)
        sent = self._sent()
        self.run.drop([Sample(lane=TROUBLED, name=path.name, path=path, records=backlog, good=backlog)])
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self._sent() == sent:
            if time.monotonic() > deadline:
                raise TimeoutError("the inquiries were not taken up")
            time.sleep(0.05)

    def _sent(self) -> int:
        return sum(lane.sent for lane in self.run.counts() if lane.lane == TROUBLED)

    def put_aside(self) -> None:
        """Nothing of the other lane is at work any more, and nothing of it comes again."""
        deadline = time.monotonic() + _LONGEST_ANSWER
        while rows := self._unended():
            for row in rows:
                if row.state is not BatchState.SENT or time.monotonic() > deadline:
                    self.run.store.park(row.id, turn=row.turn, code="GEN-001", now=datetime.now(UTC))
            time.sleep(0.2)

    def _unended(self) -> list[BatchRow]:
        files = self.run.store.files(lane=TROUBLED, most=100)
        rows = [row for file in files for row in self.run.store.batches(file.id)]
        return [row for row in rows if row.state not in {BatchState.PARKED, BatchState.SETTLED, BatchState.DISCARDED}]


def _adapt(config: Path) -> None:
    """Small batches of inquiries, so that there are many; a server's answer may take 30 s."""
    with (config / "routes" / TROUBLED / "route.toml").open("a", encoding="utf-8") as route:
        route.write(f"\n[limits]\nbatch_records = {_BATCH_RECORDS}\n")
    gateway = config / "gateway.toml"
    text = gateway.read_text(encoding="utf-8").replace("[server]\n", "[server]\ntimeout_seconds = 60\n", 1)
    gateway.write_text(text, encoding="utf-8")


def measure(*, records: int, rounds: int, backlog: int, broker: str, cases: Sequence[str]) -> dict[str, object]:
    found = {
        name: run_case(CASES[name], records=records, rounds=rounds, backlog=backlog, broker=broker) for name in cases
    }
    return {
        "broker": broker,
        "records": records,
        "rounds": rounds,
        "load_at_the_end": os.getloadavg(),
        "cases": {
            name: {
                "alone_records_per_second": Spread.of([alone.rate for alone, _ in pairs]),
                "beside_records_per_second": Spread.of([beside.rate for _, beside in pairs]),
                "ratio": Spread.of([beside.rate / alone.rate for alone, beside in pairs]),
                "processor_ratio": Spread.of([beside.spent / alone.spent for alone, beside in pairs]),
            }
            for name, pairs in found.items()
        },
    }


def _shown(cases: Mapping[str, Mapping[str, Spread]]) -> str:
    rows = [
        [
            name,
            *(f"{figures[key].median:,.2f} ({figures[key].least:,.2f} to {figures[key].most:,.2f})" for key in figures),
        ]
        for name, figures in cases.items()
    ]
    return table(["the other lane's server", "records/s alone", "beside it", "ratio", "processor time"], rows)


def main(arguments: list[str] | None = None) -> dict[str, object]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=30_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--backlog", type=int, default=3_000)
    parser.add_argument("--case", dest="cases", action="append", choices=list(CASES), help="this one alone")
    parser.add_argument("--broker", choices=["rabbitmq", "local"], default="rabbitmq")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = vars(parser.parse_args(arguments))
    folder = options.pop("results")
    options["cases"] = options["cases"] or list(CASES)
    result = measure(**options)
    print(_shown(result["cases"]))  # type: ignore[arg-type]  # our own, from `measure`
    print(f"\nwritten to {write_json('lanes', result, folder=folder)}")
    return result


if __name__ == "__main__":
    main()
