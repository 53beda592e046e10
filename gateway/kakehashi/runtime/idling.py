"""How often a loop looks that has found nothing to do: an idle gateway leaves the processor to others."""

from dataclasses import dataclass, field

__all__ = ["Idling"]

_SOON, _LATER = 0.2, 0.5
_TURNS_SOON = 5


@dataclass(slots=True)
class Idling:
    """Of one loop."""

    _turns: int = field(default=0, init=False)

    def pause(self, done: int) -> float:
        """Seconds to wait after a turn that did so much: none, a fifth of a second, later half of one."""
        self._turns = 0 if done else self._turns + 1
        if not self._turns:
            return 0
        return _SOON if self._turns <= _TURNS_SOON else _LATER
