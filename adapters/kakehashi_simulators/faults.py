"""Switchable faults: what an admin call can make a simulator do wrong."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

__all__ = ["Faults", "Strength", "Switches"]

Strength = float
"""How often a fault strikes: ≥ 1 the next n times, between 0 and 1 a probability, -1 always, 0 never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """Every switch with its harmless value. JSON true means always."""

    only: str = ""
    """What the ids of the messages begin with that faults strike, such as SKI: one lane's trouble. Empty: all."""
    refuse_connections: bool = False
    """Reset every connection before TLS; drop those that are open."""
    delay_seconds: float = 0.0
    """Wait before the message is looked at: a client that gives up meanwhile sees it applied late."""
    answer_delay_seconds: float = 0.0
    """Apply, then wait before answering."""
    cut_before_apply: Strength = 0.0
    drop_response_after_apply: Strength = 0.0
    http_status: int = 0
    """Answer with this HTTP status (`http_status_times` says how often) and do nothing else."""
    http_status_times: Strength = -1.0
    retry_after: int | None = None
    result_delay_seconds: float | None = None
    """Overrides the option of the program: how long a receipt stays in process."""
    silent_waits: bool = False
    """Never say how long a result will take."""
    wrong_correlation: Strength = 0.0
    duplicate_answer: Strength = 0.0
    """Send the answer twice on its connection: the second one meets the next request."""
    swapped_answers: Strength = 0.0
    """Two requests at the same time get each other's answer."""
    garbage_answer: Strength = 0.0
    huge_answer: Strength = 0.0
    slow_drip: Strength = 0.0
    drip_seconds: float = 0.2
    closed: bool = False
    """Outside service hours: 7001 for everything but SYM-901."""
    result_code: str = ""
    """Answer every message with this code and do nothing else."""
    capacity_message: bool = False
    """Over the connection cap: answer 6002 instead of HTTP 503."""
    forget_requests: bool = False
    """A receiver that is not idempotent: it takes a repeated message again."""
    part_groups: bool = False
    """A receiver that does not know groups: it takes what it can of one."""
    seed: int = 0


class Faults:
    """The switches of one running simulator. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._switches = Switches()
        self._random = random.Random(0)  # noqa: S311  # reproducible, not secret

    @property
    def now(self) -> Switches:
        return self._switches

    def set(self, changes: Mapping[str, object]) -> None:
        """Change the named switches, leave the others. Raises ValueError for an unknown name or a wrong type."""
        known = {field.name: getattr(Switches(), field.name) for field in fields(Switches)}
        values = {name: _checked(name, known, value) for name, value in changes.items()}
        with self._lock:
            self._switches = replace(self._switches, **values)  # type: ignore[arg-type]  # checked one by one
            if "seed" in values:
                self._random.seed(self._switches.seed)

    def reset(self) -> None:
        with self._lock:
            self._switches = Switches()

    def strikes(self, name: str) -> bool:
        """Whether the fault happens this time; counts it down."""
        with self._lock:
            strength = float(getattr(self._switches, name))
            if strength < 0:
                return True
            if strength < 1:
                return self._random.random() < strength
            self._switches = replace(self._switches, **{name: strength - 1})  # type: ignore[arg-type]  # a Strength
            return True


def _checked(name: str, known: Mapping[str, object], value: object) -> object:
    if name not in known:
        raise ValueError(f"unknown switch {name}")
    default = known[name]
    if isinstance(default, float) and value is True:
        return -1.0
    if isinstance(default, float) and isinstance(value, int | float):
        return float(value)
    if default is None and (value is None or isinstance(value, int | float)):
        return value
    if default is not None and type(value) is type(default):
        return value
    raise ValueError(f"wrong type for {name}")
