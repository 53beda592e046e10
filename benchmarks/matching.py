"""Record matching 名寄せ: extracts of five systems that share no number → persons, in a process of its own.

python benchmarks/matching.py --persons 47125 94250 188500 --rounds 3

Each person has a record in each system (3.77 million persons in a city: 18.85 million records). Says processor time and
peak memory of `match group`, and checks every link against the labels.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from measure import RESULTS, table, write_json

from kakehashi.config.loader import load
from kakehashi.pipeline.grouping import Grouping
from kakehashi.runtime.grouping import PILE, read_extract
from kakehashi.runtime.places import shared
from kakehashi.runtime.scratch import FileScratch
from kakehashi_adapters.sql_store import migrate, open_links
from kakehashi_adapters.vault import AesGcmSealer, KeyRing
from kakehashi_simulators.legacy.residents import write_rows
from kakehashi_simulators.legacy.scattered import SYSTEMS, Scattered

WHOLE = 3_770_000 * len(SYSTEMS)


def town_of(persons: int) -> Scattered:
    return Scattered(seed=5, persons=persons, everywhere=True)


def matched(folder: Path, url: str, answer: multiprocessing.Queue) -> None:
    """What `kakehashi match group` does."""
    (folder / "links.toml").write_text('[links]\nmode = "full"\n', encoding="utf-8")
    routes = load(shared("config"), overlay=folder / "links.toml").routes
    links, sealer = open_links(url, cache=8), AesGcmSealer(KeyRing("k", {"k": bytes(32)}, bytes(32)))
    paths = [folder / f"{system}.DAT" for system in SYSTEMS]
    began, processor = time.perf_counter(), time.process_time()
    piles = 1 + sum(path.stat().st_size for path in paths) // PILE
    grouping = Grouping(
        links=links, sealer=sealer, scratch=FileScratch(folder), now=datetime.now(UTC), piles=min(piles, 1000)
    )
    for system, path in zip(SYSTEMS, paths, strict=True):
        route = routes["registry-residents" if system == "registry" else "system-persons"]
        assert not list(read_extract(grouping, route, path))
    read = time.process_time() - processor
    found = grouping.work()
    answer.put(
        {
            "read s": round(read, 1),
            "all s": round(time.process_time() - processor, 1),
            "wall s": round(time.perf_counter() - began, 1),
            "MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
            "persons": found.persons,
            "questions": found.questions,
        }
    )
    links.close()


def wrong(town: Scattered, url: str) -> tuple[int, int]:
    """(links of somebody else's number, links in all)."""
    links = open_links(url)
    whose: dict[str, int] = {}
    mistaken = linked = 0
    for system in SYSTEMS:
        for row in links.links(system):
            person = town.person_of(system, row.atena)
            mistaken += whose.setdefault(row.unified, person) != person
            linked += 1
    links.close()
    return mistaken, linked


def measure(persons: int, *, rounds: int) -> list[dict[str, object]]:
    """The figures of each round, with a new store each."""
    told: list[dict[str, object]] = []
    records, town, spawned = persons * len(SYSTEMS), town_of(persons), multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for system in SYSTEMS:
            write_rows(folder / f"{system}.DAT", town.rows(system), records=persons, made=date(2026, 7, 1))
        for number in range(rounds):
            url = f"sqlite:///{folder}/links-{number}.db"
            migrate(url)
            answer: multiprocessing.Queue = spawned.Queue()
            child = spawned.Process(target=matched, args=(folder, url, answer))
            child.start()
            figures = answer.get()
            child.join()
            mistaken, linked = wrong(town, url)
            told.append(
                {
                    "records": records,
                    **figures,
                    "wrong links": mistaken,
                    "linked": round(linked / records, 4),
                    "us a record": round(figures["all s"] / records * 1e6),
                    "h for the city": round(figures["all s"] / records * WHOLE / 3600, 2),
                }
            )
    return told


def main(arguments: Sequence[str] | None = None) -> Mapping[str, object]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, nargs="+", default=[47_125, 94_250, 188_500])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--results", type=Path, default=RESULTS)
    chosen = parser.parse_args(arguments)
    runs = [figures for persons in chosen.persons for figures in measure(persons, rounds=chosen.rounds)]
    heads = list(runs[0])
    print(table(heads, [[str(run[head]) for head in heads] for run in runs]))
    result = {"runs": runs}
    write_json("matching", result, folder=chosen.results)
    return result


if __name__ == "__main__":
    main()
