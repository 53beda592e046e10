"""「番号紐付け」 From 宛名番号 to 団体内統合宛名番号, a batch at once; and the claims of an extract about both.

The only room of the core where a 個人番号 exists: it comes in as text of a registry extract and leaves sealed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from kakehashi.codec.layout import Value
from kakehashi.config.model import LinkPlan
from kakehashi.domain.batch import letters
from kakehashi.domain.identifiers import (
    AtenaNumber,
    InvalidIdentifier,
    ProcessNumber,
    UnifiedAtenaNumber,
    has_individual_check_digit,
)
from kakehashi.domain.individual_number import IndividualNumber
from kakehashi.domain.japan_time import JST
from kakehashi.domain.japanese_date import HistoricDate, Precision
from kakehashi.domain.link import LIFE, LINKING, LinkEvent
from kakehashi.errors import Fault
from kakehashi.interface.symbol import Acquisition
from kakehashi.ports.clock import Clock
from kakehashi.ports.links import ExtractLinks, LinkReader, LinkRow, LinkStore, SealedNumber
from kakehashi.ports.sealer import Sealed, Sealer

__all__ = [
    "Claim",
    "PassedNumbers",
    "WatchedLinks",
    "claims_of",
    "identify",
    "number_context",
    "numbered",
    "renewed",
    "renumbered",
    "symbol_request",
    "unlinked_name",
    "with_persons",
]

_NAMING = frozenset({LinkEvent.LINKED, LinkEvent.MOVED_IN, LinkEvent.NON_RESIDENT})
"""A row of these events says by 個人番号 who it is; others are about the person for whom the 宛名番号 stands."""
_MOVING = frozenset({LinkEvent.MOVED_IN, LinkEvent.NATURALISED})
"""Known persons may get another 宛名番号 by these."""
_RENUMBERING = frozenset({LinkEvent.CHANGED, LinkEvent.NATURALISED})
_SHORT = 10**6
"""One 個人番号 in a million begins with so many zeros that it is shorter than this."""


def number_context(unified: str) -> str:
    """What a sealed 個人番号 is bound to."""
    return f"individual-number/{unified}"


def identify(
    links: LinkReader, system: str, atena: Sequence[Value]
) -> tuple[list[str | None], list[tuple[int, Fault]]]:
    """One look-up for all of `atena`. Returns the unified numbers (None where there is none) and the faults by
    position: IDN-004 for what cannot be a 宛名番号, IDN-001 for one that is not linked, IDN-005 for one that is frozen.
    None in, None out.
    """
    faults: list[tuple[int, Fault]] = []
    numbers: list[str | None] = []
    for position, value in enumerate(atena):
        if value is None:
            numbers.append(None)
            continue
        text = str(value)
        if text.isascii() and text.isdigit() and len(text) <= 15:
            numbers.append(text.zfill(15))
        else:
            numbers.append(None)
            faults.append((position, Fault("IDN-004", facts={"term": AtenaNumber.term})))
    wanted = sorted({number for number in numbers if number})
    linked = links.resolve(system, wanted)
    missing = [number for number in wanted if number not in linked]
    frozen = links.unresolved(system, missing) if missing else ()
    unified = [linked.get(number) if number else None for number in numbers]
    faults.extend(
        (position, Fault("IDN-005" if number in frozen else "IDN-001"))
        for position, number in enumerate(numbers)
        if number and number not in linked
    )
    return unified, faults


def unlinked_name(sealer: Sealer, system: str, atena: str) -> str:
    """What stands for an unlinked number in the coverage report: the number; or a digest with `~` where it could be a
    個人番号 that somebody has put into the wrong item (one in ten of the long ones could).
    """
    windows = (atena[at : at + 12] for at in range(len(atena) - 11))
    if any(int(window) >= _SHORT and has_individual_check_digit(window) for window in windows):
        return f"~{letters(sealer.digest(f'unlinked/{system}/{atena}')[:7])}"
    return atena


@dataclass(frozen=True, slots=True)
class WatchedLinks:
    """「紐付け監視」 The links of translation; 利用番号 met unlinked are written down for the coverage report."""

    links: LinkStore
    sealer: Sealer
    clock: Clock

    def resolve(self, system: str, atena: Sequence[str]) -> Mapping[str, str]:
        return self.links.resolve(system, atena)

    def unresolved(self, system: str, atena: Sequence[str]) -> Collection[str]:
        frozen = self.links.unresolved(system, atena)
        unlinked = [number for number in atena if number not in frozen]
        if unlinked:
            names = [unlinked_name(self.sealer, system, number) for number in unlinked]
            self.links.met_unlinked(system, names, now=self.clock.now())
        return frozen


class PassedNumbers:
    """「番号素通し」 The links of role A: the next hub swaps, a number stands for itself."""

    def resolve(self, system: str, atena: Sequence[str]) -> Mapping[str, str]:
        del system
        return {number: number for number in atena}

    def unresolved(self, system: str, atena: Sequence[str]) -> Collection[str]:
        del system, atena
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """「紐付け申出」 What one row of an extract says: this 宛名番号, and perhaps this 個人番号, are this person's.

    `unified`: "" until the person is known; `brought`: the row names it itself, `found`: the 個人番号 alone does.
    `spare`: the number that serves where nobody has the 個人番号 yet. `blinds`: the digests by which it is found, the
    current first. `earliest`: the day of enforcement, before which no 個人番号 holds, and no link made by one alone.
    """

    position: int
    system: str
    atena: str
    unified: str
    event: LinkEvent
    since: date | None
    number: IndividualNumber | None = None
    blinds: tuple[bytes, ...] = ()
    earliest: date | None = None
    spare: str = ""
    brought: bool = False
    found: bool = False

    def day(self, now: datetime) -> date:
        """When it happened, as far as the row says."""
        return self.since or now.astimezone(JST).date()

    def row(self, sealer: Sealer | None = None, *, returns: str = "") -> LinkRow:
        """For the link store; the 個人番号 goes with it, sealed, where there is a sealer. `returns`: the system that is
        told its numbers, unless it brought them itself.
        """
        sealed = None
        if self.number is not None and sealer is not None:
            sealed = sealer.seal(self.number.reveal().encode(), context=number_context(self.unified))
        return LinkRow(
            system=self.system,
            atena=self.atena,
            unified=self.unified,
            blind=self.blinds[0] if self.blinds else None,
            number=sealed,
            since=_later(self) if self.found else self.since,
            changed=self.event in _RENUMBERING,
            older=self.blinds[1:],
            earliest=self.earliest,
            by_number=self.found,
            news=not self.brought and self.system == returns,
        )


def claims_of(
    sealer: Sealer, rows: Iterable[tuple[int, tuple[Value, ...]]], plan: LinkPlan, *, now: datetime
) -> tuple[list[Claim], list[tuple[int, Fault]]]:
    """The claims of (position, row) pairs, and the faults by position: IDN-002, IDN-004, IDN-006, IDN-012, MAP-002."""
    claims: list[Claim] = []
    faults: list[tuple[int, Fault]] = []
    today = now.astimezone(JST).date()
    for position, row in rows:
        try:
            claim = _claim(sealer, position, row, plan)
        except InvalidIdentifier as error:
            faults.append((position, error.fault))
            continue
        if isinstance(claim, Fault):
            faults.append((position, claim))
        elif claim.since is not None and claim.since > today:
            faults.append((position, Fault("IDN-012")))
        else:
            claims.append(claim)
    return claims, faults


def _claim(sealer: Sealer, position: int, row: tuple[Value, ...], plan: LinkPlan) -> Claim | Fault:
    event = LinkEvent.LINKED
    if plan.event is not None:
        code = row[plan.event]
        if code is not None and str(code) not in plan.events:
            return Fault("MAP-002")
        event = LinkEvent.LINKED if code is None else plan.events[str(code)]
        if event in LIFE and not plan.makes_persons:
            event = LinkEvent.LINKED  # what befalls persons is the registry's to say
    named = str(row[plan.system])
    atena = AtenaNumber(str(row[plan.atena] or ""))
    unified, spare = _text(row, plan.unified), ""
    brought = bool(unified)
    digits = _text(row, plan.number)
    number = IndividualNumber(digits) if digits else None
    if unified:
        unified = UnifiedAtenaNumber(unified.zfill(15))
    elif plan.base == named and plan.prefix is None:
        spare = UnifiedAtenaNumber(atena)
        if number is None or event not in _MOVING:
            unified = spare
    elif number is None and event in _NAMING:
        return Fault("IDN-006")
    if digits and (digits in atena or digits in unified):
        return Fault("VAL-003")  # the number itself in the place of one that is kept in plain
    return Claim(
        position=position,
        system=plan.numbers.get(named, named),
        atena=atena,
        unified=unified,
        event=event,
        since=_day(row[plan.since]) if plan.since is not None else None,
        number=number,
        blinds=() if number is None else _blinds(sealer, number),
        earliest=None if number is None else plan.in_force_from,
        spare=spare,
        brought=brought,
    )


def numbered(row: tuple[Value, ...], plan: LinkPlan) -> tuple[str, str] | Fault | None:
    """Whose number a row of a LINK route is about, for record matching: system and 宛名番号. None: it ends one."""
    if plan.event is not None and row[plan.event] is not None:
        if str(row[plan.event]) not in plan.events:
            return Fault("MAP-002")
        if plan.events[str(row[plan.event])] not in LINKING:
            return None
    try:
        atena = AtenaNumber(str(row[plan.atena] or ""))
    except InvalidIdentifier as error:
        return error.fault
    digits = _text(row, plan.number)
    if digits and digits in atena:
        return Fault("VAL-003")  # as in `_claim`
    named = str(row[plan.system])
    return plan.numbers.get(named, named), atena


def _text(row: tuple[Value, ...], index: int | None) -> str:
    """What stands there; nothing, and zeros alone, are no number."""
    value = None if index is None else row[index]
    return "" if value is None or not str(value).strip("0") else str(value)


def _day(value: Value) -> date | None:
    """A date that is not known to the day says nothing about the day of a change."""
    if isinstance(value, HistoricDate) and value.precision is Precision.DAY:
        return date.fromisoformat(value.iso())
    return None


def _blinds(sealer: Sealer, number: IndividualNumber) -> tuple[bytes, ...]:
    """A blind index begins with the id of its key; the last form is that of stores from before the ids."""
    digits, ids = number.reveal(), sealer.digest_ids
    return (
        *(each.encode() + sealer.digest(digits, key_id=each) for each in ids),
        sealer.digest(digits, key_id=ids[-1]),
    )


def with_persons(
    links: ExtractLinks, claims: Sequence[Claim], plan: LinkPlan, *, issue: bool, now: datetime
) -> tuple[list[Claim], list[tuple[int, Fault]]]:
    """Claims that name no 団体内統合宛名番号 get that of their 個人番号; `issue`: a new one where nobody has it. What
    is said of somebody known (a change, a death) is about the person of the 宛名番号, where `plan.makes_persons`; so is
    the first 個人番号 of a person whom record matching has made.

    The faults: IDN-006 where the number is not given and none is issued.
    """
    about = _of_linked(links, claims) if plan.makes_persons else {}
    asking = [c for c in claims if not c.unified and c.blinds and c.position not in about]
    if asking and plan.makes_persons and plan.prefix is not None:
        grouped = _of_grouped(links, asking)
        about |= grouped
        asking = [c for c in asking if c.position not in grouped]
    if issue and plan.prefix is not None:
        numbers = links.assign([claim.blinds for claim in asking], prefix=plan.prefix, now=now)
        found = {claim.position: number for claim, number in zip(asking, numbers, strict=True)}
    else:
        owners = links.owners([blind for claim in asking for blind in claim.blinds])
        found = {c.position: owners[blind] for c in asking for blind in reversed(c.blinds) if blind in owners}
    known: list[Claim] = []
    for claim in claims:
        person = about.get(claim.position, found.get(claim.position, claim.spare))
        if isinstance(person, int):  # the row before it about the same number
            person = next(each.unified for each in known if each.position == person)
        known.append(replace(claim, unified=claim.unified or person, found=claim.position in found))
    # an end says whose it is by the 宛名番号 alone
    lost = [c for c in known if not c.unified and c.event is not LinkEvent.ENDED]
    code = "IDN-006" if plan.prefix is None or issue else "IDN-009"
    return [c for c in known if c not in lost], [(c.position, Fault(code)) for c in lost]


def _later(claim: Claim) -> date | None:
    """A link that the 個人番号 alone makes holds no earlier than it."""
    if claim.since is None or claim.earliest is None or claim.event in (LinkEvent.ENDED, LinkEvent.RELEASED):
        return claim.since
    return max(claim.since, claim.earliest)


def _of_linked(links: ExtractLinks, claims: Sequence[Claim]) -> dict[int, str | int]:
    """By position: the person for whom the 宛名番号 of a claim stands, or the position of the claim that says so."""
    found: dict[int, str | int] = {}
    before: dict[tuple[str, str], int] = {}
    for claim in claims:
        number = claim.system, claim.atena
        if not claim.unified and claim.event not in _NAMING:
            person = _person_of(links, claim) or before.get(number)
            if person is not None:
                found[claim.position] = person
        before[number] = claim.position
    return found


def _of_grouped(links: ExtractLinks, claims: Sequence[Claim]) -> dict[int, str | int]:
    """By position: the person for whom the 宛名番号 stands, where nobody has the 個人番号 and the person has none."""
    owners = links.owners([blind for claim in claims for blind in claim.blinds])
    free = [claim for claim in claims if not any(blind in owners for blind in claim.blinds)]
    found: dict[int, str | int] = {}
    for system in sorted({claim.system for claim in free}):
        theirs = [claim for claim in free if claim.system == system]
        linked = links.resolve(system, [claim.atena for claim in theirs])
        for claim in theirs:
            person = linked.get(claim.atena)
            if person is not None and not any(row.blind for row in links.persons_links(person)):
                found[claim.position] = person
    return found


def _person_of(links: ExtractLinks, claim: Claim) -> str:
    """Who the 宛名番号 stands for; said of somebody who was released, for whom it stood last."""
    periods = links.periods(claim.system, claim.atena)
    still = periods and (periods[-1].ended_at is None or claim.event is LinkEvent.RELEASED)
    return periods[-1].unified if still else ""


def symbol_request(sealer: Sealer, unified: str, number: Sealed, process_number: ProcessNumber) -> Acquisition:
    """What the resident registry is told of a person: the one message with a slot for the 個人番号."""
    plain = IndividualNumber(sealer.open(number, context=number_context(unified)).decode())
    return Acquisition(process_number, individual_number=plain.reveal())


def renumbered(sealer: Sealer, number: Sealed, old: str, new: str) -> Sealed:
    """A stored 個人番号, bound to another 団体内統合宛名番号 (`Renumber`)."""
    return sealer.seal(sealer.open(number, context=number_context(old)), context=number_context(new))


def renewed(sealer: Sealer, number: SealedNumber) -> tuple[Sealed, bytes]:
    """A stored 個人番号 under the current keys: sealed anew, digested anew."""
    context = number_context(number.unified)
    plain = IndividualNumber(sealer.open(number.sealed, context=context).decode())
    return sealer.seal(plain.reveal().encode(), context=context), _blinds(sealer, plain)[0]
