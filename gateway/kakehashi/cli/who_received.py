"""who-received: who got what of a person, or of an information, as far as the gateway's books tell."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime

import click

from kakehashi.cli.context import Session, command
from kakehashi.cli.stopping import key_of, shown_key
from kakehashi.domain.halt import HaltOf
from kakehashi.domain.japan_time import JST
from kakehashi.runtime.disclosing import Disclosed, Disclosing

__all__ = ["tell_disclosures", "who_received"]

_COLUMNS = ("at", "what", "to", "person", "lane", "info_name", "unit", "layout", "state", "reference")
_NOT_HERE = (
    "Not known here: what other bodies got by automatic answer (ask the server, TKM-501), what went through the relay."
)
_day = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])


@command(name="who-received")
@click.argument("key")
@click.option("--reason", required=True, help="Why you look; kept with your name.")
@click.option("--from", "begin", type=_day, help="Only since then.")
@click.option("--to", "end", type=_day, help="Only before then.")
@click.option("--as-of", "known", type=_day, help="As it was known then.")
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated, with a heading.")
def who_received(
    session: Session,
    *,
    key: str,
    reason: str,
    begin: datetime | None,
    end: datetime | None,
    known: datetime | None,
    as_csv: bool,
) -> int:
    """Who received what of KEY (a person: SYSTEM:NUMBER or a unified number; or a TM code): replicas that the server
    accepted, inquiry results and notices that systems got, addresses that the server was told.

    What has no known time is listed without --from, --to and --as-of only.
    """
    of, found = key_of(session, key, reason=reason)
    latest = min((each.replace(tzinfo=JST) for each in (end, known) if each), default=None)
    earliest = begin.replace(tzinfo=JST) if begin else None
    tell_disclosures(session, of, found, earliest=earliest, latest=latest, as_csv=as_csv)
    return 0


def tell_disclosures(
    session: Session,
    of: HaltOf,
    key: str,
    *,
    earliest: datetime | None = None,
    latest: datetime | None = None,
    as_csv: bool = False,
) -> None:
    """In the order of their kinds, not of their times: there may be a million."""
    reading = Disclosing(configuration=session.configuration, store=session.store, links=session.links)
    every = reading.of_person(key) if of is HaltOf.PERSON else reading.of_information(key)
    chosen = (each for each in every if _is_within(each, earliest, latest))
    if as_csv:
        for line in _lines(chosen):
            click.echo(line, nl=False)
    else:
        session.output.rows("Disclosed", _COLUMNS, map(_cells, chosen))
    session.output.say(_NOT_HERE)


def _is_within(each: Disclosed, earliest: datetime | None, latest: datetime | None) -> bool:
    if each.at is None:
        return earliest is None and latest is None
    return (earliest is None or each.at >= earliest) and (latest is None or each.at < latest)


def _cells(each: Disclosed) -> tuple[str | datetime | None, ...]:
    person = shown_key(HaltOf.PERSON, each.person)
    rest = (each.lane, each.info_name, each.unit, each.layout, each.state, each.reference)
    return each.at, each.what, each.to, person, *rest


def _lines(chosen: Iterable[Disclosed]) -> Iterator[str]:
    line = io.StringIO(newline="")
    writer = csv.writer(line)
    writer.writerow(_COLUMNS)
    for each in chosen:
        yield line.getvalue()
        line.seek(0)
        line.truncate()
        at, *rest = _cells(each)
        writer.writerow([at.isoformat() if isinstance(at, datetime) else "", *rest])
    yield line.getvalue()
