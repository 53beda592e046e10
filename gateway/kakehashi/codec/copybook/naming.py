"""The names of values: COBOL names with `_` for `-`, and what FILLERs are called, if they are kept."""

from __future__ import annotations

from kakehashi.codec.copybook.options import Filler
from kakehashi.codec.copybook.tree import Field

__all__ = ["Naming"]


class Naming:
    """Keys of all fields of a copybook. FILLERs are numbered through it (groups `FILLER_1`, items `FILLER_P1`), or
    named after what stands before them.
    """

    def __init__(self, records: tuple[Field, ...], *, filler: Filler, after: bool) -> None:
        self._filler = filler
        self._after = after
        self._groups = self._items = 0
        self._keys: dict[int, str] = {}
        self._name_all(records, "")

    def _name_all(self, fields: tuple[Field, ...], before: str) -> None:
        """In the order of the copybook; a name that comes twice in a group gets a number."""
        used: set[str] = set()
        for field in fields:
            wanted = key = self._key(field, before)
            number = 1
            while key in used:
                number += 1
                key = f"{wanted}_{number}"
            used.add(key)
            self._keys[id(field)] = before = key
            self._name_all(field.children, key)

    def _key(self, field: Field, before: str) -> str:
        if not field.filler:
            return field.name.replace("-", "_")
        if self._after:
            return f"FILLER_AFTER_{before}"
        if field.group:
            self._groups += 1
            return f"FILLER_{self._groups}"
        self._items += 1
        return f"FILLER_P{self._items}"

    def key(self, field: Field) -> str | None:
        """None: the field is no value, because it is a FILLER or holds nothing else."""
        if field.filler:
            kept = {Filler.KEEP, Filler.GROUPS} if field.group else {Filler.KEEP, Filler.VALUES}
            if self._filler not in kept:
                return None
        if field.group and all(self.key(child) is None for child in field.children):
            return None
        return self._keys[id(field)]
