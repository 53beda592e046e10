"""The labelled persons of record matching: reproducible, and nobody is described like somebody else but the doubles."""

from collections import defaultdict

from kakehashi_simulators.legacy.scattered import KINDS, SYSTEMS, Scattered

PERSONS = 3_000


def test_the_same_seed_gives_the_same_rows_and_labels():
    """Each system has its own numbers in its own order; the label of each is a person, once in a system."""
    town, other = (Scattered(seed=5, persons=200) for _ in range(2))
    for system in SYSTEMS:
        rows = list(town.rows(system))
        assert rows == list(other.rows(system))
        assert len(rows) == town.count(system)
        labels = [town.person_of(system, row.atena) for row in rows]
        assert len(set(labels)) == len(labels)
    assert list(town.rows("tax")) != list(Scattered(seed=6, persons=200).rows("tax"))


def test_nobody_is_described_like_another_but_the_doubles():
    """Else no matcher could be right about them; and both doubles are in the register."""
    town = Scattered(seed=5, persons=PERSONS)
    told = defaultdict(set)
    for system in SYSTEMS:
        for row in town.rows(system):
            person = row.person
            if person.kanji and person.address:
                told[person.kanji, person.birth, person.sex, person.address].add(town.person_of(system, row.atena))
    kinds = [{town.kind(person) for person in some} for some in told.values() if len(some) > 1]
    assert kinds
    assert all(some == {"", "double"} for some in kinds)
    assert {town.kind(person) for person in range(PERSONS)} == {"", *KINDS}
    registered = {town.person_of("registry", row.atena) for row in town.rows("registry")}
    assert all({*some} <= registered for some in told.values() if len(some) > 1)


def test_everywhere_means_a_record_in_each_system():
    """For the benchmark."""
    assert [Scattered(seed=5, persons=80, everywhere=True).count(system) for system in SYSTEMS] == [80] * 5
