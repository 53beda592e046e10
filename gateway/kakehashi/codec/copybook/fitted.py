"""「書込み前の調整」 Texts written as their items can hold them: by declared substitutes and cuts, each told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from kakehashi.codec.copybook.compiling import compile_record, with_names
from kakehashi.codec.copybook.item import Items
from kakehashi.codec.copybook.leaf import Leaf
from kakehashi.codec.copybook.node import LeafNode
from kakehashi.codec.copybook.options import Options
from kakehashi.codec.copybook.picture import Category
from kakehashi.codec.copybook.record import CopybookCodec, Values
from kakehashi.codec.copybook.state import JsonValue, Writing
from kakehashi.codec.copybook.text import written_form
from kakehashi.codec.copybook.tree import Copybook, Field
from kakehashi.codec.text_fit import TextFit, TextLoss
from kakehashi.errors import Fault, InputError, Place

__all__ = ["FittedCodec"]

_TEXT = {Category.TEXT, Category.WIDE}


class FittedCodec(CopybookCodec):
    """A codec for one writer at a time. `degrade`: character, with its selector or mark → substitute.

    Raises InputError CFG-003 for an item of `options.truncate` that is no text, or JUSTIFIED: that one loses its
    beginning in COBOL.
    """

    def __init__(self, copybook: Copybook, options: Options, degrade: Mapping[str, str]) -> None:
        super().__init__(copybook, options)
        self._lost = Counter[TextLoss]()
        self._degrade = degrade
        options = with_names(copybook, options)
        self._cut = options.truncate
        self._items = Items(copybook.dialect, options)
        self._part, _ = compile_record(copybook, options, wrap=self._fitted)

    def write(self, values: Values) -> bytes:
        """Raises also InputError DEC-023, with the item and the code points of a character that has no code."""
        self._lost.clear()
        return super().write(values)

    @property
    def losses(self) -> list[TextLoss]:
        """Of the record that was written last."""
        return [loss._replace(times=times) for loss, times in self._lost.items()]

    def _fitted(self, field: Field, leaf: Leaf, node: LeafNode) -> LeafNode:
        text = field.picture is not None and field.picture.category in _TEXT
        cut = field.name in self._cut
        if cut and (not text or field.justified):
            expected = "text that is not JUSTIFIED: it alone can lose its end"
            raise InputError(Fault("CFG-003", Place(item=field.name), {"name": "truncate", "expected": expected}))
        if not text:
            return node
        form = written_form(field, self._items.charset(field))
        fit = TextFit(node.path, form, field.length, self._degrade, truncate=cut)
        return _FittedNode(leaf, node, fit, self._lost)


class _FittedNode(LeafNode):
    __slots__ = ("_fit", "_lost")

    def __init__(self, leaf: Leaf, node: LeafNode, fit: TextFit, lost: Counter[TextLoss]) -> None:
        super().__init__(leaf, length=fit.length, path=node.path, name=node.name, textual=node.textual)
        self._fit = fit
        self._lost = lost

    def write(self, state: Writing, value: JsonValue, at: int) -> None:
        super().write(state, self._fit.text(value, self._lost) if isinstance(value, str) else value, at)
