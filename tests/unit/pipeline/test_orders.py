"""Orders on the real scheduler with a clock that is told the time: their pace, their results, the alarms too."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.pipeline.conftest import ROOT
from tests.unit.pipeline.test_redrive import take, unlink

from kakehashi.domain.redrive import OrderAction, OrderState
from kakehashi.ports.redrive import NewOrder
from kakehashi.ports.vigil import Space
from kakehashi.runtime.foresight import GOES, SUPERSEDED, UNROUTED, Foresight
from kakehashi_simulators.legacy.tax import write_tax
from kakehashi_simulators.legacy.town import Town


def place(house, per_second=5, **more):
    return house.store.place_order(
        NewOrder(
            lane=house.route.name, action=OrderAction.RETRY, reason="linked", actor="ito", per_second=per_second,
            placed_at=house.clock.now(), code="IDN-001", **more,
        )
    )  # fmt: skip


def pass_over(house, scheduler):
    """One pass of the scheduler, and what the worker makes of it."""
    scheduler.run_once()
    house.publishing.publish_new()
    house.work(2)


def foresight(house):
    return Foresight(
        configuration=house.configuration, store=house.store, links=house.links, sealer=house.gateway.sealer,
        xsd=ROOT / "xsd",
    )  # fmt: skip


@pytest.mark.parametrize("lane", ["tax-levy", "welfare-assistance", "registry-household"])
def test_an_order_goes_at_its_rate_and_the_result_is_written_once(house_of, manifest, lane):
    """Five a second by the scheduler's clock, not by how often it looks; no result until the last one is settled."""
    house = house_of(lane)
    relink = unlink(house)
    sample = take(house, manifest)
    house.until_quiet()
    refused, held = house.counts.refused, len(house.store.exceptions())  # a household is held, and goes, as a whole
    house.results()
    relink()
    placed, scheduler = place(house), house.scheduler()
    seconds = 0
    while house.store.orders(state=OrderState.OPEN):
        for _ in range(3):
            pass_over(house, scheduler)
        seconds += 1
        done = house.store.orders()[0].done
        assert done == min(refused, 5 * seconds) or refused < held >= done
        house.clock.advance(timedelta(seconds=1))
    house.until_quiet()
    scheduler.run_once()
    assert (house.counts.accepted, house.counts.refused) == (sample.records, 0)
    returned = [event["accepted"] for event in house.recorder.named("file.returned")]
    assert returned == [sample.records - held, sample.records]
    (ended,) = house.recorder.named("order.ended")
    assert (ended["order_id"], ended["records"], ended["selected"]) == (placed.id, held, refused)


def test_an_order_does_not_run_ahead_of_the_worker(house_of, manifest):
    """As long as the worker stands still, no more than so many retried records of the lane are on their way."""
    house = house_of("tax-levy")
    relink = unlink(house, every=1)
    take(house, manifest)
    house.until_quiet()
    relink()
    placed = place(house, per_second=1000)
    scheduler = replace(house.scheduler(), redriving=replace(house.gateway.redriving(), waiting=7))
    for _ in range(9):
        scheduler.run_once()
        house.clock.advance(timedelta(seconds=1))
    assert (house.store.orders()[0].done, placed.selected > 7) == (7, True)


def test_a_dry_run_knows_what_would_become_of_a_record(house_of, manifest, tmp_path):
    """Refused again while nobody is linked; sent when they are; superseded once a newer file told of the same person;
    without a route when the lane is gone. It changes nothing.
    """
    house = house_of("tax-levy")
    relink = unlink(house)
    sample = take(house, manifest)
    house.until_quiet()
    rows, half = house.store.exceptions(code="IDN-001"), sample.records // 2
    assert foresight(house).count(rows) == {("tax-levy", "IDN-001"): len(rows)}
    relink()
    assert foresight(house).count(rows) == {("tax-levy", GOES): len(rows)}
    write_tax(tmp_path / "LEVY0002.DAT", town=Town(manifest.seed), first=0, records=half)
    house.take("LEVY0002.DAT", (tmp_path / "LEVY0002.DAT").read_bytes())
    house.until_quiet()
    stale = sum(row.record_no <= half for row in rows)
    assert foresight(house).count(rows) == {
        ("tax-levy", SUPERSEDED): stale,
        ("tax-levy", GOES): len(rows) - stale,
    }
    gone = replace(foresight(house), configuration=replace(house.configuration, routes={}))
    assert gone.count(rows) == {("tax-levy", UNROUTED): len(rows)}
    assert house.store.exceptions(code="IDN-001") == rows


def test_alarms_ring_and_are_cleared_by_the_scheduler(house_of, manifest):
    """The real scheduler tells of the oldest record after an hour and of a full disk, and when both are over."""
    house = house_of("tax-levy")
    scheduler = house.scheduler()
    take(house, manifest)
    house.clock.advance(timedelta(minutes=61))
    house.gateway.surroundings.disks = [Space(place="spool", bytes=5_000_000, inodes=None)]
    scheduler.run_once()
    rung = {(event["code"], event["lane"], event["place"]) for event in house.recorder.named("alarm.raised")}
    assert rung == {("ALM-001", "tax-levy", None), ("ALM-006", "", "spool")}
    house.until_quiet()
    house.gateway.surroundings.disks = []
    house.clock.advance(timedelta(minutes=1))
    scheduler.run_once()
    assert {(e["code"], e["lane"], e["place"]) for e in house.recorder.named("alarm.cleared")} == rung
