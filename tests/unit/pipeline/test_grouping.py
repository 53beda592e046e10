"""Labelled persons scattered over five systems: nobody is put together wrongly, hardly anybody is missed.

The fast tier takes 600 persons; `KAKEHASHI_TIER=full` takes 60,000.
"""

from dataclasses import replace

import pytest
from tests.tier import FULL
from tests.unit.pipeline.body import Body
from tests.unit.pipeline.persons import NOW, RESIDENTS

from kakehashi.domain.link import Note
from kakehashi.pipeline.linking import Linking
from kakehashi_adapters.sql_store import migrate, open_links
from kakehashi_simulators.legacy.numbers import seeded_numbers
from kakehashi_simulators.legacy.scattered import KINDS

PERSONS = 60_000 if FULL else 600


@pytest.mark.timeout(1800)
def test_what_is_linked_without_asking_is_right_and_with_answers_hardly_anything_is_missed(tmp_path, record_property):
    """100 % of the automatic links are right; with the questions answered at least 95 % of the true ones are found."""
    url = f"sqlite:///{tmp_path}/links.db"
    migrate(url)
    links = open_links(url)
    body = Body(tmp_path, persons=PERSONS, links=links)
    assert {body.town.kind(person) for person in range(PERSONS)} == {"", *KINDS}
    dry = body.group(dry=True)
    assert body.numbered() == {}
    assert links.reviews() == []
    found = body.group()
    assert (dry.persons, dry.systems) == (found.persons, found.systems)
    assert body.wrong() == []
    alone = body.recall()
    assert alone >= 0.85
    last = found
    while last.questions:  # each run asks of others than the one before
        assert body.wrong() == []
        body.answer()
        last = body.group()
    record_property("recall", f"{alone:.4f} alone, {body.recall():.4f} with answers")
    assert (last.persons, last.questions) == (0, 0)
    assert body.wrong() == []
    assert body.recall() >= 0.95
    assert found.questions <= 0.15 * PERSONS
    links.close()


def test_nothing_of_a_person_is_in_the_store_or_in_what_is_asked(tmp_path):
    """Questions hold numbers and words of ours; the values of the extracts are nowhere."""
    body = Body(tmp_path, persons=200)
    body.group()
    told = repr([review.what for review in body.links.reviews(most=10**6)]).encode() + repr(body.numbered()).encode()
    for row in body.rows["tax"]:
        for value in (row.person.kanji, row.person.kana, row.person.address, row.person.birth):
            assert not value or value.encode() not in told


def test_a_person_who_was_matched_takes_the_individual_number_that_comes_later(tmp_path):
    """The registry's own numbers do not contradict the unified number that record matching has given."""
    body = Body(tmp_path, persons=60)
    body.group()
    before = body.numbered()
    numbers = seeded_numbers(3, 60)
    rows = [replace(row, number=number) for row, number in zip(body.rows["registry"], numbers, strict=False)]
    body.rows["registry"] = rows
    plan = body.routes[RESIDENTS].link
    taken = body.decoded("registry")
    faults = Linking(links=body.links, sealer=body.sealer, plan=plan).extract(
        taken, now=NOW, batch_id=1, numbers=range(1, len(taken) + 1)
    )
    asked = [row for row in body.links.reviews() if row.what.system == "registry"]
    assert len(faults) <= len(asked)
    assert not body.links.conflicts()
    assert before.items() <= body.numbered().items()
    linked = [unified for (system, _), unified in before.items() if system == "registry"]
    assert all(body.links.sealed_number(unified) is not None for unified in linked)
    assert body.group().persons == 0


def test_a_number_that_stands_in_an_extract_twice_is_linked_with_nobody(tmp_path):
    """Nor is anybody who agrees with either of its rows."""
    body = Body(tmp_path, persons=60)
    twice = body.rows["tax"][3]
    person = body.town.person_of("tax", twice.atena)
    body.rows["tax"].append(replace(body.rows["tax"][9], atena=twice.atena))
    found = body.group()
    assert found.repeated == 1
    assert ("tax", twice.atena.zfill(15)) not in body.numbered()
    theirs = [key for key in body.numbered() if body.town.person_of(*key) == person]
    assert len({body.numbered()[key] for key in theirs}) <= 1


def test_frozen_numbers_are_linked_with_nobody(tmp_path):
    """Whose link is frozen may be the one whom the others mean: they wait until it is decided."""
    body = Body(tmp_path, persons=60)
    body.group(systems=["registry"])
    (_, atena), _ = next(iter(body.numbered().items()))
    person = body.town.person_of("registry", atena)
    body.links.freeze("registry", atena, evidence=b"e", now=NOW)
    assert body.group().of("registry").frozen == 1
    assert [key for key in body.numbered() if body.town.person_of(*key) == person] == [("registry", atena)]
    (drift,) = body.links.conflicts()
    body.links.decide(drift.id, take=False, note=Note("clerk", "right"), now=NOW)
    body.group()
    assert len({unified for key, unified in body.numbered().items() if body.town.person_of(*key) == person}) == 1


def test_two_numbers_that_are_one_persons_are_asked_about_once(tmp_path):
    """Issued before the registry could say that both are one: a question of a merge, and nothing by itself."""
    body = Body(tmp_path, persons=200)
    body.group(systems=["tax"])
    body.group(systems=["pension"])
    first = body.group(systems=["tax", "pension"])
    assert first.merges > 0
    assert first.merges == first.questions == len(body.links.reviews(most=10**6))
    assert body.group(systems=["tax", "pension"]).persons == 0
    assert len(body.links.reviews(most=10**6)) == first.merges
