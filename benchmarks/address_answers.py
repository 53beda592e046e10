"""The intermediate server asks for address information at a rate; how long does it wait?

    python benchmarks/address_answers.py [--persons 20000] [--rate 50] [--seconds 60]

A gateway of its own process, as it is shipped (SQLite, sealed address data, mutual TLS, schema checks both ways, every
answer in the books before it goes out), is asked by another process in an open loop: a late answer does not make the
next question come later, and its lateness counts.
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from time import monotonic
from typing import cast

from measure import RESULTS, processor_seconds, table, write_json

from kakehashi.runtime.bootstrap import plugin
from kakehashi_simulators.demo.run import DemoRun, started
from kakehashi_simulators.legacy.manifest import Sample
from kakehashi_simulators.legacy.numbers import seeded_numbers
from kakehashi_simulators.legacy.residents import RESIDENTS, Row, described, write_rows
from kakehashi_simulators.legacy.town import Town

SEED = 5
SETTINGS = """
[links]
mode = "full"
[answering]
listen = "{endpoint}"
ca = "{certificates}/ca.pem"
certificate = "{certificates}/listener.pem"
key = "{certificates}/listener.key"
"""
OURS = "9999000000000099"


def main(arguments: Sequence[str] | None = None) -> dict[str, object]:
    given = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="kakehashi-answers-") as folder:
        result = _measured(Path(folder) / "site", given.persons, given.rate, given.seconds)
    figures = cast("dict[str, float]", result["seconds"])
    print(table(["", "ms"], [[name, f"{value * 1000:.1f}"] for name, value in figures.items()]))
    write_json("address_answers", result, folder=given.results)
    return result


def _measured(folder: Path, persons: int, rate: float, seconds: int) -> dict[str, object]:
    endpoint = f"https://127.0.0.1:{_free_port()}/questions"
    extra = SETTINGS.format(endpoint=endpoint, certificates=folder / "certificates")
    with started(folder, seed=SEED, scale=0.01, faults=False, extra=extra) as run:
        numbers = _registered(run, persons)
        keys = [numbers[at * 7919 % len(numbers)] for at in range(int(rate * seconds))]
        process = {"intake": run.processes.running["intake"].pid}
        before = processor_seconds(process)["intake"]
        answers = []
        for at in range(0, len(keys), int(rate) * 5):  # the simulator's admin answers within ten seconds
            question = {"endpoint": endpoint, "persons": keys[at : at + int(rate) * 5], "receiver": OURS}
            answers += cast("list[dict[str, object]]", run.server.ask("/ask", {**question, "per_second": rate}))
        used = processor_seconds(process)["intake"] - before
    if wrong := [answer for answer in answers if answer.get("code") != "0000" or not answer.get("told")]:
        raise SystemExit(f"{len(wrong)} answers are not what was asked for: {wrong[0].keys()}")
    waited = sorted(cast("float", answer["seconds"]) for answer in answers)
    return {
        "persons": persons,
        "questions": len(answers),
        "rate": rate,
        "processor_ms_a_question": used * 1000 / len(answers),
        "seconds": {
            "median": waited[len(waited) // 2],
            "p99": waited[int(len(waited) * 0.99)],
            "most": waited[-1],
        },
    }


def _registered(run: DemoRun, persons: int) -> list[str]:
    """The 団体内統合宛名番号 of persons whom the registry's extract has told."""
    town, path = Town(SEED), run.site.folder / "samples" / "RESIDENT1.DAT"
    numbers = seeded_numbers(SEED, persons)
    rows = (
        Row(system="registry", atena=f"{4_000_000_000 + at}", number=number, person=described(town.people, at))
        for at, number in enumerate(numbers)
    )
    write_rows(path, rows, records=persons, made=date(2026, 7, 1))
    run.drop([Sample(lane=RESIDENTS, name=path.name, path=path, records=persons, good=persons)])
    if not run.wait(lambda _: None, deadline=monotonic() + 600):
        raise SystemExit("the extract was not taken in")
    ledger, links = plugin("stores", "sqlite")(run.configuration.gateway.store.url)
    try:
        return [row.unified for row in links.links("registry")]
    finally:
        links.close()
        ledger.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--persons", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=50.0, help="questions a second")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser


if __name__ == "__main__":
    json.dump(main()["seconds"], sys.stdout)
