"""Writes a mapping as straight-line Python: no dispatch by item, one template a record, one text to check a record.

The generated source holds only indices, element names (checked by the compiler) and names of bound objects; no text
of a configuration file stands in it as code.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import indent

from kakehashi.mapping.item_code import is_open, item_code, joined
from kakehashi.mapping.mapper import Run
from kakehashi.mapping.plan import FinishKind, Pipe
from kakehashi.mapping.value_code import Memory, Names, define, rule_of_one, sources, value_lines

__all__ = ["compile_run"]

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


def compile_run(controls: Sequence[Pipe], items: Sequence[Pipe], *, width: int) -> Run:
    """The straight line for a batch. `controls`: the six of Mapped, or none (inquiries); `width`: values of a row."""
    names = Names()
    used = {index for pipe in (*controls, *items) for index in pipe.sources}
    body = [", ".join(f"s{index}" if index in used else "_" for index in range(width)) + ", = row"]
    for position, pipe in enumerate(controls):
        body += [f"c{position} = c{position - 1}"] if pipe.follows else _control(pipe, f"c{position}", names)
    body += _deletion(controls)
    lines, template = joined([item_code(pipe, position, names) for position, pipe in enumerate(items)])
    body += [*lines, f'content = f"{template}"']
    source = _RUN.format(
        body=indent("\n".join(body), " " * 12),
        controls=", ".join([f"c{position}" for position in range(6)] if controls else ['""'] * 6),
        text=_text(controls, items),
    )
    return define(source, names, "run")  # type: ignore[return-value]  # its source is written here


def _control(pipe: Pipe, var: str, names: Names) -> list[str]:
    """A control's text in `var`; the record is doubtful where it has none and may not."""
    if pipe.constant is not None:
        return [f"{var} = {names.bind(pipe.constant)}"]
    if pipe.finish.kind is FinishKind.LOOK_UP and len(pipe.sources) == 1 and not pipe.together:
        return [f"{var} = {names.bind(Memory(rule_of_one(pipe)))}[s{pipe.sources[0]}]"]
    lines = value_lines(pipe, var, sources(pipe, "s{}"), names, inline=True)
    fallback = "raise Doubtful" if pipe.when_none is None else f"{var} = {names.bind(pipe.when_none)}"
    return [*lines, f"if not {var}: {fallback}"]


def _deletion(controls: Sequence[Pipe]) -> list[str]:
    """A deletion has no content, and nothing of it is looked at."""
    if not controls or controls[5].constant is not None:
        return []
    return [
        'if c5 == "delete":',
        '    add(new(Mapped, (c0, c1, c2, c3, c4, c5, "", ())))',
        f"    note({_text(controls, ())})",
        "    continue",
    ]


def _text(controls: Sequence[Pipe], items: Sequence[Pipe]) -> str:
    """The open texts of a record in one expression."""
    parts = [f"c{position}" for position, pipe in enumerate(controls) if is_open(pipe)]
    for position, pipe in enumerate(items):
        if is_open(pipe):
            parts.append(f"' '.join(v{position})" if pipe.many else f"v{position}")
    return 'f"' + " ".join(f"{{{part}}}" for part in parts) + '"' if parts else '""'
