"""Numbers of invented persons."""

from __future__ import annotations

import pytest

from kakehashi_simulators.legacy.numbers import check_digit, digits_in_text, seeded_numbers, wrong_number

PUBLISHED = "983205673214"


def test_the_check_digit_is_that_of_the_published_test_value():
    """983205673214 is the published valid number; its last digit follows from the other eleven."""
    assert check_digit(PUBLISHED[:11]) == 4


def test_a_seed_always_gives_the_same_numbers():
    """Every program that knows the seed knows the numbers that were hidden."""
    assert list(seeded_numbers(7, 50)) == list(seeded_numbers(7, 50))
    assert set(seeded_numbers(7, 50)).isdisjoint(seeded_numbers(8, 50))


def test_all_numbers_are_valid_and_different():
    """Twelve digits each, the last one the check digit, none twice."""
    numbers = list(seeded_numbers(3, 5000))
    assert len(set(numbers)) == 5000
    assert all(len(number) == 12 and check_digit(number[:11]) == int(number[11]) for number in numbers)


def test_a_wrong_number_differs_in_its_check_digit_only():
    """The form stays right, so that nothing but the check digit can tell."""
    wrong = wrong_number(PUBLISHED)
    assert wrong[:11] == PUBLISHED[:11]
    assert check_digit(wrong[:11]) != int(wrong[11])


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("half", PUBLISHED),
        ("hyphen", "-".join((PUBLISHED[:4], PUBLISHED[4:8], PUBLISHED[8:]))),
        ("full", "９８３２０５６７３２１４"),
        ("full-hyphen", "９８３２－０５６７－３２１４"),
    ],
)
def test_numbers_are_hidden_as_people_type_them(form, text):
    """Half-width, full-width, with hyphens."""
    assert digits_in_text(PUBLISHED, form) == text
