"""「登録済み」 Whether the tables of a configuration know by now what a character of the ledger is."""

from __future__ import annotations

from functools import lru_cache

from kakehashi.codec.charset import charset_named
from kakehashi.codec.layout import Item, Layout
from kakehashi.config.route import Configuration
from kakehashi.domain.character import CharacterTrouble, character_of
from kakehashi.errors import InputError
from kakehashi.mapping.repertoire import Repertoire

__all__ = ["KnownCharacters"]


class KnownCharacters:
    """Asks the gaiji tables of the systems and the degrade table of the profile."""

    def __init__(self, configuration: Configuration) -> None:
        self._routes = configuration.routes
        self._repertoire = Repertoire(configuration.profile.degrade)
        self.knows = lru_cache(maxsize=4096)(self._knows)

    def system(self, lane: str) -> str:
        """The system of a lane; empty for one that the configuration has no more."""
        return self._routes[lane].system.name if lane in self._routes else ""

    def anywhere(self, lane: str, trouble: CharacterTrouble, source: str) -> bool:
        """Whether some item of the lane can hold it now."""
        return self.knows(lane, None, trouble, source)

    def _knows(self, lane: str, item: str | None, trouble: CharacterTrouble, source: str) -> bool:
        """Whether the item of a lane can hold it now (None: any item)."""
        if trouble is CharacterTrouble.OUTSIDE:
            return self._is_taken(character_of(source))
        if lane not in self._routes:
            return False
        layout = self._routes[lane].layout
        items = _items(layout)
        charsets = {(items[item].charset if item in items else None)} if item else {i.charset for i in items.values()}
        return any(_reads(layout, charset or layout.charset, bytes.fromhex(source)) for charset in charsets)

    def _is_taken(self, character: str) -> bool:
        try:
            self._repertoire.admit(character)
        except InputError:
            return False
        return True


def _items(layout: Layout) -> dict[str, Item]:
    """By the names that a row has them by."""
    own = {item.name: item for item in layout.data.items}
    return {f"{record.name}.{item.name}": item for record in layout.records for item in record.items} | own


def _reads(layout: Layout, charset: str, code: bytes) -> bool:
    known = charset_named(charset, layout.gaiji)
    for read in (known.decode, known.wide.read):
        try:
            if read(code):
                return True
        except InputError:
            continue
    return False
