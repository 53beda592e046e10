"""symbols: how far acquisitions are and whose move it is; begin, retry, give up, hand over to the terminal."""

from __future__ import annotations

import csv
import getpass
import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from kakehashi.cli.context import FAULTS, Session, command, is_row_number
from kakehashi.cli.words import word
from kakehashi.domain.symbol import ENDED, LIVE, AcquisitionState, HandedOver, Origin, Resumed, Task, Withdrawn
from kakehashi.pipeline.symbol_needs import SymbolNeeds, rules_of
from kakehashi.pipeline.symbols import opened_number
from kakehashi.ports.symbols import AcquisitionRow

__all__ = ["symbols"]

_DIGITS = 15
_OFF = "Symbols are not acquired: [symbols] acquire is off."
_BEGUN_AGAIN = ENDED - {AcquisitionState.EXPIRED, AcquisitionState.RELINKED}


class _Default(click.Group):
    """Without a subcommand: `progress`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = ["progress", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Default)
def symbols() -> None:
    """Symbols 符号: one acquisition a person, from need to link."""


@command(symbols, "progress")
def progress(session: Session) -> int:
    """Acquisitions by state: how many, since when, whose move it is. Exit code 1 while somebody must act."""
    counts = session.store.symbol_counts()
    session.output.rows(
        "Symbols",
        ("state", "whose_move", "acquisitions", "since", "code", "meaning", "example"),
        [
            (
                each.state,
                _whose(session, each.state, by_hand=each.by_hand),
                each.count,
                each.oldest,
                each.code,
                session.meaning(each.code) if each.code else "",
                f"S{each.example}",
            )
            for each in counts
        ],
    )
    return FAULTS if any(_is_ours(each.state, by_hand=each.by_hand) for each in counts) else 0


@command(symbols, "list")
@click.option(
    "--state",
    "states",
    type=click.Choice([each.value for each in AcquisitionState]),
    multiple=True,
    help="Only in these states.",
)
@click.option("--live", is_flag=True, help="Only those that have not ended.")
@click.option("--person", help="Only this 団体内統合宛名番号.")
@click.option("--most", default=100, show_default=True, help="At most so many, oldest first.")
def list_(session: Session, states: Sequence[str], live: bool, person: str | None, most: int) -> int:
    """Acquisitions one by one: since when, what next and when, how many records wait, what to do."""
    wanted = [AcquisitionState(state) for state in states] or (sorted(LIVE) if live else [])
    rows = session.store.acquisitions(states=wanted, person=person and person.zfill(15), most=most)
    session.output.rows(
        "Symbols",
        ("id", "person", "state", "whose_move", "since", "due", "expires", "number", "records", "code",
         "server_code", "what_to_do", "by", "reason"),
        [
            (
                f"S{row.id}",
                f"{'*' * 12}{row.what.person[-3:]}",
                row.what.state,
                _whose(session, row.what.state, by_hand=row.what.by_hand),
                row.what.since,
                row.what.due,
                row.what.expires_at,
                row.what.generation,
                row.waiting,
                row.what.code,
                row.what.server_code,
                session.remedy(row.what.code),
                row.what.actor,
                row.what.reason,
            )
            for row in rows
        ],
    )  # fmt: skip
    return 0


@command(symbols, "start")
@click.argument("persons", nargs=-1)
@click.option("--all", "everybody", is_flag=True, help="Every person with a link.")
@click.option("--system", help="With --all: only persons of this system.")
@click.option("--again", is_flag=True, help="Also who had a symbol acquired before.")
@click.option("--per-second", type=click.IntRange(1, 10_000), help="How many begin in a second.")
def start(
    session: Session, persons: Sequence[str], everybody: bool, system: str | None, again: bool, per_second: int | None
) -> int:
    """Begin acquisitions for these 団体内統合宛名番号, or for all. Doing it twice does it once."""
    if bool(persons) == everybody:
        raise click.UsageError("Name persons, or say --all.")
    settings = session.configuration.gateway.symbols
    if settings.acquire == "off":
        session.output.say(_OFF)
        return FAULTS
    named = (person.zfill(15) for person in persons)
    chosen = list(dict.fromkeys(_linked(session, system) if everybody else named))
    rate = per_second or settings.per_second
    now = session.clock.now()
    made = session.store.need(chosen, origin=Origin.STARTED, now=now, again=again, per_second=rate)
    session.output.object({"persons": len(chosen), "begun": made, "per_second": rate})
    return 0


def _linked(session: Session, system: str | None) -> Iterator[str]:
    systems = [system] if system else sorted(each.system for each in session.links.coverage())
    for each in systems:
        yield from (link.unified for link in session.links.links(each))


@command(symbols, "retry")
@click.argument("identifiers", nargs=-1, required=True)
def retry(session: Session, identifiers: Sequence[str]) -> int:
    """Let acquisitions (S12) that wait for an operator go on; begin anew what has failed or was given up."""
    needs, done = _needs(session), 0
    for row in _named(session, identifiers):
        if row.what.state is AcquisitionState.OPERATOR:
            done += needs.move(row, Resumed())
        elif row.what.state in _BEGUN_AGAIN:
            now = session.clock.now()
            done += session.store.need([row.what.person], origin=Origin.STARTED, now=now, again=True)
    session.output.object({"retried": done})
    return 0 if done == len(set(identifiers)) else FAULTS


@command(symbols, "abandon")
@click.argument("identifiers", nargs=-1, required=True)
@click.option("--reason", required=True, help="Why; kept with your name, at the records that wait.")
def abandon(session: Session, identifiers: Sequence[str], reason: str) -> int:
    """Give acquisitions (S12) up. Their process numbers are erased; records that wait are parked."""
    needs, done, parked = _needs(session), 0, 0
    for row in _named(session, identifiers):
        waiting = session.store.waiting_for_symbol([row.what.person]).get(row.what.person, ())
        acquires = row.what.task is Task.ACQUIRE
        if not (needs.withdraw(row.what.person) if acquires else needs.move(row, Withdrawn("SYM-007"))):
            continue
        done += 1
        for exception_id in waiting:
            parked += session.store.note(
                exception_id,
                action="abandon-symbol",
                reason=reason,
                actor=getpass.getuser(),
                now=session.clock.now(),
            )
    session.output.object({"abandoned": done, "parked": parked})
    return 0 if done == len(set(identifiers)) else FAULTS


@command(symbols, "release")
@click.argument("person")
@click.option("--reason", required=True, help="Why; kept with your name.")
@click.option("--yes", is_flag=True, help="Do it; without, only tell what it would do.")
def release(session: Session, person: str, reason: str, yes: bool) -> int:
    """Let the server part the symbol from this 団体内統合宛名番号. What is acquired for it ends, its process number is
    erased, and records that wait are parked. Whoever is needed again has a symbol acquired anew.
    """
    if session.configuration.gateway.symbols.acquire == "off":
        session.output.say(_OFF)
        return FAULTS
    if not (is_row_number(person) and len(person) <= _DIGITS):
        raise click.UsageError("A number has 1 to 15 digits.")
    person, store = person.zfill(_DIGITS), session.store
    if not session.links.persons_links(person) and not store.acquisitions(person=person, most=1):
        session.output.say("Nobody is known under this number.")
        return FAULTS
    live = [row for row in store.acquisitions(person=person, states=sorted(LIVE)) if row.what.task is Task.ACQUIRE]
    told = {"acquisitions": len(live), "records": len(store.waiting_for_symbol([person]).get(person, ()))}
    done = yes and _needs(session).release(person, actor=getpass.getuser(), reason=reason)
    session.output.object({"done": done, **told})
    return 0 if done or not yes else FAULTS


@command(symbols, "hand-over")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def hand_over(session: Session, file: Path) -> int:
    """Write the list for the terminal (統合端末) as CSV: it holds process numbers, so delete it when they are entered.

    Only its owner can read it. Say `symbols handed-over` of what was entered.
    """
    rows = session.store.acquisitions(states=[AcquisitionState.ISSUED], by_hand=True, most=1_000_000)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("取得番号", "処理通番", "団体内統合宛名番号", "システム", "宛名番号", "有効期限"))
    for row in rows:
        links = session.links.persons_links(row.what.person)
        writer.writerow(
            (
                f"S{row.id}",
                opened_number(session.sealer, row),
                row.what.person,
                " ".join(link.system for link in links),
                " ".join(link.atena for link in links),
                row.what.expires_at.isoformat(timespec="minutes") if row.what.expires_at else "",
            )
        )
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError:
        raise click.UsageError("The file exists already, or cannot be written there.") from None
    with os.fdopen(handle, "wb") as stream:
        stream.write(text.getvalue().encode("utf-8-sig"))
    session.output.object({"file": str(file), "acquisitions": len(rows)})
    return 0


@command(symbols, "handed-over")
@click.argument("identifiers", nargs=-1, required=True)
def handed_over(session: Session, identifiers: Sequence[str]) -> int:
    """Say that these acquisitions (S12) were entered at the terminal: from now on the link is asked for."""
    needs = _needs(session)
    done = sum(needs.move(row, HandedOver()) for row in _named(session, identifiers))
    session.output.object({"handed_over": done})
    return 0 if done == len(set(identifiers)) else FAULTS


def _needs(session: Session) -> SymbolNeeds:
    return SymbolNeeds(
        store=session.store, links=session.links, clock=session.clock, rules=rules_of(session.configuration.profile)
    )


def _named(session: Session, identifiers: Sequence[str]) -> Iterator[AcquisitionRow]:
    for identifier in dict.fromkeys(identifiers):
        number = identifier[1:] if identifier[:1].upper() == "S" else identifier
        if not is_row_number(number):
            raise click.UsageError("Name acquisitions, S<number>.")
        row = session.store.acquisition(int(number))
        if row is not None:
            yield row


def _whose(session: Session, state: AcquisitionState, *, by_hand: bool) -> str:
    """Whose move it is."""
    match state:
        case AcquisitionState.ISSUED if by_hand:
            whose = "terminal"
        case AcquisitionState.NEEDED | AcquisitionState.REGISTERING | AcquisitionState.REQUESTED:
            whose = "gateway"
        case AcquisitionState.ISSUED | AcquisitionState.RELEASING | AcquisitionState.RELINKING:
            whose = "gateway"
        case AcquisitionState.FORWARDED:
            whose = "registry"
        case AcquisitionState.ACKNOWLEDGED:
            whose = "network"
        case AcquisitionState.OPERATOR | AcquisitionState.FAILED:
            whose = "operator"
        case _:
            return ""
    return whose if session.output.as_json else word(whose, session.output.lang)


def _is_ours(state: AcquisitionState, *, by_hand: bool) -> bool:
    return state in (AcquisitionState.OPERATOR, AcquisitionState.FAILED) or (
        by_hand and state is AcquisitionState.ISSUED
    )
