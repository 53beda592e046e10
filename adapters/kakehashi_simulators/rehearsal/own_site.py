"""「リハーサル環境」 A site's configuration in a folder of the rehearsal's own: nothing of the site is touched."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from kakehashi.config.loader import load
from kakehashi.config.model import Configuration
from kakehashi.config.settings import GatewaySettings
from kakehashi.domain.wire_form import OUR_FORM
from kakehashi.errors import ConfigurationError, Fault, Place
from kakehashi_simulators.demo.run import make_folders
from kakehashi_simulators.demo.site import Site
from kakehashi_simulators.dialect import Dialect
from kakehashi_simulators.process import Spoken
from kakehashi_simulators.rehearsal.script import Partner
from kakehashi_simulators.rehearsal.toml_text import toml_text

__all__ = ["codes_of", "copied", "live_of", "simulated", "spoken_of"]

_NEVER = ("answering", "relay")
"""Tables of gateway.toml that listen at addresses of the site."""


def live_of(settings: GatewaySettings) -> list[str]:
    """The endpoints of a site to which no test may go: those it names, and its own where it is live."""
    sides = (settings.server, settings.registry)
    named = [endpoint for side in sides for endpoint in side.live]
    own = [] if settings.gateway.test else [side.endpoint for side in sides if side.endpoint]
    return list(dict.fromkeys((*named, *own)))


def simulated(server: str, registry: str, certificates: Path) -> Partner:
    """The simulators in the place of a partner."""
    names = {"ca": "ca.pem", "certificate": "client.pem", "key": "client.key"}
    files = {name: str(certificates / file) for name, file in names.items()}
    return Partner.model_validate(
        {"name": "simulators", "server": {"endpoint": server, **files}, "registry": {"endpoint": registry, **files}}
    )


def spoken_of(configuration: Configuration) -> Spoken | None:
    """The format that the simulators have to speak; None: their own. Raises ConfigurationError (RHS-008) where nothing
    says how.
    """
    profile = configuration.profile
    schemas = configuration.folder / "xsd" / profile.schemas
    if profile.form == OUR_FORM:
        return None
    if not (schemas / "names.csv").is_file():
        raise ConfigurationError([Fault("RHS-008", Place(file=f"xsd/{profile.schemas}/names.csv"))])
    return Spoken(profile.name, schemas)


def codes_of(spoken: Spoken | None) -> Mapping[str, str]:
    """The server's result codes, as the simulators call them → as this format does; empty: the same."""
    return Dialect(spoken.schemas / "names.csv", spoken.schemas).codes if spoken else {}


def copied(
    original: Path, site: Site, partner: Partner, *, live: Sequence[str], evidence: Path, fetch: bool
) -> Configuration:
    """The configuration below `original`, with the addresses of the rehearsal, loaded from its copy. `fetch`: what
    other bodies ask is fetched, every two seconds.

    Raises ConfigurationError: faults of the site's configuration; RHS-007 for a folder outside of the rehearsal's.
    """
    shutil.copytree(original, site.config, ignore=shutil.ignore_patterns("gateway.toml"), dirs_exist_ok=True)
    for path in (*site.config.glob("routes/*/route.toml"), *site.config.glob("systems/*/system.toml")):
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        moved = _moved(table, path.parent.name)
        if moved != table:
            path.write_text(toml_text(moved), encoding="utf-8")
    given = tomllib.loads((original / "gateway.toml").read_text(encoding="utf-8-sig"))
    over = _addresses(site, partner, live=live, evidence=evidence)
    if fetch:
        over["provisions"] = {"fetch": True, "every_seconds": 2}
    tables = {name: {**_table(given, name), **_table(over, name)} for name in {**given, **over} if name not in _NEVER}
    if partner.registry is None:
        tables["registry"] = {}
    (site.config / "gateway.toml").write_text(toml_text(tables), encoding="utf-8")
    configuration = load(site.config)
    _demand_own(configuration, site.folder)
    make_folders(configuration)
    return configuration


def _addresses(site: Site, partner: Partner, *, live: Sequence[str], evidence: Path) -> dict[str, object]:
    folder = site.folder
    identity: dict[str, object] = {"name": "rehearsal", "test": True}
    identity |= {"agency": partner.agency} if partner.agency else {}
    return {
        "gateway": identity,
        "broker": {"url": f"local:{folder / 'broker'}"},
        "store": {"url": site.store_url},
        "keys": {"file": str(folder / "keys.json")},
        "server": {**partner.server.model_dump(), "live": list(live)},
        "registry": partner.registry.model_dump() if partner.registry else {},
        "folders": {"spool": str(folder / "spool"), "exchange": str(site.exchange)},
        "rehearsal": {"evidence": str(evidence)},
    }


def _table(tables: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = tables.get(name, {})
    return found if isinstance(found, Mapping) else {}


def _moved(table: Mapping[str, object], owner: str, *path: str) -> dict[str, object]:
    """Folders that are absolute, or lead upwards, get a place of their own below the rehearsal's exchange folder."""
    moved: dict[str, object] = {}
    for name, value in table.items():
        if isinstance(value, Mapping):
            moved[name] = _moved(value, owner, *path, name)
        elif name == "folder" and isinstance(value, str) and (Path(value).is_absolute() or ".." in Path(value).parts):
            moved[name] = "/".join((owner, *path))
        else:
            moved[name] = value
    return moved


def _demand_own(configuration: Configuration, folder: Path) -> None:
    """Every place that the gateway will touch lies in the rehearsal's folder."""
    places: list[tuple[str, Path | None]] = [("folders.spool", Path(configuration.gateway.folders.spool))]
    for name, route in configuration.routes.items():
        asked = (configuration.source_folder, configuration.return_folder, configuration.error_folder)
        places += [(f"routes/{name}", of(route)) for of in (*asked, configuration.number_folder)]
    for name, subscription in configuration.subscriptions.items():
        places.append((f"systems/{name}", configuration.notice_folder(subscription)))
    faults = [
        Fault("RHS-007", Place(file=where))
        for where, place in places
        if place is not None and not place.resolve().is_relative_to(folder.resolve())
    ]
    if faults:
        raise ConfigurationError(faults)
