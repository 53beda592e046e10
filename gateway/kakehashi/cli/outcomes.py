"""How inquiries ended, told: of lanes, of a file, of a batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from kakehashi.cli.context import Session
from kakehashi.domain.batch import RecordState
from kakehashi.domain.inquiry import OUTCOME_OF
from kakehashi.domain.interface import Function
from kakehashi.ports.inquiries import OutcomeCount

__all__ = ["inquiry_lanes", "outcome_rows", "outcomes_of_file", "tell_outcomes", "told"]

_COUNTED = (RecordState.REFUSED, RecordState.DISCARDED, RecordState.WAITING, RecordState.PARKED)
_HELD = (RecordState.WAITING, RecordState.PARKED)
_UNDER_WAY, _OTHER = "under-way", "other"

Line = tuple[str, str, str | None, int]
"""Lane, outcome, code of the exceptions, records."""


def inquiry_lanes(session: Session) -> list[str]:
    routes = session.configuration.routes
    return [name for name, route in sorted(routes.items()) if route.function is Function.SKI]


def told(counts: Iterable[OutcomeCount]) -> str | None:
    """`found 3, not-found 1`; None: nothing was answered."""
    sums: Counter[str] = Counter()
    for each in counts:
        sums[each.outcome.value] += each.records
    return ", ".join(f"{outcome} {records}" for outcome, records in sorted(sums.items())) or None


def outcomes_of_file(session: Session, lane: str, file_id: int) -> list[OutcomeCount]:
    return session.store.outcomes(file_id=file_id) if lane in inquiry_lanes(session) else []


def outcome_rows(session: Session) -> Iterator[Line]:
    """Of each lane of inquiries; its records add up to what was received."""
    answered, causes = session.store.outcomes(), session.store.causes()
    counts = {each.lane: each for each in session.store.counts()}
    for lane in inquiry_lanes(session):
        if lane not in counts:
            continue
        its = [cause for cause in causes if cause.lane == lane and cause.state in _COUNTED]
        yield from ((lane, each.outcome.value, None, each.records) for each in answered if each.lane == lane)
        before = counts[lane].accepted - sum(each.records for each in answered if each.lane == lane)
        if before:  # answered before outcomes were counted
            yield lane, _OTHER, None, before
        by_code: Counter[str] = Counter()
        for cause in its:
            by_code[cause.code] += cause.count
        yield from ((lane, OUTCOME_OF.get(code, _OTHER), code, records) for code, records in sorted(by_code.items()))
        under_way = counts[lane].waiting - sum(cause.count for cause in its if cause.state in _HELD)
        if under_way:
            yield lane, _UNDER_WAY, None, under_way


def tell_outcomes(session: Session) -> None:
    rows = list(outcome_rows(session))
    if rows or session.output.as_json:
        session.output.rows("Inquiries by outcome", ("lane", "outcome", "code", "records"), rows)
