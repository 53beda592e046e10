"""「符号取得」 One acquisition of a person's symbol as a state machine: event → new state, what to say, what follows.

needed → (registering →) requested → issued → forwarded → acknowledged → linked | failed | expired | cancelled; what
else the server is told of a symbol goes releasing → released, relinking → relinked; operator: somebody must act first.
Nothing is said but on `Due`, from a state that is written down: whoever crashes says it again. A process number is used
in every attempt until it is known dead, and no ended acquisition has one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from kakehashi.domain.symbol_event import (
    Acknowledged,
    Blocked,
    Done,
    Due,
    Event,
    HandedOver,
    HeldNumber,
    LinkStatus,
    NumberIssued,
    Ordered,
    Refused,
    Replaced,
    Resumed,
    Silent,
    Task,
    Told,
    Unanswered,
    Withdrawn,
)

__all__ = [
    "ENDED",
    "LIVE",
    "Acknowledged",
    "Acquisition",
    "AcquisitionState",
    "Blocked",
    "Command",
    "Done",
    "Due",
    "Event",
    "HandedOver",
    "HeldNumber",
    "LinkStatus",
    "NumberIssued",
    "Ordered",
    "Origin",
    "Refused",
    "Replaced",
    "Resumed",
    "Rules",
    "Silent",
    "Step",
    "Task",
    "Told",
    "Unanswered",
    "Withdrawn",
    "advance",
]


class AcquisitionState(StrEnum):
    """「符号取得状態」 forwarded: sent to the resident registry, which has not acknowledged it; operator: somebody must
    act; expired: its process number is dead, a new acquisition goes on. registering: the person is made known to the
    server; releasing, relinking: the server is told so.
    """

    NEEDED = "needed"
    REGISTERING = "registering"
    REQUESTED = "requested"
    ISSUED = "issued"
    FORWARDED = "forwarded"
    ACKNOWLEDGED = "acknowledged"
    RELEASING = "releasing"
    RELINKING = "relinking"
    OPERATOR = "operator"
    LINKED = "linked"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    RELEASED = "released"
    RELINKED = "relinked"


ENDED = frozenset(map(AcquisitionState, ("linked", "failed", "expired", "cancelled", "released", "relinked")))
LIVE = frozenset(AcquisitionState) - ENDED
"""A person has at most one acquisition in these states."""


class Origin(StrEnum):
    """「取得契機」 Refused for want of it (4007), a number came in, somebody began many: most urgent first."""

    REFUSED = "refused"
    REGISTERED = "registered"
    STARTED = "started"


_PAUSE = timedelta(minutes=5)
_CONTRADICTIONS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquisition:
    """「符号取得」 `since`: when it came into its state; `due`: when something is to be done (None: by an operator).

    `failures`: how often in a row nothing came back; `looks`: how often the link was asked for; `unknown`: messages of
    this state that may have arrived, and were not answered. `generation`: counts the process numbers for one need.
    `by_hand`: somebody enters it at the terminal, the registry does not take it. `code`: why it failed, waits for an
    operator, or expired. `task`: what it is, if no acquisition; `heir`: the number that stays of two that were found
    to be one; `anew`: when it has ended, one is acquired, for who has it then. `said`: the request in which it was said
    together with others. `actor`, `reason`: where a person ordered it.
    """

    person: str
    origin: Origin
    since: datetime
    due: datetime | None
    state: AcquisitionState = AcquisitionState.NEEDED
    generation: int = 1
    failures: int = 0
    looks: int = 0
    unknown: int = 0
    by_hand: bool = False
    number: HeldNumber | None = None
    expires_at: datetime | None = None
    code: str | None = None
    server_code: str | None = None
    task: Task = Task.ACQUIRE
    heir: str | None = None
    anew: bool = False
    said: str | None = None
    actor: str | None = None
    reason: str | None = None

    @classmethod
    def ordered(cls, person: str, ordered: Ordered, *, now: datetime) -> Acquisition:
        """Of a task that is no acquisition."""
        made = cls(person=person, origin=Origin.REGISTERED, since=now, due=now, state=_TELLING[ordered.task])
        told = replace(made, task=ordered.task, heir=ordered.heir, anew=ordered.anew)
        return replace(told, actor=ordered.actor, reason=ordered.reason)

    @classmethod
    def needed(cls, person: str, *, origin: Origin, now: datetime, linked_lately: int = 0) -> Acquisition:
        """`linked_lately`: how often within a day records were released as linked, and refused again: the server
        contradicts itself, or was late once. It is asked ever more rarely, then somebody must look.
        """
        made = cls(person=person, origin=origin, since=now, due=now + _PAUSE * max(linked_lately - 1, 0) ** 2)
        if linked_lately > _CONTRADICTIONS:
            return replace(made, state=AcquisitionState.OPERATOR, due=None, code="SYM-006")
        return made

    @property
    def is_live(self) -> bool:
        return self.state in LIVE


class Command(StrEnum):
    """「指示」 What is to be said now; `tell`: what its task is; `release`: what waits for the symbol goes on."""

    ASK_PERSON = "ask-person"
    REGISTER = "register"
    REQUEST_NUMBER = "request-number"
    FORWARD = "forward"
    ASK_STATUS = "ask-status"
    TELL = "tell"
    RELEASE = "release"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """「取得規則」 `patience`: until what was said is taken for lost. `number_again`, `forward_again`: its receiver
    honours request ids, so that it may be said again. `lifetime`: of a process number, whatever the server says.
    `first_look`, `rarest_look`: how soon and how rarely the link is asked for. `generations`: process numbers for one
    need. `registers`: a person is registered before a number is asked for. `once`: what else is said in these states is
    not said again after an unknown outcome.
    """

    patience: timedelta
    lifetime: timedelta
    first_look: timedelta
    rarest_look: timedelta
    generations: int = 3
    number_again: bool = True
    forward_again: bool = True
    registers: bool = False
    once: frozenset[AcquisitionState] = frozenset()


class Step(NamedTuple):
    """「遷移」 `successor`: the acquisition that goes on for the same need; it is written together with `state`."""

    state: Acquisition
    command: Command | None = None
    successor: Acquisition | None = None


_S = AcquisitionState
_TELLING = {Task.RELEASE: _S.RELEASING, Task.RELINK: _S.RELINKING, Task.UNDO: _S.RELINKING}
_SAYS = {
    _S.REGISTERING: Command.REGISTER,
    _S.REQUESTED: Command.REQUEST_NUMBER,
    _S.RELEASING: Command.TELL,
    _S.RELINKING: Command.TELL,
}
_TOLD = {_S.RELEASING: _S.RELEASED, _S.RELINKING: _S.RELINKED}


def advance(at: Acquisition, event: Event, *, rules: Rules, now: datetime) -> Step:
    """What becomes of it. An event that does not concern its state (late, twice, out of order) changes nothing."""
    if not at.is_live:
        return Step(at)
    match event:
        case Due(said=said):
            return _due(at, rules, now, said)
        case Told(status=status):
            return _told(at, status, rules, now)
        case Refused() | Blocked() | Unanswered() | Silent():
            return Step(_troubled(at, event, now))
        case Withdrawn(code=code):
            return Step(_ended(at, _S.CANCELLED, now, code))
        case Ordered(code=code):
            successor = Acquisition.ordered(at.person, event, now=now)
            return Step(_ended(at, _S.CANCELLED, now, code), successor=successor)
        case Done():
            return _done(at, event, now)
        case Replaced(code=code):
            return _replaced(at, now, code)
        case NumberIssued() | Acknowledged() | HandedOver() | Resumed():
            return Step(_progressed(at, event, rules, now))


_ASKING = frozenset({_S.NEEDED, _S.REGISTERING, _S.REQUESTED, _S.FORWARDED})
"""What was said can be refused."""


def _due(at: Acquisition, rules: Rules, now: datetime, together: str | None) -> Step:
    if at.due is None or at.due > now:
        return Step(at)
    if at.expires_at is not None and at.expires_at <= now:
        return _expired(at, rules, now)
    asked = replace(at, due=now + rules.patience)
    said = replace(asked, unknown=at.unknown + 1)
    match at.state:
        case _S.NEEDED:
            return Step(asked, Command.ASK_PERSON)
        case _S.REQUESTED if at.unknown and not rules.number_again:
            return Step(_blocked(at, now, "SYM-005"))
        case _S.REGISTERING | _S.RELEASING | _S.RELINKING if at.unknown and at.state in rules.once:
            return Step(_blocked(at, now, "SYM-014"))
        case _S.REGISTERING | _S.REQUESTED | _S.RELEASING | _S.RELINKING:
            return Step(replace(said, said=together), _SAYS[at.state])
        case _S.ISSUED if not at.by_hand:
            return Step(replace(said, state=_S.FORWARDED, since=now), Command.FORWARD)
        case _S.ISSUED | _S.FORWARDED | _S.ACKNOWLEDGED:
            return Step(asked, Command.ASK_STATUS)
    return Step(at)


def _progressed(
    at: Acquisition, event: NumberIssued | Acknowledged | HandedOver | Resumed, rules: Rules, now: datetime
) -> Acquisition:
    match event:
        case NumberIssued() if at.state is _S.REQUESTED:
            expires_at = min(event.expires_at, now + rules.lifetime)
            held = replace(at, number=event.number, expires_at=expires_at, by_hand=event.by_hand)
            return replace(_entered(held, _S.ISSUED, now), code="SYM-008" if event.by_hand else None)
        case Acknowledged() if at.state is _S.FORWARDED:
            return _looking(_entered(at, _S.ACKNOWLEDGED, now), rules, now)
        case HandedOver() if at.state is _S.ISSUED and at.by_hand:
            return _looking(_entered(at, _S.ACKNOWLEDGED, now), rules, now)
        case Resumed() if at.state is _S.OPERATOR:
            return _resumed(at, now)
    return at


def _troubled(at: Acquisition, event: Refused | Blocked | Unanswered | Silent, now: datetime) -> Acquisition:
    match event:
        case Refused() if at.state in _ASKING:
            return _ended(at, _S.FAILED, now, event.code, event.server_code)
        case Blocked():
            return _blocked(at, now, event.code, event.server_code)
        case Unanswered() | Silent() if at.state is not _S.OPERATOR:
            return _unanswered(at, event, now)
    return at


def _done(at: Acquisition, event: Done, now: datetime) -> Step:
    """Where a symbol has come to somebody, that is asked for: what waits for it goes on then."""
    match at.state:
        case _S.REGISTERING:
            return Step(_entered(at, _S.REQUESTED, now))
        case _S.RELEASING | _S.RELINKING:
            ended = _ended(at, _TOLD[at.state], now, None if event.effect else "SYM-015")
            moved = event.effect and at.task is not Task.RELEASE
            to = at.heir if at.task is Task.RELINK else at.person
            if to is None or not (moved or at.anew):
                return Step(ended)
            return Step(ended, successor=Acquisition.needed(to, origin=at.origin, now=now))
    return Step(at)


def _told(at: Acquisition, status: LinkStatus, rules: Rules, now: datetime) -> Step:
    if at.task is not Task.ACQUIRE:
        return Step(at)
    if status is LinkStatus.LINKED:
        return Step(_ended(at, _S.LINKED, now), Command.RELEASE)
    match at.state:
        case _S.NEEDED:
            return Step(_entered(at, _S.REGISTERING if rules.registers else _S.REQUESTED, now))
        case _ if status is LinkStatus.FAILED and at.number is not None:
            return Step(_ended(at, _S.FAILED, now, "SYM-003"))
        case _S.FORWARDED if rules.forward_again:
            return Step(replace(at, state=_S.ISSUED, due=now))  # the same number, under the same request id
        case _S.FORWARDED | _S.ACKNOWLEDGED | _S.ISSUED:
            return Step(_looking(replace(at, failures=0), rules, now))
    return Step(at)


def _entered(at: Acquisition, state: AcquisitionState, now: datetime) -> Acquisition:
    fresh = replace(at, failures=0, looks=0, unknown=0, code=None, server_code=None, said=None)
    return replace(fresh, state=state, since=now, due=now)


def _ended(
    at: Acquisition, state: AcquisitionState, now: datetime, code: str | None = None, server_code: str | None = None
) -> Acquisition:
    ended = replace(_entered(at, state, now), due=None, number=None, expires_at=None)
    return replace(ended, code=code, server_code=server_code)


def _blocked(at: Acquisition, now: datetime, code: str, server_code: str | None = None) -> Acquisition:
    """Its number lives on, and is erased when it is dead."""
    blocked = replace(_entered(at, _S.OPERATOR, now), due=at.expires_at)
    return replace(blocked, code=code, server_code=server_code)


def _looking(at: Acquisition, rules: Rules, now: datetime) -> Acquisition:
    """Ask soon at first, then ever more rarely; never later than the number dies."""
    look = now + min(rules.first_look * 2 ** min(at.looks, 20), rules.rarest_look)
    return replace(at, looks=at.looks + 1, due=min(look, at.expires_at or look))


def _unanswered(at: Acquisition, event: Unanswered | Silent, now: datetime) -> Acquisition:
    due, failures = now + event.after, at.failures + event.counts
    waiting = replace(at, due=min(due, at.expires_at or due), failures=failures, code=event.code)
    if isinstance(event, Silent) or event.arrived:
        return waiting
    waiting = replace(waiting, unknown=max(at.unknown - 1, 0))
    if at.state is _S.FORWARDED and not waiting.unknown:
        return replace(waiting, state=_S.ISSUED)  # it surely has not arrived
    return waiting


def _expired(at: Acquisition, rules: Rules, now: datetime) -> Step:
    """The number is dead. What waits for an operator anyway, and the last generation, is left to one."""
    erased = replace(at, number=None, expires_at=None, due=None)
    if at.state is _S.OPERATOR:
        return Step(erased)
    if at.generation >= rules.generations:
        return Step(_blocked(erased, now, "SYM-004"))
    soon = now + rules.first_look  # a server whose clock is behind ours would give the dead number again
    needed = Acquisition.needed(at.person, origin=at.origin, now=now)
    successor = replace(needed, generation=at.generation + 1, due=soon)
    return Step(_ended(at, _S.EXPIRED, now, "SYM-002"), successor=successor)


def _replaced(at: Acquisition, now: datetime, code: str) -> Step:
    """What was not said to registry or terminal yet is said as things stand then, at once or when an operator says."""
    if at.number is None or (at.state is _S.ISSUED and not at.by_hand):
        return Step(at)
    successor = Acquisition.needed(at.person, origin=at.origin, now=now)
    return Step(_ended(at, _S.CANCELLED, now, code), successor=successor)


def _resumed(at: Acquisition, now: datetime) -> Acquisition:
    """Where there is a number, its fate is asked for before anything else."""
    if at.task is not Task.ACQUIRE:
        return _entered(at, _TELLING[at.task], now)
    if at.number is None:
        return replace(_entered(at, _S.NEEDED, now), generation=1)
    return _entered(at, _S.ISSUED if at.by_hand else _S.FORWARDED, now)
