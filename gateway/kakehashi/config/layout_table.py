"""layout.csv and [layout] → a Layout whose items neither overlap nor leave a gap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kakehashi.codec.charset import CHARSETS
from kakehashi.codec.code_table import CodeTable
from kakehashi.codec.layout import Control, FileFormat, Item, ItemType, Kind, Layout, Record, RecordFormat, Role
from kakehashi.config.item_row import LAYOUT_COLUMNS, ItemCells
from kakehashi.config.reading import Reading
from kakehashi.config.route_settings import LayoutSettings, RecordSettings
from kakehashi.config.tables_reader import Columns, Table, TableRow, read_table
from kakehashi.errors import Place
from kakehashi.mapping.converters import close_names

__all__ = ["LayoutFile", "LayoutTable", "build_layout", "fields_of", "read_layout_table"]

_RAW = {ItemType.PACKED, ItemType.BINARY}
_MAY_REPEAT_NAME = frozenset({"FILLER"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutFile:
    """Where a layout's settings stand: the TOML file, the table of it (`layout`, `return`), and the route's name."""

    file: str
    key: str
    name: str
    charset: str
    gaiji: tuple[CodeTable, ...] = ()

    def place(self, key: str) -> Place:
        return Place(file=self.file, item=f"{self.key}.{key}")


@dataclass(slots=True)
class LayoutTable:
    """Items by record type in the order of the table, and the row of each."""

    table: Table
    items: dict[str, list[Item]] = field(default_factory=dict)
    rows: dict[str, list[TableRow]] = field(default_factory=dict)


def read_layout_table(
    reading: Reading, file: str, settings: LayoutSettings, *, columns: Columns = LAYOUT_COLUMNS, named_by: Place
) -> LayoutTable | None:
    """Every item of the table, checked by itself. An empty cell `record` means: data."""
    table = read_table(reading, file, columns, named_by=named_by)
    if table is None:
        return None
    kind = Kind(settings.kind)
    found = LayoutTable(table)
    for row in table.rows:
        record = row["record"] or "data"
        items = found.items.setdefault(record, [])
        cells = ItemCells(reading, table, row)
        start = _next_start(items, kind)
        item = cells.item(kind, start=start)
        if any(item.name == other.name for other in items) and item.name not in _MAY_REPEAT_NAME:
            cells.wrong("name", name=item.name, expected="each name once in a record")
        if item.type in _RAW and (kind is not Kind.FIXED or settings.recfm == "line"):
            cells.wrong("type", "CFG-003", name=item.name, expected="no P or B: their bytes may be a line end")
        items.append(item)
        found.rows.setdefault(record, []).append(row)
    if not found.items:
        reading.fault("CFG-008", Place(file=file), expected="at least one item")
        return None
    return found


def _next_start(items: Sequence[Item], kind: Kind) -> int:
    if not items:
        return 0
    last = items[-1]
    return last.start + (last.size if kind is Kind.FIXED else last.repeat if kind is Kind.DELIMITED else 1)


def build_layout(reading: Reading, at: LayoutFile, settings: LayoutSettings, found: LayoutTable) -> Layout | None:
    """The layout; None when its record types do not fit together."""
    before = len(reading.faults)
    records = _records(reading, at, settings, found)
    charset = settings.charset or at.charset
    if charset.lower() not in CHARSETS:
        reading.fault("CFG-006", at.place("charset"), name=charset, **close_names(charset.lower(), CHARSETS))
    layout = Layout(
        name=at.name,
        charset=charset,
        format=_format(settings),
        records=records,
        controls=tuple(Control(record=c.record, item=c.item, sum_of=c.sum_of) for c in settings.controls),
        shift=settings.shift,
        groups=settings.several_groups,
        gaiji=at.gaiji,
    )
    _check_kind(reading, at, settings)
    _check_controls(reading, at, layout)
    return layout if len(reading.faults) == before else None


def fields_of(layout: Layout) -> tuple[str, ...]:
    """The names of a row's values, as `Codec.fields` has them: what a mapping may name."""
    data = [item.name for item in layout.data.items]
    more = (record for role in (Role.GROUP, Role.HEADER) for record in layout.records if record.role is role)
    return (*data, *(f"{record.name}.{item.name}" for record in more for item in record.items))


def _format(settings: LayoutSettings) -> FileFormat:
    selector = settings.selector
    return FileFormat(
        kind=Kind(settings.kind),
        recfm=RecordFormat(settings.recfm),
        record_length=settings.record_length,
        separator=settings.separator,
        selector_start=selector.start - 1 if selector else 0,
        selector_length=selector.length if selector else 0,
        delimiter=settings.delimiter,
        quote=settings.quote,
        headings=settings.heading_lines,
        record_element=settings.record_element,
        root_element=settings.root_element,
    )


