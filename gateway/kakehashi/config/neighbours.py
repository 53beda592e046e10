"""What the routes' folders and queues must not share: each file belongs to one lane, and no result is a source."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from kakehashi.config.route_settings import RouteSettings
from kakehashi.errors import Fault, Place

__all__ = ["check_neighbours"]

_URGENT = "urgent"
"""The queue that overtakes all lanes bears this name."""


def check_neighbours(routes: Mapping[str, RouteSettings]) -> Iterator[Fault]:
    """CFG-014 for each route whose source is another lane's too, or is where results go."""
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
        place = _plain(settings.returns.folder) if settings.returns else ""
        if place and place in folders:
            yield _fault(name, "return.folder", by=folders[place])


def _plain(folder: str) -> str:
    return posixpath.normpath(folder) if folder else ""


def _fault(route: str, key: str, *, by: str) -> Fault:
    return Fault("CFG-014", Place(file=f"routes/{route}/route.toml", item=key), {"taken_by": by})
