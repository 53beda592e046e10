"""The sides of a reconciliation, read through the shipped routes in portions that are far too small."""

import io
from contextlib import closing
from itertools import pairwise
from types import SimpleNamespace

import pytest
from tests.unit.pipeline.test_deletes import file_of, operation, registers

from kakehashi.errors import ServerError
from kakehashi.interface.inventory import InventoryPage
from kakehashi.pipeline.reconciling import Kind, differences
from kakehashi.runtime import reconciliation
from kakehashi.runtime.reconciliation import Originals, accepted, at_server
from kakehashi.runtime.server_side import open_conversation


@pytest.fixture
def read(house_of, tmp_path, monkeypatch):
    """Reads an extract as the tax route would."""
    monkeypatch.setattr(reconciliation, "_AT_ONCE", 3)
    house = house_of("tax-levy")
    opened = []

    def originals(content):
        extract = Originals(house.route, house.links, tmp_path)
        opened.append(extract)
        extract.read(io.BytesIO(content), "FULL.DAT")
        return extract

    originals.house = house
    yield originals
    for extract in opened:
        extract.close()
    assert not list(tmp_path.glob("tmp*"))


def test_an_extract_comes_in_the_order_of_its_keys(read, manifest):
    """Sorted in portions; of several records of a key the last one counts, and one that deletes leaves none."""
    records = registers(manifest, 10)
    content = file_of(manifest, [*reversed(records), operation(records[4], b"3"), records[2]])
    found = list(read(content))
    assert len(found) == 9
    assert all(one[:2] < two[:2] for one, two in pairwise(found))
    assert {each.record for each in found} == {*range(1, 11), 12} - {6, 8}


def test_what_the_gateway_sent_is_what_it_compares(read, manifest):
    """The extract that was sent itself has no difference, neither to the ledger nor to the server."""
    house = read.house
    content = file_of(manifest, registers(manifest, 10))
    house.take("LEVY.DAT", content)
    house.until_quiet()
    conversation = open_conversation(
        house.configuration,
        house.route,
        endpoint=house.gateway.endpoint,
        clock=house.clock,
        schemas=house.gateway.schemas,
    )
    name = house.route.standard.info_name
    found = differences(
        accepted(house.store, name),
        originals=read(content),
        server=at_server(conversation, house.configuration.profile),
    )
    assert list(found) == []
    assert len(list(house.store.replicas(name))) == 10


def test_a_record_that_cannot_be_read_is_told_and_its_neighbours_are_compared(read, manifest):
    """Its fault has file, record and item; the rest of the extract counts."""
    records = registers(manifest, 5)
    records[2] = records[2][:16] + b"12O26" + records[2][21:]
    extract = read(file_of(manifest, records))
    (fault,) = extract.faults
    assert (fault.code, fault.place.file, fault.place.record) == ("DEC-005", "FULL.DAT", 3)
    found = list(differences([], originals=extract))
    assert [(each.kind, each.record) for each in found] == [(Kind.NOT_ACCEPTED, number) for number in (1, 2, 4, 5)]


class Paged:
    """A server that answers with these pages, one a question."""

    def __init__(self, *pages, code="0000"):
        self.pages, self.asked, self.code = list(pages), [], code

    def inventory(self, after):
        self.asked.append(after)
        page = self.pages.pop(0) if self.pages else None
        return SimpleNamespace(answer=SimpleNamespace(code=self.code), inventory=page)


def page(*persons, more=True):
    return InventoryPage(tuple((person, "2026", 1) for person in persons), more)


def test_pages_are_asked_for_behind_the_last_person(read):
    """An empty first question, then behind the last person of each page, until there is no more."""
    server = Paged(page("1", "2"), page("4"), page("5", more=False))
    found = at_server(server, read.house.configuration.profile)
    assert [each.person for each in found] == ["1", "2", "4", "5"]
    assert server.asked == ["", "2", "4"]


@pytest.mark.parametrize(
    ("server", "code"),
    [
        (Paged(page("1", "2"), page("2")), "SRV-007"),
        (Paged(page("1"), InventoryPage((), more=True)), "SRV-007"),
        (Paged(page(more=False), code="5001"), "SRV-006"),
        (Paged(), "SRV-006"),
    ],
)
def test_a_server_that_does_not_go_on_is_told(read, server, code):
    """The same page again, an empty one with more to come, a refusal, an answer without an inventory."""
    with pytest.raises(ServerError) as caught:
        list(at_server(server, read.house.configuration.profile))
    assert caught.value.fault.code == code


def test_a_closed_extract_leaves_nothing(read, manifest):
    """Its portions have no name on the disk, and are gone with it."""
    with closing(read(file_of(manifest, registers(manifest, 5)))) as extract:
        parts = extract._parts
        assert len(parts) >= 1
    assert all(part.closed for part in parts)
