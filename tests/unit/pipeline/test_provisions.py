"""From another body's inquiry to our reply: once, with the persons it needs, and never silently not."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.pipeline.provision_office import ASSISTANCE, DOUBTFUL, HANA, SECRET, STRANGER, TARO, UNSAID, Office

from kakehashi.domain.halt import HaltAction, HaltMeans, HaltOf
from kakehashi.domain.notice import Disclosure
from kakehashi.domain.provision import ProvisionState
from kakehashi.errors import InputError, OutcomeUnknown, ServerUnreachable
from kakehashi.failpoint import STEPS, FailpointReached
from kakehashi.ports.halts import NewHalt
from kakehashi.runtime.providing import providing

HOUR = 3600


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path)
    yield made
    made.close()


def refused(code, call, *arguments, **how):
    with pytest.raises(InputError) as caught:
        call(*arguments, **how)
    assert caught.value.fault.code == code


def test_an_inquiry_is_a_task_once(office):
    """Listed again and again it stays one; nothing is said before somebody decides."""
    (row,) = office.inquired(HANA)
    for _ in range(3):
        office.work(hours=1)
    assert (office.state(row), office.steps(row)) == ("pending", ["listed"])
    assert len(office.said("TKY-401")) == 4
    assert office.said("TKY-403") == []
    assert office.events.names() == ["provision.listed"]


def test_two_persons_permit_and_the_server_is_told_once(office):
    """The first waits for the second, who is somebody else; the books have who, why and under which request."""
    (row,) = office.inquired(HANA)
    assert office.permit(row, "hana").state == "proposed"
    refused("PRV-002", office.permit, row, "hana")
    office.work(hours=1)
    assert office.at_server() == ["pending"]
    assert office.permit(row, "taro", dry=True).state == "decided"
    assert office.state(row) == "proposed"
    office.permit(row, "taro")
    refused("PRV-001", office.permit, row, "jiro")
    office.work()
    assert (office.state(row), office.at_server()) == ("replied", ["permitted"])
    assert office.steps(row) == ["listed", "permit", "permit", "sending", "replied"]
    entries = office.store.provision_entries(row.id)
    assert [entry.actor for entry in entries] == ["gateway", "hana", "taro", "gateway", "gateway"]
    (reply,) = office.said("TKY-403")
    assert entries[-1].request_id == reply.request_id
    office.work(hours=1)
    assert office.state(row) == "replied"


def test_one_person_denies_where_the_profile_says_so(office):
    """With the code that who asked is told."""
    (row,) = office.inquired(HANA)
    office.deny(row, "hana")
    office.work()
    assert office.at_server() == ["denied"]
    assert office.server._provisions.report()[0]["denial"] == "02"


def test_what_has_no_rule_needs_two_and_a_department_decides_its_own(office):
    """Two persons by default also to deny; who is not of the department that the profile names does not count."""
    (row,) = office.inquired(HANA, info=ASSISTANCE)
    assert office.deny(row, "hana").state == "proposed"
    refused("PRV-003", office.permit, row, "taro")
    refused("PRV-003", office.deny, row, "taro", "01")
    rule = office.rules.rule(ASSISTANCE, "JM99000000000009")
    by_name = {(ASSISTANCE, "*"): replace(rule, department="99990002"), **office.rules.by_name}
    office.deciding = replace(office.deciding, rules=replace(office.rules, by_name=by_name))
    refused("PRV-011", office.deny, row, "taro")
    assert office.deny(row, "sachiko").state == "decided"
    nobodys = replace(office.deciding, departments={})
    refused("PRV-011", nobodys.withdraw, office.now(row), actor="sachiko", reason="r", dry=False)


@pytest.mark.parametrize("person", [SECRET, UNSAID, DOUBTFUL, STRANGER])
def test_who_is_protected_or_unknown_needs_two_who_know_it(office, person):
    """Also where the profile would let one person permit; a denial needs nothing more."""
    rule = replace(office.rules.rule("TM99000000000001", "*"), permit=1)
    rules = replace(office.rules, by_name={("TM99000000000001", "*"): rule})
    office.deciding = replace(office.deciding, rules=rules)
    denied, row = office.inquired(person, person)
    refused("PRV-004", office.permit, row, "hana")
    assert office.permit(row, "hana", aware=True).state == "proposed"
    refused("PRV-004", office.permit, row, "taro")
    assert office.permit(row, "taro", aware=True).state == "decided"
    assert office.deny(denied, "hana").state == "decided"
    (other,) = office.inquired(TARO)
    assert office.permit(other, "hana").state == "decided"


def test_who_becomes_protected_after_the_decision_is_not_told_of(office):
    """Between decision and reply, and between the two persons: it is decided anew, by persons who know."""
    row, other = office.inquired(HANA, HANA)
    office.permit(row, "hana")
    office.permit(row, "taro")
    office.permit(other, "hana")
    office.disclose(HANA, Disclosure.WITHHELD)
    refused("PRV-004", office.permit, other, "taro", aware=True)
    office.work()
    assert (office.state(row), office.now(row).what.code) == ("operator", "PRV-010")
    assert office.at_server() == ["pending", "pending"]
    assert office.events.names()[-1] == "provision.refused"
    office.permit(row, "hana", aware=True)
    office.permit(row, "taro", aware=True)
    office.work()
    assert office.at_server() == ["permitted", "pending"]


def test_who_is_suspended_is_protected(office):
    """提供停止, also when it comes between decision and reply."""
    row, other = office.inquired(HANA, HANA)
    office.permit(row, "hana")
    office.permit(row, "taro")
    office.store.place_halt(
        NewHalt(
            action=HaltAction.SUSPEND, of=HaltOf.PERSON, key=HANA, means=HaltMeans.WITHDRAW, reason="r", actor="a",
            placed_at=office.clock.now(),
        )
    )  # fmt: skip
    office.work()
    assert (office.state(row), office.now(row).what.code) == ("operator", "PRV-010")
    refused("PRV-004", office.permit, other, "hana")


def test_what_is_blocked_by_the_owner_of_the_data_is_protected(office):
    """不開示 of the replica counts as much as that of the registry."""
    with office.server._account.transaction() as connection:
        connection.execute("UPDATE blocked SET undisclosed = 1 WHERE person = ?", (HANA,))
    (row,) = office.inquired(HANA)
    refused("PRV-004", office.permit, row, "hana")


@pytest.mark.parametrize("arrives", [True, False])
def test_an_unknown_outcome_is_asked_about_before_anything_is_said_again(office, arrives):
    """Whether the reply had arrived or not, the server takes it once, always under the same request id."""
    (row,) = office.inquired(HANA)
    office.deny(row, "hana")
    if arrives:
        office.line.fail_after(OutcomeUnknown())
    else:
        office.line.fail_before(OutcomeUnknown())
    office.work()
    assert office.state(row) == "sent"
    office.line.recover()
    office.work(minutes=20)
    assert (office.state(row), office.at_server()) == ("replied", ["denied"])
    assert office.server._provisions.report()[0]["times"] == 1
    assert len({message.request_id for message in office.said("TKY-403")}) == 1
    assert len(office.said("SYM-911")) == 1
    assert office.steps(row)[2:] == (
        ["sending", "silent", "asking", "replied"]
        if arrives
        else ["sending", "silent", "asking", "not-taken", "sending", "replied"]
    )


def test_a_server_that_does_not_honour_request_ids_is_not_told_twice(office):
    """What it does not know of goes to an operator, who decides anew."""
    messages = office.providing.messages
    profile = messages.settling.profile
    rule = replace(profile.messages["TKY-403"], idempotent=False)
    profile = replace(profile, messages={**profile.messages, "TKY-403": rule})
    office.providing.messages = replace(messages, settling=replace(messages.settling, profile=profile))
    (row,) = office.inquired(HANA)
    office.deny(row, "hana")
    office.line.fail_before(OutcomeUnknown())
    office.work()
    office.line.recover()
    office.work(minutes=20)
    assert (office.state(row), office.now(row).what.code) == ("operator", "PRV-006")
    assert office.said("TKY-403") == []
    office.deny(row, "hana")
    office.work()
    assert office.at_server() == ["denied"]


def test_a_reply_waits_for_a_server_that_is_away_or_closed(office):
    """It certainly has not arrived: it is said again, without a question."""
    (row,) = office.inquired(HANA)
    office.deny(row, "hana")
    office.line.fail_before(ServerUnreachable())
    office.work()
    assert office.state(row) == "decided"
    office.line.recover()
    office.server.faults.set({"closed": True})
    office.work(minutes=20)
    assert office.state(row) == "decided"
    office.server.faults.set({"closed": False})
    office.work(hours=2)
    assert (office.state(row), office.said("SYM-911")) == ("replied", [])


def test_the_deadline_ends_what_was_not_replied_and_says_so(office):
    """Pending, proposed or decided; nobody may decide then, and nothing is sent. Without the server as well."""
    rows = office.inquired(HANA, HANA, HANA, within_seconds=3 * HOUR)
    office.permit(rows[1], "hana")
    office.line.fail_before(ServerUnreachable())
    office.deny(rows[2], "hana")
    office.work()
    office.clock.advance(timedelta(hours=3))
    refused("PRV-005", office.permit, rows[0], "hana")
    office.work()
    assert [office.state(row) for row in rows] == ["expired"] * 3
    assert office.events.names().count("provision.expired") == 3
    assert office.steps(rows[0])[-1] == "expired"
    office.line.recover()
    office.work(hours=1)
    assert office.at_server() == ["expired"] * 3


def test_what_was_said_just_before_the_deadline_is_asked_about(office):
    """It was taken in time, so it is no failure."""
    (row,) = office.inquired(HANA, within_seconds=2 * HOUR)
    office.deny(row, "hana")
    office.line.fail_after(OutcomeUnknown())
    office.work()
    office.line.recover()
    office.work(hours=2)
    assert (office.state(row), office.at_server()) == ("replied", ["denied"])


def test_what_the_server_lists_no_longer_is_closed_with_its_reason(office):
    """Who asked has withdrawn it: nobody has to decide; a list that breaks off closes nothing."""
    row, other = office.inquired(HANA, TARO)
    office.permit(row, "hana")
    office.server._provisions.withdraw({"provisions": [row.what.inquiry.provision_id]})
    office.line.fail_after(OutcomeUnknown())
    office.work(hours=1)
    assert (office.state(row), office.events.names()[-1]) == ("proposed", "provision.list_failed")
    office.line.recover()
    office.work(hours=1)
    assert (office.state(row), office.now(row).what.code, office.state(other)) == ("gone", "PRV-009", "pending")
    refused("PRV-001", office.permit, row, "taro")
    assert office.events.names()[-1] == "provision.gone"


def test_a_refused_reply_is_an_operators(office):
    """Somebody else has decided otherwise at the server: shown with its code, and decided anew."""
    (row,) = office.inquired(HANA)
    office.deny(row, "hana")
    office.server._provisions.reply("z" * 32, row.what.inquiry.provision_id, None)
    office.work()
    what = office.now(row).what
    assert (what.state, what.code, what.server_code) == ("operator", "PRV-007", "4014")
    office.deciding.withdraw(office.now(row), actor="hana", reason="r", dry=False)
    assert (office.state(row), office.now(row).what.voices) == ("pending", ())
    office.work(hours=1)
    assert office.state(row) == "gone"


def test_what_ended_and_is_listed_again_begins_anew(office):
    """Its earlier voices do not count; a reply that the server has forgotten is an operator's."""
    gone, replied = office.inquired(HANA, TARO)
    office.permit(gone, "hana")
    office.deny(replied, "hana")
    numbers = [row.what.inquiry.provision_id for row in (gone, replied)]
    office.server._provisions.withdraw({"provisions": numbers[:1]})
    office.work(hours=1)
    assert [office.state(row) for row in (gone, replied)] == ["gone", "replied"]
    with office.server._account.transaction() as connection:
        connection.execute("UPDATE provisions SET state = 'pending', request_id = NULL, denial = NULL")
    office.work(hours=1)
    assert [office.state(row) for row in (gone, replied)] == ["pending", "operator"]
    assert office.now(replied).what.code == "PRV-008"
    office.permit(gone, "taro")
    office.deny(replied, "hana")
    office.work()
    assert [office.state(row) for row in (gone, replied)] == ["proposed", "replied"]
    assert len({message.request_id for message in office.said("TKY-403")}) == 2


