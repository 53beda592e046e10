"""Sealing: compress, then encrypt and authenticate, so that a copied queue or database tells nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Sealed", "Sealer"]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed body and the id of the key that wraps its data key."""

    key_id: str
    body: bytes


class Sealer(Protocol):
    """AES-256-GCM with a fresh data key per body, wrapped by the key `key_id`. Thread-safe."""

    def seal(self, plain: bytes, *, context: str) -> Sealed:
        """`context` (message id + type + route) is authenticated, not stored: a swapped body does not open."""

    def open(self, sealed: Sealed, *, context: str) -> bytes:
        """Raises SealError: SEC-002 for an unknown key, SEC-001 for anything else."""

    @property
    def key_id(self) -> str:
        """The key that seals now."""

    @property
    def digest_ids(self) -> Sequence[str]:
        """The keys of `digest`: the current one first, then those that are being replaced. 8 letters each."""

    def digest(self, text: str, *, key_id: str | None = None) -> bytes:
        """A keyed digest (HMAC-SHA-256): the blind index for searching by a value that may not be stored.

        `key_id`: one of `digest_ids`; None: the first. Raises SealError (SEC-002) for an unknown one.
        """
