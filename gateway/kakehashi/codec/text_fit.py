"""「書込み前の調整」 One text as its item can hold it, and what it loses on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from kakehashi.codec.cluster import unbreakable, width_units
from kakehashi.codec.cutting import WrittenForm, cut_to_fit
from kakehashi.domain.character import CharacterTrouble, code_points
from kakehashi.errors import Fault, InputError, Place

__all__ = ["TextFit", "TextLoss"]


class TextLoss(NamedTuple):
    """A substitute (`source`, `target`: code points), or a cut (neither: `times` characters are gone)."""

    item: str
    trouble: CharacterTrouble
    source: str
    target: str | None
    times: int


@dataclass(frozen=True, slots=True)
class TextFit:
    """Of the item called `item`, of `length` bytes. `degrade`: character, with its selector or mark → substitute."""

    item: str
    form: WrittenForm
    length: int
    degrade: Mapping[str, str]
    truncate: bool

    def text(self, text: str, lost: Counter[TextLoss]) -> str:
        """What is to be written of a text; `lost` counts what is not.

        Raises InputError DEC-023 with the item and the code points of a character that has no code.
        """
        try:
            length = len(self.form.write(text))
        except InputError:
            text = "".join(self._written(unit, lost) for unit in width_units(text))
            length = len(self.form.write(text)) if self.truncate else 0
        if not self.truncate or length <= self.length:
            return text
        kept = cut_to_fit(self.form, text, self.length)
        lost[TextLoss(self.item, CharacterTrouble.CUT, "", None, 0)] += len(unbreakable(text[len(kept) :]))
        return kept

    def _written(self, unit: str, lost: Counter[TextLoss]) -> str:
        """The character, or its substitute. What is of the wrong width alone stays, for the encoder to refuse."""
        try:
            self.form.write(unit)
        except InputError as error:
            substitute = self.degrade.get(unit)
            if substitute is not None:
                change = (code_points(unit), code_points(substitute))
                lost[TextLoss(self.item, CharacterTrouble.RETURNED, *change, 0)] += 1
                return substitute
            if error.fault.code == "DEC-004":
                facts = {"character": code_points(unit)}
                raise InputError(Fault("DEC-023", Place(item=self.item), facts)) from None
        return unit
