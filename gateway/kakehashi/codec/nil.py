"""Which bytes mean "nothing here" 「未設定」, by the kinds that a layout names for an item."""

from __future__ import annotations

from itertools import chain

from kakehashi.codec.layout import Item, ItemType
from kakehashi.codec.text_form import Charset, TextForm
from kakehashi.errors import InputError

__all__ = ["NIL_KINDS", "ZERO_KINDS", "nil_contents", "zero_contents"]

NIL_KINDS = ("spaces", "zeros", "low-values", "high-values", "nines")
"""In the order of preference in which None is written."""

ZERO_KINDS = ("spaces", "low-values", "high-values")
_TEXT = frozenset((ItemType.HALFWIDTH, ItemType.FULLWIDTH))


def nil_contents(item: Item, charset: Charset, form: TextForm, *, varying: bool) -> list[bytes]:
    """Every content that is None, the one to write first. Empty: the item always has a value.

    Empty content of a varying item is None, and blanks count as nothing in a required text.
    """
    kinds = [kind for kind in NIL_KINDS if kind in item.nil]
    if item.required and "spaces" not in kinds and item.type in _TEXT:
        kinds.insert(0, "spaces")
    lengths = range(1, item.length + 1) if varying else (item.length,)
    contents = chain.from_iterable(
        _kind(kind, item.type, length, charset, form) for kind in kinds for length in lengths
    )
    return list(dict.fromkeys(chain([b""] if varying else [], contents)))


def zero_contents(item: Item, charset: Charset, form: TextForm, *, varying: bool) -> frozenset[bytes]:
    """Every content that is declared to mean zero; empty content of a varying item stays nothing."""
    lengths = range(1, item.length + 1) if varying else (item.length,)
    kinds = [_kind(kind, item.type, length, charset, form) for kind in item.zero for length in lengths]
    return frozenset(chain.from_iterable(kinds))


def _kind(kind: str, type_: ItemType, length: int, charset: Charset, form: TextForm) -> list[bytes]:
    match kind:
        case "spaces":
            blank = charset.encode(" ") * length
            return [blank, *sorted(form.blanks(length) - {blank})]
        case "low-values":
            return [b"\x00" * length]
        case "high-values":
            return [b"\xff" * length]
        case _:
            return _repeated("0" if kind == "zeros" else "9", type_, length, charset, form)


def _repeated(digit: str, type_: ItemType, length: int, charset: Charset, form: TextForm) -> list[bytes]:
    """All zeros or all nines, with every sign that says the same."""
    match type_:
        case ItemType.PACKED:
            return [bytes.fromhex(digit * (2 * length - 1) + sign) for sign in "fcd"]
        case ItemType.BINARY:
            return [b"\x00" * length] if digit == "0" else []
        case ItemType.FULLWIDTH:
            return _wide(chr(ord(digit) + 0xFEE0), length, form)
        case ItemType.ZONED:
            plain = charset.encode(digit)
            last = ("{", "}") if digit == "0" else ("I", "R")
            signs = [plain, *(charset.encode(sign) for sign in last)]
            if not charset.host:
                signs.append(bytes([plain[0] + 0x40]))
            return [plain * (length - 1) + sign for sign in signs]
        case ItemType.SIGNED:
            plain = charset.encode(digit)
            signs = [plain, charset.encode("+"), charset.encode("-")] if digit == "0" and length > 1 else [plain]
            return [sign + plain * (length - 1) for sign in signs]
        case _:
            return [charset.encode(digit) * length]


def _wide(digit: str, length: int, form: TextForm) -> list[bytes]:
    try:
        one, two = len(form.write(digit)), len(form.write(digit * 2))
    except InputError:
        return []
    count = (length - one) // (two - one) + 1
    return [form.fit(digit * count, length, pad=form.pad, right=False)] if count > 0 else []
