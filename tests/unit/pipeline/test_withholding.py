"""Records of exchanges are asked for page by page; a word about one is written down first, and heard once."""

import itertools
from dataclasses import replace
from datetime import date, timedelta

import pytest
from tests.unit.pipeline.provision_office import SCHEMAS, XSD, configuration

from kakehashi.domain.exchange_record import RecordKind, WithholdingState
from kakehashi.errors import ConfigurationError, InputError, OutcomeUnknown, ServerError, ServerUnreachable
from kakehashi.failpoint import FailpointReached, Failpoints
from kakehashi.pipeline.record_messages import RecordMessages
from kakehashi.pipeline.retry import RetryPolicy
from kakehashi.pipeline.settling import Settling
from kakehashi.pipeline.withholding import Withholding
from kakehashi.ports.exchange_records import NewWithholding
from kakehashi.runtime.server_side import open_endpoint
from kakehashi.testing.memory_clock import MemoryClock
from kakehashi.testing.memory_server import MemoryServerClient
from kakehashi.testing.memory_store import MemoryStore
from kakehashi_simulators.intermediate_server import IntermediateServer, options
from kakehashi_simulators.server import ServerSettings

HANA, TARO = (f"{number:015d}" for number in (11, 22))
DAYS = (date(2020, 1, 1), date(2030, 1, 1))


class Desk:
    """The real engine, the simulated server's mind, one clock."""

    def __init__(self, folder, profile=None):
        self.clock, self.store, self.made = MemoryClock(), MemoryStore(), itertools.count(1)
        self.server = IntermediateServer(folder, XSD, ServerSettings(result_delay_seconds=0.0), options())
        self.server.clock.source = lambda: self.clock.now().timestamp()
        self.line = MemoryServerClient(lambda message: self.server._messages.answer(message.document))
        profile = profile or configuration().profile
        policy = RetryPolicy.of(profile, configuration().gateway.retry)
        self.messages = RecordMessages(
            settling=Settling(profile, policy, profile.polling), schemas=SCHEMAS, clock=self.clock, test=True,
            server=open_endpoint(configuration(), self.line, self.clock), sender="9999000000000010",
        )  # fmt: skip
        self.office = Withholding(book=self.store, messages=self.messages, clock=self.clock)

    def exchanged(self, person=HANA, **how):
        return self.server._records.add({"persons": [person], **how})

    def decide(self, record, code="01", *, person=HANA):
        self.clock.advance(timedelta(seconds=1))
        new = NewWithholding(
            person=person, record_id=record, withheld=code, reason="r", actor="hana", placed_at=self.clock.now()
        )
        return self.office.decide(new)

    def resume(self):
        (row,) = self.store.withholdings(still_open=True)
        return self.office.resume(row)

    def told(self, message_id):
        return [each.request_id for each in self.line.delivered if each.message_id == message_id]

    def withheld(self):
        return {row["record"]: row["code"] for row in self.server._records.report()}


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    yield made
    made.server.close()


def without(message_id=None, **changes):
    """The profile without a message, or with another rule for TKM-503."""
    profile = configuration().profile
    messages = {name: rule for name, rule in profile.messages.items() if name != message_id}
    if changes:
        messages["TKM-503"] = replace(messages["TKM-503"], **changes)
    return replace(profile, messages=messages)


def test_records_of_one_person_come_page_by_page(desk):
    """All of them once, and nobody else's."""
    numbers = desk.exchanged(count=501)
    desk.exchanged(TARO, kind="inquiry", outcome="refused", counterpart="9999000000000077")
    assert [each.record_id for each in desk.messages.records(HANA, *DAYS)] == sorted(numbers)
    assert len(desk.told("TKM-501")) == 2
    (other,) = desk.messages.records(TARO, *DAYS)
    assert (other.kind, other.counterpart, other.is_given) == (RecordKind.INQUIRY, "9999000000000077", False)
    assert list(desk.messages.records(HANA, date(2020, 1, 1), date(2020, 1, 2))) == []


@pytest.mark.parametrize("told", ["another person", "no order", "nothing, and more"])
def test_a_page_that_cannot_be_is_thrown_away(desk, told):
    """Somebody else's records, a page that does not go on: as an answer to another request."""
    person, answer = TARO if told == "another person" else HANA, desk.line._answer
    desk.exchanged(HANA, count=2)

    def wrong(message):
        raw = answer(message)
        if told == "another person":
            return raw.replace(HANA.encode(), TARO.encode(), 1) if HANA.encode() in raw else raw
        begin, end = raw.index(b"<Record>"), raw.rindex(b"</Record>") + len(b"</Record>")
        if told == "nothing, and more":
            return (raw[:begin] + raw[end:]).replace(b'more="0"', b'more="1"')
        return raw[:begin] + b"<Record>".join([b"", *reversed(raw[begin:end].split(b"<Record>")[1:])]) + raw[end:]

    desk.line._answer = wrong
    with pytest.raises(OutcomeUnknown) as caught:
        list(desk.messages.records(HANA, *DAYS))
    assert (caught.value.fault.code, person in str(caught.value)) == ("SRV-007", False)


