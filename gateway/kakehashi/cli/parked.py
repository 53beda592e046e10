"""Work on what was refused or waits: by cause, alone or in bulk, dry run first, with a reason."""

from __future__ import annotations

import getpass
from collections.abc import Sequence

import click

from kakehashi.cli.context import Session, command, is_row_number
from kakehashi.cli.held import tell_held
from kakehashi.domain.batch import RecordState, content_id
from kakehashi.ports.ledger import ExceptionRow

__all__ = ["parked"]

_OPEN = (RecordState.REFUSED, RecordState.WAITING, RecordState.PARKED)


@click.group()
def parked() -> None:
    """Records, batches and files that were refused or wait for a decision."""


@command(parked, "list")
@click.option("--lane", help="Only this lane.")
@click.option("--code", help="Only this error code.")
@click.option("--each", is_flag=True, help="Record by record instead of grouped by cause.")
def list_parked(session: Session, lane: str | None, code: str | None, each: bool) -> int:
    """What is parked, grouped by cause (or each record), and held files and parked batches."""
    store = session.store
    if each:
        _each(session, store.exceptions(lane=lane, code=code, states=_OPEN))
    else:
        session.output.rows(
            "By cause",
            ("lane", "code", "server_code", "item", "state", "records", "since", "what_to_do"),
            [
                (c.lane, c.code, c.server_code, c.item, c.state, c.count, c.oldest, session.remedy(c.code))
                for c in store.causes()
                if (lane in (None, c.lane)) and (code in (None, c.code)) and c.state in _OPEN
            ],
        )
    tell_held(session, lane=lane, code=code)
    return 0


def _each(session: Session, rows: Sequence[ExceptionRow]) -> None:
    session.output.rows(
        "Records",
        ("id", "lane", "file", "record", "code", "server_code", "item", "byte", "state", "since"),
        [
            (
                f"E{r.id}",
                r.lane,
                f"F{r.file_id}",
                r.record_no,
                r.code,
                r.server_code,
                r.item,
                r.offset,
                r.state,
                r.created_at,
            )
            for r in rows
        ],
    )


@command(parked, "show")
@click.argument("identifier")
def show(session: Session, identifier: str) -> int:
    """One record (E56), parked batch (B34) or held file (F12): where it is, what is wrong, what to do."""
    kind = identifier[:1].upper()
    shown = {"F": _file, "B": _batch}.get(kind, _record)(session, identifier)
    if shown is None:
        session.output.say("Nothing is known by that name. Use F<file>, B<batch> or E<record>.")
        return 1
    session.output.object(shown)
    return 0


def _record(session: Session, identifier: str) -> dict[str, object] | None:
    row = session.store.exception(_number(identifier, "E"))
    if row is None:
        return None
    return {
        "id": f"E{row.id}",
        "lane": row.lane,
        "file": _named(session, row.file_id),
        "batch": f"B{row.batch_id}",
        "record": row.record_no,
        "item": row.item,
        "byte": row.offset,
        "code": row.code,
        "server_code": row.server_code,
        **_advice(session, row.code),
        "state": row.state.value,
        "since": row.created_at,
        "reason": row.reason,
        "by": row.actor,
    }


def _batch(session: Session, identifier: str) -> dict[str, object] | None:
    row = session.store.batch(_number(identifier, "B"))
    if row is None:
        return None
    return {
        "id": f"B{row.id}",
        "lane": row.lane,
        "file": _named(session, row.file_id),
        "records": f"{row.first_record} to {row.first_record + row.records - 1}",
        "code": row.code,
        **_advice(session, row.code),
        "state": row.state.value,
        "since": row.updated_at,
    }


def _file(session: Session, identifier: str) -> dict[str, object] | None:
    row = session.store.file(_number(identifier, "F"))
    if row is None:
        return None
    return {
        "id": f"F{row.id}",
        "lane": row.lane,
        "file": row.name,
        "records": row.records,
        "code": row.code,
        **_advice(session, row.code),
        "state": row.state.value,
        "since": row.received_at,
    }


def _named(session: Session, file_id: int) -> str:
    file = session.store.file(file_id)
    return f"F{file_id} {file.name if file else ''}"


def _advice(session: Session, code: str | None) -> dict[str, object]:
    return {"meaning": session.meaning(code) if code else None, "what_to_do": session.remedy(code)}


def _selection(function: click.decorators.FC) -> click.decorators.FC:
    for option in (
        click.argument("identifiers", nargs=-1),
        click.option("--lane", help="All of this lane."),
        click.option("--code", help="All with this error code."),
        click.option("--reason", required=True, help="Why; kept with the decision."),
        click.option("--dry-run", is_flag=True, help="Only say how many."),
    ):
        function = option(function)
    return function


@command(parked, "retry")
@_selection
def retry(
    session: Session,
    identifiers: tuple[str, ...],
    lane: str | None,
    code: str | None,
    reason: str,
    dry_run: bool,
) -> int:
    """Send again: records (E56), parked batches (B34), held files (F12), or all of a lane or code."""
    return _decide(session, identifiers, lane=lane, code=code, reason=reason, dry_run=dry_run, release=True)


@command(parked, "discard")
@_selection
def discard(
    session: Session,
    identifiers: tuple[str, ...],
    lane: str | None,
    code: str | None,
    reason: str,
    dry_run: bool,
) -> int:
    """Give up for good: records (E56), parked batches (B34), held files (F12), or all of a lane or code."""
    return _decide(session, identifiers, lane=lane, code=code, reason=reason, dry_run=dry_run, release=False)


def _decide(
    session: Session,
    identifiers: Sequence[str],
    *,
    lane: str | None,
    code: str | None,
    reason: str,
    dry_run: bool,
    release: bool,
) -> int:
    if not identifiers and lane is None and code is None:
        raise click.UsageError("Name records, batches or files, or select by --lane or --code.")
    store = session.store
    by_kind = {kind: [_number(i, kind) for i in identifiers if i[:1].upper() == kind] for kind in "EBF"}
    if len(identifiers) != sum(map(len, by_kind.values())):
        raise click.UsageError("An identifier is E<record>, B<batch> or F<file>.")
    exceptions = list(by_kind["E"])
    if not identifiers:
        exceptions = [row.id for row in store.exceptions(lane=lane, code=code, states=_OPEN, most=1_000_000)]
        by_kind["B"] = [row.id for row in store.parked_batches(lane=lane) if code in (None, row.code)]
    done = 0
    if dry_run:
        done = len(exceptions) + len(by_kind["B"]) + len(by_kind["F"])
    else:
        actor, now = getpass.getuser(), session.clock.now()
        if release:
            requests = [content_id("redrive", number, now.isoformat()) for number in exceptions]
            done += len(store.redrive(exceptions, request_ids=requests, reason=reason, actor=actor, now=now))
        else:
            done += store.discard(exceptions, reason=reason, actor=actor, now=now)
        done += sum(
            store.decide_batch(number, release=release, reason=reason, actor=actor, now=now) for number in by_kind["B"]
        )
        done += sum(
            store.decide_file(number, release=release, reason=reason, actor=actor, now=now) for number in by_kind["F"]
        )
    session.output.object({"dry_run" if dry_run else ("retried" if release else "discarded"): done})
    return 0


def _number(identifier: str, kind: str) -> int:
    text = identifier[1:] if identifier[:1].upper() == kind else identifier
    if not is_row_number(text):
        raise click.UsageError(f"{kind}<number> is expected.")
    return int(text)
