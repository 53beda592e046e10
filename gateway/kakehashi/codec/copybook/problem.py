"""The one error of the copybook parser: line, column, and what should have stood there."""

from __future__ import annotations

from typing import NamedTuple

from kakehashi.errors import ConfigurationError, Fault, Place

__all__ = ["Position", "problem"]


class Position(NamedTuple):
    """1-based line and column; `member` is the copied member, None for the text itself."""

    line: int
    column: int
    member: str | None = None


def problem(at: Position, *, expected: str, found: str = "") -> ConfigurationError:
    """CFG-013. `found` is text of the copybook (never of a record), cut to what a line can show."""
    facts: dict[str, str | int] = {"line": at.line, "column": at.column, "expected": expected}
    if found:
        facts["found"] = found[:40]
    return ConfigurationError([Fault("CFG-013", Place(file=at.member), facts)])
