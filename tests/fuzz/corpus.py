"""The inputs that are kept, by target: lines of base64 in corpus/TARGET.txt, no more than reach every line reached.

`python -m tests.fuzz.corpus spread FOLDER` writes them as files for the engine, a folder a target;
`python -m tests.fuzz.corpus keep FOLDER` reads them back with what the engine found, and keeps what adds a line.
"""

from __future__ import annotations

import base64
import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.fuzz.targets import TARGETS

__all__ = ["kept"]

_FOLDER = Path(__file__).parent / "corpus"
_LONGEST = 300


def kept(target: str) -> list[bytes]:
    """The inputs of a target."""
    path = _FOLDER / f"{target}.txt"
    return [base64.b64decode(line) for line in path.read_text(encoding="ascii").split()] if path.exists() else []


def spread(folder: Path) -> None:
    for target in TARGETS:
        (folder / target).mkdir(parents=True, exist_ok=True)
        for raw in kept(target):
            (folder / target / hashlib.sha256(raw).hexdigest()[:16]).write_bytes(raw)


def keep(folder: Path) -> None:
    for target in TARGETS:
        found = {path.read_bytes() for path in (folder / target).iterdir()}
        inputs = sorted((raw for raw in found if len(raw) <= _LONGEST), key=lambda raw: (len(raw), raw))
        lines = sorted(base64.b64encode(raw).decode("ascii") for raw in _adding(target, inputs))
        (_FOLDER / f"{target}.txt").write_text("".join(line + "\n" for line in lines), encoding="ascii")


def _adding(target: str, inputs: Iterable[bytes]) -> Iterable[bytes]:
    reached: set[tuple[str, int]] = set()
    for raw in inputs:
        lines = _lines(target, raw)
        if not lines <= reached:
            reached |= lines
            yield raw


def _lines(target: str, raw: bytes) -> set[tuple[str, int]]:
    """Every line of the product that this input runs through."""
    met: set[tuple[str, int]] = set()

    def local(frame, event, argument):
        met.add((frame.f_code.co_filename, frame.f_lineno))
        return local

    def trace(frame, event, argument):
        return local if "/kakehashi/" in frame.f_code.co_filename else None

    sys.settrace(trace)
    try:
        TARGETS[target](raw)
    finally:
        sys.settrace(None)
    return met


if __name__ == "__main__":
    {"spread": spread, "keep": keep}[sys.argv[1]](Path(sys.argv[2]))
