"""Many refused records of one cause: how long an operator waits for list, dry run and retry; and how fast they go out.

    python benchmarks/redrive.py [--records N] [--seconds S] [--rate R] [--results FOLDER]

One tax file comes before anybody is linked: all its records wait as IDN-001. The commands are timed as their user
calls them, the start of the program included; then everybody is linked, and another file of the same size goes through
the lane as files do. At last the retry is ordered, and its progress is looked at until all is accepted, S seconds at
most: records that the order has decided, and records that the server has accepted.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from measure import RESULTS, peak_mebibytes, table, write_json

from kakehashi_adapters.private_rabbitmq import PrivateRabbit
from kakehashi_simulators.demo.run import DemoRun, started
from kakehashi_simulators.legacy import extract, tax
from kakehashi_simulators.legacy.manifest import Sample
from kakehashi_simulators.legacy.town import Town

__all__ = ["main", "measure"]

_SEED = 1
_PATIENCE_SECONDS = 1800.0
_GROUP = ("parked", "retry", "--cause", "IDN-001", "--lane", tax.LANE, "--reason", "linked")
_COMMANDS: Mapping[str, tuple[str, ...]] = {
    "list": ("parked", "list"),
    "dry run": (*_GROUP, "--dry-run"),
    "order": (*_GROUP, "--yes"),
}


def measure(folder: Path, *, records: int, seconds: float, rate: int) -> dict[str, object]:
    with PrivateRabbit() as rabbit:
        site = started(folder / "site", seed=_SEED, scale=0.01, faults=False, broker=rabbit.url)
        with site as run:
            _tax_file(run, folder / "LEVY0001.DAT", first=0, records=records)
            took = {name: _seconds(run, _COMMANDS[name]) for name in ("list", "dry run")}
            links = folder / "ATENA0002.DAT"
            both = 2 * records
            extract.write_extract(links, town=Town(_SEED), links=(("tax", n) for n in range(both)), records=both)
            _through(run, Sample(lane=extract.LANE, name=links.name, path=links, records=both, good=both))
            ordinary = _tax_file(run, folder / "LEVY0002.DAT", first=records, records=records)
            took["order"] = _seconds(run, (*_COMMANDS["order"], "--rate", str(rate)))
            accepted, looked_at = _progress(run, records, seconds)
            (order,) = run.store.orders()
            memory = peak_mebibytes({name: process.pid for name, process in run.processes.running.items()})
            for process in run.processes.running.values():  # nothing that is told here depends on how they end
                process.kill()
    return {
        "records": records,
        "command_seconds": took,
        "ordinary_per_second": round(records / ordinary),
        "seconds_looked_at": round(looked_at, 1),
        "decided": order.done,
        "accepted": accepted,
        "redriven_per_second": round(accepted / looked_at),
        "peak_mebibytes": memory,
    }


def _tax_file(run: DemoRun, path: Path, *, first: int, records: int) -> float:
    """How many seconds it took."""
    tax.write_tax(path, town=Town(_SEED), first=first, records=records)
    begin = time.monotonic()
    _through(run, Sample(lane=tax.LANE, name=path.name, path=path, records=records, good=records))
    return time.monotonic() - begin


def _progress(run: DemoRun, records: int, seconds: float) -> tuple[int, float]:
    """How many of the records that were ordered are accepted, after how many seconds."""
    begin = time.monotonic()
    while True:
        (counts,) = [lane for lane in run.counts() if lane.lane == tax.LANE]
        accepted, elapsed = counts.accepted - records, time.monotonic() - begin
        if accepted >= records or elapsed >= seconds:
            return accepted, elapsed
        time.sleep(0.2)


def _through(run: DemoRun, sample: Sample) -> None:
    run.drop([sample])
    if not run.wait(lambda _counts: None, deadline=time.monotonic() + _PATIENCE_SECONDS):
        raise TimeoutError(sample.name)


def _seconds(run: DemoRun, command: tuple[str, ...]) -> float:
    begin = time.monotonic()
    words = [sys.executable, "-m", "kakehashi", *command, "--config", str(run.site.config)]
    subprocess.run(words, check=True, capture_output=True)  # our own program
    return round(time.monotonic() - begin, 2)


def main(arguments: list[str] | None = None) -> dict[str, object]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=int, default=10_000)
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = vars(parser.parse_args(arguments))
    results = options.pop("results")
    with tempfile.TemporaryDirectory(prefix="kakehashi-redrive-") as temporary:
        result = measure(Path(temporary), **options)
    print(table(["", ""], [[name, str(value)] for name, value in result.items()]))
    print(f"\nwritten to {write_json('redrive', result, folder=results)}")
    return result


if __name__ == "__main__":
    main()
