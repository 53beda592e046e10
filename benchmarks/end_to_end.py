"""The whole path: dropped file → RabbitMQ (quorum, confirmed) → translated → HTTPS to the simulator → result → settled.

    python benchmarks/end_to_end.py [--records N] [--broker rabbitmq|local] [--store sqlite|postgresql]
                                    [--batch-records N] [--small N] [--rounds N] [--results FOLDER]

A site as `kakehashi demo` starts it, in real processes: intake with scheduler, worker, intermediate server, registry,
broker (and database); durable and sealed at every step. Links are loaded first and not timed; then one tax file is
dropped. Time runs from the drop to the last settled batch, and on to the returned result. Before it, `bare_pipeline.py`
does the same with straight-line code: the same effects, no retries, no ledger of attempts, no place for a fault.
A run with fewer records (--small) shows whether memory depends on the size of the file.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bare_pipeline import run_bare
from measure import RESULTS, Spread, Took, peak_mebibytes, processor_seconds, table, write_json

from kakehashi.domain.batch import FileState
from kakehashi_adapters.private_postgresql import PrivatePostgresql
from kakehashi_adapters.private_rabbitmq import PrivateRabbit
from kakehashi_simulators.demo.run import DemoRun, started
from kakehashi_simulators.legacy import Manifest, Sample, generate

__all__ = ["main", "measure"]

LANE = "tax-levy"
LANES = [LANE, "registry-persons"]
_LOOK_SECONDS = 0.05
_PATIENCE_SECONDS = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What to measure with. `broker`: amqp URL, or None for the embedded queue; `store`: sqlite or postgresql;
    `processes`: of the broker, name → id.
    """

    broker: str | None
    processes: Mapping[str, int]
    store: str
    batch_records: int


def run_gateway(records: int, setting: Setting) -> Took:
    """One site, one file."""
    extra = f"\n[limits]\nbatch_records = {setting.batch_records}\n"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kakehashi-benchmark-")))
        store = stack.enter_context(PrivatePostgresql()).url if setting.store == "postgresql" else None
        manifest = sample_files(folder / "files", records)
        with started(folder / "site", scale=0.01, faults=False, broker=setting.broker, store=store, extra=extra) as run:
            processes = {name: process.pid for name, process in run.processes.running.items()}
            processes |= {"simulator": run.server.process.pid, **setting.processes}
            for sample in manifest.samples:
                took = _through(run, sample, processes)
            account = run.server.account()
    if account["accepted"] != took.records or account["twice"]:
        raise AssertionError(f"the server accepted {account['accepted']} records, {account['twice']} twice")
    return took


def sample_files(folder: Path, records: int) -> Manifest:
    """The registry extract, then one tax file about its persons; no planted faults."""
    return generate(folder, seed=1, scale=records / 1200, faults=False, lanes=LANES)


def _through(run: DemoRun, sample: Sample, processes: Mapping[str, int]) -> Took:
    """Drop one file and wait for its result."""
    before, begin = processor_seconds(processes), time.monotonic()
    run.drop([sample])
    settled, spent = 0.0, before
    while (now := time.monotonic() - begin) < _PATIENCE_SECONDS:
        states = [file.state for file in run.store.files(most=10) if file.name == sample.name]
        if states and states[0] is not FileState.WORKING and not settled:
            settled, spent = now, processor_seconds(processes)
        if states and states[0] is FileState.RETURNED:
            counts = {lane.lane: lane for lane in run.store.counts()}[sample.lane]
            if counts.accepted != sample.records:
                raise AssertionError(f"{counts.accepted} of {sample.records} records were accepted")
            return Took(
                records=sample.records,
                settled=settled,
                returned=now,
                peaks=peak_mebibytes(processes),
                spent={name: spent[name] - before[name] for name in processes},
            )
        time.sleep(_LOOK_SECONDS)
    raise TimeoutError(f"{sample.name} was not returned in time")


def measure(*, records: int, small: int, broker: str, store: str, batch_records: int, rounds: int) -> dict[str, object]:
    """The gateway with few records, then interleaved bare, gateway, bare, gateway … each on a fresh site."""
    bare, ours = [], []
    with PrivateRabbit() if broker == "rabbitmq" else nullcontext() as rabbit:
        brokers = {"rabbitmq": int(rabbit.control("eval", "list_to_integer(os:getpid())."))} if rabbit else {}
        setting = Setting(
            broker=rabbit.url if rabbit else None, processes=brokers, store=store, batch_records=batch_records
        )
        few = run_gateway(small, setting) if small else None
        for _ in range(rounds):
            if rabbit:
                bare.append(run_bare(records, broker=rabbit.url, batch_records=batch_records, others=brokers))
            ours.append(run_gateway(records, setting))
        version = rabbit.version if rabbit else None
    result: dict[str, object] = {
        "broker": broker,
        "rabbitmq": version,
        "store": store,
        "batch_records": batch_records,
        "gateway": [took.plain() for took in ours],
        "gateway_records_per_second": Spread.of([took.rate for took in ours]),
        "gateway_small": few.plain() if few else None,
    }
    if bare:
        result["bare"] = [took.plain() for took in bare]
        result["bare_records_per_second"] = Spread.of([took.rate for took in bare])
        result["ratio_to_bare"] = Spread.of([took.rate / other.rate for other, took in zip(bare, ours, strict=True)])
    return result


def _shown(result: Mapping[str, object]) -> str:
    runs = [("gateway", each) for each in _rows(result, "gateway")]
    runs += [("bare", each) for each in _rows(result, "bare")]
    small = result["gateway_small"]
    if isinstance(small, dict):
        runs.insert(0, ("gateway, small", small))
    names = sorted({name for _, run in runs for name in run["peak_mebibytes"]})
    speed = [
        [
            name,
            f"{run['records']:,}",
            f"{run['settled_seconds']:.2f}",
            f"{run['returned_seconds']:.2f}" if run["returned_seconds"] else "",
            f"{run['records_per_second']:,}",
        ]
        for name, run in runs
    ]
    lines = [
        f"{result['broker']}, {result['store']}, batches of {result['batch_records']}",
        "",
        table(["", "records", "settled s", "returned s", "records/s"], speed),
    ]
    for what, key in (
        ("peak memory, MiB", "peak_mebibytes"),
        ("processor time, µs a record", "processor_microseconds_per_record"),
    ):
        rows = [[name, *(str(run[key].get(each, "")) for each in names)] for name, run in runs]
        lines += ["", table([what, *names], rows)]
    ratio = result.get("ratio_to_bare")
    if isinstance(ratio, Spread):
        lines += ["", f"gateway against bare: {ratio.median:.2f} ({ratio.least:.2f} to {ratio.most:.2f})"]
    return "\n".join(lines)


def _rows(result: Mapping[str, object], name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = result.get(name, [])  # type: ignore[assignment]  # our own, from `measure`
    return found


def main(arguments: list[str] | None = None) -> dict[str, object]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--small", type=int, default=10_000, help="0: leave it out")
    parser.add_argument("--broker", choices=["rabbitmq", "local"], default="rabbitmq")
    parser.add_argument("--store", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--batch-records", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = vars(parser.parse_args(arguments))
    folder = options.pop("results")
    result = measure(**options)
    print(_shown(result))
    name = f"end_to_end-{result['broker']}-{result['store']}"
    print(f"\nwritten to {write_json(name, result, folder=folder)}")
    return result


if __name__ == "__main__":
    main()
