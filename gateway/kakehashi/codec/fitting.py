"""「書込み前の調整」 Texts as their items can hold them: by declared substitutes 「縮退」 and cuts 「切捨て」.

What is lost is told, character by character. A character without a code and without a substitute refuses its record; a
text that is too long for an item that does not declare truncation is left to the encoder, which refuses it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from kakehashi.codec.charset import charset_named
from kakehashi.codec.cluster import unbreakable, width_units
from kakehashi.codec.cutting import WrittenForm, cut_to_fit
from kakehashi.codec.item_types import text_form
from kakehashi.codec.layout import Item, ItemType, Kind, Layout, Value
from kakehashi.codec.text_form import Charset
from kakehashi.domain.character import CharacterTrouble, code_points
from kakehashi.errors import Fault, InputError, Place

__all__ = ["Fitting", "TextLoss"]

_TEXT = frozenset((ItemType.HALFWIDTH, ItemType.FULLWIDTH))


class TextLoss(NamedTuple):
    """A substitute (`source`, `target`: code points), or a cut (neither: `times` characters are gone)."""

    item: str
    trouble: CharacterTrouble
    source: str
    target: str | None
    times: int


class Fitting:
    """For the records of one layout. `degrade`: character, with its selector or mark → substitute. Thread-safe."""

    def __init__(self, layout: Layout, degrade: Mapping[str, str]) -> None:
        self._degrade = degrade
        self._items = {
            record.name: {item.name: (item, _form(layout, item)) for item in record.items if item.type in _TEXT}
            for record in layout.records
        }

    def fit(self, record: str, values: Mapping[str, Value]) -> tuple[dict[str, Value], list[TextLoss]]:
        """The values of a record as they are to be written, and what is lost in them.

        Raises InputError DEC-023 with the item and the code points of a character that has no code.
        """
        fitted, lost = dict(values), Counter[TextLoss]()
        for name, (item, form) in self._items.get(record, {}).items():
            value = values.get(name)
            if isinstance(value, str):
                fitted[name] = self._text(item, form, value, lost)
            elif isinstance(value, tuple):
                fitted[name] = tuple(self._text(item, form, v, lost) if isinstance(v, str) else v for v in value)
        return fitted, [loss._replace(times=times) for loss, times in lost.items()]

    def _text(self, item: Item, form: WrittenForm, text: str, lost: Counter[TextLoss]) -> str:
        try:
            length = len(form.write(text))
        except InputError:
            text = "".join(self._written(item, form, unit, lost) for unit in width_units(text))
            length = len(form.write(text)) if item.truncate else 0
        if not item.truncate or length <= item.length:
            return text
        kept = cut_to_fit(form, text, item.length)
        lost[TextLoss(item.name, CharacterTrouble.CUT, "", None, 0)] += len(unbreakable(text[len(kept) :]))
        return kept

    def _written(self, item: Item, form: WrittenForm, unit: str, lost: Counter[TextLoss]) -> str:
        """The character, or its substitute. What is of the wrong width alone stays, for the encoder to refuse."""
        try:
            form.write(unit)
        except InputError as error:
            substitute = self._degrade.get(unit)
            if substitute is not None:
                change = (code_points(unit), code_points(substitute))
                lost[TextLoss(item.name, CharacterTrouble.RETURNED, *change, 0)] += 1
                return substitute
            if error.fault.code == "DEC-004":
                facts = {"character": code_points(unit)}
                raise InputError(Fault("DEC-023", Place(item=item.name), facts)) from None
        return unit


def _form(layout: Layout, item: Item) -> WrittenForm:
    charset = charset_named(item.charset or layout.charset, layout.gaiji)
    return _Whole(charset) if layout.format.kind is Kind.XML else text_form(item, charset, item.shift or layout.shift)


@dataclass(frozen=True, slots=True)
class _Whole:
    """Content of XML: characters of any width, as the charset of the file writes them."""

    charset: Charset

    def write(self, text: str) -> bytes:
        return self.charset.encode(text)
