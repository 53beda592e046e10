"""Writes a mapping as straight-line Python: no dispatch by item, one template a record, one text to check a record.

The generated source holds only indices, element names (checked by the compiler) and names of bound objects; no text
of a configuration file stands in it as code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from textwrap import indent
from xml.sax.saxutils import escape  # noqa: S406  # text only, no parser

from kakehashi.mapping.finish import integer_text, plain_text
from kakehashi.mapping.mapper import Row, Run, Target
from kakehashi.mapping.plan import Finish, FinishKind, Pipe
from kakehashi.mapping.step import Step, Value

__all__ = ["compile_run", "target_of"]

Compute = Callable[[Row], "str | tuple[str, ...] | None"]

_RUN = """
def run(rows, out, texts, doubtful, Mapped):
    add = out.append
    note = texts.append
    new = tuple.__new__
    for index, row in enumerate(rows):
        if row is None:
            add(None)
            note("")
            continue
        try:
{body}
        except Exception:  # the careful way tells what it was
            doubtful.append(index)
            add(None)
            note("")
            continue
        add(new(Mapped, ({controls}, content, ())))
        note({text})
"""


class Doubtful(Exception):
    """The straight line gives up on a record."""


class _Names:
    """Objects that the generated code uses, each under a name of its own."""

    def __init__(self) -> None:
        self.bound: dict[str, object] = {"Doubtful": Doubtful}

    def bind(self, thing: object) -> str:
        name = f"k{len(self.bound)}"
        self.bound[name] = thing
        return name


def _compute(pipe: Pipe) -> Compute:
    """The careful way of one target: (row) → text, several texts, or None. Raises what its converters raise."""
    names = _Names()
    if pipe.constant is not None:
        body = f"return {names.bind(pipe.constant)}"
    elif not pipe.sources:
        body = "return None"
    elif pipe.many:
        flat = _sources(pipe, "row[{}]", together=True)
        body = f"return many({_element(pipe, names)}, {flat}) or None"
        names.bound["many"] = _many
    else:
        lines = _value(pipe, "v", _sources(pipe, "row[{}]"), names, inline=False)
        body = "\n".join((*lines, "return v or None"))
    return _define(f"def compute(row):\n{indent(body, '    ')}", names, "compute")  # type: ignore[return-value]


def compile_run(controls: Sequence[Pipe], items: Sequence[Pipe], *, width: int) -> Run:
    """The straight line for a batch. `controls`: the six of Mapped, or none (inquiries); `width`: values of a row."""
    names = _Names()
    names.bound["many"] = _many
    used = {index for pipe in (*controls, *items) for index in pipe.sources}
    body = [", ".join(f"s{index}" if index in used else "_" for index in range(width)) + ", = row"]
    for position, pipe in enumerate(controls):
        body += _control(pipe, f"c{position}", names)
    body += _deletion(controls)
    parts = []
    for position, pipe in enumerate(items):
        lines, part = _item(pipe, position, names)
        body += lines
        parts.append(part)
    body.append("content = f\"" + "".join(parts) + "\"")
    control_names = ", ".join(f"c{position}" for position in range(6)) if controls else ", ".join(['""'] * 6)
    source = _RUN.format(
        body=indent("\n".join(body), " " * 12), controls=control_names, text=_text(controls, items)
    )
    return _define(source, names, "run")  # type: ignore[return-value]


def _define(source: str, names: _Names, name: str) -> object:
    namespace = dict(names.bound)
    exec(compile(source, f"<mapping {name}>", "exec"), namespace)  # noqa: S102  # our own source, see above
    return namespace[name]


def _many(element: Callable[[Value], str | None], values: tuple[Value, ...]) -> tuple[str, ...]:
    """The texts of every value, repeating items laid flat, those without a value left out."""
    texts: list[str] = []
    for value in values:
        if isinstance(value, tuple):
            texts += _many(element, value)
        else:
            text = element(value)
            if text:
                texts.append(text)
    return tuple(texts)


def _sources(pipe: Pipe, form: str, *, together: bool = False) -> str:
    reads = [form.format(index) for index in pipe.sources]
    return f"({', '.join(reads)},)" if together or pipe.together else reads[0]


def _element(pipe: Pipe, names: _Names) -> str:
    """Binds the rule of one occurrence of a repeating target."""
    inner = _Names()
    lines = _value(pipe, "v", "value", inner, inline=False)
    source = "\n".join(["def element(value):", indent("\n".join((*lines, "return v")), "    ")])
    return names.bind(_define(source, inner, "element"))


def _value(pipe: Pipe, var: str, source: str, names: _Names, *, inline: bool) -> list[str]:
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


def _call(step: Step, argument: str, names: _Names, *, inline: bool) -> str:
    if inline and step.inline:
        return step.inline.replace("{v}", argument)
    return f"{names.bind(step.call)}({argument})"


def _finish(pipe: Pipe, var: str, names: _Names, *, guarded: bool) -> list[str]:
    finish: Finish = pipe.finish
    guard = f"if {var} is not None: " if guarded else ""
    match finish.kind:
        case FinishKind.TEXT if pipe.steps and pipe.steps[-1].text:
            return []
        case FinishKind.TEXT:
            more = f" and {var} is not None" if guarded else ""
            return [f"if {var}.__class__ is not str{more}: {var} = {names.bind(plain_text)}({var})"]
        case FinishKind.INTEGER:
            other = names.bind(integer_text)
            return [f"{guard}{var} = str({var}) if {var}.__class__ is int else {other}({var})"]
        case FinishKind.CALL:
            return [f"{guard}{var} = {names.bind(finish.call)}({var})"]
        case FinishKind.LOOK_UP:
            words = names.bind(finish.words)
            return [f"{var} = None if {var} is None or {var} == '' else {words}[{var}]"]


def _control(pipe: Pipe, var: str, names: _Names) -> list[str]:
    """A control's text in `var`; the record is doubtful where it has none and may not."""
    if pipe.constant is not None:
        return [f"{var} = {names.bind(pipe.constant)}"]
    lines = _value(pipe, var, _sources(pipe, "s{}"), names, inline=True)
    fallback = "raise Doubtful" if pipe.when_none is None else f"{var} = {names.bind(pipe.when_none)}"
    return [*lines, f"if not {var}: {fallback}"]


