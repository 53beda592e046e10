"""Many retried records in one batch: each has its own verdict, number and place, whatever becomes of its neighbours."""

from random import Random

import pytest
from tests.unit.pipeline import test_characters as characters
from tests.unit.pipeline.test_redrive import LANES, take, unlink
from tests.unit.pipeline.test_splitting import finish, sent, with_bytes

from kakehashi.cli import story
from kakehashi.domain.batch import BatchState, RecordState
from kakehashi.domain.character import CharacterTrouble
from kakehashi.errors import OutcomeUnknown
from kakehashi_simulators.legacy.tax import write_tax
from kakehashi_simulators.legacy.town import Town


def refuse(house, manifest, every=2):
    """One of so many records of a file is refused, and could be sent now; those exceptions."""
    relink = unlink(house, every)
    take(house, manifest)
    house.until_quiet()
    relink()
    assert len(house.store.exceptions(code="IDN-001")) > 3
    return open_now(house)  # also those that wait for one of their household


def open_now(house):
    return house.store.exceptions(states=[RecordState.REFUSED, RecordState.WAITING, RecordState.PARKED])


@pytest.mark.parametrize("lane", LANES)
def test_an_order_sends_as_many_in_a_batch_as_the_lane_does(house_of, manifest, lane):
    """However far apart they stood in their file: one message for what needs one message."""
    house = house_of(lane)
    refused = refuse(house, manifest)
    before = len(sent(house))
    (made,) = house.redrive_together(refused)
    assert made.records == len(refused) <= house.route.batch_records
    numbers = [row.record_no for row in refused]
    assert story.records_of(house.store, made) == f"{len(numbers)} of {numbers[0]} to {numbers[-1]}"
    house.until_quiet()
    assert (len(sent(house)), house.counts.waiting, house.counts.refused) == (before + 1, 0, 0)


@pytest.mark.parametrize("lane", [lane for lane in LANES if lane != "registry-household"])
def test_some_are_refused_again_and_the_others_are_accepted(house_of, manifest, lane):
    """Under their own numbers and places, by the gateway and by the server; the result tells each one's end."""
    house = house_of(lane)
    first = {row.record_no: row for row in refuse(house, manifest)}
    persons = sorted({row.unified for row in house.links.links(house.route.system.name)})
    persons = Random(manifest.seed).sample(persons, len(persons) // 3)
    unlink(house, every=3)
    house.server._persons.set(persons, "no-symbol")
    house.redrive_together(list(first.values()))
    house.until_quiet()
    again = open_now(house)
    assert {row.code for row in again} == {"IDN-001", "SYM-001"}
    assert all(row.offset == first[row.record_no].offset for row in again)
    assert all(story._first(house.store, row) == house.store.exception(first[row.record_no].id) for row in again)
    by_server = {row.record_no for row in again if row.server_code}
    assert 0 < len(by_server) < len(again) < len(first)
    assert (house.counts.waiting, house.counts.refused) == (len(by_server), len(again) - len(by_server))
    assert house.counts.accepted == manifest.lane(lane)[0].records - len(again)

    other = house_of(lane)
    other.server._reset()
    links = other.links._state.links
    for key in links.keys() - house.links._state.links.keys():
        del links[key]
    other.server._persons.set(persons, "no-symbol")
    take(other, manifest)
    other.until_quiet()
    told = {row.record_no: row.code for row in open_now(other) if row.record_no in first}
    assert {row.record_no: row.code for row in again} == told


@pytest.mark.parametrize("cap", ["bytes", "records"])
@pytest.mark.parametrize("lane", LANES)
def test_a_batch_that_is_too_large_goes_in_parts(house_of, manifest, lane, cap):
    """Before it is sent or after the server said so; every record goes once, and can be found by its exception."""
    house = house_of(lane)
    refused = refuse(house, manifest)
    if cap == "bytes":
        with_bytes(
            house, max(len(message.document) for message in sent(house)) // 3 + (5000 if "household" in lane else 2000)
        )
    else:
        house.server._messages.records_most = 5
    (made,) = house.redrive_together(refused)
    finish(house)
    assert house.store.batch(made.id).code == "SRV-015"
    assert (house.counts.accepted, house.counts.adds_up) == (manifest.lane(lane)[0].records, True)
    assert house.server._totals()["twice"] == 0
    ends = [house.store.retried_as(row.id) for row in refused]
    assert {row.state for row in ends} == {BatchState.SETTLED}
    assert sum({row.id: row.accepted for row in ends}.values()) == len(refused)


def test_an_unknown_outcome_is_asked_about_for_all_of_them(house_of, manifest):
    """The answer was lost, the server has them: nothing is applied twice."""
    house = house_of("tax-levy")
    refused = refuse(house, manifest)
    house.redrive_together(refused)
    house.client.fail_after(OutcomeUnknown())
    house.work()
    house.client.recover()
    house.until_quiet()
    totals = house.server._totals()
    assert (totals["effects"], totals["twice"], house.counts.waiting) == (house.counts.accepted, 0, 0)


def test_those_that_were_superseded_meanwhile_are_not_sent(house_of, manifest, tmp_path):
    """A newer file told of half of the persons: those are refused as superseded, the others go."""
    house = house_of("tax-levy")
    refused, half = refuse(house, manifest), manifest.lane("tax-levy")[0].records // 2
    write_tax(tmp_path / "LEVY0002.DAT", town=Town(manifest.seed), first=0, records=half)
    house.take("LEVY0002.DAT", (tmp_path / "LEVY0002.DAT").read_bytes())
    house.until_quiet()
    house.redrive_together(refused)
    house.until_quiet()
    stale = {row.record_no for row in house.store.exceptions(code="REF-002")}
    assert stale == {row.record_no for row in refused if row.record_no <= half}
    assert 0 < len(stale) < len(refused)
    assert house.counts.waiting == 0


def test_records_that_wait_for_characters_say_where_they_stand(house_of, manifest):
    """Sent again too early: each still names its codes, at the place that its first exception named."""
    house = house_of("tax-levy")
    gaiji = {number: b"\xf0\x40" + "町".encode("cp932") + b"\xf0\x41" for number in (2, 5)}
    characters.take(house, manifest, gaiji)
    refused = house.store.exceptions(code="DEC-004")
    assert [row.record_no for row in refused] == [2, 5]
    house.redrive_together(refused)
    house.until_quiet()
    held = house.store.characters(trouble=CharacterTrouble.UNMAPPED, held=True)
    places = {row.record_no: row.offset for row in refused}
    assert [(row.record_no, row.source, row.offset) for row in held] == [
        (number, source, places[number]) for number in (2, 5) for source in ("F040", "F041")
    ]


def test_a_parked_batch_of_many_goes_on_when_it_is_released(house_of, manifest):
    """What a worker died of K times waits as a whole; released, it is sent under its old request id."""
    house = house_of("tax-levy")
    (made,) = house.redrive_together(refuse(house, manifest))
    row = house.store.batch(made.id)
    assert house.store.park(row.id, turn=row.turn, code="BRK-010", now=house.clock.now())
    house.until_quiet()
    assert house.counts.waiting == made.records
    assert house.store.decide_batch(row.id, release=True, reason="r", actor="a", now=house.clock.now())
    house.publishing.publish_new()
    house.until_quiet()
    assert (house.counts.waiting, house.counts.refused) == (0, 0)
    assert sent(house)[-1].request_id == made.request_id
