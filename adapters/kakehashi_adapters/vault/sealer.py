"""Envelope encryption: a data key per body, wrapped by a master key with an id.

A sealed body is `version (1) | wrapped data key (40, RFC 3394) | nonce (12) | AES-256-GCM of zlib level 1 (n + 16)`.
Authenticated but not stored: version, key id and the caller's context.
"""

from __future__ import annotations

import hmac
import os
import zlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from kakehashi.domain.batch import letters
from kakehashi.errors import ConfigurationError, Fault, Place, SealError
from kakehashi.ports.sealer import Sealed
from kakehashi_adapters.vault.key_ring import KEY_BYTES, KeyRing, parse_keys, read_key_file

__all__ = ["AesGcmSealer", "KeySettings", "open_sealer"]

_VERSION = b"\x01"
_WRAPPED = KEY_BYTES + 8
_NONCE = 12
_HEAD = 1 + _WRAPPED + _NONCE


class KeySettings(Protocol):
    """Where the keys are: a file, or (when that is None) the name of an environment variable that holds them."""

    @property
    def file(self) -> Path | None: ...

    @property
    def env(self) -> str: ...


class AesGcmSealer:
    """The Sealer of production. Reads its keys again when it meets an unknown key id (another process rotated)."""

    def __init__(
        self, ring: KeyRing, *, reread: Callable[[], KeyRing] | None = None, stamp: Callable[[], object] | None = None
    ) -> None:
        """`stamp` changes whenever there is something to read again."""
        self._reread = reread
        self._stamp = stamp
        self._seen: object = None  # the first look reads again: the ring may be older than the stamp
        self._take(ring)

    def _take(self, ring: KeyRing) -> None:
        self._ring = ring
        self._digest_keys = dict(map(_digest_key, (ring.digest, *ring.older_digests)))

    def reload(self) -> None:
        """Rotation without stopping: later bodies are sealed by the file's current key."""
        if self._reread is not None:
            self._take(self._reread())

    def seal(self, plain: bytes, *, context: str) -> Sealed:
        ring = self._ring
        data_key, nonce = os.urandom(KEY_BYTES), os.urandom(_NONCE)
        wrapped = aes_key_wrap(ring.keys[ring.current], data_key)
        text = AESGCM(data_key).encrypt(nonce, zlib.compress(plain, 1), _bound(ring.current, context))
        return Sealed(ring.current, b"".join((_VERSION, wrapped, nonce, text)))

    def open(self, sealed: Sealed, *, context: str) -> bytes:
        master = self._master(sealed.key_id)
        head, text = sealed.body[:_HEAD], sealed.body[_HEAD:]
        if len(head) < _HEAD or head[:1] != _VERSION:
            raise SealError
        try:
            data_key = aes_key_unwrap(master, head[1 : 1 + _WRAPPED])
            packed = AESGCM(data_key).decrypt(head[1 + _WRAPPED :], text, _bound(sealed.key_id, context))
            return zlib.decompress(packed)
        except (InvalidUnwrap, InvalidTag, ValueError, zlib.error):
            raise SealError from None

    @property
    def key_id(self) -> str:
        return self._ring.current

    @property
    def digest_ids(self) -> Sequence[str]:
        if self._stamp is not None and (now := self._stamp()) != self._seen:
            self.reload()
            self._seen = now
        return tuple(self._digest_keys)

    def digest(self, text: str, *, key_id: str | None = None) -> bytes:
        key = self._digest_keys.get(key_id or next(iter(self._digest_keys)))
        if key is None:
            raise SealError("SEC-002")
        return hmac.digest(key, text.encode(), "sha256")

    def _master(self, key_id: str) -> bytes:
        try:
            if key_id not in self._ring.keys:
                self.reload()
            return self._ring.keys[key_id]
        except (KeyError, ConfigurationError):
            raise SealError("SEC-002") from None


def open_sealer(settings: KeySettings) -> AesGcmSealer:
    """Raises ConfigurationError (SEC-003, SEC-004) when the keys are missing, malformed or open to others."""
    stamp = None if settings.file is None else partial(_stamp, settings.file)
    return AesGcmSealer(_read(settings), reread=lambda: _read(settings), stamp=stamp)


def _stamp(path: Path) -> tuple[int, int] | None:
    """Of the file that stands there: a rotation puts another one in its place."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _read(settings: KeySettings) -> KeyRing:
    if settings.file is not None:
        return read_key_file(settings.file)
    text = os.environ.get(settings.env)
    if text is None:
        raise ConfigurationError([Fault("SEC-004", Place(file=settings.env))])
    return parse_keys(text, where=settings.env)


def _digest_key(secret: bytes) -> tuple[str, bytes]:
    """The key with its id, which tells nothing about it."""
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"kakehashi digest 1").derive(secret)
    return letters(hmac.digest(key, b"kakehashi digest id", "sha256")[:4]), key


def _bound(key_id: str, context: str) -> bytes:
    return b"\x00".join((_VERSION, key_id.encode(), context.encode()))
