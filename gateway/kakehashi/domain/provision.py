"""「情報提供」 One inquiry of another body that waits for our decision, as a state machine.

pending → proposed → decided → sent → replied | expired | gone; operator: somebody must decide anew. Nothing is said
but from a state that is written down, and never twice without asking first. Every permit has the persons it needs when
it is decided, and again when it is about to be said: what became protected meanwhile stops it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

__all__ = [
    "ENDED",
    "OPEN",
    "UNDECIDED",
    "Inquiry",
    "Needs",
    "Objection",
    "Provision",
    "ProvisionState",
    "Sending",
    "Verdict",
    "Voice",
    "expired",
    "listed_again",
    "not_taken",
    "opened",
    "refused",
    "said",
    "silent",
    "spoken",
    "taken",
    "unlisted",
    "withdrawn",
]

MOST_PERSONS = 2


class ProvisionState(StrEnum):
    """「情報提供状態」 proposed: a second person is needed; sent: being said, or unknown whether it was heard; gone:
    the server lists it no longer, and not for our reply.
    """

    PENDING = "pending"
    PROPOSED = "proposed"
    DECIDED = "decided"
    SENT = "sent"
    OPERATOR = "operator"
    REPLIED = "replied"
    EXPIRED = "expired"
    GONE = "gone"


ENDED = frozenset(map(ProvisionState, ("replied", "expired", "gone")))
OPEN = frozenset(ProvisionState) - ENDED
UNDECIDED = frozenset(map(ProvisionState, ("pending", "proposed", "operator")))
"""Somebody has to decide."""


class Verdict(StrEnum):
    """「可否」"""

    PERMIT = "permit"
    DENY = "deny"


class Objection(StrEnum):
    """「判断不可」 Why a voice does not count; each is an error code."""

    CLOSED = "PRV-001"
    SAME_PERSON = "PRV-002"
    OTHER_VERDICT = "PRV-003"
    PROTECTED = "PRV-004"
    LATE = "PRV-005"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """「他機関からの照会」 As the server lists it. `unit`: year or base date; `requester`: 機関コード of who asks.
    `non_disclosure`: 不開示 of the replica, as its owner registered it.
    """

    provision_id: str
    person: str
    info_name: str
    unit: str
    affair: str
    procedure: str
    requester: str
    non_disclosure: bool
    asked_at: datetime
    deadline: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """「判断」 What one person says. `denial`: the code that the asking body is told; `aware`: said knowing that the
    person is protected, or that nobody knows.
    """

    actor: str
    verdict: Verdict
    reason: str
    at: datetime
    denial: str | None = None
    aware: bool = False


@dataclass(frozen=True, slots=True)
class Needs:
    """「必要人数」 How many persons permit or deny. `protected`: 支援措置・不開示, or nobody knows: fails closed."""

    permit: int = MOST_PERSONS
    deny: int = MOST_PERSONS
    protected: bool = True

    def persons(self, verdict: Verdict) -> int:
        if verdict is Verdict.DENY:
            return self.deny
        return MOST_PERSONS if self.protected else self.permit

    def met(self, voices: tuple[Voice, ...]) -> bool:
        """Whether these are enough: different persons of one mind, all aware where somebody is protected."""
        if not voices or len({voice.verdict for voice in voices}) > 1:
            return False
        verdict = voices[0].verdict
        if verdict is Verdict.PERMIT and self.protected and not all(voice.aware for voice in voices):
            return False
        return len({voice.actor for voice in voices}) >= self.persons(verdict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision:
    """「情報提供」 `since`: when it came into its state; `due`: when something is to be said or asked (None: nothing).

    `generation` counts the decisions that were given up, so that another decision goes under another request id;
    `failures`: how often in a row nothing came back; `code`: why it waits for an operator or has ended.
    """

    inquiry: Inquiry
    since: datetime
    state: ProvisionState = ProvisionState.PENDING
    due: datetime | None = None
    generation: int = 1
    failures: int = 0
    voices: tuple[Voice, ...] = ()
    code: str | None = None
    server_code: str | None = None

    @property
    def verdict(self) -> Verdict | None:
        return self.voices[0].verdict if self.voices else None

    @property
    def denial(self) -> str | None:
        """What the asking body is told; None: a permit."""
        return self.voices[-1].denial if self.verdict is Verdict.DENY else None


class Sending(NamedTuple):
    """「回答指示」 What is to be done about one that is due: `ask` first what became of it, or say it now."""

    what: Provision
    ask: bool = False
    say: bool = False


_S = ProvisionState


def _entered(at: Provision, state: ProvisionState, now: datetime, code: str | None = None) -> Provision:
    return replace(at, state=state, since=now, due=None, failures=0, code=code, server_code=None)


def spoken(at: Provision, voice: Voice, needs: Needs, now: datetime) -> Provision | Objection:
    """One more person decides."""
    if at.state not in UNDECIDED:
        return Objection.CLOSED
    if at.inquiry.deadline <= now:
        return Objection.LATE
    if voice.verdict is Verdict.PERMIT and needs.protected and not voice.aware:
        return Objection.PROTECTED
    before = at.voices if at.state is _S.PROPOSED else ()
    if any(each.verdict is not voice.verdict or each.denial != voice.denial for each in before):
        return Objection.OTHER_VERDICT
    if any(each.actor == voice.actor for each in before):
        return Objection.SAME_PERSON
    if voice.verdict is Verdict.PERMIT and needs.protected and not all(each.aware for each in before):
        return Objection.PROTECTED
    anew = at.state is _S.OPERATOR
    heard = replace(at, voices=(*before, voice), generation=at.generation + anew)
    if not needs.met(heard.voices):
        return _entered(heard, _S.PROPOSED, now)
    return replace(_entered(heard, _S.DECIDED, now), due=now)


def withdrawn(at: Provision, now: datetime) -> Provision | Objection:
    """Decide anew; only what is not being said yet, or was refused."""
    if at.state not in (_S.PROPOSED, _S.DECIDED, _S.OPERATOR):
        return Objection.CLOSED
    return replace(_entered(at, _S.PENDING, now), voices=(), generation=at.generation + 1)


def opened(at: Provision, needs: Needs, *, patience: timedelta, now: datetime) -> Sending:
    """One that is due, as it is written down before anything is said."""
    if at.due is None or at.due > now:
        return Sending(at)
    if at.state is _S.SENT:
        return Sending(replace(at, due=now + patience), ask=True)
    if at.state is not _S.DECIDED:
        return Sending(replace(at, due=None))
    if at.inquiry.deadline <= now:
        return Sending(expired(at, now))
    if not needs.met(at.voices):
        return Sending(_blocked(at, now, "PRV-010"))
    return Sending(said(at, patience=patience, now=now), say=True)


def said(at: Provision, *, patience: timedelta, now: datetime) -> Provision:
    """About to be said. `patience`: until it is asked what became of it."""
    since = at.since if at.state is _S.SENT else now
    return replace(at, state=_S.SENT, since=since, due=now + patience)


def taken(at: Provision, now: datetime) -> Provision:
    """The server has our reply."""
    return _entered(at, _S.REPLIED, now) if at.state is _S.SENT else at


def refused(at: Provision, code: str, server_code: str | None, now: datetime) -> Provision:
    """The server does not want it: too late, or somebody must see why."""
    if at.state is not _S.SENT:
        return at
    if at.inquiry.deadline <= now:
        return replace(expired(at, now), server_code=server_code)
    return replace(_blocked(at, now, code), server_code=server_code)


def silent(at: Provision, code: str, after: timedelta, now: datetime, *, counts: bool = True) -> Provision:
    """Said or asked, and nothing that tells what became of it: ask later."""
    if at.state is not _S.SENT:
        return at
    return replace(at, due=now + after, failures=at.failures + counts, code=code)


def not_taken(at: Provision, code: str, after: timedelta, now: datetime, *, counts: bool = True) -> Provision:
    """The server certainly does not have it: the same is said again, after a while, if there is time."""
    if at.state is not _S.SENT:
        return at
    again = replace(at, state=_S.DECIDED, due=now + after, failures=at.failures + counts, code=code)
    return expired(at, now) if at.inquiry.deadline <= now else again


def expired(at: Provision, now: datetime) -> Provision:
    """The deadline is over, and what was said before it (`sent`) is asked about first."""
    return _entered(at, _S.EXPIRED, now, "PRV-005") if at.state in OPEN else at


def unlisted(at: Provision, now: datetime) -> Provision:
    """The server lists it no longer: for its deadline, or because who asked has withdrawn it. What is being said is
    asked about instead.
    """
    if at.state in ENDED or at.state is _S.SENT:
        return at
    return expired(at, now) if at.inquiry.deadline <= now else _entered(at, _S.GONE, now, "PRV-009")


def listed_again(at: Provision, inquiry: Inquiry, *, asked_at: datetime, now: datetime) -> Provision:
    """What it is when the server (asked at that time) lists it. A new deadline counts; where anything else is new, or
    it had ended without a reply, it is decided anew; a reply that the server knows of no more is somebody's business.
    """
    if at.state is _S.SENT or (at.state not in UNDECIDED and at.since > asked_at):
        return at
    if at.state in OPEN and replace(at.inquiry, deadline=inquiry.deadline) == inquiry:
        return replace(at, inquiry=inquiry)
    if at.state in ENDED and inquiry.deadline <= now:
        return at
    known = replace(at, inquiry=inquiry)
    if at.state is _S.REPLIED:
        return _blocked(known, now, "PRV-008")
    return replace(_entered(known, _S.PENDING, now), voices=(), generation=at.generation + 1)


def _blocked(at: Provision, now: datetime, code: str) -> Provision:
    """Its voices are kept to be read; whoever decides now begins anew."""
    return _entered(at, _S.OPERATOR, now, code)
