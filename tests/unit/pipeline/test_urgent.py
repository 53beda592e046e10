"""A route that is urgent: its batches travel in the urgent queue at every step, and count for their own lane."""

import shutil

import pytest
from tests.unit.pipeline.conftest import ROOT

from kakehashi.domain.batch import BatchState, FileState
from kakehashi.ports.broker import URGENT
from kakehashi.runtime import publishing
from kakehashi.testing.memory_files import MemorySource

LANE, OTHER = "tax-levy", "welfare-assistance"


@pytest.fixture
def house(house_of, tmp_path):
    """A gateway whose tax lane is urgent; small batches."""
    config = tmp_path / "config"
    shutil.copytree(ROOT / "config", config)
    for lane in (LANE, OTHER):
        route = config / "routes" / lane / "route.toml"
        urgent = "urgent = true\n" if lane == LANE else ""
        route.write_text(
            f"{urgent}{route.read_text(encoding='utf-8')}\n[limits]\nbatch_records = 10\n", encoding="utf-8"
        )
    return house_of(LANE, config)


def content(manifest):
    (sample,) = manifest.lane(LANE)
    return sample.path.read_bytes()


def test_every_message_of_it_is_in_the_urgent_queue(house, manifest):
    """Published, postponed while the server works, polled: never in the lane's own queue; the books are the lane's."""
    house.server.faults.set({"result_delay_seconds": 30.0})
    house.take("LEVY.DAT", content(manifest))
    waiting = house.queues.messages(URGENT)
    assert {message.headers["lane"] for message in waiting} == {LANE}
    assert house.queues.messages(LANE) == []
    house.work()
    assert {row.state for row in house.store.batches(1)} == {BatchState.WAITING}
    assert len(house.queues.messages(URGENT)) == len(waiting)
    assert house.queues.messages(LANE) == []
    house.server.faults.reset()
    house.until_quiet()
    assert house.store.files()[0].state is FileState.SETTLED
    assert (house.counts.lane, house.counts.accepted) == (LANE, house.counts.received)


@pytest.mark.parametrize("most", [0, 9, 10_000])
def test_what_may_not_be_disclosed_overtakes_its_own_lane(house_of, manifest, tmp_path, most):
    """Batch by batch, in files of up to so many records; the others stay in their lane."""
    config = tmp_path / "config"
    shutil.copytree(ROOT / "config", config)
    route = config / "routes" / LANE / "route.toml"
    text = f"urgent_protection = {most}\n{route.read_text(encoding='utf-8')}\n[limits]\nbatch_records = 2\n"
    route.write_text(text, encoding="utf-8")
    house = house_of(LANE, config)
    house.take("LEVY.DAT", content(manifest))
    rows = {row.request_id: row.urgent for row in house.store.batches(1)}
    queued = [len(house.queues.messages(queue)) for queue in (URGENT, LANE)]
    assert queued == [sum(rows.values()), len(rows) - sum(rows.values())]
    house.until_quiet()
    house.queue = URGENT
    house.until_quiet()
    sent = {each.request_id: b"<NonDisclosure>1<" in each.document for each in house.client.delivered}
    expected = {request: sent[request] for request in rows} if most == 10_000 else dict.fromkeys(rows, False)
    assert rows == expected
    assert len(set(rows.values())) == (2 if most == 10_000 else 1)


def test_a_lost_message_of_it_is_published_there_again(house, manifest):
    """Also what the scheduler finds."""
    house.take("LEVY.DAT", content(manifest))
    count = len(house.queues.messages(URGENT))
    house.queues.delete(URGENT)
    house.gateway.broker.declare([])
    house.clock.advance(house.gateway.patience * 2)
    house.publishing.publish_lost()
    assert len(house.queues.messages(URGENT)) == count
    house.queues.lane(URGENT).ready.pop()
    house.clock.advance(house.gateway.patience * 4)
    assert (house.publishing.publish_lost(), house.publishing.publish_lost()) == (1, 0)


def test_the_outbox_gives_urgent_batches_first(house, manifest, monkeypatch):
    """However many batches of other lanes have stood there for longer."""
    monkeypatch.setattr(publishing, "_AT_ONCE", 2)
    (sample,) = manifest.lane(OTHER)
    other = MemorySource()
    other.put("HOJO.DAT", sample.path.read_bytes())
    house.intake_of(house.configuration.routes[OTHER], other).run_once()
    house.source.put("LEVY.DAT", content(manifest))
    house.intake.run_once()
    published = []
    house.gateway.broker.publish = lambda messages, **_: published.extend(message.lane for message in messages)
    house.publishing.publish_new()
    assert published == [URGENT] * 2 + [OTHER] * 2


def test_a_forged_lane_opens_nothing(house, manifest):
    """A message in the urgent queue that names another lane than its batch's is foreign, and buried."""
    house.take("LEVY.DAT", content(manifest))
    (first, *_) = house.queues.messages(URGENT)
    forged = type(first)(id="f", lane=URGENT, body=first.body, headers={**first.headers, "lane": OTHER})
    house.gateway.broker.publish([forged])
    house.until_quiet()
    assert house.queues.dead(URGENT) == [(forged, "BRK-006")]
