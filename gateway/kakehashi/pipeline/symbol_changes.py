"""What the server is told of persons: registered (FGU-101), two made one (FGU-141), the symbol released (FGU-151)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from kakehashi.domain.batch import content_id
from kakehashi.domain.interface import Header, ResultClass
from kakehashi.domain.symbol import Blocked, Done, Task
from kakehashi.interface.symbol_change import registration_request, release_request, relink_request
from kakehashi.pipeline.symbol_messages import SymbolMessages, Trouble
from kakehashi.ports.symbols import AcquisitionRow

__all__ = ["Registration", "SymbolChanges", "registration_id"]

_REGISTER, _RELINK, _RELEASE = "FGU-101", "FGU-141", "FGU-151"
_REFUSED = {Task.RELEASE: "SYM-012", Task.RELINK: "SYM-013", Task.UNDO: "SYM-013"}

Registration = tuple[AcquisitionRow, date]
"""「宛名番号登録」 And the day from which the number stands for somebody."""


def registration_id(persons: Sequence[Registration]) -> str:
    """The request in which these are registered together: the same for the same, whenever it is sent."""
    told = (part for row, since in persons for part in (row.what.person, row.created_at.isoformat(), since.isoformat()))
    return content_id(_REGISTER, *told)


@dataclass(frozen=True, slots=True)
class SymbolChanges:
    """Thread-safe."""

    messages: SymbolMessages

    def register(self, persons: Sequence[Registration]) -> list[tuple[AcquisitionRow, Done | Trouble]]:
        """FGU-101. In process: it is asked again, under the same request. Who is registered already, is."""
        messages, request_id = self.messages, registration_id(persons)
        failures = max(row.what.failures for row, _ in persons)
        numbers = [(row.what.person, since) for row, since in persons]
        answered = messages.said(
            messages.server, _REGISTER, request_id, failures, lambda header: registration_request(header, numbers)
        )
        if not isinstance(answered, tuple):
            return [(row, answered) for row, _ in persons]
        answer, _ = answered
        taken = messages.settling.profile.classify(answer.code) in (ResultClass.DONE, ResultClass.DUPLICATE)
        if not taken:
            trouble = messages.trouble(answer, request_id, failures)
            return [(row, trouble or Done()) for row, _ in persons]
        codes = {error.record_no: error.code for error in answer.errors}
        return [
            (row, (messages.of_record(codes[place]) or Done()) if place in codes else Done())
            for place, (row, _) in enumerate(persons, start=1)
        ]

    def tell(self, row: AcquisitionRow) -> Done | Trouble:
        """FGU-141 or FGU-151, the same request in every attempt. Without effect where there is no symbol there, or a
        newer request counts. What is refused waits for an operator.
        """
        messages, what = self.messages, row.what
        message_id = _RELEASE if what.task is Task.RELEASE else _RELINK
        said = content_id(message_id, what.task, what.person, what.heir or "", row.created_at.isoformat())
        answered = messages.said(messages.server, message_id, said, what.failures, _document(row))
        if not isinstance(answered, tuple):
            return answered
        answer, _ = answered
        codes = [error.code for error in answer.errors] or [answer.code]
        if messages.settling.profile.waits(codes[0]) in ("symbol", "superseded"):
            return Done(effect=False)
        trouble = messages.trouble(answer, said, what.failures)
        if answer.errors and trouble is not None:
            return Blocked(_REFUSED[what.task], codes[0])
        return trouble or Done()


def _document(row: AcquisitionRow) -> Callable[[Header], bytes]:
    what, ordered_at = row.what, row.created_at
    if what.heir is None:
        return lambda header: release_request(header, what.person)
    heir, undo = what.heir, what.task is Task.UNDO
    return lambda header: relink_request(header, what.person, heir, undo=undo, ordered_at=ordered_at)