def _deletion(controls: Sequence[Pipe]) -> list[str]:
    """A deletion has no content, and nothing of it is looked at."""
    if not controls or controls[5].constant is not None:
        return []
    unit = "c0" if _is_open(controls[0]) else '""'
    return [
        'if c5 == "delete":',
        '    add(new(Mapped, (c0, c1, c2, c3, c4, c5, "", ())))',
        f"    note({unit})",
        "    continue",
    ]


def _item(pipe: Pipe, position: int, names: _Names) -> tuple[list[str], str]:
    """Lines for one item, and what stands for it in the template."""
    name, var, part = pipe.target, f"v{position}", f"p{position}"
    if pipe.constant is not None:
        return [], _literal(f"<{name}>{escape(pipe.constant)}</{name}>", names)
    if not pipe.sources:
        return [], _literal(pipe.when_none or "", names)
    absent = "raise Doubtful" if pipe.when_none is None else f"{part} = {names.bind(pipe.when_none)}"
    if pipe.many:
        lines = [f"{var} = many({_element(pipe, names)}, {_sources(pipe, 's{}', together=True)})"]
        lines.append(f"if len({var}) > {pipe.occurs}: raise Doubtful")
        lines.append(f'if {var}: {part} = "".join([f"<{name}>{{x}}</{name}>" for x in {var}])')
        return [*lines, f"else: {absent}"], f"{{{part}}}"
    lines = _value(pipe, var, _sources(pipe, "s{}"), names, inline=True)
    if pipe.when_none is None:
        return [*lines, f"if not {var}: raise Doubtful"], f"<{name}>{{{var}}}</{name}>"
    lines.append(f'if {var}: {part} = f"<{name}>{{{var}}}</{name}>"')
    other = f'else: {part} = {names.bind(pipe.when_none)}; {var} = ""' if _is_open(pipe) else f"else: {absent}"
    return [*lines, other], f"{{{part}}}"


def _literal(fragment: str, names: _Names) -> str:
    return f"{{{names.bind(fragment)}}}" if fragment else ""


def _is_open(pipe: Pipe) -> bool:
    """Whether the text may hold anything at all: then it is checked with its batch."""
    return pipe.finish.kind is FinishKind.TEXT and not pipe.checked and pipe.constant is None and bool(pipe.sources)


def _text(controls: Sequence[Pipe], items: Sequence[Pipe]) -> str:
    """The open texts of a record in one expression."""
    parts = [f"c{position}" for position, pipe in enumerate(controls) if _is_open(pipe)]
    for position, pipe in enumerate(items):
        if _is_open(pipe):
            parts.append(f"' '.join(v{position})" if pipe.many else f"v{position}")
    return 'f"' + " ".join(f"{{{part}}}" for part in parts) + '"' if parts else '""'


def target_of(pipe: Pipe) -> Target:
    """The careful way of a pipe, with what it needs to speak of faults."""
    return Target(
        name=pipe.target,
        sources=pipe.names,
        compute=_compute(pipe),
        when_none=pipe.when_none,
        occurs=pipe.occurs,
        absent=pipe.absent,
    )
