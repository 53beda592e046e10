"""「書込み前の調整」 Texts as their items can hold them: by declared substitutes 「縮退」 and cuts 「切捨て」.

What is lost is told, character by character. A character without a code and without a substitute refuses its record; a
text that is too long for an item that does not declare truncation is left to the encoder, which refuses it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from kakehashi.codec.charset import charset_named
from kakehashi.codec.cutting import WrittenForm
from kakehashi.codec.item_types import text_form
from kakehashi.codec.layout import Item, ItemType, Kind, Layout, Value
from kakehashi.codec.text_fit import TextFit, TextLoss
from kakehashi.codec.text_form import Charset

__all__ = ["Fitting", "TextLoss"]

_TEXT = frozenset((ItemType.HALFWIDTH, ItemType.FULLWIDTH))


class Fitting:
    """For the records of one layout. `degrade`: character, with its selector or mark → substitute. Thread-safe."""

    def __init__(self, layout: Layout, degrade: Mapping[str, str]) -> None:
        self._items = {
            record.name: {
                item.name: TextFit(item.name, _form(layout, item), item.length, degrade, truncate=item.truncate)
                for item in record.items
                if item.type in _TEXT
            }
            for record in layout.records
        }

    def fit(self, record: str, values: Mapping[str, Value]) -> tuple[dict[str, Value], list[TextLoss]]:
        """The values of a record as they are to be written, and what is lost in them.

        Raises as TextFit does.
        """
        fitted, lost = dict(values), Counter[TextLoss]()
        for name, fit in self._items.get(record, {}).items():
            value = values.get(name)
            if isinstance(value, str):
                fitted[name] = fit.text(value, lost)
            elif isinstance(value, tuple):
                fitted[name] = tuple(fit.text(v, lost) if isinstance(v, str) else v for v in value)
        return fitted, [loss._replace(times=times) for loss, times in lost.items()]


def _form(layout: Layout, item: Item) -> WrittenForm:
    charset = charset_named(item.charset or layout.charset, layout.gaiji)
    return _Whole(charset) if layout.format.kind is Kind.XML else text_form(item, charset, item.shift or layout.shift)


@dataclass(frozen=True, slots=True)
class _Whole:
    """Content of XML: characters of any width, as the charset of the file writes them."""

    charset: Charset

    def write(self, text: str) -> bytes:
        return self.charset.encode(text)
