"""One layout without a configuration around it: for `kakehashi decode` and `encode`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kakehashi.codec.layout import Layout
from kakehashi.config.checking import check
from kakehashi.config.layout_table import LayoutFile, build_layout, read_layout_table
from kakehashi.config.reading import Reading
from kakehashi.config.route_settings import LayoutSettings
from kakehashi.errors import ConfigurationError, Fault, Place

__all__ = ["load_layout"]


def load_layout(path: Path, *, charset: str, settings: Mapping[str, object]) -> Layout:
    """The layout of a table (.csv, .xlsx), or of the route.toml that `path` is. `settings` are keys of [layout] that
    hold over the file's. Raises ConfigurationError with every fault.
    """
    reading = Reading(path.parent)
    given = dict(settings)
    if path.suffix == ".toml":
        table = (reading.toml(path.name) or {}).get("layout", {})
        given = {**(table if isinstance(table, dict) else {}), **given}
    else:
        given["file"] = path.name
    layout = None
    checked = check(reading, LayoutSettings, given, file=path.name)
    if checked is not None:
        at = LayoutFile(file=path.name, key="layout", name=path.stem, charset=charset)
        found = read_layout_table(reading, checked.file, checked, named_by=Place(file=path.name))
        layout = build_layout(reading, at, checked, found) if found else None
    if layout is None or reading.faults:
        raise ConfigurationError(reading.faults or [Fault("CFG-001", Place(file=path.name))])
    return layout
