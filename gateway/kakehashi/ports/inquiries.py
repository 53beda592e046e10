"""The part of the store that knows inquiries: how those that were answered ended, and which are to be cancelled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, Protocol, TypeAlias

from kakehashi.domain.inquiry import InquiryOutcome

__all__ = ["CANCEL", "CANCEL_MESSAGE", "NO_OUTCOMES", "InquiryBook", "OutcomeCount", "Outcomes", "check_outcomes"]

CANCEL: Final = "cancel"
"""The action of the decision that asks for it."""
CANCEL_MESSAGE: Final = "SKI-305"

Outcomes: TypeAlias = Mapping[InquiryOutcome, int]
NO_OUTCOMES: Final[Outcomes] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class OutcomeCount:
    """「照会結果件数」 How many accepted records of a lane (of one batch, where that is asked for) ended so."""

    lane: str
    batch_id: int | None
    outcome: InquiryOutcome
    records: int


class InquiryBook(Protocol):
    """As of `Store`, every method is one transaction."""

    def outcomes(self, *, file_id: int | None = None) -> list[OutcomeCount]:
        """Of all lanes, by lane; or of one file, by batch. Those that ended otherwise are exceptions."""

    def ask_cancel(self, batch_id: int, *, reason: str, actor: str, now: datetime) -> bool:
        """Write down that what the batch asks is to be cancelled, and make it due at once; a parked one is released for
        that. False for one that has ended, or whose file is held. Asked for twice it is asked for once.
        """

    def cancel_asked(self, batch_id: int) -> str | None:
        """Why it is to be cancelled, as long as the server has not answered an SKI-305 about that; else None."""


def check_outcomes(outcomes: Outcomes, *, accepted: int) -> None:
    """Raise ValueError unless every accepted record has one outcome, or none has any."""
    if outcomes and sum(outcomes.values()) != accepted:
        msg = f"{sum(outcomes.values())} outcomes of {accepted} accepted records"
        raise ValueError(msg)
