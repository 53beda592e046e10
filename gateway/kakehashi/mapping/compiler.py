"""mapping.csv → Mapper. Every name is resolved here, once; everything that is wrong is told at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from kakehashi.domain.data_standard import DataStandard, StandardItem, StandardType
from kakehashi.errors import ConfigurationError, Fault, InputError, Place
from kakehashi.mapping.code_table import CodeTable
from kakehashi.mapping.converters import CONVERTERS, CodeTables, build_steps, close_names
from kakehashi.mapping.finish import FLAGS, OPERATIONS, date_finish, decimal_finish
from kakehashi.mapping.generator import compile_run
from kakehashi.mapping.mapper import Explained, Lineage, Loss, Mapped, Mapper
from kakehashi.mapping.plan import Finish, FinishKind, Pipe
from kakehashi.mapping.repertoire import Repertoire
from kakehashi.mapping.step import Step
from kakehashi.mapping.table import MappingRow
from kakehashi.mapping.value_code import target_of

__all__ = ["CONTROLS", "PERSON", "Explained", "Lineage", "Loss", "Mapped", "Mapper", "compile_mapping"]

PERSON = "@person"
_NON_DISCLOSURE = "@non_disclosure"
_BLOCKED = "@auto_response_blocked"
CONTROLS = ("@unit", "@valid_from", "@valid_to", _NON_DISCLOSURE, _BLOCKED, "@operation")
"""The control targets in the order of Mapped; all but the first two and the flag have a meaning when not mapped."""

_NEEDED = {"@unit": "CFG-009", "@valid_from": "CFG-009", _NON_DISCLOSURE: "CFG-012"}
_TEXT = Finish(FinishKind.TEXT)
_FLAG = Finish(FinishKind.LOOK_UP, words=FLAGS)
_FINISHES = {
    "@unit": _TEXT,
    "@valid_from": Finish(FinishKind.CALL, call=date_finish(whole_day=True)),
    "@valid_to": Finish(FinishKind.CALL, call=date_finish(whole_day=True)),
    _NON_DISCLOSURE: _FLAG,
    _BLOCKED: _FLAG,
    "@operation": Finish(FinishKind.LOOK_UP, words=OPERATIONS),
}
_WHEN_NONE = {"@valid_to": ""}


def compile_mapping(
    rows: Sequence[MappingRow],
    *,
    fields: Sequence[str],
    standard: DataStandard,
    tables: Mapping[str, CodeTable],
    inquiry: bool = False,
    degrade: Mapping[str, str] | None = None,
    as_of: date | None = None,
) -> Mapper:
    """Raises ConfigurationError with all faults; their places are lines and columns of the table.

    `inquiry`: `standard` is the profile's inquiry table, and @person the only control target. `degrade`: the declared
    substitutes. `as_of`: the day of the code tables; None: of each code the row that holds longest.
    """
    build = _Build(fields=fields, standard=standard, tables=CodeTables(tables, as_of=as_of), inquiry=inquiry)
    by_target = build.by_target(rows)
    person = build.person(by_target.get(PERSON))
    controls = () if inquiry else tuple(build.controls(by_target))
    items = tuple(build.items(by_target))
    if build.faults:
        raise ConfigurationError(sorted(build.faults, key=lambda fault: fault.place.record or 0))
    return Mapper(
        person_field=person,
        lineage=tuple(_lineage(row) for row in rows),
        controls=tuple(map(target_of, controls)),
        items=tuple(map(target_of, items)),
        repertoire=Repertoire(degrade or {}),
        run=compile_run(controls, items, width=len(fields)),
    )


def _combines(converter: str) -> bool:
    return converter in CONVERTERS and CONVERTERS[converter].combines


def _lineage(row: MappingRow) -> Lineage:
    return Lineage(
        target=row.target,
        sources=row.sources,
        converters=tuple(map(str, row.converters)),
        literal=row.literal,
        table=row.table,
        absent=row.absent,
        line=row.line,
    )


def _finish(item: StandardItem) -> Finish:
    match item.type:
        case StandardType.INTEGER:
            return Finish(FinishKind.INTEGER)
        case StandardType.DECIMAL:
            return Finish(FinishKind.CALL, call=decimal_finish(item.decimals))
        case StandardType.DATE:
            return Finish(FinishKind.CALL, call=date_finish())
        case StandardType.TEXT | StandardType.KANA | StandardType.DIGITS | StandardType.CODE:
            return _TEXT


@dataclass(slots=True, kw_only=True)
class _Build:
    """The work of one compilation; `faults` gathers what is wrong."""

    fields: Sequence[str]
    standard: DataStandard
    tables: CodeTables
    inquiry: bool
    faults: list[Fault] = field(default_factory=list)

    def by_target(self, rows: Iterable[MappingRow]) -> dict[str, MappingRow]:
        """Each target once, and only those that exist."""
        known = [PERSON, *(() if self.inquiry else CONTROLS), *(item.code for item in self.standard.items)]
        found: dict[str, MappingRow] = {}
        for row in rows:
            if row.target not in known:
                self.fault("CFG-006", row, "target", name=row.target, **close_names(row.target, known))
            elif row.target in found:
                self.fault("CFG-008", row, "target", name=row.target, first_line=found[row.target].line)
            else:
                found[row.target] = row
        return found

    def person(self, row: MappingRow | None) -> int:
        """The index of the one item that is the person's number; it is handed to identify as it stands."""
        if row is None:
            self.fault("CFG-009", None, "target", name=PERSON)
            return 0
        sources = self.sources(row)
        if len(sources) != 1 or row.converters or row.table:
            self.fault("CFG-008", row, "source", name=PERSON, expected="one item, no converters")
        return sources[0] if sources else 0

    def controls(self, rows: Mapping[str, MappingRow]) -> Iterable[Pipe]:
        flag: Pipe | None = None
        for name in CONTROLS:
            row = rows.get(name)
            if row is not None:
                pipe = self.pipe(row, name, _FINISHES[name], _WHEN_NONE.get(name))
                flag = pipe if name == _NON_DISCLOSURE else flag
                yield pipe
            elif name == _BLOCKED and flag is not None:  # whoever may not be disclosed is not answered automatically
                yield replace(flag, target=name, follows=True)
            elif name in _NEEDED:
                self.fault(_NEEDED[name], None, "target", name=name)
            else:
                constant = "register" if name == "@operation" else ""
                yield Pipe(target=name, sources=(), names=(), steps=(), finish=_TEXT, when_none="", constant=constant)

    def items(self, rows: Mapping[str, MappingRow]) -> Iterable[Pipe]:
        """One pipe an item, in the order of the standard; an optional item that is not mapped has none."""
        for item in self.standard.items:
            row = rows.get(item.code)
            if row is not None:
                yield self.item(row, item)
            elif item.required:
                self.fault("CFG-009", None, "target", name=item.code, title=item.name)

    def item(self, row: MappingRow, item: StandardItem) -> Pipe:
        when_none = None if item.required else ""
        if row.absent:
            when_none = f"<{item.code}-absent>{row.absent}</{item.code}-absent>"
            if row.absent not in item.absence:
                allowed = ", ".join(sorted(item.absence)) or "none"
                self.fault("CFG-003", row, "absent", name=item.code, allowed=allowed)
        return self.pipe(row, item.code, _finish(item), when_none, item=item)

    def pipe(
        self, row: MappingRow, target: str, finish: Finish, when_none: str | None, *, item: StandardItem | None = None
    ) -> Pipe:
        sources = self.sources(row)
        steps: tuple[Step, ...] = ()
        table: str | None = None
        try:
            steps, table = build_steps(row.converters, table=row.table, tables=self.tables, line=row.line)
        except ConfigurationError as error:
            self.faults += error.faults
        if row.literal is None and not row.sources and not row.absent:
            self.fault("CFG-008", row, "source", name=target, expected="an item, =text, or a reason for its absence")
        if table and item is not None:
            self.table_codes(row, item, self.tables.targets(table), table)
        together = bool(row.converters) and _combines(row.converters[0].name)
        occurs = item.occurs if item else 1
        if len(sources) > 1 and occurs == 1 and not together:
            self.fault("CFG-008", row, "converters", name=target, expected="concat, first, … before anything else")
        pipe = Pipe(
            target=target,
            sources=sources,
            names=row.sources,
            steps=steps,
            finish=finish,
            when_none=when_none,
            occurs=occurs,
            together=together,
            checked=bool(table),
            absent=row.absent,
            line=row.line,
        )
        return pipe if row.literal is None else self.literal(row, pipe, item)

    def literal(self, row: MappingRow, pipe: Pipe, item: StandardItem | None) -> Pipe:
        """A literal goes through its converters now, and must be something that may be sent."""
        try:
            mapped = target_of(replace(pipe, sources=(0,), occurs=1)).compute((row.literal,))
            text, _ = Repertoire({}).admit(mapped if isinstance(mapped, str) else "")
        except (InputError, LookupError, ValueError, TypeError):
            text = ""
        if not text or (item and item.codes is not None and text not in item.codes):
            self.fault("CFG-003", row, "source", name=pipe.target, expected="a literal of the target's type")
        return replace(pipe, constant=text)

    def table_codes(self, row: MappingRow, item: StandardItem, codes: frozenset[str], table: str) -> None:
        """Every code that the table can say must be one of the standard's, and something that may be sent."""
        unknown = sorted(codes - item.codes) if item.codes is not None else []
        for code in codes:
            try:
                Repertoire({}).admit(code)
            except InputError:
                unknown.append(code)
        if unknown:
            facts = {"table": table, "codes": ", ".join(unknown[:8]), "name": item.code}
            self.fault("CFG-006", row, "table", **facts, known=", ".join(sorted(item.codes or ())[:12]))

    def sources(self, row: MappingRow) -> tuple[int, ...]:
        found: list[int] = []
        for name in row.sources:
            if name in self.fields:
                found.append(self.fields.index(name))
            else:
                self.fault("CFG-006", row, "source", name=name, **close_names(name, self.fields))
        return tuple(found)

    def fault(self, code: str, row: MappingRow | None, column: str, **facts: str | int) -> None:
        self.faults.append(Fault(code, Place(record=row.line if row else None, item=column), facts))