def _records(reading: Reading, at: LayoutFile, settings: LayoutSettings, found: LayoutTable) -> tuple[Record, ...]:
    declared = {record.name: record for record in settings.records} or _undeclared(found.items)
    for name in declared:
        if name not in found.items:
            reading.fault("CFG-006", at.place("records"), name=name, **close_names(name, found.items))
    records = []
    for name, items in found.items.items():
        row = found.rows[name][0]
        if name not in declared:
            reading.fault("CFG-006", found.table.place(row, "record"), name=name, **close_names(name, declared))
            continue
        records.append(_record(reading, at, settings, declared[name], items))
    _check_types(reading, at, settings, records)
    return tuple(records)


def _undeclared(items: Mapping[str, Sequence[Item]]) -> dict[str, RecordSettings]:
    """Without [[layout.records]]: a record type named like a role has it; one alone is data."""
    roles: dict[str, Role] = {name: Role(name) for name in items if name in tuple(Role)}
    if len(items) == 1:
        roles = dict.fromkeys(items, Role.DATA)
    return {name: RecordSettings(name=name, role=role.value) for name, role in roles.items()}


def _record(
    reading: Reading, at: LayoutFile, settings: LayoutSettings, declared: RecordSettings, items: Sequence[Item]
) -> Record:
    length = sum(item.size for item in items)
    expected = settings.record_length
    if settings.kind == "fixed" and expected is not None and length != expected:
        reading.fault("CFG-011", at.place("record_length"), record=declared.name, items=length, record_length=expected)
    return Record(
        name=declared.name, role=Role(declared.role), items=tuple(items), length=length, selector=declared.selector
    )


def _check_types(reading: Reading, at: LayoutFile, settings: LayoutSettings, records: Sequence[Record]) -> None:
    data = [record.name for record in records if record.role is Role.DATA]
    if len(data) != 1:
        reading.fault("CFG-003", at.place("records"), expected="exactly one record type with the role data",
                      found=len(data))  # fmt: skip
    lengths = {record.length for record in records}
    if settings.kind == "fixed" and settings.recfm != "line" and settings.record_length is None and len(lengths) > 1:
        facts = {record.name: record.length for record in records}
        reading.fault("CFG-011", at.place("records"), **facts)
    marked = [record for record in records if record.selector is not None]
    if len(records) > 1 and settings.kind != "xml":
        if settings.selector is None:
            reading.fault("CFG-004", at.place("selector"), expected="where a record says its type")
        for record in records:
            if record.selector is None:
                reading.fault("CFG-004", at.place("records"), name=record.name, expected="selector")
    if len({record.selector for record in marked}) < len(marked):
        reading.fault("CFG-003", at.place("records"), expected="a selector of its own for each record type")


def _check_kind(reading: Reading, at: LayoutFile, settings: LayoutSettings) -> None:
    if settings.several_groups and (settings.kind == "xml" or settings.selector is None):
        reading.fault("CFG-003", at.place("several_groups"), expected="records with a selector")
    if settings.kind == "xml":
        for key in ("root_element", "record_element"):
            if not getattr(settings, key):
                reading.fault("CFG-004", at.place(key))
    if settings.heading_lines and settings.kind != "delimited":
        reading.fault("CFG-003", at.place("heading_lines"), expected="a delimited file")
    selector = settings.selector
    if (
        settings.kind == "fixed"
        and selector
        and settings.record_length
        and selector.start + selector.length - 1 > settings.record_length
    ):
        reading.fault("CFG-007", at.place("selector"), record_length=settings.record_length)


def _check_controls(reading: Reading, at: LayoutFile, layout: Layout) -> None:
    records = {record.name: [item.name for item in record.items] for record in layout.records}
    data = next((names for record in layout.records if record.role is Role.DATA
                 for names in [records[record.name]]), [])  # fmt: skip
    for control in layout.controls:
        if control.record not in records:
            reading.fault("CFG-006", at.place("controls"), name=control.record, **close_names(control.record, records))
        elif control.item not in records[control.record]:
            known = close_names(control.item, records[control.record])
            reading.fault("CFG-006", at.place("controls"), name=control.item, **known)
        if control.sum_of is not None and control.sum_of not in data:
            reading.fault("CFG-006", at.place("controls"), name=control.sum_of, **close_names(control.sum_of, data))
