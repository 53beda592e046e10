"""decode --stats: what a file holds, item by item, without showing whose it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kakehashi.cli.context import FAULTS, Session
from kakehashi.cli.inspector import LayoutChoice, open_inspector, watched
from kakehashi.cli.shown import MASK, cell_text, hidden
from kakehashi.codec.inspection.profile import MOST_CODES, ItemProfile, Profile
from kakehashi.codec.inspection.span import Cell, Privacy

__all__ = ["stats"]

_FREQUENT = 8
_COLUMNS = ("item", "type", "values", "blank", "least", "greatest", "lengths", "distinct", "codes", "unmapped")


def stats(session: Session, choice: LayoutChoice, data: Path) -> int:
    """Reads the whole file. Exit code 1 when it has faults."""
    inspector = open_inspector(choice)
    profile = Profile(inspector.items)
    with watched(data, passes=inspector.passes) as (stream,):
        for chunk in inspector.chunks(stream, file=data.name):
            profile.add(chunk)
    items = [item for item in profile.items.values() if item.values or item.blanks or item.unread]
    head: dict[str, object] = {
        "file": data.name,
        "bytes": data.stat().st_size,
        "records": profile.records,
        "refused": profile.refused,
    }
    if session.output.as_json:
        session.output.object({**head, "faults": dict(profile.faults.most_common())})
        for item in items:
            session.output.object(_object(item))
        return FAULTS if profile.faults else 0
    session.output.object(head)
    session.output.rows("", _COLUMNS, (_row(item) for item in items))
    if profile.faults:
        rows = ((code, count, session.meaning(code)) for code, count in profile.faults.most_common())
        session.output.rows("", ("fault", "count", "meaning"), rows)
    return FAULTS if profile.faults else 0


def _object(item: ItemProfile) -> dict[str, object]:
    sensitive = item.known.privacy is not Privacy.OPEN
    distinct = len(item.codes) if item.coded and not item.many else None
    codes = {} if sensitive else {_code(item, text): count for text, count in item.codes.most_common()}
    return {
        "item": item.known.name,
        "type": item.known.form,
        "sensitive": sensitive,
        "values": item.values,
        "blank": item.blanks,
        "least": _extreme(item, item.least),
        "greatest": _extreme(item, item.greatest),
        "shortest": item.shortest,
        "longest": item.longest,
        "distinct": distinct,
        "codes": codes,
        "unmapped": dict(_unmapped(item)),
    }


def _extreme(item: ItemProfile, value: Cell) -> Cell:
    """Never a value of a sensitive item, asked for or not."""
    if value is None:
        return None
    return MASK if hidden(item.known, value, reveal=False) else value


def _code(item: ItemProfile, text: str) -> str:
    return MASK if hidden(item.known, text, reveal=False) else text


def _unmapped(item: ItemProfile) -> Iterator[tuple[str, int]]:
    """Codes in hexadecimal with counts, the most frequent first; of a sensitive item all under one mask."""
    if item.known.privacy is not Privacy.OPEN:
        total = item.unread.total() + item.other
        if total:
            yield MASK, total
        return
    for code, count in item.unread.most_common():
        yield code.hex().upper(), count
    if item.other:
        yield "others", item.other


def _row(item: ItemProfile) -> tuple[str | int | None, ...]:
    lengths = "" if item.shortest is None else f"{item.shortest}-{item.longest}"
    frequent = item.codes.most_common(_FREQUENT)
    distinct = f">{MOST_CODES}" if item.many else len(item.codes) if item.codes else ""
    return (
        item.known.name,
        item.known.form,
        item.values,
        item.blanks,
        _text(_extreme(item, item.least)),
        _text(_extreme(item, item.greatest)),
        lengths,
        distinct,
        _listed([(_code(item, text), count) for text, count in frequent], len(item.codes)),
        _listed(list(_unmapped(item))[:_FREQUENT], len(item.unread)),
    )


def _text(value: Cell) -> str:
    return "" if value is None else cell_text(value)


def _listed(counts: list[tuple[str, int]], of: int) -> str:
    """`1:20 2:5 …`"""
    text = " ".join(f"{name}:{count:,}" for name, count in counts)
    return f"{text} …" if of > len(counts) else text