def test_another_inquiry_under_the_same_id_is_decided_anew(office):
    """What was said about the first does not count; a deadline that was put off does no harm to it."""
    row, other = office.inquired(HANA, HANA)
    office.permit(row, "hana")
    office.permit(other, "hana")
    change = "UPDATE provisions SET {} WHERE id = ?"
    with office.server._account.transaction() as connection:
        connection.execute(change.format(f"person = '{TARO}'"), (row.what.inquiry.provision_id,))
        connection.execute(change.format("deadline = deadline + 3600"), (other.what.inquiry.provision_id,))
    office.work(hours=1)
    assert [office.state(each) for each in (row, other)] == ["pending", "proposed"]
    assert office.permit(row, "taro").state == "proposed"
    assert office.permit(other, "taro").state == "decided"
    put_off = office.now(other).what.inquiry.deadline - other.what.inquiry.deadline
    assert put_off == timedelta(hours=1)


@pytest.mark.parametrize("lost", [0, 2])
@pytest.mark.parametrize("step", [name for name in STEPS if name.startswith("provisions.")])
def test_who_dies_at_any_step_leaves_what_the_next_one_replies_once(office, monkeypatch, step, lost):
    """At the first, second or third passage of each step, also while every second answer is lost: the server is told
    once, under one request id.
    """
    office.line._answer = losing(office.line._answer, every=lost)
    numbers = []
    for passage in (1, 2, 3):
        dying = Dying(step, passage)
        monkeypatch.setattr("kakehashi.pipeline.providing.reached", dying.reached)
        asked = office.server._provisions.inquire({"persons": [HANA, TARO, TARO], "info": "TM99000000000001"})
        numbers += [each["provision"] for each in asked]
        while not dying.dead:
            office.clock.advance(timedelta(minutes=10))
            try:
                office.providing.run_once()
            except FailpointReached:
                office.providing = providing(office.gateway)
            for row in office.store.provisions(states=[ProvisionState.PENDING]):
                office.deny(row, "hana")
    for _ in range(6):
        office.work(hours=1)
    rows = office.store.known_provisions(numbers)
    assert [office.state(rows[number]) for number in numbers] == ["replied"] * 9
    assert [told["state"] for told in office.server._provisions.report()] == ["denied"] * 9
    assert [told["times"] for told in office.server._provisions.report()] == [1] * 9
    for row in rows.values():
        said = {each.request_id for each in office.store.provision_entries(row.id) if each.what == "sending"}
        assert len(said) == 1


class Dying:
    def __init__(self, step, passage):
        self.step, self.left, self.dead = step, passage, False

    def reached(self, step):
        self.left -= step == self.step
        if not self.left and not self.dead:
            self.dead = True
            raise FailpointReached


def losing(answer, *, every):
    """The n-th answers to replies do not come back; 0: all do."""
    count = itertools.count(1)

    def answered(message):
        told = answer(message)
        if every and message.message_id == "TKY-403" and next(count) % every == 0:
            raise OutcomeUnknown
        return told

    return answered
