"""check: all faults of a configuration at once, then every golden case."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from kakehashi.cli.characters import as_of_option
from kakehashi.cli.context import FAULTS, Session, command
from kakehashi.config.cases import run_cases
from kakehashi.config.loader import load
from kakehashi.config.model import Configuration, Route
from kakehashi.errors import Fault
from kakehashi.runtime.addresses import address_faults
from kakehashi.runtime.offline import Offline, OfflineResult
from kakehashi.runtime.places import shared

__all__ = ["check", "check_cases"]


@command()
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--route", "routes", multiple=True, help="Only the cases of this route.")
@click.option("--xsd", type=click.Path(path_type=Path), default=lambda: shared("xsd"), help="Schema folder.")
@as_of_option(otherwise="of each code the row that holds longest")
def check(session: Session, folder: Path | None, routes: tuple[str, ...], xsd: Path, as_of: date | None) -> int:
    """Check the configuration in FOLDER (or --config) and run its golden cases. Touches nothing."""
    folder = folder or session.folder
    configuration = load(folder, as_of=as_of)
    unknown = [name for name in routes if name not in configuration.routes]
    if unknown:
        raise click.UsageError(f"{unknown[0]} is none of the routes: {', '.join(configuration.routes)}.")
    faults = [*address_faults(configuration), *check_cases(configuration, xsd, routes=routes)]
    session.output.faults(faults)
    cases = len(list(folder.glob("routes/*/cases/*/case.toml")))
    session.output.object(
        {
            "routes": len(configuration.routes),
            "cases": cases,
            "faults": len(faults),
            "configuration": configuration.hash,
        }
    )
    return FAULTS if faults else 0


def check_cases(configuration: Configuration, xsd: Path, *, routes: tuple[str, ...] = ()) -> list[Fault]:
    """Every golden case through the offline pipeline."""
    offline = {name: Offline(configuration, route, xsd) for name, route in configuration.routes.items()}

    def translate(route: Route, data: bytes) -> OfflineResult:
        return offline[route.name].translate(data)

    return run_cases(configuration, translate, routes=routes)
