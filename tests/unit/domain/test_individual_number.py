"""The 個人番号 hides itself wherever a value usually slips out."""

import copy
import json
import logging
import pickle
import traceback

import pytest

from kakehashi.domain.identifiers import InvalidIdentifier
from kakehashi.domain.individual_number import IndividualNumber

PUBLISHED = "983205673214"


@pytest.fixture
def number():
    return IndividualNumber(PUBLISHED)


def test_it_takes_only_a_right_number():
    """12 half-width digits with their check digit; anything else is IDN-004 or IDN-002, without the value."""
    wide = PUBLISHED.translate({ord("0") + n: "０１２３４５６７８９"[n] for n in range(10)})
    wrong = {PUBLISHED[:-1] + "0": "IDN-002", PUBLISHED[:-1]: "IDN-004", wide: "IDN-004", PUBLISHED + "\n": "IDN-004"}
    for value, code in wrong.items():
        with pytest.raises(InvalidIdentifier) as caught:
            IndividualNumber(value)
        assert caught.value.fault.code == code
        assert value not in "".join(traceback.format_exception(caught.value)).replace(repr(value), "")
        assert value.strip() not in str(caught.value)


def test_every_text_of_it_is_masked(number):
    """str, repr, format, f-string, a list and a log line show asterisks."""
    record = logging.LogRecord("log", logging.INFO, "", 0, "%s %r", (number, number), None)
    shown = [str(number), repr(number), format(number), f"{number:>20}", str([number]), record.getMessage()]
    assert all(PUBLISHED not in text and "****" in text for text in shown)


def test_it_is_not_written_anywhere_by_accident(number):
    """Pickle, JSON and copies into other processes refuse it."""
    for write in (pickle.dumps, json.dumps, copy.deepcopy, copy.copy):
        with pytest.raises(TypeError):
            write(number)


def test_it_has_no_attributes_to_look_into(number):
    """No __dict__, so that no dump of an object's fields shows the digits."""
    assert not hasattr(number, "__dict__")
    with pytest.raises(TypeError):
        vars(number)


def test_equal_numbers_are_equal(number):
    """Equality and hashing work on the value; a plain text of the same digits is something else."""
    assert number == IndividualNumber(PUBLISHED)
    assert hash(number) == hash(IndividualNumber(PUBLISHED))
    assert number != PUBLISHED
    assert hash(number) != hash(PUBLISHED)


def test_it_is_revealed_by_name(number):
    """The one way to the digits has a name that can be searched for."""
    assert number.reveal() == PUBLISHED
