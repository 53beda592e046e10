from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from lxml import etree
from tests.unit.validation.samples import ID, OTHER_ID, SCHEMAS, STANDARDS, TAX, elements

from kakehashi.domain.data_standard import DataStandard
from kakehashi.domain.interface import BatchStamp, Header, MessageType
from kakehashi.domain.wire_form import WireForm
from kakehashi.interface.address import AddressInformation, address_answer
from kakehashi.interface.exchange_record import record_list_request, withholding_request
from kakehashi.interface.header import build_header, parse_header
from kakehashi.interface.inquiry import inquiries, inquiry_result_request
from kakehashi.interface.lock import lock_request
from kakehashi.interface.provision import provision_list_request, provision_reply
from kakehashi.interface.replica import ReplicaRecord, replica_registration, result_request
from kakehashi.interface.symbol import Acquisition, acquisition_request, link_status_request, process_number_request
from kakehashi.interface.symbol_change import registration_request, release_request, relink_request
from kakehashi.interface.system import health_request, layout_request, status_request
from kakehashi.validation.explanation import open_schema
from kakehashi.validation.schema import SchemaSet

SET = SchemaSet(SCHEMAS)
PERSON, DAYS = "000000000000001", (date(2026, 6, 1), date(2026, 7, 1))
STAMP = BatchStamp(id=ID, seq=2, total=3, record_count=200, sha256="A" * 43 + "=")
INQUIRY = (
    "<AffairCode>JM99000000000001</AffairCode><ProcedureCode>JT99000000000001</ProcedureCode>"
    "<InfoName>TM99000000000001</InfoName><ProviderAgency>9999000000000003</ProviderAgency>"
    "<RequesterDepartment>99990001</RequesterDepartment><ConditionType>1</ConditionType><YearType>0</YearType>"
    "<RequestedAt>20260601020304000</RequestedAt>"
)


def _header(message_id: str, *, batch: BatchStamp | None = None) -> Header:
    return Header(
        message_id=message_id,
        type=MessageType.REQUEST,
        request_id=ID,
        correlation_id=OTHER_ID,
        profile="std-2026",
        layout_version="1",
        sender="9999000000000002",
        receiver="9999000000000001",
        person_key_type="unified",
        created_at=datetime(2026, 5, 31, 17, 3, 4, tzinfo=UTC),
        test=True,
        batch=batch,
    )


def _record(standard: DataStandard, **changes: str) -> ReplicaRecord:
    values = {
        "person": "000000000000001",
        "unit": "2026",
        "valid_from": "2026-04-01",
        "valid_to": "2027-03-31",
        "non_disclosure": "0",
        "auto_response_blocked": "1",
        "operation": "register",
        "content": "".join(elements(standard)),
        **changes,
    }
    return ReplicaRecord(sequence=1_000_000_007, **{**values, "content": values["content"].encode()})


def _registration(standard: DataStandard) -> bytes:
    records = [_record(standard), _record(standard, valid_to="")]
    return replica_registration(_header("DBM-201", batch=STAMP), standard, records)


BUILT = {
    **{f"DBM-201 {name}": ("DBM-201", _registration(standard)) for name, standard in STANDARDS.items()},
    "DBM-201 mixed": (
        "DBM-201",
        replica_registration(_header("DBM-201"), TAX, [_record(TAX), _record(TAX, operation="delete")]),
    ),
    "DBM-203": ("DBM-203", replica_registration(_header("DBM-203"), TAX, [_record(TAX, operation="delete")])),
    "DBM-205": ("DBM-205", result_request(_header("DBM-205"), OTHER_ID)),
    "DBM-209 person": ("DBM-209", lock_request(_header("DBM-209"), lock=True, sequence=7, person="000000000000001")),
    "DBM-209 information": (
        "DBM-209",
        lock_request(_header("DBM-209"), lock=False, sequence=8, info_name="TM99000000000001"),
    ),
    "SKI-301": ("SKI-301", inquiries(_header("SKI-301", batch=STAMP), [INQUIRY.encode()] * 2, ["000000000000001"] * 2)),
    "SKI-303": ("SKI-303", inquiry_result_request(_header("SKI-303"), OTHER_ID)),
    "SKI-305": ("SKI-305", inquiry_result_request(_header("SKI-305"), OTHER_ID)),
    "FGU-111": ("FGU-111", process_number_request(_header("FGU-111"), ["000000000000001", "000000000000002"])),
    "FGU-121": ("FGU-121", acquisition_request(_header("FGU-121"), [Acquisition("PN-1", "12345678901")])),
    "FGU-131": (
        "FGU-131",
        link_status_request(_header("FGU-131"), [("000000000000001", "PN-1"), ("000000000000002", None)]),
    ),
    "FGU-101": ("FGU-101", registration_request(_header("FGU-101"), [("000000000000001", date(2026, 6, 1))])),
    **{
        f"FGU-141 undo={undo}": (
            "FGU-141",
            relink_request(
                _header("FGU-141"),
                "000000000000001",
                "000000000000002",
                undo=undo,
                ordered_at=datetime(2026, 6, 1, tzinfo=UTC),
            ),
        )
        for undo in (False, True)
    },
    "FGU-151": ("FGU-151", release_request(_header("FGU-151"), "000000000000001")),
    "TKY-401": ("TKY-401", provision_list_request(_header("TKY-401"), "")),
    "TKY-401 behind": ("TKY-401", provision_list_request(_header("TKY-401"), OTHER_ID)),
    "TKY-403": ("TKY-403", provision_reply(_header("TKY-403"), OTHER_ID, None)),
    "TKY-403 denied": ("TKY-403", provision_reply(_header("TKY-403"), OTHER_ID, "01")),
    "TKM-501": ("TKM-501", record_list_request(_header("TKM-501"), PERSON, *DAYS, "")),
    "TKM-501 behind": ("TKM-501", record_list_request(_header("TKM-501"), PERSON, *DAYS, OTHER_ID)),
    "TKM-503": ("TKM-503", withholding_request(_header("TKM-503"), PERSON, OTHER_ID, "01")),
    "TKM-503 shown again": ("TKM-503", withholding_request(_header("TKM-503"), PERSON, OTHER_ID, None)),
    "TKY-412": (
        "TKY-412",
        address_answer(
            _header("TKY-412"),
            "0000",
            AddressInformation(name="見本　花子", birth="1974-08", sex="female", address="見本県"),
        ),
    ),
    "TKY-412 refused": ("TKY-412", address_answer(_header("TKY-412"), "4010", None)),
    "SYM-901": ("SYM-901", health_request(_header("SYM-901"))),
    "SYM-903": ("SYM-903", layout_request(_header("SYM-903"))),
    "SYM-911": ("SYM-911", status_request(_header("SYM-911"), OTHER_ID)),
}


