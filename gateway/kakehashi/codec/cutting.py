"""「桁あふれの切捨て」 The longest beginning of a text that fits, for layouts that declare truncation.

Never half a kanji, a lost shift code, a base without its selector or kana without its voicing mark.
"""

from __future__ import annotations

from typing import Protocol

from kakehashi.codec.cluster import unbreakable

__all__ = ["WrittenForm", "cut_to_fit"]


class WrittenForm(Protocol):
    """What of a text form a cut needs."""

    def write(self, text: str, /) -> bytes:
        """The bytes without padding, shift codes included."""


def cut_to_fit(form: WrittenForm, text: str, length: int) -> str:
    """What of `text` takes at most `length` bytes in this form, shift codes included.

    Raises InputError DEC-004 or DEC-008 for a character that the form does not hold, wherever it stands.
    """
    if len(form.write(text)) <= length:
        return text
    parts = unbreakable(text)
    low, high = 0, len(parts) - 1
    while low < high:
        middle = (low + high + 1) // 2
        fits = len(form.write("".join(parts[:middle]))) <= length
        low, high = (middle, high) if fits else (low, middle - 1)
    return "".join(parts[:low])
