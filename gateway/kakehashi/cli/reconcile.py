"""reconcile: the owner's full extract against what was accepted, and that against what the server has; the repair."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import click

from kakehashi.cli.context import FAULTS, Session, command
from kakehashi.cli.inspector import watched
from kakehashi.cli.link import masked
from kakehashi.cli.output import Cell
from kakehashi.cli.repair import Wish, carry_out, open_repair, repair_options
from kakehashi.config.model import Route
from kakehashi.domain.interface import Function
from kakehashi.pipeline.identify import PassedNumbers
from kakehashi.pipeline.reconciling import Difference, Standing, differences
from kakehashi.pipeline.repairing import RepairPlan
from kakehashi.ports.store import Store
from kakehashi.runtime.bootstrap import open_client
from kakehashi.runtime.places import shared
from kakehashi.runtime.reconciliation import Originals, accepted, at_server
from kakehashi.runtime.server_side import open_conversation, open_endpoint, open_schemas

__all__ = ["reconcile"]

_COLUMNS = ("difference", "person", "unit", "record", "accepted", "server", "in_flight")


@command()
@click.argument("route")
@click.option(
    "--originals",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The owner's full extract in the route's layout; compared with what was accepted.",
)
@click.option("--server", is_flag=True, help="Compare what was accepted with what the server says it has (DBM-207).")
@repair_options
@click.option("--xsd", type=click.Path(path_type=Path), default=lambda: shared("xsd"), help="Schema folder.")
def reconcile(
    session: Session, route: str, originals: Path | None, *, server: bool, wish: Wish | None, xsd: Path
) -> int:
    """List every difference between the originals of ROUTE, the ledger and the server; with --repair, mend them.

    Exit code 1 when there is one that is not in flight, when a record of the originals could not be read, and when a
    repair leaves something.
    """
    found = _route(session, route)
    if originals is None and not server:
        raise click.UsageError("Say what to compare with: --originals FILE, --server, or both.")
    if wish is not None and originals is None:
        raise click.UsageError("A repair is made from the extract: --originals FILE.")
    info_name, store = found.standard.info_name, session.store
    with ExitStack() as stack:
        repair = open_repair(session, found, wish) if wish else None
        extract = None
        if originals is not None:
            spool = Path(session.configuration.gateway.folders.spool)
            links = session.links if session.configuration.profile.swaps else PassedNumbers()
            extract = stack.enter_context(closing(Originals(found, links, spool)))
            _read(session, extract, originals)
            if extract.held:
                session.output.say("Nothing was compared.")
                return FAULTS
        unread = bool(extract and extract.faults)
        plan = RepairPlan(is_newer=repair.is_newer, complete=not unread) if repair else None
        rows = differences(
            accepted(store, info_name),
            originals=extract,
            server=stack.enter_context(_server(session, found, xsd)) if server else None,
            in_flight=store.replicas_in_flight(info_name),
        )
        settled = _told(session, rows, plan)
        if wish and repair and plan and extract and originals:
            mended = carry_out(session, repair, plan, extract, originals, wish)
            return 0 if mended and not unread else FAULTS
    return FAULTS if settled or unread else 0


def _route(session: Session, name: str) -> Route:
    routes = session.configuration.routes
    if name not in routes or routes[name].function is not Function.DBM:
        known = ", ".join(each for each, route in routes.items() if route.function is Function.DBM)
        raise click.UsageError(f"{name} is none of the routes that register replicas: {known}.")
    return routes[name]


def _read(session: Session, extract: Originals, path: Path) -> None:
    with watched(path, passes=2) as (stream,):
        extract.read(stream, path.name)
    session.output.faults(extract.faults)


@contextmanager
def _server(session: Session, route: Route, xsd: Path) -> Iterator[Iterator[Standing]]:
    configuration = session.configuration
    with closing(open_client(configuration, session.clock)) as client:
        schemas = open_schemas(configuration, xsd)
        endpoint = open_endpoint(configuration, client, session.clock)
        conversation = open_conversation(configuration, route, endpoint=endpoint, clock=session.clock, schemas=schemas)
        yield at_server(conversation, configuration.profile)


def _told(session: Session, rows: Iterable[Difference], plan: RepairPlan | None) -> int:
    """Shows every difference; how many there are that are not in flight."""
    seen = settled = 0

    def cells() -> Iterator[Sequence[Cell]]:
        nonlocal seen, settled
        for row in rows:
            seen += 1
            settled += not row.in_flight
            if plan is not None:
                plan.add(row)
            yield (
                row.kind,
                masked(row.person),
                row.unit,
                row.record,
                _origin(session.store, row.accepted),
                _origin(session.store, row.server),
                "yes" if row.in_flight else "no",
            )

    session.output.rows("Differences", _COLUMNS, cells())
    if not seen:
        session.output.say("No difference.")
    return settled


def _origin(store: Store, sequence: int | None) -> str | None:
    """The file and record that a sequence was given to, as `trace` takes the file; else the sequence."""
    if sequence is None:
        return None
    origin = store.origin_of(sequence)
    if origin is None:
        return str(sequence)
    file, record = origin
    return f"F{file.id} {record}"
