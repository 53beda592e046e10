"""return.csv and [return] → ReturnPlan: a layout table whose rows also say where each value comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from kakehashi.codec.layout import Item, ItemType, Layout, Role, Value
from kakehashi.config.item_row import LAYOUT_COLUMNS
from kakehashi.config.layout_table import LayoutFile, LayoutTable, build_layout, fields_of, read_layout_table
from kakehashi.config.mapping_table import read_converters
from kakehashi.config.reading import Reading
from kakehashi.config.return_plan import LONGEST_URL, Drawn, ReturnContext, ReturnPlan, ReturnRecord, ReturnRow
from kakehashi.config.return_value import VARIABLES, Getter, answer, as_item, echo, literal, variable
from kakehashi.config.route_settings import NoticeSettings, ReturnSettings, WriteBackSettings
from kakehashi.config.tables_reader import Columns, TableRow
from kakehashi.errors import ConfigurationError, Place
from kakehashi.mapping.converters import CONVERTERS, CodeTables, build_steps, close_names
from kakehashi.mapping.step import Step
from kakehashi.mapping.table import parse_sources

__all__ = ["RETURN_COLUMNS", "ReturnSources", "read_return_plan"]

FileSettings: TypeAlias = ReturnSettings | WriteBackSettings | NoticeSettings
_DIGITS = 15
RETURN_COLUMNS = Columns((*LAYOUT_COLUMNS.required, "source"), (*LAYOUT_COLUMNS.optional, "converters", "table"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnSources:
    """What a row of return.csv may name: items of the legacy record, variables, and codes of answers (inquiries).

    `degrade`: substitutes for what the system's charset lacks. Without `layout` nothing is echoed.
    """

    layout: Layout | None
    answers: frozenset[str] | None
    """None: the profile that names them could not be read, so any name may be one."""
    tables: CodeTables
    degrade: Mapping[str, str]
    variables: Mapping[str, str] = field(default_factory=lambda: VARIABLES)


def read_return_plan(
    reading: Reading, at: LayoutFile, settings: FileSettings, *, file: str, known: ReturnSources
) -> ReturnPlan | None:
    """The plan; None when anything of it is wrong."""
    before = len(reading.faults)
    _check_pattern(reading, at, settings)
    found = read_layout_table(reading, file, settings, columns=RETURN_COLUMNS, named_by=at.place("file"))
    if found is None:
        return None
    for items in found.items.values():
        items[:] = map(_may_be_nothing, items)
    layout = build_layout(reading, at, settings, found)
    rules = {name: _rules(reading, found, name, known) for name in found.items}
    if layout is None or len(reading.faults) > before:
        return None
    records = tuple(
        ReturnRecord(name=record.name, role=record.role, row=_row(rules[record.name])) for record in layout.records
    )
    named = [rule.item for each in rules.values() for rule in each if rule.sources == ("$url",)]
    tells_url = any(item.length >= LONGEST_URL for item in named)
    drawn = _drawn(rules, known, found.table.file)
    return ReturnPlan(layout=layout, records=records, degrade=known.degrade, tells_url=tells_url, drawn=drawn)


def _drawn(rules: Mapping[str, Sequence[_Rule]], known: ReturnSources, file: str) -> tuple[Drawn, ...]:
    """The rows that take something of an answer."""
    echoed = fields_of(known.layout) if known.layout else ()
    return tuple(
        Drawn(code=name, item=rule.item, file=file, line=rule.line, table=rule.table, plain=not rule.steps)
        for each in rules.values()
        for rule in each
        for name in rule.sources
        if name in (known.answers or ()) and name not in echoed
    )


def _may_be_nothing(item: Item) -> Item:
    """A result tells of records that could not be read: where no `nil` is named, nothing is blanks (P, B: zeros)."""
    kind = "zeros" if item.type in {ItemType.PACKED, ItemType.BINARY} else "spaces"
    return item if item.nil else replace(item, nil=frozenset({kind}))


def _check_pattern(reading: Reading, at: LayoutFile, settings: FileSettings) -> None:
    names = settings.names
    most = settings.most if isinstance(settings, ReturnSettings) else 0
    if most and "{part}" not in settings.pattern:
        reading.fault("CFG-003", at.place("pattern"), expected="a name with {part}")
    try:
        name = settings.pattern.format_map(dict.fromkeys(names, "a"))
    except (KeyError, IndexError, ValueError):
        name = ""
    if not name or "/" in name or "\\" in name:
        reading.fault(
            "CFG-003", at.place("pattern"), expected=f"a name with {', '.join(f'{{{each}}}' for each in names)}"
        )


@dataclass(frozen=True, slots=True)
class _Rule:
    """How one item of a result is made."""

    item: Item
    getters: tuple[Getter, ...]
    steps: tuple[Step, ...]
    together: bool
    line: int
    table: str
    sources: tuple[str, ...] = ()


def _rules(reading: Reading, found: LayoutTable, record: str, known: ReturnSources) -> list[_Rule]:
    return [
        _rule(reading, found, row, item, known)
        for row, item in zip(found.rows[record], found.items[record], strict=True)
    ]


def _rule(reading: Reading, found: LayoutTable, row: TableRow, item: Item, known: ReturnSources) -> _Rule:
    calls = read_converters(reading, found.table, row)
    steps: tuple[Step, ...] = ()
    try:
        steps, _ = build_steps(calls, table=row["table"] or None, tables=known.tables, line=row.line)
    except ConfigurationError as error:
        reading.take(error, file=found.table.file)
    names, text = parse_sources(row["source"])
    together = bool(calls) and calls[0].name in CONVERTERS and CONVERTERS[calls[0].name].combines
    place = found.table.place(row, "source")
    if text is not None:
        return _Rule(item, (literal(text),), steps, together, row.line, row["table"])
    if not names:
        reading.fault("CFG-004", place, name=item.name, expected="an item, a $variable, or =text")
    elif len(names) > 1 and not together:
        reading.fault("CFG-008", place, name=item.name, expected="concat, first, … before anything else")
    if len(names) == 1 and not steps and known.layout is None:
        _check_number(reading, place, item, names[0])
    elif len(names) == 1 and not steps and known.layout is not None:
        _check_echo(reading, place, item, names[0], known.layout)
    getters = _getters(reading, place, names, known)
    return _Rule(item, tuple(getters), steps, together, row.line, row["table"], tuple(names))


def _getters(reading: Reading, place: Place, names: Sequence[str], known: ReturnSources) -> Iterable[Getter]:
    fields = fields_of(known.layout) if known.layout else ()
    for name in names:
        if name in known.variables:
            yield variable(name)
        elif name in fields:
            yield echo(fields.index(name))
        elif known.answers is None and not name.startswith("$"):
            continue
        elif known.answers and name in known.answers:
            yield answer(name)
        else:
            choices = list(known.variables) if name.startswith("$") else [*fields, *sorted(known.answers or ())]
            reading.fault("CFG-006", place, name=name, **close_names(name, choices))


def _check_number(reading: Reading, place: Place, item: Item, source: str) -> None:
    """A number that goes back must have room."""
    if source in {"$atena", "$unified"} and item.length < _DIGITS:
        reading.fault("CFG-011", place, name=item.name, length=item.length, source_length=_DIGITS)


def _check_echo(reading: Reading, place: Place, item: Item, source: str, layout: Layout) -> None:
    """An item that goes back as it came must have room for it."""
    role, _, name = source.rpartition(".")
    items: Mapping[str, Item] = {
        each.name: each
        for record in layout.records
        if (record.name == role if role else record.role is Role.DATA)
        for each in record.items
    }
    origin = items.get(name)
    plain = {ItemType.DIGITS, ItemType.HALFWIDTH}
    whole = origin and origin.type in plain and item.type in plain and not item.truncate
    if origin and whole and (item.length, item.repeat) < (origin.length, 1):
        reading.fault("CFG-011", place, name=item.name, length=item.length, source_length=origin.length)
    if origin and origin.repeat > item.repeat:
        reading.fault("CFG-008", place, name=item.name, expected="first, concat, … for an item that repeats")


def _row(rules: Sequence[_Rule]) -> ReturnRow:
    """The compiled function of one record type: (row, context) → item → value."""
    prepared = [(rule.item.name, rule.getters, rule.together, rule.steps, as_item(rule.item)) for rule in rules]

    def row(values: Sequence[Value] | None, context: ReturnContext) -> dict[str, Value]:
        made: dict[str, Value] = {}
        for name, getters, together, steps, convert in prepared:
            gotten = tuple([getter(values, context) for getter in getters])
            value: Value = gotten if together else gotten[0]
            for step in steps:
                if step.takes_none or (value is not None and value != ""):
                    value = step.call(value)
            made[name] = convert(value)
        return made

    return row
