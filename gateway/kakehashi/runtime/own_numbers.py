"""「番号の置換え」 Numbers inside answers: the asking system gets its own in the place of each 団体内統合宛名番号."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from kakehashi.ports.links import LinkStore

__all__ = ["OwnNumbers"]

_SEVERAL = "\x1f"


@dataclass(frozen=True, slots=True)
class OwnNumbers:
    """`numbers`: whose 宛名番号 they become; `items`: the codes of the items that hold them."""

    links: LinkStore
    numbers: str
    items: Collection[str]

    def swapped(self, answers: Mapping[str, str]) -> Mapping[str, str] | None:
        """None: it names somebody of whom the system has no number; it must not be told of anybody else's."""
        found: dict[str, str] = {}
        for item in self.items:
            own = [self._own(person) for person in answers.get(item, "").split(_SEVERAL) if person]
            if None in own:
                return None
            if own:
                found[item] = _SEVERAL.join(filter(None, own))
        return {**answers, **found}

    def _own(self, person: str) -> str | None:
        theirs = [row.atena for row in self.links.persons_links(person) if row.system == self.numbers]
        linked = self.links.resolve(self.numbers, theirs)
        return next((atena for atena in sorted(theirs) if linked.get(atena) == person), None)
