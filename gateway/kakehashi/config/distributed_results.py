"""「配信の照合」 What a distribution means to the results of inquiries: their items and codes go back to a system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from kakehashi.config.finding import Finding
from kakehashi.config.return_plan import Drawn
from kakehashi.config.route import Configuration, Route
from kakehashi.domain.data_standard import DataStandard, StandardItem
from kakehashi.domain.distribution import DistributedItem, DistributedLayout, Distribution
from kakehashi.domain.interface import Function

__all__ = ["of_results"]


def of_results(configuration: Configuration, distribution: Distribution, today: date) -> Iterator[Finding]:
    """Rows of result tables that lose their item, have no room for it, or do not know a code of it."""
    for route in configuration.routes.values():
        if route.function is not Function.SKI:
            continue
        for plan in (route.return_plan, route.error_plan):
            for row in plan.drawn if plan else ():
                yield from _Row(configuration, distribution, route, row).findings(today)


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of a result table, and what the server will give for it."""

    configuration: Configuration
    distribution: Distribution
    route: Route
    row: Drawn

    def findings(self, today: date) -> Iterator[Finding]:
        newest = self._newest()
        for layout in self.distribution.layouts:
            standard = newest.get(layout.info_name)
            if standard is None or not layout.items or layout.period.has_ended(today):
                continue
            if int(layout.version) < int(standard.version):
                continue
            before = next((item for item in standard.items if item.code == self.row.code), None)
            if before is not None:
                yield from self._of_layout(layout, before, max(layout.period.first, today))
        for name, known in self._lists(newest).items():
            yield from self._of_masters(name, known, today)

    def _newest(self) -> Mapping[str, DataStandard]:
        """Information name → its newest version in the profile."""
        standards = self.configuration.profile.standards.values()
        return {each.info_name: each for each in sorted(standards, key=lambda each: int(each.version))}

    def _of_layout(self, layout: DistributedLayout, before: StandardItem, day: date) -> Iterator[Finding]:
        now = next((item for item in layout.items if item.code == self.row.code), None)
        if now is None:
            yield self._finding("DST-012", day, layout.title)
            return
        item = self.row.item
        if not self.row.plain:
            return
        if _width(before) < _width(now) > item.length and not item.truncate:
            yield self._finding("DST-019", day, f"{layout.title} {_width(now)} > {item.length}", breaks=True)
        if before.occurs < now.occurs > item.repeat:
            yield self._finding("DST-019", day, f"{layout.title} ×{now.occurs} > ×{item.repeat}", breaks=True)

    def _lists(self, newest: Mapping[str, DataStandard]) -> Mapping[str, frozenset[str]]:
        """The code lists of the item, where the row has a table for them: as the profile knows them."""
        found = (item for each in newest.values() for item in each.items if item.code == self.row.code)
        return {item.code_list: item.codes or frozenset() for item in found if item.code_list and self.row.table}

    def _of_masters(self, name: str, known: frozenset[str], today: date) -> Iterator[Finding]:
        table = self.configuration.tables[self.row.table]
        for master in self.distribution.masters:
            if master.name != name or master.period.has_ended(today):
                continue
            day = max(master.period.first, today)
            taken = {each.source for each in table.on(day)}
            for code in sorted(set(master.codes) - known - taken):
                yield self._finding("DST-020", day, f"{name} {code}", file=table.file, breaks=True)

    def _finding(self, code: str, day: date, about: str, *, file: str = "", breaks: bool = False) -> Finding:
        return Finding(
            code=code,
            day=day,
            about=about,
            breaks=breaks,
            route=self.route.name,
            file=file or self.row.file,
            line=None if file else self.row.line,
            item=self.row.code,
        )


def _width(item: StandardItem | DistributedItem) -> int:
    """Letters that a value may have; a point before decimals."""
    return item.digits + bool(item.decimals)
