"""「支援措置の優先」 A batch with a record that may not be disclosed does not wait behind a backlog of its lane.

Looked at when a file comes in, and only in small ones: of a refresh of everybody each batch would have such a record.
"""

from __future__ import annotations

from kakehashi.config.model import Route
from kakehashi.domain.batch import BatchBody
from kakehashi.errors import InputError

__all__ = ["is_protected", "looks_for_protection"]

_TARGET, _SET = "@non_disclosure", "1"


def looks_for_protection(route: Route, records: int) -> bool:
    """Whether the batches of a file with so many records are looked at."""
    settings = route.settings
    return not settings.urgent and settings.source.as_of is None and records <= settings.urgent_protection


def is_protected(route: Route, body: BatchBody, *, first_record: int, offset: int) -> bool:
    """Whether a record of it says so. One that cannot be read says nothing: it will be refused."""
    flag = next(target for target in route.mapper.controls if target.name == _TARGET)
    decoded = route.codec.decode(body, file="", first_record=first_record, offset=offset)
    for row in decoded.rows:
        if row is None:
            continue
        try:
            if flag.compute(row) == _SET:
                return True
        except (InputError, ValueError, TypeError, ArithmeticError, LookupError, AttributeError):
            continue
    return False
