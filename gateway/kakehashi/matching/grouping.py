"""「名寄せ」 Records of several systems that share no number → persons, and pairs about which somebody is asked. Pure.

Two records are put together by themselves only where all four attributes agree, the written name among them, and
nobody else could be meant. Two that agree in three share a birthday and a name, a birthday and an address, or a name
and an address: these are the blocks, and no pair that agrees in three is outside of all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import NamedTuple

from kakehashi.matching.attribute import Attribute, Form
from kakehashi.matching.comparison import compare
from kakehashi.matching.likeness import Reason, reasons_of

__all__ = ["FROZEN", "MOST", "Group", "Grouped", "Pair", "Record", "across", "birth_of", "group", "place_keys", "union"]

MOST = 200
"""So many different descriptions in one block say nothing about each other (an address or birthday put in for all)."""


FROZEN = "~"
"""Stands for somebody about whom others have to decide first: put together with nobody."""


class Record(NamedTuple):
    """「業務側の個人」 A number of one system. `known`: the unified number for which it stands; "": none; FROZEN.

    `trace`: names how the person is described, and says nothing else.
    """

    system: int
    atena: str
    known: str
    trace: bytes
    form: Form


class Pair(NamedTuple):
    """「名寄せ候補」 Two groups, by position, and why nobody but a person can say whether they are one."""

    one: int
    other: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """「名寄せ結果」 Records that are one person's. `form`: what all of them say together."""

    records: tuple[Record, ...]
    form: Form

    @property
    def known(self) -> str:
        return max(record.known for record in self.records)

    @property
    def systems(self) -> int:
        """As bits."""
        return sum({1 << record.system for record in self.records})


@dataclass(slots=True)
class Grouped:
    """`common`: blocks that were too large to compare."""

    groups: list[Group] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    common: int = 0


def birth_of(form: Form) -> str:
    """The birthday as far as it is known; "": not at all. Records of different ones are never put together."""
    return next((f"{tag}{token}" for tag in "dmy" for token in form[tag]), "")


def union(forms: Iterable[Form]) -> Form:
    tokens: dict[str, frozenset[str]] = {}
    for form in forms:
        for tag, some in form.tokens.items():
            tokens[tag] = tokens.get(tag, frozenset()) | some
    return Form(tokens)


def group(records: Iterable[Record]) -> Grouped:
    """Group records of which all of one birthday are among them."""
    births: dict[str, list[Record]] = {}
    for record in records:
        births.setdefault(birth_of(record.form), []).append(record)
    result = Grouped()
    for birth in sorted(births):
        born = sorted(births[birth], key=lambda record: (record.system, record.atena))
        if birth:
            _Birthday(result, born).work()
        else:
            result.groups += [Group((record,), record.form) for record in born]
    return result


