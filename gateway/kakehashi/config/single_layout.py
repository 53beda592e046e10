"""One layout without the rest of a configuration: for `kakehashi decode` and `encode`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from kakehashi.codec.code_table import CodeTable
from kakehashi.codec.layout import Layout
from kakehashi.config.checking import check
from kakehashi.config.gaiji_tables import read_gaiji
from kakehashi.config.layout_table import LayoutFile, build_layout, read_layout_table
from kakehashi.config.reading import Reading
from kakehashi.config.route_settings import LayoutSettings, SystemSettings
from kakehashi.errors import ConfigurationError, Fault, Place

__all__ = ["load_layout"]

_FALLBACK = "cp932"


def load_layout(
    path: Path,
    *,
    settings: Mapping[str, object],
    charset: str | None = None,
    gaiji: tuple[CodeTable, ...] = (),
    as_of: date | None = None,
) -> Layout:
    """The layout of a table (.csv, .xlsx), or of the route.toml that `path` is. `settings` are keys of [layout] that
    hold over the file's.

    What the layout leaves out is as `charset` says, else as the system of the route does, else CP932; `gaiji` comes
    before the system's tables. Raises ConfigurationError with every fault.
    """
    reading = Reading(path.parent)
    given = dict(settings)
    system, tables = None, gaiji
    if path.suffix == ".toml":
        whole = reading.toml(path.name) or {}
        table = whole.get("layout", {})
        given = {**(table if isinstance(table, dict) else {}), **given}
        system, own = _system(reading, path, whole.get("system"), as_of)
        tables = (*own, *gaiji)
    else:
        given["file"] = path.name
    layout = None
    checked = check(reading, LayoutSettings, given, file=path.name)
    if checked is not None:
        charset = charset or (system.charset if system else _FALLBACK)
        at = LayoutFile(file=path.name, key="layout", name=path.stem, charset=charset, gaiji=tables)
        found = read_layout_table(reading, checked.file, checked, named_by=Place(file=path.name))
        layout = build_layout(reading, at, checked, found) if found else None
    if layout is None or reading.faults:
        raise ConfigurationError(reading.faults or [Fault("CFG-001", Place(file=path.name))])
    return layout


def _system(
    reading: Reading, route: Path, name: object, as_of: date | None
) -> tuple[SystemSettings | None, tuple[CodeTable, ...]]:
    """The system of a route that stands in a configuration, and its tables. A route by itself has none."""
    home = route.resolve().parent.parent.parent
    if not isinstance(name, str) or not (home / "systems" / name / "system.toml").is_file():
        return None, ()
    around = Reading(home)
    file = f"systems/{name}/system.toml"
    system = check(around, SystemSettings, around.toml(file) or {}, file=file)
    tables = read_gaiji(around, system.model_copy(update={"name": name}), as_of=as_of) if system else ()
    reading.faults += around.faults
    return system, tables
