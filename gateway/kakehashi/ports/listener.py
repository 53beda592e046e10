"""「受付口」 Where the intermediate server reaches the body: one XML message in, one back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

__all__ = ["Answering", "Listener"]

Answering: TypeAlias = Callable[[bytes, frozenset[str]], bytes | None]
"""(message, common names of the certificate) → its answer; None for what is no message of the interface. Never raises;
called by many threads.
"""


class Listener(Protocol):
    """Carries bytes; knows nothing of their meaning. Only who shows a certificate of the agreed authority is heard."""

    def start(self) -> None:
        """Returns when it listens.

        Raises ConfigurationError (certificates) and ServerUnreachable (SRV-017: the address is taken).
        """

    def close(self) -> None:
        """What is being answered is answered. Idempotent."""
