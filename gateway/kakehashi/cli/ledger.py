"""ledger: a copy of the ledger, its way back, and the reconciliation with what is newer than it."""

from __future__ import annotations

import getpass
from pathlib import Path

import click

from kakehashi.cli.context import FAULTS, Session, command
from kakehashi.runtime.bootstrap import open_gateway, plugin
from kakehashi.runtime.places import shared
from kakehashi.runtime.restoring import Reconciled

__all__ = ["ledger"]


@click.group()
def ledger() -> None:
    """Back the ledger up, restore it, and reconcile it with what has happened since."""


@command(ledger, "backup")
@click.argument("file", type=click.Path(path_type=Path))
def backup(session: Session, file: Path) -> int:
    """Copy a SQLite ledger into FILE while the gateway works. Never replaces one. PostgreSQL: pg_dump."""
    plugin("tools", "ledger-backup")(session.configuration.gateway.store.url, file)
    session.output.object({"backup": str(file), "bytes": file.stat().st_size})
    return 0


@command(ledger, "restore")
@click.argument("file", type=click.Path(path_type=Path))
def restore(session: Session, file: Path) -> int:
    """Put the backup FILE in the place of a SQLite ledger; what was there is put aside. Then: reconcile."""
    url = session.configuration.gateway.store.url
    aside = plugin("tools", "ledger-restore")(url, file, now=session.clock.now())
    session.output.object({"restored": str(file), "put_aside": " ".join(map(str, aside)), "next": "reconcile"})
    return 0


@command(ledger, "reconcile")
@click.option("--reason", required=True, help="Why the ledger was restored; kept with every file taken in again.")
@click.option("--dry-run", is_flag=True, help="Say which files of the spool the ledger does not know; change nothing.")
@click.option("--xsd", type=click.Path(path_type=Path), default=lambda: shared("xsd"), help="Schema folder.")
def reconcile(session: Session, reason: str, dry_run: bool, xsd: Path) -> int:  # click's
    """After a restore, while nothing else runs: take in again what the spool has and the ledger does not know."""
    gateway = open_gateway(session.configuration, schemas=xsd, restoring=True)
    try:
        work = gateway.reconciling(reason=reason, actor=getpass.getuser())
        if dry_run:
            session.output.object({"dry_run": len(work.forgotten())})
            return 0
        done = work.run()
    finally:
        gateway.close()
    _tell(session, done)
    return FAULTS if done.unknown else 0


def _tell(session: Session, done: Reconciled) -> None:
    session.output.rows(
        "Taken in again",
        ("file", "lane", "name", "records"),
        [(f"F{row.id}", row.lane, row.name, row.records) for row in done.retaken],
    )
    session.output.rows(
        "Unknown files of the spool",
        ("spool", "code", "what", "next_step"),
        [(name, code, session.meaning(code), session.remedy(code)) for name, code in done.unknown],
    )
    session.output.object(
        {"files_taken_again": len(done.retaken), "unknown": len(done.unknown), "batches_to_ask_about": done.doubted}
    )
