"""Retry is a decision: (result class, attempt) → wait that long, or give up. Nobody sleeps here.

The waits are tenacity's wait objects; the waiting itself is done by the broker's delay steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

import tenacity

from kakehashi.config.model import RetryClass, RetrySettings
from kakehashi.domain.interface import ResultClass
from kakehashi.interface.profile import Profile
from kakehashi.interface.profile_rules import RetryRule

__all__ = ["RetryPolicy"]


_LIMITS = {
    ResultClass.IN_PROCESS: "in_process",
    ResultClass.CAPACITY: "capacity",
    ResultClass.CLOSED: "closed",
    ResultClass.UNREACHABLE: "unreachable",
    ResultClass.SERVER_FAULT: "server_fault",
}


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """One rule a result class: exponential waits, full jitter. A class without a rule is never retried by itself."""

    rules: Mapping[ResultClass, RetryRule]

    @classmethod
    def of(cls, profile: Profile, limits: RetrySettings) -> Self:
        """The profile's rules, where the lane's own limits do not say otherwise."""
        return cls({kind: _overlaid(rule, getattr(limits, _LIMITS[kind])) for kind, rule in profile.retry.items()})

    def wait(self, result_class: ResultClass, attempt: int) -> timedelta | None:
        """How long to wait after attempt number `attempt` (1-based) failed; None: give up."""
        rule = self.rules.get(result_class)
        if rule is None or (rule.attempts and attempt >= rule.attempts):
            return None
        state = tenacity.RetryCallState(retry_object=tenacity.Retrying(), fn=None, args=(), kwargs={})
        state.attempt_number = attempt
        first, most = rule.first.total_seconds(), rule.most.total_seconds()
        return timedelta(seconds=tenacity.wait_random_exponential(multiplier=first, min=first, max=most)(state))


def _overlaid(rule: RetryRule, limits: RetryClass) -> RetryRule:
    def seconds(value: int | None, default: timedelta) -> timedelta:
        return default if value is None else timedelta(seconds=value)

    return RetryRule(
        attempts=rule.attempts if limits.attempts is None else limits.attempts,
        first=seconds(limits.first_seconds, rule.first),
        most=seconds(limits.most_seconds, rule.most),
    )
