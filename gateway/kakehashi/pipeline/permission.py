"""「照会権限」 An inquiry leaves only where the permission table has a row for it: default deny (design.md §6)."""

from __future__ import annotations

import re
from collections.abc import Collection

from kakehashi.errors import Fault, Place
from kakehashi.interface.profile_rules import Permission

__all__ = ["unpermitted"]

_ELEMENTS = ("RequesterDepartment", "AffairCode", "ProcedureCode", "InfoName")
"""The elements of an inquiry in the order of Permission."""
_VALUES = tuple(re.compile(f"<{name}>([^<]*)</{name}>") for name in _ELEMENTS)


def unpermitted(permissions: Collection[Permission], content: str) -> Fault | None:
    """REF-004 for the mapped elements of an inquiry that no row permits; its item is the first element with which no
    row goes on: the department, the affair within the department, and so on.
    """
    found = [value.search(content) for value in _VALUES]
    asked = Permission(*(match[1] if match else "" for match in found))
    if asked in permissions:
        return None
    goes_on = [any(row[:parts] == asked[:parts] for row in permissions) for parts in range(1, len(_ELEMENTS) + 1)]
    return Fault("REF-004", Place(item=_ELEMENTS[goes_on.index(False)]))
