"""status, lanes, files, trace: what waits, why, and one item's whole story."""

from __future__ import annotations

from collections.abc import Sequence

import click

from kakehashi.cli.alarms import tell_alarms
from kakehashi.cli.changes import tell_changes
from kakehashi.cli.context import Session, command, is_row_number
from kakehashi.cli.held import Choice, groups, tell_held
from kakehashi.cli.letters import tell_letters
from kakehashi.cli.outcomes import outcomes_of_file, tell_outcomes, told
from kakehashi.cli.stopping import tell_halts
from kakehashi.cli.story import records_of, tell_story
from kakehashi.cli.withholdings import tell_withholdings
from kakehashi.domain.batch import FileState
from kakehashi.domain.breaker import BreakerState
from kakehashi.ports.ledger import BatchRow, ExceptionRow
from kakehashi.ports.store import Store

__all__ = ["files", "status", "trace"]


@command()
def status(session: Session) -> int:
    """What rings, what was received, accepted, refused and what waits, lane by lane; then by cause, and held files."""
    counts, ringing = session.store.counts(), session.watch.ringing(session.clock.now())
    tell_alarms(session, ringing if not session.output.as_json else [alarm for alarm in ringing if not alarm.lane])
    session.output.rows(
        "Lanes",
        ("lane", "files", "received", "sent", "accepted", "refused", "waiting", "oldest_waiting", "adds_up", "alarms"),
        [
            (
                lane.lane,
                lane.files,
                lane.received,
                lane.sent,
                lane.accepted,
                lane.refused,
                lane.waiting,
                lane.oldest_waiting,
                "yes" if lane.adds_up else "NO",
                " ".join(sorted({alarm.code for alarm in ringing if alarm.lane == lane.lane})),
            )
            for lane in counts
        ],
    )
    if not session.output.as_json:
        _tell_causes(session)
        tell_outcomes(session)
        halts = session.store.halts()
        if halts:
            tell_halts(session, halts)
        if still_open := session.store.withholdings(still_open=True):
            tell_withholdings(session, still_open)
        _tell_breakers(session)
        tell_changes(session)
        tell_held(session, Choice())
    tell_letters(session, Choice())
    return 0 if all(lane.adds_up for lane in counts) else 1


def _tell_causes(session: Session) -> None:
    found = groups(session, Choice())
    if found:
        session.output.rows(
            "Not accepted, by cause",
            ("lane", "code", "server_code", "item", "state", "records", "batches", "since", "meaning"),
            [
                (
                    g.lane,
                    g.code,
                    g.server_code,
                    g.item,
                    g.state,
                    g.records,
                    g.batches,
                    g.oldest,
                    session.meaning(g.code),
                )
                for g in found
            ],
        )


def _tell_breakers(session: Session) -> None:
    """Where nothing but probes is sent: the whole server (`*`) or a lane."""
    rows = [row for row in session.store.breakers() if row.state is not BreakerState.CLOSED]
    if rows:
        session.output.rows(
            "Left in peace after failures",
            ("lane", "state", "since", "code", "meaning"),
            [(row.name, row.state, row.since, row.code, session.meaning(row.code) if row.code else "") for row in rows],
        )


@command()
@click.option("--lane", help="Only this lane.")
@click.option("--state", type=click.Choice([state.value for state in FileState]), help="Only this state.")
@click.option("--refused", is_flag=True, help="Those that were not taken, and why.")
@click.option("--most", default=50, show_default=True, help="At most so many, newest first.")
def files(session: Session, lane: str | None, state: str | None, refused: bool, most: int) -> int:
    """The files that came in, newest first."""
    if refused:
        session.output.rows(
            "Files that were not taken",
            ("lane", "file", "code", "original", "size", "at", "what_to_do"),
            [
                (row.lane, row.name, row.code, row.original and f"F{row.original}", row.size, row.at,
                 session.remedy(row.code))
                for row in session.store.refusals(lane=lane, most=most)
            ],
        )  # fmt: skip
        return 0
    rows = session.store.files(lane=lane, state=FileState(state) if state else None, most=most)
    session.output.rows(
        "Files",
        ("file_id", "lane", "file", "records", "batches", "state", "code", "why", "outcomes", "received"),
        [
            (row.id, row.lane, row.name, row.records, row.batches, row.state, row.code, row.why,
             told(outcomes_of_file(session, row.lane, row.id)), row.received_at)
            for row in rows
        ],
    )  # fmt: skip
    return 0


