"""Who received what: what the server's records add to our own books, and what they only say again."""

from dataclasses import replace

import pytest
from tests.unit.pipeline.provision_office import HANA, SECRET, TARO, Office

from kakehashi.domain.exchange_record import ExchangeRecord, RecordKind
from kakehashi.domain.inquiry import InquiryOutcome
from kakehashi.runtime.disclosing import Disclosing
from kakehashi.testing.store_samples import NOW

OTHER_BODY = "9999000000000055"


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path)
    yield made
    made.close()


def record(kind, *, outcome=InquiryOutcome.FOUND, reference=None):
    return ExchangeRecord(
        record_id="a" * 32, person=HANA, at=NOW, kind=kind, counterpart=OTHER_BODY, affair="JM99000000000009",
        procedure="JT99000000000009", info_name="TM99000000000001", outcome=outcome, reference=reference,
    )  # fmt: skip


def told(office, *records):
    reading = Disclosing(configuration=office.gateway.configuration, store=office.store, links=office.links)
    return [(each.what, each.to, each.state, each.reference) for each in reading.told_by_server(records)]


def own(office, person):
    reading = Disclosing(configuration=office.gateway.configuration, store=office.store, links=office.links)
    return [(each.what, each.to, each.state) for each in reading.of_person(person) if each.what != "replica"]


def test_an_automatic_answer_is_told_by_the_server_alone(office):
    """And only where something was given."""
    assert told(office, record(RecordKind.AUTOMATIC)) == [("automatic", OTHER_BODY, "found", "a" * 32)]
    refused = (InquiryOutcome.REFUSED, InquiryOutcome.NOT_FOUND, InquiryOutcome.IN_PROCESS)
    assert told(office, *(record(RecordKind.AUTOMATIC, outcome=each) for each in refused)) == []


def test_an_inquiry_that_no_lane_sent_went_elsewhere(office):
    """A request id that the ledger has not: the relay, or the server's own terminal; the body itself got it."""
    agency = office.gateway.configuration.gateway.gateway.agency
    (found,) = told(office, record(RecordKind.INQUIRY, reference="b" * 32))
    assert found == ("inquiry", agency, "elsewhere", "a" * 32)


def test_a_provision_that_we_permitted_is_told_once(office):
    """By our own books, also when the server cannot be asked; what they do not know to be given, by the server."""
    first, second = office.inquired(HANA, TARO)
    office.permit(first, "hana")
    office.permit(first, "jiro")
    office.work(minutes=1)
    assert (own(office, HANA), own(office, TARO)) == ([("provision", OTHER_BODY, "permitted")], [])
    decided = [record(RecordKind.DECIDED, reference=row.what.inquiry.provision_id) for row in (first, second)]
    assert told(office, *decided) == [("provision", OTHER_BODY, "found", "a" * 32)]
    assert told(office, replace(decided[0], reference="c" * 32)) == [("provision", OTHER_BODY, "found", "a" * 32)]
    (third,) = office.inquired(SECRET)
    office.deny(third, "hana")
    office.work(minutes=1)
    assert (office.state(third), own(office, SECRET)) == ("replied", [])
