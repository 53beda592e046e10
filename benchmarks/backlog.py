"""An urgent item behind a full backlog, really queued in RabbitMQ; and what operators wait for meanwhile.

    python benchmarks/backlog.py [--records N] [--batch-records N] [--urgent N] [--store sqlite|postgresql]
                                 [--plain] [--results FOLDER] [--folder FOLDER]

One lane's files are taken in while no worker runs, until every batch waits in its quorum queue. Then a worker starts;
while it works on the backlog, urgent items are dropped one after the other into a lane of their own, and each is timed
from the drop to the server's acceptance in the ledger. Then persons of the backlog whose replicas are accepted are
suspended, each timed from the command to the server's acceptance of the withdrawal; nothing of theirs goes out then.
Before that, operators' commands are timed on the full ledger.
With --plain the second lane is not marked as urgent: what its fair share alone does.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from measure import RESULTS, peak_mebibytes, table, write_json

from kakehashi.domain.batch import FileState
from kakehashi.runtime.places import shared
from kakehashi_adapters.private_postgresql import PrivatePostgresql
from kakehashi_adapters.private_rabbitmq import PrivateRabbit
from kakehashi_simulators.demo.run import DemoRun, started
from kakehashi_simulators.legacy import extract, tax
from kakehashi_simulators.legacy.manifest import Sample
from kakehashi_simulators.legacy.town import Town

__all__ = ["main", "measure"]

BULK, URGENT = tax.LANE, "tax-urgent"
_SEED = 1
_FILE_RECORDS = 100_000
_SHIFT = 50
_URGENT_RECORDS = 5
_PATIENCE_SECONDS = 7200.0
_COUNTED_SECONDS = 15.0
_COMMANDS = (("status",), ("files",), ("parked", "list"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """A site with its backlog. `processes`: name → id, of everything whose memory is told."""

    run: DemoRun
    rabbit: PrivateRabbit
    town: Town
    records: int

    def link(self) -> None:
        """Everybody of whom a file will tell: the files are about mostly the same persons."""
        records = min(self.records, _FILE_RECORDS) + _SHIFT * (len(list(self._files())) + 1)
        path = self.run.site.folder / "samples" / "ATENA0002.DAT"
        extract.write_extract(path, town=self.town, links=(("tax", n) for n in range(records)), records=records)
        self.run.drop([Sample(lane=extract.LANE, name=path.name, path=path, records=records, good=records)])
        if not self.run.wait(lambda _counts: None, deadline=time.monotonic() + _PATIENCE_SECONDS):
            raise TimeoutError("the links were never settled")

    def pile_up(self) -> float:
        """Seconds until every batch of the backlog waits in the broker."""
        self.run.processes.kill("worker")
        begin = time.monotonic()
        for number, records in self._files():
            self._drop(BULK, f"LEVY{number:04d}.DAT", first=number * _SHIFT, records=records)
            while self._taken() < number:
                time.sleep(0.05)
        while self._new():
            time.sleep(0.1)
        return time.monotonic() - begin

    def queued(self, expected: int) -> int:
        """Messages in the lane's queue, as RabbitMQ counts them: every few seconds."""
        until = time.monotonic() + _COUNTED_SECONDS
        while (found := self._counted()) < expected and time.monotonic() < until:
            time.sleep(0.5)
        return found

    def _counted(self) -> int:
        lines = self.rabbit.control("list_queues", "name", "messages").splitlines()
        counts = dict(line.rsplit("\t", 1) for line in lines if "\t" in line)
        return sum(int(count) for name, count in counts.items() if f".{BULK}.new" in name)

    def urgent(self, number: int) -> float:
        """Seconds from the drop of one urgent file until all its records are accepted."""
        name = f"LEVY9{number:03d}.DAT"
        begin = time.monotonic()
        self._drop(URGENT, name, first=number * _URGENT_RECORDS, records=_URGENT_RECORDS)
        while time.monotonic() - begin < _PATIENCE_SECONDS:
            files = [file for file in self.run.store.files(lane=URGENT, most=10) if file.name == name]
            if files and files[0].state in (FileState.SETTLED, FileState.RETURNED):
                return time.monotonic() - begin
            time.sleep(0.02)
        raise TimeoutError(name)

    def suspended(self, number: int) -> float:
        """Seconds from the command for one person of the first batch until the server has taken back their replica."""
        while not any(lane.accepted for lane in self.run.counts() if lane.lane == BULK):
            time.sleep(0.1)
        person = f"tax:{self.town.atena('tax', _SHIFT + number)}"
        words = ["suspend", person, "--reason", "benchmark", "--yes", "--config", str(self.run.site.config)]
        begin = time.monotonic()
        subprocess.run([sys.executable, "-m", "kakehashi", *words], check=True, capture_output=True)
        while self.run.store.waiting_halts():
            time.sleep(0.02)
        return time.monotonic() - begin

    def begin_work(self) -> None:
        """Until the server has the first part of the backlog; its results come behind what is queued already."""
        self.run.processes.restart("worker")
        while not self.run.server.account()["requests"]:
            time.sleep(0.1)

    def memory(self) -> dict[str, float]:
        """The most that each process has had, in MiB."""
        processes = {name: process.pid for name, process in self.run.processes.running.items()}
        broker = int(self.rabbit.control("eval", "list_to_integer(os:getpid())."))
        return peak_mebibytes({**processes, "rabbitmq": broker, "simulator": self.run.server.process.pid})

    def republished(self) -> int:
        """Batches that the scheduler took for lost, so far."""
        lines = (self.run.site.logs / "intake.jsonl").read_text(encoding="utf-8").splitlines()
        events = (json.loads(line) for line in lines if '"batch.republished"' in line)
        return sum(len(event["batch_ids"]) for event in events)

    def _files(self) -> Iterator[tuple[int, int]]:
        for number, begin in enumerate(range(0, self.records, _FILE_RECORDS), start=1):
            yield number, min(_FILE_RECORDS, self.records - begin)

    def _drop(self, lane: str, name: str, *, first: int, records: int) -> None:
        path = self.run.site.folder / "samples" / name
        tax.write_tax(path, town=self.town, first=first, records=records)
        self.run.drop([Sample(lane=lane, name=name, path=path, records=records, good=records)])

    def _taken(self) -> int:
        return len(self.run.store.files(lane=BULK, most=1_000_000))

    def _new(self) -> bool:
        return bool(
            self.run.store.publishable(
                lost=False, lanes=[BULK], most=1, now=self.run.store.files(most=1)[0].received_at
            )
        )


