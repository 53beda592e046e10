"""The registry of converters, and how a pipe of calls becomes steps. Every fault names the column and what to write."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType

from kakehashi.domain.japanese_date import DATE_FORMS
from kakehashi.errors import ConfigurationError, Fault, Place
from kakehashi.mapping.code_table import CodeTable, code_step
from kakehashi.mapping.date_converters import DATE_CONVERTERS
from kakehashi.mapping.list_converters import LIST_CONVERTERS
from kakehashi.mapping.number_converters import NUMBER_CONVERTERS
from kakehashi.mapping.step import Argument, Converter, Parameter, Step
from kakehashi.mapping.table import ConverterCall
from kakehashi.mapping.text_converters import TEXT_CONVERTERS

__all__ = ["CODE", "CONVERTERS", "CodeTables", "build_steps", "close_names"]

CODE = "code"
"""The one converter that needs more than its arguments: the code tables of the configuration."""

CONVERTERS: Mapping[str, Converter] = MappingProxyType(
    {
        converter.name: converter
        for converter in (*TEXT_CONVERTERS, *NUMBER_CONVERTERS, *DATE_CONVERTERS, *LIST_CONVERTERS)
    }
)


class CodeTables:
    """The code tables of a configuration as they stand on one day."""

    def __init__(self, tables: Mapping[str, CodeTable], *, as_of: date | None = None) -> None:
        self._tables = tables
        self._as_of = as_of

    def step(self, name: str) -> Step:
        """Raises ConfigurationError CFG-006."""
        if name not in self._tables:
            raise ConfigurationError([Fault("CFG-006", facts={"table": name, **close_names(name, self._tables)})])
        return code_step(self._tables[name], self._as_of)

    def targets(self, name: str) -> frozenset[str]:
        """What the table can say, now."""
        return frozenset(code for code in self._tables[name].at(self._as_of).values() if code)


def close_names(name: str, known: Mapping[str, object] | Sequence[str]) -> dict[str, str]:
    """The fact `known`: what was probably meant, else all there is (cut short)."""
    names = list(known)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    return {"known": ", ".join(close or sorted(names)[:12])} if names else {}


def build_steps(
    calls: Sequence[ConverterCall], *, table: str | None, tables: CodeTables, line: int
) -> tuple[tuple[Step, ...], str | None]:
    """The steps of a pipe, and the code table whose outcome ends it. A row's table without `code` is looked up last.

    Raises ConfigurationError with every fault: CFG-006 unknown name, CFG-003 wrong argument, CFG-004 no table.
    """
    if table and all(call.name != CODE for call in calls):
        calls = (*calls, ConverterCall(CODE))
    steps: list[Step] = []
    faults: list[Fault] = []
    last_table: str | None = None
    for call in calls:
        try:
            step, last_table = _build(call, table, tables)
            steps.append(step)
        except ConfigurationError as error:
            faults += [fault.at(record=line, item=fault.place.item or "converters") for fault in error.faults]
    if faults:
        raise ConfigurationError(faults)
    return tuple(steps), last_table


def _build(call: ConverterCall, table: str | None, tables: CodeTables) -> tuple[Step, str | None]:
    if call.name == CODE:
        name = call.arguments[0] if call.arguments else table
        if not name:
            raise ConfigurationError([Fault("CFG-004", Place(item="table"), {"converter": CODE})])
        return tables.step(name), name
    converter = CONVERTERS.get(call.name)
    if converter is None:
        facts = {"converter": call.name, **close_names(call.name, (*CONVERTERS, CODE))}
        raise ConfigurationError([Fault("CFG-006", facts=facts)])
    return converter.build(tuple(_arguments(converter, call.arguments))), None


def _arguments(converter: Converter, given: Sequence[str]) -> Iterator[Argument]:
    """The arguments with their types. Raises ConfigurationError CFG-003 with the signature."""
    parameters = list(converter.parameters)
    if parameters and parameters[-1].many:
        parameters = [*parameters[:-1], *[parameters[-1]] * (len(given) - len(parameters) + 1)]
    needed = sum(parameter.default is None and not parameter.many for parameter in parameters)
    if not needed <= len(given) <= len(parameters):
        raise ConfigurationError([Fault("CFG-003", facts={"expected": converter.signature})])
    for position, parameter in enumerate(parameters):
        if position < len(given):
            yield _argument(parameter, given[position], converter)
        elif parameter.default is not None:
            yield parameter.default


def _argument(parameter: Parameter, text: str, converter: Converter) -> Argument:
    digits = text.removeprefix("-")
    if parameter.type == "integer":
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 4):
            facts = {"converter": converter.signature, "expected": f"{parameter.name}: a whole number"}
            raise ConfigurationError([Fault("CFG-003", facts=facts)])
        return int(text)
    if parameter.type == "form" and text not in DATE_FORMS:
        facts = {"converter": converter.signature, "known": ", ".join(DATE_FORMS)}
        raise ConfigurationError([Fault("CFG-006", facts=facts)])
    return text
