"""「配信の照合」 What a distribution of the server means to the routes and the profile: found before it takes effect.

The routes' own compiler is the judge: each version of a mapping is compiled against what will hold on each day on which
something begins. What it would refuse then is told now, with the row that is wrong. Nothing is changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import chain

from kakehashi.config.distributed_results import of_results
from kakehashi.config.finding import Finding
from kakehashi.config.mapping_version import MappingVersion
from kakehashi.config.route import Configuration, Route
from kakehashi.domain.data_standard import DataStandard, StandardItem
from kakehashi.domain.distribution import DistributedItem, DistributedLayout, Distribution
from kakehashi.domain.interface import Function
from kakehashi.errors import ConfigurationError, Fault
from kakehashi.interface.service import special_time

__all__ = ["findings"]

_NEXT_DAY = timedelta(days=1)
_KINDS = {("CFG-009", "target"): "DST-011", ("CFG-006", "target"): "DST-012", ("CFG-003", "source"): "DST-010"}


def findings(configuration: Configuration, distribution: Distribution, today: date) -> list[Finding]:
    """By day; those that break a route before those that do not."""
    found: dict[tuple[object, ...], Finding] = {}
    for each in chain(
        _of_routes(configuration, distribution, today),
        of_results(configuration, distribution, today),
        _of_profile(configuration, distribution, today),
    ):
        key = each.code, each.route, each.file, each.line, each.item, each.about
        if key not in found or (each.day, not each.breaks) < (found[key].day, not found[key].breaks):
            found[key] = each
    return sorted(found.values(), key=lambda each: (each.day, not each.breaks, each.route, each.code, each.line or 0))


def _of_routes(configuration: Configuration, distribution: Distribution, today: date) -> Iterator[Finding]:
    for route in configuration.routes.values():
        for version in route.versions:
            if version.valid_to is not None and version.valid_to < today:
                continue
            trial = _Trial(configuration, distribution, route, version)
            if route.function is Function.DBM:
                yield from trial.not_taken(today)
            for day in trial.days(today):
                yield from trial.on(day, trial.layout(version.name))
        if route.function is Function.DBM:
            yield from _unmapped_versions(configuration, distribution, route, today)


def _unmapped_versions(
    configuration: Configuration, distribution: Distribution, route: Route, today: date
) -> Iterator[Finding]:
    """Versions that the route does not have: what its newest mapping lacks for them. They break nothing by themselves:
    where the route's own version ends, that is told besides.
    """
    newest = route.versions[-1]
    trial = _Trial(configuration, distribution, route, newest)
    for layout in distribution.layouts:
        known = layout.version in {each.name for each in route.versions}
        if layout.info_name != newest.standard.info_name or known or layout.period.has_ended(today):
            continue
        if int(layout.version) < int(newest.name):
            continue
        day = max(layout.period.first, today)
        place = f"routes/{route.name}/route.toml"
        yield Finding(code="DST-016", day=day, about=layout.title, route=route.name, file=place, item="mapping.next")
        if trial.knows(layout):
            yield from (replace(each, breaks=False) for each in trial.on(day, layout))


@dataclass(frozen=True, slots=True)
class _Trial:
    """One version of a route's mapping, tried on a day."""

    configuration: Configuration
    distribution: Distribution
    route: Route
    version: MappingVersion

    def layout(self, version: str) -> DistributedLayout | None:
        name = self.version.standard.info_name
        return next((e for e in self.distribution.layouts if (e.info_name, e.version) == (name, version)), None)

    def knows(self, layout: DistributedLayout) -> bool:
        """Whether its items are known, from the server or the profile."""
        return bool(layout.items) or (layout.info_name, layout.version) in self.configuration.profile.standards

    def days(self, today: date) -> list[date]:
        """Its first day from today on, and each on which something begins while batches begin with it."""
        first = max(today, self.version.valid_from or today)
        last = self.version.valid_to or date.max
        return sorted({first, *(day for day in self.distribution.beginnings() if first < day <= last)})

    def not_taken(self, today: date) -> Iterator[Finding]:
        """Days on which batches begin with a version that the server does not take."""
        if not self.distribution.layouts:
            return
        first, last = max(today, self.version.valid_from or today), self.version.valid_to or date.max
        layout = self.layout(self.version.name)
        if layout is None or layout.period.first > first:
            yield self._route_finding("DST-014", first)
        elif layout.period.last is not None and layout.period.last < last:
            yield self._route_finding("DST-014", max(layout.period.last + _NEXT_DAY, first))

    def on(self, day: date, layout: DistributedLayout | None) -> Iterator[Finding]:
        """What the mapping would be refused for on that day, by that layout (None: that of the profile)."""
        standard = self._standard(day, layout)
        try:
            self.version.against(standard, self.version.day_of(day))
        except ConfigurationError as error:
            for fault in error.faults:
                yield from self._of_fault(fault, day, standard)
        yield from self._smaller(day, standard)
        yield from self._new_codes(day, standard)

    def _standard(self, day: date, layout: DistributedLayout | None) -> DataStandard:
        profile, own = self.configuration.profile, self.version.standard
        version = layout.version if layout else own.version
        known = own if version == own.version else profile.standards.get((own.info_name, version), own)
        lists = {item.code_list: item.codes for item in known.items}
        items = [_item(item) for item in layout.items] if layout and layout.items else known.items
        held = [replace(item, codes=self._codes(item.code_list, day, lists.get(item.code_list))) for item in items]
        return DataStandard(info_name=own.info_name, version=version, items=tuple(held))

    def _codes(self, name: str, day: date, known: frozenset[str] | None) -> frozenset[str] | None:
        master = self.distribution.master(name, day) if name else None
        return frozenset(master.codes) if master else known

    def _of_fault(self, fault: Fault, day: date, standard: DataStandard) -> Iterator[Finding]:
        column, name = fault.place.item or "", str(fault.facts.get("name", ""))
        item = next((item for item in standard.items if item.code == name), None)
        if (fault.code, column) == ("CFG-006", "table") and item is not None and item.codes is not None:
            table = self.configuration.tables[str(fault.facts["table"])]
            for row in table.on(self.version.day_of(day)):
                if row.target and row.target not in item.codes:
                    about = f"{item.code_list} {row.target}"
                    yield self._finding("DST-010", day, about, file=table.file, line=row.line, item=name)
            return
        code = _KINDS.get((fault.code, column), "DST-013")
        about = str(fault.facts.get("title") or (item.code_list if item else "")) or standard.element
        yield self._finding(code, day, about, file=fault.place.file or "", line=fault.place.record, item=name)

    def _smaller(self, day: date, standard: DataStandard) -> Iterator[Finding]:
        """Items that hold less than before, or another type; only those that are mapped."""
        before = {item.code: item for item in self.version.standard.items}
        lines = {each.target: each.line for each in self.version.mapper.lineage}
        for item in standard.items:
            was = before.get(item.code)
            if was is None or item.code not in lines:
                continue
            for what, old, new in (("digits", was.digits, item.digits), ("decimals", was.decimals, item.decimals),
                                   ("occurs", was.occurs, item.occurs)):  # fmt: skip
                if new < old:
                    yield self._finding("DST-013", day, f"{what} {old} → {new}", line=lines[item.code], item=item.code)
            if item.type is not was.type:
                about = f"{was.type} → {item.type}"
                yield self._finding("DST-013", day, about, line=lines[item.code], item=item.code)

    def _new_codes(self, day: date, standard: DataStandard) -> Iterator[Finding]:
        """Codes that the profile does not have yet, of items whose table gives none of them."""
        before = {item.code: item for item in self.version.standard.items}
        rows = {each.target: each for each in self.version.mapper.lineage if each.table}
        for item in standard.items:
            row, was = rows.get(item.code), before.get(item.code)
            if row is None or not row.table or item.codes is None or was is None or was.codes is None:
                continue
            table = self.configuration.tables[row.table]
            given = {each.target for each in table.on(self.version.day_of(day))}
            for code in sorted(item.codes - was.codes - given):
                about = f"{item.code_list} {code}"
                yield replace(self._finding("DST-015", day, about, file=table.file, item=item.code), breaks=False)

    def _finding(
        self, code: str, day: date, about: str, *, line: int | None = None, item: str = "", file: str = ""
    ) -> Finding:
        place = file or self.version.file
        return Finding(
            code=code, day=day, about=about, breaks=True, route=self.route.name, file=place, line=line, item=item
        )

    def _route_finding(self, code: str, day: date) -> Finding:
        about = f"{self.version.standard.info_name} v{self.version.name}"
        return self._finding(code, day, about, file=f"routes/{self.route.name}/route.toml", item="mapping.version")


