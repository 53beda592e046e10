"""diff: two files item by item through a layout."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from kakehashi.cli.characters import Characters
from kakehashi.cli.context import Session, command
from kakehashi.cli.copybook import CopybookSettings, copybook_options
from kakehashi.cli.data import layout_options
from kakehashi.cli.inspector import LayoutChoice, open_inspector, privacy_options, watched
from kakehashi.cli.shown import MASK, cell_text, hidden
from kakehashi.codec.inspection.difference import Comparison, Difference
from kakehashi.codec.inspection.privacy import plain_name
from kakehashi.codec.inspection.span import Cell, Known
from kakehashi.errors import Fault, InputError, KakehashiError, Place

__all__ = ["diff"]

_SAME, _DIFFERENT, _TROUBLE = 0, 1, 2


@command()
@layout_options
@copybook_options
@privacy_options
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="ITEM",
    help="Match records by this item (several: by all of them), not by position.",
)
@click.argument("a", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("b", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def diff(
    session: Session, layout_file: Path, characters: Characters, recfm: str | None, record_length: int | None,
    kind: str | None, a: Path, b: Path, copybook: CopybookSettings, keys: tuple[str, ...],
    sensitive: tuple[str, ...], reveal: bool,
) -> int:  # fmt: skip
    """Compare two files item by item: values, not bytes, of the items that the layout names.

    Exit code 0: the same; 1: they differ; 2: something cannot be read. With --key only records whose partner has not
    come yet are kept in memory, so that files in nearly the same order may be of any size.
    """
    choice = LayoutChoice(
        file=layout_file, characters=characters, recfm=recfm, record_length=record_length, kind=kind, copybook=copybook,
        sensitive=sensitive,
    )  # fmt: skip
    try:
        return _compare(session, choice, a, b, keys=keys, reveal=reveal)
    except KakehashiError as error:
        session.output.error(error)
        return _TROUBLE


def _compare(session: Session, choice: LayoutChoice, a: Path, b: Path, *, keys: tuple[str, ...], reveal: bool) -> int:
    inspector = open_inspector(choice)
    items = {known.name: known for known in inspector.items}
    names = tuple(_key(name, items) for name in keys)
    with watched(a, b, passes=inspector.passes) as (left, right):
        comparison = Comparison(
            inspector.chunks(left, file=a.name),
            inspector.chunks(right, file=b.name),
            keys=names,
            tell=lambda fault: session.output.faults([fault]),
        )
        for found in comparison:
            _tell(session, found, items, names, reveal=reveal)
    counts = {
        "records_a": comparison.records[0],
        "records_b": comparison.records[1],
        "same": comparison.same,
        "different": comparison.different,
        "only_a": comparison.only_left,
        "only_b": comparison.only_right,
        "faults": comparison.faults,
    }
    session.output.object(counts)
    if comparison.faults:
        return _TROUBLE
    return _DIFFERENT if comparison.different or comparison.only_left or comparison.only_right else _SAME


def _key(given: str, items: Mapping[str, Known]) -> str:
    """The item's name as the layout writes it. Raises InputError CFG-006."""
    found = next((name for name in items if plain_name(name) == plain_name(given)), None)
    if found is None:
        raise InputError(Fault("CFG-006", Place(item=given)))
    return found


def _tell(
    session: Session, found: Difference, items: Mapping[str, Known], names: tuple[str, ...], *, reveal: bool
) -> None:
    def seen(name: str, *values: Cell) -> tuple[Cell, ...]:
        known = items.get(name) or items.get(name.rpartition("(")[0])
        return tuple(MASK for _ in values) if hidden(known, *values, reveal=reveal) else values

    key = {name: seen(name, value)[0] for name, value in zip(names, found.key, strict=True)}
    unlike = [(item.item, *seen(item.item, item.left, item.right)) for item in found.items]
    if session.output.as_json:
        differing = [{"item": name, "a": left, "b": right} for name, left, right in unlike]
        session.output.object({"a": found.left, "b": found.right, "key": key, "items": differing})
        return
    where = " ".join(f"{name}={cell_text(value)}" for name, value in key.items())
    click.secho(f"{_records(found)} {where}".rstrip(), bold=True)
    for name, left, right in unlike:
        click.echo(f"  {name}: {click.style(cell_text(left), fg='red')} → {click.style(cell_text(right), fg='green')}")


def _records(found: Difference) -> str:
    if found.right is None:
        return f"- A record {found.left:,}: not in B"
    if found.left is None:
        return f"+ B record {found.right:,}: not in A"
    return f"~ A record {found.left:,}, B record {found.right:,}"
