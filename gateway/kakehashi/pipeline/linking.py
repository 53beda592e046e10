"""「紐付け」 Claims of an extract → links: compared with the registry, then linked, ended or released."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TypeAlias

from kakehashi.codec.layout import Value
from kakehashi.config.model import AttributePlan, LinkPlan
from kakehashi.domain.batch import letters
from kakehashi.domain.japanese_date import HistoricDate
from kakehashi.domain.link import LIFE, LINKING, Conflict, LifeEvent, LinkEvent, Note
from kakehashi.errors import Fault
from kakehashi.matching.attribute import Attribute, Attributes, Form, form_of
from kakehashi.matching.comparison import Comparison, Verdict, compare
from kakehashi.pipeline.identify import Claim, claims_of, unlinked_name, with_persons
from kakehashi.pipeline.noticing import note_changes, plain_attributes
from kakehashi.ports.link_rules import day_of
from kakehashi.ports.links import ExtractLinks
from kakehashi.ports.matches import HeldForm, NewReview, Reference
from kakehashi.ports.sealer import Sealer

__all__ = ["Linking", "Registered", "address_context", "attributes_of", "claim_digest", "digested"]

Registered: TypeAlias = Callable[[Sequence[tuple[str, LinkEvent]]], None]
"""Hears of the persons of rows that were taken, where their 個人番号 is known or they are gone."""

_REGISTRY = Note("extract", "event of the registry")
_ENDING = frozenset({LinkEvent.MOVED_OUT, LinkEvent.DIED, LinkEvent.RELEASED})
_RESIDENT = Note("extract", "moved in, under another number")


def address_context(unified: str) -> str:
    """What sealed address data are bound to."""
    return f"address/{unified}"


def digested(sealer: Sealer, form: Form, unified: str, digest_id: str) -> Form:
    """The form as keyed digests of one person: equal ones of two persons cannot be told from others."""
    return form.digested(lambda token: letters(sealer.digest(f"{unified}/{token}", key_id=digest_id)[:8]))


def claim_digest(sealer: Sealer, system: str, atena: str, form: Form, reference: Reference) -> bytes:
    """A decision answers this claim and no other: as soon as either side describes the person otherwise, it is void."""
    told = (system, atena, reference.unified, form.to_bytes().hex(), reference.form.hex())
    return sealer.digest("/".join(told), key_id=reference.digest_id)


@dataclass(frozen=True, slots=True)
class _Judged:
    """A claim that was compared: what differs, how it is asked about, and how its system describes the person."""

    claim: Claim
    form: Form
    digest_id: str
    comparison: Comparison
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Linking:
    """Works on the rows of one LINK route. Thread-safe as its link store is.

    `holding`: the day of enforcement has not come, `links` hold the 個人番号 and nothing hears of them.
    """

    links: ExtractLinks
    sealer: Sealer
    plan: LinkPlan
    registered: Registered = lambda _: None
    holding: bool = False

    def extract(
        self, rows: Iterable[tuple[int, tuple[Value, ...]]], *, now: datetime, batch_id: int, numbers: Sequence[int]
    ) -> list[tuple[int, Fault]]:
        """Link, end and release what (position, row) pairs say; the faults by position. `numbers`: of the records, by
        position.

        May be repeated: what was done is found done. IDN-007 waits for a person, all others are refused.
        """
        taken = list(rows)
        claims, faults = claims_of(self.sealer, taken, self.plan, now=now)
        claims, lost = with_persons(self.links, claims, self.plan, issue=self.plan.makes_persons, now=now)
        faults += lost
        judged: dict[int, _Judged] = {}
        if self.plan.attributes is not None:
            compared = self._compare(claims, dict(taken), self.plan.attributes)
            judged = compared.judged
            faults += compared.faults
            self._ask(compared, batch_id=batch_id, numbers=numbers, now=now)
            self._freeze(compared, now=now)
            refused = {position for position, _ in compared.faults}
            claims = [claim for claim in claims if claim.position not in refused]
        faults += self._perform(claims, now=now)
        failed = {position for position, _ in faults}
        good = [claim for claim in claims if claim.position not in failed and claim.event in LINKING]
        self._describe(good, judged, dict(taken), now=now)
        self._note_events([claim for claim in good if claim.event in LIFE], now=now)
        if self.plan.makes_persons and self.plan.tells:
            self._note_changes([c for c in claims if c.position not in failed], dict(taken), batch_id=batch_id, now=now)
        heard = [c for c in claims if c.position not in failed and (self._counts(c) or c.event in _ENDING)]
        self.registered([(claim.unified, claim.event) for claim in heard])
        return faults

    def mismatches(self, rows: Iterable[tuple[int, tuple[Value, ...]]], *, now: datetime) -> int:
        """How many of these rows do not agree with what is known: nothing is written, no number issued."""
        taken = list(rows)
        claims, _ = claims_of(self.sealer, taken, self.plan, now=now)
        claims, lost = with_persons(self.links, claims, self.plan, issue=False, now=now)
        compared = _Compared()
        if self.plan.attributes is not None:
            compared = self._compare(claims, dict(taken), self.plan.attributes)
            compared.faults += lost if not self.plan.makes_persons else []
        refused = {position for position, _ in compared.faults}
        linking = [c.row() for c in claims if c.position not in refused and c.event in LINKING]
        return len(refused) + self.links.contradictions(linking, now=now)

    def _counts(self, claim: Claim) -> bool:
        """Whether it has a 個人番号 that has an effect."""
        return claim.number is not None and not self.holding

    def _compare(
        self, claims: Sequence[Claim], rows: Mapping[int, tuple[Value, ...]], plan: AttributePlan
    ) -> _Compared:
        compared = _Compared()
        claims = [claim for claim in claims if claim.event in LINKING]
        references = self.links.references([claim.unified for claim in claims])
        for claim in claims:
            reference = references.get(claim.unified)
            if reference is None or reference.digest_id not in self.sealer.digest_ids:
                if not plan.reference:
                    compared.faults.append((claim.position, Fault("IDN-009")))
                continue
            form = form_of(attributes_of(rows[claim.position], plan), plan.spelling)
            form = digested(self.sealer, form, claim.unified, reference.digest_id)
            comparison = compare(form, Form.from_bytes(reference.form))
            digest = claim_digest(self.sealer, claim.system, claim.atena, form, reference)
            compared.judged[claim.position] = _Judged(claim, form, reference.digest_id, comparison, digest)
        verdicts = self.links.verdicts([each.digest for each in compared.judged.values()])
        for position, each in compared.judged.items():
            fault = _fault(each, plan, verdicts.get(each.digest))
            if fault is not None:
                compared.faults.append((position, fault))
        return compared

    def _ask(self, compared: _Compared, *, batch_id: int, numbers: Sequence[int], now: datetime) -> None:
        waiting = [position for position, fault in compared.faults if fault.code == "IDN-007"]
        if waiting:
            self.links.ask(
                [
                    NewReview(
                        claim=each.digest,
                        system=each.claim.system,
                        atena=each.claim.atena,
                        unified=each.claim.unified,
                        differ=tuple(each.comparison.differ),
                        batch_id=batch_id,
                        record_no=numbers[each.claim.position],
                    )
                    for each in map(compared.judged.__getitem__, waiting)
                ],
                now=now,
            )

    def _freeze(self, compared: _Compared, *, now: datetime) -> None:
        """A link that stands already, and whose system now describes somebody else, goes on no longer."""
        refused = [compared.judged[p].claim for p, fault in compared.faults if fault.code == "IDN-008"]
        for claim in refused:
            linked = self.links.resolve(claim.system, [claim.atena])
            if linked.get(claim.atena) == claim.unified:
                evidence = compared.judged[claim.position].digest
                self.links.freeze(claim.system, claim.atena, evidence=evidence, now=now)

    def _perform(self, claims: Sequence[Claim], *, now: datetime) -> list[tuple[int, Fault]]:
        """In the order of the rows: what is linked before an end is linked when it ends."""
        faults: list[tuple[int, Fault]] = []
        linking: list[Claim] = []
        for claim in claims:
            if claim.event in LINKING or self._is_contradicted(claim):
                linking.append(claim)
                continue
            faults += self._link(linking, now=now)
            linking = []
            day = day_of(claim.row(), now)
            if claim.event is LinkEvent.RELEASED:
                done = self.links.release(claim.unified, since=day, note=_REGISTRY, now=now)
            else:
                done = self.links.end(claim.system, claim.atena, since=day, note=_REGISTRY, now=now)
                done = done or bool(self.links.periods(claim.system, claim.atena))
            if not done:
                faults.append((claim.position, Fault("IDN-001")))
        return faults + self._link(linking, now=now)

    def _is_contradicted(self, claim: Claim) -> bool:
        """Whether an end of somebody names the 個人番号 of somebody else: it ends nobody, both sides freeze."""
        owners = set(self.links.owners(claim.blinds).values()) if claim.event is LinkEvent.RELEASED else set()
        return bool(owners) and claim.unified not in owners

    def _link(self, claims: Sequence[Claim], *, now: datetime) -> list[tuple[int, Fault]]:
        if not claims:
            return []
        conflicts = self.links.link([claim.row(self.sealer, returns=self.plan.returns) for claim in claims], now=now)
        # before the day a link that a number makes is not told either
        linked = [c for index, c in enumerate(claims) if index not in conflicts and (self._counts(c) or not c.number)]
        named = [(c.system, name) for c in linked if (name := unlinked_name(self.sealer, c.system, c.atena)) != c.atena]
        if named:
            self.links.met_linked(named)
        return [
            (claims[index].position, Fault("IDN-011" if kind is Conflict.RELEASED else "IDN-003"))
            for index, kind in conflicts.items()
        ]

    def _describe(
        self,
        claims: Sequence[Claim],
        judged: Mapping[int, _Judged],
        rows: Mapping[int, tuple[Value, ...]],
        *,
        now: datetime,
    ) -> None:
        """What the registry says becomes what others are compared with; what a system says is kept beside its link."""
        plan = self.plan.attributes
        if plan is None or not claims:
            return
        if plan.reference:
            self.links.describe([self._reference(c, rows[c.position], plan) for c in claims], now=now)
            return
        held = [
            HeldForm(
                system=claim.system,
                atena=claim.atena,
                unified=claim.unified,
                form=judged[claim.position].form.to_bytes(),
                digest_id=judged[claim.position].digest_id,
                reference=None,
            )
            for claim in claims
        ]
        self.links.hold(held, now=now)

    def _note_changes(
        self, claims: Sequence[Claim], rows: Mapping[int, tuple[Value, ...]], *, batch_id: int, now: datetime
    ) -> None:
        attributes = self.plan.attributes
        note_changes(
            [(claim, rows[claim.position]) for claim in claims],
            self.plan,
            links=self.links,
            sealer=self.sealer,
            describe=None if attributes is None else partial(attributes_of, plan=attributes),
            batch_id=batch_id,
            now=now,
        )

    def _note_events(self, claims: Sequence[Claim], *, now: datetime) -> None:
        """What befell persons is written down; who moved in is no 住登外者 of the same system any more."""
        if not claims:
            return
        told = self.links.life_events([claim.unified for claim in claims])
        known = {claim.unified: list(told.get(claim.unified, ())) for claim in claims}
        news = []
        for claim in claims:
            before = known[claim.unified]
            made = LifeEvent(
                unified=claim.unified,
                system=claim.system,
                atena=claim.atena,
                event=claim.event,
                since=claim.day(now),
                recorded_at=now,
                by_number=claim.number is not None,
            )
            if claim.since is not None or not before or _what(before[-1]) != _what(made):
                news.append(made)
                before.append(made)
            if claim.event is LinkEvent.MOVED_IN:
                self._end_non_resident(claim, before, now=now)
        self.links.note_events(news)

    def _end_non_resident(self, claim: Claim, before: Sequence[LifeEvent], *, now: datetime) -> None:
        of_number = {each.atena: each.event for each in before if each.system == claim.system}
        for link in self.links.persons_links(claim.unified) if of_number else ():
            other = (link.system, link.atena) != (claim.system, claim.atena)
            if other and link.system == claim.system and of_number.get(link.atena) is LinkEvent.NON_RESIDENT:
                self.links.end(link.system, link.atena, since=day_of(claim.row(), now), note=_RESIDENT, now=now)

    def _reference(self, claim: Claim, row: tuple[Value, ...], plan: AttributePlan) -> Reference:
        attributes, digest_id = attributes_of(row, plan), self.sealer.digest_ids[0]
        form = digested(self.sealer, form_of(attributes, plan.spelling), claim.unified, digest_id)
        sealed = None
        if plan.keep:
            sealed = self.sealer.seal(plain_attributes(attributes), context=address_context(claim.unified))
        return Reference(unified=claim.unified, form=form.to_bytes(), digest_id=digest_id, sealed=sealed)


@dataclass(slots=True)
class _Compared:
    judged: dict[int, _Judged] = field(default_factory=dict)
    faults: list[tuple[int, Fault]] = field(default_factory=list)


def _fault(each: _Judged, plan: AttributePlan, decided: str | None) -> Fault | None:
    """None: the claim is taken."""
    differ = each.comparison.differ
    verdict = each.comparison.verdict
    if plan.reference and verdict is not Verdict.SAME:
        # the register's own changes: name and address may change at once, the birthday may not
        verdict = Verdict.DECIDE if len(differ) > 2 or Attribute.BIRTH in differ else Verdict.SAME
    if verdict is Verdict.SAME or (verdict is Verdict.DECIDE and decided == "link"):
        return None
    item = plan.items[differ[0]]
    return Fault("IDN-007" if verdict is Verdict.DECIDE and decided is None else "IDN-008").at(item=item)


def _what(event: LifeEvent) -> tuple[LinkEvent, str, str]:
    return event.event, event.system, event.atena


def attributes_of(row: tuple[Value, ...], plan: AttributePlan) -> Attributes:
    """The four attributes as the row has them."""
    birth, sex = row[plan.birth], row[plan.sex]
    names = _texts(row, plan.names)
    former = [each if len(each.split()) > 1 else _renamed(names, each) for each in _texts(row, plan.former)]
    return Attributes(
        names=(*names, *former),
        kana=_texts(row, plan.kana),
        birth=birth if isinstance(birth, HistoricDate) else None,
        sex=plan.sexes.get(str(sex)) or None,
        address=" ".join(_texts(row, plan.address)) or None,
    )


def _renamed(names: Sequence[str], former: str) -> str:
    """旧氏 stands alone in the register: with the given name it is the name that was used."""
    given = names[0].split()[1:] if names else []
    return " ".join([former, *given])


def _texts(row: tuple[Value, ...], indices: Sequence[int]) -> tuple[str, ...]:
    return tuple(str(row[index]) for index in indices if row[index])
