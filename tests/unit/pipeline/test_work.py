"""A batch from file to settled, through every kind of trouble between gateway and server."""

import pytest

from kakehashi.domain.batch import BatchState, RecordState
from kakehashi.domain.interface import Function
from kakehashi.errors import OutcomeUnknown, ServerRefused, ServerUnreachable

LANES = ["tax-levy", "welfare-assistance", "welfare-inquiry", "registry-household"]


def first(manifest, lane):
    return manifest.lane(lane)[0]


def take(house, manifest):
    sample = first(manifest, house.route.name)
    house.take(sample.name, sample.path.read_bytes())
    return sample


@pytest.mark.parametrize("lane", LANES)
def test_a_good_file_is_accepted_whole(house_of, manifest, lane):
    """Every record of a good file of each system is accepted by the honest server, once."""
    house = house_of(lane)
    sample = take(house, manifest)
    house.until_quiet()
    assert (house.counts.received, house.counts.accepted) == (sample.records, sample.records)
    assert house.counts.adds_up
    if house.route.function is Function.DBM:
        assert house.server._totals()["effects"] == sample.records


def test_an_unreachable_server_loses_nothing(house_of, manifest):
    """Nothing was delivered: the batch goes out again later, and is applied once."""
    house = house_of("tax-levy")
    house.client.fail_before(ServerUnreachable())
    take(house, manifest)
    for _ in range(3):
        house.work()
        house.clock.advance(house.gateway.patience / 2)
    assert house.counts.waiting == house.counts.received
    house.client.recover()
    house.until_quiet()
    assert house.counts.accepted == house.counts.received
    assert house.server._totals()["twice"] == 0


def test_a_lost_answer_is_asked_for_not_sent_again(house_of, manifest):
    """After an unknown outcome the status is asked by request id; what the server has is not sent again."""
    house = house_of("tax-levy")
    house.client.fail_after(OutcomeUnknown())
    take(house, manifest)
    house.work()
    house.client.recover()
    house.until_quiet()
    sent = [message.request_id for message in house.client.delivered if message.message_id == "DBM-201"]
    assert len(sent) == len(set(sent))
    assert any(message.message_id == "SYM-911" for message in house.client.delivered)
    assert house.counts.accepted == house.counts.received


def test_what_the_server_never_got_is_sent_again_under_the_same_id(house_of, manifest):
    """Intent written, connection cut before anything arrived: asked, unknown there, sent again with the same id."""
    house = house_of("tax-levy")
    house.client.fail_before(OutcomeUnknown())
    take(house, manifest)
    house.work()
    house.client.recover()
    house.until_quiet()
    assert house.counts.accepted == house.counts.received
    (file,) = house.store.files()
    sent = {message.request_id for message in house.client.delivered if message.message_id == "DBM-201"}
    assert sent == {batch.request_id for batch in house.store.batches(file.id)}


def test_a_message_that_is_not_idempotent_is_never_sent_again_by_itself(house_of, manifest):
    """Profile says idempotent = false: an unknown outcome that the server knows nothing of waits for a person."""
    import dataclasses

    house = house_of("tax-levy")
    work = house.worker.lanes["tax-levy"]
    messages = dict(work.conversation.profile.messages)
    messages["DBM-201"] = dataclasses.replace(messages["DBM-201"], idempotent=False)
    profile = dataclasses.replace(work.conversation.profile, messages=messages)
    conversation = dataclasses.replace(work.conversation, profile=profile)
    house.worker.lanes["tax-levy"] = dataclasses.replace(work, conversation=conversation)
    house.client.fail_before(OutcomeUnknown())
    take(house, manifest)
    house.work()
    house.client.recover()
    house.until_quiet()
    assert {batch.code for batch in house.store.parked_batches()} == {"SRV-003"}
    assert house.counts.waiting == house.counts.received


