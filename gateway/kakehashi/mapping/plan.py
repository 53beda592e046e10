"""A mapping row after all its names were resolved: what the generator writes code from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from kakehashi.mapping.step import Step, Value

__all__ = ["Finish", "FinishKind", "Pipe"]


class FinishKind(Enum):
    """How the last value becomes text."""

    TEXT = auto()
    INTEGER = auto()
    CALL = auto()
    LOOK_UP = auto()


@dataclass(frozen=True, slots=True)
class Finish:
    """CALL: `call` makes text or None of it; LOOK_UP: `words` names all there is."""

    kind: FinishKind
    call: Callable[[Value], str | None] | None = None
    words: Mapping[object, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipe:
    """「変換経路」 `sources` are indices into a row. `when_none` as in Target: the fragment for no value, or None.

    `constant`: a literal after its converters. `together`: the first step takes all sources as a tuple.
    `follows`: the rule of the target before it once more. `checked`: the text can only be what the
    configuration itself holds, which was checked when it was loaded.
    """

    target: str
    sources: tuple[int, ...]
    names: tuple[str, ...]
    steps: tuple[Step, ...]
    finish: Finish
    when_none: str | None
    occurs: int = 1
    together: bool = False
    constant: str | None = None
    checked: bool = False
    absent: str | None = None
    line: int = 0
    follows: bool = False

    @property
    def many(self) -> bool:
        return self.occurs > 1 and not self.together and self.constant is None
