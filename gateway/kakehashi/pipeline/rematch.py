"""「再照合」 Whether the systems and the registry still describe the same person, by digests alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from kakehashi.matching.attribute import Form
from kakehashi.matching.comparison import Verdict, compare
from kakehashi.pipeline.linking import claim_digest
from kakehashi.ports.links import LinkStore
from kakehashi.ports.matches import HeldForm, NewReview
from kakehashi.ports.sealer import Sealer

__all__ = ["Rematch", "rematch", "rematching"]

_AT_ONCE = 500


@dataclass(slots=True)
class Rematch:
    """「再照合結果」 By system: compared links, those that agree, are asked about, were frozen, cannot be compared."""

    system: str
    compared: int = 0
    same: int = 0
    asked: int = 0
    frozen: int = 0
    unknown: int = 0
    differ: dict[str, int] = field(default_factory=dict)


def rematch(links: LinkStore, sealer: Sealer, *, system: str | None, now: datetime) -> list[Rematch]:
    """Compare every linked number that its system has described with what the registry says now.

    3 of 4: somebody is asked, once, and the link goes on. Fewer: it is frozen until somebody decides. Described under
    a digest key that was replaced since, or of a person whom the registry has not described: cannot be compared.
    """
    found: dict[str, Rematch] = {}
    for _ in rematching(links, sealer, found, system=system, now=now):
        pass
    return [found[name] for name in sorted(found)]


def rematching(
    links: LinkStore, sealer: Sealer, found: dict[str, Rematch], *, system: str | None, now: datetime
) -> Iterator[None]:
    """The same in steps of some hundred links, each added to `found`. Done over all systems it is said to be done."""
    held = links.held(system)
    while portion := list(islice(held, _AT_ONCE)):
        _portion(links, sealer, portion, found, now)
        yield
    if system is None:
        links.compared(now)


def _portion(
    links: LinkStore, sealer: Sealer, portion: list[HeldForm], found: dict[str, Rematch], now: datetime
) -> None:
    drifted = list(_drifted(portion, found))
    digests = {
        (form.system, form.atena): claim_digest(
            sealer, form.system, form.atena, Form.from_bytes(form.form), form.reference
        )
        for form, _, _ in drifted
        if form.reference is not None
    }
    decided = links.verdicts(list(digests.values()))
    asking = []
    for form, verdict, differ in drifted:
        result, digest = found[form.system], digests[form.system, form.atena]
        if verdict is Verdict.OTHER:
            links.freeze(form.system, form.atena, evidence=digest, now=now)
            result.frozen += 1
        elif digest not in decided:
            asking.append(
                NewReview(claim=digest, system=form.system, atena=form.atena, unified=form.unified, differ=differ)
            )
            result.asked += 1
    if asking:
        links.ask(asking, now=now)


def _drifted(portion: list[HeldForm], found: dict[str, Rematch]) -> Iterator[tuple[HeldForm, Verdict, tuple[str, ...]]]:
    for form in portion:
        result = found.setdefault(form.system, Rematch(form.system))
        if form.reference is None or form.reference.digest_id != form.digest_id:
            result.unknown += 1
            continue
        comparison = compare(Form.from_bytes(form.form), Form.from_bytes(form.reference.form))
        result.compared += 1
        if comparison.verdict is Verdict.SAME:
            result.same += 1
            continue
        for attribute in comparison.differ:
            result.differ[attribute] = result.differ.get(attribute, 0) + 1
        yield form, comparison.verdict, tuple(comparison.differ)
