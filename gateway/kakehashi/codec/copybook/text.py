"""Text: X and A in the file's charset, N and G in double bytes, NATIONAL in UTF-16."""

from __future__ import annotations

import re
from collections.abc import Callable

from kakehashi.codec.copybook.charset import TextCodec
from kakehashi.codec.copybook.leaf import Leaf
from kakehashi.codec.copybook.options import Controls, Nil, Options, Trim
from kakehashi.codec.copybook.picture import Category
from kakehashi.codec.copybook.scale import Scalar
from kakehashi.codec.copybook.tree import Field, Usage
from kakehashi.codec.text_form import damage

__all__ = ["text_leaf", "trimmer"]

_CONTROL = re.compile("[\x00-\x1f\x7f]")
_HOST_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_SPACES = " \u3000"


def text_leaf(field: Field, codec: TextCodec, options: Options) -> Leaf:
    """Text without its padding, both ways. Longer text than the item holds is DEC-018."""
    wide = field.usage in {Usage.NATIONAL, Usage.DBCS} or (
        field.picture is not None and field.picture.category is Category.WIDE
    )
    decode, encode, pad = _wide(field, codec) if wide else (codec.decode, codec.encode, codec.encode(" "))
    trim = trimmer(options.trim, justified=field.justified, spaces=_SPACES if wide else " ")
    controls = {Controls.SPACE: " ", Controls.DROP: ""}.get(options.controls)
    control = _HOST_CONTROL if codec.host else _CONTROL
    length = field.length
    nothing = bytes(length) if options.low_values is Nil.NIL else None

    def read(raw: bytes) -> Scalar:
        if nothing is not None and raw == nothing[: len(raw)]:
            return None
        text = decode(raw)
        if controls is not None and not text.isprintable():
            text = control.sub(controls, text)
        return trim(text)

    def write(value: Scalar) -> bytes:
        if not isinstance(value, str):
            raise damage("DEC-018", reason="no text")
        raw = encode(value)
        room = length - len(raw)
        if room < 0:
            raise damage("DEC-018", length=length, excess=-room)
        filler = (pad * (room // len(pad) + 1))[:room]
        return filler + raw if field.justified else raw + filler

    return Leaf(read, write, nothing if nothing is not None else (pad * length)[:length])


def trimmer(trim: Trim, *, justified: bool, spaces: str) -> Callable[[str], str]:
    side = {Trim.RIGHT: Trim.LEFT, Trim.LEFT: Trim.RIGHT}.get(trim, trim) if justified else trim
    match side:
        case Trim.NONE:
            return str
        case Trim.LEFT:
            return lambda text: text.lstrip(spaces)
        case Trim.RIGHT:
            return lambda text: text.rstrip(spaces)
        case Trim.BOTH:
            return lambda text: text.strip(spaces)


def _wide(field: Field, codec: TextCodec) -> tuple[Callable[[bytes], str], Callable[[str], bytes], bytes]:
    """N and G: the charset's double bytes; UTF-16 where the item is NATIONAL or the charset has none."""
    form = codec.wide
    if field.usage is Usage.NATIONAL or form is None:
        return _from_utf16, _to_utf16, "\u3000".encode("utf-16-be") if form else " ".encode("utf-16-be")
    return form.read, form.write, form.write("\u3000")


def _from_utf16(raw: bytes) -> str:
    try:
        return raw.decode("utf-16-be")
    except UnicodeDecodeError as error:
        raise damage("DEC-004", error.start) from None


def _to_utf16(text: str) -> bytes:
    try:
        return text.encode("utf-16-be")
    except UnicodeEncodeError as error:
        raise damage("DEC-004", character=error.start + 1) from None
