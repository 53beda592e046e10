"""Files of links through intake and worker: held whole, waiting for a person, retried; and what happens to sends."""

from datetime import timedelta

import pytest
from tests.unit.pipeline.persons import MADE, Hall

from kakehashi.domain.batch import RecordState
from kakehashi.domain.link import Note
from kakehashi_simulators.legacy.residents import RESIDENTS, SYSTEM_PERSONS, write_rows

NOTE = Note("tester", "seen at the counter")


@pytest.fixture
def hall(tmp_path):
    """Writes the rows; in the shipped mode they bring their 団体内統合宛名番号."""
    return Hall(tmp_path)


def content(hall, rows):
    path = hall.folder / "rows.dat"
    write_rows(path, rows, records=len(rows), made=MADE)
    return path.read_bytes()


def rows(hall, system, persons, slip=0):
    return [hall.row(n, system=system, number=hall.numbers[n + slip], unified=f"7{n + slip:014}") for n in persons]


@pytest.fixture
def house(house_of, hall):
    """The house of the systems' extracts, whose links know twenty residents."""
    made = house_of(SYSTEM_PERSONS)
    made.links._state.links.clear()
    made.clock.advance(timedelta(days=91))  # behind the days of the changes
    hall.links, hall.sealer = made.links, made.gateway.sealer
    assert hall.extract(RESIDENTS, rows(hall, "registry", range(20))) == {}
    return made


def of_tax(house):
    return list(house.links.links("tax"))


def test_a_slipped_file_is_held_before_anything_of_it_counts(house, hall):
    """More than five rows that do not agree: the file waits for an operator, no row of it is linked or asked about."""
    house.take("PERSONS1.DAT", content(hall, rows(hall, "tax", range(10), slip=7)))
    house.work()
    (file,) = house.store.files()
    assert (file.state, file.code) == ("held", "IDN-010")
    assert house.recorder.named("file.held")[0]["code"] == "IDN-010"
    assert of_tax(house) == []
    assert house.links.reviews() == house.links.conflicts() == []


def test_a_released_file_is_still_compared_row_by_row(house, hall):
    """The operator lets it go: what agrees is linked, what does not is refused, each for itself."""
    slipped = [*rows(hall, "tax", range(10), slip=7), *rows(hall, "tax", range(10, 13))]
    house.take("PERSONS1.DAT", content(hall, slipped))
    (file,) = house.store.files()
    assert house.store.decide_file(file.id, release=True, reason="r", actor="a", now=house.clock.now())
    house.publishing.publish_new()
    house.until_quiet()
    assert (house.counts.accepted, house.counts.refused) == (3, 10)
    assert {row.code for row in house.store.exceptions()} <= {"IDN-007", "IDN-008"}
    assert len(of_tax(house)) == 3


def test_a_claim_waits_parked_and_is_linked_by_its_decision(house, hall):
    """The record is told as parked with the item that differs; decided and retried it is accepted."""
    told = rows(hall, "tax", range(4))
    told[2] = hall.row(2, system="tax", unified="700000000000002", person_kanji="別人　花子")
    house.take("PERSONS1.DAT", content(hall, told))
    house.until_quiet()
    (waiting,) = house.store.exceptions()
    assert (waiting.code, waiting.state, waiting.item) == ("IDN-007", RecordState.PARKED, "氏名")
    (review,) = house.links.reviews()
    assert (review.what.batch_id, review.what.record_no) == (waiting.batch_id, waiting.record_no)
    house.redrive([waiting])
    house.until_quiet()
    (again,) = house.store.exceptions(states=[RecordState.PARKED])
    assert house.links.reviews()[0].what.batch_id == again.batch_id, "retried undecided, it waits again"
    house.links.answer(review.id, link=True, note=NOTE, now=house.clock.now())
    house.redrive([again])
    house.until_quiet()
    assert (house.counts.accepted, house.counts.waiting) == (4, 0)
    assert len(of_tax(house)) == 4


def test_claims_retried_together_each_keep_their_place(house, hall):
    """Two that stood apart in their file travel in one batch; each review names its own record."""
    told = rows(hall, "tax", range(5))
    for position in (1, 3):
        other = {"unified": f"70000000000000{position}", "person_kanji": "別人　花子"}
        told[position] = hall.row(position, system="tax", **other)
    house.take("PERSONS1.DAT", content(hall, told))
    house.until_quiet()
    waiting = house.store.exceptions(code="IDN-007")
    (batch,) = house.redrive_together(waiting)
    house.until_quiet()
    reviews = house.links.reviews()
    assert sorted((each.what.batch_id, each.what.record_no) for each in reviews) == [(batch.id, 2), (batch.id, 4)]
    for review in reviews:
        house.links.answer(review.id, link=True, note=NOTE, now=house.clock.now())
    house.redrive_together(house.store.exceptions(states=[RecordState.PARKED]))
    house.until_quiet()
    assert (house.counts.accepted, house.counts.waiting, len(of_tax(house))) == (5, 0, 5)


def test_sends_under_frozen_and_missing_links_are_refused_and_reported(house_of, manifest):
    """A frozen link has its code, one that is missing too; only the missing one stands in the coverage report."""
    house = house_of("tax-levy")
    first, second, *_ = keys = [key for key in house.links._state.links if key[0] == "tax"]
    house.links.freeze(*first, evidence=b"e", now=house.clock.now())
    house.links.end(*second, since=MADE, note=NOTE, now=house.clock.now())
    (sample,) = manifest.lane("tax-levy")
    house.take(sample.name, sample.path.read_bytes())
    house.until_quiet()
    assert sorted(row.code for row in house.store.exceptions()) == ["IDN-001", "IDN-005"]
    assert list(house.links.unlinked("tax")) == [second[1]]
    tax = next(row for row in house.links.coverage() if row.system == "tax")
    assert (tax.linked, tax.frozen, tax.unlinked) == (len(keys) - 1, 1, 1)
    assert house.counts.accepted == sample.records - 2