def test_a_record_is_withheld_and_shown_again(desk):
    """One request each; what is so already is done; every word stays in the books."""
    (record,) = desk.exchanged()
    assert desk.decide(record).state is WithholdingState.DONE
    assert desk.withheld() == {record: "01"}
    assert desk.decide(record).server_code == "3001"
    assert desk.decide(record, None).state is WithholdingState.DONE
    assert desk.withheld() == {record: None}
    assert len(set(desk.told("TKM-503"))) == 3
    assert [(row.withheld, row.actor, row.state) for row in desk.store.withholdings()] == [
        (code, "hana", WithholdingState.DONE) for code in ("01", "01", None)
    ]


def test_what_is_refused_says_why(desk):
    """A record of somebody else, a reason that the server does not know: nothing is tried again."""
    (record,) = desk.exchanged()
    for row, code in ((desk.decide(record, person=TARO), "4017"), (desk.decide(record, "77"), "4002")):
        assert (row.state, row.code, row.server_code) == (WithholdingState.REFUSED, "REC-001", code)
    assert desk.store.withholdings(still_open=True) == []
    assert desk.decide(record).state is WithholdingState.DONE


def test_a_lost_answer_is_asked_for_and_nothing_is_said_twice(desk):
    """The server has it: done. It has it not: the same request again. Until then nothing else is said of the record."""
    (first,), (second,) = desk.exchanged(), desk.exchanged()
    desk.line.fail_after(OutcomeUnknown())
    assert desk.decide(first).state is WithholdingState.OPEN
    desk.line.recover()
    with pytest.raises(InputError) as caught:
        desk.decide(first, None)
    assert caught.value.fault.code == "REC-002"
    assert desk.resume().state is WithholdingState.DONE
    assert (len(desk.told("TKM-503")), len(desk.told("SYM-911"))) == (1, 1)
    desk.line.fail_before(ServerUnreachable())
    row = desk.decide(second)
    assert (row.state, row.code) == (WithholdingState.OPEN, "SRV-002")
    assert desk.resume().state is WithholdingState.OPEN
    desk.line.recover()
    assert desk.decide(second).id == row.id
    assert desk.withheld() == {first: "01", second: "01"}


@pytest.mark.parametrize("step", ["withholding.placed", "withholding.answered"])
def test_who_dies_at_a_step_is_gone_on_with(desk, monkeypatch, step):
    """Whatever the server has, it has once, from one request."""
    (record,) = desk.exchanged()
    monkeypatch.setattr("kakehashi.pipeline.withholding.reached", Failpoints.of(f"{step}:1:raise").reached)
    with pytest.raises(FailpointReached):
        desk.decide(record)
    monkeypatch.undo()
    assert desk.resume().state is WithholdingState.DONE
    assert len(set(desk.told("TKM-503"))) == len(desk.told("TKM-503")) == 1
    assert desk.server._records.report() == [{"record": record, "code": "01", "times": 1}]


def test_a_server_that_honours_no_request_ids_is_told_once(tmp_path):
    """After a lost send that it knows nothing of, somebody looks."""
    desk = Desk(tmp_path, without(idempotent=False))
    (record,) = desk.exchanged()
    desk.line.fail_before(OutcomeUnknown())
    desk.decide(record)
    desk.line.recover()
    assert (desk.resume().code, desk.told("TKM-503")) == ("REC-003", [])
    desk.server.close()


def test_a_profile_without_the_messages_says_so(tmp_path):
    """Nothing is sent."""
    for message_id in ("TKM-501", "TKM-503"):
        desk = Desk(tmp_path / message_id, without(message_id))
        with pytest.raises(ConfigurationError) as caught:
            list(desk.messages.records(HANA, *DAYS)) if message_id == "TKM-501" else desk.decide("a" * 32)
        assert (caught.value.faults[0].code, desk.line.delivered) == ("REC-004", ())
        assert desk.store.withholdings() == []
        desk.server.close()


def test_a_refusal_of_the_list_is_an_error(desk):
    """With the server's code; an empty list would say that nobody got anything."""
    desk.server.faults.set({"result_code": "5001"})
    with pytest.raises(ServerError) as caught:
        list(desk.messages.records(HANA, *DAYS))
    assert (caught.value.fault.code, caught.value.fault.facts["code"]) == ("SRV-006", "5001")
