"""「動作シナリオ」 What the registry, and the network behind it, make of the acquisitions that come in from now on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from threading import Lock

__all__ = ["Conduct", "Scenario"]

_OUTCOMES = ("linked", "failed", "lost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    """`delay_seconds`: minutes or days until the symbol arrives, by the simulator's clock; longer than a process
    number lives: it comes late. `outcome`: linked, failed, or lost on the way. `times`: how often it is told, a second
    apart. `refuse`: the code with which an acquisition is refused at once; empty: none is.
    """

    delay_seconds: float
    outcome: str = "linked"
    times: int = 1
    refuse: str = ""


class Scenario:
    """The conduct of one running simulator. Thread-safe."""

    def __init__(self, conduct: Conduct) -> None:
        self._lock = Lock()
        self._conduct = conduct

    @property
    def now(self) -> Conduct:
        return self._conduct

    def set(self, given: Mapping[str, object]) -> None:
        """POST /scenario: change what is named. Raises ValueError for an unknown key or value."""
        kinds = {field.name: (int, float) if field.name == "delay_seconds" else type(getattr(self._conduct, field.name))
                 for field in fields(Conduct)}  # fmt: skip
        for name, value in given.items():
            if name not in kinds or not isinstance(value, kinds[name]):
                raise ValueError(f"one of {' '.join(kinds)} is expected, of its own type")
        if given.get("outcome", "linked") not in _OUTCOMES:
            raise ValueError(f"outcome is one of {' '.join(_OUTCOMES)}")
        with self._lock:
            self._conduct = replace(self._conduct, **given)  # type: ignore[arg-type]  # checked one by one
