"""A machine with all the room in the world, until a test says otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field

from kakehashi.ports.vigil import Expiry, Space

__all__ = ["MemorySurroundings"]


@dataclass
class MemorySurroundings:
    """`disks`, `certificates`: what it answers."""

    disks: list[Space] = field(default_factory=list)
    certificates: list[Expiry] = field(default_factory=list)

    def spaces(self) -> list[Space]:
        return list(self.disks)

    def expiries(self) -> list[Expiry]:
        return list(self.certificates)
