"""The decision about an inquiry as a state machine: no permit leaves without the persons whom it needs."""

import itertools
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tier import FULL

from kakehashi.domain.provision import (
    ENDED,
    Needs,
    Objection,
    Provision,
    ProvisionState,
    Verdict,
    Voice,
    expired,
    listed_again,
    not_taken,
    opened,
    refused,
    silent,
    spoken,
    taken,
    unlisted,
    withdrawn,
)
from kakehashi.testing.store_conformance_provisions import inquiry
from kakehashi.testing.store_samples import NOW

PATIENCE = timedelta(minutes=1)
actors, flags = st.sampled_from(["hana", "taro", "jiro"]), st.booleans()
needs = st.builds(Needs, permit=st.sampled_from([1, 2]), deny=st.sampled_from([1, 2]), protected=flags)
decided = st.one_of(
    st.tuples(st.just("permit"), actors, flags, needs),
    st.tuples(st.just("deny"), actors, st.sampled_from(["01", "02"]), needs),
)
answered = st.tuples(st.sampled_from(["taken", "refused", "silent", "not taken"]))
due = st.tuples(st.just("due"), needs)
others = st.one_of(
    st.tuples(st.sampled_from(["withdraw", "unlisted", "listed", "expired"])),
    st.tuples(st.just("pass"), st.sampled_from([60, 3600 * 60])),
)
rounds = st.tuples(decided, decided, others | due, due, answered)
"""As it mostly goes; what does not fit changes nothing."""


AFTER = {
    "withdraw": withdrawn,
    "taken": taken,
    "refused": lambda at, now: refused(at, "PRV-007", "4014", now),
    "silent": lambda at, now: silent(at, "SRV-003", PATIENCE, now),
    "not taken": lambda at, now: not_taken(at, "SRV-002", PATIENCE, now),
    "unlisted": unlisted,
    "listed": lambda at, now: listed_again(at, at.inquiry, asked_at=now, now=now),
    "expired": expired,
}


def enough(voices, need):
    """What the law of the house says, apart from the machine's own words."""
    verdicts = [voice.verdict for voice in voices]
    persons = len({voice.actor for voice in voices})
    if set(verdicts) == {Verdict.DENY}:
        return persons >= need.deny and len({voice.denial for voice in voices}) == 1
    if set(verdicts) != {Verdict.PERMIT}:
        return False
    if need.protected:
        return persons >= 2 and all(voice.aware for voice in voices)
    return persons >= need.permit


class Case:
    """One inquiry through whatever happens to it."""

    def __init__(self):
        self.now, self.at, self.said = NOW, Provision(inquiry=inquiry(days=2), since=NOW), []

    def act(self, act):
        before, moved = self.at, self._after(*act)
        if not isinstance(moved, Objection):
            self.at = moved
        if before.state in ENDED and act[0] != "listed":
            assert self.at == before
        if (
            act[0] in ("permit", "deny")
            and self.at.state is ProvisionState.DECIDED
            and before.state is not self.at.state
        ):
            assert enough(self.at.voices, act[3])

    def _after(self, what, *given):
        match what:
            case "permit" | "deny":
                return self._spoken(what, *given)
            case "due":
                return self._due(given[0])
            case "pass":
                self.now += timedelta(seconds=given[0])
                return self.at
            case "expired" if self.at.state is ProvisionState.SENT:
                return self.at  # it is asked about
        return AFTER[what](self.at, self.now)

    def _spoken(self, what, actor, how, need):
        denial, aware = (how, False) if what == "deny" else (None, how)
        voice = Voice(actor=actor, verdict=Verdict(what), reason="r", at=self.now, denial=denial, aware=aware)
        return spoken(self.at, voice, need, self.now)

    def _due(self, need):
        sending = opened(self.at, need, patience=PATIENCE, now=self.now)
        assert not (sending.ask and sending.say)
        if sending.ask:
            assert self.at.state is ProvisionState.SENT
        if sending.say:
            assert self.at.state is ProvisionState.DECIDED
            assert self.now < self.at.inquiry.deadline
            assert enough(self.at.voices, need)
            self.said.append((self.at.generation, self.at.verdict, self.at.denial))
        return sending.what


@settings(max_examples=5000 if FULL else 200, deadline=None)
@given(st.lists(rounds, min_size=1, max_size=6))
def test_never_a_reply_without_the_persons_it_needs(story):
    """Whatever is said, in whatever order, and whatever the needs have become: what is sent has enough persons at that
    moment, before its deadline; under one request id always the same is said; what has ended stays so.
    """
    case = Case()
    for act in itertools.chain.from_iterable(story):
        case.act(act)
    by_request = {}
    for generation, *content in case.said:
        assert by_request.setdefault(generation, content) == content


@pytest.mark.parametrize(("permit", "protected", "said"), [(1, False, 1), (2, False, 2), (1, True, 2), (2, True, 2)])
def test_a_permit_is_said_after_so_many_persons(permit, protected, said):
    """One, two, or always two: the property above is not true of a machine that never says anything."""
    case, need = Case(), Needs(permit, 1, protected=protected)
    spoke = 0
    while not case.said:
        case.act(("permit", ["hana", "taro"][spoke], True, need))
        case.act(("due", need))
        spoke += 1
    assert spoke == said
    assert case.at.state is ProvisionState.SENT


def test_who_decides_anew_after_a_refusal_does_so_under_another_request():
    """Another decision is another request, or the server would take it for the first one."""
    case, need = Case(), Needs(1, 1, protected=False)
    for act in (("deny", "hana", "01", need), ("due", need), ("refused",), ("deny", "hana", "02", need), ("due", need)):
        case.act(act)
    assert case.said == [(1, Verdict.DENY, "01"), (2, Verdict.DENY, "02")]


def test_who_takes_back_what_did_not_arrive_decides_under_another_request():
    """Also a decision that was said, and certainly not taken, may be taken back."""
    case, need = Case(), Needs(1, 1, protected=False)
    for act in (("deny", "hana", "01", need), ("due", need), ("not taken",), ("withdraw",)):
        case.act(act)
    for act in (("deny", "hana", "02", need), ("due", need)):
        case.act(act)
    assert case.said == [(1, Verdict.DENY, "01"), (2, Verdict.DENY, "02")]
