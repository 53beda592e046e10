"""One thing in trouble is one thing in trouble: everything else goes on, and nothing waits for ever."""

import dataclasses
import shutil
from datetime import time, timedelta
from pathlib import Path

from tests.unit.pipeline.conftest import ROOT
from tests.unit.pipeline.test_work import take

from kakehashi.domain.batch import BatchState
from kakehashi.errors import FolderUnavailable, StoreUnavailable
from kakehashi.interface.service import ServiceHours
from kakehashi.runtime.events import EventLog


def with_profile(house, **changes):
    """The lane's work under a profile that differs in `changes`."""
    lane = house.route.name
    work = house.worker.lanes[lane]
    profile = dataclasses.replace(work.settling.profile, **changes)
    work.conversation.endpoint.service = profile.service
    house.worker.lanes[lane] = dataclasses.replace(
        work,
        settling=dataclasses.replace(work.settling, profile=profile),
        conversation=dataclasses.replace(work.conversation, profile=profile),
    )


def test_a_full_log_stops_no_work():
    """The disk of the log is full: the event is lost, its caller goes on."""

    class Full:
        def info(self, *_args, **_fields):
            raise OSError

    EventLog(Full()).emit("store.recovered")


def test_a_batch_whose_bytes_are_gone_stops_no_other(house_of, manifest):
    """A damaged spool file parks its batch with the code; a file behind it is published and accepted."""
    house = house_of("tax-levy")
    sample = manifest.lane("tax-levy")[0]
    house.source.put(sample.name, sample.path.read_bytes())
    house.intake.run_once()
    house.gateway.spool.files.clear()
    other = sample.path.read_bytes()
    house.source.put("OTHER.DAT", other[:400] + other[400:])
    house.intake.run_once()
    house.publishing.publish_new()
    house.until_quiet()
    assert {row.code for row in house.store.parked_batches()} == {"STO-003"}
    assert house.recorder.named("batch.unpublishable")


def test_a_spool_that_cannot_be_read_now_parks_nothing(house_of, manifest):
    """An unreadable disk is an outage, not a decision for an operator: published when it answers again."""
    house = house_of("tax-levy")
    sample = manifest.lane("tax-levy")[0]
    house.source.put(sample.name, sample.path.read_bytes())
    house.intake.run_once()
    read = house.gateway.spool.read

    def away(*_args):
        raise FolderUnavailable

    house.gateway.spool.read = away
    assert house.publishing.publish_new() == 0
    house.gateway.spool.read = read
    assert house.store.parked_batches() == []
    house.publishing.publish_new()
    house.until_quiet()
    assert house.counts.accepted == house.counts.received


def test_what_was_published_is_not_published_again_while_the_ledger_cannot_be_told(house_of, manifest):
    """Published, then the ledger refused the mark: the mark is tried again, the message is not."""
    house = house_of("tax-levy")
    sample = manifest.lane("tax-levy")[0]
    house.source.put(sample.name, sample.path.read_bytes())
    house.intake.run_once()
    mark = house.store.mark_published

    def away(*_args, **_kwargs):
        raise StoreUnavailable

    house.store.mark_published = away
    for _ in range(3):
        try:
            house.publishing.publish_new()
        except StoreUnavailable:
            continue
    published = house.gateway.broker.depth("tax-levy")
    house.store.mark_published = mark
    house.publishing.publish_new()
    assert house.gateway.broker.depth("tax-levy") == published
    assert published == len(house.store.batches(house.store.files()[0].id))


def test_a_long_backlog_is_not_published_again(house_of, manifest):
    """No worker for eight hours: all of it stands in line, and none of it is published a second time."""
    house = house_of("tax-levy")
    take(house, manifest)
    first = house.gateway.broker.depth("tax-levy")
    for _ in range(8 * 60):
        house.clock.advance(timedelta(minutes=1))
        assert house.publishing.publish_lost() == 0
    assert house.gateway.broker.depth("tax-levy") == first


