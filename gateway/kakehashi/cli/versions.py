"""versions: what the server distributes, what it means to the routes, and a dry run of the next version."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

import click

from kakehashi.cli.changes import changes
from kakehashi.cli.characters import as_of_option
from kakehashi.cli.context import FAULTS, Session, command
from kakehashi.config.distributed import findings
from kakehashi.config.finding import Finding
from kakehashi.config.loader import load
from kakehashi.config.model import Configuration, Route
from kakehashi.domain.interface import Function
from kakehashi.errors import Fault
from kakehashi.pipeline.distributing import read_distribution
from kakehashi.runtime.bootstrap import open_client, plugin
from kakehashi.runtime.distributing import open_distributing
from kakehashi.runtime.offline import Offline
from kakehashi.runtime.places import shared
from kakehashi.runtime.server_side import open_endpoint, open_schemas
from kakehashi.runtime.trying import Original, Trial, of_file, recent

__all__ = ["versions"]

_FINDINGS = ("day", "route", "code", "breaks", "file", "row", "item", "about", "meaning", "what_to_do")
_EVER = date.max - date(2000, 1, 1)
_xsd = click.option("--xsd", type=click.Path(path_type=Path), default=lambda: shared("xsd"), help="Schema folder.")


@click.group()
def versions() -> None:
    """Layouts and code masters 版: what the server announces, and the next version before it takes effect."""


@command(versions, "fetch")
@_xsd
def fetch(session: Session, xsd: Path) -> int:
    """Ask the server now what it distributes (SYM-903), and keep it. Exit code 1 when a route will break."""
    configuration = session.configuration
    with closing(open_client(configuration, session.clock)) as client:
        asking = open_distributing(
            configuration,
            book=session.store,
            schemas=open_schemas(configuration, xsd),
            endpoint=open_endpoint(configuration, client, session.clock),
            clock=session.clock,
        )
        distribution, is_new = asking.fetch()
    found = findings(configuration, distribution, session.clock.now().date())
    session.output.object(
        {
            "layouts": len(distribution.layouts),
            "masters": len(distribution.masters),
            "special_days": len(distribution.special),
            "changed": is_new,
            "findings": len(found),
            "breaking": sum(each.breaks for each in found),
        }
    )
    return FAULTS if any(each.breaks for each in found) else 0


@command(versions, "show")
def show(session: Session) -> int:
    """Every version with its days: what the server announced last, and what the routes have."""
    today, row = session.clock.now().date(), session.store.distribution()
    session.output.object({"received": row.received_at if row else None, "asked_last": row.seen_at if row else None})
    past = changes(session, date(2000, 1, 1), _EVER)
    session.output.rows(
        "Versions",
        ("day", "what", "change", "routes", "past"),
        [(*each, "yes" if each[0] <= today.isoformat() else "no") for each in past],
    )
    return 0


@command(versions, "check")
@click.option("--route", help="Only of this route.")
@as_of_option()
def check(session: Session, route: str | None, as_of: date | None) -> int:
    """Compare what the server announced with profile, calendar and routes, each finding with file, row and day.

    Changes nothing. Exit code 1 when records of a route will be refused.
    """
    row = session.store.distribution()
    if row is None:
        session.output.say("The server was not asked yet: `kakehashi versions fetch` asks it.")
        return FAULTS
    today = as_of or session.clock.now().date()
    found = findings(session.configuration, read_distribution(row.content), today)
    shown = [each for each in found if route in (None, each.route)]
    session.output.rows("Findings", _FINDINGS, [_finding(session, each) for each in shown])
    return FAULTS if any(each.breaks for each in shown) else 0


def _finding(session: Session, each: Finding) -> Sequence[str | int | None]:
    breaks = "yes" if each.breaks else "no"
    day, told = each.day.isoformat(), (session.meaning(each.code), session.remedy(each.code))
    return day, each.route, each.code, breaks, each.file, each.line, each.item, each.about, *told


@command(versions, "try")
@click.argument("name", metavar="ROUTE")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--recent", "most", type=click.IntRange(1, 1000), help="Of the lane's files, the last so many, as they came in."
)
@click.option(
    "--as-of",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="By what holds on this day; else when the next version begins.",
)
@_xsd
def try_(session: Session, name: str, files: Sequence[Path], most: int | None, day: datetime | None, xsd: Path) -> int:
    """Run FILES, or the last originals of the lane, by what holds now and by what will hold on another day.

    Tells what would be refused then, by code and item; counts alone, no values. Every 宛名番号 counts as linked.
    Nothing is sent or stored. Exit code 1 when records would be refused then that go now.
    """
    route = _route(session, name)
    if bool(files) == bool(most):
        raise click.UsageError("Say which originals: FILES, or --recent N of the lane.")
    on = day.date() if day else _next_day(session, route)
    then = load(session.folder, as_of=on)
    trial = Trial(_offline(session.configuration, name, xsd), _offline(then, name, xsd))
    held: list[Fault] = []
    for original in _kept(session, route, most) if most else _dropped(trial, files, held):
        trial.add(original)
    session.output.faults(held)
    version = then.routes[name].standard.version
    session.output.object(
        {
            "route": name,
            "as_of": on.isoformat(),
            "version_now": route.standard.version,
            "version_then": version,
            "records": trial.records,
            "refused_now": trial.refused_now,
            "refused_then": trial.refused_then,
            "newly_refused": trial.newly,
            "changed": trial.changed,
        }
    )
    session.output.rows(
        "Refused, by code and item",
        ("code", "item", "now", "then", "meaning"),
        [(code, item, *counts, session.meaning(code)) for (code, item), counts in sorted(trial.refused.items())],
    )
    return FAULTS if trial.newly or held else 0


def _route(session: Session, name: str) -> Route:
    routes = session.configuration.routes
    known = [each.name for each in routes.values() if each.function is not Function.LINK]
    if name not in known:
        raise click.UsageError(f"{name} is none of the routes: {', '.join(known)}.")
    return routes[name]


def _next_day(session: Session, route: Route) -> date:
    today = session.clock.now().date()
    days = [each.valid_from for each in route.versions if each.valid_from and each.valid_from > today]
    if not days:
        raise click.UsageError(f"{route.name} has no version that begins after today: say --as-of DATE.")
    return days[0]


def _offline(configuration: Configuration, name: str, xsd: Path) -> Offline:
    return Offline(configuration, configuration.routes[name], xsd)


def _dropped(trial: Trial, files: Sequence[Path], held: list[Fault]) -> Iterable[Original]:
    for path in files:
        originals, faults = of_file(trial.now, path.read_bytes(), file=path.name)
        held += faults
        yield from originals


def _kept(session: Session, route: Route, most: int) -> Iterable[Original]:
    spool = plugin("spools", "folder")(Path(session.configuration.gateway.folders.spool))
    return recent(session.store, spool, session.sealer, lane=route.name, files=most)
