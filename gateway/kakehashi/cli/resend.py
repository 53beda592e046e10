"""inquiries resend: those of a file that failed, as they are or corrected, and no others."""

from __future__ import annotations

import csv
import getpass
import io
from codecs import BOM_UTF8
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from kakehashi.cli.context import FAULTS, Session, command
from kakehashi.cli.outcomes import inquiry_lanes
from kakehashi.cli.redrive import number_of
from kakehashi.config.model import Route
from kakehashi.domain.batch import BatchBody, content_id
from kakehashi.pipeline.ledger import correction_context
from kakehashi.pipeline.reading import read_body
from kakehashi.ports.ledger import ExceptionRow, FileRow
from kakehashi.ports.redrive import Correction
from kakehashi.ports.store_rules import OPEN

__all__ = ["resend"]

_DIGITS = 15
_AS_IS, _CORRECTED, _AMBIGUOUS, _DECIDED = "sent", "corrected", "ambiguous", "decided"


@dataclass(frozen=True, slots=True)
class _Failed:
    """An inquiry that is open, and the 宛名番号 that it asks by; "": nobody can read it."""

    row: ExceptionRow
    atena: str


@command(name="resend")
@click.argument("identifier")
@click.option(
    "--list",
    "error_list",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Only those of this list: CSV, the 宛名番号 in its first column, as the route's `errors` writes it.",
)
@click.option(
    "--corrected",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Their records anew, in the layout of the route; each takes the place of the open one with its 宛名番号.",
)
@click.option("--reason", required=True, help="Why; kept with every decision.")
@click.option("--dry-run", is_flag=True, help="Only tell what would happen.")
def resend(
    session: Session, *, identifier: str, error_list: Path | None, corrected: Path | None, reason: str, dry_run: bool
) -> int:
    """Send the inquiries of a file (F12) again that failed or wait, and nothing else of it.

    Done twice it does it once. What is still in process is looked for, not asked again. With --corrected only those
    are sent that are in that file and would pass every check.
    """
    file = session.store.file(number_of(identifier, "F"))
    if file is None or file.lane not in inquiry_lanes(session):
        session.output.say("There is no such file of inquiries.")
        return FAULTS
    route = session.configuration.routes[file.lane]
    failed = _failed(session, route, file)
    if error_list is not None:
        wanted = _numbers(error_list)
        failed = [each for each in failed if each.atena in wanted]
    if corrected is None:
        told = _again(session, failed, reason=reason, dry_run=dry_run)
    else:
        anew = _records(route, corrected)
        told = _anew(session, failed, anew, reason=reason, dry_run=dry_run)
    session.output.rows(
        "Sent again" if not dry_run else "Would be sent again",
        ("id", "record", "code", "outcome"),
        [(f"E{row.id}", row.record_no, row.code, outcome) for row, outcome in told],
    )
    if not told and not session.output.as_json:
        session.output.say("Nothing of that choice is open.")
    return 0 if all(outcome in {_AS_IS, _CORRECTED, _DECIDED} for _, outcome in told) else FAULTS


def _failed(session: Session, route: Route, file: FileRow) -> list[_Failed]:
    """By record number."""
    found = [
        row for batch in session.store.batches(file.id) for row in session.store.exceptions_of(batch.id)
        if row.state in OPEN
    ]  # fmt: skip
    return [
        _Failed(row, _atenas(route, session.foresight.original(row))[0])
        for row in sorted(found, key=lambda row: row.record_no)
    ]


def _atenas(route: Route, body: BatchBody) -> list[str]:
    """Of each record in `body`, which holds at least one."""
    decoded = read_body(route.codec, body, file="", first_record=1, offset=0)
    field = route.mapper.person_field
    return ["" if row is None or row[field] is None else str(row[field]).zfill(_DIGITS) for row in decoded.rows] or [""]


def _numbers(path: Path) -> set[str]:
    """Of the first column; in what charset the others are written does not matter."""
    text = path.read_bytes().removeprefix(BOM_UTF8).decode("ascii", errors="replace")
    first = (row[0].strip() for row in csv.reader(io.StringIO(text)) if row)
    return {number.zfill(_DIGITS) for number in first if number.isascii() and number.isdigit()}


def _records(route: Route, path: Path) -> Mapping[str, Sequence[BatchBody]]:
    """By 宛名番号, in their order."""
    found: dict[str, list[BatchBody]] = defaultdict(list)
    with path.open("rb") as stream:
        split = route.codec.split(stream, batch_records=route.batch_records, file=path.name)
        for part in split.slices:
            stream.seek(part.offset)
            body = BatchBody(split.header_of(part), stream.read(part.length))
            decoded = route.codec.decode(body, file=path.name, first_record=part.first_record, offset=part.offset)
            for position, atena in enumerate(_atenas(route, body)):
                found[atena].append(decoded.raw(position))
    return found


def _again(
    session: Session, failed: Sequence[_Failed], *, reason: str, dry_run: bool
) -> list[tuple[ExceptionRow, str]]:
    rows, now = [each.row for each in failed], session.clock.now()
    if dry_run:
        return [(row, session.foresight.of(row).outcome) for row in rows]
    requests = [content_id("redrive", row.id, now.isoformat()) for row in rows]
    made = session.store.redrive(
        [row.id for row in rows], request_ids=requests, reason=reason, actor=getpass.getuser(), now=now
    )
    again = {batch.redrive_of for batch in made}
    return [(row, _AS_IS if row.id in again else _DECIDED) for row in rows]


def _anew(
    session: Session,
    failed: Sequence[_Failed],
    anew: Mapping[str, Sequence[BatchBody]],
    *,
    reason: str,
    dry_run: bool,
) -> list[tuple[ExceptionRow, str]]:
    """Who failed several times is corrected as often, in the same order; else nobody knows which is which."""
    by_number: dict[str, list[ExceptionRow]] = defaultdict(list)
    for each in failed:
        by_number[each.atena].append(each.row)
    told: list[tuple[ExceptionRow, str]] = []
    for atena, rows in by_number.items():
        bodies = anew.get(atena, ()) if atena else ()
        if bodies and len(bodies) != len(rows):
            told += [(row, _AMBIGUOUS) for row in rows]
        else:
            told += [
                (row, _correct(session, row, body, reason, dry_run=dry_run))
                for row, body in zip(rows, bodies, strict=False)
            ]
    return sorted(told, key=lambda each: each[0].record_no)


def _correct(session: Session, row: ExceptionRow, body: BatchBody, reason: str, *, dry_run: bool) -> str:
    """What became of it: only what would be sent is taken."""
    foreseen = session.foresight.of_body(row, body)
    if not foreseen.goes or dry_run:
        return foreseen.outcome
    request = content_id("correct", row.id)
    payload = session.sealer.seal(body.to_bytes(), context=correction_context(row.lane, request))
    correction = Correction(payload=payload, items=(), config_hash=session.configuration.hash)
    made = session.store.correct(
        row.id, correction, request_id=request, reason=reason, actor=getpass.getuser(), now=session.clock.now()
    )
    return _DECIDED if made is None else _CORRECTED