def configuration(folder: Path, *, plain: bool) -> Path:
    """The shipped one, with a second tax lane for what is urgent."""
    config = Path(shutil.copytree(shared("config"), folder))
    route = Path(shutil.copytree(config / "routes" / BULK, config / "routes" / URGENT)) / "route.toml"
    text = route.read_text("utf-8").replace(BULK, URGENT)
    if not plain:
        text = text.replace('function = "DBM"\n', 'function = "DBM"\nurgent = true\n', 1)
    route.write_text(text, "utf-8")
    return config


def measure(
    folder: Path, *, records: int, batch_records: int, urgent: int, store: str, plain: bool
) -> dict[str, object]:
    with ExitStack() as stack:
        rabbit = stack.enter_context(PrivateRabbit())
        url = stack.enter_context(PrivatePostgresql()).url if store == "postgresql" else None
        run = stack.enter_context(
            started(
                folder / "site",
                seed=_SEED,
                scale=0.01,
                faults=False,
                broker=rabbit.url,
                store=url,
                result_delay_seconds=0.2,
                extra=f"\n[limits]\nbatch_records = {batch_records}\n",
                shipped=configuration(folder / "shipped", plain=plain),
            )
        )
        backlog = Backlog(run=run, rabbit=rabbit, town=Town(_SEED), records=records)
        backlog.link()
        piled = backlog.pile_up()
        queued = backlog.queued(records // batch_records)
        commands = {" ".join(command): _seconds(run, command) for command in _COMMANDS}
        resting = backlog.memory()
        backlog.begin_work()
        seconds = [backlog.urgent(number) for number in range(1, urgent + 1)]
        suspensions = [backlog.suspended(number) for number in range(1, urgent + 1)]
        (bulk,) = [lane for lane in run.counts() if lane.lane == BULK]
        working = backlog.memory()
        account = run.server.account()
        sizes = {name: _mebibytes(run.site.folder / name) for name in ("store", "spool")}
    if account["twice"] or queued < records // batch_records:
        raise AssertionError(f"{queued} messages were queued, {account['twice']} records applied twice")
    return {
        "records": records,
        "batch_records": batch_records,
        "store": store,
        "marked_urgent": not plain,
        "queued_messages": queued,
        "piled_up_seconds": round(piled, 1),
        "still_waiting_at_the_end": bulk.waiting,
        "settled_at_the_end": bulk.accepted + bulk.refused,
        "batches_published_again": backlog.republished(),
        "urgent_seconds": [round(each, 2) for each in seconds],
        "suspension_seconds": [round(each, 2) for each in suspensions],
        "peak_mebibytes_queued": resting,
        "peak_mebibytes_working": working,
        "command_seconds": commands,
        "mebibytes_on_disk": sizes,
    }


def _seconds(run: DemoRun, command: tuple[str, ...]) -> float:
    """The fastest of three: how long an operator waits, the start of the program included."""
    words = [sys.executable, "-m", "kakehashi", *command, "--config", str(run.site.config)]
    took = []
    for _ in range(3):
        begin = time.monotonic()
        subprocess.run(words, check=True, capture_output=True)  # our own program
        took.append(time.monotonic() - begin)
    return round(min(took), 2)


def _mebibytes(folder: Path) -> float:
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20, 1)


