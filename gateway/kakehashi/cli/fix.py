"""parked fix: correct a refused record and send it again; both versions stay, with who corrected what and why."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from kakehashi.cli.context import FAULTS, Session, command
from kakehashi.cli.picture import tell_pictures
from kakehashi.cli.redrive import number_of
from kakehashi.codec.charset import charset_named
from kakehashi.codec.correcting import corrected
from kakehashi.codec.inspection.by_layout import LayoutInspector
from kakehashi.codec.inspection.privacy import Marks
from kakehashi.codec.inspection.span import Picture
from kakehashi.config.model import Route
from kakehashi.domain.batch import BatchBody, content_id
from kakehashi.errors import Fault, InputError, Place
from kakehashi.pipeline.ledger import correction_context
from kakehashi.ports.ledger import ExceptionRow
from kakehashi.ports.redrive import Correction
from kakehashi.ports.store_rules import OPEN

__all__ = ["fix", "look"]


@command(name="fix")
@click.argument("identifier")
@click.option(
    "--set",
    "items",
    multiple=True,
    metavar="ITEM[=@FILE]",
    help="This item gets another value: typed, a line of standard input, or the content of FILE.",
)
@click.option(
    "--from",
    "source",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="These bytes in place of the record's (and of its parent's, as --export writes them).",
)
@click.option(
    "--export",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the record's bytes to a new file; sensitive items masked unless --reveal is given.",
)
@click.option("--reveal", is_flag=True, help="Export the bytes as they are; written down with the reason.")
@click.option("--reason", help="Why; kept with the correction.")
@click.option("--dry-run", is_flag=True, help="Only check what would become of it.")
def fix(
    session: Session,
    *,
    identifier: str,
    items: tuple[str, ...],
    source: Path | None,
    export: Path | None,
    reveal: bool,
    reason: str | None,
    dry_run: bool,
) -> int:  # fmt: skip
    """Correct one record (E56) and send it again, or export it.

    What is corrected is read, mapped and validated first; only what would be sent is taken. A value never stands on the
    command line, where the shell would remember it.
    """
    if sum((bool(items), source is not None, export is not None)) != 1:
        raise click.UsageError("Give --set, or --from, or --export.")
    if not reason and (reveal or not (export or dry_run)):
        raise click.UsageError("It needs --reason.")
    row = session.store.exception(number_of(identifier, "E"))
    if row is None or row.lane not in session.configuration.routes:
        session.output.say("Nothing is known by that name. Use F<file>, B<batch> or E<record>.")
        return FAULTS
    route = session.configuration.routes[row.lane]
    original = session.foresight.original(row)
    if original.withdrawal:
        raise click.UsageError("A withdrawal has no items: retry it or discard it.")
    if export is not None:
        return _export(session, row, route, original, export, reason=reason if reveal else None)
    if row.state not in OPEN:
        session.output.say("It is decided already.")
        return FAULTS
    changes = {} if source else _changes(route, items)
    body = BatchBody(original.header, source.read_bytes()) if source else corrected(route.codec, original, changes)
    return _resubmit(session, row, original, body, tuple(changes), reason=None if dry_run else reason)


def _changes(route: Route, items: Sequence[str]) -> dict[str, str]:
    known = {item.name: item for item in LayoutInspector(route.codec, Marks()).items}
    found = {}
    for item in items:
        name, _, given = item.partition("=")
        if given and not given.startswith("@"):
            raise click.UsageError("The shell would remember a value: --set ITEM asks for it, or --set ITEM=@FILE.")
        plain = name.partition("(")[0]
        if plain not in known:
            raise InputError(Fault("CFG-006", Place(item=name)))
        if given:
            found[name] = _read(Path(given[1:]))
        elif sys.stdin.isatty():
            hidden = known[plain].privacy > 0
            found[name] = click.prompt(name, hide_input=hidden, default="", show_default=False, err=True)
        else:
            found[name] = sys.stdin.readline().rstrip("\r\n")
    return found


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise click.UsageError(f"{file} cannot be read as UTF-8.") from None


def _resubmit(
    session: Session, row: ExceptionRow, original: BatchBody, body: BatchBody, items: tuple[str, ...], *,
    reason: str | None,
) -> int:  # fmt: skip
    """`reason` None: a dry run."""
    if body == original:
        session.output.say("Nothing is different.")
        return FAULTS
    foreseen = session.foresight.of_body(row, body)
    if not foreseen.goes:
        session.output.faults(foreseen.faults or [Fault(foreseen.outcome)])
        return FAULTS
    if reason is None:
        session.output.object({"dry_run": 1, "outcome": foreseen.outcome})
        return 0
    request = content_id("correct", row.id)
    payload = session.sealer.seal(body.to_bytes(), context=correction_context(row.lane, request))
    correction = Correction(payload=payload, items=items, config_hash=session.configuration.hash)
    made = session.store.correct(
        row.id,
        correction,
        request_id=request,
        reason=reason,
        actor=getpass.getuser(),
        now=session.clock.now(),
    )
    if made is None:
        session.output.say("It is decided already.")
        return FAULTS
    session.output.object({"corrected": f"E{row.id}", "batch": f"B{made.id}", "items": " ".join(items) or None})
    return 0


def _export(
    session: Session, row: ExceptionRow, route: Route, body: BatchBody, target: Path, *, reason: str | None
) -> int:
    """`reason`: why the bytes are given out as they are; None: masked."""
    data = body.data
    if reason is not None:
        now = session.clock.now()
        session.store.note(row.id, action="reveal", reason=reason, actor=getpass.getuser(), now=now)
    else:
        data = _masked(route, row, body)
    try:
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(data)
    except OSError:
        raise click.UsageError(f"{target} exists, or cannot be written.") from None
    session.output.object({"exported": f"E{row.id}", "bytes": len(data), "masked": reason is None})
    return 0


def _masked(route: Route, row: ExceptionRow, body: BatchBody) -> bytes:
    """An asterisk for every byte of what is sensitive; all of them where nobody can tell what is what."""
    star = charset_named(route.layout.charset, route.layout.gaiji).encode("*")[:1]
    picture = _picture(route, row, body)
    if picture is None:
        return star * len(body.data)
    data = bytearray(body.data)
    for span in picture.spans:
        if span.masked(reveal=False):
            data[span.start : span.start + len(span.raw)] = star * len(span.raw)
    return bytes(data)


def _picture(route: Route, row: ExceptionRow, body: BatchBody) -> Picture | None:
    """Offsets count from the body's first byte."""
    return LayoutInspector(route.codec, Marks()).record(body, number=row.record_no, offset=0, file="")


def look(session: Session, row: ExceptionRow, body: BatchBody) -> None:
    """The record item by item, sensitive ones masked."""
    route = session.configuration.routes.get(row.lane)
    picture = None if route is None else _picture(route, row, body)
    if picture is not None:
        tell_pictures(session, [picture], reveal=False)
