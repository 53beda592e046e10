"""What a file holds, item by item: ranges, blanks, codes. Memory does not grow with the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal

from kakehashi.codec.inspection.span import Cell, Chunk, Known, Privacy
from kakehashi.domain.japanese_date import HistoricDate

__all__ = ["MOST_CODES", "ItemProfile", "Profile"]

_CODE_WIDTH = 4
MOST_CODES = 64
_MOST_UNREAD = 1000


class ItemProfile:
    """One item over all records. `least` and `greatest`: of numbers, digits and dates; `shortest` and `longest`:
    characters of text. `codes`: how often each value comes, for items of at most four bytes; `many`: there are more
    than 64 of them, too many for codes. `unread`: codes that are no characters. `other`: codes left out of it.
    """

    def __init__(self, known: Known) -> None:
        self.known = known
        self.values = 0
        self.blanks = 0
        self.shortest: int | None = None
        self.longest: int | None = None
        self.least: Cell = None
        self.greatest: Cell = None
        self.codes: Counter[str] = Counter()
        self.many = False
        self.coded = known.width <= _CODE_WIDTH and known.privacy is Privacy.OPEN
        self.unread: Counter[bytes] = Counter()
        self.other = 0

    def add(self, column: Iterable[Cell]) -> None:
        """The item's values in some records. Equal ones are looked at once."""
        counts = Counter(column)
        if any(isinstance(value, tuple) for value in counts):
            counts = Counter(_flat(counts.elements()))
        blank = [value for value in counts if value is None or (isinstance(value, str) and not value.strip())]
        self.blanks += sum(counts.pop(value) for value in blank)
        if not counts:
            return
        self.values += counts.total()
        texts = [value for value in counts if isinstance(value, str)]
        if self.known.text:
            self._lengths(texts)
        else:
            self._range(texts, _digits)
        if len(texts) < len(counts):
            self._range([value for value in counts if isinstance(value, int | float | Decimal)], lambda number: number)
            self._range([value for value in counts if isinstance(value, HistoricDate) and not value.mark], _day)
        if self.coded and not self.many:
            self._count(counts)

    def _lengths(self, texts: Sequence[str]) -> None:
        if texts:
            lengths = list(map(len, texts))
            shortest, longest = min(lengths), max(lengths)
            self.shortest = shortest if self.shortest is None else min(self.shortest, shortest)
            self.longest = longest if self.longest is None else max(self.longest, longest)

    def _range(self, values: Sequence[Cell], key: Callable[[Cell], object]) -> None:
        if values:
            known = [each for each in (self.least, self.greatest) if each is not None and _alike(each, values[0])]
            self.least = min((*known, *values), key=key)  # type: ignore[arg-type]  # keys of one kind
            self.greatest = max((*known, *values), key=key)  # type: ignore[arg-type]  # keys of one kind

    def _count(self, counts: Counter[Cell]) -> None:
        for value, count in counts.items():
            self.codes[value if isinstance(value, str) else _written(value)] += count
        if len(self.codes) > MOST_CODES:
            self.many = True
            self.codes.clear()

    def add_unread(self, code: bytes) -> None:
        """A code that is no character."""
        if code in self.unread or len(self.unread) < _MOST_UNREAD:
            self.unread[code] += 1
        else:
            self.other += 1


class Profile:
    """One file. `faults`: how many of each code, those of the file as a whole included."""

    def __init__(self, items: Sequence[Known]) -> None:
        self.items = {known.name: ItemProfile(known) for known in items}
        self.records = 0
        self.refused = 0
        self.faults: Counter[str] = Counter()

    def add(self, chunk: Chunk) -> None:
        rows = [row for row in chunk.rows if row is not None]
        self.records += len(chunk.rows)
        self.refused += len(chunk.rows) - len(rows)
        self.faults.update(fault.code for fault in chunk.faults)
        for name, item in self.items.items():
            item.add([row[name] for row in rows if name in row])
        for name, code in chunk.unread:
            if name in self.items:
                self.items[name].add_unread(code)


def _flat(column: Iterable[Cell]) -> Iterator[Cell]:
    for value in column:
        if isinstance(value, tuple):
            yield from _flat(value)
        else:
            yield value


def _alike(one: Cell, other: Cell) -> bool:
    numbers = (int, float, Decimal)
    return type(one) is type(other) or (isinstance(one, numbers) and isinstance(other, numbers))


def _digits(value: Cell) -> tuple[int, str]:
    """Digits kept as text in the order of their numbers."""
    plain = str(value).lstrip("0")
    return len(plain), plain


def _day(value: Cell) -> tuple[int, int, int]:
    assert isinstance(value, HistoricDate)
    return value.year, value.month or 0, value.day or 0


def _written(value: Cell) -> str:
    return value.iso() if isinstance(value, HistoricDate) else str(value)
