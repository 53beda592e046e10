"""What a result file may echo: no 個人番号, but every 宛名番号 that is one."""

import pytest

from kakehashi.runtime.returning import _unnumbered
from kakehashi_simulators.legacy.numbers import digits_in_text, seeded_numbers, wrong_number

NUMBER = next(seeded_numbers(12, 1))


@pytest.mark.parametrize("form", ["half", "full", "hyphen", "full-hyphen"])
def test_a_text_that_holds_a_number_goes_back_empty(form):
    """In whatever way it is written; its neighbours stay."""
    values = {"備考": f"番号 {digits_in_text(NUMBER, form)} のため", "年度": "2026", "金額": 12}
    assert _unnumbered(values, padded=False) == {"備考": None, "年度": "2026", "金額": 12}


def test_a_linked_key_is_echoed_whatever_it_looks_like():
    """One 宛名番号 in ten ends in what could be a check digit: a key that is linked is a key."""
    values = {"宛名番号": f"000{NUMBER}"}
    assert _unnumbered(values, padded=False) == values


def test_an_unlinked_key_that_could_be_a_number_is_not():
    """Somebody wrote a 個人番号 where the 宛名番号 belongs: it does not go back. A wrong check digit does."""
    assert _unnumbered({"宛名番号": f"000{NUMBER}"}, padded=True) == {"宛名番号": None}
    other = {"宛名番号": f"000{wrong_number(NUMBER)}", "連番": "00000012", "日時": f"20260701{NUMBER}"}
    assert _unnumbered(other, padded=True) == other
