"""The order in which the record types of a file may stand: header, groups and data, trailer, end.

Where a layout allows several of these in one file (one for each municipality), an end record closes each of them, or
the last one alone.
"""

from __future__ import annotations

from kakehashi.codec.layout import Layout, Record, Role
from kakehashi.errors import Fault, Place

__all__ = ["Order"]

_RANK = {Role.HEADER: 0, Role.GROUP: 1, Role.DATA: 1, Role.TRAILER: 2, Role.END: 3}


class Order:
    """Sees the type of every record, in order. Of each kind of disorder the first place is told.

    A record of no known type is taken for data, and may have been a group: it is no disorder of its own.
    """

    def __init__(self, layout: Layout, *, file: str) -> None:
        self._file = file
        self._expected = {record.role: record.name for record in layout.records}
        self._several = layout.groups
        self._seen: set[Role] = set()
        self._rank = 0
        self._start = 0
        self._each_ends: bool | None = None
        self.faults: list[Fault] = []

    def begins(self, record: Record | None) -> bool:
        """Whether the next record is the first of another header–trailer group. Only where the layout has several."""
        if not self._several or not self._seen:
            return False
        if record is not None and record.role is Role.HEADER:
            return True
        inner = record is None or record.role in {Role.GROUP, Role.DATA}
        return inner and Role.HEADER not in self._expected and self.ended

    def begin(self, start: int) -> bool:
        """The next record is the first of another group: tell what the one before lacks. True if an end closed it."""
        ended = Role.END in self._seen
        if Role.END in self._expected:
            if self._each_ends and not ended:
                self._require(Role.END, "DEC-012", start)
            if self._each_ends is False and ended:
                self.fault("DEC-014", start)
            self._each_ends = ended if self._each_ends is None else self._each_ends
        self._require(Role.TRAILER, "DEC-012", start)
        self._seen.clear()
        self._rank, self._start = 0, start
        return ended

    def see(self, record: Record | None, start: int) -> None:
        role = Role.DATA if record is None else record.role
        if not self._seen and role is not Role.HEADER:
            self._require(Role.HEADER, "DEC-013", self._start)
        again = role in self._seen and role not in {Role.GROUP, Role.DATA}
        if record is None:
            self._seen.add(Role.GROUP)
        orphan = role is Role.DATA and Role.GROUP in self._expected and Role.GROUP not in self._seen
        if again or orphan or _RANK[role] < self._rank:
            self.fault("DEC-014", start)
        self._rank = max(self._rank, _RANK[role])
        self._seen.add(role)

    def finish(self, size: int) -> None:
        """The file ends after `size` bytes: tell what never came. An empty file is left to the intake."""
        if size:
            self._require(Role.HEADER, "DEC-013", self._start)
            self._require(Role.TRAILER, "DEC-012", size)
            self._require(Role.END, "DEC-012", size)

    @property
    def ends_with_trailer(self) -> bool:
        """Whether the layout lets nobody mistake half a file for a whole one."""
        return Role.TRAILER in self._expected or Role.END in self._expected

    @property
    def ended(self) -> bool:
        """Whether a trailer or end record has come."""
        return self._rank >= _RANK[Role.TRAILER]

    def _require(self, role: Role, code: str, offset: int) -> None:
        if role in self._expected and role not in self._seen:
            self.fault(code, offset, record=self._expected[role])

    def fault(self, code: str, offset: int, **facts: str | int) -> None:
        """Note what holds the file, each code once."""
        if all(fault.code != code for fault in self.faults):
            self.faults.append(Fault(code, Place(file=self._file, offset=offset), facts))
