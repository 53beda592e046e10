"""A registry extract is answered too: its refused records go back, and no 個人番号 with them."""

import dataclasses

import pytest

from kakehashi.config.return_plan import ReturnRecord
from kakehashi.domain.batch import RecordState
from kakehashi.domain.link import Note
from kakehashi.validation.individual_number_scan import find_individual_number
from kakehashi_simulators.legacy import generate


@pytest.fixture
def spoilt(tmp_path):
    """The extract with its planted faults."""
    return generate(tmp_path / "spoilt", seed=7, scale=0.05, lanes={"registry-persons", "tax-levy"})


@pytest.fixture
def house(house_of, spoilt):
    house = house_of("registry-persons")
    house.links._state.links.clear()
    (sample,) = spoilt.lane("registry-persons")
    house.take(sample.name, sample.path.read_bytes())
    house.until_quiet()
    return house


def test_the_scheduler_of_a_gateway_returns_every_lane_with_a_result_table(house, tmp_path):
    """The extract's lane is no exception: what has a [return] is returned."""
    routes = house.configuration.routes.values()
    assert set(house.gateway._returning()) == {route.name for route in routes if route.return_plan is not None}
    assert "registry-persons" in house.gateway._returning()


def test_only_the_refused_links_go_back(house, spoilt):
    """One line each with the reason; what was linked needs no answer."""
    (content,) = house.results().values()
    lines = content.decode("cp932").splitlines()
    expected = [(fault.record, fault.code) for fault in spoilt.planted if fault.file == "ATENA0001.DAT"]
    assert [(int(line[32:40]), line[24:32].strip()) for line in lines] == expected
    assert {line[23] for line in lines} == {"9"}
    assert len(expected) == house.counts.refused == 4
    assert house.counts.sent == 0


def test_no_individual_number_goes_back(house, spoilt):
    """Neither those that were linked nor those that were refused stand in the result."""
    (content,) = house.results().values()
    (sample,) = spoilt.lane("registry-persons")
    raw = sample.path.read_bytes()
    numbers = {raw[at + 39 : at + 51] for at in range(64, len(raw) - 128, 64)}
    assert len(numbers) > 20
    assert not any(number in content for number in numbers)
    assert find_individual_number(content.decode("cp932")) is None


def test_a_return_table_that_names_the_number_gets_nothing(house):
    """However the table is written, in whatever type: the number is taken out before the table is asked."""
    plan = house.route.return_plan
    number = house.route.link.number
    asked = []

    def row(values, context):
        if values is not None:
            asked.append(values[number])
        return dict.fromkeys(item.name for item in plan.layout.data.items)

    (data,) = plan.records
    peeping = dataclasses.replace(plan, records=(ReturnRecord(name=data.name, role=data.role, row=row),))
    returning = house.gateway.returning_to(house.route, house.sink)
    returning = dataclasses.replace(returning, files=[dataclasses.replace(returning.files[0], plan=peeping)])
    returning.deliver(house.store.files()[0])
    assert asked == [None, None]


def test_a_link_that_was_mended_can_be_retried(house):
    """Alone in a batch it is linked, and the result shrinks by its line."""
    (conflict,) = house.store.exceptions(code="IDN-003")
    before = len(next(iter(house.results().values())).splitlines())
    house.redrive([conflict])
    house.until_quiet()
    again = house.store.exceptions(code="IDN-003", states=[RecordState.REFUSED])
    assert [row.record_no for row in again] == [conflict.record_no]
    assert again[0].offset == conflict.offset
    (claim,) = house.links.conflicts()
    note = Note("tester", "the one who had it had it by mistake")
    assert house.links.decide(claim.id, take=True, note=note, now=house.clock.now())
    house.redrive(again)
    house.until_quiet()
    assert house.store.exceptions(code="IDN-003", states=[RecordState.REFUSED]) == []
    assert len(next(iter(house.results().values())).splitlines()) == before - 1
