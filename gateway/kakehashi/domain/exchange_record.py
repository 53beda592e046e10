"""「情報提供等記録」 What the server wrote down of one exchange about a person, and whether the person is shown it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kakehashi.domain.inquiry import InquiryOutcome

__all__ = ["ExchangeRecord", "RecordKind", "WithholdingState"]

_GIVEN = (InquiryOutcome.FOUND, InquiryOutcome.PARTIAL)


class RecordKind(StrEnum):
    """「記録区分」 inquiry: we asked; automatic: the server answered from our replica; decided: as we decided."""

    INQUIRY = "inquiry"
    AUTOMATIC = "automatic"
    DECIDED = "decided"


class WithholdingState(StrEnum):
    """「不開示設定状態」 open: said, or about to be, and not known to be heard; done and refused are ends."""

    OPEN = "open"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRecord:
    """「提供等の記録」 `counterpart`: 機関コード of the other body. `reference`: the request id of our inquiry, the
    server's id of the provision that we decided. `withheld`: 不開示理由; None: the person is shown it.
    """

    record_id: str
    person: str
    at: datetime
    kind: RecordKind
    counterpart: str
    affair: str
    procedure: str
    info_name: str
    outcome: InquiryOutcome
    reference: str | None = None
    withheld: str | None = None

    @property
    def is_given(self) -> bool:
        """Whether somebody got something of the person."""
        return self.outcome in _GIVEN
