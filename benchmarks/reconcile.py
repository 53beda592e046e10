"""`kakehashi reconcile --originals --server` over a whole tax register: what it finds, how long, how much memory.

    python benchmarks/reconcile.py [--keys N] [--small N] [--planted N] [--results FOLDER]

A site as `kakehashi demo` starts it, with the server's simulator in a process of its own. An extract of about `keys`
records is written, and ledger and server are filled as if it had been sent and accepted; then differences of every kind
are planted. The command runs as its operator calls it: it must find exactly what was planted. A run with fewer keys
(--small) shows whether memory depends on their number.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

from measure import RESULTS, observed, table, write_json

from kakehashi.config.loader import load
from kakehashi.config.model import Route
from kakehashi.domain.batch import BatchBody
from kakehashi.pipeline.translation import Subject, draft, replica_change
from kakehashi.ports.ledger import ReplicaChange
from kakehashi_simulators.demo.run import DemoRun, started
from kakehashi_simulators.legacy.tax import LANE, write_tax
from kakehashi_simulators.legacy.town import Town

__all__ = ["main"]

_SEED = 1
_BEFORE_FIRST = 1_000_000_000
_PORTION = 10_000
_ELSEWHERE = "9" * 14
"""The first person of none."""

_FILE = (
    "INSERT INTO files (id, lane, name, digest, size, records, batches, state, config_hash, received_at, spool, "
    "before_first) VALUES (1, 'tax-levy', 'LEVY', zeroblob(32), 0, ?, 0, 'settled', '', 0, '', ?)"
)
_LINK = "INSERT INTO links (system, atena, unified, linked_at, frozen) VALUES ('tax', ?, ?, 0, 0)"
_LEDGER = "INSERT INTO replicas (person, info_name, unit, sequence, digest, deleted) VALUES (?, ?, ?, ?, ?, 0)"
_SERVER = "INSERT INTO effects (person, info, unit, sequence, operation, request) VALUES (?, ?, ?, ?, 'register', 0)"
_OF_A_KEY = "WHERE person = ? AND unit = ?"

Found = tuple[str, int | None, str | None, str | None]
"""Kind, record of the extract, where the accepted and the server's change came from."""


class _AllLinked:
    """Every number is its person's, by arithmetic: nothing is read."""

    def __init__(self, records: int) -> None:
        town = Town(_SEED)
        self.numbers = {town.atena("tax", person): town.people.unified(person) for person in range(records)}

    def resolve(self, _system: str, atena: Sequence[str]) -> Mapping[str, str]:
        return {number: self.numbers[number] for number in atena if number in self.numbers}

    def unresolved(self, _system: str, _atena: Sequence[str]) -> Collection[str]:
        return ()


def changes_of(route: Route, path: Path, links: _AllLinked) -> Iterator[ReplicaChange]:
    """What would have been accepted of the extract."""
    with path.open("rb") as stream:
        split = route.codec.split(stream, batch_records=_PORTION, file=path.name)
        for part in split.slices:
            stream.seek(part.offset)
            body = BatchBody(split.header_of(part), stream.read(part.length))
            subject = Subject(
                file=path.name, before_first=_BEFORE_FIRST, first_record=part.first_record, offset=part.offset
            )
            drafts, _ = draft(route, body, subject, links=links)
            yield from (change for each in drafts if not (change := replica_change(route, each)).deleted)


def fill(run: DemoRun, route: Route, path: Path, records: int) -> list[tuple[str, str, int]]:
    """Links, ledger and server as they are after the extract was sent; every key with the record that it came from."""
    links = _AllLinked(records)
    keys = []
    with _book(run, "ledger") as ledger, _book(run, "server") as server:
        ledger.executemany(_LINK, links.numbers.items())
        ledger.execute(_FILE, (records, _BEFORE_FIRST))
        changes = changes_of(route, path, links)
        while portion := list(islice(changes, _PORTION)):
            ledger.executemany(_LEDGER, [change[:5] for change in portion])
            server.executemany(
                _SERVER,
                [(change.person, change.info_name, change.unit, f"{change.sequence:018d}") for change in portion],
            )
            ledger.commit()
            server.commit()
            keys += [(change.person, change.unit, change.sequence - _BEFORE_FIRST) for change in portion]
    return keys


def _book(run: DemoRun, whose: str) -> closing[sqlite3.Connection]:
    paths = {"ledger": Path("store", "kakehashi.db"), "server": Path("server", "account.sqlite")}
    return closing(sqlite3.connect(run.site.folder / paths[whose], timeout=60))


