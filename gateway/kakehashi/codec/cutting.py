"""「桁あふれの切捨て」 The longest beginning of a text that fits, for layouts that declare truncation.

Never half a kanji, a lost shift code, a base without its selector or kana without its voicing mark.
"""

from __future__ import annotations

from kakehashi.codec.cluster import unbreakable
from kakehashi.codec.text_form import TextForm

__all__ = ["cut_to_fit"]


def cut_to_fit(form: TextForm, text: str, length: int) -> str:
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
