"""Retried records, each alone or many in one batch, translate, settle and are returned like any other."""

import pytest

from kakehashi.domain.batch import RecordState
from kakehashi.domain.interface import Function

LANES = ["tax-levy", "welfare-assistance", "welfare-inquiry", "registry-household"]


@pytest.fixture(params=["redrive", "redrive_together"])
def redrive(request):
    """What sends records again: an operator one by one, or an order in batches of many."""
    return lambda house, rows: getattr(house, request.param)(rows)


def take(house, manifest):
    sample = manifest.lane(house.route.name)[0]
    house.take(sample.name, sample.path.read_bytes())
    return sample


def unlink(house, every=7):
    """Take some links away; returns what gives them back."""
    links = house.links._state.links
    taken = {key: link for key, link in list(links.items())[::every] if key[0] == house.route.system.name}
    for key in taken:
        del links[key]
    return lambda: links.update(taken)


def lines_of(house, content):
    """The result's data records in order."""
    if house.route.name == "welfare-assistance":
        return content.decode("cp932").split("<結果>")[1:]
    if house.route.name == "welfare-inquiry":
        return content.decode("cp932").splitlines()
    text = content.decode("cp932" if house.route.name == "tax-levy" else "cp500")
    return [text[at : at + 80] for at in range(0, len(text), 80) if text[at] == "2"]


@pytest.mark.parametrize("lane", LANES)
def test_a_retried_record_is_accepted_and_its_result_mended(house_of, manifest, redrive, lane):
    """Refused without a link, linked, retried: accepted once, and the result that is returned anew says so."""
    house = house_of(lane)
    relink = unlink(house)
    sample = take(house, manifest)
    house.until_quiet()
    refused = house.store.exceptions(code="IDN-001")
    assert 0 < len(refused) == house.counts.refused
    (before,) = house.results().values()
    assert sum("IDN-001" in line for line in lines_of(house, before)) == len(refused)
    relink()
    held = house.store.exceptions()  # those of their households with them
    assert {row.code for row in held} <= {"IDN-001", "HSH-001"}
    assert sum(row.records for row in redrive(house, held)) == len(held)
    house.until_quiet()
    counts = house.counts
    assert (counts.accepted, counts.refused, counts.sent) == (sample.records, 0, sample.records)
    (after,) = house.results().values()
    assert len(lines_of(house, after)) == sample.records
    assert "IDN-001" not in "".join(lines_of(house, after))
    totals = house.server._totals()
    assert totals["twice"] == 0
    if house.route.function is Function.DBM:
        assert totals["effects"] == sample.records
    report = house.recorder.named("file.returned")[-1]
    assert (report["accepted"], report["refused"], report["waiting"]) == (sample.records, 0, 0)


@pytest.mark.parametrize("lane", LANES)
def test_a_record_that_is_refused_again_keeps_its_place(house_of, manifest, redrive, lane):
    """Retried too early: refused again under its own number, at the byte that the first exception named."""
    house = house_of(lane)
    relink = unlink(house)
    sample = take(house, manifest)
    house.until_quiet()
    first = {row.record_no: row for row in house.store.exceptions(code="IDN-001")}
    for _ in range(2):
        open_rows = house.store.exceptions(states=[RecordState.REFUSED, RecordState.WAITING])
        refused = [row for row in open_rows if row.code == "IDN-001"]
        assert {row.record_no for row in refused} == set(first)
        assert all(row.offset == first[row.record_no].offset for row in refused)
        redrive(house, open_rows)
        house.until_quiet()
        assert house.counts.refused == len(first)
    assert sum("IDN-001" in line for line in lines_of(house, next(iter(house.results().values())))) == len(first)
    relink()
    redrive(house, house.store.exceptions(states=[RecordState.REFUSED, RecordState.WAITING]))
    house.until_quiet()
    assert (house.counts.accepted, house.counts.waiting) == (sample.records, 0)


@pytest.mark.parametrize("lane", ["welfare-inquiry", "registry-household"])
def test_a_record_that_waited_for_its_symbol_settles_after_the_retry(house_of, manifest, redrive, lane):
    """4007 of the server: a member with its household, an inquiry with its answer in the result."""
    house = house_of(lane)
    persons = sorted({row.unified for row in house.links.links(house.route.system.name)})[:200]
    house.server._persons.set(persons, "no-symbol")
    sample = take(house, manifest)
    house.until_quiet()
    waiting = house.store.exceptions(states=[RecordState.WAITING])
    assert {row.server_code for row in waiting} - {"4018"} == {"4007"}
    house.server._persons.set(persons, "linked")
    redrive(house, waiting)
    house.until_quiet()
    assert (house.counts.accepted, house.counts.waiting) == (sample.records, 0)
    (result,) = house.results().values()
    if house.route.function is Function.SKI:
        columns = [line.split(",") for line in lines_of(house, result)]
        assert {(row[0], row[4], row[5]) for row in columns} == {("1", "found", "")}
        assert all(row[8] for row in columns)


def test_a_discarded_record_goes_back_as_refused(house_of, manifest):
    """Retried, refused again, then given up: the result has its code, the counts call it refused."""
    house = house_of("tax-levy")
    unlink(house)
    take(house, manifest)
    house.until_quiet()
    house.redrive(house.store.exceptions())
    house.until_quiet()
    ids = [row.id for row in house.store.exceptions(states=[RecordState.REFUSED])]
    assert house.store.discard(ids, reason="gone", actor="tester", now=house.clock.now()) == len(ids)
    (result,) = house.results().values()
    assert sum("IDN-001" in line for line in lines_of(house, result)) == len(ids)
    trailer = result[-80:].decode("cp932")
    assert int(trailer[9:17]) == len(ids)
    assert int(trailer[17:25]) == 0
