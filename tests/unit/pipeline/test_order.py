"""Order: links one after the other whoever works on them; a superseded change is not sent at all."""

from dataclasses import replace
from datetime import timedelta

import pytest

from kakehashi.domain.batch import BatchState, RecordState
from kakehashi.pipeline.step import Later

LINKS, LANE = "registry-persons", "tax-levy"


def test_a_batch_of_links_waits_for_those_before_it(house_of, manifest):
    """Whatever order the broker gives them in, and whoever has the earlier one in hand, it comes again later."""
    house = house_of(LINKS)
    house.intake = house.intake_of(replace(house.route, batch_records=20), house.source)
    house.take("ATENA.DAT", manifest.lane(LINKS)[0].path.read_bytes())
    messages = house.queues.messages(LINKS)
    assert len(messages) > 2
    with house.gateway.broker.consume([LINKS], prefetch=len(messages)) as consumer:
        first, *rest = consumer.receive(len(messages), timedelta(seconds=1))
        for delivery in reversed(rest):
            assert isinstance(house.worker._step(delivery), Later)
        assert {row.state for row in house.store.batches(1)} == {BatchState.QUEUED}
        house.worker._step(first)
        assert [row.state for row in house.store.batches(1)][:2] == [BatchState.SETTLED, BatchState.QUEUED]


def test_a_parked_batch_of_links_holds_up_nobody(house_of, manifest):
    """An operator may take days: the others go on."""
    house = house_of(LINKS)
    house.intake = house.intake_of(replace(house.route, batch_records=20), house.source)
    house.take("ATENA.DAT", manifest.lane(LINKS)[0].path.read_bytes())
    first, *rest = house.store.batches(1)
    house.store.park(first.id, turn=first.turn, code="GEN-001", now=house.clock.now())
    house.until_quiet()
    assert {house.store.batch(row.id).state for row in rest} == {BatchState.SETTLED}


@pytest.fixture
def house(house_of, manifest):
    """Two files about the same persons are in the ledger; the later one was accepted before the earlier one comes."""
    house = house_of(LANE)
    content = manifest.lane(LANE)[0].path.read_bytes()
    house.take("LEVY1.DAT", content)
    held = house.queues.messages(LANE)
    house.queues.delete(LANE)
    house.gateway.broker.declare([LANE])
    house.take("LEVY2.DAT", content.replace(b"20260701083000", b"20260701083001"))
    house.until_quiet()
    house.held = held
    return house


def test_a_superseded_change_is_not_sent(house):
    """The ledger knows a newer accepted one: refused as superseded (REF-002), and nothing reaches the server."""
    house.gateway.broker.publish(house.held)
    house.until_quiet()
    (first,) = house.store.files(lane=LANE)[1:]
    rows = house.store.batches(first.id)
    assert {row.state for row in rows} == {BatchState.SETTLED}
    assert {row.attempts for row in rows} == {0}
    refused = [entry for row in rows for entry in house.store.exceptions_of(row.id)]
    assert {(entry.code, entry.server_code, entry.state) for entry in refused} == {
        ("REF-002", None, RecordState.REFUSED)
    }
    assert len(refused) == first.records


def test_a_retried_change_that_was_superseded_is_not_sent_either(house):
    """A retry keeps the place that its record had: it never wins over what came later."""
    house.gateway.broker.publish(house.held)
    house.until_quiet()
    before = house.store.exceptions(lane=LANE)
    made = house.redrive(before[:3])
    house.until_quiet()
    assert [house.store.batch(row.id).attempts for row in made] == [0] * 3
    assert {entry.code for row in made for entry in house.store.exceptions_of(row.id)} == {"REF-002"}
