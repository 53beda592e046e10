"""The part of the store that knows what is stopped. What is sent compares its version in the transaction of its intent,
so that after a decision is durable no intent is written down that does not know it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from kakehashi.domain.halt import HaltAction, Halted, HaltMeans, HaltOf
from kakehashi.ports.ledger import ReplicaChange

__all__ = ["HaltBook", "HaltRow", "NewHalt", "Sent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHalt:
    """「抑止の指図」 Who stops what, and why. `means`: how the server is told."""

    action: HaltAction
    of: HaltOf
    key: str
    means: HaltMeans
    reason: str
    actor: str
    placed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltRow(NewHalt):
    """「抑止の記録」 `sequence`, `lift_sequence`: of what the server is told. `done_at`, `lift_done_at`: since when the
    server is known to have it so. `code`: why it has not, when it was last tried; `due`: when it is tried again.
    """

    id: int
    sequence: int
    done_at: datetime | None = None
    lifted_at: datetime | None = None
    lifted_by: str | None = None
    lift_reason: str | None = None
    lift_sequence: int | None = None
    lift_done_at: datetime | None = None
    code: str | None = None
    due: datetime | None = None

    @property
    def lock(self) -> bool:
        """Whether the server is to be told of a lock, or of its end."""
        return self.lifted_at is None

    @property
    def waits_since(self) -> datetime | None:
        """Since when the server should have it, and is not known to; None: it has."""
        if self.lifted_at is None:
            return self.placed_at if self.done_at is None else None
        return self.lifted_at if self.lift_done_at is None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """「照会の記録」 A record of a batch that asks about a person. That it came back its batch tells."""

    person: str
    batch_id: int
    record_no: int
    info_name: str


class HaltBook(Protocol):
    """「抑止簿」 As of `Store`, every method is one transaction."""

    def place_halt(self, halt: NewHalt) -> tuple[HaltRow, bool]:
        """Stop it from now on; whether it was not stopped in the same way before. A second one changes nothing."""

    def lift_halt(
        self, action: HaltAction, of: HaltOf, key: str, *, reason: str, actor: str, now: datetime
    ) -> HaltRow | None:
        """None where it is not stopped so. The server is told only where nothing else keeps its lock."""

    def halts(self, *, standing: bool = True, of: HaltOf | None = None, key: str | None = None) -> list[HaltRow]:
        """Oldest first. `standing`: only those that were not lifted."""

    def waiting_halts(self) -> list[HaltRow]:
        """Those that the server is not known to have as they are, oldest first."""

    def halted(self) -> Halted:
        """What may not be sent now."""

    def told_halt(self, halt_id: int, *, lifted: bool, now: datetime) -> bool:
        """The server has it so. `lifted`: as it was told; False where it was lifted meanwhile, or told before."""

    def postpone_halt(self, halt_id: int, *, code: str, due: datetime) -> None:
        """The server has it not yet; why, and when to try again."""

    def persons_in_flight(self, person: str) -> list[ReplicaChange]:
        """Of `Store.persons_replicas`, what was sent and is not decided; deletions too."""

    def sent_about(self, *, person: str | None = None, info_name: str | None = None) -> Sequence[Sent]:
        """Inquiries about a person, or for an information, whose intent is written down, by batch and record."""

    def replicas_ever(self, person: str) -> list[ReplicaChange]:
        """As `Store.persons_replicas`, with what was deleted: the newest accepted change of each unit."""
