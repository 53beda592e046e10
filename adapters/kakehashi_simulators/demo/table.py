"""The live table: lane by lane what was received, sent, accepted, refused, and what waits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from kakehashi.cli.output import language
from kakehashi.cli.words import word
from kakehashi.ports.ledger import LaneCounts

__all__ = ["lane_table"]

_COLUMNS = ("received", "sent", "accepted", "refused", "waiting")


def lane_table(lanes: Mapping[str, str], counts: Iterable[LaneCounts], *, caption: str = "") -> Table:
    """`lanes`: lane → title, in the order of the table; a lane without files shows zeros."""
    chosen = language(None)
    known = {count.lane: count for count in counts}
    table = Table(
        title="Kakehashi 架け橋",
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        caption=caption,
        caption_justify="left",
    )
    table.add_column(word("lane", chosen), no_wrap=True)
    table.add_column("", no_wrap=True)
    for column in _COLUMNS:
        table.add_column(word(column, chosen), justify="right", no_wrap=True, min_width=len(column))
    total = [0] * len(_COLUMNS)
    for lane, title in lanes.items():
        numbers = _numbers(known.get(lane))
        total = [a + b for a, b in zip(total, numbers, strict=True)]
        table.add_row(lane, title.partition("(")[0], *(f"{number:,}" for number in numbers))
    table.add_section()
    table.add_row(word("total", chosen), "", *(f"{number:,}" for number in total), style="bold")
    return table


def _numbers(count: LaneCounts | None) -> Sequence[int]:
    return [getattr(count, column) if count else 0 for column in _COLUMNS]
