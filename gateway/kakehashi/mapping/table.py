"""「変換表」 A row of mapping.csv, and the language of its column `converters`: `trim | wareki | code(tax-kind)`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kakehashi.errors import Fault, InputError

__all__ = ["ConverterCall", "MappingRow", "parse_converters", "parse_sources"]

_CALL = re.compile(r"\s*([a-z_][a-z0-9_]*)\s*(?:\(([^()]*(?:\"[^\"]*\"[^()\"]*)*)\))?\s*")
_ARGUMENT = re.compile(r'\s*(?:"([^"]*)"|([^",]*?))\s*(?:,|$)')
_BETWEEN_SOURCES = re.compile(r"[;,+\s]+")


@dataclass(frozen=True, slots=True)
class ConverterCall:
    """One converter with its arguments as written."""

    name: str
    arguments: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(self.arguments)})" if self.arguments else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingRow:
    """One target and where it comes from. `literal` stands instead of `sources`; `line` counts from 1."""

    target: str
    sources: tuple[str, ...] = ()
    converters: tuple[ConverterCall, ...] = ()
    literal: str | None = None
    table: str | None = None
    absent: str | None = None
    note: str = ""
    line: int = 0


def parse_sources(text: str) -> tuple[tuple[str, ...], str | None]:
    """Names between spaces, `;`, `,` or `+`; or, after `=`, a literal: (sources, literal)."""
    if text.startswith("="):
        return (), text[1:]
    return tuple(name for name in _BETWEEN_SOURCES.split(text) if name), None


def parse_converters(text: str) -> tuple[ConverterCall, ...]:
    """Calls between `|`; an argument in double quotes may hold spaces and commas. Raises InputError CFG-008."""
    calls: list[ConverterCall] = []
    position = 0
    while text.strip():
        match = _CALL.match(text, position)
        end = match.end() if match else position
        if not match or (end < len(text) and text[end] != "|"):
            raise InputError(Fault("CFG-008", facts={"expected": "name(argument, …) | name", "column": position + 1}))
        calls.append(ConverterCall(match[1], _arguments(match[2])))
        if end == len(text):
            break
        position = end + 1
    return tuple(calls)


def _arguments(text: str | None) -> tuple[str, ...]:
    if text is None or not text.strip():
        return ()
    found: list[str] = []
    position = 0
    while position < len(text) or text.rstrip().endswith(","):
        match = _ARGUMENT.match(text, position)
        if not match:
            raise InputError(Fault("CFG-008", facts={"expected": 'argument, or "argument"'}))
        found.append(match[1] if match[1] is not None else match[2])
        if match.end() >= len(text):
            break
        position = match.end()
    return tuple(found)