def plant(run: DemoRun, route: Route, keys: Sequence[tuple[str, str, int]], number: int) -> list[Found]:
    """As many differences of each of the six kinds; what must be found."""
    name = route.standard.info_name
    chosen = random.Random(_SEED).sample(keys, number - 2 * (number // 6))  # no secret
    planted: list[Found] = []
    with _book(run, "ledger") as ledger, _book(run, "server") as server:
        for turn, (person, unit, record) in enumerate(chosen):
            key, here = (person, unit), f"F1 {record}"
            match turn % 4:
                case 0:
                    ledger.execute(f"DELETE FROM replicas {_OF_A_KEY}", key)  # our own words
                    server.execute(f"DELETE FROM effects {_OF_A_KEY}", key)
                    planted.append(("not-accepted", record, None, None))
                case 1:
                    ledger.execute(f"UPDATE replicas SET digest = zeroblob(32) {_OF_A_KEY}", key)
                    planted.append(("outdated", record, here, here))
                case 2:
                    server.execute(f"DELETE FROM effects {_OF_A_KEY}", key)
                    planted.append(("not-at-server", record, here, None))
                case _:
                    server.execute(f"UPDATE effects SET sequence = ? {_OF_A_KEY}", (f"{record:018d}", *key))
                    planted.append(("other-at-server", record, here, f"{record}"))
        for extra in range(number // 6):
            gone, alone = 2 * _BEFORE_FIRST + extra, 3 * _BEFORE_FIRST + extra
            strange = f"{_ELSEWHERE[:9]}{extra:06d}"
            ledger.execute(_LEDGER, (strange, name, "2026", gone, bytes(32)))
            server.execute(_SERVER, (strange, name, "2026", f"{gone:018d}"))
            planted.append(("surplus", None, f"{gone}", f"{gone}"))
            server.execute(_SERVER, (strange, name, "2025", f"{alone:018d}"))
            planted.append(("only-at-server", None, None, f"{alone}"))
        ledger.commit()
        server.commit()
    return planted


def reconcile(run: DemoRun, path: Path) -> tuple[list[Found], dict[str, float]]:
    """What the command tells, and what it took."""
    arguments = ["reconcile", LANE, "--originals", path, "--server", "--config", run.site.config, "--json"]
    with (run.site.folder / "differences.jsonl").open("w+b") as out:
        ended = observed([sys.executable, "-m", "kakehashi", *map(str, arguments)], stdout=out)
        out.seek(0)
        lines = [json.loads(line) for line in out]
    if ended.code != 1 or any(line["in_flight"] != "no" for line in lines):
        raise AssertionError(f"exit code {ended.code}: {lines[:1]}")
    took = {
        "seconds": round(ended.seconds, 1),
        "processor_seconds": round(ended.processor_seconds, 1),
        "peak_mebibytes": round(ended.peak_mebibytes, 1),
    }
    return [(line["difference"], line["record"], line["accepted"], line["server"]) for line in lines], took


def measure(keys: int, planted: int) -> dict[str, object]:
    """One site, filled, reconciled. Raises AssertionError unless exactly the planted differences are found."""
    records = keys * 50 // 49 + 1  # every 50th deletes
    with tempfile.TemporaryDirectory(prefix="kakehashi-benchmark-") as folder:
        path = Path(folder, "FULL.DAT")
        write_tax(path, town=Town(_SEED), first=0, records=records)
        with started(Path(folder, "site"), scale=0.01, faults=False) as run:
            route = load(run.site.config).routes[LANE]
            known = fill(run, route, path, records)
            expected = plant(run, route, known, planted)
            found, took = reconcile(run, path)
    if sorted(found, key=str) != sorted(expected, key=str):
        raise AssertionError(f"{len(found)} differences were found, {len(set(found) ^ set(expected))} of them wrong")
    return {"keys": len(known), "extract_mebibytes": records * 400 >> 20, "found": len(found), **took}


def main(arguments: Sequence[str] | None = None) -> dict[str, object]:
    parser = argparse.ArgumentParser(description="What a reconciliation finds, how long it takes, how much memory.")
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--small", type=int, default=100_000)
    parser.add_argument("--planted", type=int, default=1_000)
    parser.add_argument("--results", type=Path, default=RESULTS)
    asked = parser.parse_args(arguments)
    runs = []
    for keys in filter(None, (asked.small, asked.keys)):
        runs.append(measure(keys, asked.planted))
        print(table(list(runs[-1]), [[f"{figure:,}" for figure in runs[-1].values()]]), flush=True)
    result: dict[str, object] = {"runs": runs}
    write_json("reconcile", result, folder=asked.results)
    return result


if __name__ == "__main__":
    main()
