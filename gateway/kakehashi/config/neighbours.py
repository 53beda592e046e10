"""What the routes' folders and queues must not share: each file belongs to one lane, and no result is a source."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from kakehashi.config.route_settings import ReturnSettings, RouteSettings, SystemSettings
from kakehashi.errors import Fault, Place

__all__ = ["check_neighbours"]

_URGENT = "urgent"
"""The queue that overtakes all lanes bears this name."""


def check_neighbours(
    routes: Mapping[str, RouteSettings], systems: Mapping[str, SystemSettings] = MappingProxyType({})
) -> Iterator[Fault]:
    """CFG-014 for each route whose source is another lane's too, or is where results go, or that tells a system its
    numbers beside another one; and for each system whose notices go into the folder of a lane or of another system.
    """
    folders: dict[str, str] = {}
    queues = {_URGENT: _URGENT} | {name: name for name in routes}
    for name, settings in routes.items():
        source = settings.source
        for key, place, taken in (("folder", _plain(source.folder), folders), ("queue", source.queue, queues)):
            if place and place in taken:
                yield _fault(name, f"source.{key}", by=taken[place])
            elif place:
                taken[place] = name
    if _URGENT in routes:
        yield _fault(_URGENT, "lane", by=_URGENT)
    for name, settings in routes.items():
        told = {"return": settings.returns, "errors": settings.errors, "write_back": settings.write_back}
        for key, table in told.items():
            place = _plain(table.folder) if table else ""
            if place and place in folders:
                yield _fault(name, f"{key}.folder", by=folders[place])
            queue = table.queue if isinstance(table, ReturnSettings) else ""
            if queue and queue in queues:
                yield _fault(name, f"{key}.queue", by=queues[queue])
    yield from _told_twice(routes)
    yield from _notices_elsewhere(systems, folders)


def _notices_elsewhere(systems: Mapping[str, SystemSettings], folders: Mapping[str, str]) -> Iterator[Fault]:
    taken = dict(folders)
    for name, system in systems.items():
        place = _plain(system.notices.folder) if system.notices else ""
        if place and (first := taken.setdefault(place, name)) != name:
            file = f"systems/{name}/system.toml"
            yield Fault("CFG-014", Place(file=file, item="notices.folder"), {"taken_by": first})


def _told_twice(routes: Mapping[str, RouteSettings]) -> Iterator[Fault]:
    told: dict[str, str] = {}
    for name, settings in routes.items():
        if settings.write_back and (first := told.setdefault(settings.system, name)) != name:
            yield _fault(name, "write_back", by=first)


def _plain(folder: str) -> str:
    return posixpath.normpath(folder) if folder else ""


def _fault(route: str, key: str, *, by: str) -> Fault:
    return Fault("CFG-014", Place(file=f"routes/{route}/route.toml", item=key), {"taken_by": by})
