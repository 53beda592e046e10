"""keys: the keys that seal bodies."""

from __future__ import annotations

from pathlib import Path

import click

from kakehashi.cli.context import Session, command
from kakehashi.runtime.bootstrap import plugin

__all__ = ["keys"]


@click.group()
def keys() -> None:
    """The keys that seal bodies in broker, spool and store."""


@command(keys, "create")
@click.argument("file", type=click.Path(path_type=Path))
def create(session: Session, file: Path) -> int:
    """Write a new key file that only its owner can read. Never replaces one."""
    plugin("tools", "key-file")(file)
    session.output.say(f"{file}: keep a copy where neither broker nor database is.")
    return 0
