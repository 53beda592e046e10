"""「規則」 What a profile says of one subject each: messages, results, caps, symbols, provisions and the like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from kakehashi.domain.interface import ResultClass
from kakehashi.domain.link import LinkEvent

__all__ = [
    "AddressRule",
    "Caps",
    "InquiryRule",
    "MergeRule",
    "MessageRule",
    "Permission",
    "Polling",
    "ProvisionRule",
    "ProvisionRules",
    "RecordRules",
    "ResultRule",
    "RetryRule",
    "SymbolRule",
]


class Permission(NamedTuple):
    """「提供の権限」 One permitted combination; what has no row is refused."""

    department: str
    affair: str
    procedure: str
    info_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRule:
    """「電文定義」 `idempotent`: the receiver honours the request id, so the same message may be sent again."""

    id: str
    name: str
    answer: str
    idempotent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRule:
    """「返却コード」 `waits`: what a refused record waits for (`symbol`, the rest of its `household`), that it was
    `superseded` or has `expired` or is `unknown`, or that the whole message may be taken when it is `split`; else None.
    """

    code: str
    result_class: ResultClass
    name: str
    waits: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """「上限」 What the server takes at once, of all processes together. `requests_per_second` 0: no limit."""

    records_per_send: int
    bytes_per_send: int
    connections: int
    requests_per_second: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Polling:
    """「結果確認間隔」 `grow`: a wait is so much, in percent, of the time that was waited so far, `interval` at least.
    0: it is `interval` some times, and then doubles.
    """

    first: timedelta
    interval: timedelta
    give_up: timedelta
    grow: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class InquiryRule:
    """「情報照会規則」 `partly`: how long the answered inquiries of a message wait for the others of it.
    `result_url`: a result may come as a URL, which is handed on.
    """

    polling: Polling
    partly: timedelta
    result_url: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolRule:
    """「符号取得規則」 How long a 処理通番 lives, how soon and how rarely the link is asked for, how often anew.
    `withdrawn_by`: after which events no symbol is wanted any more; `released_by`: of these, those after which the
    server is told. `registers`: a person is registered before a 処理通番 is asked for.
    """

    process_number_lifetime: timedelta
    first_look: timedelta
    rarest_look: timedelta
    generations: int
    withdrawn_by: frozenset[LinkEvent]
    released_by: frozenset[LinkEvent]
    registers: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeRule:
    """「番号統合規則」 What follows for the number that is retired: its acquisition given up, the server told that its
    symbol is the other one's, its replicas deleted.
    """

    withdraws_symbol: bool
    relinks_symbol: bool
    withdraws_replicas: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRule:
    """「返却コード」 What we answer ourselves: to the server that asks for addresses, and to relayed systems."""

    done: str
    malformed: str
    unknown: str
    withheld: str
    not_held: str
    stranger: str
    version: str
    unreachable: str
    failed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionRule:
    """「提供判断規則」 How many persons permit or deny; `department`: whose they must be, empty: anybody's."""

    permit: int = 2
    deny: int = 2
    department: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionRules:
    """「情報提供規則」 `by_name`: by (TM code, affair or `*`); `denials`: 不提供理由, code → name."""

    interval: timedelta
    by_name: Mapping[tuple[str, str], ProvisionRule]
    denials: Mapping[str, str]

    def rule(self, info_name: str, affair: str) -> ProvisionRule:
        """That of the affair, else of the information; what has no row needs two persons."""
        named = self.by_name.get((info_name, affair)) or self.by_name.get((info_name, "*"))
        return named or ProvisionRule()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRules:
    """「提供等記録規則」 So many years the server keeps its records; `reasons`: 不開示理由, code → name."""

    keep_years: int
    reasons: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRule:
    """「再試行」 Of one result class: waits grow from `first` to `most`; `attempts` 0: no limit but time."""

    attempts: int
    first: timedelta
    most: timedelta