class _Birthday:
    """The records of one birthday. Equal descriptions are compared once: `shapes`."""

    def __init__(self, result: Grouped, records: Sequence[Record]) -> None:
        self._result = result
        shapes: dict[tuple[tuple[str, frozenset[str]], ...], list[Record]] = {}
        for record in records:
            shapes.setdefault(tuple(sorted(record.form.tokens.items(), key=lambda item: item[0])), []).append(record)
        self._records = list(shapes.values())
        self._forms = [some[0].form for some in self._records]
        self._together = list(range(len(self._forms)))
        self._groups: list[list[int]] = [[] for _ in self._forms]
        self._best: dict[tuple[int, int], tuple[Reason, ...]] = {}

    def work(self) -> None:
        near = []
        for one, other in sorted(self._candidates()):
            differ = compare(self._forms[one], self._forms[other]).differ
            reasons = reasons_of(self._forms[one], self._forms[other], differ)
            if not reasons:
                self._join(one, other)
            elif len(differ) <= 1:
                near.append((one, other, reasons))
        members: dict[int, list[int]] = {}
        for shape in range(len(self._forms)):
            members.setdefault(self._head(shape), []).append(shape)
        for some in members.values():
            self._put(some)
        for one, other, reasons in near:
            for mine in self._groups[one]:
                for theirs in self._groups[other]:
                    self._ask(mine, theirs, reasons)
        self._result.pairs += [Pair(*key, reasons) for key, reasons in sorted(self._best.items())]

    def _candidates(self) -> set[tuple[int, int]]:
        """Pairs of shapes that share a name, or the place."""
        blocks: dict[tuple[str, str], list[int]] = {}
        for shape, form in enumerate(self._forms):
            for tag in "nka":
                for token in form[tag]:
                    blocks.setdefault((tag, token), []).append(shape)
        self._result.common += sum(len(block) > MOST for block in blocks.values())
        return {pair for block in blocks.values() if len(block) <= MOST for pair in combinations(block, 2)}

    def _join(self, one: int, other: int) -> None:
        self._together[self._head(other)] = self._head(one)

    def _head(self, shape: int) -> int:
        while self._together[shape] != shape:
            self._together[shape] = shape = self._together[self._together[shape]]
        return shape

    def _put(self, shapes: Sequence[int]) -> None:
        """Shapes that agree in all four, through others perhaps: one person, if nobody else can be meant."""
        records = [(record, shape) for shape in shapes for record in self._records[shape]]
        form = union(self._forms[shape] for shape in shapes)
        known = {record.known for record, _ in records} - {""}
        clear = (
            len({record.system for record, _ in records}) == len(records)
            and len(known) <= 1
            and (FROZEN not in known or len(records) == 1)
            and len(form["p"]) <= 1
            and len(form["h"]) <= 1
            and (bool(form["n"]) or len(records) == 1)
        )
        if clear:
            self._add(tuple(sorted((record for record, _ in records), key=_place)), form, shapes)
            return
        reason = Reason.TWICE if form["n"] else Reason.KANA_ALONE
        parts = [self._add((record,), record.form, [shape]) for record, shape in sorted(records, key=_first_place)]
        if len(parts) > MOST:
            self._result.common += 1
            return
        for one, other in combinations(parts, 2):
            self._ask(one, other, (reason,))

    def _add(self, records: tuple[Record, ...], form: Form, shapes: Iterable[int]) -> int:
        at = len(self._result.groups)
        self._result.groups.append(Group(records, form))
        for shape in shapes:
            self._groups[shape].append(at)
        return at

    def _ask(self, one: int, other: int, reasons: tuple[Reason, ...]) -> None:
        """Where two groups have a number in one system each, that system says that they are two; but not of those
        that agree in all.
        """
        groups = self._result.groups
        if reasons != (Reason.TWICE,) and groups[one].systems & groups[other].systems:
            return
        key = (min(one, other), max(one, other))
        best = self._best.get(key)
        if best is None or (len(reasons), reasons) < (len(best), best):
            self._best[key] = reasons


def _place(record: Record) -> tuple[int, str]:
    return record.system, record.atena


def _first_place(pair: tuple[Record, int]) -> tuple[int, str]:
    return _place(pair[0])


def place_keys(form: Form) -> Iterator[str]:
    """The blocks of name, sex and address: who shares one may differ in the birthday alone."""
    for sex in form["s"]:
        for address in form["a"]:
            yield from (f"{name}/{sex}/{address}" for name in sorted(form["n"]))


def across(blocks: Mapping[str, Sequence[tuple[int, int, Form]]]) -> tuple[list[Pair], int]:
    """Pairs of groups, each (number, systems, form), that share a block of `place_keys` and differ in the birthday
    alone; and how many blocks were too large.
    """
    found: dict[tuple[int, int], Pair] = {}
    common = 0
    for block in blocks.values():
        if len(block) > MOST:
            common += 1
            continue
        for (one, mine, form), (other, theirs, its) in combinations(block, 2):
            if mine & theirs or one == other or compare(form, its).differ != (Attribute.BIRTH,):
                continue
            key = (min(one, other), max(one, other))
            found[key] = Pair(*key, reasons_of(form, its, (Attribute.BIRTH,)))
    return [found[key] for key in sorted(found)], common
