"""From a legacy inquiry to its result in the legacy format: how much longer than the server itself takes?

    python benchmarks/inquiries.py [--inquiries 200] [--longest 8] [--broker local|rabbitmq] [--silent]

One inquiry in a file of its own is dropped into an idle site with the shipped settings, in real processes; the server
has its result after a time of its own, another one for each, up to `--longest` seconds. Measured from the rename of the
file until the result lies in its folder, less that time. `--silent`: the server does not say how long it will take.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import cast

from measure import RESULTS, processor_seconds, table, write_json

from kakehashi_adapters.private_rabbitmq import PrivateRabbit
from kakehashi_simulators.demo.run import DemoRun, started
from kakehashi_simulators.legacy import Sample
from kakehashi_simulators.legacy.inquiry import LANE, write_inquiries
from kakehashi_simulators.legacy.town import Town

__all__ = ["main"]

_SEED = 11
_PATIENCE_SECONDS = 120.0
_LOOK_SECONDS = 0.005
_IDLE_SECONDS = 20.0


def main(arguments: Sequence[str] | None = None) -> dict[str, object]:
    given = _parser().parse_args(arguments)
    with ExitStack() as stack:
        rabbit = stack.enter_context(PrivateRabbit()) if given.broker == "rabbitmq" else None
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kakehashi-inquiries-")))
        url = rabbit.url if rabbit else None
        run = stack.enter_context(started(folder / "site", seed=_SEED, scale=0.01, faults=False, broker=url))
        run.drop([sample for sample in run.manifest.samples if run.is_link(sample)])
        if not run.wait(lambda _: None, deadline=time.monotonic() + _PATIENCE_SECONDS):
            raise SystemExit("the links were not taken in")
        idle = _idle(run, given.idle)
        run.server.set_faults(silent_waits=given.silent)
        dice = random.Random(_SEED)  # times, not secrets
        beyond = sorted(_one(run, number, dice.uniform(0.2, given.longest)) for number in range(1, given.inquiries + 1))
    result: dict[str, object] = {
        "broker": given.broker,
        "silent": given.silent,
        "inquiries": len(beyond),
        "longest_of_the_server": given.longest,
        "load_at_the_end": os.getloadavg(),
        "idle_processor_percent": idle,
        "seconds_beyond_the_server": {
            "least": beyond[0],
            "median": beyond[len(beyond) // 2],
            "p95": beyond[int(len(beyond) * 0.95)],
            "p99": beyond[int(len(beyond) * 0.99)],
            "most": beyond[-1],
        },
    }
    figures = cast("dict[str, float]", result["seconds_beyond_the_server"])
    print(table(["beyond the server", "s"], [[name, f"{value:.2f}"] for name, value in figures.items()]))
    print(table(["idle", "% of a processor"], [[name, f"{value:.1f}"] for name, value in idle.items()]))
    write_json(f"inquiries-{given.broker}{'-silent' if given.silent else ''}", result, folder=given.results)
    return result


def _one(run: DemoRun, number: int, seconds: float) -> float:
    """How long one inquiry took beyond the server's own `seconds`."""
    run.server.set_faults(result_delay_seconds=seconds)
    name = f"P640R110_{number:08d}.DAT"
    path = run.site.folder / "samples" / name
    path.parent.mkdir(exist_ok=True)
    write_inquiries(path, town=Town(_SEED), first=number % 10, records=1)
    _tell_apart(path, number)
    folder = run.configuration.return_folder(run.configuration.routes[LANE])
    assert folder is not None
    result = folder / f"P640R110_{number:08d}_RESULT.CSV"
    begun = time.monotonic()
    run.drop([Sample(lane=LANE, name=name, path=path, records=1, good=1)])
    while not result.exists():
        if time.monotonic() - begun > _PATIENCE_SECONDS:
            raise SystemExit(f"{result.name} did not come")
        time.sleep(_LOOK_SECONDS)
    return time.monotonic() - begun - seconds


def _tell_apart(path: Path, number: int) -> None:
    """No two files have the same content: that would be the same file."""
    fields = path.read_bytes().split(b",")
    fields[3] = b"%017d" % (20260701090000000 + number)
    path.write_bytes(b",".join(fields))


def _idle(run: DemoRun, seconds: float) -> dict[str, float]:
    """What each process spends while there is nothing to do, in percent of a processor."""
    processes = {name: process.pid for name, process in run.processes.running.items()}
    before = processor_seconds(processes)
    time.sleep(seconds)
    after = processor_seconds(processes)
    return {name: (after[name] - before[name]) / seconds * 100 for name in processes}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inquiries", type=int, default=200)
    parser.add_argument("--longest", type=float, default=8.0, help="seconds that the server takes at most")
    parser.add_argument("--broker", choices=["local", "rabbitmq"], default="local")
    parser.add_argument("--silent", action="store_true", help="the server does not say how long it will take")
    parser.add_argument("--idle", type=float, default=_IDLE_SECONDS, help="seconds in which nothing is done")
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser


if __name__ == "__main__":
    main()
