"""Sending again and giving up: single ones at once, groups as an order that the scheduler carries out at its rate."""

from __future__ import annotations

import functools
import getpass
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import click

from kakehashi.cli.context import FAULTS, Session, command, is_row_number
from kakehashi.cli.held import Choice, Group, groups
from kakehashi.cli.letters import discard_letters
from kakehashi.domain.batch import content_id
from kakehashi.domain.redrive import OrderAction, OrderState
from kakehashi.errors import ConfigurationError, SealError
from kakehashi.ports.ledger import ExceptionRow
from kakehashi.ports.redrive import NewOrder
from kakehashi.ports.store_rules import OPEN

__all__ = ["cause_options", "discard", "number_of", "orders", "retry", "stop"]

_EXAMINED = 1000
"""Records of a group that a dry run translates: enough to see what would become of it."""


def cause_options(function: Callable[..., int]) -> Callable[..., int]:
    """--lane, --cause, --server-code and --item; the function gets them as one `choice`."""

    @functools.wraps(function)
    def run(
        session: Session, *, lane: str | None, code: str | None, server_code: str | None, item: str | None,
        **rest: object,
    ) -> int:  # fmt: skip
        return function(session, choice=Choice(lane=lane, code=code, server_code=server_code, item=item), **rest)

    wrapped: Callable[..., int] = run
    for option in (
        click.option("--item", help="Only with their fault in this item."),
        click.option("--server-code", help="Only with this code of the server."),
        click.option("--cause", "--code", "code", help="Only with this error code."),
        click.option("--lane", help="Only of this lane."),
    ):
        wrapped = option(wrapped)
    return wrapped


def _decision(function: Callable[..., int]) -> Callable[..., int]:
    wrapped = cause_options(function)
    for option in (
        click.option("--yes", is_flag=True, help="A whole group without being asked again."),
        click.option("--most", type=click.IntRange(min=1), help="Of a group no more records than this."),
        click.option("--dry-run", is_flag=True, help="Only tell what would happen."),
        click.option("--reason", required=True, help="Why; kept with every decision."),
        click.argument("identifiers", nargs=-1),
    ):
        wrapped = option(wrapped)
    return wrapped


@command(name="retry")
@_decision
@click.option("--rate", type=click.IntRange(1, 10_000), help="Of a group so many records a second.")
def retry(
    session: Session,
    *,
    identifiers: tuple[str, ...],
    choice: Choice,
    reason: str,
    dry_run: bool,
    most: int | None,
    yes: bool,
    rate: int | None,
) -> int:
    """Send again: records (E56), parked batches (B34), held files (F12), or a whole group by lane and cause.

    A group becomes an order: the gateway carries it out at its rate, also when this command or the gateway ends.
    """
    if identifiers:
        return _single(session, identifiers, choice, reason=reason, dry_run=dry_run, release=True)
    return _group(session, choice, OrderAction.RETRY, reason=reason, dry_run=dry_run, most=most, yes=yes, rate=rate)


@command(name="discard")
@_decision
@click.option("--letters", is_flag=True, help="Dead letters of the broker, of a lane (and a cause).")
def discard(
    session: Session,
    *,
    identifiers: tuple[str, ...],
    choice: Choice,
    reason: str,
    dry_run: bool,
    most: int | None,
    yes: bool,
    letters: bool,
) -> int:
    """Give up for good: records (E56), parked batches (B34), held files (F12), or a whole group by lane and cause."""
    if letters:
        if identifiers or not (yes or dry_run):
            raise click.UsageError("Dead letters are given up by lane and cause, with --yes; --dry-run counts them.")
        return discard_letters(session, choice, reason=reason, most=most, dry_run=dry_run)
    if identifiers:
        return _single(session, identifiers, choice, reason=reason, dry_run=dry_run, release=False)
    return _group(session, choice, OrderAction.DISCARD, reason=reason, dry_run=dry_run, most=most, yes=yes, rate=None)


def number_of(identifier: str, kind: str) -> int:
    """12 of E12. Raises UsageError."""
    text = identifier[1:] if identifier[:1].upper() == kind else identifier
    if not is_row_number(text):
        raise click.UsageError(f"{kind}<number> is expected.")
    return int(text)


def _single(
    session: Session, identifiers: Sequence[str], choice: Choice, *, reason: str, dry_run: bool, release: bool
) -> int:
    if not choice.empty:
        raise click.UsageError("Name records, or choose a group: not both.")
    by_kind = {kind: [number_of(i, kind) for i in identifiers if i[:1].upper() == kind] for kind in "EBF"}
    if len(identifiers) != sum(map(len, by_kind.values())):
        raise click.UsageError("An identifier is E<record>, B<batch> or F<file>.")
    if dry_run:
        session.output.object({"dry_run": len(identifiers)})
        return 0
    store, actor, now = session.store, getpass.getuser(), session.clock.now()
    if release:
        requests = [content_id("redrive", number, now.isoformat()) for number in by_kind["E"]]
        done = len(store.redrive(by_kind["E"], request_ids=requests, reason=reason, actor=actor, now=now))
    else:
        done = store.discard(by_kind["E"], reason=reason, actor=actor, now=now)
    done += sum(
        store.decide_batch(number, release=release, reason=reason, actor=actor, now=now) for number in by_kind["B"]
    )
    done += sum(
        store.decide_file(number, release=release, reason=reason, actor=actor, now=now) for number in by_kind["F"]
    )
    session.output.object({"retried" if release else "discarded": done})
    return 0


