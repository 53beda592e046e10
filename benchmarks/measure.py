"""What every benchmark here needs: interleaved repetitions, the machine's facts, a table, a JSON file."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import IO

__all__ = [
    "RESULTS",
    "Ended",
    "Spread",
    "Took",
    "interleaved",
    "machine",
    "observed",
    "peak_mebibytes",
    "processor_seconds",
    "table",
    "write_json",
]

RESULTS = Path(__file__).parent / "results"

_OBSERVE = """
import json, os, resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
os.write(int(sys.argv[1]), json.dumps([code, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]).encode())
"""


@dataclass(frozen=True, slots=True)
class Spread:
    """Of repeated measurements. A single figure would hide what else the machine was doing."""

    least: float
    median: float
    most: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> Spread:
        return cls(min(figures), statistics.median(figures), max(figures))


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """Seconds from the start until all was settled (and its result returned); peak memory of each process in MiB,
    and the processor seconds that each has spent meanwhile: on a busy machine they say more than the clock.
    """

    records: int
    settled: float
    returned: float = 0.0
    peaks: Mapping[str, float] = field(default_factory=dict)
    spent: Mapping[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        return self.records / self.settled

    def plain(self) -> dict[str, object]:
        return {
            "records": self.records,
            "settled_seconds": round(self.settled, 3),
            "returned_seconds": round(self.returned, 3),
            "records_per_second": round(self.rate),
            "peak_mebibytes": dict(self.peaks),
            "processor_microseconds_per_record": {
                name: round(seconds / self.records * 1e6, 1) for name, seconds in self.spent.items()
            },
        }


@dataclass(frozen=True, slots=True)
class Ended:
    """A process from its start to its end."""

    code: int
    seconds: float
    processor_seconds: float
    peak_mebibytes: float


def observed(command: Sequence[str], *, stdout: int | IO[bytes]) -> Ended:
    """Runs a process. A small one between starts it: to the kernel, the peak memory of a process begins with what its
    starter had resident, and a benchmark may hold more than what it measures.
    """
    begin = time.monotonic()
    reading, writing = os.pipe()
    with os.fdopen(reading, encoding="ascii") as report:
        between = [sys.executable, "-c", _OBSERVE, str(writing), *command]
        try:
            subprocess.run(between, stdout=stdout, pass_fds=[writing], check=True)
        finally:
            os.close(writing)
        code, spent, peak = json.load(report)
    return Ended(code, time.monotonic() - begin, spent, peak)


def interleaved(runs: Mapping[str, Callable[[], object]], *, rounds: int) -> dict[str, list[float]]:
    """Seconds of processor time of this process for each run, round by round: A B C A B C, so that whatever slows the
    machine slows all of them. One round before the first is not counted.
    """
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(rounds + 1):
        for name, run in runs.items():
            begin = time.process_time()
            run()
            if turn:
                seconds[name].append(time.process_time() - begin)
    return seconds


def machine() -> dict[str, object]:
    """What the figures hold for."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ("lxml", "xmlschema", "pika", "SQLAlchemy", "httpx", "cryptography")
    return {
        "cpus": os.cpu_count(),
        "memory_gib": round(memory, 1),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": sys.version.split()[0],
        **{name: version(name) for name in packages},
    }


def processor_seconds(processes: Mapping[str, int]) -> dict[str, float]:
    """What running processes (name → id) have spent so far, their own and the kernel's on their behalf."""
    return {name: _processor_seconds(process_id) for name, process_id in processes.items()}


def _processor_seconds(process_id: int) -> float:
    fields = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mebibytes(processes: Mapping[str, int]) -> dict[str, float]:
    """The most memory that running processes (name → id) have had resident, in MiB."""
    return {name: _peak_mebibytes(process_id) for name, process_id in processes.items()}


def _peak_mebibytes(process_id: int) -> float:
    status = Path(f"/proc/{process_id}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return round(int(line.split()[1]) / 1024, 1)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The first column to the left, figures to the right."""
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    lines = []
    for row in (heads, *rows):
        first, *others = (text.ljust(width) if not at else text.rjust(width) for at, (text, width) in
                          enumerate(zip(row, widths, strict=True)))  # fmt: skip
        lines.append("  ".join((first, *others)))
    return "\n".join(lines)


def write_json(name: str, result: Mapping[str, object], *, folder: Path = RESULTS) -> Path:
    """`results/<name>.json`, with the machine's facts."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    everything = {"machine": machine(), **result}
    path.write_text(json.dumps(everything, indent=2, default=_plain) + "\n", encoding="utf-8")
    return path


def _plain(thing: object) -> object:
    if isinstance(thing, Spread):
        return {name: round(value, 4) for name, value in asdict(thing).items()}
    raise TypeError(type(thing).__name__)
