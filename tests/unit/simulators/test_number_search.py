from __future__ import annotations

import random

import pytest
from tests.unit.simulators.messages import full_width, individual_number

from kakehashi.domain.identifiers import has_individual_check_digit
from kakehashi_simulators.number_search import (
    holds_individual_number,
    is_individual_number,
    may_hold_individual_number,
)


@pytest.mark.parametrize(("digits", "valid"), [("983205673214", True), ("983205673210", False)])
def test_the_published_values(digits, valid):
    """983205673214 is a 個人番号, 983205673210 is not (published test values)."""
    assert is_individual_number(digits) is valid


def test_both_implementations_agree():
    """The simulator's own check digit agrees with the gateway's on 2,000 random strings."""
    dice = random.Random(7)
    for _ in range(2000):
        digits = f"{dice.randrange(10**12):012}"
        assert is_individual_number(digits) == has_individual_check_digit(digits)


@pytest.mark.parametrize(
    "write",
    [
        lambda n: n,
        full_width,
        lambda n: f"{n[:4]}-{n[4:8]}-{n[8:]}",
        lambda n: full_width(f"{n[:4]} {n[4:8]} {n[8:]}").replace(" ", "　"),
        lambda n: f"{n[:4]}ー{n[4:8]}－{n[8:]}",
        "-".join,
        lambda n: f"番号は{n}です",
        lambda n: f"〒100-0001 {n[:6]}\u200b{n[6:]}",
    ],
)
def test_a_number_is_found_however_it_is_written(write):
    """Half and full width, hyphens, spaces, long-vowel marks, invisible characters, inside other text: all found."""
    for seed in range(100):
        text = write(individual_number(seed * 7919 + 13))
        assert holds_individual_number(text)
        assert may_hold_individual_number(f"<a><b>東京都</b><c>{text}</c></a>".encode())


@pytest.mark.parametrize("cut", ["&#{};", "<!---->{}", "<![CDATA[{}]]>"])
def test_the_quick_look_leaves_what_it_cannot_read_to_the_search(cut):
    """A number with a digit as a reference, in CDATA or behind a comment is not overlooked."""
    number = individual_number(4711)
    last = cut.format(ord(number[-1]) if "#" in cut else number[-1])
    assert may_hold_individual_number(f"<a>{number[:-1]}{last}</a>".encode())


def test_the_quick_look_lets_an_ordinary_message_pass():
    """Keys of 15 and 18 digits, dates and Japanese text do not start the search of every text."""
    record = "<a>123456789012345</a><b>2026-04-01</b><c>000000000000000007</c><d>東京都千代田区一番町</d>"
    assert not may_hold_individual_number(record.encode())


def test_longer_and_shorter_numbers_are_no_numbers():
    """Person keys (15 digits), sequences (18), telephone numbers and amounts are left alone."""
    number = individual_number(12345)
    assert not holds_individual_number("000" + number)
    assert not holds_individual_number(number + "1")
    assert not holds_individual_number(number[:11])
    assert not holds_individual_number("03-1234-5678")
    assert not holds_individual_number("2026-04-01\n\n2026-05-01")
