"""「通知先」 [notices] of systems/SYSTEM/system.toml → what a system is told of its persons, and how it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from kakehashi.codec.code_table import CodeTable as GaijiTable
from kakehashi.config.layout_table import LayoutFile
from kakehashi.config.reading import Reading
from kakehashi.config.return_plan import ReturnContext, ReturnPlan
from kakehashi.config.return_table import ReturnSources, read_return_plan
from kakehashi.config.return_value import NOTICE_VARIABLES
from kakehashi.config.route_settings import NoticeSettings, SystemSettings
from kakehashi.domain.notice import Subscriber
from kakehashi.mapping.code_table import CodeTable
from kakehashi.mapping.converters import CodeTables

__all__ = ["NoticeContext", "Subscription", "read_subscription", "subscriber_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeContext(ReturnContext):
    """「通知内容」 What is known of one notice; `serial` and `count` of its file."""

    serial: int = 0
    notice_no: int = 0
    event: str = ""
    disclosure: str = ""
    name: str = ""
    kana: str = ""
    birth: str = ""
    sex: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """「宛名通知先」 One system that is told; its name is the subscriber's."""

    subscriber: Subscriber
    settings: NoticeSettings
    plan: ReturnPlan


def subscriber_of(system: SystemSettings, numbers: Mapping[str, str]) -> Subscriber | None:
    """`numbers`: whose 宛名番号 systems use that have none of their own."""
    if system.notices is None:
        return None
    return Subscriber(
        system=system.name,
        numbers=numbers.get(system.name, system.name),
        events=frozenset(system.notices.events),
    )


def read_subscription(
    reading: Reading,
    system: SystemSettings,
    subscriber: Subscriber,
    *,
    gaiji: tuple[GaijiTable, ...],
    degrade: Mapping[str, str],
    tables: Mapping[str, CodeTable],
    as_of: date | None,
) -> Subscription | None:
    """None when anything of it is wrong."""
    settings = system.notices
    assert settings is not None
    at = LayoutFile(
        file=f"systems/{system.name}/system.toml",
        key="notices",
        name=f"{system.name}-notices",
        charset=system.charset,
        gaiji=gaiji,
    )
    known = ReturnSources(
        layout=None,
        answers=frozenset(),
        tables=CodeTables(tables, as_of=as_of),
        degrade=degrade,
        variables=NOTICE_VARIABLES,
    )
    plan = read_return_plan(reading, at, settings, file=f"systems/{system.name}/{settings.file}", known=known)
    return None if plan is None else Subscription(subscriber=subscriber, settings=settings, plan=plan)
