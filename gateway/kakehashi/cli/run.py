"""run: a gateway process with one role or several."""

from __future__ import annotations

import signal
from pathlib import Path
from threading import Event

import click

from kakehashi.cli.context import Session, command
from kakehashi.runtime.bootstrap import open_gateway
from kakehashi.runtime.gateway import GatewayProcess, Role
from kakehashi.runtime.logging import configure_logging
from kakehashi.runtime.places import shared

__all__ = ["run"]

_ALL = ",".join(role.value for role in Role)


@command()
@click.option("--role", "roles", default=_ALL, show_default=True, help="What this process does.")
@click.option("--log", type=click.Path(path_type=Path), help="Log file; else standard error.")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info")
@click.option("--xsd", type=click.Path(path_type=Path), default=lambda: shared("xsd"), help="Schema folder.")
def run(session: Session, roles: str, log: Path | None, log_level: str, xsd: Path) -> int:
    """Run the gateway until it is told to stop (SIGTERM or Ctrl-C)."""
    try:
        chosen = [Role(name.strip()) for name in roles.split(",")]
    except ValueError:
        raise click.UsageError(f"--role takes {_ALL}.") from None
    configuration = session.configuration
    configure_logging(log, level=log_level)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    GatewayProcess(open_gateway(configuration, schemas=xsd), chosen, stop).run()
    return 0