def test_a_server_without_a_free_connection_is_asked_later(house_of, manifest):
    """HTTP 503 is capacity: back off and come again; no record is at fault."""
    house = house_of("tax-levy")
    house.client.fail_before(ServerRefused(status=503, retry_after=5))
    take(house, manifest)
    house.work()
    assert {b.state for b in house.store.batches(house.store.files()[0].id)} == {BatchState.QUEUED}
    house.client.recover()
    house.until_quiet()
    assert house.counts.accepted == house.counts.received


@pytest.mark.parametrize(("code", "problem"), [("5001", "SRV-006"), ("8888", "SRV-008"), ("9001", "SRV-009")])
def test_what_no_retry_can_heal_goes_to_an_operator(house_of, manifest, code, problem):
    """Authority, an unknown code, and a fault that outlasts every attempt: parked, and nothing is counted as done."""
    house = house_of("tax-levy")
    house.server.faults.set({"result_code": code})
    take(house, manifest)
    house.until_quiet(200)
    assert {batch.code for batch in house.store.parked_batches()} == {problem}
    assert house.counts.waiting == house.counts.received
    house.server.faults.reset()
    for batch in house.store.parked_batches():
        house.store.decide_batch(batch.id, release=True, reason="mended", actor="tester", now=house.clock.now())
    house.publishing.publish_new()
    house.until_quiet()
    assert house.counts.accepted == house.counts.received


def test_a_closed_server_is_waited_for(house_of, manifest):
    """Outside service hours nothing is tried in a hurry and nothing is parked."""
    house = house_of("tax-levy")
    house.server.faults.set({"closed": True})
    take(house, manifest)
    house.work()
    assert house.store.parked_batches() == []
    house.server.faults.reset()
    house.until_quiet(2000)
    assert house.counts.accepted == house.counts.received


def test_an_answer_to_another_request_is_not_believed(house_of, manifest):
    """A wrong correlation id leaves the outcome unknown: asked, then settled by the right answer."""
    house = house_of("tax-levy")
    house.server.faults.set({"wrong_correlation": 1})
    take(house, manifest)
    house.work()
    attempts = house.store.attempts(house.store.batches(house.store.files()[0].id)[0].id)
    assert attempts[0].code == "SRV-007"
    house.until_quiet()
    assert house.counts.accepted == house.counts.received


def test_one_bad_record_never_stops_its_neighbours(house_of, manifest):
    """A person without a link is refused with IDN-001; all others of the batch are accepted."""
    house = house_of("tax-levy")
    sample = first(manifest, "tax-levy")
    some = next(iter(house.links.links("tax")))
    del house.links._state.links["tax", some.atena]
    take(house, manifest)
    house.until_quiet()
    unlinked = house.store.exceptions(code="IDN-001")
    assert house.counts.refused == len(unlinked)
    assert house.counts.accepted == sample.records - len(unlinked)


def test_a_person_without_a_symbol_waits_and_can_be_retried(house_of, manifest):
    """4007 is nobody's fault: the record waits; retried after the symbol is there it is accepted, once."""
    house = house_of("tax-levy")
    take_persons = [row.unified for row in house.links.links("tax")]
    house.server._persons.set(take_persons, "no-symbol")
    take(house, manifest)
    house.until_quiet()
    waiting = house.store.exceptions(states=[RecordState.WAITING])
    assert {row.code for row in waiting} == {"SYM-001"}
    assert house.counts.waiting == house.counts.received == len(waiting)
    house.server._persons.set(take_persons, "linked")
    ids = [row.id for row in waiting]
    from kakehashi.domain.batch import content_id

    for _ in range(2):
        house.store.redrive(
            ids,
            request_ids=[content_id("again", number) for number in ids],
            reason="symbol linked",
            actor="tester",
            now=house.clock.now(),
        )
    for _ in range(5):
        house.publishing.publish_new()
        house.until_quiet()
    assert house.counts.accepted == house.counts.received
    assert house.server._totals()["twice"] == 0


