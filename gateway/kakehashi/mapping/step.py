"""「変換関数」 What a converter is: a named pure function of one value with typed arguments, and how it is inlined."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from kakehashi.domain.japanese_date import HistoricDate
from kakehashi.errors import Fault, InputError

__all__ = ["Argument", "Converter", "Example", "Parameter", "Step", "Value", "refusal"]

Value: TypeAlias = "str | int | Decimal | HistoricDate | tuple[Value, ...] | None"
"""What a codec hands over (the same shape as `codec.layout.Value`; the two rooms do not know each other)."""

Argument: TypeAlias = "str | int"


def refusal(code: str = "MAP-001", **facts: str | int) -> InputError:
    """What a converter raises: a code and facts about the rule, never the value."""
    return InputError(Fault(code, facts=facts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A converter with its arguments.

    `call` gets a value that is not None, unless `takes_none`. The straight line may use instead `inline`, a Python
    expression of `{v}` and `{words}`, the dict `words`; where that raises, `call` decides.
    `may_be_none`: a value may turn into None. `text`: the outcome, if any, is always `str`.
    """

    call: Callable[[Value], Value]
    inline: str | None = None
    words: Mapping[str, str] | None = None
    may_be_none: bool = False
    takes_none: bool = False
    text: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """An argument: `integer`, `text`, `form` (of a date) or `table` (of codes). `many`: any number of them."""

    name: str
    type: str = "text"
    default: Argument | None = None
    many: bool = False


Example: TypeAlias = "tuple[str, Value, Value]"
"""(converter call, value before, value after): shown in the reference, run by the tests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Converter:
    """「変換関数」 `build` gets one argument a parameter (`many`: any number). `combines`: takes a tuple of values."""

    name: str
    meaning: str
    build: Callable[[tuple[Argument, ...]], Step]
    parameters: tuple[Parameter, ...] = ()
    combines: bool = False
    examples: tuple[Example, ...] = ()

    @property
    def signature(self) -> str:
        shown = (
            f"{p.name}…" if p.many else p.name if p.default is None else f"{p.name}={p.default}"
            for p in self.parameters
        )
        return f"{self.name}({', '.join(shown)})" if self.parameters else self.name
