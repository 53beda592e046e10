"""The only source of time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

__all__ = ["Clock"]


class Clock(Protocol):
    def now(self) -> datetime:
        """The present, aware, in Japan Standard Time (+09:00)."""

    def sleep(self, duration: timedelta) -> None:
        """Block for `duration`; only loops that poll may call it, never one that holds a delivery."""
