"""What of a record may be shown. Too much is hidden rather than too little: one timestamp in ten of twelve digits looks
like an individual number, too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from kakehashi.codec.inspection.span import OTHERS, Cell, Known, Privacy, Span
from kakehashi.domain.identifiers import has_individual_check_digit
from kakehashi.errors import Fault, InputError, Place

__all__ = ["Marks", "guarded", "is_number", "plain_name"]

_NAMES = re.compile("個人番号|マイナンバー|KOJIN_?BANGOU?|MY_?NUMBER|INDIVIDUAL_?NUMBER")
_BETWEEN = r"[\s‐-―−ー\-]?"
_GROUPS = _BETWEEN.join(["[0-9]{4}"] * 3)
_DIGITS = re.compile(rf"(?<![0-9])(?:0+([1-9][0-9]{{11}})|([0-9]{{12}})|({_GROUPS}))(?![0-9])")
"""Twelve digits, zeros before them, or groups of four."""
_PACKED = re.compile(r"(?<![0-9])([0-9]{12})(?![0-9])|0([0-9]{12})[cdf]")
"""Hexadecimal digits: twelve of them, or packed decimals with their sign."""
_FILL = re.compile(rb"[\x00\x20\x40\xff]{2,}")
"""Zeros, spaces, high values: what may stand around."""
_NOTHING = "0" * 12
_SHAKEN = frozenset({"DEC-002", "DEC-003", "DEC-009", "DEC-015", "DEC-016", "DEC-017", "DEC-019", "DEC-022", "DEC-030"})
"""After these nobody can tell which bytes are whose."""
_MANY = 3
"""Faults of one record after which it is as doubtful: bytes are missing before them, or it is another layout's."""


def plain_name(name: str) -> str:
    """Names are the same in the layout, in a copybook and in JSON lines."""
    return name.strip().upper().replace("-", "_")


class Marks:
    """Which items are sensitive: by the layout, by `declared` names, by what they are called."""

    def __init__(self, declared: Iterable[str] = ()) -> None:
        self._declared = {plain_name(name): name for name in declared}
        self._met: set[str] = set()

    def of(self, path: str, *, sensitive: bool = False) -> Privacy:
        """The privacy of an item; a group that was declared hides everything below it."""
        names = {plain_name(path), *map(plain_name, path.split("."))}
        met = names & self._declared.keys()
        self._met |= met
        if any(_NAMES.search(unicodedata.normalize("NFKC", name)) for name in names):
            return Privacy.NUMBER
        return Privacy.SENSITIVE if sensitive or met else Privacy.OPEN

    def check(self) -> None:
        """Raises InputError CFG-006 for a declared name that no item has: it would hide nothing."""
        for plain, name in self._declared.items():
            if plain not in self._met:
                raise InputError(Fault("CFG-006", Place(item=name)))


def is_number(*seen: Cell) -> bool:
    """Whether anything of this holds what looks like an individual number."""
    return any(_holds(each) for each in seen)


def _holds(value: Cell) -> bool:
    match value:
        case tuple():
            return any(map(_holds, value))
        case int() | Decimal():
            digits = format(abs(value), "f").partition(".")[0]
            return len(digits) in {11, 12} and _passes(digits.zfill(12))
        case str() if len(value) >= 12:
            plain = unicodedata.normalize("NFKC", value)
            return any(_passes(re.sub("[^0-9]", "", "".join(filter(None, found)))) for found in _DIGITS.findall(plain))
        case _:
            return False


def _passes(digits: str) -> bool:
    return digits != _NOTHING and has_individual_check_digit(digits)


def _packed(raw: bytes) -> bool:
    """Whether bytes of which nobody knows what they are hold one as packed decimals."""
    parts = _FILL.split(raw)
    return any(_passes(found[1] or found[2]) for part in parts for found in _PACKED.finditer(part.hex()))


def guarded(spans: Sequence[Span], items: Iterable[Known], faults: Iterable[Fault]) -> tuple[Span, ...]:
    """The spans with the privacy that their contents ask for, too, and that of others in the same bytes.

    Where lengths or types are wrong, or much is, items may stand in the bytes of others: all are as private as the
    most private.
    """
    least = Privacy.OPEN
    codes = [fault.code for fault in faults]
    if len(codes) >= _MANY or not _SHAKEN.isdisjoint(codes):
        least = max((item.privacy for item in items), default=Privacy.OPEN)
    found: list[Span] = []
    for run in _runs(spans):
        together = max(least, _found(run))
        found += [replace(span, privacy=max(together, span.privacy)) for span in run]
    private = [span for span in found if span.privacy > least]
    return tuple(replace(span, privacy=max(_shared(span, private), span.privacy)) for span in found)


def _shared(span: Span, private: Sequence[Span]) -> Privacy:
    """The greatest privacy in the same bytes: of items that redefine one another all show the same."""
    end = span.start + len(span.raw)
    return max(
        (other.privacy for other in private if other.start < end and span.start < other.start + len(other.raw)),
        default=Privacy.OPEN,
    )


def _runs(spans: Sequence[Span]) -> Iterator[list[Span]]:
    """Each item by itself; bytes of no item together with those that follow them, wherever they were cut."""
    run: list[Span] = []
    for span in spans:
        if run and not (span.name == run[-1].name == OTHERS):
            yield run
            run = []
        run.append(span)
    if run:
        yield run


def _found(run: Sequence[Span]) -> Privacy:
    unknown = run[0].name == OTHERS or run[0].fault is not None
    number = is_number(run[0].value, "".join(span.text for span in run))
    if number or (unknown and _packed(b"".join(span.raw for span in run))):
        return Privacy.NUMBER
    return Privacy.OPEN
