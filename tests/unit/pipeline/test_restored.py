"""A ledger that is put back to an earlier moment, while spool and server are newer (exam E10, in memory)."""

import copy
import dataclasses

import pytest

from kakehashi.domain.batch import BatchState
from kakehashi.errors import StoreError
from kakehashi.ports.sealer import Sealed
from kakehashi.runtime.restoring import check_age
from kakehashi_simulators.legacy import generate

LANE, NAME = "tax-levy", "LEVY0001.DAT"


def content_of(manifest):
    return next(sample for sample in manifest.lane(LANE) if sample.name == NAME).path.read_bytes()


def reconciled(house):
    return house.gateway.reconciling(reason="disk lost", actor="tester").run()


@pytest.fixture
def house(house_of):
    house = house_of(LANE)
    house.backup = copy.deepcopy(house.store._ledger)
    return house


def put_back(house):
    """The ledger of the backup; the messages of the lost time are gone with it."""
    house.store._ledger = copy.deepcopy(house.backup)


def sends(house):
    return [message.request_id for message in house.client.delivered if message.message_id == "DBM-201"]


def go_on(house):
    house.publishing.publish_lost()
    house.until_quiet()


@pytest.mark.exam("E10")
def test_what_the_server_has_is_settled_as_it_was(house, manifest, tmp_path):
    """Records refused here, refused there and accepted: each has the same outcome again, and nothing is sent twice."""
    house.take(NAME, content_of(generate(tmp_path / "spoilt", seed=7, scale=0.05, lanes={"registry-persons", LANE})))
    house.until_quiet()
    before, replicas, sent = house.counts, dict(house.store._ledger.replicas), sends(house)
    assert before.accepted
    assert before.refused
    put_back(house)
    with pytest.raises(StoreError) as caught:
        check_age(house.store, house.gateway.spool)
    assert (caught.value.fault.code, dict(caught.value.fault.facts)) == ("STO-006", {"ledger": 0, "spool": 1})
    done = reconciled(house)
    assert ([row.id for row in done.retaken], done.unknown, done.doubted) == ([1], [], 0)
    check_age(house.store, house.gateway.spool)
    go_on(house)
    assert house.counts == before
    assert house.store._ledger.replicas == replicas
    assert sends(house) == sent


@pytest.mark.exam("E10")
def test_what_may_have_been_sent_to_a_server_without_memory_waits_for_a_person(house, manifest):
    """The server knows nothing of it and honours no request ids: unknown (SRV-003), never sent again by itself."""
    messages = house.configuration.profile.messages
    messages["DBM-201"] = dataclasses.replace(messages["DBM-201"], idempotent=False)
    house.take(NAME, content_of(manifest))
    put_back(house)
    reconciled(house)
    go_on(house)
    assert {row.code for row in house.store.parked_batches()} == {"SRV-003"}
    assert house.counts.waiting == house.counts.received > 0


def test_reconciling_twice_does_it_once(house, manifest):
    """The second time there is nothing to take again; ids go on rising."""
    house.take(NAME, content_of(manifest))
    put_back(house)
    assert len(reconciled(house).retaken) == 1
    assert reconciled(house).retaken == []
    go_on(house)
    assert house.counts.waiting == 0
    assert house.store.next_file_id() > 2_000_000


def test_what_was_not_sent_before_the_backup_is_asked_about(house, manifest):
    """A batch that the backup calls new may have been sent since: its state says so until the server has told."""
    house.take(NAME, content_of(manifest))
    house.backup = copy.deepcopy(house.store._ledger)
    house.until_quiet()
    before = house.counts
    put_back(house)
    rows = house.store.batches(1)
    assert {row.state for row in rows} == {BatchState.QUEUED}
    assert reconciled(house).doubted == len(rows)
    assert {row.state for row in house.store.batches(1)} == {BatchState.SENT}
    go_on(house)
    assert house.counts == before


def test_files_of_the_spool_that_say_nothing_are_listed(house, manifest):
    """One of an earlier version, and one that does not open: an operator hears of both, with the reason."""
    for name in ("p" * 32, f"{'a' * 15}j-{'b' * 16}"):
        writer = house.gateway.spool.create(name)
        writer.append(Sealed("lost-key", b"sealed"))
        writer.commit()
    done = reconciled(house)
    assert sorted(code for _, code in done.unknown) == ["SEC-002", "STO-007"]
    assert done.retaken == []
