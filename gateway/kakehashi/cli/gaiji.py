"""gaiji: characters that did not go through as they were: which, how often, where; and what comes of a mended table."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterable, Sequence

import click

from kakehashi.cli.context import FAULTS, Session, command
from kakehashi.codec.charset import CHARSETS, charset_named
from kakehashi.config.known_character import KnownCharacters
from kakehashi.domain.batch import content_id
from kakehashi.domain.character import CharacterTrouble, character_of, code_points
from kakehashi.errors import InputError
from kakehashi.mapping.substitute import candidates, outside_of
from kakehashi.ports.ledger import CharacterRow
from kakehashi.ports.store_rules import HOLDING

__all__ = ["gaiji"]

_ALL = 1_000_000


@click.group()
def gaiji() -> None:
    """Characters that no table knows, that were replaced, or that were cut off."""


def _selection(function: click.decorators.FC) -> click.decorators.FC:
    for option in (
        click.option("--system", help="Only this system."),
        click.option("--lane", help="Only this lane."),
        click.option("--code", help="Only this code in hex (80A1), or these code points (U+9AD9)."),
    ):
        function = option(function)
    return function


@command(gaiji, "unmapped")
@_selection
@click.option("--each", is_flag=True, help="Every place: file, record, item, byte.")
@click.option("--most", default=1000, show_default=True, help="With --each: at most so many.")
def unmapped(
    session: Session, system: str | None, lane: str | None, code: str | None, each: bool, most: int
) -> int:  # fmt: skip
    """Codes without a character, and characters that the server does not take: how often, and how many records wait.

    `known` says whether the tables of the configuration know it by now: then `gaiji retry` sends what waits for it.
    """
    return _show(session, HOLDING, system=system, lane=lane, code=code, each=each, most=most)


@command(gaiji, "losses")
@_selection
@click.option("--each", is_flag=True, help="Every place: file, record, item.")
@click.option("--most", default=1000, show_default=True, help="With --each: at most so many.")
def losses(session: Session, system: str | None, lane: str | None, code: str | None, each: bool, most: int) -> int:
    """What was sent or returned otherwise than it came: substitutes, and texts that lost their end."""
    others = [trouble for trouble in CharacterTrouble if trouble not in HOLDING]
    return _show(session, others, system=system, lane=lane, code=code, each=each, most=most)


def _show(
    session: Session, troubles: Iterable[CharacterTrouble], *, system: str | None, lane: str | None, code: str | None,
    each: bool, most: int,
) -> int:  # fmt: skip
    known, wanted, sources = KnownCharacters(session.configuration), tuple(troubles), _sources(code)
    if each:
        rows = [
            row
            for trouble in wanted
            for source in sources
            for row in session.store.characters(lane=lane, trouble=trouble, source=source, most=most)
            if system in (None, known.system(row.lane))
        ]
        _places(session, known, rows[:most])
        return 0
    counts = [
        count
        for count in session.store.character_counts()
        if count.trouble in wanted
        and lane in (None, count.lane)
        and system in (None, known.system(count.lane))
        and (code is None or count.source in sources)
    ]
    held = wanted == HOLDING
    session.output.rows(
        "Characters",
        ("system", "lane", "what", "code", "character", "substitute", "times", "records", "waiting", "known", "first",
         "last"),
        [
            (
                known.system(c.lane), c.lane, c.trouble.value, c.source, _shown(c.source, c.trouble), c.target, c.times,
                c.records, c.held if held else None,
                ("yes" if known.anywhere(c.lane, c.trouble, c.source) else "no") if held else None, c.first, c.last,
            )
            for c in counts
        ],
    )  # fmt: skip
    return 0


def _places(session: Session, known: KnownCharacters, rows: Sequence[CharacterRow]) -> None:
    names: dict[int, str] = {}
    for file_id in {row.file_id for row in rows}:
        file = session.store.file(file_id)
        names[file_id] = f"F{file_id} {file.name if file else ''}"
    session.output.rows(
        "Places",
        ("system", "lane", "what", "code", "substitute", "file", "record", "item", "byte", "times", "exception",
         "state", "seen"),
        [
            (
                known.system(row.lane), row.lane, row.trouble.value, row.source, row.target, names[row.file_id],
                row.record_no, row.item, row.offset, row.times,
                None if row.exception_id is None else f"E{row.exception_id}",
                None if row.state is None else row.state.value, row.seen_at,
            )
            for row in rows
        ],
    )  # fmt: skip


@command(gaiji, "retry")
@_selection
@click.option("--reason", required=True, help="Why; kept with the decision.")
@click.option("--dry-run", is_flag=True, help="Only say how many.")
def retry(
    session: Session, system: str | None, lane: str | None, code: str | None, reason: str, dry_run: bool
) -> int:  # fmt: skip
    """Send again every record whose characters the tables know by now; with --code those that waited for that one.

    A record that waits for another character, too, goes on waiting for it.
    """
    known, sources = KnownCharacters(session.configuration), _sources(code)
    waiting: dict[int, list[CharacterRow]] = {}
    for row in session.store.characters(lane=lane, held=True, most=_ALL):
        if row.exception_id is not None and system in (None, known.system(row.lane)):
            waiting.setdefault(row.exception_id, []).append(row)
    asked = {e: rows for e, rows in waiting.items() if code is None or any(row.source in sources for row in rows)}
    ready = [e for e, rows in asked.items() if all(known.knows(r.lane, r.item, r.trouble, r.source) for r in rows)]
    if not dry_run and ready:
        now = session.clock.now()
        requests = [content_id("redrive", number, now.isoformat()) for number in ready]
        made = session.store.redrive(ready, request_ids=requests, reason=reason, actor=getpass.getuser(), now=now)
        done = len(made)
    else:
        done = len(ready)
    session.output.object({"dry_run" if dry_run else "retried": done, "still_unknown": len(asked) - len(ready)})
    return 0


@command(gaiji, "propose")
@click.argument("characters", nargs=-1)
@click.option("--charset", help="What this charset takes, instead of what the server takes.")
@click.option("--all-of", type=click.Choice(["cp932"]), help="Every character of this charset that the server lacks.")
def propose(session: Session, characters: tuple[str, ...], charset: str | None, all_of: str | None) -> int:
    """Candidates for a degrade table, ranked with their reasons: for people to choose from; nothing is changed.

    CHARACTERS are given as they are, or as code points (U+9AD9, "U+8FBB U+E0103").
    """
    wanted = [*map(_character, characters), *(outside_of(all_of) if all_of else ())]
    if not wanted:
        raise click.UsageError("Name characters, or --all-of a charset.")
    if charset is not None and charset.lower() not in CHARSETS:
        raise click.BadParameter(f"{charset} is none of the charsets.", param_hint="--charset")
    rows: list[tuple[str | int | None, ...]] = []
    for character in wanted:
        found = candidates(character, takes=_taken_by(charset)) if charset else candidates(character)
        rows += [
            (code_points(character), character, each.rank, each.text, code_points(each.text), each.reason)
            for each in found
        ] or [(code_points(character), character, None, None, None, "none: decide by hand")]
    session.output.rows("Candidates", ("code", "from", "rank", "to", "to_code", "reason"), rows)
    return FAULTS if any(row[2] is None for row in rows) else 0


def _taken_by(charset: str) -> Callable[[str], bool]:
    encode = charset_named(charset).encode

    def takes(text: str) -> bool:
        try:
            return bool(encode(text))
        except InputError:
            return False

    return takes


def _character(given: str) -> str:
    if not given.upper().startswith("U+"):
        return given
    try:
        return character_of(given)
    except ValueError:
        raise click.BadParameter(f"{given} is no code point.", param_hint="CHARACTERS") from None


def _sources(code: str | None) -> tuple[str | None, ...]:
    """As the ledger writes it: hex digits in capitals, or code points; a character stands for its code points."""
    if code is None:
        return (None,)
    return (code.upper(), code_points(code))


def _shown(source: str, trouble: CharacterTrouble) -> str:
    """The character itself, where it is one."""
    return "" if trouble is CharacterTrouble.UNMAPPED or not source else character_of(source)