def _item(item: DistributedItem) -> StandardItem:
    return StandardItem(
        code=item.code,
        name=item.name,
        type=item.type,
        digits=item.digits,
        decimals=item.decimals,
        occurs=item.occurs,
        required=item.required,
        code_list=item.code_master,
        absence=item.absence,
    )


def _of_profile(configuration: Configuration, distribution: Distribution, today: date) -> Iterator[Finding]:
    """Where the profile's files say something else; they break nothing by themselves."""
    profile = configuration.profile
    folder = f"profiles/{profile.name}"
    for layout in distribution.layouts:
        if (layout.info_name, layout.version) not in profile.standards and not layout.period.has_ended(today):
            file = f"{folder}/layouts/{layout.info_name}/v{layout.version}.csv"
            yield Finding(code="DST-017", day=max(layout.period.first, today), about=layout.title, file=file)
    lists = {i.code_list: i.codes for each in profile.standards.values() for i in each.items if i.codes is not None}
    for master in distribution.masters:
        codes = lists.get(master.name)
        if codes is not None and codes != frozenset(master.codes) and not master.period.has_ended(today):
            differ = " ".join([*(f"+{c}" for c in sorted(set(master.codes) - codes)),
                               *(f"-{c}" for c in sorted(codes - set(master.codes)))])  # fmt: skip
            about, file = f"{master.title} {differ}", f"{folder}/codes/{master.name}.csv"
            yield Finding(code="DST-017", day=max(master.period.first, today), about=about, file=file)
    yield from _of_calendar(configuration, distribution.special, today)


def _of_calendar(
    configuration: Configuration, special: Sequence[tuple[str, str, str]], today: date
) -> Iterator[Finding]:
    """Days and hours from today on that only one side has; a server that names none is not compared."""
    profile = configuration.profile
    theirs = {time for each in special if (time := special_time(*each)) is not None}
    ours = set(profile.service.calendar)
    for each in sorted(theirs ^ ours) if theirs else ():
        if each.end.date() >= today:
            about = f"{'+' if each in theirs else '-'}{each.kind} {each.begin:%Y-%m-%dT%H:%M}/{each.end:%Y-%m-%dT%H:%M}"
            file = f"profiles/{profile.name}/calendar.csv"
            yield Finding(code="DST-018", day=max(each.begin.date(), today), about=about, file=file)
