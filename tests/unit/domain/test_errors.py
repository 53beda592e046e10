"""Errors say what, where and what to do; they say nothing of a record."""

import inspect
import re

import pytest

import kakehashi.errors as errors
from kakehashi.catalogue import PROBLEMS
from kakehashi.errors import ConfigurationError, DuplicateContent, Fault, KakehashiError, Place, ServerRefused


def everything():
    return [kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, KakehashiError)]


def test_a_fault_reads_as_a_sentence_in_two_languages():
    """Place, code, what, facts, remedy: in that order, in English and in Japanese."""
    fault = Fault("DEC-002", Place(file="a.dat", record=3, item="氏名", offset=120), {"expected": 300, "found": 299})
    problem = PROBLEMS["DEC-002"]
    head = "a.dat, record 3, item 氏名, byte 120: DEC-002"
    assert fault.text() == f"{head} {problem.en} (expected=300, found=299). {problem.remedy_en}"
    assert fault.text("ja") == f"{head} {problem.ja} (expected=300, found=299). {problem.remedy_ja}"
    assert str(fault) == fault.text()


def test_the_first_byte_is_a_place_too():
    """Offset 0 is shown: only what is not known is left out."""
    assert str(Place(offset=0)) == "byte 0"
    assert str(Place()) == ""


def test_a_fault_is_moved_to_its_place():
    """Inner layers know item and byte, outer ones file and record: each fills in its part, the rest stays."""
    fault = Fault("DEC-005", Place(item="税額", offset=7), {"length": 9})
    moved = fault.at(file="a.dat", record=2)
    assert moved.place == Place(file="a.dat", record=2, item="税額", offset=7)
    assert (moved.code, moved.facts) == (fault.code, fault.facts)
    assert fault.place.file is None


def test_an_uncatalogued_code_cannot_be_raised():
    """A code that an operator cannot look up is a mistake in the program."""
    with pytest.raises(LookupError):
        Fault("DEC-999")


@pytest.mark.parametrize("kind", everything(), ids=lambda kind: kind.__name__)
def test_every_error_has_a_catalogued_code_of_its_own(kind):
    """Raised without anything, each error still carries a code with a remedy."""
    assert kind.default_code in PROBLEMS
    assert kind.__name__ in (errors.__doc__ or "")
    assert kind.__name__ in errors.__all__


def test_siblings_do_not_share_a_code():
    """Two errors with one default code could not be told apart by an operator."""
    codes = [kind.default_code for kind in everything() if kind is not KakehashiError]
    assert len(codes) == len(set(codes))


def test_a_configuration_error_shows_all_its_faults():
    """All faults at once, one a line, in the order given; none is the error's own default."""
    faults = [Fault("CFG-002", Place(file="gateway.toml", item="borker")), Fault("CFG-004", Place(file="route.toml"))]
    error = ConfigurationError(faults)
    assert error.faults == tuple(faults)
    assert str(error).splitlines() == [str(fault) for fault in faults]
    assert error.fault == faults[0]
    assert ConfigurationError([]).fault.code == "CFG-001"


def test_errors_carry_safe_facts():
    """Facts given by name are part of the text; special errors keep what their handlers need."""
    assert "size=3" in str(KakehashiError("REF-006", size=3))
    assert DuplicateContent(17).original == 17
    refused = ServerRefused(status=503, retry_after=30)
    assert (refused.status, refused.retry_after, refused.fault.facts) == (503, 30, {"status": 503})


def test_codes_have_a_family_and_a_number():
    """Codes look alike, so that logs and pages can link them."""
    assert all(re.fullmatch(r"[A-Z]{3}-[0-9]{3}", code) for code in PROBLEMS)
