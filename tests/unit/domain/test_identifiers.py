"""Identifiers keep to their published forms and check digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kakehashi.domain.identifiers import (
    AffairCode,
    AgencyCode,
    AtenaNumber,
    CorporateNumber,
    InfoNameCode,
    InvalidIdentifier,
    MunicipalityCode,
    ProcedureCode,
    ProcessNumber,
    ResidentRecordCode,
    UnifiedAtenaNumber,
    has_individual_check_digit,
)


def refusal(make, value):
    with pytest.raises(InvalidIdentifier) as caught:
        make(value)
    return caught.value.fault


@pytest.mark.parametrize("code", ["141003", "011002", "131016", "271004", "401307"])
def test_published_municipality_codes_are_right(code):
    """The codes of 横浜市, 札幌市, 千代田区, 大阪市 and 福岡市 pass, and no other last digit does."""
    assert MunicipalityCode(code) == code
    for digit in set("0123456789") - {code[5]}:
        assert refusal(MunicipalityCode, code[:5] + digit).code == "IDN-002"


def test_the_published_corporate_number_is_right():
    """7123456789012 passes, and no other first digit does (its check digit stands first)."""
    assert CorporateNumber("7123456789012") == "7123456789012"
    for digit in "012345689":
        assert refusal(CorporateNumber, digit + "123456789012").code == "IDN-002"


def test_the_published_check_digit_of_the_individual_number():
    """983205673214 carries its check digit, 983205673210 does not."""
    assert has_individual_check_digit("983205673214")
    assert not has_individual_check_digit("983205673210")


@given(st.text("0123456789", min_size=11, max_size=11))
def test_every_eleven_digits_have_exactly_one_check_digit(digits):
    """A remainder of 0 or 1 gives 0, so that each number has one check digit, never two or none."""
    assert sum(has_individual_check_digit(digits + digit) for digit in "0123456789") == 1


@given(st.text("0123456789", min_size=11, max_size=11), st.integers(0, 10), st.sampled_from("0123456789"))
def test_a_wrong_digit_is_usually_found(digits, position, digit):
    """One changed digit is found unless it maps to the same remainder class (only 0 and 1 share a check digit)."""
    check = next(each for each in "0123456789" if has_individual_check_digit(digits + each))
    changed = digits[:position] + digit + digits[position + 1 :]
    if changed != digits and has_individual_check_digit(changed + check):
        assert check == "0"


def test_a_resident_record_code_is_asked_not_forced():
    """Its check digit comes from secondary sources: any 11 digits are taken, and the digit can be asked for."""
    digits = [ResidentRecordCode(f"1234567890{digit}") for digit in range(10)]
    assert sum(code.has_check_digit() for code in digits) == 1


@pytest.mark.parametrize(("given_as", "means"), [("1", "000000000000001"), ("000123", "000000000000123")])
def test_atena_numbers_compare_zero_padded(given_as, means):
    """A system's number is the same person's with or without its leading zeros."""
    assert AtenaNumber(given_as) == means


@pytest.mark.parametrize(
    ("make", "value"),
    [
        (InfoNameCode, "TM99000000000001"),
        (AffairCode, "JM99000000000001"),
        (ProcedureCode, "JT99000000000001"),
        (AgencyCode, "9999000000000099"),
        (UnifiedAtenaNumber, "000000000000042"),
        (ProcessNumber, "abc-9"),
    ],
)
def test_codes_have_one_form(make, value):
    """A code is taken in its one form and refused (IDN-004) shortened, lengthened, in full width or with a line end."""
    assert make(value) == value
    wide = value[:-1] + chr(ord(value[-1]) + 0xFEE0)
    wrong = [wide, value + "\n", " " + value, ""]
    if make is not ProcessNumber:
        wrong += [value[:-1], value + "0"]
    assert {refusal(make, each).code for each in wrong} == {"IDN-004"}


@pytest.mark.parametrize("make", [CorporateNumber, MunicipalityCode, AtenaNumber, AgencyCode, InfoNameCode])
def test_a_refusal_names_the_term_and_never_the_value(make):
    """What was refused stands nowhere in the error."""
    fault = refusal(make, "SECRET-VALUE")
    assert fault.facts == {"term": make.term}
    assert "SECRET" not in str(fault)
    assert "SECRET" not in repr(fault)
