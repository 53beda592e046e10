"""「異動検知」 Claims that were taken → what of them is told to the systems that subscribe."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial

from kakehashi.codec.layout import Value
from kakehashi.config.model import LinkPlan
from kakehashi.domain.link import LinkEvent
from kakehashi.domain.notice import ENDING, Disclosure
from kakehashi.failpoint import reached
from kakehashi.matching.attribute import Attributes
from kakehashi.pipeline.identify import Claim
from kakehashi.ports.links import ExtractLinks
from kakehashi.ports.notices import PersonChange
from kakehashi.ports.sealer import Sealer

__all__ = ["note_changes", "notice_context", "plain_attributes"]


def notice_context(unified: str) -> str:
    """What the sealed content of a notice is bound to."""
    return f"notice/{unified}"


def plain_attributes(attributes: Attributes) -> bytes:
    """The four attributes as they are kept, sealed."""
    told = {
        "names": attributes.names,
        "kana": attributes.kana,
        "birth": attributes.birth.iso() if attributes.birth else None,
        "sex": attributes.sex,
        "address": attributes.address,
    }
    return json.dumps(told, ensure_ascii=False).encode()


def note_changes(
    claims: Sequence[tuple[Claim, tuple[Value, ...]]],
    plan: LinkPlan,
    *,
    links: ExtractLinks,
    sealer: Sealer,
    describe: Callable[[tuple[Value, ...]], Attributes] | None,
    batch_id: int,
    now: datetime,
) -> None:
    """Claims of the registry that were taken, with their rows. `describe`: None where rows describe nobody."""
    reached("notices.noting")
    changes = []
    for claim, row in claims:
        unified = claim.unified or _of_ended(links, claim)
        if unified:
            plain = None if describe is None or claim.event in ENDING else plain_attributes(describe(row))
            disclosure = _disclosure(row, plan.disclosure, plan.disclosures)
            changes.append(_change(claim, unified, plain, disclosure, sealer))
    links.note_changes(changes, batch=batch_id, subscribers=plan.subscribers, now=now)


def _of_ended(links: ExtractLinks, claim: Claim) -> str:
    """An end that was carried out before a crash names nobody any more: it is about whom the number stood for last."""
    periods = links.periods(claim.system, claim.atena) if claim.event is LinkEvent.ENDED else []
    return periods[-1].unified if periods else ""


def _change(
    claim: Claim, unified: str, plain: bytes | None, disclosure: Disclosure | None, sealer: Sealer
) -> PersonChange:
    described: tuple[bytes, ...] = ()
    if plain is not None:
        named = f"{notice_context(unified)}/{plain.decode()}"
        described = tuple(each.encode() + sealer.digest(named, key_id=each) for each in sealer.digest_ids)
    return PersonChange(
        unified=unified,
        system=claim.system,
        atena=claim.atena,
        event=claim.event,
        since=claim.since,
        described=described,
        disclosure=disclosure,
        seal=None if plain is None else partial(sealer.seal, plain, context=notice_context(unified)),
    )


def _disclosure(row: tuple[Value, ...], index: int | None, codes: Mapping[str, Disclosure]) -> Disclosure | None:
    """Fails closed: no code, and one that nobody has explained, are unknown."""
    return None if index is None else codes.get(str(row[index] or ""), Disclosure.UNKNOWN)
