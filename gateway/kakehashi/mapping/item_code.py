"""Writes the lines of one item of the standard: the usual value straight into the template, the rest piecewise."""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

from kakehashi.mapping.plan import FinishKind, Pipe
from kakehashi.mapping.value_code import Names, rule_of_one, sources, value_lines

__all__ = ["ItemCode", "is_open", "item_code", "joined"]

_TOGETHER = 6
"""Items whose usual case is asked for in one test: more of them, and one absent item costs its neighbours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemCode:
    """`usual`: a test (or "") under which `usual_part` alone stands in the template, after `usual_lines`; else `part`,
    after `lines`.
    """

    lines: list[str]
    part: str
    usual: str = ""
    usual_part: str = ""
    usual_lines: list[str]


def is_open(pipe: Pipe) -> bool:
    """Whether the text may hold anything at all: then it is checked with its batch, and `v<position>` holds it."""
    return pipe.finish.kind is FinishKind.TEXT and not pipe.checked and pipe.constant is None and bool(pipe.sources)


def item_code(pipe: Pipe, position: int, names: Names) -> ItemCode:
    name, var, part = pipe.target, f"v{position}", f"p{position}"
    if pipe.constant is not None or not pipe.sources:
        constant = f"<{name}>{escape(pipe.constant)}</{name}>" if pipe.constant is not None else pipe.when_none
        literal = f"{{{names.bind(constant)}}}" if constant else ""
        return ItemCode(lines=[], part=literal, usual="True", usual_part=literal, usual_lines=[])
    source = sources(pipe, "s{}")
    if pipe.many:
        lines = [
            f"{var} = many({names.bind(rule_of_one(pipe))}, {source})",
            f"if len({var}) > {pipe.occurs}: raise Doubtful",
        ]
        shown = f'"".join([f"<{name}>{{x}}</{name}>" for x in {var}])'
    else:
        lines = value_lines(pipe, var, source, names, inline=True)
        shown = f'f"<{name}>{{{var}}}</{name}>"'
    lines.append(f"if {var}: {part} = {shown}")
    empty = "" if pipe.many or not is_open(pipe) else f'; {var} = ""'
    lines.append(
        "else: " + ("raise Doubtful" if pipe.when_none is None else f"{part} = {names.bind(pipe.when_none)}{empty}")
    )
    return ItemCode(
        lines=lines,
        part=f"{{{part}}}",
        usual=_usual(pipe).format(v=source),
        usual_part=f"<{name}>{{{source}}}</{name}>",
        usual_lines=[f"{var} = {source}"] if is_open(pipe) else [],
    )


def _usual(pipe: Pipe) -> str:
    """The test that a value needs nothing at all, for rules without converters: most items of most records."""
    if pipe.steps or pipe.together or pipe.many:
        return ""
    match pipe.finish.kind:
        case FinishKind.TEXT:
            return "{v}.__class__ is str and {v}"
        case FinishKind.INTEGER:
            return "{v}.__class__ is int"
    return ""


def joined(codes: list[ItemCode]) -> tuple[list[str], str]:
    """Lines for all items, and the template. Neighbours that are usually plain share one test and one template."""
    lines: list[str] = []
    template: list[str] = []
    group: list[ItemCode] = []

    def close() -> None:
        tests = [code.usual for code in group if code.usual != "True"]
        if tests:
            name = f"g{len(template)}"
            lines.append(f"if {' and '.join(tests)}:")
            lines.extend(f"    {line}" for code in group for line in code.usual_lines)
            lines.append(f'    {name} = f"{"".join(code.usual_part for code in group)}"')
            lines.append("else:")
            lines.extend(f"    {line}" for code in group for line in code.lines)
            lines.append(f'    {name} = f"{"".join(code.part for code in group)}"')
            template.append(f"{{{name}}}")
        else:
            template.extend(code.part for code in group)
        group.clear()

    for code in codes:
        if not code.usual:
            close()
            lines += code.lines
            template.append(code.part)
            continue
        group.append(code)
        if len(group) == _TOGETHER:
            close()
    close()
    return lines, "".join(template)
