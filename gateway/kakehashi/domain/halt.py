"""「抑止」 What somebody has stopped: a person whose data no longer leave, or what the server locks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

__all__ = ["NOTHING_HALTED", "HaltAction", "HaltMeans", "HaltOf", "Halted"]


class HaltAction(StrEnum):
    """「抑止種別」"""

    SUSPEND = "suspend"
    """提供停止 of a person: nothing of them is sent any more, and what was sent is taken back."""
    LOCK = "lock"
    """提供ロック of a person or an information: the server provides nothing; replicas of an information are held."""


class HaltOf(StrEnum):
    """「抑止対象」 What the key of a halt is."""

    PERSON = "person"
    INFORMATION = "information"


class HaltMeans(StrEnum):
    """「抑止手段」 How the server is told."""

    WITHDRAW = "withdraw"
    LOCK = "lock"


@dataclass(frozen=True, slots=True)
class Halted:
    """「抑止中の対象」 Suspended persons, locked information since when; `version` changes with each decision."""

    version: int = 0
    persons: frozenset[str] = frozenset()
    information: Mapping[str, datetime] = field(default_factory=dict)


NOTHING_HALTED = Halted()
