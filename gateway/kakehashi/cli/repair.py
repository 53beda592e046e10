"""The repair that follows a reconciliation: what it would do, and doing it."""

from __future__ import annotations

import functools
import getpass
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

from kakehashi.cli.context import Session
from kakehashi.config.model import Route
from kakehashi.domain.japan_time import JST
from kakehashi.errors import InputError
from kakehashi.pipeline.repairing import RepairPlan
from kakehashi.runtime.bootstrap import plugin
from kakehashi.runtime.reconciliation import Originals
from kakehashi.runtime.repair import Repair

__all__ = ["Wish", "carry_out", "open_repair", "repair_options"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the operator has asked for. `taken`: when the owner made the extract; `withdraw`: how many keys at most."""

    taken: datetime
    reason: str
    withdraw: int | None
    dry_run: bool
    yes: bool


def repair_options(function: Callable[..., int]) -> Callable[..., int]:
    """Adds the options; the function gets them as one `wish`, None without --repair."""

    @functools.wraps(function)
    def run(
        session: Session, *, repair: bool, taken: datetime | None, reason: str | None, withdraw: int | None,
        dry_run: bool, yes: bool, **rest: object,
    ) -> int:  # fmt: skip
        if not repair:
            if taken or reason or withdraw or dry_run or yes:
                raise click.UsageError("--taken, --reason, --withdraw, --dry-run and --yes belong to --repair.")
            return function(session, wish=None, **rest)
        if taken is None or not reason:
            raise click.UsageError("--repair needs --taken TIME (when the owner made the extract) and --reason.")
        moment = taken.replace(tzinfo=JST)
        wish = Wish(taken=moment, reason=reason, withdraw=withdraw, dry_run=dry_run, yes=yes)
        return function(session, wish=wish, **rest)

    wrapped: Callable[..., int] = run
    for option in (
        click.option("--yes", is_flag=True, help="Repair without being asked again."),
        click.option("--dry-run", is_flag=True, help="Only tell what a repair would do."),
        click.option("--withdraw", type=click.IntRange(min=1), metavar="MOST",
                     help="Also delete the replicas that the extract does not have, if they are no more than this."),
        click.option("--reason", help="Why; kept with the repair."),
        click.option("--taken", type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
                     help="When the owner made the extract (Japan time): newer changes are left alone."),
        click.option("--repair", is_flag=True, help="Send again what is missing or other, from the extract."),
    ):  # fmt: skip
        wrapped = option(wrapped)
    return wrapped


def open_repair(session: Session, route: Route, wish: Wish) -> Repair:
    """Raises InputError(REF-010) where a repair could overtake what came after the extract."""
    if wish.taken > session.clock.now():
        raise click.UsageError("--taken lies in the future.")
    repair = Repair(
        route=route,
        spool=plugin("spools", "folder")(Path(session.configuration.gateway.folders.spool)),
        store=session.store,
        sealer=session.sealer,
        clock=session.clock,
        config_hash=session.configuration.hash,
        taken=wish.taken,
    )
    repair.check_lane()
    return repair


def carry_out(session: Session, repair: Repair, plan: RepairPlan, extract: Originals, path: Path, wish: Wish) -> bool:
    """Tell what would be done and, unless it is a dry run, do it; whether nothing of the differences is left."""
    with path.open("rb") as stream:
        plan.keep_households(extract.households(stream))
    keys = list(plan.surplus) if wish.withdraw else []
    session.output.object(
        {
            "send_again": len(plan.again),
            "withdraw": len(keys),
            "left_surplus": len(plan.surplus) - len(keys),
            "left_in_flight": plan.in_flight,
            "left_newer": plan.newer,
            "left_unclear": plan.unclear,
        }
    )
    left = bool(plan.in_flight or plan.newer or plan.unclear or len(plan.surplus) > len(keys))
    if wish.dry_run or not (plan.again or keys):
        return not (left or plan.again or keys)
    if len(keys) > (wish.withdraw or 0):
        session.output.say("More would be withdrawn than --withdraw allows: nothing was repaired.")
        return False
    _confirm(session, wish)
    files = []
    if plan.again:
        with path.open("rb") as stream:
            files.append(repair.again(path.name, extract.bodies(stream, plan.again)))
        if files[0].records != len(plan.again):
            raise InputError("REF-007")
    if keys:
        files.append(repair.withdraw(path.name, keys))
    repair.release(files, reason=wish.reason, actor=getpass.getuser())
    for file in files:
        session.output.object({"file": f"F{file.id}", "name": file.name, "records": file.records})
    return not left


def _confirm(session: Session, wish: Wish) -> None:
    if wish.yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("A repair needs --yes; --dry-run tells what it would do.")
    click.confirm("修復しますか" if session.output.lang == "ja" else "Repair?", abort=True, err=True)
