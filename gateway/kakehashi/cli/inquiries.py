"""inquiries: how they ended, cancel those under way, send again those that failed."""

from __future__ import annotations

import getpass
from collections.abc import Sequence

import click

from kakehashi.cli.context import FAULTS, Session, command
from kakehashi.cli.outcomes import inquiry_lanes, tell_outcomes
from kakehashi.cli.redrive import number_of
from kakehashi.cli.resend import resend
from kakehashi.domain.batch import BatchState
from kakehashi.ports.ledger import BatchRow
from kakehashi.ports.store_rules import ENDED

__all__ = ["inquiries"]


class _Default(click.Group):
    """Without a subcommand: `outcomes`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = ["outcomes", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Default)
def inquiries() -> None:
    """Inquiries 情報照会: how they ended; cancel those under way, send again those that failed."""


@command(inquiries, "outcomes")
def outcomes(session: Session) -> int:
    """How the inquiries of each lane ended; `under-way`: their server has not answered yet, or they are not sent."""
    tell_outcomes(session)
    return 0


@command(inquiries, "cancel")
@click.argument("identifiers", nargs=-1, required=True)
@click.option("--reason", required=True, help="Why; kept with the decision.")
@click.option("--dry-run", is_flag=True, help="Only tell what would happen.")
def cancel(session: Session, *, identifiers: tuple[str, ...], reason: str, dry_run: bool) -> int:
    """End inquiries that are under way: of a file (F12) or a batch (B34).

    What was not sent yet is not sent. For the rest the server is told (SKI-305); what it had answered by then is
    returned all the same, everything else as cancelled. Exit code 1 when none is under way.
    """
    found = _under_way(session, identifiers)
    now, actor = session.clock.now(), getpass.getuser()
    if not dry_run:
        found = [
            row for row in found if session.store.ask_cancel(row.id, reason=reason, actor=actor, now=now)
        ]  # the others have ended meanwhile
    session.output.rows(
        "Cancelled" if not dry_run else "Would be cancelled",
        ("batch", "lane", "file", "records", "state", "message"),
        [(f"B{b.id}", b.lane, f"F{b.file_id}", b.records, b.state, None if _unsent(b) else "SKI-305") for b in found],
    )
    if not found and not session.output.as_json:
        session.output.say("No inquiry of that name is under way.")
    return 0 if found else FAULTS


def _unsent(row: BatchRow) -> bool:
    return not row.attempts and row.receipt is None


def _under_way(session: Session, identifiers: Sequence[str]) -> list[BatchRow]:
    found: dict[int, BatchRow] = {}
    for identifier in identifiers:
        match identifier[:1].upper():
            case "F":
                rows: list[BatchRow | None] = [*session.store.batches(number_of(identifier, "F"))]
            case "B":
                rows = [session.store.batch(number_of(identifier, "B"))]
            case _:
                raise click.UsageError("An identifier is B<batch> or F<file>.")
        found |= {row.id: row for row in rows if row is not None}
    lanes = inquiry_lanes(session)
    return [row for row in found.values() if row.lane in lanes and row.state not in ENDED and _has_begun(session, row)]


def _has_begun(session: Session, row: BatchRow) -> bool:
    """Whether it is not held with its file."""
    return row.state is not BatchState.PARKED or any(each.id == row.id for each in session.store.parked_batches())


inquiries.add_command(resend)
