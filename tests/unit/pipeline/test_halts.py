"""What is stopped does not leave, what was sent is taken back, and the server is told; in one gateway in memory."""

import re
import shutil
from datetime import timedelta

import pytest
from lxml import etree
from tests.unit.pipeline.conftest import ROOT

from kakehashi.domain.batch import BatchState, RecordState
from kakehashi.domain.halt import HaltAction, HaltMeans, HaltOf
from kakehashi.errors import OutcomeUnknown, QueueRefused, ServerUnreachable
from kakehashi.ports.halts import NewHalt
from kakehashi_simulators.legacy.tax import write_tax
from kakehashi_simulators.legacy.town import Town

LANE, INQUIRIES = "tax-levy", "welfare-inquiry"
NAME = "TM99000000000001"


def halt(house, action, key, *, of=HaltOf.PERSON, means=HaltMeans.LOCK):
    now = house.clock.now()
    row, new = house.store.place_halt(
        NewHalt(action=action, of=of, key=key, means=means, reason="r", actor="a", placed_at=now)
    )
    assert new
    return row


def suspend(house, person, means=HaltMeans.LOCK):
    return halt(house, HaltAction.SUSPEND, person, means=means)


def lift(house, action, key, of=HaltOf.PERSON):
    assert house.store.lift_halt(action, of, key, reason="over", actor="a", now=house.clock.now())


def drop(house, manifest, number=0):
    samples = [sample for sample in manifest.lane(house.route.name) if sample.good]
    house.take(samples[number].name, samples[number].path.read_bytes())


def persons(documents):
    return [key.text for each in documents for key in etree.fromstring(each.document).iter("{*}PersonKey")]


def sent(house, *messages):
    """What went out of these messages."""
    return [each for each in house.client.delivered if each.message_id in messages]


@pytest.fixture
def house(house_of):
    return house_of(LANE)


@pytest.fixture
def someone(house, manifest, tmp_path):
    """Somebody of the file that `drop` drops."""
    other = type(house)(tmp_path / "other", LANE, ROOT / "config")
    other.link_all(manifest)
    drop(other, manifest)
    other.until_quiet()
    other.close()
    return persons(sent(other, "DBM-201"))[3]


def test_a_suspended_persons_record_stays_and_its_neighbours_go(house, manifest, someone):
    """Also of a batch that stands in a queue already; the record waits for an operator with its own code."""
    drop(house, manifest)
    suspend(house, someone)
    house.until_quiet()
    assert someone not in persons(sent(house, "DBM-201"))
    (row,) = house.store.exceptions(code="REF-013")
    assert (row.state, house.counts.accepted) == (RecordState.PARKED, house.counts.received - 1)
    house.redrive([row])
    house.until_quiet()
    assert someone not in persons(sent(house, "DBM-201")), "still suspended"
    lift(house, HaltAction.SUSPEND, someone)
    (again,) = house.store.exceptions(code="REF-013", states=[RecordState.PARKED])
    house.redrive([again])
    house.until_quiet()
    assert persons(sent(house, "DBM-201")).count(someone) == 1
    assert house.counts.accepted == house.counts.received


def test_a_decision_in_the_middle_of_a_step_counts(house, manifest, someone, monkeypatch):
    """A worker that has translated the batch already cannot write down its intent: it looks once more."""
    drop(house, manifest)
    begin, tries = house.store.begin_attempt, []

    def late(*args, **given):
        if not tries:
            suspend(house, someone)
        tries.append(given["halts"])
        return begin(*args, **given)

    monkeypatch.setattr(house.store, "begin_attempt", late)
    house.until_quiet()
    assert tries[:2] == [0, 1]
    assert someone not in persons(sent(house, "DBM-201"))
    assert [row.code for row in house.store.exceptions()] == ["REF-013"]


@pytest.mark.parametrize("trouble", [ServerUnreachable, OutcomeUnknown])
def test_what_is_tried_again_after_the_decision_goes_without_the_person(house, manifest, someone, trouble):
    """Refused at the line, or lost on the way: the second attempt is without the record."""
    drop(house, manifest)
    house.client.fail_before(trouble())
    house.work()
    suspend(house, someone)
    house.client.recover()
    house.until_quiet()
    assert someone not in persons(sent(house, "DBM-201"))
    assert [row.code for row in house.store.exceptions()] == ["REF-013"]


