"""「符号取得の事象」 What can happen to an acquisition of a symbol."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

__all__ = [
    "Acknowledged",
    "Blocked",
    "Done",
    "Due",
    "Event",
    "HandedOver",
    "HeldNumber",
    "LinkStatus",
    "NumberIssued",
    "Ordered",
    "Refused",
    "Replaced",
    "Resumed",
    "Silent",
    "Task",
    "Told",
    "Unanswered",
    "Withdrawn",
]


class Task(StrEnum):
    """「符号業務」 What is done about a person's symbol: acquired (取得), released (解除), given to the number that
    stays of two that are one person's (付替え), or given back (付替え取消).
    """

    ACQUIRE = "acquire"
    RELEASE = "release"
    RELINK = "relink"
    UNDO = "undo"


class LinkStatus(StrEnum):
    """「符号紐付け状態」 What the intermediate server says."""

    LINKED = "linked"
    PENDING = "pending"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, repr=False)
class HeldNumber:
    """「処理通番」 As it is kept: sealed. `key_id` names the key."""

    key_id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Due:
    """「時限」 The time has come. `said`: the request in which it is said, where several are said together."""

    said: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """「状態回答」"""

    status: LinkStatus


@dataclass(frozen=True, slots=True)
class NumberIssued:
    """「処理通番回答」"""

    number: HeldNumber
    expires_at: datetime
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """「受付」 The registry has it."""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """「引継済」 Somebody has entered it at the terminal."""


@dataclass(frozen=True, slots=True)
class Done:
    """「完了」 The server has what it was told. `effect`: False where it had no symbol that this could concern."""

    effect: bool = True


@dataclass(frozen=True, slots=True)
class Ordered:
    """「指図」 Something else is done about the symbol now; what is under way ends. `code`: why, of what ends. `heir`:
    the number that stays, of two. `anew`: afterwards one is acquired. `actor`, `reason`: where a person said so.
    """

    task: Task
    heir: str | None = None
    anew: bool = False
    code: str = "SYM-007"
    actor: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """「却下」 Refused for good."""

    code: str
    server_code: str | None = None


@dataclass(frozen=True, slots=True)
class Blocked:
    """「要対応」 Somebody must act before it can go on."""

    code: str
    server_code: str | None = None


@dataclass(frozen=True, slots=True)
class Unanswered:
    """「無応答」 Say it again after `after`. `arrived`: it may have arrived. `counts`: as a failure."""

    code: str
    after: timedelta
    arrived: bool
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Silent:
    """「照会無応答」 As `Unanswered`, of a question: it had no effect, and says nothing of what was asked about."""

    code: str
    after: timedelta
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Resumed:
    """「再開」 An operator lets it go on."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """「取下げ」 No symbol is wanted any more."""

    code: str


@dataclass(frozen=True, slots=True)
class Replaced:
    """「差替」 What it was begun with holds no longer (another 個人番号, another way to ask): a new one goes on."""

    code: str


Event: TypeAlias = (
    Due
    | Told
    | NumberIssued
    | Acknowledged
    | HandedOver
    | Refused
    | Blocked
    | Unanswered
    | Silent
    | Done
    | Ordered
    | Resumed
    | Replaced
    | Withdrawn
)
