from __future__ import annotations

import pytest
from tests.unit.validation.samples import ALLOWANCE, RESIDENT, SCHEMAS, TAX, content, record, registration

from kakehashi.errors import InputError
from kakehashi.validation.schema import SchemaSet

SCHEMA = SchemaSet(SCHEMAS).message("DBM-201")


def _explain(standard, **values):
    document = registration(record(standard), record(standard, 2, body=content(standard, **values)))
    return SCHEMA.explain(document, 1)


def test_a_valid_record_needs_no_explanation():
    """Nothing is said about a record that is right, or that is not there."""
    document = registration(record(TAX), record(TAX, 2, body=content(TAX, A0050="x")))
    assert SCHEMA.explain(document, 0) == []
    assert SCHEMA.explain(document, 7) == []


def test_what_the_schema_expects_is_told():
    """Pattern, code list, length, missing item and invariant are each told by what is expected."""
    assert _explain(TAX, A0050="5,000") == ["A0050: expected the pattern 0|-?[1-9][0-9]{0,10}"]
    assert _explain(ALLOWANCE, C0110="7") == ["C0110: expected one of 0, 1"]
    assert _explain(ALLOWANCE, C0150="備" * 61) == ["C0150: breaks MaxLength 60"]
    assert _explain(TAX, A0020=None) == ["TM99000000000001v1: expected A0020"]
    assert _explain(TAX, A0270="1") == ["TM1-05: 年税額合計は各税額の合計を下回らない"]


def test_no_value_is_in_an_explanation():
    """Whatever a record holds, its text stays out, also when it stands in an element's name."""
    canary = "カナリア7392"
    for code in ("D0010", "D0040", "D0050", "D0060", "D0080", "D0090"):
        lines = _explain(RESIDENT, **{code: canary})
        assert lines
        assert not [line for line in lines if canary in line], code
    document = registration(record(RESIDENT)).decode().replace("D0020>", f"{canary}>").encode()
    lines = SCHEMA.explain(document, 0)
    assert lines
    assert not [line for line in lines if canary in line]


def test_hostile_documents_are_refused():
    """An explanation never walks through what an attacker made."""
    with pytest.raises(InputError):
        SCHEMA.explain(b"<!DOCTYPE a><a/>", 0)
    attributes = " ".join(f'a{number}=""' for number in range(1000))
    with pytest.raises(InputError):
        SCHEMA.explain(registration(record(TAX).replace('no="1"', f'no="1" {attributes}')), 0)
