"""「警報」 What an operator is called for."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Alarm"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """「警報」 `about`: what is measured, `number` as it is, `limit` where it rings. `code` says what to do.

    `lane`: empty where it concerns all; `place`: which disk, certificate or endpoint.
    """

    code: str
    about: str
    number: int
    limit: int
    lane: str = ""
    place: str | None = None

    @property
    def key(self) -> tuple[str, str, str, str]:
        """An alarm with the same key is the same alarm, whatever its number is by now."""
        return self.code, self.about, self.lane, self.place or ""