@pytest.mark.parametrize("name", BUILT)
def test_what_we_build_both_processors_accept(name):
    """Every message that the gateway writes is valid for libxml2 and for xmlschema."""
    message_id, document = BUILT[name]
    schema = SET.message(message_id)
    check = schema.check(document)
    assert check.valid, (check.faults, check.record_faults)
    assert open_schema(schema).is_valid(etree.fromstring(document))


@pytest.mark.parametrize("batch", [None, STAMP])
def test_a_header_comes_back_as_it_was(batch):
    """What is written is read again, the moment in Japan time to the second."""
    header = _header("DBM-201", batch=batch)
    text = build_header(header)
    assert "<CreatedAt>2026-06-01T02:03:04+09:00</CreatedAt>" in text
    assert parse_header(etree.fromstring(f'<x xmlns="urn:kakehashi:std-2026">{text}</x>')[0]) == header


def test_records_are_numbered_and_sequenced():
    """Records count from 1; the sequence has 18 digits."""
    root = etree.fromstring(_registration(TAX))
    records = root.findall("{*}Records/{*}Record")
    assert [record.get("no") for record in records] == ["1", "2"]
    assert records[0].findtext("{*}Sequence") == "000000001000000007"
    assert records[1].find("{*}ValidTo") is None


@pytest.mark.parametrize("hostile", ["<x>", "&amp", "a\x00b", "]]>", '"', "\ud800", "５", ""])
@pytest.mark.parametrize("part", ["person", "unit", "valid_from", "non_disclosure", "auto_response_blocked"])
def test_a_wrong_value_spoils_its_own_record_only(part, hostile):
    """Whatever a value holds, the document stays readable and the neighbours stay valid."""
    good = _record(TAX)
    document = replica_registration(_header("DBM-201"), TAX, [good, _record(TAX, **{part: hostile}), good])
    check = SET.message("DBM-201").check(document)
    assert not check.faults
    assert list(check.record_faults) == [1]


def test_a_hostile_person_or_receipt_is_escaped():
    """The other builders escape what they are given too."""
    check = SET.message("SKI-301").check(inquiries(_header("SKI-301"), [INQUIRY.encode()] * 2, ["<x>", "0" * 15]))
    assert list(check.record_faults) == [0]
    assert SET.message("DBM-205").check(result_request(_header("DBM-205"), "<x/>")).faults
    assert SET.message("SYM-911").check(status_request(_header("SYM-911"), "&")).faults


def test_a_delete_has_no_content():
    """In DBM-201 among changes, and alone in DBM-203: what is to be deleted says nothing about the person."""
    mixed = replica_registration(_header("DBM-201"), TAX, [_record(TAX), _record(TAX, operation="delete")])
    assert SET.message("DBM-201").check(mixed).valid
    registered, deleted = etree.fromstring(mixed).findall("{*}Records/{*}Record")
    assert registered.find("{*}Content") is not None
    assert deleted.find("{*}Content") is None
    assert b"<Content>" not in BUILT["DBM-203"][1]


def test_a_registration_is_no_delete():
    """DBM-203 takes deletes only: a registration among them fails in its own record."""
    wrong = replica_registration(_header("DBM-203"), TAX, [_record(TAX, operation="delete"), _record(TAX)])
    assert list(SET.message("DBM-203").check(wrong).record_faults) == [1]


@pytest.mark.parametrize("operation", ["", "Delete", "remove", "<x>"])
def test_another_operation_is_refused(operation):
    """The operation is register or delete, to the letter; a wrong one fails in its own record."""
    document = replica_registration(_header("DBM-201"), TAX, [_record(TAX), _record(TAX, operation=operation)])
    assert list(SET.message("DBM-201").check(document).record_faults) == [1]


def test_another_namespace_is_written():
    """A site's profile may bring its own namespace, whatever is in it."""
    document = WireForm(namespace="urn:x&y").write(health_request(_header("SYM-901")))
    assert etree.fromstring(document).tag == "{urn:x&y}SYM901"


def test_codes_of_a_person_are_not_printed():
    """The request to the registry shows none of its codes in a trace."""
    assert "12345678901" not in repr(Acquisition("PN-1", "12345678901"))
