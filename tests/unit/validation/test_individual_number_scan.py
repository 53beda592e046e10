from __future__ import annotations

import base64
import time

import pytest
from tests.unit.validation.samples import RESIDENT, TAX, content, elements, record, registration

from kakehashi.domain.identifiers import has_individual_check_digit
from kakehashi.validation.individual_number_scan import find_individual_number, find_individual_number_in_document

NUMBER = "983205673214"  # the published test value
WIDE = NUMBER.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
GROUPS = [NUMBER[0:4], NUMBER[4:8], NUMBER[8:12]]
WIDE_GROUPS = [WIDE[0:4], WIDE[4:8], WIDE[8:12]]
FORMS = {
    "plain": NUMBER,
    "full width": WIDE,
    "mixed widths": NUMBER[:5] + WIDE[5:],
    **{
        f"groups by {ord(mark):x}": mark.join(GROUPS)
        for mark in " -\u3000\uff0d\u2010\u2011\u2212\u30fc\u2013\u00a0\uff70"
    },
    **{f"wide groups by {ord(mark):x}": mark.join(WIDE_GROUPS) for mark in " -\u3000\uff0d\u2212\u30fc"},
    "two kinds of separator": f"{GROUPS[0]} {GROUPS[1]}－{WIDE_GROUPS[2]}",
}
AROUND = ["", "備考", "番号：", "1-", "A", "5 ", "（", "引", "<D0200>", "５－"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("before", AROUND)
def test_a_number_is_found_in_every_form(form, before):
    """Half and full width, plain or in groups of four, whatever stands before it; the position is its first digit."""
    text = f"{before}{FORMS[form]}、以上"
    assert find_individual_number(text) == len(before)
    assert find_individual_number_in_document(text.encode()) == len(before)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "983205673210",
        f"1{NUMBER}",
        f"{NUMBER}1",
        f"１{NUMBER}",
        f"{GROUPS[0]}--{GROUPS[1]}-{GROUPS[2]}",
        f"{GROUPS[0]}.{GROUPS[1]}.{GROUPS[2]}",
        f"{GROUPS[0]}</A><A>{GROUPS[1]}</A><A>{GROUPS[2]}",
        "000000000000001",
        "TM99000000000001",
        "2026-06-01T02:03:04+09:00",
        "03-1234-5678",
    ],
)
def test_other_digits_are_no_number(text):
    """A wrong check digit, a longer run, other separators, ids and times are passed over."""
    assert find_individual_number(text) is None
    assert find_individual_number_in_document(text.encode()) is None


def test_a_false_start_does_not_hide_a_number():
    """Groups that overlap are each tried."""
    start = next(each for each in ("1111", "2222") if not has_individual_check_digit(each + GROUPS[0] + GROUPS[1]))
    assert find_individual_number(f"{start} {' '.join(GROUPS)}") == 5
    assert find_individual_number(f"983205673210 {NUMBER}") == 13


def test_character_references_are_read():
    """A number written as character references is found in a document."""
    decimal = "".join(f"&#{ord(digit)};" for digit in NUMBER)
    hexadecimal = "".join(f"&#x{ord(digit):X};" for digit in NUMBER)
    assert find_individual_number_in_document(f"<a>{decimal}</a>".encode()) == 3
    assert find_individual_number_in_document(f"<a>{hexadecimal}</a>".encode()) == 3
    assert find_individual_number_in_document(b"<a>&#x110000;&#9999999;</a>") is None


def test_bytes_that_are_no_text_are_searched_too():
    """A document in a broken encoding still gives up its number."""
    assert find_individual_number_in_document(b"\xff\xfe" + NUMBER.encode()) == 2
    assert find_individual_number("\udcff" + NUMBER) == 1


def test_our_own_messages_hold_none():
    """The ids, keys and codes of a message are of lengths that are never taken for a number."""
    document = registration(*(record(TAX, number) for number in range(1, 50)))
    assert find_individual_number_in_document(document) is None


def test_a_hundred_records_take_under_a_millisecond_or_so():
    """Looking through 80,000 characters costs less than parsing them by far."""
    plain = "\0".join("".join(elements(RESIDENT)) for _ in range(200))[:80_000]
    whole = "\0".join(content(TAX) for _ in range(200))[:80_000]
    for text in (plain, whole):
        times = []
        for _ in range(20):
            begin = time.perf_counter()
            assert find_individual_number(text) is None
            times.append(time.perf_counter() - begin)
        assert min(times) < 0.005  # measured 0.3 and 0.7 ms; the margin is for a busy machine


def test_base64_of_a_digest_is_rarely_taken_for_a_number():
    """The digest in a header is letters mixed with digits."""
    digest = base64.b64encode(bytes(range(32))).decode()
    assert find_individual_number(digest) is None
    assert has_individual_check_digit(NUMBER)
