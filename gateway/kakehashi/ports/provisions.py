"""The part of the store that knows inquiries of other bodies that wait for our decision, and every step of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from kakehashi.domain.provision import Inquiry, Provision, ProvisionState

__all__ = ["GATEWAY", "ProvisionBook", "ProvisionEntry", "ProvisionRow"]

GATEWAY: Final = "gateway"
"""Who did it where nobody did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionRow:
    """`turn` counts its moves: who knows an older one has been overtaken."""

    id: int
    turn: int
    created_at: datetime
    what: Provision


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionEntry:
    """「提供記録」 One step: what happened, by whom and why, and the state it led to. Never changed or deleted."""

    at: datetime
    what: str
    state: ProvisionState
    actor: str = GATEWAY
    reason: str | None = None
    code: str | None = None
    server_code: str | None = None
    request_id: str | None = None


class ProvisionBook(Protocol):
    """As of `Store`, every method is one transaction."""

    def add_provisions(self, inquiries: Sequence[Inquiry], *, now: datetime) -> int:
        """A pending one for each that is not known by its `provision_id`; returns how many. Doing it twice does it
        once. Each begins with the entry `listed`.
        """

    def provision(self, provision_id: int) -> ProvisionRow | None: ...

    def known_provisions(self, provision_ids: Sequence[str]) -> Mapping[str, ProvisionRow]:
        """By the server's ids."""

    def provisions(
        self, *, states: Sequence[ProvisionState] = (), person: str | None = None, most: int = 1000
    ) -> list[ProvisionRow]:
        """By deadline; no `states`: all."""

    def due_provisions(self, *, most: int, now: datetime) -> list[ProvisionRow]:
        """Those of which something is to be said or asked, the longest due first."""

    def move_provision(self, provision_id: int, *, turn: int, what: Provision, entry: ProvisionEntry) -> bool:
        """Write what became of it, and the entry. False, and no effect, when `turn` is no longer its turn."""

    def provision_entries(self, provision_id: int) -> list[ProvisionEntry]:
        """Oldest first."""
