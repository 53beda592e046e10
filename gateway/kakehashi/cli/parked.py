"""Work on what was refused or waits: by cause, alone or in bulk, dry run first, with a reason."""

from __future__ import annotations

from collections.abc import Sequence

import click

from kakehashi.cli.context import Session, command
from kakehashi.cli.fix import fix, look
from kakehashi.cli.held import Choice, groups, tell_held
from kakehashi.cli.letters import tell_letters
from kakehashi.cli.redrive import cause_options, discard, number_of, orders, retry, stop
from kakehashi.cli.story import records_of
from kakehashi.domain.batch import BatchBody
from kakehashi.pipeline.ledger import correction_context
from kakehashi.ports.ledger import ExceptionRow
from kakehashi.ports.store_rules import OPEN

__all__ = ["parked"]


@click.group()
def parked() -> None:
    """Records, batches and files that were refused or wait for a decision."""


@command(parked, "list")
@cause_options
@click.option("--each", is_flag=True, help="One by one instead of grouped by cause.")
def list_parked(session: Session, *, choice: Choice, each: bool) -> int:
    """What is parked, by cause with the place of the oldest, or one by one; then held files and dead letters."""
    if each:
        rows = session.store.exceptions(
            lane=choice.lane, code=choice.code, server_code=choice.server_code, item=choice.item, states=OPEN
        )
        _each(session, rows)
    else:
        session.output.rows(
            "By cause",
            ("lane", "code", "server_code", "item", "state", "records", "batches", "since", "example", "file",
             "record", "byte", "what_to_do"),
            [
                (
                    g.lane, g.code, g.server_code, g.item, g.state, g.records, g.batches, g.oldest, g.example,
                    *_place(session, g.example), session.remedy(g.code),
                )
                for g in groups(session, choice)
            ],
        )  # fmt: skip
    tell_held(session, choice, each=each)
    tell_letters(session, choice)
    return 0


def _place(session: Session, example: str) -> tuple[str, int, int | None]:
    """File, record and byte of an example."""
    number = int(example[1:])
    exception = session.store.exception(number) if example[0] == "E" else None
    if exception is not None:
        return _named(session, exception.file_id), exception.record_no, exception.offset
    batch = session.store.batch(number)
    assert batch is not None
    return _named(session, batch.file_id), batch.first_record, batch.offset


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
@click.option("--bytes", "with_bytes", is_flag=True, help="Of a record also its bytes, item by item; sensitive masked.")
def show(session: Session, *, identifier: str, with_bytes: bool) -> int:
    """One record (E56), parked batch (B34) or held file (F12): where it is, what is wrong, what to do.

    Of a record also who decided what and why, and each version of it.
    """
    kind = identifier[:1].upper()
    shown = {"F": _file, "B": _batch}.get(kind, _record)(session, identifier)
    if shown is None:
        session.output.say("Nothing is known by that name. Use F<file>, B<batch> or E<record>.")
        return 1
    session.output.object(shown)
    exception = session.store.exception(number_of(identifier, "E")) if kind not in "FB" else None
    if exception is not None:
        _versions(session, exception, with_bytes=with_bytes)
    return 0


def _versions(session: Session, row: ExceptionRow, *, with_bytes: bool) -> None:
    """As it was refused, and as it was corrected, if it was."""
    again = session.store.retried_as(row.id)
    correction = session.store.correction(again.id) if again else None
    if correction is not None:
        session.output.object(
            {"corrected_items": " ".join(correction.items) or "*", "checked_with": correction.config_hash}
        )
    decisions = session.store.decisions_about(row.id)
    if decisions:
        session.output.rows(
            "Decisions",
            ("at", "action", "by", "order", "reason"),
            [(d.at, d.action, d.actor, f"O{d.order_id}" if d.order_id else None, d.reason) for d in decisions],
        )
    if with_bytes:
        original = session.foresight.original(row)
        if original.withdrawal:
            session.output.say("A withdrawal has no bytes of its owner.")
            return
        look(session, row, original)
        if correction is not None and again is not None:
            plain = session.sealer.open(correction.payload, context=correction_context(again.lane, again.request_id))
            look(session, row, BatchBody.from_bytes(plain))


def _record(session: Session, identifier: str) -> dict[str, object] | None:
    row = session.store.exception(number_of(identifier, "E"))
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
        "household": _household(session, row),
        **_advice(session, row.code),
        "state": row.state.value,
        "since": row.created_at,
        "reason": row.reason,
        "by": row.actor,
        "configuration": _configuration(session, row.file_id),
    }


def _household(session: Session, row: ExceptionRow) -> str | None:
    """The open records of its household, which is sent as a whole: what each of them waits for."""
    fellows = [each for each in session.store.household_of(row.id) if each.state in OPEN and each.id != row.id]
    return " ".join(f"E{each.id}:{each.code}" for each in fellows) or None


def _configuration(session: Session, file_id: int) -> str | None:
    """What the file was taken in with."""
    file = session.store.file(file_id)
    return file.config_hash if file else None


def _batch(session: Session, identifier: str) -> dict[str, object] | None:
    row = session.store.batch(number_of(identifier, "B"))
    if row is None:
        return None
    return {
        "id": f"B{row.id}",
        "lane": row.lane,
        "file": _named(session, row.file_id),
        "records": records_of(session.store, row),
        "code": row.code,
        **_advice(session, row.code),
        "state": row.state.value,
        "since": row.updated_at,
    }


def _file(session: Session, identifier: str) -> dict[str, object] | None:
    row = session.store.file(number_of(identifier, "F"))
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


for _command in (retry, discard, fix, orders, stop):
    parked.add_command(_command)
