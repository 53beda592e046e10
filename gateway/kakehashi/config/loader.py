"""A configuration folder → Configuration, or every fault of it at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from kakehashi.config.checking import check
from kakehashi.config.code_tables import read_code_tables
from kakehashi.config.degrade_table import read_degrade
from kakehashi.config.gaiji_tables import read_gaiji
from kakehashi.config.neighbours import check_neighbours
from kakehashi.config.profile_folder import read_profile
from kakehashi.config.reading import Reading
from kakehashi.config.route import Configuration, Route
from kakehashi.config.route_loader import RouteLoader
from kakehashi.config.route_settings import SystemSettings
from kakehashi.config.settings import GatewaySettings, LinkSettings, RelaySettings
from kakehashi.config.subscription import read_subscription, subscriber_of
from kakehashi.config.variants import read_spelling
from kakehashi.errors import ConfigurationError, Place
from kakehashi.mapping.converters import close_names

__all__ = ["load"]

_ADDRESSES = (("gateway", "agency"), ("broker", "url"), ("store", "url"), ("server", "endpoint"))
"""What has no safe default: who we are and whom we reach."""


def load(folder: Path, *, overlay: Path | None = None, as_of: date | None = None) -> Configuration:
    """Read everything below `folder`. Raises ConfigurationError with all faults, in the order of the files.

    `overlay` is a second gateway.toml whose keys win (addresses of this machine). `as_of`: the day of the code,
    gaiji and permission tables; None: of each code the row that holds longest, of permissions those without days.
    """
    reading = Reading(folder)
    gateway = _gateway(reading, overlay)
    known_systems = _folders(reading, "systems")
    systems = {name: system for name in known_systems if (system := _system(reading, name)) is not None}
    gaiji = {name: read_gaiji(reading, system, as_of=as_of) for name, system in systems.items()}
    tables = read_code_tables(reading)
    settings = gateway or GatewaySettings()
    # A fault in gateway.toml must not hide those of the routes: they are checked against the default profile then.
    readable = (folder / "gateway.toml").is_file()
    profile = read_profile(reading, settings.gateway.profile, as_of=as_of) if readable else None
    degrade = {name: read_degrade(reading, system, gaiji[name], as_of=as_of) for name, system in systems.items()}
    told = [(system, subscriber_of(system, settings.links.numbers)) for system in systems.values()]
    subscribed = [(system, subscriber) for system, subscriber in told if subscriber is not None]
    loader = RouteLoader(
        reading=reading,
        gateway=settings,
        profile=profile,
        systems=systems,
        known_systems=frozenset(known_systems),
        tables=tables,
        gaiji=gaiji,
        degrade=degrade,
        as_of=as_of,
        spelling=read_spelling(reading),
        subscribers=tuple(subscriber for _, subscriber in subscribed),
    )
    _check_numbers(reading, settings.links, settings.relay, known_systems)
    subscriptions = [
        read_subscription(
            reading, system, each, gaiji=gaiji[system.name], degrade=degrade[system.name], tables=tables, as_of=as_of
        )
        for system, each in subscribed
    ]
    loaded = [loader.load(name) for name in _folders(reading, "routes")]
    reading.faults += check_neighbours(loader.read, systems)
    routes: dict[str, Route] = {route.name: route for route in loaded if route is not None}
    if reading.faults or profile is None:
        raise ConfigurationError(reading.faults)
    return Configuration(
        folder=folder,
        gateway=settings,
        profile=profile,
        systems=systems,
        routes=routes,
        hash=reading.hash(),
        as_of=as_of,
        tables=tables,
        subscriptions={each.subscriber.system: each for each in subscriptions if each is not None},
    )


def _gateway(reading: Reading, overlay: Path | None) -> GatewaySettings | None:
    data = reading.toml("gateway.toml")
    if data is None:
        return None
    file = "gateway.toml"
    if overlay is not None:
        upper = reading.overlay(overlay)
        data, file = _merged(data, upper or {}), f"gateway.toml + {overlay.name}" if upper else file
    gateway = check(reading, GatewaySettings, data, file=file)
    if gateway is not None:
        for table, key in _ADDRESSES:
            if not getattr(getattr(gateway, table), key):
                reading.fault("CFG-004", Place(file=file, item=f"{table}.{key}"))
    return gateway


def _merged(lower: Mapping[str, object], upper: Mapping[str, object]) -> dict[str, object]:
    merged = dict(lower)
    for key, value in upper.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _check_numbers(reading: Reading, links: LinkSettings, relay: RelaySettings, known: list[str]) -> None:
    """Every system that `[links]` names is there, and nobody uses the numbers of one that has none of its own."""
    named = [("links.base", links.base)] if links.base else []
    named += [(f"links.numbers.{system}", each) for system, other in links.numbers.items() for each in (system, other)]
    for item, name in named:
        if name not in known:
            reading.fault("CFG-006", Place(file="gateway.toml", item=item), name=name, **close_names(name, known))
    for name, system in relay.systems.items():
        if system not in known:
            place = Place(file="gateway.toml", item=f"relay.systems.{name}")
            reading.fault("CFG-006", place, name=system, **close_names(system, known))
    for system, other in links.numbers.items():
        if other in links.numbers:
            place = Place(file="gateway.toml", item=f"links.numbers.{system}")
            reading.fault("CFG-003", place, expected="a system that has 宛名番号 of its own")


def _folders(reading: Reading, kind: str) -> list[str]:
    """The names of the folders below `kind`; one without its file is told when it is read."""
    base = reading.folder / kind
    return sorted(path.name for path in base.glob("*") if path.is_dir() and not path.name.startswith((".", "_")))


def _system(reading: Reading, name: str) -> SystemSettings | None:
    file = f"systems/{name}/system.toml"
    data = reading.toml(file)
    system = None if data is None else check(reading, SystemSettings, data, file=file)
    if system is not None and system.name != name:
        reading.fault("CFG-003", Place(file=file, item="name"), expected=name)
        return system.model_copy(update={"name": name})
    return system
