"""Writes the lines that make one target's text out of its sources."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import indent

from kakehashi.mapping.finish import integer_text, plain_text
from kakehashi.mapping.mapper import Row, Target
from kakehashi.mapping.plan import FinishKind, Pipe
from kakehashi.mapping.step import Step, Value

__all__ = ["Doubtful", "Memory", "Names", "define", "rule_of_one", "sources", "target_of", "value_lines"]

_MOST_CODES = 1000
Compute = Callable[[Row], "str | tuple[str, ...] | None"]


class Doubtful(Exception):
    """The straight line gives up on a record; the careful way tells why."""


class Memory(dict[object, "str | None"]):
    """What a control's rule made of a code: there are few. Only text is remembered, so that 1 and "1" stay two."""

    def __init__(self, rule: Callable[[Value], str | None]) -> None:
        super().__init__()
        self._rule = rule

    def __missing__(self, key: object) -> str | None:
        made = self._rule(key)  # type: ignore[arg-type]  # whatever a row holds
        if (key is None or isinstance(key, str)) and len(self) < _MOST_CODES:
            self[key] = made
        return made


class Names:
    """Objects that the generated code uses, each under a name of its own: no text of a file becomes code."""

    def __init__(self) -> None:
        self.bound: dict[str, object] = {"Doubtful": Doubtful, "many": many}

    def bind(self, thing: object) -> str:
        name = f"k{len(self.bound)}"
        self.bound[name] = thing
        return name


def define(source: str, names: Names, name: str) -> object:
    """The function `name` of a generated source."""
    namespace = dict(names.bound)
    exec(compile(source, f"<mapping {name}>", "exec"), namespace)  # noqa: S102  # our own source, see Names
    return namespace[name]


def many(rule: Callable[[Value], str | None], values: tuple[Value, ...]) -> tuple[str, ...]:
    """The texts of every value, repeating items laid flat, those without a value left out."""
    texts: list[str] = []
    for value in values:
        if isinstance(value, tuple):
            texts += many(rule, value)
        elif text := rule(value):
            texts.append(text)
    return tuple(texts)


def target_of(pipe: Pipe) -> Target:
    """The careful way of a pipe, with what it needs to speak of faults."""
    return Target(
        name=pipe.target,
        sources=pipe.names,
        compute=_compute(pipe),
        when_none=pipe.when_none,
        occurs=pipe.occurs,
        absent=pipe.absent,
        follows=pipe.follows,
    )


def _compute(pipe: Pipe) -> Compute:
    """(row) → text, several texts, or None. Raises what its converters raise."""
    names = Names()
    if pipe.constant is not None:
        body = f"return {names.bind(pipe.constant)}"
    elif not pipe.sources:
        body = "return None"
    elif pipe.many:
        body = f"return many({names.bind(rule_of_one(pipe))}, {sources(pipe, 'row[{}]')}) or None"
    else:
        lines = value_lines(pipe, "v", sources(pipe, "row[{}]"), names, inline=False)
        body = "\n".join((*lines, "return v or None"))
    return define(f"def compute(row):\n{indent(body, '    ')}", names, "compute")  # type: ignore[return-value]  # its source is written here


def sources(pipe: Pipe, form: str) -> str:
    """The expression of a rule's sources: a tuple where the rule takes all of them."""
    reads = [form.format(index) for index in pipe.sources]
    return f"({', '.join(reads)},)" if pipe.together or pipe.many else reads[0]


def rule_of_one(pipe: Pipe) -> Callable[[Value], str | None]:
    """The rule of a target with one source, or of one occurrence of a repeating one, as a function of its value."""
    names = Names()
    lines = value_lines(pipe, "v", "value", names, inline=False)
    source = "\n".join(["def rule(value):", indent("\n".join((*lines, "return v")), "    ")])
    return define(source, names, "rule")  # type: ignore[return-value]  # its source is written here


def value_lines(pipe: Pipe, var: str, source: str, names: Names, *, inline: bool) -> list[str]:
    """Lines that leave the text of a target, or None or an empty text, in `var`."""
    lines = [f"{var} = {source}"]
    pending, guarded = var, not pipe.together
    for step in pipe.steps:
        if step.takes_none:
            lines += _assign(var, pending, guarded=guarded)
            lines.append(f"{var} = {names.bind(step.call)}({var})")
            pending, guarded = var, step.may_be_none
            continue
        pending = _call(step, pending, names, inline=inline)
        if step.may_be_none:
            lines += _assign(var, pending, guarded=guarded)
            pending, guarded = var, True
    lines += _assign(var, pending, guarded=guarded)
    return lines + _finish(pipe, var, names, guarded=guarded)


def _assign(var: str, expression: str, *, guarded: bool) -> list[str]:
    if expression == var:
        return []
    return [f"if {var} is not None: {var} = {expression}" if guarded else f"{var} = {expression}"]


def _call(step: Step, argument: str, names: Names, *, inline: bool) -> str:
    if inline and step.inline:
        words = names.bind(step.words) if step.words is not None else ""
        return step.inline.format(v=argument, words=words)
    return f"{names.bind(step.call)}({argument})"


def _finish(pipe: Pipe, var: str, names: Names, *, guarded: bool) -> list[str]:
    guard = f"if {var} is not None: " if guarded else ""
    match pipe.finish.kind:
        case FinishKind.TEXT if pipe.steps and pipe.steps[-1].text:
            return []
        case FinishKind.TEXT:
            more = f" and {var} is not None" if guarded else ""
            return [f"if {var}.__class__ is not str{more}: {var} = {names.bind(plain_text)}({var})"]
        case FinishKind.INTEGER:
            other = names.bind(integer_text)
            return [f"{guard}{var} = str({var}) if {var}.__class__ is int else {other}({var})"]
        case FinishKind.CALL:
            return [f"{guard}{var} = {names.bind(pipe.finish.call)}({var})"]
        case FinishKind.LOOK_UP:
            return [f"{var} = {names.bind(pipe.finish.words)}[{var}]"]