def _shown(result: Mapping[str, object]) -> str:
    seconds: list[float] = result["urgent_seconds"]  # type: ignore[assignment]  # our own, from `measure`
    stopped: list[float] = result["suspension_seconds"]  # type: ignore[assignment]  # as above
    memory: dict[str, float] = result["peak_mebibytes_working"]  # type: ignore[assignment]  # as above
    commands: dict[str, float] = result["command_seconds"]  # type: ignore[assignment]  # as above
    rows = [
        ["records in the backlog", f"{result['records']:,}"],
        ["messages in the queue", f"{result['queued_messages']:,}"],
        ["seconds to take in and queue them", f"{result['piled_up_seconds']}"],
        ["urgent, seconds: median / most", f"{statistics.median(seconds):.2f} / {max(seconds):.2f}"],
        ["suspension, seconds: median / most", f"{statistics.median(stopped):.2f} / {max(stopped):.2f}"],
        ["records still waiting then", f"{result['still_waiting_at_the_end']:,}"],
        ["records settled then", f"{result['settled_at_the_end']:,}"],
        ["batches published a second time", f"{result['batches_published_again']:,}"],
        *([f"peak memory of {name}, MiB", f"{most}"] for name, most in memory.items()),
        *([f"kakehashi {name}, seconds", f"{took}"] for name, took in commands.items()),
        *([f"{name} on the disk, MiB", f"{size}"] for name, size in dict(result["mebibytes_on_disk"]).items()),  # type: ignore[call-overload]  # as above
    ]
    return table(["", ""], rows)


def main(arguments: list[str] | None = None) -> dict[str, object]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=3_770_000)
    parser.add_argument("--batch-records", type=int, default=500)
    parser.add_argument("--urgent", type=int, default=20, help="how many urgent items, one after the other")
    parser.add_argument("--store", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--plain", action="store_true", help="do not mark the second lane as urgent")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--folder", type=Path, help="kept; else a temporary one")
    options = vars(parser.parse_args(arguments))
    results, folder = options.pop("results"), options.pop("folder")
    with tempfile.TemporaryDirectory(prefix="kakehashi-backlog-") as temporary:
        result = measure(folder or Path(temporary), **options)
    print(_shown(result))
    print(f"\nwritten to {write_json('backlog', result, folder=results)}")
    return result


if __name__ == "__main__":
    main()