def test_of_a_backlog_only_what_is_lost_is_published_again(house_of, manifest, tmp_path):
    """One message of a backlog is lost: one is published again within two minutes, and every batch is settled. All are
    lost, queues and all (a broker that was built anew): all are published again as soon as there are queues.
    """
    config = Path(shutil.copytree(ROOT / "config", tmp_path / "config"))
    with (config / "routes" / "tax-levy" / "route.toml").open("a", encoding="utf-8") as route:
        route.write("\n[limits]\nbatch_records = 10\n")
    house = house_of("tax-levy", config)
    take(house, manifest)
    line = house.gateway.broker.queues.lane("tax-levy").ready
    whole = len(line)
    line.remove(line[whole // 2])
    again = 0
    for _ in range(12):
        house.clock.advance(timedelta(seconds=10))
        again += house.publishing.publish_lost()
    assert (again, len(line)) == (1, whole)
    house.gateway.broker.queues.delete("tax-levy")
    house.clock.advance(timedelta(minutes=3))
    assert house.publishing.publish_lost() == 0
    house.gateway.broker.declare(["tax-levy"])
    house.clock.advance(timedelta(seconds=10))
    assert house.publishing.publish_lost() == whole
    house.until_quiet()
    assert house.counts.accepted == house.counts.received


def test_what_a_stuck_delay_queue_holds_goes_on_past_it(house_of, manifest):
    """A killed broker may keep what has expired for minutes, and count it: begun work is sent again straight to its
    queue, and needs no such queue to get there.
    """
    house = house_of("tax-levy")
    take(house, manifest)
    house.work()
    stuck = house.gateway.broker.queues.lane("tax-levy").delayed
    begun = len(stuck)
    for entry in stuck:
        entry.due += timedelta(days=1)
    house.clock.advance(timedelta(minutes=3))
    assert house.publishing.publish_lost() == begun > 0
    assert house.work() == begun
    assert house.counts.accepted > 0


def test_a_result_that_never_comes_ends_with_an_operator(house_of, manifest):
    """The server works on it for longer than the profile's give_up: parked, the records wait for a person."""
    house = house_of("tax-levy")
    take(house, manifest)
    house.work()
    house.server.faults.set({"result_code": "0001"})
    for _ in range(400):
        house.work()
        house.clock.advance(timedelta(minutes=10))
    assert {row.code for row in house.store.parked_batches()} == {"SRV-009"}
    attempts = house.store.attempts(house.store.parked_batches()[0].id)
    assert len(attempts) < 250, "looks become rarer"


def test_polls_do_not_use_up_the_retries_of_faults(house_of, manifest):
    """After many polls one server fault is the first fault, not the last straw."""
    house = house_of("tax-levy")
    take(house, manifest)
    house.work()
    house.server.faults.set({"result_code": "0001"})
    for _ in range(15):
        house.work()
        house.clock.advance(timedelta(minutes=1))
    house.server.faults.set({"result_code": "9001"})
    house.clock.advance(timedelta(minutes=20))
    house.work()
    assert house.store.parked_batches() == []
    house.server.faults.reset()
    house.until_quiet(400)
    assert house.counts.accepted == house.counts.received


def test_a_receipt_that_the_server_forgot_is_asked_about(house_of, manifest):
    """The server was restored from a backup: 9404 to the poll leads to the status, and to the same request again."""
    house = house_of("tax-levy")
    take(house, manifest)
    house.work()
    house.server._reset()
    house.until_quiet(400)
    assert house.counts.accepted == house.counts.received
    assert house.server._totals()["twice"] == 0


def test_outside_service_hours_nothing_is_sent(house_of, manifest):
    """The calendar of the profile holds a batch before it is sent; it goes out when the server opens."""
    house = house_of("tax-levy")
    with_profile(house, service=ServiceHours(open=time(12), close=time(13), days=frozenset(range(7))))
    take(house, manifest)
    house.work()
    assert house.client.delivered == ()
    assert {row.state for row in house.store.batches(house.store.files()[0].id)} == {BatchState.QUEUED}
    house.clock.advance(timedelta(hours=3))
    house.until_quiet(100)
    assert house.counts.accepted == house.counts.received


def test_a_ledger_that_is_away_costs_one_copy_in_the_spool(house_of, manifest):
    """Fifty tries to take a file in while the ledger refuses: one sealed copy, not fifty."""
    house = house_of("tax-levy")
    sample = manifest.lane("tax-levy")[0]
    house.source.put(sample.name, sample.path.read_bytes())
    add = house.store.add_file

    def away(*_args, **_kwargs):
        raise StoreUnavailable

    house.store.add_file = away
    for _ in range(50):
        try:
            house.intake.run_once()
        except StoreUnavailable:
            continue
    assert len(house.gateway.spool.files) == 1
    house.store.add_file = add
    house.intake.run_once()
    house.publishing.publish_new()
    house.until_quiet()
    assert house.counts.accepted == house.counts.received
