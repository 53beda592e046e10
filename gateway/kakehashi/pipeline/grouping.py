"""「名寄せ」 The extracts of systems that share no number → persons with one 団体内統合宛名番号 each (class ③).

Linked without asking is only who agrees in all four attributes with somebody who cannot be taken for anybody else. Run
again with the same or newer extracts it finds done what was done; who was killed begins again and does so too.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from kakehashi.codec.layout import Value
from kakehashi.config.model import AttributePlan, LinkPlan
from kakehashi.errors import Fault
from kakehashi.matching.attribute import Form
from kakehashi.matching.grouping import FROZEN, Group, Pair, Record, across, birth_of, group, place_keys
from kakehashi.matching.likeness import person_form
from kakehashi.pipeline.doubts import Doubts, packed_group
from kakehashi.pipeline.identify import numbered
from kakehashi.pipeline.linking import attributes_of
from kakehashi.pipeline.packing import (
    DIGEST,
    entries_in,
    form_in,
    packed_entry,
    packed_form,
    packed_record,
    records_in,
)
from kakehashi.pipeline.standing import Found, Standing
from kakehashi.ports.links import LinkStore
from kakehashi.ports.scratch import Scratch
from kakehashi.ports.sealer import Sealer

__all__ = ["Grouping"]

_FREQUENT: Final = 100_000
_NUMBERS: Final = 64
"""In how many parts numbers are searched for those that came twice."""
_DIGITS: Final = 7
"""Bytes of a 宛名番号: 15 digits."""


@dataclass(slots=True)
class _Tokens:
    """Keyed by a secret that no other run has, and that is written nowhere."""

    secret: bytes = field(default_factory=lambda: os.urandom(32))
    _known: dict[str, str] = field(default_factory=dict)

    def __call__(self, token: str) -> str:
        found = self._known.get(token)
        if found is None:
            found = hashlib.blake2b(token.encode(), key=self.secret, digest_size=DIGEST).digest().decode("latin-1")
            if len(self._known) >= _FREQUENT:
                self._known.clear()
            self._known[token] = found
        return found


@dataclass(slots=True, kw_only=True)
class Grouping:
    """「名寄せ処理」 One run: `read` all extracts, then `work` once. Not thread-safe.

    `piles`: in how many parts the records are compared, each in memory as a whole. `dry`: nothing is written.
    """

    links: LinkStore
    sealer: Sealer
    scratch: Scratch
    now: datetime
    piles: int = 64
    dry: bool = False
    found: Found = field(default_factory=Found)
    _systems: list[str] = field(default_factory=list)
    _tokens: _Tokens = field(default_factory=_Tokens)
    _plans: list[LinkPlan] = field(default_factory=list)

    def read(self, rows: Iterable[tuple[int, tuple[Value, ...]]], plan: LinkPlan) -> list[tuple[int, Fault]]:
        """(position, row) pairs of a LINK route with attributes. Returns the faults by position.

        Systems that are read first say who is who: others are asked about against theirs.
        """
        assert plan.attributes is not None
        if plan not in self._plans:
            self._plans.append(plan)
        faults: list[tuple[int, Fault]] = []
        read: dict[str, list[tuple[str, tuple[Value, ...]]]] = {}
        for position, row in rows:
            named = numbered(row, plan)
            if isinstance(named, Fault):
                faults.append((position, named))
            elif named is not None:
                read.setdefault(named[0], []).append((named[1], row))
        for system, theirs in read.items():
            self._read(system, theirs, plan.attributes)
        self.found.faults.update(fault.code for _, fault in faults)
        return faults

    def _read(self, system: str, rows: list[tuple[str, tuple[Value, ...]]], plan: AttributePlan) -> None:
        if system not in self._systems:
            self._systems.append(system)
        at, count = self._systems.index(system), self.found.of(system)
        numbers = [atena for atena, _ in rows]
        known = self.links.resolve(system, numbers)
        frozen = {*self.links.unresolved(system, numbers), *self.links.held_links(system, numbers)}
        for atena, row in rows:
            count.records += 1
            count.frozen += atena in frozen
            stands = FROZEN if atena in frozen else known.get(atena, "")
            plain = person_form(attributes_of(row, plan), plan.spelling)
            said = "/".join(f"{tag}{token}" for tag in sorted(plain.tokens) for token in sorted(plain[tag]))
            form = plain.digested(self._tokens)
            self.scratch.add(f"numbers-{int(atena) % _NUMBERS}", bytes([at]) + int(atena).to_bytes(_DIGITS))
            record = Record(at, atena, stands, self.sealer.digest(said)[:DIGEST], form)
            self.scratch.add(f"born-{self._part(birth_of(form) or atena)}", packed_record(record))

    def _part(self, text: str) -> int:
        return _hash_of(text) % self.piles

    def work(self) -> Found:
        """Compare, link, number and ask. Raises StoreError; done again it goes on."""
        doubts = Doubts(self.scratch, self.piles)
        self._compare(doubts)
        self._across(doubts)
        doubts.sort()
        standing = Standing(
            links=self.links, sealer=self.sealer, systems=self._systems, plans=self._plans, now=self.now,
            dry=self.dry, found=self.found,
        )  # fmt: skip
        standing.link_all(self._clear(doubts))
        for groups, pairs in doubts.parts():
            standing.settle(groups, pairs)
        return self.found

    def _compare(self, doubts: Doubts) -> None:
        """All records of one birthday at a time; what they are grouped to goes back to the scratch, in order."""
        first, repeated = 0, self._repeated()
        self.found.repeated = len(repeated)
        for part in range(self.piles):
            records = records_in(self.scratch.take(f"born-{part}"), {})
            told = (r._replace(known=FROZEN) if (r.system, r.atena) in repeated else r for r in records)
            some = group(told)
            self.found.common += some.common
            doubts.add(Pair(one + first, other + first, reasons) for one, other, reasons in some.pairs)
            for number, each in enumerate(some.groups, start=first):
                self._put(part, number, each)
            first += len(some.groups)

    def _repeated(self) -> frozenset[tuple[int, str]]:
        """Whoever stands in an extract twice is linked with nobody: nobody knows which row is right."""
        found: set[tuple[int, str]] = set()
        for part in range(_NUMBERS):
            data, size = self.scratch.take(f"numbers-{part}"), _DIGITS + 1
            counts = Counter(data[at : at + size] for at in range(0, len(data), size))
            found |= {(raw[0], f"{int.from_bytes(raw[1:]):015}") for raw, count in counts.items() if count > 1}
        return frozenset(found)

    def _put(self, part: int, number: int, each: Group) -> None:
        self.scratch.add(f"groups-{part}", packed_group(each))
        form = packed_form(each.form)
        for key in place_keys(each.form):
            digest = hashlib.blake2b(key.encode(), digest_size=DIGEST).digest()
            entry = packed_entry(number, each.systems, digest, form)
            self.scratch.add(f"places-{int.from_bytes(digest) % self.piles}", entry)

    def _across(self, doubts: Doubts) -> None:
        """Those who differ in the birthday alone were in different parts."""
        for part in range(self.piles):
            data = self.scratch.take(f"places-{part}")
            several = {key for key, count in Counter(key for key, *_ in entries_in(data)).items() if count > 1}
            blocks: dict[str, list[tuple[int, int, Form]]] = {}
            for key, number, systems, form in entries_in(data):
                if key in several:
                    blocks.setdefault(key.hex(), []).append((number, systems, form_in(form)))
            some, common = across(blocks)
            doubts.add(some)
            self.found.common += common

    def _clear(self, doubts: Doubts) -> Iterator[Group]:
        """All again, in the order of their numbers, but for those in doubt."""
        number = 0
        for part in range(self.piles):
            data, at = self.scratch.take(f"groups-{part}"), 0
            while at < len(data):
                end = at + 4 + int.from_bytes(data[at : at + 4])
                if not doubts.keep(number, data[at:end]):
                    records = tuple(records_in(data[at + 4 : end], {}))
                    yield Group(records, records[0].form)
                number, at = number + 1, end


def _hash_of(text: str) -> int:
    """The same in every process."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest())
