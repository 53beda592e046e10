"""A message that is larger than the server takes at once goes in parts: each record once, households whole."""

import dataclasses
import re
from collections import Counter

import pytest
from tests.unit.pipeline.test_troubles import with_profile
from tests.unit.pipeline.test_work import take

from kakehashi.domain.batch import BatchBody, BatchState, FileState
from kakehashi.errors import OutcomeUnknown, ServerRefused

LANES = ["tax-levy", "welfare-assistance", "welfare-inquiry", "registry-household"]


def with_bytes(house, most):
    caps = dataclasses.replace(house.configuration.profile.caps, bytes_per_send=most)
    with_profile(house, caps=caps)


def sent(house):
    """The documents that carried records, in the order of their arrival."""
    return [each for each in house.client.delivered if each.message_id in {"DBM-201", "DBM-203", "SKI-301"}]


def records_of(message):
    return len(re.findall(rb"<Record[ >]|<Inquiry[ >]", message.document))


def whole_message(house_of, manifest, lane):
    """How many bytes the lane's first file makes when nothing limits it, and its result."""
    house = house_of(lane)
    take(house, manifest)
    house.until_quiet()
    return max(len(message.document) for message in sent(house)), house.results()


def finish(house):
    """To the end, with the parts published as they come."""
    for _ in range(12):
        house.publishing.publish_new()
        house.until_quiet()
    return house.results()


@pytest.mark.parametrize("share", [2, 7])
@pytest.mark.parametrize("lane", LANES)
def test_a_document_over_the_cap_goes_in_parts(house_of, manifest, tmp_path, lane, share):
    """No message is larger than the cap, every record is accepted once, and the owner's result is the same."""
    size, result = whole_message(house_of, manifest, lane)
    house = house_of(lane)
    house.server._reset()
    most = size // share + 2000
    with_bytes(house, most)
    sample = take(house, manifest)
    assert finish(house) == result
    assert max(len(message.document) for message in sent(house)) <= most
    assert len(sent(house)) >= share
    assert len({message.request_id for message in sent(house)}) == len(sent(house))
    assert (house.counts.accepted, house.counts.waiting, house.counts.adds_up) == (sample.records, 0, True)
    assert house.server._totals()["twice"] == house.server._totals()["repeats"] == 0
    assert house.recorder.named("batch.split")


def test_a_household_stays_in_one_message(house_of, manifest, monkeypatch):
    """However small the cap, the persons of a household are in one part; a household above it waits for an operator."""
    size, _ = whole_message(house_of, manifest, "registry-household")
    house = house_of("registry-household")
    house.server._reset()
    with_bytes(house, size // 8)
    bodies, body_of = {}, house.store.part_body  # they go with the end of their batch
    monkeypatch.setattr(house.store, "part_body", lambda part: bodies.setdefault(part, body_of(part)))
    take(house, manifest)
    finish(house)
    households = {}
    for row in house.store.batches(1):
        if row.part_of is not None and row.records:
            sealed, context = bodies[row.id], f"batch/{row.lane}/{row.request_id}"
            body = BatchBody.from_bytes(house.gateway.sealer.open(sealed, context=context))
            decoded = house.route.codec.decode(body, file="", first_record=row.first_record, offset=row.offset)
            group = [index for index, name in enumerate(house.route.codec.fields) if "." in name]
            for values in decoded.rows:
                households.setdefault(tuple(values[index] for index in group), set()).add(row.id)
    assert len(households) > 5
    assert {len(parts) for parts in households.values()} == {1}


def test_a_record_that_is_too_large_alone_is_refused_with_its_own_code(house_of, manifest):
    """Its neighbours go on; nothing of it is sent, and the operator reads how large it is."""
    size, _ = whole_message(house_of, manifest, "tax-levy")
    house = house_of("tax-levy")
    house.server._reset()
    with_bytes(house, 300)
    sample = take(house, manifest)
    finish(house)
    assert sent(house) == []
    assert Counter(row.code for row in house.store.exceptions()) == {"VAL-005": sample.records}
    assert (house.counts.refused, house.counts.waiting) == (sample.records, 0)
    assert size > 300


@pytest.mark.parametrize("lane", LANES)
def test_a_server_that_takes_fewer_records_gets_halves(house_of, manifest, lane):
    """6001: the batch is halved until it is taken; nothing is refused, lost or applied twice."""
    _, result = whole_message(house_of, manifest, lane)
    house = house_of(lane)
    house.server._reset()
    house.server._messages.records_most = 7
    sample = take(house, manifest)
    assert finish(house) == result
    assert (house.counts.accepted, house.counts.waiting) == (sample.records, 0)
    assert house.server._totals()["twice"] == 0


def test_http_413_halves_too(house_of, manifest):
    """What stands before the server may be the one that finds the message too large."""
    house = house_of("tax-levy")
    answer = house.client._answer

    def small_door(message):
        if len(message.document) > 12_000:
            raise ServerRefused(status=413)
        return answer(message)

    house.client._answer = small_door
    sample = take(house, manifest)
    finish(house)
    assert (house.counts.accepted, house.counts.waiting) == (sample.records, 0)


def test_refused_records_stay_with_the_batch_that_was_split(house_of, manifest):
    """Who was refused before sending is told once, whatever becomes of the neighbours."""
    house = house_of("tax-levy")
    house.server._messages.records_most = 4
    sample = manifest.lane("tax-levy")[0]
    content = bytearray(sample.path.read_bytes())
    unlinked = b"9" * 15
    for number in (3, 4, 9):
        content[number * 400 + 1 : number * 400 + 16] = unlinked
    house.take(sample.name, bytes(content))
    finish(house)
    assert house.counts.adds_up
    assert house.counts.waiting == 0
    refused = {(row.record_no, row.code) for row in house.store.exceptions()}
    assert len(refused) == house.counts.refused == len(house.store.exceptions())
    assert house.counts.accepted == sample.records - len(refused)
    assert house.counts.refused >= 3


def test_what_may_have_arrived_at_a_forgetful_server_is_not_split(house_of, manifest):
    """`idempotent = false` and an earlier send without an answer: parts would come beside it."""
    house = house_of("tax-levy")
    take(house, manifest)
    house.client.fail_after(OutcomeUnknown())
    house.work()
    (row,) = [row for row in house.store.batches(1) if row.state is BatchState.SENT][:1]
    work = house.worker.lanes["tax-levy"]
    assert work._past.is_first_word(row)
    house.store.record_message(row.id, message_id="DBM-201", request_id=row.request_id, now=house.clock.now())
    assert not work._past.is_first_word(row)


def test_a_split_batch_whose_message_comes_again_is_stale(house_of, manifest):
    """The worker died before it acknowledged: the second delivery finds the parts and does nothing."""
    house = house_of("tax-levy")
    house.server._messages.records_most = 7
    take(house, manifest)
    consumer = house.gateway.broker.consume(["tax-levy"], prefetch=8)
    acknowledge = consumer.acknowledge
    consumer.acknowledge = lambda _: None
    house.worker.run_once(consumer)
    house.worker.finish(consumer, within=house.gateway.patience)
    consumer.acknowledge = acknowledge
    consumer.close()
    finish(house)
    assert (house.counts.waiting, house.counts.adds_up) == (0, True)
    assert house.recorder.named("batch.found_stale")
    assert {file.state for file in house.store.files()} <= {FileState.RETURNED, FileState.SETTLED}
