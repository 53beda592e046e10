"""Golden cases say whether a mapping still does what was agreed."""

from dataclasses import dataclass, field

import pytest
from tests.unit.config.folders import LAYOUT, record, seen, write

from kakehashi.config.cases import run_cases
from kakehashi.config.loader import load
from kakehashi.domain.batch import BatchBody
from kakehashi.errors import Fault, InputError, Place

CASE = "routes/child-allowance/cases/01-normal/"
EXPECTED = """\
<DBM201 xmlns="urn:kakehashi:std-2026">
  <Header><CreatedAt>another day</CreatedAt></Header>
  <Records>
    <Record><C0010>1</C0010></Record>
  </Records>
</DBM201>
"""


@dataclass
class Outcome:
    documents: list = field(default_factory=list)
    faults: list = field(default_factory=list)


def message(code="1"):
    records = f"<Records><Record><C0010>{code}</C0010></Record></Records>"
    text = f'<DBM201 xmlns="urn:kakehashi:std-2026"><Header/>{records}</DBM201>'
    return text.encode()


@pytest.fixture
def run(tmp_path):
    def run(outcome, *, case='expect = "accepted"', expected=EXPECTED, **more):
        files = {f"{CASE}case.toml": case, f"{CASE}input.dat": record(), f"{CASE}expected.xml": expected, **more}
        configuration = load(write(tmp_path, files))
        return seen(
            run_cases(configuration, lambda route, data: outcome(route, data) if callable(outcome) else outcome)
        )

    return run


def test_the_same_records_are_right_whatever_the_header_and_the_spaces(run):
    """Headers carry the day and ids; white space between elements is for people."""
    assert run(Outcome([message()])) == []


def test_another_value_is_told_by_its_element(run):
    """The fault names the first element that differs."""
    assert run(Outcome([message("2")])) == [("CFG-010", f"{CASE}expected.xml", None, "C0010")]


@pytest.fixture
def told(tmp_path):
    """The facts of the one fault of a case; `layout` may mark items as sensitive."""

    def told(found, **more):
        files = {
            f"{CASE}case.toml": 'expect = "accepted"',
            f"{CASE}input.dat": record(),
            f"{CASE}expected.xml": EXPECTED,
        }
        configuration = load(write(tmp_path, files | more))
        (fault,) = run_cases(configuration, lambda _route, _data: Outcome([found]))
        return dict(fault.facts)

    return told


def test_what_was_expected_and_found_is_told(told):
    """Both contents of the first element that differs; of a missing element the names."""
    assert told(message("2")) == {"message": 1, "expected": "1", "found": "2"}
    assert told(message("11")) == {"message": 1, "expected": "1", "found": "11"}
    assert told(message().replace(b"C0010>", b"C0020>")) == {"message": 1, "expected": "<C0010>", "found": "<C0020>"}


def test_what_comes_of_a_sensitive_item_is_not_told(told):
    """Nor is what looks like an individual number; the element's name is enough to find it."""
    lines = [line.rpartition(",") for line in LAYOUT.splitlines()]
    marks = ["sensitive", *("yes" if ",区分," in before else "" for before, _, _ in lines[1:])]
    layout = "\n".join(f"{before},{mark},{note}" for (before, _, note), mark in zip(lines, marks, strict=True))
    hidden = {"message": 1, "expected": "***", "found": "***"}
    assert told(message("2"), **{"routes/child-allowance/layout.csv": layout}) == hidden
    assert told(message("98320567" + "3214")) == hidden


def test_messages_are_counted(run):
    """Two messages where one is expected, or none, are a difference; several stand in one <Messages>."""
    assert run(Outcome([message(), message()])) == [("CFG-010", f"{CASE}expected.xml", None, None)]
    assert run(Outcome([])) == [("CFG-010", f"{CASE}expected.xml", None, None)]
    assert (
        run(Outcome([message(), message("2")]), expected=f"<Messages>{EXPECTED}{message('2').decode()}</Messages>")
        == []
    )


def test_a_fault_where_none_is_expected(run):
    """An accepted case may have no fault at all."""
    fault = Fault("MAP-002", Place(record=1, item="C0010"))
    assert run(Outcome([message()], [fault])) == [("CFG-010", f"{CASE}case.toml", None, "expect")]


@pytest.mark.parametrize(
    ("case", "right"),
    [
        ('code = "MAP-002"\nitem = "C0010"', True),
        ('code = "MAP-002"', True),
        ("", True),
        ('code = "MAP-001"\nitem = "C0010"', False),
        ('code = "MAP-002"\nitem = "C0020"', False),
    ],
)
def test_a_rejected_case_names_its_fault(run, case, right):
    """The fault must have the code and the item that the case says."""
    outcome = Outcome([], [Fault("DEC-004"), Fault("MAP-002", Place(record=1, item="C0010"))])
    found = run(outcome, case=f'expect = "rejected"\n{case}')
    assert found == ([] if right else [("CFG-010", f"{CASE}case.toml", None, "code")])


def test_a_case_that_is_not_rejected_is_told(run):
    """Nothing wrong where a fault is expected is a difference."""
    assert run(Outcome([message()]), case='expect = "rejected"') == [("CFG-010", f"{CASE}case.toml", None, "code")]


def test_an_error_counts_as_the_fault_of_the_case(run):
    """What raises is rejected, with its code."""

    def broken(_route, _data):
        raise InputError("DEC-012")

    assert run(broken, case='expect = "rejected"\ncode = "DEC-012"') == []


def test_a_round_trip_gives_the_same_bytes(run, tmp_path):
    """round_trip encodes what was decoded; the first byte that differs is told."""
    assert run(Outcome([message()]), case='expect = "accepted"\nround_trip = true') == []
    short = record().replace("山田太郎".encode("cp932"), "山田".encode("cp932") + b"\x81\x40  ")
    found = run(Outcome([message()]), case='expect = "accepted"\nround_trip = true', **{f"{CASE}input.dat": short})
    assert all(place == ("CFG-010", f"{CASE}case.toml", None, "round_trip") for place in found)


def test_a_case_without_its_files_is_told(run):
    """input.dat and, for an accepted case, expected.xml must be there; unknown keys are faults."""
    assert run(Outcome([message()]), expected=None) == [("CFG-005", f"{CASE}expected.xml", None, None)]


def test_unknown_keys_of_a_case_are_told(run):
    """case.toml is as strict as all else."""
    found = run(Outcome(), case='expect = "accepted"\nexpects = "x"')
    assert found == [("CFG-002", f"{CASE}case.toml", None, "expects")]


def test_translation_gets_the_route_and_the_bytes(run):
    """Cases run through the very route of the configuration."""
    got = []

    def translate(route, data):
        got.append((route.name, route.codec.decode(BatchBody(b"", data), file="a", first_record=1, offset=0).faults))
        return Outcome([message()])

    assert run(translate) == []
    assert got == [("child-allowance", [])]
