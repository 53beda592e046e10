"""The town behind all files of one run: who has which number in which system, and what was planted where."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from kakehashi_simulators.legacy.manifest import Planted, State
from kakehashi_simulators.legacy.numbers import seeded_numbers
from kakehashi_simulators.legacy.people import People

__all__ = ["EXTRA", "SYSTEMS", "Flaw", "Town", "Use"]

SYSTEMS = ("tax", "welfare", "registry")
_BASES = {"tax": 10**7, "welfare": 2 * 10**9, "registry": 4 * 10**9}
EXTRA = 500_000_000
"""Persons from here on stand in one record only, so that what is planted on them is found once. Those that are linked
are in `Town.extras`."""
Use = Literal["plain", "number", "unlinked", "no_symbol", "unknown", "stale"]
"""What a flaw needs besides wrong bytes: a person's number to put into a text, or a person of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One way to spoil one record. `at` and `raw` patch a fixed record, `item` and `text` replace an item of a written
    one; `found` is the item that the fault names.
    """

    kind: str
    code: str
    found: str | None = None
    at: int = 0
    raw: bytes = b""
    item: str = ""
    text: str = ""
    use: Use = "plain"
    state: State = "refused"
    server_code: str | None = None

    def patch(self, record: bytes, raw: bytes | None = None) -> bytes:
        """The record with this flaw's bytes in place."""
        raw = self.raw if raw is None else raw
        return record[: self.at] + raw + record[self.at + len(raw) :]


@dataclass(slots=True)
class Town:
    """Numbers and plantings of one seed."""

    seed: int
    numbers: Mapping[str, str] = field(default_factory=dict)
    """Systems that use another system's 宛名番号."""
    people: People = field(init=False)
    extras: list[tuple[str, int]] = field(default_factory=list)
    """(system, person) that need a link beside the ordinary persons."""
    server_persons: dict[str, list[str]] = field(default_factory=lambda: {"no_symbol": [], "unknown": [], "stale": []})
    planted: list[Planted] = field(default_factory=list)
    _next_extra: int = EXTRA
    _canaries: Iterator[str] = field(init=False)

    def __post_init__(self) -> None:
        self.people = People(self.seed)
        self._canaries = seeded_numbers(self.seed + 1, 10**6)

    def atena(self, system: str, person: int) -> str:
        """「宛名番号」 of a person in one system, 15 digits."""
        return f"{_BASES[self.numbers.get(system, system)] + person * 3 + 1:015}"

    def canary(self) -> str:
        """A valid 個人番号 of nobody, to be hidden in a free text."""
        return next(self._canaries)

    def choose(self, key: str, records: int, flaws: Sequence[Flaw]) -> dict[int, Flaw]:
        """A different record number (1-based) for each flaw, the same ones for the same seed."""
        draw = random.Random(f"{key}-{self.seed}")  # noqa: S311  # samples, not secrets
        return dict(zip(draw.sample(range(1, records + 1), len(flaws)), flaws, strict=True))

    def person_for(self, system: str, flaw: Flaw, person: int) -> int:
        """Whom the spoilt record is about: the ordinary person, or one of its own."""
        if flaw.use in ("plain", "number"):
            return person
        someone = self.extra()
        if flaw.use != "unlinked":
            self.extras.append((system, someone))
            self.server_persons[flaw.use].append(self.people.unified(someone))
        return someone

    def extra(self) -> int:
        """A person who stands nowhere yet."""
        self._next_extra += 1
        return self._next_extra

    def plant(self, file: str, flaws: Mapping[int, Flaw]) -> None:
        """Write down what was planted in a file."""
        self.planted.extend(
            Planted(file=file, record=number, kind=flaw.kind, code=flaw.code, item=flaw.found, state=flaw.state,
                    server_code=flaw.server_code)
            for number, flaw in sorted(flaws.items())
        )  # fmt: skip

    def plant_file(self, file: str, kind: str, code: str, *, state: State = "held") -> None:
        self.planted.append(Planted(file=file, record=None, kind=kind, code=code, item=None, state=state))
