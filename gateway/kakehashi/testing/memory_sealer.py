"""A sealer of the standard library: honest about keys, contexts and tampering, but not meant to keep a secret."""

from __future__ import annotations

import hashlib
import hmac
import os
import zlib
from collections.abc import Sequence

from kakehashi.errors import SealError
from kakehashi.ports.sealer import Sealed

__all__ = ["MemorySealer"]

_NONCE = 16
_TAG = 32


class MemorySealer:
    """Bodies are `nonce | tag | SHAKE-256 keystream XOR zlib`: a body shows nothing of its text to a leak test."""

    def __init__(self, *, key_id: str = "memory", secret: bytes = b"not a secret") -> None:
        self._secrets = {key_id: secret}
        self._current = key_id
        self._digests = {"adigestm": b"memory digest"}

    def rotate(self, key_id: str, secret: bytes) -> None:
        self._secrets[key_id] = secret
        self._current = key_id

    def seal(self, plain: bytes, *, context: str) -> Sealed:
        nonce = os.urandom(_NONCE)
        text = _mixed(zlib.compress(plain, 1), self._secrets[self._current], nonce)
        return Sealed(self._current, nonce + self._tag(self._current, context, nonce + text) + text)

    def open(self, sealed: Sealed, *, context: str) -> bytes:
        if sealed.key_id not in self._secrets:
            raise SealError("SEC-002")
        body = sealed.body
        nonce, tag, text = body[:_NONCE], body[_NONCE : _NONCE + _TAG], body[_NONCE + _TAG :]
        if not hmac.compare_digest(tag, self._tag(sealed.key_id, context, nonce + text)):
            raise SealError
        return zlib.decompress(_mixed(text, self._secrets[sealed.key_id], nonce))

    @property
    def key_id(self) -> str:
        return self._current

    @property
    def digest_ids(self) -> Sequence[str]:
        return tuple(self._digests)

    def rotate_digest(self, key_id: str, secret: bytes) -> None:
        self._digests = {key_id: secret, **self._digests}

    def digest(self, text: str, *, key_id: str | None = None) -> bytes:
        key_id = key_id or next(iter(self._digests))
        if key_id not in self._digests:
            raise SealError("SEC-002")
        return hmac.digest(self._digests[key_id], text.encode(), "sha256")

    def _tag(self, key_id: str, context: str, text: bytes) -> bytes:
        return hmac.digest(self._secrets[key_id], f"{key_id}\0{context}\0".encode() + text, "sha256")


def _mixed(text: bytes, secret: bytes, nonce: bytes) -> bytes:
    stream = hashlib.shake_256(nonce + secret).digest(len(text))
    return (int.from_bytes(text) ^ int.from_bytes(stream)).to_bytes(len(text))