def test_a_lost_message_is_published_again(house_of, manifest):
    """The broker's queue was purged: after the due time the scheduler publishes from the spool."""
    house = house_of("tax-levy")
    take(house, manifest)
    with house.gateway.broker.consume(["tax-levy"], prefetch=1000) as consumer:
        from datetime import timedelta

        consumer.acknowledge(consumer.receive(1000, timedelta(0)))
    assert house.gateway.broker.depth("tax-levy") == 0
    house.clock.advance(house.gateway.patience * 2)
    house.publishing.publish_lost()
    house.until_quiet()
    assert house.counts.accepted == house.counts.received


def test_every_message_delivered_twice_is_worked_once(house_of, manifest):
    """Duplicates of the broker collapse in the ledger: the second message of a turn is stale."""
    house = house_of("tax-levy")
    take(house, manifest)
    rows = house.store.batches(house.store.files()[0].id)
    house.publishing._publish_lane("tax-levy", rows, event="batch.republished")
    house.until_quiet()
    assert house.counts.accepted == house.counts.received
    assert house.server._totals()["twice"] == 0


def test_a_foreign_message_is_buried(house_of):
    """What is not ours goes to the dead queue with its code; the worker lives."""
    from kakehashi.ports.broker import Message

    house = house_of("tax-levy")
    house.gateway.broker.publish([Message(id="x", lane="tax-levy", body=b"garbage")])
    house.until_quiet()
    assert house.gateway.broker.dead("tax-levy") == 1
    assert house.recorder.named("message.buried")[0]["code"] == "BRK-006"


def test_a_body_of_other_work_does_not_open(house_of, manifest):
    """Bodies swapped in the broker: the seal is bound to lane and request, the batch is parked, not mistranslated."""
    from dataclasses import replace

    from kakehashi.pipeline.envelope import read_message

    house = house_of("tax-levy")
    take(house, manifest)
    from datetime import timedelta

    with house.gateway.broker.consume(["tax-levy"], prefetch=10) as consumer:
        delivery = consumer.receive(1, timedelta(0))[0]
        item = read_message(delivery.message)
        wrong = replace(item, body=replace(item.body, body=item.body.body[:-1] + b"\x00"))
        step = house.worker.lanes["tax-levy"].advance(wrong, redelivered=False)
    assert (step.event, step.code) == ("batch.parked", "SEC-001")


def test_results_go_back_in_the_systems_own_format(house_of, manifest):
    """Every settled file has its result file, once all of its batches are settled."""
    for lane in LANES:
        house = house_of(lane)
        take(house, manifest)
        house.until_quiet()
        house.scheduler().run_once()
        assert len(house.sink.files) == 1, lane
        assert all(content for content in house.sink.files.values())


def test_a_retried_record_is_told_again_with_its_new_end(house_of, manifest):
    """After a retry the result of the file is written again, and the record counts where its last batch left it."""
    from kakehashi.domain.batch import content_id

    house = house_of("tax-levy")
    persons = [row.unified for row in house.links.links("tax")]
    house.server._persons.set(persons[:3], "no-symbol")
    take(house, manifest)
    house.until_quiet()
    scheduler = house.scheduler()
    scheduler.run_once()
    (before,) = house.sink.files.values()
    waiting = [row.id for row in house.store.exceptions(code="SYM-001")]
    assert waiting
    house.server._persons.set(persons, "linked")
    requests = [content_id("tax-levy", "again", number) for number in waiting]
    house.store.redrive(waiting, request_ids=requests, reason="linked", actor="t", now=house.clock.now())
    house.publishing.publish_new()
    house.until_quiet()
    scheduler.run_once()
    (after,) = house.sink.files.values()
    assert len(after) == len(before)
    assert b"SYM-001" in before
    assert b"SYM-001" not in after
    assert house.recorder.named("file.returned")[-1]["waiting"] == 0
