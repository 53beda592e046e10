"""Room for more than memory holds, for the length of one piece of work."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Scratch"]


class Scratch(Protocol):
    """「作業域」 Piles of bytes by name. Nothing of it outlives the process, however that ends. Not thread-safe."""

    def add(self, pile: str, data: bytes) -> None:
        """On top of what lies there."""

    def take(self, pile: str) -> bytes:
        """All that was put there, in order; it is gone afterwards. Empty where nothing was."""

    def close(self) -> None: ...
