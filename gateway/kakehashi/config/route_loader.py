"""routes/NAME → Route: layout, mapping and return table against the profile and the code tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from kakehashi.codec.code_table import CodeTable as GaijiTable
from kakehashi.codec.layout import Layout, Role
from kakehashi.config.checking import check
from kakehashi.config.household_plan import household_plan
from kakehashi.config.layout_table import LayoutFile, build_layout, fields_of, read_layout_table
from kakehashi.config.link_plan import LinkPlan
from kakehashi.config.link_table import LinkTable
from kakehashi.config.mapping_table import read_mapping
from kakehashi.config.mapping_version import MappingVersion, nearest_day, version_on
from kakehashi.config.reading import Reading
from kakehashi.config.return_plan import LONGEST_URL, ReturnPlan
from kakehashi.config.return_table import ReturnSources, read_return_plan
from kakehashi.config.return_value import NUMBER_VARIABLES
from kakehashi.config.route import Route
from kakehashi.config.route_settings import RouteSettings, SystemSettings
from kakehashi.config.settings import GatewaySettings
from kakehashi.domain.data_standard import DataStandard
from kakehashi.domain.interface import Function
from kakehashi.domain.notice import Subscriber
from kakehashi.errors import ConfigurationError, Place
from kakehashi.interface.profile import Profile
from kakehashi.mapping.code_table import CodeTable
from kakehashi.mapping.compiler import Mapper, compile_mapping
from kakehashi.mapping.converters import CodeTables, close_names
from kakehashi.mapping.table import MappingRow
from kakehashi.matching.spelling import Spelling

__all__ = ["RouteLoader"]

_TELLS_ITSELF = ("trailer", "stable")
"""Ways in which a file proves itself complete by what stands in it."""


class _Step(NamedTuple):
    """A version as route.toml says it: `at` is its key there."""

    at: str
    table: str
    valid_from: date | None
    standard: DataStandard | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteLoader:
    """Loads the routes of one configuration. What could not be read itself (None) is not held against a route."""

    reading: Reading
    gateway: GatewaySettings
    profile: Profile | None
    systems: Mapping[str, SystemSettings]
    known_systems: frozenset[str]
    tables: Mapping[str, CodeTable]
    gaiji: Mapping[str, tuple[GaijiTable, ...]]
    degrade: Mapping[str, Mapping[str, str]]
    as_of: date | None
    spelling: Spelling
    subscribers: tuple[Subscriber, ...] = ()
    read: dict[str, RouteSettings] = field(default_factory=dict)
    """The settings of every route that could be read, whatever else is wrong with it."""

    def load(self, name: str) -> Route | None:
        """The route; None when anything of it is wrong."""
        file = f"routes/{name}/route.toml"
        before = len(self.reading.faults)
        data = self.reading.toml(file)
        settings = None if data is None else check(self.reading, RouteSettings, data, file=file)
        if settings is None:
            return None
        self.read[name] = settings
        self._check_names(file, name, settings)
        system = self.systems.get(settings.system) or SystemSettings(name=settings.system)
        layout = self._layout(file, name, settings, system)
        if layout is not None and settings.source.complete in _TELLS_ITSELF and not layout.tells_its_end:
            self.reading.fault("CFG-015", Place(file=file, item="source.complete"), layout=settings.layout.file)
        if layout is not None:
            self._check_as_of(file, settings, layout)
        steps = self._steps(file, settings)
        link, plan, errors, numbers = None, None, None, None
        versions: tuple[MappingVersion, ...] = ()
        household = None
        if layout is not None:
            household = household_plan(self.reading, file, settings, layout)
            if settings.function == "LINK":
                table = f"routes/{name}/{settings.mapping.file}"
                rows = read_mapping(self.reading, table, named_by=Place(file=file, item="mapping.file"))
                link = self._link(rows, layout, settings, table) if rows is not None else None
            else:
                versions = tuple(self._versions(file, settings, layout, steps))
            plan = self._return_plan(file, name, settings, layout, key="return")
            errors = self._return_plan(file, name, settings, layout, key="errors")
            numbers = self._number_plan(file, name, settings, layout)
        if layout is None or len(self.reading.faults) > before:
            return None
        begins = version_on(versions, self.as_of) if versions else None
        return Route(
            name=name,
            system=system,
            function=Function(settings.function),
            layout=layout,
            settings=settings,
            retry=settings.retry.over(self.gateway.retry),
            batch_records=self._batch_records(settings),
            return_plan=plan,
            error_plan=errors,
            number_plan=numbers if link is not None and link.returns else None,
            compiled_mapper=begins.mapper if begins else None,
            compiled_standard=begins.standard if begins else None,
            link=link,
            household=household,
            numbers=self.gateway.links.numbers.get(settings.system, settings.system),
            versions=versions,
        )

    def _check_names(self, file: str, name: str, settings: RouteSettings) -> None:
        if settings.lane != name:
            self.reading.fault("CFG-003", Place(file=file, item="lane"), expected=name)
        if settings.system not in self.known_systems:
            known = close_names(settings.system, sorted(self.known_systems))
            self.reading.fault("CFG-006", Place(file=file, item="system"), name=settings.system, **known)

    def _check_as_of(self, file: str, settings: RouteSettings, layout: Layout) -> None:
        if settings.urgent_protection and settings.function != "DBM":
            self.reading.fault("CFG-003", Place(file=file, item="urgent_protection"), expected="a route of replicas")
        as_of = settings.source.as_of
        if as_of is None:
            return
        if settings.function != "DBM":
            self.reading.fault("CFG-003", Place(file=file, item="source.as_of"), expected="a route with function DBM")
        header = layout.record(Role.HEADER)
        known = sorted(item.name for item in header.items) if header else []
        for name in as_of.items:
            if name not in known:
                place = Place(file=file, item="source.as_of.items")
                self.reading.fault("CFG-006", place, name=name, **close_names(name, known))

    def _layout(self, file: str, name: str, settings: RouteSettings, system: SystemSettings) -> Layout | None:
        at = LayoutFile(
            file=file, key="layout", name=name, charset=system.charset, gaiji=self.gaiji.get(system.name, ())
        )
        table = f"routes/{name}/{settings.layout.file}"
        found = read_layout_table(self.reading, table, settings.layout, named_by=at.place("file"))
        return None if found is None else build_layout(self.reading, at, settings.layout, found)

    def _steps(self, file: str, settings: RouteSettings) -> list[_Step]:
        """The versions in the order of their days, each with its place in route.toml and its data standard."""
        mapping, known = settings.mapping, {settings.mapping.version}
        steps = [_Step("mapping", mapping.file, None, self._standard(file, settings, mapping.version, "mapping"))]
        if mapping.next and settings.function != "DBM":
            self.reading.fault("CFG-003", Place(file=file, item="mapping.next"), expected="a route of replicas")
            return steps
        for number, each in enumerate(mapping.next, start=1):
            at, last = f"mapping.next.{number}", steps[-1]
            if last.valid_from is not None and each.valid_from <= last.valid_from:
                later = f"a day after {last.valid_from}"
                self.reading.fault("CFG-003", Place(file=file, item=f"{at}.valid_from"), expected=later)
            if each.version in known:
                self.reading.fault("CFG-003", Place(file=file, item=f"{at}.version"), expected="another version")
            known.add(each.version)
            standard = self._standard(file, settings, each.version, at)
            steps.append(_Step(at, each.file or last.table, each.valid_from, standard))
        return steps

    def _standard(self, file: str, settings: RouteSettings, version: str, at: str) -> DataStandard | None:
        if self.profile is None or settings.function == "LINK":
            return None
        if settings.function == "SKI":
            return self.profile.inquiry
        key = (settings.mapping.info_name, version)
        if not key[0]:
            self.reading.fault("CFG-004", Place(file=file, item="mapping.info_name"))
            return None
        standard = self.profile.standards.get(key)
        if standard is None:
            known = [f"{info_name} {version}" for info_name, version in self.profile.standards]
            item = "mapping.info_name" if at == "mapping" else f"{at}.version"
            self.reading.fault("CFG-006", Place(file=file, item=item), name=" ".join(key),
                               **close_names(" ".join(key), known))  # fmt: skip
        return standard

    def _versions(
        self, file: str, settings: RouteSettings, layout: Layout, steps: list[_Step]
    ) -> Iterator[MappingVersion]:
        """Those that compile; the others are faults of the reading."""
        read: dict[str, tuple[MappingRow, ...] | None] = {}
        for step, following in zip(steps, [*steps[1:], None], strict=True):
            table = f"{file.rpartition('/')[0]}/{step.table}"
            if table not in read:
                named = Place(file=file, item=f"{step.at}.file")
                read[table] = read_mapping(self.reading, table, named_by=named)
            rows = read[table]
            if rows is None or step.standard is None:
                continue
            ends = following.valid_from - timedelta(days=1) if following and following.valid_from else None
            against = self._compiler(rows, layout, settings, table)
            day = nearest_day(self.as_of, step.valid_from, ends)
            try:
                mapper = against(step.standard, day)
            except ConfigurationError as error:
                self.reading.faults += error.faults
                continue
            yield MappingVersion(
                standard=step.standard,
                mapper=mapper,
                valid_from=step.valid_from,
                valid_to=ends,
                file=table,
                against=against,
            )

    def _batch_records(self, settings: RouteSettings) -> int:
        """A batch is a send: never more than the server takes at once."""
        wanted = settings.limits.batch_records or self.gateway.limits.batch_records
        return min(wanted, self.profile.caps.records_per_send) if self.profile else wanted

    def _compiler(
        self, rows: tuple[MappingRow, ...], layout: Layout, settings: RouteSettings, file: str
    ) -> Callable[[DataStandard, date | None], Mapper]:
        def against(standard: DataStandard, day: date | None) -> Mapper:
            try:
                return compile_mapping(
                    rows,
                    fields=fields_of(layout),
                    standard=standard,
                    tables=self.tables,
                    inquiry=settings.function == "SKI",
                    degrade=self.profile.degrade if self.profile else None,
                    as_of=day,
                )
            except ConfigurationError as error:
                raise ConfigurationError([fault.at(file=file) for fault in error.faults]) from None

        return against

    def _link(
        self, rows: tuple[MappingRow, ...], layout: Layout, settings: RouteSettings, file: str
    ) -> LinkPlan | None:
        table = LinkTable(
            reading=self.reading,
            file=file,
            fields=fields_of(layout),
            links=self.gateway.links,
            tables=self.tables,
            as_of=self.as_of,
            spelling=self.spelling,
            reference=settings.link.reference,
            returns=self.gateway.links.numbers.get(settings.system, settings.system) if settings.write_back else "",
            subscribers=self.subscribers,
        )
        return table.plan(rows)

    def _number_plan(self, file: str, name: str, settings: RouteSettings, layout: Layout) -> ReturnPlan | None:
        """Checked in every mode, so that a change of the mode brings no new faults."""
        numbers = settings.write_back
        if numbers is None:
            return None
        if settings.function != "LINK":
            self.reading.fault("CFG-003", Place(file=file, item="write_back"), expected="a LINK route")
        at = LayoutFile(file=file, key="write_back", name=f"{name}-numbers", charset=layout.charset, gaiji=layout.gaiji)
        tables = CodeTables(self.tables, as_of=self.as_of)
        known = ReturnSources(layout=None, answers=frozenset(), tables=tables, degrade={}, variables=NUMBER_VARIABLES)
        return read_return_plan(self.reading, at, numbers, file=f"routes/{name}/{numbers.file}", known=known)

    def _return_plan(
        self, file: str, name: str, settings: RouteSettings, layout: Layout, *, key: str
    ) -> ReturnPlan | None:
        returns = settings.returns if key == "return" else settings.errors
        if returns is None:
            return None
        at = LayoutFile(file=file, key=key, name=f"{name}-{key}", charset=layout.charset, gaiji=layout.gaiji)
        answers: frozenset[str] | None = frozenset()
        if settings.function == "SKI":
            standards = self.profile.standards.values() if self.profile else ()
            answers = frozenset(item.code for each in standards for item in each.items) if self.profile else None
        for item in returns.own_numbers:
            if answers is not None and item not in answers:
                place = Place(file=file, item=f"{key}.own_numbers")
                self.reading.fault("CFG-006", place, name=item, **close_names(item, sorted(answers)))
        known = ReturnSources(
            layout=layout,
            answers=answers,
            tables=CodeTables(self.tables, as_of=self.as_of),
            degrade=self.degrade.get(settings.system, {}),
        )
        plan = read_return_plan(self.reading, at, returns, file=f"routes/{name}/{returns.file}", known=known)
        by_url = self.profile is not None and self.profile.inquiries.result_url and settings.function == "SKI"
        if plan is not None and by_url and key == "return" and not plan.tells_url:
            self.reading.fault("CFG-016", at.place("file"), name="$url", length=LONGEST_URL)
        return plan
