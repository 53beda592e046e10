"""「副本突合」 Three sorted streams in, the exact list of differences out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kakehashi.pipeline.reconciling import Difference, Kind, Original, Standing, differences


def standing(person, sequence=1, digest=b"a", unit="2026"):
    return Standing(person, unit, sequence, digest)


def original(person, record=1, digest=b"a", unit="2026"):
    return Original(person, unit, digest, record)


@pytest.mark.parametrize(
    ("accepted", "originals", "server", "expected"),
    [
        ([standing("1")], [original("1")], [standing("1")], []),
        ([], [original("1", 7)], None, [(Kind.NOT_ACCEPTED, 7, None, None)]),
        ([standing("1", 3)], [], None, [(Kind.SURPLUS, None, 3, None)]),
        ([standing("1", 3)], [original("1", 7, b"b")], None, [(Kind.OUTDATED, 7, 3, None)]),
        ([standing("1", 3)], None, [], [(Kind.NOT_AT_SERVER, None, 3, None)]),
        ([standing("1", 3)], None, [standing("1", 2)], [(Kind.OTHER_AT_SERVER, None, 3, 2)]),
        ([], None, [standing("1", 2)], [(Kind.ONLY_AT_SERVER, None, None, 2)]),
        ([standing("1", 3)], None, None, []),
        ([standing("1", 3)], [], [], [(Kind.SURPLUS, None, 3, None), (Kind.NOT_AT_SERVER, None, 3, None)]),
    ],
)
def test_each_kind_of_difference(accepted, originals, server, expected):
    """What is on one side alone, or other on it, is told by its kind; a side that is not compared tells nothing."""
    found = differences(accepted, originals=originals, server=server)
    assert [(each.kind, each.record, each.accepted, each.server) for each in found] == expected


def test_what_is_on_its_way_is_marked():
    """A key with a change in flight is still told; its other unit is not marked."""
    found = list(differences([standing("1"), standing("1", unit="2027")], server=[], in_flight={("1", "2027")}))
    assert [(each.unit, each.in_flight) for each in found] == [("2026", False), ("2027", True)]


KEYS = st.tuples(st.sampled_from("0123"), st.sampled_from(["2025", "2026", ""]))
FIELDS = st.tuples(st.integers(0, 2), st.sampled_from([b"a", b"b"]))
SIDES = st.none() | st.dictionaries(KEYS, FIELDS)


def by_dictionary(accepted, originals, server):
    """The same question asked key by key."""
    for key in sorted({*accepted, *(originals or ()), *(server or ())}):
        ours, original_of, theirs = accepted.get(key), (originals or {}).get(key), (server or {}).get(key)
        facts = (
            original_of[0] if original_of else None,
            ours[0] if ours else None,
            theirs[0] if theirs else None,
            key[1] == "2025",
        )
        if originals is not None and (ours and ours[1]) != (original_of and original_of[1]):
            kind = Kind.NOT_ACCEPTED if not ours else Kind.SURPLUS if not original_of else Kind.OUTDATED
            yield Difference(kind, *key, *facts)
        if server is not None and (ours and ours[0]) != (theirs and theirs[0]):
            kind = Kind.ONLY_AT_SERVER if not ours else Kind.NOT_AT_SERVER if not theirs else Kind.OTHER_AT_SERVER
            yield Difference(kind, *key, *facts)


@given(accepted=st.dictionaries(KEYS, FIELDS), originals=SIDES, server=SIDES)
def test_the_merge_finds_what_a_look_up_by_key_finds(accepted, originals, server):
    """Every difference once, in the order of the keys, and nothing else, whatever the three sides hold."""

    def rows(side, make):
        return None if side is None else [make(*key, *fields) for key, fields in sorted(side.items())]

    found = differences(
        rows(accepted, Standing),
        originals=rows(originals, lambda person, unit, record, digest: Original(person, unit, digest, record)),
        server=rows(server, Standing),
        in_flight={(person, "2025") for person in "0123"},
    )
    assert list(found) == list(by_dictionary(accepted, originals, server))