def _group(
    session: Session,
    choice: Choice,
    action: OrderAction,
    *,
    reason: str,
    dry_run: bool,
    most: int | None,
    yes: bool,
    rate: int | None,
) -> int:
    if choice.empty:
        raise click.UsageError("Name records, batches or files, or choose a group by --lane or --cause.")
    found = groups(session, choice)
    records = sum(group.records for group in found)
    if dry_run:
        return _foretell(session, choice, found, action, rate=rate)
    if not records:
        session.output.say("Nothing of that choice is open.")
        return 0
    _confirm(session, records, action, yes=yes)
    left = most
    for lane in sorted({group.lane for group in found}):
        if left == 0:
            break
        per_second = _rate(session, lane, rate)
        placed = session.store.place_order(
            NewOrder(
                lane=lane,
                action=action,
                reason=reason,
                actor=getpass.getuser(),
                per_second=per_second,
                placed_at=session.clock.now(),
                code=choice.code,
                server_code=choice.server_code,
                item=choice.item,
                most=left,
            )
        )
        left = None if left is None else max(0, left - placed.selected)
        session.output.object(
            {"order": f"O{placed.id}", "lane": lane, "records": placed.selected, "per_second": per_second}
        )
    return 0


def _rate(session: Session, lane: str, asked: int | None) -> int:
    """Never more than the server takes, in batches as large as the lane's."""
    route = session.configuration.routes.get(lane)
    allowed = session.configuration.profile.caps.requests_per_second * (route.batch_records if route else 1)
    wanted = asked or session.configuration.gateway.redrive.per_second
    return min(wanted, allowed) if allowed else wanted


def _confirm(session: Session, records: int, action: OrderAction, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("A whole group needs --yes; --dry-run tells what would happen.")
    ja = session.output.lang == "ja"
    what = {
        OrderAction.RETRY: f"{records:,} 件を再処理しますか" if ja else f"Send {records:,} records again?",
        OrderAction.DISCARD: f"{records:,} 件を破棄しますか" if ja else f"Discard {records:,} records?",
    }
    click.confirm(what[action], abort=True, err=True)


def _foretell(
    session: Session, choice: Choice, found: Sequence[Group], action: OrderAction, *, rate: int | None
) -> int:
    """How many of what, and (of a retry) what would become of the oldest of them by today's tables."""
    session.output.rows(
        "By cause",
        ("lane", "code", "server_code", "item", "state", "records", "batches", "since", "example"),
        [(g.lane, g.code, g.server_code, g.item, g.state, g.records, g.batches, g.oldest, g.example) for g in found],
    )
    records = sum(group.records for group in found)
    told: dict[str, object] = {"dry_run": records, "lanes": len({group.lane for group in found})}
    if action is OrderAction.RETRY:
        lanes: Counter[str] = Counter()
        for group in found:
            lanes[group.lane] += group.records
        rates = {lane: _rate(session, lane, rate) for lane in lanes}
        seconds = (-(-count // rates[lane]) for lane, count in lanes.items())
        told |= {"per_second": min(rates.values(), default=0), "seconds": max(seconds, default=0)}
        told |= _examine(session, list(_sample(session, choice)))
    session.output.object(told)
    return 0


def _sample(session: Session, choice: Choice) -> Iterator[ExceptionRow]:
    yield from session.store.exceptions(
        lane=choice.lane,
        code=choice.code,
        server_code=choice.server_code,
        item=choice.item,
        states=OPEN,
        most=_EXAMINED,
    )


def _examine(session: Session, rows: Sequence[ExceptionRow]) -> dict[str, object]:
    try:
        counts = session.foresight.count(rows)
    except (SealError, ConfigurationError) as error:
        return {"examined": 0, "because": error.fault.code}
    session.output.rows(
        "What would become of them",
        ("lane", "outcome", "records", "meaning"),
        [(lane, outcome, count, _meaning(session, outcome)) for (lane, outcome), count in counts.items()],
    )
    return {"examined": len(rows)}


def _meaning(session: Session, outcome: str) -> str:
    if outcome == "sent":
        return "送信される" if session.output.lang == "ja" else "goes to the server"
    return session.meaning(outcome)


@command(name="orders")
@click.option("--open", "only_open", is_flag=True, help="Only those that are not done.")
def orders(session: Session, *, only_open: bool) -> int:
    """The orders over whole groups, oldest first: who ordered what and why, and how far it has come."""
    rows = session.store.orders(state=OrderState.OPEN if only_open else None)
    session.output.rows(
        "Orders",
        ("order", "lane", "action", "code", "server_code", "item", "state", "selected", "done", "most", "per_second",
         "placed", "by", "reason", "stopped_by", "stop_reason"),
        [
            (
                f"O{o.id}", o.lane, o.action, o.code, o.server_code, o.item, o.state, o.selected, o.done, o.most,
                o.per_second, o.placed_at, o.actor, o.reason, o.stopped_by, o.stop_reason,
            )
            for o in rows
        ],
    )  # fmt: skip
    return 0


@command(name="stop")
@click.argument("identifier")
@click.option("--reason", required=True, help="Why; kept with the order.")
def stop(session: Session, *, identifier: str, reason: str) -> int:
    """Stop an order (O3): what it has not decided yet stays as it is."""
    number, now = number_of(identifier, "O"), session.clock.now()
    if not session.store.stop_order(number, reason=reason, actor=getpass.getuser(), now=now):
        session.output.say("There is no open order of that name.")
        return FAULTS
    session.output.object({"stopped": f"O{number}"})
    return 0
