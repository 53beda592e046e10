"""run: a gateway process with one role or several."""

from __future__ import annotations

import signal
from pathlib import Path
from queue import SimpleQueue

import click

from kakehashi.cli.check import check_cases
from kakehashi.cli.context import UNREACHABLE, Session, command
from kakehashi.config.loader import load
from kakehashi.errors import ConfigurationError
from kakehashi.runtime.bootstrap import Gateway, open_gateway
from kakehashi.runtime.events import EventLog
from kakehashi.runtime.gateway import Role
from kakehashi.runtime.logging import configure_logging
from kakehashi.runtime.places import shared
from kakehashi.runtime.reloading import Reloading, Wish
from kakehashi.runtime.stopping import LastResort

__all__ = ["run"]

_STOPPING = (signal.SIGTERM, signal.SIGINT)
_ALL = ",".join(role.value for role in Role)


@command()
@click.option("--role", "roles", default=_ALL, show_default=True, help="What this process does.")
@click.option("--log", type=click.Path(path_type=Path), help="Log file; else standard error.")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info")
@click.option("--xsd", type=click.Path(path_type=Path), default=lambda: shared("xsd"), help="Schema folder.")
def run(session: Session, roles: str, log: Path | None, log_level: str, xsd: Path) -> int:
    """Run the gateway until it is told to stop (SIGTERM or Ctrl-C). SIGHUP: take over a changed configuration.

    At 00:00 in Japan the configuration is read again, so that rows of tables apply from their first day.
    """
    try:
        chosen = [Role(name.strip()) for name in roles.split(",")]
    except ValueError:
        raise click.UsageError(f"--role takes {_ALL}.") from None
    wishes: SimpleQueue[Wish] = SimpleQueue()
    last_resort = LastResort(lambda: EventLog().emit("gateway.cut_off"))

    def stop(*_: object) -> None:
        wishes.put(Wish.STOP)
        last_resort.arm(0)

    for number in _STOPPING:
        signal.signal(number, stop)
    signal.signal(signal.SIGHUP, lambda *_: wishes.put(Wish.RELOAD))
    configuration = session.configuration
    configure_logging(log, level=log_level)

    def again() -> Gateway:
        # what a case agrees on stays agreed when a row ends: cases read each code's longest row, as `check` does
        if faults := check_cases(load(session.folder), xsd):
            raise ConfigurationError(faults)
        return open_gateway(load(session.folder, as_of=session.clock.now().date()), schemas=xsd)

    gateway = open_gateway(configuration, schemas=xsd)
    ended = Reloading(roles=chosen, wishes=wishes, again=again).run(gateway)
    for number in _STOPPING:  # Python's own end would take a second one for a kill
        signal.signal(number, signal.SIG_IGN)
    code = UNREACHABLE if ended is Wish.GIVE_UP else 0
    last_resort.arm(code)
    return code
