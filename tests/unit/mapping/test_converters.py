"""Each converter by its own examples, and the language of the column `converters`."""

import pytest

from kakehashi.errors import ConfigurationError, InputError
from kakehashi.mapping.converters import CONVERTERS, CodeTables, build_steps
from kakehashi.mapping.table import ConverterCall, parse_converters, parse_sources

EXAMPLES = [example for converter in CONVERTERS.values() for example in converter.examples]


def converted(pipe, value):
    steps, _ = build_steps(parse_converters(pipe), table=None, tables=CodeTables({}), line=2)
    for step in steps:
        if value is not None or step.takes_none:
            value = step.call(value)
    return value


@pytest.mark.parametrize(("call", "before", "after"), EXAMPLES, ids=[f"{e[0]}-{n}" for n, e in enumerate(EXAMPLES)])
def test_examples_of_the_reference_hold(call, before, after):
    """What the reference shows of a converter is what it does."""
    assert converted(call, before) == after
    assert type(converted(call, before)) is type(after)


def test_every_converter_has_an_example():
    """No converter is in the reference without showing what it does."""
    assert [name for name, converter in CONVERTERS.items() if not converter.examples] == []


@pytest.mark.parametrize(
    ("pipe", "value"),
    [
        ("number", "１２"),
        ("number", "1 2"),
        ("decimal(2)", "1.5"),
        ("zero_pad(3)", "12345"),
        ("zero_pad(3)", "-1"),
        ("flag", "2"),
        ("date", "20261301"),
        ("wareki", "4010107"),
        ("fiscal_year", "1974"),
        ("date(yyyy) | fiscal_year", "1974"),
        ("date(yyyymm) | whole_day", "197408"),
        ("date_as(wareki)", "18"),
        ("scale(3)", "十"),
    ],
)
def test_what_a_converter_cannot_read_is_refused(pipe, value):
    """A converter never guesses: it raises a catalogued fault that does not quote the value."""
    with pytest.raises(InputError) as caught:
        converted(pipe, value)
    assert value not in str(caught.value.fault.facts)


def test_empty_text_is_no_number():
    """An empty column is nothing, not a fault: the mapping says what nothing means."""
    assert [converted(pipe, "") for pipe in ("number", "decimal(2)", "scale(3)", "negate")] == [None] * 4
    assert converted("zero_pad(3)", "") == ""


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("", ()),
        ("trim | wareki", (ConverterCall("trim"), ConverterCall("wareki"))),
        ("code(tax-kind)", (ConverterCall("code", ("tax-kind",)),)),
        ('concat(", ") | default("")', (ConverterCall("concat", (", ",)), ConverterCall("default", ("",)))),
        ("slice(1, 4)", (ConverterCall("slice", ("1", "4")),)),
        ('remove("(|)")', (ConverterCall("remove", ("(|)",)),)),
    ],
)
def test_pipes_are_read_from_left_to_right(text, calls):
    """Arguments stand between commas; quotes keep spaces, commas, bars and parentheses."""
    assert parse_converters(text) == calls


@pytest.mark.parametrize("text", ["trim |", "| trim", "trim wareki", "trim(", "pad(3", "3", "trim || upper", "Trim"])
def test_broken_pipes_are_refused(text):
    """A pipe that cannot be read is CFG-008, with the column where reading stopped."""
    with pytest.raises(InputError) as caught:
        parse_converters(text)
    assert caught.value.fault.code == "CFG-008"


@pytest.mark.parametrize(
    ("pipe", "code", "fact"),
    [
        ("warek", "CFG-006", "wareki"),
        ("pad", "CFG-003", "pad(n)"),
        ("pad(3, 4)", "CFG-003", "pad(n)"),
        ("pad(three)", "CFG-003", "whole number"),
        ("date(ddmmyyyy)", "CFG-006", "yyyymmdd"),
        ("code", "CFG-004", "code"),
        ("code(tax)", "CFG-006", "tax"),
    ],
)
def test_wrong_calls_say_what_to_write_instead(pipe, code, fact):
    """An unknown name is answered with the known ones, a wrong argument with the signature."""
    with pytest.raises(ConfigurationError) as caught:
        build_steps(parse_converters(pipe), table=None, tables=CodeTables({}), line=7)
    (fault,) = caught.value.faults
    assert fault.code == code
    assert fault.place.record == 7
    assert fact in str(fault.facts)


def test_sources_stand_between_spaces_or_signs():
    """Names are separated by spaces, semicolons, commas or plus signs; what follows = is a literal."""
    assert parse_sources("氏; 名 + 敬称,級") == (("氏", "名", "敬称", "級"), None)
    assert parse_sources("= 1") == ((), " 1")
    assert parse_sources("=") == ((), "")
