"""「混在項目」 An item of single bytes that holds double bytes between shift codes too: X with `shift` embedded."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kakehashi.codec.text_form import padding

__all__ = ["MixedForm"]


class MixedForm:
    """Text of both widths. Items are read one by one: a lost shift code stays in its item."""

    pad = " "

    def __init__(self, decode: Callable[[bytes], str], encode: Callable[[str], bytes], space: bytes) -> None:
        self._decode = decode
        self._encode = encode
        self._space = space

    def read(self, raw: bytes) -> str:
        return self._decode(raw)

    def read_all(self, raws: Sequence[bytes], *, trim: bool = False) -> list[str]:
        """Trailing single-byte spaces are the padding of the item, never part of a double-byte run."""
        if not trim:
            return [self._decode(raw) for raw in raws]
        return [self._decode(raw.rstrip(self._space)).rstrip(" ") for raw in raws]

    def write(self, text: str) -> bytes:
        return self._encode(text)

    def fit(self, text: str, length: int, *, pad: str, right: bool) -> bytes:
        raw = self._encode(text)
        filler = padding(self._encode(pad), length - len(raw), self._space)
        return filler + raw if right else raw + filler

    def blanks(self, length: int) -> frozenset[bytes]:
        return frozenset((self._space * length,))
