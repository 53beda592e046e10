"""Dead letters: messages in the broker that nobody could read, or on which workers died, told and given up by cause."""

from __future__ import annotations

import getpass
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import click

from kakehashi.cli.context import Session
from kakehashi.cli.held import Choice
from kakehashi.domain.redrive import OrderAction
from kakehashi.errors import BrokerError, BrokerMisconfigured
from kakehashi.ports.broker import URGENT, Broker
from kakehashi.ports.redrive import NewOrder
from kakehashi.runtime.bootstrap import plugin

__all__ = ["discard_letters", "opened_broker", "tell_letters"]

_MOST = 10_000
"""Letters of a lane that are looked at."""


@contextmanager
def opened_broker(session: Session) -> Iterator[Broker]:
    """The broker of the configuration; it connects when it is asked something."""
    url = session.configuration.gateway.broker.url
    broker: Broker = plugin("brokers", url.partition(":")[0])(url)
    try:
        yield broker
    finally:
        broker.close()


def tell_letters(session: Session, choice: Choice) -> None:
    """A row for each lane (or source queue) and cause; nothing where there are none. A broker that does not answer is
    told, no more: what the ledger knows can be worked on without it.
    """
    try:
        with opened_broker(session) as broker:
            found = _found(session, broker, choice)
    except BrokerError as error:
        advice = (error.fault.code, session.remedy(error.fault.code))
        session.output.rows("Dead letters", ("code", "what_to_do"), [advice])
        return
    if found:
        session.output.rows(
            "Dead letters",
            ("lane", "code", "letters", "bytes", "meaning", "what_to_do"),
            [
                (lane, code, letters, size, session.meaning(code), session.remedy(code))
                for lane, code, letters, size in found
            ],
        )


def discard_letters(session: Session, choice: Choice, *, reason: str, most: int | None, dry_run: bool) -> int:
    """Of one lane. Raises BrokerError. The decision is kept as an order that is done."""
    if choice.lane is None or choice.server_code or choice.item:
        raise click.UsageError("Dead letters are chosen by --lane, and by --cause if not all of them are meant.")
    with opened_broker(session) as broker:
        wanted = sum(letters for _, _, letters, _ in _found(session, broker, choice))
        wanted = min(wanted, most or wanted)
        if dry_run:
            session.output.object({"dry_run": wanted})
            return 0
        gone = broker.discard_dead(choice.lane, code=choice.code, most=wanted) if wanted else 0
    if gone:
        session.store.place_order(
            NewOrder(
                lane=choice.lane,
                action=OrderAction.LETTERS,
                reason=reason,
                actor=getpass.getuser(),
                per_second=0,
                placed_at=session.clock.now(),
                code=choice.code,
                most=gone,
            )
        )
    session.output.object({"discarded": gone})
    return 0


def _found(session: Session, broker: Broker, choice: Choice) -> list[tuple[str, str, int, int]]:
    """(lane or source queue, code, how many, bytes). A queue that is not made yet holds none."""
    letters: Counter[tuple[str, str]] = Counter()
    sizes: Counter[tuple[str, str]] = Counter()
    routes = session.configuration.routes
    sources = [route.settings.source.queue for route in routes.values() if route.settings.source.queue]
    for lane in [*routes, URGENT, *sources]:
        if choice.lane not in (None, lane) or not _has_any(broker, lane):
            continue
        for letter in broker.dead_letters(lane, most=_MOST):
            if choice.takes(lane, letter.code, None, None):
                letters[lane, letter.code] += 1
                sizes[lane, letter.code] += letter.size
    return [(lane, code, count, sizes[lane, code]) for (lane, code), count in letters.items()]


def _has_any(broker: Broker, lane: str) -> bool:
    try:
        return broker.dead(lane) > 0
    except BrokerMisconfigured as error:
        if error.fault.code != "BRK-005":
            raise
        return False
