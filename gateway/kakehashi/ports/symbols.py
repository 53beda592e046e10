"""The part of the store that knows acquisitions of symbols, and the records that wait for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from kakehashi.domain.batch import content_id
from kakehashi.domain.symbol import Acquisition, AcquisitionState, Origin, Step, Task

__all__ = [
    "ACTOR",
    "LATELY",
    "REASON",
    "AcquisitionRow",
    "SymbolBook",
    "SymbolCount",
    "parks",
    "rank_of",
    "release_request",
]

ACTOR: Final = "symbols"
REASON: Final = "symbol linked"
"""Who releases a waiting record, and why: as they stand in its decision."""
LATELY: Final = timedelta(days=1)
_IN_VAIN: Final = (AcquisitionState.CANCELLED, AcquisitionState.RELEASED, AcquisitionState.RELINKED)


def rank_of(origin: Origin) -> int:
    """What is worked on first: what holds records back, then what is new, then what was only started."""
    return list(Origin).index(origin)


def parks(step: Step) -> bool:
    """Whether what waits for the symbol waits in vain now."""
    successor = step.successor
    goes_on = successor is not None and (successor.person, successor.task) == (step.state.person, Task.ACQUIRE)
    return step.state.state in _IN_VAIN and not goes_on


def release_request(acquisition_id: int, exception_id: int) -> str:
    """The request id under which a record goes out again when its symbol is linked."""
    return content_id("symbol", acquisition_id, exception_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcquisitionRow:
    """`turn` counts its moves: who knows an older one has been overtaken. `waiting`: records that wait for it."""

    id: int
    turn: int
    created_at: datetime
    waiting: int
    what: Acquisition


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolCount:
    """Acquisitions grouped: state, whether by hand, code; how many, since when the oldest is there, and its id."""

    state: AcquisitionState
    by_hand: bool
    code: str | None
    count: int
    oldest: datetime
    example: int


class SymbolBook(Protocol):
    """As of `Store`, every method is one transaction. A person has one live acquisition at most.

    A record that is settled as waiting with a `person` (`NewException`) waits for the symbol of that person.
    """

    def need(
        self, persons: Sequence[str], *, origin: Origin, now: datetime, again: bool = False, per_second: int = 0
    ) -> int:
        """An acquisition for each of these who never had one; `again`: for each who has no live one. The records that
        wait for them belong to it. Returns how many it made; doing it twice does it once. `again`, where the live one
        is no acquisition: it is marked, that one is acquired when it has ended (`anew`).

        `per_second`: so many become due in a second; 0: all at once. Many persons are written in portions.
        """

    def order(self, what: Acquisition, *, now: datetime) -> bool:
        """Write this one down, unless the person has a live one: then False, and no effect."""

    def cover_waits(self, *, most: int, now: datetime) -> int:
        """Of the records that wait for a symbol and belong to no acquisition, up to `most` (oldest first) come to the
        live one of their person, or to a new one. Returns how many records. Those that do not wait any more are
        forgotten.
        """

    def due_acquisitions(self, *, most: int, now: datetime) -> list[AcquisitionRow]:
        """Those whose time has come: by origin, then the longest due first."""

    def move(self, acquisition_id: int, *, turn: int, step: Step, now: datetime) -> bool:
        """Write what became of it, and its successor (which takes over what waits). False, and no effect, when
        `turn` is no longer its turn.

        On `release` every record that waits for the person's symbol is retried as `redrive` does it, in the same
        transaction. What waits for one that was cancelled, released or relinked, and after which nothing is acquired
        for the same person, is parked: somebody decides.
        """

    def acquisition(self, acquisition_id: int) -> AcquisitionRow | None: ...

    def acquisitions(
        self,
        *,
        states: Sequence[AcquisitionState] = (),
        by_hand: bool | None = None,
        person: str | None = None,
        most: int = 1000,
    ) -> list[AcquisitionRow]:
        """Oldest first; no `states`: all."""

    def symbol_counts(self, *, states: Sequence[AcquisitionState] = ()) -> list[SymbolCount]:
        """By state in the order of `AcquisitionState`, by hand last, by code; no `states`: all."""

    def waiting_for_symbol(self, persons: Sequence[str]) -> Mapping[str, Sequence[int]]:
        """Person → the exceptions that wait for the symbol, oldest first; who has none is absent."""
