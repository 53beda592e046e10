"""「送信関門」 What is stopped does not leave: a suspended person's records one by one, a locked information's batches.

What is known here may be old. Therefore the intent to send compares its version with the ledger's, in its transaction.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TypeAlias

from kakehashi.config.model import Route
from kakehashi.domain.halt import NOTHING_HALTED, Halted
from kakehashi.domain.interface import Function
from kakehashi.errors import Fault
from kakehashi.pipeline.endpoint import Hold
from kakehashi.pipeline.translation import Draft, Translation
from kakehashi.ports.clock import Clock
from kakehashi.ports.halts import HaltBook

__all__ = ["SendGate"]

_ASKED_AGAIN, _RARELY = timedelta(seconds=1), timedelta(minutes=10)
_Refusal: TypeAlias = Callable[[Draft], Fault | None]
_INFO_NAME = re.compile(r"<InfoName>([^<]*)</InfoName>")


class SendGate:
    """Of one lane. Thread-safe: what it knows is replaced as a whole."""

    def __init__(self, route: Route, book: HaltBook, clock: Clock) -> None:
        self._route = route
        self._book = book
        self._clock = clock
        self._known = NOTHING_HALTED

    def look(self) -> Halted:
        """What is stopped. That nothing is may be old, that something is is not."""
        if self._known.persons or self._known.information:
            self._known = self._book.halted()
        return self._known

    def has_moved(self, halted: Halted) -> bool:
        """Whether the ledger knows more than this; then the next look does, too."""
        self._known = self._book.halted()
        return self._known.version != halted.version

    def hold(self, halted: Halted, *, withdrawal: bool) -> Hold | None:
        """Why a batch of the lane may not go now. What only takes back may go always."""
        if withdrawal or self._route.function is not Function.DBM:
            return None
        since = halted.information.get(self._route.standard.info_name)
        if since is None:
            return None
        age = self._clock.now() - since
        return Hold(max(_ASKED_AGAIN, min(age / 2, _RARELY)), "REF-014")

    def refusal(self, halted: Halted, otherwise: _Refusal | None) -> _Refusal | None:
        """Why a record may not be sent: of a suspended person everything but a deletion; then what `otherwise` says."""
        if not halted.persons:
            return otherwise

        def refused(draft: Draft) -> Fault | None:
            deletes = self._route.function is Function.DBM and draft.mapped.operation == "delete"
            if draft.person in halted.persons and not deletes:
                return Fault("REF-013")
            return otherwise(draft) if otherwise is not None else None

        return refused

    def inquiries(self, translation: Translation) -> Mapping[int, tuple[str, str]]:
        """By record number, who is asked about, and for which information."""
        if self._route.function is not Function.SKI:
            return {}
        return {translation.decoded.numbers[each.position]: (each.person, _asked(each)) for each in translation.drafts}


def _asked(draft: Draft) -> str:
    found = _INFO_NAME.search(draft.mapped.content)
    return found[1] if found else ""