def test_replicas_of_a_suspended_person_are_withdrawn_once(house, manifest, someone):
    """Past whatever else is done, in the urgent queue; done when none stands, and told once."""
    drop(house, manifest)
    house.until_quiet()
    assert house.store.persons_replicas(someone)
    row, scheduler = suspend(house, someone, HaltMeans.WITHDRAW), house.scheduler()
    for _ in range(3):
        scheduler.run_once()
        house.clock.advance(timedelta(seconds=2))
    (file,) = [each for each in house.store.files() if each.name.startswith(f"suspend{row.id}-")]
    (batch,) = house.store.batches(file.id)
    assert batch.urgent
    assert [each.reason for each in house.store.decisions(file.id)] == ["r"]
    house.publishing.publish_new()
    lane, house.queue = house.queue, "urgent"
    house.until_quiet()
    house.queue = lane
    assert persons(sent(house, "DBM-203")) == [someone]
    assert house.store.persons_replicas(someone) == []
    assert len(house.store.waiting_halts()) == 1
    for _ in range(3):
        scheduler.run_once()
        house.clock.advance(timedelta(seconds=2))
    assert house.store.waiting_halts() == []
    assert house.recorder.named("halt.accepted") == [{"halt_id": row.id, "action": "suspend", "what": "placed"}]


def test_a_lane_whose_queue_is_full_holds_no_withdrawal(house, manifest, someone, monkeypatch, tmp_path):
    """Its own batches rest; what is urgent goes past them."""
    drop(house, manifest)
    house.until_quiet()
    publish = house.publishing.broker.publish

    def full(messages, *, delay=None):
        if any(message.lane == LANE for message in messages):
            raise QueueRefused
        publish(messages, delay=delay)

    monkeypatch.setattr(house.publishing.broker, "publish", full)
    write_tax(tmp_path / "LEVY9.DAT", town=Town(9), first=0, records=3)
    house.take("LEVY9.DAT", (tmp_path / "LEVY9.DAT").read_bytes())
    assert [row.state for row in house.batches()[:1]] == [BatchState.NEW], "the queue took it"
    suspend(house, someone, HaltMeans.WITHDRAW)
    house.scheduler().run_once()
    house.publishing.publish_new()
    assert [message.headers["lane"] for message in house.queues.messages("urgent")] == [LANE]
    assert house.queues.messages(LANE) == []


def test_a_change_that_was_under_way_is_withdrawn_too(house, manifest, someone):
    """It was sent before the decision, and is decided after it: nothing of the person stands in the end."""
    drop(house, manifest)
    house.work()
    assert [row.state for row in house.batches()] == [BatchState.WAITING]
    row, scheduler = suspend(house, someone, HaltMeans.WITHDRAW), house.scheduler()
    scheduler.run_once()
    house.until_quiet()
    house.queue = "urgent"
    for _ in range(8):
        house.clock.advance(timedelta(seconds=10))
        scheduler.run_once()
        house.publishing.publish_new()
        house.until_quiet()
    assert house.store.persons_replicas(someone) == []
    assert house.store.halts() == [house.store.halts(key=someone)[0]]
    assert house.store.halts()[0].done_at is not None
    assert house.store.halts()[0].id == row.id
    assert house.server._locks.provided({"person": someone, "info": NAME}) == {"locked": False, "units": []}


def test_a_refused_withdrawal_is_said_and_not_repeated(house, manifest, someone):
    """Until somebody retries it."""
    drop(house, manifest)
    house.until_quiet()
    suspend(house, someone, HaltMeans.WITHDRAW)
    house.server._persons.set([someone], "stale")
    scheduler, house.queue = house.scheduler(), "urgent"
    for _ in range(6):
        scheduler.run_once()
        house.publishing.publish_new()
        house.until_quiet()
        house.clock.advance(timedelta(seconds=10))
    (row,) = house.store.waiting_halts()
    assert row.code == "REF-015"
    assert len(sent(house, "DBM-203")) == 1
    assert len(house.recorder.named("halt.refused")) == 1
    refused = [each.id for each in house.store.exceptions()]
    assert house.store.discard(refused, reason="r", actor="a", now=house.clock.now()) == 1
    scheduler.run_once()
    assert house.store.waiting_halts()[0].code == "REF-015", "given up is not withdrawn"


def test_an_inquiry_about_a_suspended_person_is_not_sent(house_of, manifest):
    """And who was asked about is known."""
    house = house_of(INQUIRIES)
    drop(house, manifest)
    house.until_quiet()
    asked = persons(sent(house, "SKI-301"))
    assert len(house.store.sent_about(person=asked[0])) == asked.count(asked[0])
    suspend(house, asked[0])
    (row, *_) = house.batches()
    raw = manifest.lane(INQUIRIES)[0].path.read_bytes()
    house.take("P640R110_20260701000000_0009.DAT", raw + raw[: raw.index(b"\r\n") + 2])
    house.until_quiet()
    assert persons(sent(house, "SKI-301")[1:]).count(asked[0]) == 0
    assert {each.code for each in house.store.exceptions()} == {"REF-013"}
    assert row.id in {each.batch_id for each in house.store.sent_about(person=asked[0])}


