"""who-received: who got what of a person, or an information, as our books and the server's records tell."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain
from pathlib import Path

import click

from kakehashi.cli.context import FAULTS, UNREACHABLE, Session, command
from kakehashi.cli.exchange_records import records_of
from kakehashi.cli.stopping import key_of, shown_key
from kakehashi.domain.exchange_record import ExchangeRecord
from kakehashi.domain.halt import HaltOf
from kakehashi.domain.japan_time import JST
from kakehashi.errors import ConfigurationError, KakehashiError
from kakehashi.runtime.disclosing import Disclosed, Disclosing
from kakehashi.runtime.places import shared

__all__ = ["tell_disclosures", "who_received"]

_COLUMNS = ("at", "what", "to", "person", "lane", "info_name", "unit", "layout", "state", "reference")
_NOT_HERE = "Not known here: replicas that systems registered through the relay."
_NOT_ASKED = (
    "Incomplete: the server could not be asked (TKM-501). Missing is what other bodies got by automatic answer, and"
    " what went through the relay."
)
_NOT_BY_INFORMATION = (
    "Not known here: what other bodies got by automatic answer (the server tells it by person, TKM-501), what went"
    " through the relay."
)
_day = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])


@command(name="who-received")
@click.argument("key")
@click.option("--reason", required=True, help="Why you look; kept with your name.")
@click.option("--from", "begin", type=_day, help="Only since then.")
@click.option("--to", "end", type=_day, help="Only before then.")
@click.option("--as-of", "known", type=_day, help="As it was known then.")
@click.option("--xsd", type=click.Path(path_type=Path), default=lambda: shared("xsd"), help="Schema folder.")
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated, with a heading.")
def who_received(
    session: Session,
    *,
    key: str,
    reason: str,
    begin: datetime | None,
    end: datetime | None,
    known: datetime | None,
    xsd: Path,
    as_csv: bool,
) -> int:
    """Who received what of KEY (a person: SYSTEM:NUMBER or a unified number; or a TM code): replicas that the server
    accepted, inquiry results and notices that systems got, addresses that the server was told, inquiries of other
    bodies that we permitted; of a person also what the server's records tell (TKM-501), above all automatic answers.

    What has no known time is listed without --from, --to and --as-of only. Exit code 3 (1: the profile has no TKM-501)
    when the server could not be asked: then the list is not complete.
    """
    of, found = key_of(session, key, reason=reason)
    latest = min((each.replace(tzinfo=JST) for each in (end, known) if each), default=None)
    earliest = begin.replace(tzinfo=JST) if begin else None
    return tell_disclosures(session, of, found, earliest=earliest, latest=latest, as_csv=as_csv, xsd=xsd)


def tell_disclosures(
    session: Session,
    of: HaltOf,
    key: str,
    *,
    earliest: datetime | None = None,
    latest: datetime | None = None,
    as_csv: bool = False,
    xsd: Path | None = None,
) -> int:
    """In the order of their kinds, not of their times: there may be a million. Returns the exit code."""
    reading = Disclosing(configuration=session.configuration, store=session.store, links=session.links)
    records, code = _at_server(session, of, key, earliest, latest, xsd or shared("xsd"))
    every = reading.of_person(key) if of is HaltOf.PERSON else reading.of_information(key)
    told = reading.told_by_server(records)
    chosen = (each for each in chain(every, told) if _is_within(each, earliest, latest))
    if as_csv:
        for line in _lines(chosen):
            click.echo(line, nl=False)
    else:
        session.output.rows("Disclosed", _COLUMNS, map(_cells, chosen))
    if code:
        session.output.say(_NOT_ASKED)
    else:
        session.output.say(_NOT_HERE if of is HaltOf.PERSON else _NOT_BY_INFORMATION)
    return code


def _at_server(
    session: Session, of: HaltOf, key: str, earliest: datetime | None, latest: datetime | None, xsd: Path
) -> tuple[list[ExchangeRecord], int]:
    """Its records, and the exit code: why they are none is told, and no reason to tell nothing else."""
    if of is not HaltOf.PERSON:
        return [], 0
    first, last = (each.astimezone(JST).date() if each else None for each in (earliest, latest))
    try:
        return records_of(session, key, first=first, last=last, xsd=xsd), 0
    except KakehashiError as error:
        session.output.error(error)
        return [], FAULTS if isinstance(error, ConfigurationError) else UNREACHABLE


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
