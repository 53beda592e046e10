"""「情報照会」 How one inquiry ends."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

__all__ = ["ANSWERED", "OUTCOME_OF", "InquiryOutcome"]


class InquiryOutcome(StrEnum):
    """「照会結果の区分」 found, partial and not-found are answers; the others stand beside them as exceptions.

    partial: the provider gave a part of what was asked. in-process: the others of the message are answered, this one is
    not yet. expired: nobody can answer it any more, it has to be asked anew.
    """

    FOUND = "found"
    PARTIAL = "partial"
    NOT_FOUND = "not-found"
    REFUSED = "refused"
    NO_SYMBOL = "no-symbol"
    IN_PROCESS = "in-process"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


ANSWERED: Final = (InquiryOutcome.FOUND, InquiryOutcome.PARTIAL, InquiryOutcome.NOT_FOUND)

OUTCOME_OF: Final[Mapping[str, InquiryOutcome]] = MappingProxyType(
    {
        "SRV-012": InquiryOutcome.REFUSED,
        "SYM-001": InquiryOutcome.NO_SYMBOL,
        "SRV-021": InquiryOutcome.IN_PROCESS,
        "SRV-022": InquiryOutcome.EXPIRED,
        "REF-017": InquiryOutcome.CANCELLED,
    }
)
"""By the code of the exception that an inquiry ended in; any other code is our own refusal or the server's."""
