"""「副本一覧」 Which replicas the server has: the question (DBM-207) and its answer in pages (DBM-208)."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from kakehashi.domain.interface import Header
from kakehashi.interface.header import close_message, open_message
from kakehashi.interface.markup import safe_text

__all__ = ["InventoryPage", "inventory_request", "parse_inventory"]


@dataclass(frozen=True, slots=True)
class InventoryPage:
    """`replicas`: (person, unit, sequence) in that order, whole persons; `more`: ask again behind the last person."""

    replicas: tuple[tuple[str, str, int], ...] = ()
    more: bool = False


def inventory_request(header: Header, info_name: str, after: str) -> bytes:
    """DBM-207. `after`: the last person of the page before; empty for the first page."""
    behind = f"<After>{safe_text(after)}</After>" if after else ""
    return (
        f"{open_message(header)}<InfoName>{safe_text(info_name)}</InfoName>{behind}{close_message(header)}"
    ).encode()


def parse_inventory(root: etree._Element) -> InventoryPage:
    """The page of a DBM-208 that its schema accepts; empty where it has none."""
    inventory = root.find("{*}Inventory")
    if inventory is None:
        return InventoryPage()
    texts = [tuple(field.text or "" for field in replica) for replica in inventory]
    replicas = tuple((person, unit, int(sequence)) for person, unit, sequence in texts)
    return InventoryPage(replicas, more=inventory.get("more") == "1")
