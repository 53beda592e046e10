"""keys: the keys that seal bodies and numbers, and the secret behind blind indexes."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from kakehashi.cli.context import Session, command
from kakehashi.errors import ConfigurationError, Fault, Place
from kakehashi.pipeline.identify import renewed
from kakehashi.runtime.bootstrap import plugin

__all__ = ["keys"]

_AT_ONCE = 500


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


@command(keys, "rotate")
@click.option("--digest", is_flag=True, help="The secret behind blind indexes instead of the key that seals.")
@click.option("--resume", is_flag=True, help="No new key: only go on with the numbers that stand under older ones.")
def rotate(session: Session, digest: bool, resume: bool) -> int:
    """A new key in the key file, then every stored individual number under it, portion by portion.

    May be stopped at any time and resumed. Older keys go on opening bodies that were sealed by them. Running processes
    take the new key when they meet it, or at their next start.
    """
    file = session.configuration.gateway.keys.file
    if not file:
        raise ConfigurationError([Fault("CFG-004", Place(file="gateway.toml", item="keys.file"))])
    links = session.links  # a store that is away must not leave a key behind that nothing uses
    if not resume:
        plugin("tools", "key-rotation")(Path(file), digest=digest)
    sealer, done = session.sealer, 0
    renew, prefix = partial(renewed, sealer), sealer.digest_ids[0].encode()
    while count := links.reseal(renew, current=sealer.key_id, prefix=prefix, most=_AT_ONCE):
        done += count
    session.output.object({"key": sealer.key_id, "digest": sealer.digest_ids[0], "renewed": done})
    return 0
