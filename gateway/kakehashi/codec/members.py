"""Which data records of a slice belong to which group record 「世帯」."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kakehashi.codec.layout import Record, Role

__all__ = ["Members", "first_of_group", "members_of"]


@dataclass(frozen=True, slots=True)
class Members:
    """Indexes of frames. `group[i]` is the index in `groups` for data record i, None where nobody can say.

    `unknown` are positions in `data` whose type nobody can tell; `stray` are frames that have no place in a slice.
    """

    data: list[int] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    group: list[int | None] = field(default_factory=list)
    unknown: set[int] = field(default_factory=set)
    stray: list[int] = field(default_factory=list)


def members_of(types: Sequence[Record | None]) -> Members:
    """A record of unknown type may have been a group: what follows it belongs to no group until the next one."""
    members = Members()
    current: int | None = None
    for index, record in enumerate(types):
        if record is None or record.role is Role.DATA:
            if record is None:
                members.unknown.add(len(members.data))
                current = None
            members.data.append(index)
            members.group.append(current)
        elif record.role is Role.GROUP:
            current = len(members.groups)
            members.groups.append(index)
        else:
            members.stray.append(index)
    return members


def first_of_group(members: Members, payloads: Sequence[bytes], first_record: int) -> list[int]:
    """Of each data record the number of the first one of its group; records are numbered from `first_record`.

    A group record that only repeats the one before it begins no group (each record of a repair has its own). What
    belongs to no group goes with what is before it: the two may have been one.
    """
    if not members.groups:
        return []
    found: list[int] = []
    first, head = first_record, None
    for number, group in enumerate(members.group, start=first_record):
        here = head if group is None else payloads[members.groups[group]]
        if here != head:
            first, head = number, here
        found.append(first)
    return found
