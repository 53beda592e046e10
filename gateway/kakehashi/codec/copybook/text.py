"""Text: X and A in the file's charset, N and G in double bytes, NATIONAL in UTF-16."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from kakehashi.codec.copybook.charset import TextCodec
from kakehashi.codec.copybook.leaf import Leaf
from kakehashi.codec.copybook.options import Controls, Nil, Options, Trim
from kakehashi.codec.copybook.picture import Category
from kakehashi.codec.copybook.scale import Scalar
from kakehashi.codec.copybook.tree import Field, Usage
from kakehashi.codec.text_form import SEPARATOR, Unclean, damage, separated

__all__ = ["text_leaf", "written_form"]

_CONTROL = re.compile("[\x00-\x1f\x7f]")
_HOST_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_SPACES = " \u3000"


def text_leaf(field: Field, codec: TextCodec, options: Options) -> Leaf:
    """Text without its padding, both ways. Longer text than the item holds is DEC-018."""
    wide = _is_wide(field)
    decode, decode_all, encode, pad = written_form(field, codec)
    spaces = _SPACES if wide else " "
    trim = _trimming(options.trim, justified=field.justified)
    ends = trim is str.rstrip
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
        return trim(text, spaces)

    def read_all(raws: Sequence[bytes]) -> Sequence[Scalar]:
        texts = decode_all(raws, trim=ends)
        if (nothing is not None and nothing in raws) or (controls is not None and control.search("".join(texts))):
            raise Unclean
        return texts if ends or trim is _whole else [trim(text, spaces) for text in texts]

    def write(value: Scalar) -> bytes:
        if not isinstance(value, str):
            raise damage("DEC-018", reason="no text")
        raw = encode(value)
        room = length - len(raw)
        if room < 0:
            raise damage("DEC-018", length=length, excess=-room)
        filler = (pad * (room // len(pad) + 1))[:room]
        return filler + raw if field.justified else raw + filler

    return Leaf(read, write, nothing if nothing is not None else (pad * length)[:length], read_all)


def _trimming(trim: Trim, *, justified: bool) -> Callable[[str, str], str]:
    side = {Trim.RIGHT: Trim.LEFT, Trim.LEFT: Trim.RIGHT}.get(trim, trim) if justified else trim
    trims: dict[Trim, Callable[[str, str], str]] = {
        Trim.NONE: _whole, Trim.LEFT: str.lstrip, Trim.RIGHT: str.rstrip, Trim.BOTH: str.strip,
    }  # fmt: skip
    return trims[side]


def _whole(text: str, _: str) -> str:
    return text


def _is_wide(field: Field) -> bool:
    """Whether it holds double bytes alone."""
    picture = field.picture
    return field.usage in {Usage.NATIONAL, Usage.DBCS} or (picture is not None and picture.category is Category.WIDE)


class _DecodeAll(Protocol):
    def __call__(self, raws: Sequence[bytes], /, *, trim: bool = False) -> list[str]: ...


class _Coding(NamedTuple):
    decode: Callable[[bytes], str]
    decode_all: _DecodeAll
    write: Callable[[str], bytes]
    pad: bytes


def written_form(field: Field, codec: TextCodec) -> _Coding:
    """How the text of an item is written, without its padding."""
    if _is_wide(field):
        return _wide(field, codec)
    return _Coding(codec.decode, codec.decode_all, codec.encode, codec.encode(" "))


def _wide(field: Field, codec: TextCodec) -> _Coding:
    """N and G: the charset's double bytes; UTF-16 where the item is NATIONAL or the charset has none."""
    form = codec.wide
    if field.usage is Usage.NATIONAL or form is None:
        pad = "\u3000" if form else " "
        return _Coding(_from_utf16, _all_from_utf16, _to_utf16, pad.encode("utf-16-be"))
    return _Coding(form.read, form.read_all, form.write, form.write("\u3000"))


def _all_from_utf16(raws: Sequence[bytes], *, trim: bool = False) -> list[str]:
    joined = SEPARATOR.encode("utf-16-be").join(raws).decode("utf-16-be")
    return separated(joined, len(raws), trim=_SPACES if trim else "")


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