@command()
@click.argument("identifier")
def trace(session: Session, identifier: str) -> int:
    """The whole story of a file (F12), a batch (B34), an exception (E56) or a request id."""
    store = session.store
    kind, number = identifier[:1].upper(), identifier[1:]
    if kind == "F" and is_row_number(number):
        return _trace_file(session, int(number))
    exception = None
    if kind == "E" and is_row_number(number):
        exception = store.exception(int(number))
        batch = store.batch(exception.batch_id) if exception else None
    elif kind == "B" and is_row_number(number):
        batch = store.batch(int(number))
    else:
        batch = store.find_request(identifier)
    if batch is None:
        session.output.say("Nothing is known by that name. Use F<file>, B<batch>, E<exception> or a request id.")
        return 1
    carried = store.retried_in(batch.id)
    _trace_batch(session, store, batch, carried)
    if exception is None and len(carried) == 1:
        exception = carried[0]
    if exception is not None:
        tell_story(session, exception)
    return 0


def _retried(carried: Sequence[ExceptionRow]) -> str | None:
    """Of many the first: each tells its own story."""
    if not carried:
        return None
    return f"E{carried[0].id}" if len(carried) == 1 else f"E{carried[0].id} (+{len(carried) - 1})"


def _trace_file(session: Session, file_id: int) -> int:
    row = session.store.file(file_id)
    if row is None:
        session.output.say("There is no such file.")
        return 1
    answered = outcomes_of_file(session, row.lane, row.id)
    session.output.object(
        {
            "file": f"F{row.id}",
            "name": row.name,
            "lane": row.lane,
            "state": row.state.value,
            "code": row.code,
            "why": row.why,
            "records": row.records,
            "size": row.size,
            "received": row.received_at,
            "as_of": row.as_of,
            "sha256": row.digest.hex(),
            "configuration": row.config_hash,
        }
    )
    session.output.rows(
        "Batches",
        ("batch", "records", "first_record", "state", "attempts", "accepted", "outcomes", "code", "request_id"),
        [
            (f"B{b.id}", b.records, b.first_record, b.state, b.attempts, b.accepted,
             told(each for each in answered if each.batch_id == b.id), b.code, b.request_id)
            for b in session.store.batches(file_id)
        ],
    )  # fmt: skip
    return 0


def _trace_batch(session: Session, store: Store, batch: BatchRow, carried: Sequence[ExceptionRow]) -> None:
    file = store.file(batch.file_id)
    session.output.object(
        {
            "batch": f"B{batch.id}",
            "lane": batch.lane,
            "file": f"F{batch.file_id} {file.name if file else ''}",
            "records": records_of(store, batch),
            "state": batch.state.value,
            "code": batch.code,
            "request_id": batch.request_id,
            "receipt": batch.receipt,
            "outcomes": told(e for e in outcomes_of_file(session, batch.lane, batch.file_id) if e.batch_id == batch.id),
            "cancelling": store.cancel_asked(batch.id),
            "retries": _retried(carried),
            "due": batch.due,
        }
    )
    session.output.rows(
        "Messages to the server",
        ("no", "message", "sent", "answered", "segment", "code"),
        [(a.no, a.message_id, a.sent_at, a.answered_at, a.segment, a.code) for a in store.attempts(batch.id)],
    )
    session.output.rows(
        "Records that were not accepted",
        ("exception", "record", "code", "server_code", "item", "byte", "state", "reason"),
        [
            (f"E{e.id}", e.record_no, e.code, e.server_code, e.item, e.offset, e.state, e.reason)
            for e in store.exceptions_of(batch.id)
        ],
    )
