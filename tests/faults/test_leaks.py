"""The search for 個人番号 that test_no_trace.py relies on finds every form, and nothing where there is nothing."""

import random
import time

from tests.faults.leaks import Leaks, written

from kakehashi_simulators.legacy.numbers import seeded_numbers, wrong_number

NUMBERS = tuple(seeded_numbers(90210, 1500))


def test_every_form_is_found():
    """Each form, with noise and with digits around it."""
    noise = random.Random(5).randbytes(64)
    search = Leaks(NUMBERS)
    missed = [
        (name, data)
        for number in NUMBERS[7:10]
        for name, raw in written(number)
        for data in (raw, noise + raw + noise, b'{"file": "' + raw + b'"}')
        if not search.find(data)
    ]
    assert missed == []


def test_a_number_inside_a_longer_run_of_digits_is_found():
    """A padded key hides nothing."""
    assert Leaks(NUMBERS).find(b"2000" + NUMBERS[3].encode() + b"2026")


def test_other_numbers_and_noise_are_not_taken_for_them():
    """Numbers with another last digit, and random bytes, give no hit; 4 MB take a few seconds at most."""
    search = Leaks(NUMBERS)
    assert not any(search.find(raw) for _, raw in written(wrong_number(NUMBERS[0])))
    began = time.monotonic()
    assert search.find(random.Random(6).randbytes(4 << 20)) == set()
    assert time.monotonic() - began < 20
