"""「経路」 A route with everything that its settings and tables were compiled to, and the configuration as a whole."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kakehashi.codec.compile import compile_codec
from kakehashi.codec.layout import Codec, Layout
from kakehashi.config.household_plan import HouseholdPlan
from kakehashi.config.link_plan import LinkPlan
from kakehashi.config.mapping_version import MappingVersion
from kakehashi.config.return_plan import ReturnPlan
from kakehashi.config.route_settings import ReturnSettings, RouteSettings, SystemSettings
from kakehashi.config.settings import GatewaySettings, RetrySettings
from kakehashi.config.subscription import Subscription
from kakehashi.domain.data_standard import DataStandard
from kakehashi.domain.interface import Function
from kakehashi.mapping.code_table import CodeTable
from kakehashi.mapping.compiler import Mapper

if TYPE_CHECKING:
    from kakehashi.interface.profile import Profile

__all__ = ["Configuration", "Route"]


@dataclass(frozen=True, kw_only=True)
class Route:
    """「連携経路」 One lane. `mapper` and `standard` are those of DBM and SKI, `link` that of LINK; else an error.

    `retry` are the lane's limits over the gateway's; what both leave out is the profile's.
    """

    name: str
    system: SystemSettings
    function: Function
    layout: Layout
    settings: RouteSettings
    retry: RetrySettings
    batch_records: int
    return_plan: ReturnPlan | None
    error_plan: ReturnPlan | None
    """What lists the records that were not accepted; None where they are in the result alone."""
    number_plan: ReturnPlan | None
    """What tells its system the numbers that we issued; None where it is not told."""
    compiled_mapper: Mapper | None
    compiled_standard: DataStandard | None
    link: LinkPlan | None
    numbers: str
    """Whose 宛名番号 its records carry: its system's own, or those of the system whose numbers it uses."""
    versions: tuple[MappingVersion, ...] = ()
    """Every version, in the order of their days; `mapper` and `standard` are those of one of them."""
    household: HouseholdPlan | None = None
    """Of a route whose records are households; None: each record goes out for itself."""

    @property
    def in_order(self) -> bool:
        """Whether earlier records count for later ones: of two that claim one number, the later conflicts."""
        return self.function is Function.LINK

    @cached_property
    def codec(self) -> Codec:
        return compile_codec(self.layout)

    @property
    def mapper(self) -> Mapper:
        """Raises LookupError for a LINK route: its records become links, not messages."""
        if self.compiled_mapper is None:
            raise LookupError(self.name)
        return self.compiled_mapper

    @property
    def standard(self) -> DataStandard:
        """The data standard; for SKI the inquiry table of the profile. Raises LookupError for LINK."""
        if self.compiled_standard is None:
            raise LookupError(self.name)
        return self.compiled_standard

    @cached_property
    def _by_version(self) -> dict[str, Route]:
        return {
            each.name: replace(self, compiled_mapper=each.mapper, compiled_standard=each.standard)
            for each in self.versions
            if each.standard is not self.compiled_standard
        }

    def older(self) -> list[Route]:
        """This route with each of its versions from before."""
        before = itertools.takewhile(lambda each: each.standard is not self.compiled_standard, self.versions)
        return [self._by_version[each.name] for each in before]

    def on(self, version: str | None) -> Route:
        """This route with another of its versions; None: as it is. Raises LookupError where it has no such version."""
        if version is None or version == self.standard.version:
            return self
        return self._by_version[version]


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """「設定」 Checked as a whole. `hash` is made of the content of every file that was read, in letters a–p."""

    folder: Path
    gateway: GatewaySettings
    profile: Profile
    systems: Mapping[str, SystemSettings]
    routes: Mapping[str, Route]
    hash: str
    as_of: date | None = None
    subscriptions: Mapping[str, Subscription] = field(default_factory=dict)
    """By system: who is told of its persons."""
    tables: Mapping[str, CodeTable] = field(default_factory=dict)

    @cached_property
    def urgent(self) -> frozenset[str]:
        """The lanes whose batches overtake those of all others."""
        return frozenset(name for name, route in self.routes.items() if route.settings.urgent)

    @cached_property
    def in_order(self) -> frozenset[str]:
        """The lanes whose batches are worked on one after the other, in the order of their arrival."""
        return frozenset(name for name, route in self.routes.items() if route.in_order)

    def source_folder(self, route: Route) -> Path | None:
        """The watched folder of a route; None for a route that reads a queue."""
        folder = route.settings.source.folder
        return Path(self.gateway.folders.exchange) / folder if folder else None

    def return_folder(self, route: Route) -> Path | None:
        """Where the results of a route go; None for a route without results, or whose results go to a queue."""
        return self.folder_of(route.settings.returns)

    def error_folder(self, route: Route) -> Path | None:
        """Where the lists of what was not accepted go; None as for results."""
        return self.folder_of(route.settings.errors)

    def folder_of(self, settings: ReturnSettings | None) -> Path | None:
        """Where such results go; None where they go nowhere, or to a queue."""
        folder = settings.folder if settings else ""
        return Path(self.gateway.folders.exchange) / folder if folder else None

    def notice_folder(self, subscription: Subscription) -> Path:
        """Where the notices of a system go."""
        return Path(self.gateway.folders.exchange) / subscription.settings.folder

    def number_folder(self, route: Route) -> Path | None:
        """Where the numbers go that were issued for a route's system; None where they do not go back."""
        if route.number_plan is None or route.settings.write_back is None:
            return None
        return Path(self.gateway.folders.exchange) / route.settings.write_back.folder
