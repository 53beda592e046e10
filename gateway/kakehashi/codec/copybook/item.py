"""Which leaf an elementary item has, and what it makes of blanks, low-values and high-values."""

from __future__ import annotations

from dataclasses import replace

from kakehashi.codec.copybook.binary import Order, binary_leaf, default_order, order_of
from kakehashi.codec.copybook.charset import TextCodec, text_codec
from kakehashi.codec.copybook.edited import edited_leaf
from kakehashi.codec.copybook.floating import FORMS, float_leaf
from kakehashi.codec.copybook.leaf import Leaf
from kakehashi.codec.copybook.options import Nil, Options
from kakehashi.codec.copybook.packed import packed_leaf
from kakehashi.codec.copybook.picture import Category
from kakehashi.codec.copybook.scale import Scalar
from kakehashi.codec.copybook.text import text_leaf
from kakehashi.codec.copybook.tree import Dialect, Field, Usage
from kakehashi.codec.copybook.written import written_leaf
from kakehashi.codec.copybook.zoned import ASCII_STYLES, default_style, zoned_leaf
from kakehashi.codec.text_form import damage
from kakehashi.errors import InputError

__all__ = ["Items"]


class Items:
    """Makes leaves for one copybook. Raises InputError CFG-006 for a charset, CFG-003 for a form that is unknown."""

    def __init__(self, dialect: Dialect, options: Options) -> None:
        self.codec: TextCodec = text_codec(options.encoding, options.gaiji)
        self._options = options
        self._style = options.overpunch or default_style(dialect)
        self._native: Order = default_order(dialect)
        if options.native is not None:
            self._native = "big" if options.native == "big" else "little"
        ieee = "ieee" if self._native == "big" else "ieee-le"
        host = dialect in {Dialect.IBM, Dialect.FUJITSU, Dialect.HITACHI, Dialect.NEC}
        self._floats = options.floats or ("ibm" if host else ieee)
        if self._style not in ASCII_STYLES or self._floats not in FORMS:
            raise InputError("CFG-003", overpunch=self._style, float=self._floats)

        self._codecs = {name: text_codec(encoding, options.gaiji) for name, encoding in options.encodings.items()}

    def order(self, field: Field) -> Order:
        """Of the bytes of a binary item."""
        return order_of(field.usage, native=self._native)

    def charset(self, field: Field) -> TextCodec:
        """Of the item, or else of the file."""
        return self._codecs.get(field.name, self.codec)

    def leaf(self, field: Field) -> Leaf:
        """The leaf of an elementary item."""
        leaf = self._plain(field)
        if field.picture is None or not field.picture.numeric:
            return leaf
        return self._lenient(leaf, field)

    def _plain(self, field: Field) -> Leaf:
        match field.usage:
            case Usage.FLOAT | Usage.DOUBLE:
                return float_leaf(field.length, form=self._floats)
            case Usage.PACKED | Usage.UNSIGNED_PACKED | Usage.PACKED_BYTES:
                return packed_leaf(field)
            case Usage.DISPLAY | Usage.NATIONAL | Usage.DBCS:
                return self._display(field)
            case _:
                return binary_leaf(field, native=self._native)

    def _display(self, field: Field) -> Leaf:
        assert field.picture is not None
        codec = self.charset(field)
        match field.picture.category:
            case Category.NUMBER if field.usage is Usage.NATIONAL:
                return _national(zoned_leaf(replace(field, length=field.length // 2), host=False, style=self._style))
            case Category.NUMBER:
                leaf = zoned_leaf(field, host=codec.host, style=self._style)
                return written_leaf(leaf, field.picture, codec) if self._options.written else leaf
            case Category.EDITED_NUMBER if field.usage is Usage.DISPLAY:
                return edited_leaf(field, codec)
            case _:
                return text_leaf(field, codec, self._options)

    def _policy(self, field: Field, name: str, otherwise: Nil) -> Nil:
        return self._options.items.get(field.name, {}).get(name, otherwise)

    def _lenient(self, leaf: Leaf, field: Field) -> Leaf:
        """Blanks, low-values, high-values and other damage by the policy, where the number itself cannot be read."""
        options = self._options
        blanks = self.charset(field).encode(" ") * field.length
        contents = {
            blanks: Nil.ZERO if field.blank_when_zero else self._policy(field, "blanks", options.blanks),
            bytes(field.length): self._policy(field, "low_values", options.low_values),
            b"\xff" * field.length: self._policy(field, "high_values", options.high_values),
        }
        policy = {raw: nil for raw, nil in contents.items() if nil is not Nil.REFUSE}
        invalid = self._policy(field, "invalid", options.invalid)
        if not policy and invalid is Nil.REFUSE:
            return leaf
        empty = next((raw for raw, nil in policy.items() if nil is Nil.NIL), leaf.empty)
        read, write = leaf.read, leaf.write

        def lenient(raw: bytes) -> Scalar:
            try:
                return read(raw)
            except InputError:
                nil = policy.get(raw, invalid if raw not in contents else Nil.REFUSE)
                if nil is Nil.REFUSE:
                    raise
                return None if nil is Nil.NIL else read(leaf.empty)

        def written(value: Scalar) -> bytes:
            return blanks if field.blank_when_zero and value == 0 else write(value)

        return Leaf(lenient, written, empty)


def _national(leaf: Leaf) -> Leaf:
    """A DISPLAY number in UTF-16."""

    def read(raw: bytes) -> Scalar:
        if any(raw[::2]):
            raise damage("DEC-005", 0)
        return leaf.read(raw[1::2])

    def wide(raw: bytes) -> bytes:
        return raw.decode("latin-1").encode("utf-16-be")

    return Leaf(read, lambda value: wide(leaf.write(value)), wide(leaf.empty))
