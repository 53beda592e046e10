"""The characters of the memory store: what did not go through as it was. One thread at a time, as its ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from kakehashi.domain.character import CharacterTrouble
from kakehashi.ports.ledger import BatchRow, CharacterCount, CharacterRow, ExceptionRow, NewCharacter
from kakehashi.ports.store_rules import is_held

__all__ = ["MemoryCharacters", "counted"]

_Key = tuple[int, int, str, str, str]


class MemoryCharacters:
    """One row a batch, record, item, kind of trouble and source; the first one stays."""

    def __init__(self) -> None:
        self._rows: dict[_Key, tuple[NewCharacter, datetime]] = {}

    def add(self, batch_id: int, characters: Iterable[NewCharacter], now: datetime) -> None:
        for new in characters:
            key = (batch_id, new.record_no, new.item, new.trouble.value, new.source)
            self._rows.setdefault(key, (new, now))

    def forget(self, batch_id: int, troubles: Sequence[CharacterTrouble]) -> None:
        for key in [key for key in self._rows if key[0] == batch_id and key[3] in troubles]:
            del self._rows[key]

    def rows(
        self, batch_of: Callable[[int], BatchRow], exception_of: Callable[[int, int], ExceptionRow | None]
    ) -> Iterator[CharacterRow]:
        for (batch_id, record_no, *_), (new, seen_at) in sorted(self._rows.items(), key=lambda row: row[0]):
            batch, exception = batch_of(batch_id), exception_of(batch_id, record_no)
            yield CharacterRow(
                lane=batch.lane,
                file_id=batch.file_id,
                batch_id=batch_id,
                record_no=record_no,
                item=new.item,
                trouble=new.trouble,
                source=new.source,
                target=new.target,
                offset=new.offset,
                times=new.times,
                seen_at=seen_at,
                exception_id=exception.id if exception else None,
                state=exception.state if exception else None,
            )


def counted(rows: Iterable[CharacterRow]) -> list[CharacterCount]:
    """Grouped by lane, trouble, source and target."""
    groups: dict[tuple[str, CharacterTrouble, str, str | None], list[CharacterRow]] = {}
    for row in rows:
        groups.setdefault((row.lane, row.trouble, row.source, row.target), []).append(row)
    found = [
        CharacterCount(
            *key,
            times=sum(row.times for row in group),
            records=len({(row.batch_id, row.record_no) for row in group}),
            held=len({(row.batch_id, row.record_no) for row in group if is_held(row)}),
            first=min(row.seen_at for row in group),
            last=max(row.seen_at for row in group),
        )
        for key, group in groups.items()
    ]
    return sorted(found, key=lambda c: (c.trouble.value, -c.times, c.lane, c.source, c.target or ""))
