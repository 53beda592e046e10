"""received = accepted + refused + waiting: each figure from its own rows, all in one statement and so at one moment."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any, Final

from sqlalchemy import CompoundSelect, Connection, Select, case, func, literal, null, select, text, union_all

from kakehashi.ports.ledger import LaneCounts
from kakehashi_adapters.sql_store.moment import from_store
from kakehashi_adapters.sql_store.tables import ENDED, UNENDED, batches, exceptions, files

__all__ = ["counts"]

_FIGURES: Final = ("files", "received", "sent", "accepted", "refused", "waiting")


def _bare(state: str) -> Any:
    """The records of files in a state that no batch carries."""
    return func.sum(case(((files.c.state == state) & (files.c.batches == 0), files.c.records), else_=0))


def _part(lane: Any, **figures: Any) -> Select[Any]:
    oldest = figures.pop("oldest", null())
    return select(lane, *(figures.get(name, literal(0)).label(name) for name in _FIGURES), oldest.label("oldest"))


def _query() -> CompoundSelect[Any]:
    e = exceptions.c
    bare_held = (files.c.state == "held") & (files.c.batches == 0)
    from_files = _part(
        files.c.lane,
        files=func.count(),
        received=func.sum(files.c.records),
        refused=_bare("refused"),
        waiting=_bare("held"),
        oldest=func.min(case((bare_held, files.c.id))),
    ).group_by(files.c.lane)
    gone = e.state.in_(["refused", "discarded"])
    waits = e.state.in_(["waiting", "parked"])
    from_exceptions = _part(
        e.lane,
        sent=func.count(e.server_code),  # what the server judged went out; what has no code of its was refused here
        refused=func.sum(case((gone, 1), else_=0)),
        waiting=func.sum(case((waits, 1), else_=0)),
        oldest=func.min(case((waits, e.file_id))),
    ).group_by(e.lane)
    return union_all(from_files, _from_batches(), from_exceptions)


def _from_batches() -> Select[Any]:
    """In two steps, so that a million rows are only added up, and their states compared once for each state."""
    b = batches.c
    by_state = (
        select(
            b.lane,
            b.state,
            func.sum(case((b.messages > 0, b.records - b.excepted), else_=0)).label("sent"),
            func.sum(b.accepted).label("accepted"),
            (func.sum(b.records) - func.sum(b.excepted)).label("rest"),
            func.min(b.file_id).label("oldest"),
        )
        .group_by(b.lane, b.state)
        .subquery("by_state")
    )
    s = by_state.c
    return _part(
        s.lane,
        sent=func.sum(s.sent),
        accepted=func.sum(s.accepted),
        refused=func.sum(case((s.state == "discarded", s.rest), else_=0)),
        waiting=func.sum(case((text(ENDED), 0), else_=s.rest)),
        oldest=func.min(case((text(UNENDED), s.oldest))),
    ).group_by(s.lane)


_QUERY: Final = _query()


def counts(connection: Connection) -> list[LaneCounts]:
    sums: dict[str, list[int]] = defaultdict(lambda: [0] * len(_FIGURES))
    oldest: dict[str, int] = {}
    for lane, *figures, file_id in connection.execute(_QUERY):
        sums[lane] = [total + int(figure) for total, figure in zip(sums[lane], figures, strict=True)]
        if file_id is not None:
            oldest[lane] = min(oldest.get(lane, file_id), file_id)
    since = _received_at(connection, list(oldest.values())) if oldest else {}
    return [
        LaneCounts(
            lane=lane,
            **dict(zip(_FIGURES, sums[lane], strict=True)),
            oldest_waiting=since[oldest[lane]] if lane in oldest else None,
        )
        for lane in sorted(sums)
    ]


def _received_at(connection: Connection, file_ids: list[int]) -> dict[int, datetime]:
    query = select(files.c.id, files.c.received_at).where(files.c.id.in_(file_ids))
    return {file_id: from_store(at) for file_id, at in connection.execute(query)}
