"""The types of a configuration, in one place for those who use them."""

from __future__ import annotations

from kakehashi.config.link_plan import AttributePlan, LinkPlan
from kakehashi.config.return_plan import ReturnContext, ReturnPlan, ReturnRecord
from kakehashi.config.route import Configuration, Route
from kakehashi.config.route_settings import AsOfSettings, ReturnSettings, RouteSettings, SourceSettings, SystemSettings
from kakehashi.config.settings import GatewaySettings, RetryClass, RetrySettings, SafetySettings, Settings
from kakehashi.config.subscription import NoticeContext, Subscription

__all__ = [
    "AsOfSettings",
    "AttributePlan",
    "Configuration",
    "GatewaySettings",
    "LinkPlan",
    "NoticeContext",
    "RetryClass",
    "RetrySettings",
    "ReturnContext",
    "ReturnPlan",
    "ReturnRecord",
    "ReturnSettings",
    "Route",
    "RouteSettings",
    "SafetySettings",
    "Settings",
    "SourceSettings",
    "Subscription",
    "SystemSettings",
]