def test_the_replicas_of_a_locked_information_wait_and_go_on_by_themselves(house, manifest):
    """Held, not refused; no attempt is counted."""
    halt(house, HaltAction.LOCK, NAME, of=HaltOf.INFORMATION)
    drop(house, manifest)
    for _ in range(20):
        house.work()
        house.clock.advance(timedelta(seconds=30))
    assert sent(house, "DBM-201") == []
    assert {(row.state, row.attempts, row.code) for row in house.batches()} == {(BatchState.QUEUED, 0, "REF-014")}
    lift(house, HaltAction.LOCK, NAME, HaltOf.INFORMATION)
    house.until_quiet()
    assert house.counts.accepted == house.counts.received
    assert house.store.exceptions() == []


def test_what_was_sent_before_the_lock_is_brought_to_its_end(house, manifest):
    """A result is asked for, and a withdrawal goes out, under the lock."""
    drop(house, manifest)
    house.work()
    halt(house, HaltAction.LOCK, NAME, of=HaltOf.INFORMATION)
    house.until_quiet()
    assert house.counts.accepted == house.counts.received
    person = persons(sent(house, "DBM-201"))[0]
    suspend(house, person, HaltMeans.WITHDRAW)
    house.scheduler().run_once()
    house.publishing.publish_new()
    house.queue = "urgent"
    house.until_quiet()
    assert persons(sent(house, "DBM-203")) == [person]


@pytest.mark.parametrize(("of", "key"), [(HaltOf.PERSON, "000000000000001"), (HaltOf.INFORMATION, NAME)])
def test_the_server_locks_and_unlocks(house, of, key):
    """In the order of the decisions, once each; a restart in between says the same again, to no effect."""
    locking = house.gateway.locking()
    row = halt(house, HaltAction.LOCK, key, of=of)
    assert [locking.run_once(), locking.run_once()] == [1, 0]
    assert [each["operation"] for each in house.server._locks.standing()] == ["lock"]
    (placed,) = house.store.halts()
    assert placed.done_at is not None
    lift(house, HaltAction.LOCK, key, of)
    assert [locking.run_once(), locking.run_once()] == [1, 0]
    assert [(each["key"], each["operation"]) for each in house.server._locks.standing()] == [(key, "unlock")]
    told = [(each["halt_id"], each["what"]) for each in house.recorder.named("halt.accepted")]
    assert told == [(row.id, "placed"), (row.id, "lifted")]


def test_a_lock_that_is_lifted_before_it_is_told_leaves_nothing_behind(house):
    """Only the end is said; a lock that arrives late is stale."""
    halt(house, HaltAction.LOCK, NAME, of=HaltOf.INFORMATION)
    lift(house, HaltAction.LOCK, NAME, HaltOf.INFORMATION)
    assert house.gateway.locking().run_once() == 1
    (lock,) = house.server._locks.standing()
    assert lock["operation"] == "unlock"
    assert house.server._locks.take(NAME, "lock", f"{int(lock['sequence']) - 1:018d}") == "4009"


@pytest.mark.parametrize("trouble", [ServerUnreachable, OutcomeUnknown])
def test_a_lock_that_the_server_did_not_answer_to_is_said_again(house, trouble):
    """Soon, and under the same request id."""
    halt(house, HaltAction.LOCK, NAME, of=HaltOf.INFORMATION)
    (house.client.fail_after if trouble is OutcomeUnknown else house.client.fail_before)(trouble())
    locking = house.gateway.locking()
    locking.run_once()
    (row,) = house.store.waiting_halts()
    assert row.code in {"SRV-002", "SRV-003"}
    house.client.recover()
    for _ in range(5):
        house.clock.advance(timedelta(seconds=10))
        locking.run_once()
    assert house.store.waiting_halts() == []
    assert len({re.search(rb"<RequestId>(.*?)<", each.document)[1] for each in sent(house, "DBM-209")}) == 1


def test_a_lock_that_the_server_refuses_is_told_once_and_rarely_tried(house, tmp_path):
    """Authority is somebody's business: 5001 is not said every second."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    gateway = tmp_path / "config" / "gateway.toml"
    text = gateway.read_text(encoding="utf-8")
    gateway.write_text(re.sub(r'agency = "9', 'agency = "8', text), encoding="utf-8")
    house.reload(tmp_path / "config")
    halt(house, HaltAction.LOCK, NAME, of=HaltOf.INFORMATION)
    locking = house.gateway.locking()
    for _ in range(30):
        locking.run_once()
        house.clock.advance(timedelta(seconds=60))
    (row,) = house.store.waiting_halts()
    assert row.code == "SRV-006"
    assert len(house.recorder.named("halt.refused")) == 1
    assert 2 <= len(sent(house, "DBM-209")) <= 4
