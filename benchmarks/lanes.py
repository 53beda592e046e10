"""One lane's server in trouble: what does that cost the other lanes? Three cases, a ratio for each.

    python benchmarks/lanes.py [--records N] [--rounds N] [--backlog N] [--broker rabbitmq|local] [--results FOLDER]

A site as `kakehashi demo` starts it, in real processes. The tax lane's file of N records goes through twice alone (the
first time is not counted), then once beside the inquiry lane, which has a backlog and whose server answers after 30 s,
refuses every message (9001), or is closed (7001). From the drop until all records are settled; the ratio is that of the
speeds beside and alone, in one site, one after the other. Each round and case is a site of its own.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack, nullcontext
from pathlib import Path

from measure import RESULTS, Spread, table, write_json

from kakehashi.domain.batch import FileState
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
    "refuses everything": {"only": "SKI", "result_code": "9001"},
    "closed for hours": {"only": "SKI", "closed": True},
}
_SEED = 1
_BATCH_RECORDS = 10
_PATIENCE_SECONDS = 120.0


def run_case(
    case: Mapping[str, float | str | bool], *, records: int, backlog: int, broker: str | None
) -> tuple[float, float]:
    """Records per second alone, and beside the lane in trouble."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kakehashi-lanes-")))
        extra = "\n[server]\ntimeout_seconds = 60\n"
        run = stack.enter_context(
            started(
                folder / "site", scale=0.01, faults=False, broker=broker, adapt=lambda config: _adapt(config, extra)
            )
        )
        manifest = generate(
            folder / "files", seed=_SEED, scale=records / 1200, faults=False, lanes=[LINKS, LANE, TROUBLED]
        )
        town = Town(_SEED)
        _settled(run, next(sample for sample in manifest.samples if sample.lane == LINKS))
        rates = []
        for number in (1, 2, 3):
            if number == 3:
                run.server.set_faults(**case)
                _drop_inquiries(run, folder, town, backlog)
            path = folder / f"LEVY{number:04d}.DAT"
            write_tax(path, town=town, first=number, records=records - 10)
            sample = Sample(lane=LANE, name=path.name, path=path, records=records - 10, good=records - 10)
            rates.append(sample.records / _settled(run, sample))
        waiting = {lane.lane: lane.waiting for lane in run.counts()}[TROUBLED]
        if not waiting:
            raise AssertionError("the backlog ended before the lane that was measured")
        for process in run.processes.running.values():  # nothing that is told here depends on how they end
            process.kill()
    return rates[1], rates[2]


def _adapt(config: Path, extra: str) -> None:
    """Small batches of inquiries, so that there are many; a server's answer may take 30 s."""
    with (config / "routes" / TROUBLED / "route.toml").open("a", encoding="utf-8") as route:
        route.write(f"\n[limits]\nbatch_records = {_BATCH_RECORDS}\n")
    gateway = config / "gateway.toml"
    text = gateway.read_text(encoding="utf-8").replace("[server]\n", extra.lstrip(), 1)
    gateway.write_text(text, encoding="utf-8")


def _drop_inquiries(run: DemoRun, folder: Path, town: Town, backlog: int) -> None:
    """Their batches are in the queue, and the worker has begun with them."""
    path = folder / "P640R110_00000001.DAT"
    write_inquiries(path, town=town, first=1, records=backlog)
    run.drop([Sample(lane=TROUBLED, name=path.name, path=path, records=backlog, good=backlog)])
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if any(lane.lane == TROUBLED and lane.sent for lane in run.counts()):
            return
        time.sleep(0.05)
    raise TimeoutError("the inquiries were not taken up")


def _settled(run: DemoRun, sample: Sample) -> float:
    """Drop a file; the seconds until all its records have their outcome."""
    begun = time.monotonic()
    run.drop([sample])
    while (took := time.monotonic() - begun) < _PATIENCE_SECONDS:
        states = [file.state for file in run.store.files(lane=sample.lane, most=10) if file.name == sample.name]
        if states and states[0] in {FileState.SETTLED, FileState.RETURNED}:
            return took
        time.sleep(0.02)
    raise TimeoutError(f"{sample.name} was not settled in time")


def measure(*, records: int, rounds: int, backlog: int, broker: str) -> dict[str, object]:
    """Round by round through the cases, so that whatever else the machine does is spread over them."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in CASES}
    with PrivateRabbit() if broker == "rabbitmq" else nullcontext() as rabbit:
        for _ in range(rounds):
            for name, case in CASES.items():
                url = rabbit.url if rabbit else None
                found[name].append(run_case(case, records=records, backlog=backlog, broker=url))
    return {
        "broker": broker,
        "records": records,
        "cases": {
            name: {
                "alone_records_per_second": Spread.of([alone for alone, _ in pairs]),
                "beside_records_per_second": Spread.of([beside for _, beside in pairs]),
                "ratio": Spread.of([beside / alone for alone, beside in pairs]),
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
    return table(["the other lane's server", "records/s alone", "beside it", "ratio"], rows)


def main(arguments: list[str] | None = None) -> dict[str, object]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=30_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--backlog", type=int, default=3_000)
    parser.add_argument("--broker", choices=["rabbitmq", "local"], default="rabbitmq")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = vars(parser.parse_args(arguments))
    folder = options.pop("results")
    result = measure(**options)
    print(_shown(result["cases"]))  # type: ignore[arg-type]  # our own, from `measure`
    print(f"\nwritten to {write_json('lanes', result, folder=folder)}")
    return result


if __name__ == "__main__":
    main()
