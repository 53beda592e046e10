"""Candidates for a degrade table: facts, ranked, each with its reason; never a guess."""

import pytest

from kakehashi.mapping.repertoire import Repertoire, is_inside
from kakehashi.mapping.substitute import candidates, outside_of


@pytest.mark.parametrize(
    ("character", "wanted", "reason"),
    [
        ("\ufa1c", "靖", "canonically equivalent in Unicode"),
        ("～", "〜", "the same code in JIS X 0208"),
        ("￠", "¢", "the same code in JIS X 0208"),
        ("髙", "高", "the form of the same character that JIS X 0213 has"),
        ("￤", "¦", "compatible in Unicode (wide)"),
        ("弎", "三", "the same number"),
        ("髙\U000e0100", "高", "the form of the same character that JIS X 0213 has"),
    ],
)
def test_the_best_candidate_comes_first(character, wanted, reason):
    """One a kind of fact."""
    best = candidates(character)[0] if character != "弎" else candidates(character, takes=lambda text: text == "三")[0]
    assert (best.rank, best.text, best.reason) == (1, wanted, reason)


def test_what_the_receiver_does_not_take_is_no_candidate():
    """A candidate can be written as it is: it is never outside itself, and never the character itself."""
    for character in outside_of("cp932"):
        for found in candidates(character):
            assert is_inside(found.text)
            assert found.text != character
            assert Repertoire({character: found.text}).admit(character) == (found.text, [(character, found.text)])


def test_a_character_without_a_fact_has_no_candidate():
    """People decide: nothing that merely looks alike is offered."""
    assert candidates("仼") == []
    assert candidates("亜", takes=lambda _text: False) == []


def test_cp932_holds_84_kanji_that_the_server_does_not_take():
    """And seven signs (domain.md, section 9)."""
    found = outside_of("cp932")
    kanji = [character for character in found if "\u3400" <= character <= "\ufaff"]
    assert (len(kanji), len(found)) == (84, 91)
    assert {"髙", "淸", "悅", "敎", "靑", "閒"} <= set(kanji)
    assert not {"﨑", "濵", "德"} & set(kanji)
