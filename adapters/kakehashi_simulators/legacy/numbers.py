"""Numbers of invented persons: made from a seed when they are needed, so that none is ever committed."""

from __future__ import annotations

import random
from collections.abc import Iterator

__all__ = ["check_digit", "digits_in_text", "seeded_numbers", "wrong_number"]

_RANGE = 10**11
_WEIGHTS = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)


def check_digit(digits: str) -> int:
    """The twelfth digit of a 個人番号 whose first eleven are `digits` (総務省令第85号 第5条)."""
    remainder = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True)) % 11
    return 0 if remainder <= 1 else 11 - remainder


def seeded_numbers(seed: int, n: int) -> Iterator[str]:
    """`n` different valid 個人番号, the same ones for the same seed."""
    draw = random.Random(f"individual-number-{seed}")  # noqa: S311  # samples, not secrets
    step = draw.randrange(10**10, _RANGE) // 10 * 10 + 7  # prime to the range, so that nothing repeats
    at = draw.randrange(_RANGE)
    for _ in range(n):
        at = (at + step) % _RANGE
        digits = f"{at:011}"
        yield f"{digits}{check_digit(digits)}"


def wrong_number(number: str) -> str:
    """`number` with another last digit: the form is right, the check digit is not."""
    return f"{number[:11]}{(int(number[11]) + 1) % 10}"


def digits_in_text(number: str, form: str) -> str:
    """A number as people type it into free text: half, full, hyphen (both in four-digit groups) or full-hyphen."""
    groups = "-".join((number[:4], number[4:8], number[8:]))
    match form:
        case "half":
            return number
        case "hyphen":
            return groups
        case "full":
            return _widened(number)
        case _:
            return _widened(groups)


def _widened(text: str) -> str:
    return text.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
