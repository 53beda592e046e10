"""The order of record types as an expression: what may come, what may not, and where a file may end."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kakehashi.codec.copybook.file import Found
from kakehashi.codec.copybook.record import Decoded
from kakehashi.codec.copybook.sequence import Sequence, in_order
from kakehashi.errors import Fault, InputError


def accepts(text, names):
    order = Sequence(text)
    return all(order.see(name) for name in names) and order.complete


def expressions(letters):
    """Expressions that Python's regular expressions understand, too, once blanks are taken away."""
    counts = st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{2,}", "{0,2}", ""])
    return st.recursive(
        st.sampled_from(letters),
        lambda inner: st.one_of(
            st.tuples(inner, counts).map(lambda pair: f"({pair[0]}){pair[1]}"),
            st.lists(inner, min_size=1, max_size=3).map(" ".join),
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: "(" + "|".join(parts) + ")"),
        ),
        max_leaves=6,
    )


@given(expressions("ABC"), st.text("ABC", max_size=8))
def test_expressions_mean_what_regular_expressions_mean(text, names):
    """The same files are whole, for every expression."""
    assert accepts(text, names) == bool(re.fullmatch(text.replace(" ", ""), names))


def test_what_may_come_next_is_told():
    """The names of the records, in order; a record that may not come changes nothing."""
    order = Sequence("head-1 (data | note)* trailer")
    assert (order.expected, order.complete) == ("HEAD_1", False)
    assert order.see("HEAD_1")
    assert not order.see("HEAD_1")
    assert order.expected == "DATA NOTE TRAILER"
    assert order.see("TRAILER")
    assert (order.expected, order.complete) == ("", True)


@pytest.mark.parametrize(
    "text", ["(A", "A)", "*", "A{2,1}", "A{0}", "A{", "A**", "(" * 60 + "A" + ")" * 60, "(A{999}){999}"]
)
def test_what_is_no_expression_is_refused(text):
    """CFG-003, also for what would need too many steps."""
    with pytest.raises(InputError) as caught:
        Sequence(text)
    assert caught.value.fault.code == "CFG-003"


def found(number, name):
    values = {name: {"K": name}} if name else None
    return Found(number, number * 10, Decoded(values, () if name else (Fault("DEC-005"),), 10))


def told(names, *orders):
    records = [found(number, name) for number, name in enumerate(names, start=1)]
    return [
        (fault.code, fault.place.record, fault.place.offset)
        for each in in_order(records, [Sequence(order) for order in orders], file="f")
        for fault in each.decoded.faults
    ]


def test_records_out_of_order_are_refused_and_the_others_go_on():
    """DEC-014 with record and offset; DEC-012 where the file ends too soon; a damaged record stands for any."""
    assert told("HDDT", "H D* T") == []
    assert told("HDHDT", "H D* T") == [("DEC-014", 3, 30)]
    assert told("HD", "H D* T") == [("DEC-012", 3, 20)]
    assert told("", "H D* T") == [("DEC-012", 1, 0)]
    assert told(["H", "", "T"], "H D* T") == [("DEC-005", None, None)]


def test_several_orders_hold_together():
    """What one expression cannot say, another adds."""
    assert told("HDDT", "H D* T", "(H|T)* D? (H|T)*") == [("DEC-014", 3, 30)]
