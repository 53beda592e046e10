"""ready, topology: whether a file that is dropped now would really go its way, and whether the queues are right."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from kakehashi.cli.context import FAULTS, UNREACHABLE, Session, command
from kakehashi.domain.batch import letters
from kakehashi.errors import Fault, KakehashiError
from kakehashi.pipeline.holding import Phase, phase
from kakehashi.ports.broker import Broker, QueueState
from kakehashi.ports.sealer import Sealed
from kakehashi.runtime.bootstrap import plugin

__all__ = ["ready", "topology"]

_PROBE_BYTES = 1 << 20


@command()
def ready(session: Session) -> int:
    """Whether the gateway can deliver: ledger and spool writable, broker open, queues right, a worker on every lane, no
    numbers whose day of enforcement has come and which are not active.

    Exit code 0: all of it; 3: something is missing (each is named).
    """
    lanes = [*session.configuration.routes]
    broker = _broker(session)
    checks: dict[str, Callable[[], Fault | None]] = {
        "ledger": lambda: _write_to_ledger(session),
        "spool": lambda: _write_to_spool(session),
        "broker": broker.probe,
        "queues": lambda: next(
            (state.fault for state in broker.inspect(lanes, in_order=session.configuration.in_order) if state.fault),
            None,
        ),
        "consumers": lambda: next(
            _without_worker(broker.inspect(lanes, in_order=session.configuration.in_order)), None
        ),
        "numbers": lambda: _not_in_force(session),
    }
    try:
        found = {name: _fault(check) for name, check in checks.items()}
    finally:
        broker.close()
    session.output.rows(
        "Ready",
        ("check", "ready", "code", "queue", "what_to_do"),
        [
            (
                name,
                "NO" if fault else "yes",
                fault.code if fault else None,
                str(fault.facts.get("queue", "")) if fault else None,
                session.remedy(fault.code) if fault else None,
            )
            for name, fault in found.items()
        ],
    )
    return UNREACHABLE if any(found.values()) else 0


@command()
@click.option("--check", "check", is_flag=True, help="Only compare; nothing is made. Exit code 1 where they differ.")
def topology(session: Session, *, check: bool) -> int:
    """The broker's queues beside those of the configuration; without --check the missing ones are made."""
    lanes = [*session.configuration.routes, "urgent"]
    broker = _broker(session)
    try:
        if not check:
            broker.declare(lanes, in_order=session.configuration.in_order)
        states = broker.inspect(lanes, in_order=session.configuration.in_order)
    finally:
        broker.close()
    session.output.rows(
        "Queues",
        ("queue", "messages", "consumers", "code", "argument", "what_to_do"),
        [
            (
                state.queue,
                state.messages,
                state.consumers,
                state.fault.code if state.fault else None,
                str(state.fault.facts.get("argument", "")) if state.fault else None,
                session.remedy(state.fault.code) if state.fault else None,
            )
            for state in states
        ],
    )
    return FAULTS if any(state.fault for state in states) else 0


def _broker(session: Session) -> Broker:
    url = session.configuration.gateway.broker.url
    broker: Broker = plugin("brokers", url.partition(":")[0])(url)
    return broker


def _fault(check: Callable[[], Fault | None]) -> Fault | None:
    try:
        return check()
    except KakehashiError as error:
        return error.fault


def _write_to_ledger(session: Session) -> None:
    """A write that changes nothing."""
    session.store.mark_returned(0, batches=0, now=session.clock.now())


def _write_to_spool(session: Session) -> None:
    """As much as a batch may need; it does not stay."""
    spool = plugin("spools", "folder")(Path(session.configuration.gateway.folders.spool))
    writer = spool.create(letters(secrets.token_bytes(16)))
    try:
        writer.append(Sealed("probe", bytes(_PROBE_BYTES)))
    finally:
        writer.abandon()


def _not_in_force(session: Session) -> Fault | None:
    day, now = session.configuration.gateway.links.in_force_from, session.clock.now()
    return Fault("IDN-013") if phase(session.links, day, now=now) is Phase.TURNING else None


def _without_worker(states: list[QueueState]) -> Iterator[Fault]:
    """Lanes from which nobody takes anything: of a lane's queues only two have consumers."""
    served = {state.lane for state in states if state.consumers}
    for state in states:
        if state.lane not in served:
            yield Fault("BRK-009", facts={"queue": state.lane})
