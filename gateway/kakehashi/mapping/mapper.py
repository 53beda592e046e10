"""「写像」 What a compiled mapping does with a batch: the straight line for what is plain, the careful way else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import starmap
from typing import NamedTuple
from xml.sax.saxutils import escape

from kakehashi.errors import Fault, InputError, Place
from kakehashi.mapping.repertoire import Repertoire, Substitution, is_plain
from kakehashi.mapping.step import Value, refusal

__all__ = ["Explained", "Lineage", "Loss", "Mapped", "Mapper", "Row", "Target"]

Row = tuple[Value, ...]
_UNREADABLE = (ValueError, TypeError, ArithmeticError, LookupError, AttributeError)


class Loss(NamedTuple):
    """「縮退記録」 A character of an item that was replaced by its declared substitute, and how often."""

    item: str
    character: str
    substitute: str
    times: int


class Mapped(NamedTuple):
    """「変換済みレコード」 One record of a message. `content`: an escaped fragment, items in the standard's order."""

    unit: str
    valid_from: str
    valid_to: str
    non_disclosure: str
    auto_response_blocked: str
    operation: str
    content: str
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """「来歴」 Which rule makes a target: for `translate --explain`."""

    target: str
    sources: tuple[str, ...]
    converters: tuple[str, ...]
    literal: str | None = None
    table: str | None = None
    absent: str | None = None
    line: int = 0


class Explained(NamedTuple):
    """What a target became: its text (several: a repeating item), or None and why."""

    target: str
    text: str | tuple[str, ...] | None
    absent: str | None
    fault: Fault | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A target with its compiled rule. `when_none`: what stands for no value; None: the record is refused (MAP-003).

    `follows`: it has the rule of another target, which speaks of the faults.
    """

    name: str
    sources: tuple[str, ...]
    compute: Callable[[Row], str | tuple[str, ...] | None] = field(repr=False)
    when_none: str | None
    occurs: int = 1
    absent: str | None = None
    follows: bool = False


Run = Callable[
    [Sequence[Row | None], list[Mapped | None], list[str], list[int], type[Mapped]],
    None,
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapper:
    """Compiled once from a mapping table; thread-safe. `person_field`: index of the source of @person in a row."""

    person_field: int
    lineage: tuple[Lineage, ...]
    controls: tuple[Target, ...]
    items: tuple[Target, ...]
    repertoire: Repertoire
    run: Run = field(repr=False)

    def map(self, rows: Sequence[Row | None], *, numbers: Sequence[int]) -> tuple[list[Mapped | None], list[Fault]]:
        """Aligned with `rows`: None for a row that was None, or that a fault (record = its number) refuses."""
        mapped: list[Mapped | None] = []
        texts: list[str] = []
        doubtful: list[int] = []
        self.run(rows, mapped, texts, doubtful, Mapped)
        if not is_plain(" ".join(texts)):
            doubtful += self._mend(mapped, texts)
        faults: list[Fault] = []
        for index in sorted(doubtful):
            row = rows[index]
            assert row is not None
            mapped[index], wrong = self.map_carefully(row, number=numbers[index])
            faults += wrong
        return mapped, faults

    def _mend(self, mapped: list[Mapped | None], texts: Sequence[str]) -> list[int]:
        """Substitutes where substitutes are all that is needed; returns what must be done carefully."""
        left = []
        for index, text in enumerate(texts):
            if is_plain(text):
                continue
            record = mapped[index]
            assert record is not None
            mended = self.repertoire.mend(record.content, text) if is_plain(record.unit) else None
            if mended is None:
                left.append(index)
            else:
                content, losses = mended
                mapped[index] = record._replace(content=content, losses=tuple(starmap(Loss, losses)))
        return left

    def map_carefully(self, row: Row, *, number: int) -> tuple[Mapped | None, list[Fault]]:
        """One record, target by target: every fault of it, escapes, declared substitutes."""
        faults: list[Fault] = []
        losses: list[Loss] = []

        def outcome(target: Target) -> str:
            try:
                fragment, lost = self._fragment(target, row)
            except InputError as error:
                if not target.follows:
                    faults.append(_placed(error.fault, target, number))
                return ""
            losses.extend(Loss(target.name, *change, times) for change, times in Counter(lost).items())
            return fragment

        controls = [outcome(target) for target in self.controls] or [""] * 6
        content = "" if controls[5] == "delete" else "".join(outcome(target) for target in self.items)
        if faults:
            return None, faults
        unit, valid_from, valid_to, non_disclosure, blocked, operation = controls
        return Mapped(unit, valid_from, valid_to, non_disclosure, blocked, operation, content, tuple(losses)), []

    def explain(self, row: Row) -> tuple[Explained, ...]:
        """Every target of one record with its text or its fault, unescaped."""
        explained = []
        for target in (*self.controls, *self.items):
            try:
                value = _compute(target, row)
                fault = None if value is not None or target.when_none is not None else _missing(target)
            except InputError as error:
                value, fault = None, _placed(error.fault, target, None)
            absent = target.absent if value is None else None
            explained.append(Explained(target.name, value, absent, fault))
        return tuple(explained)

    def _fragment(self, target: Target, row: Row) -> tuple[str, list[Substitution]]:
        value = _compute(target, row)
        if value is None:
            if target.when_none is None:
                raise refusal("MAP-003")
            return target.when_none, []
        texts = value if isinstance(value, tuple) else (value,)
        if len(texts) > target.occurs:
            raise refusal("MAP-001", most=target.occurs)
        admitted = [self.repertoire.admit(text) for text in texts]
        lost = [change for _, changes in admitted for change in changes]
        if target.name.startswith("@"):
            return admitted[0][0], lost
        name = target.name
        return "".join(f"<{name}>{escape(text)}</{name}>" for text, _ in admitted), lost


def _compute(target: Target, row: Row) -> str | tuple[str, ...] | None:
    try:
        return target.compute(row)
    except _UNREADABLE:
        raise refusal("MAP-001") from None


def _missing(target: Target) -> Fault:
    return Fault("MAP-003", Place(item=target.name), {"source": "; ".join(target.sources)})


def _placed(fault: Fault, target: Target, number: int | None) -> Fault:
    """A converter's fault, told as the mapping's: where, and from which source items."""
    code = fault.code if fault.code.startswith("MAP-") else "MAP-001"
    facts = {"source": "; ".join(target.sources), **fault.facts} if target.sources else dict(fault.facts)
    return Fault(code, Place(record=number, item=target.name), facts)
