"""Invented persons."""

from __future__ import annotations

import dataclasses
from datetime import date

from kakehashi_simulators.legacy.people import HOUSEHOLD_CYCLE, PERIOD, People, wareki, wareki_letter


def test_eras_begin_on_their_days():
    """The generator's own 和暦, checked against the first and last days of the eras."""
    assert wareki(date(2019, 5, 1)) == "5010501"
    assert wareki(date(2019, 4, 30)) == "4310430"
    assert wareki(date(1989, 1, 7)) == "3640107"
    assert wareki_letter(date(1926, 12, 25)) == "S011225"
    assert wareki_letter(date(1912, 7, 29)) == "M450729"


def test_a_household_shares_surname_and_comes_in_a_row():
    """Heads come first; members share the surname; sizes follow the cycle."""
    people = People(5)
    places = [people.household(person) for person in range(sum(HOUSEHOLD_CYCLE))]
    assert [sum(1 for home, _ in places if home == i) for i in range(10)] == list(HOUSEHOLD_CYCLE)
    surnames = {home: {people.name(i).kanji.split("\u3000")[0] for i, (h, _) in enumerate(places) if h == home}
                for home, _ in places}  # fmt: skip
    assert all(len(names) == 1 for names in surnames.values())


def test_a_million_persons_are_made_of_few_blocks():
    """Name and birthday repeat after PERIOD persons, numbers never do."""
    people = People(5)
    assert dataclasses.asdict(people.name(11)) == dataclasses.asdict(people.name(11 + PERIOD))
    assert people.birth(11) == people.birth(11 + PERIOD)
    assert people.unified(11) != people.unified(11 + PERIOD)


def test_unified_numbers_have_15_digits():
    """The form of the 団体内統合宛名番号."""
    assert all(len(People(seed).unified(person)) == 15 for seed in range(20) for person in (0, 10**6, 6 * 10**8))
