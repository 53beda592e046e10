from __future__ import annotations

import pytest
from lxml import etree
from tests.unit.validation.samples import ALLOWANCE, MESSAGES, OTHER_ID, RESULT, content, message

from kakehashi.domain.interface import RecordError, Segment
from kakehashi.interface.answer import parse_answer
from kakehashi.interface.inquiry import InquiryAnswer, parse_inquiry_result
from kakehashi.interface.symbol import ProcessNumberAnswer, parse_link_status, parse_process_numbers

ANSWERING = [message_id for message_id, document in MESSAGES.items() if b"<Result>" in document]


@pytest.mark.parametrize("message_id", ANSWERING)
def test_every_answering_message_is_read(message_id):
    """Segment, code, receipt, retry time, count and errors are read alike from every answer."""
    answer = parse_answer(etree.fromstring(MESSAGES[message_id]))
    assert answer.message_id == message_id
    assert answer.correlation_id == OTHER_ID
    assert (answer.segment, answer.code, answer.receipt) == (Segment.ABNORMAL, "4001", OTHER_ID)
    assert (answer.retry_after, answer.accepted) == (3, 1)
    assert answer.errors == (RecordError(2, "A0010", "4001"),)


def test_the_least_answer_is_read():
    """Only segment and code are required."""
    root = etree.fromstring(message("DBM-202", "<Result><Segment>1</Segment><Code>0000</Code></Result>"))
    answer = parse_answer(root)
    assert (answer.segment, answer.code, answer.receipt, answer.retry_after) == (Segment.NORMAL, "0000", None, None)
    assert (answer.accepted, answer.errors) == (0, ())


def test_an_error_without_an_item_is_read():
    """An error may concern the record as a whole."""
    body = RESULT.replace("<Item>A0010</Item>", "")
    assert parse_answer(etree.fromstring(message("DBM-206", body))).errors == (RecordError(2, None, "4001"),)


def test_a_message_without_a_result_is_refused():
    """A request is no answer."""
    with pytest.raises(LookupError):
        parse_answer(etree.fromstring(MESSAGES["SYM-901"]))


def test_inquiry_answers_are_read_by_item_code():
    """Items by code; repeated ones joined; absence reasons under their own name; no content, no items."""
    body = content(ALLOWANCE, C0040_absent="3")
    found, missing, elsewhere = parse_inquiry_result(
        etree.fromstring(
            message(
                "SKI-304",
                f'{RESULT}<Answers><Answer no="1"><Status>found</Status>{body}</Answer>'
                '<Answer no="7"><Status>refused</Status></Answer>'
                '<Answer no="8"><Status>found</Status><ResultUrl>https://results.invalid/x</ResultUrl></Answer></Answers>',
            )
        )
    )
    assert (found.no, found.status) == (1, "found")
    assert found.items["C0050"] == "2"
    assert found.items["C0040-absent"] == "3"
    assert found.items["C0080"] == "2025-04-01\x1f2025-04-01"
    assert missing == InquiryAnswer(7, "refused", {})
    assert elsewhere.url == "https://results.invalid/x"
    assert "results.invalid" not in repr(elsewhere)


def test_symbol_answers_are_read():
    """Process numbers and link states by their number in the request; a process number is not printed."""
    (number,) = parse_process_numbers(etree.fromstring(MESSAGES["FGU-112"]))
    assert number == ProcessNumberAnswer(1, "PN-0001-a", "2026-06-08T00:00:00+09:00")
    assert "PN-0001-a" not in repr(number)
    assert parse_link_status(etree.fromstring(MESSAGES["FGU-132"])) == {1: "linked"}
