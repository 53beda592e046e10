"""Keys at rest: a file that only its owner may read (or an environment variable), several keys, one of them current.

```toml
current = "kcbjdlgop"              # seals; the others only open
digest = "base64 of 32 bytes"      # blind indexes: never changes, or the indexes are lost
[keys]
kcbjdlgop = "base64 of 32 bytes"
```
The same as JSON, in one line, suits an environment variable.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kakehashi.domain.batch import letters
from kakehashi.errors import ConfigurationError, Fault, Place

__all__ = ["KEY_BYTES", "KeyRing", "add_key", "create_key_file", "parse_keys", "read_key_file"]

KEY_BYTES = 32
_MOST_BYTES = 65_536
_KEY_ID = re.compile(r"[a-z][a-z0-9-]{0,31}")


@dataclass(frozen=True, slots=True)
class KeyRing:
    """`keys` by id (256 bits each), the id of the one that seals, and the secret behind `digest`."""

    current: str
    keys: Mapping[str, bytes] = field(repr=False)
    digest: bytes = field(repr=False)


def parse_keys(text: str, *, where: str) -> KeyRing:
    """TOML, or JSON when the text begins with a brace. Raises ConfigurationError (SEC-004) naming only `where`."""
    try:
        table = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
        keys = {str(key_id): _key(value) for key_id, value in table["keys"].items()}
        ring = KeyRing(table["current"], keys, _key(table["digest"]))
    except (KeyError, TypeError, AttributeError, ValueError):
        raise _unusable(where) from None
    if ring.current not in keys or not all(_KEY_ID.fullmatch(key_id) for key_id in keys):
        raise _unusable(where)
    return ring


def read_key_file(path: Path) -> KeyRing:
    """Raises ConfigurationError: SEC-003 when others than the owner may read or write it, SEC-004 otherwise."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        raise _unusable(str(path)) from None
    try:
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode) and stat.S_IMODE(status.st_mode) & 0o077:
            raise ConfigurationError([Fault("SEC-003", Place(file=str(path)))])
        text = os.read(descriptor, _MOST_BYTES).decode()
    except (OSError, UnicodeDecodeError):
        raise _unusable(str(path)) from None
    finally:
        os.close(descriptor)
    return parse_keys(text, where=str(path))


def create_key_file(path: Path) -> KeyRing:
    """Write a new ring of one key, mode 0400. Raises ConfigurationError (SEC-004) when the file exists."""
    ring = _with_new_key({}, os.urandom(KEY_BYTES))
    try:
        _write(path, ring)
    except OSError:
        raise _unusable(str(path)) from None
    return ring


def add_key(path: Path) -> KeyRing:
    """Rotation: a new current key; the older ones go on opening. Replaces the file in one step."""
    older = read_key_file(path)
    ring = _with_new_key(older.keys, older.digest)
    beside = path.with_name(f".{path.name}.{ring.current}")
    try:
        _write(beside, ring)
        beside.replace(path)
    except OSError:
        raise _unusable(str(path)) from None
    return ring


def _with_new_key(keys: Mapping[str, bytes], digest: bytes) -> KeyRing:
    key_id = "k" + letters(os.urandom(6))
    return KeyRing(key_id, {**keys, key_id: os.urandom(KEY_BYTES)}, digest)


def _write(path: Path, ring: KeyRing) -> None:
    lines = [f'current = "{ring.current}"', f'digest = "{_text(ring.digest)}"', "", "[keys]"]
    lines += [f'{key_id} = "{_text(key)}"' for key_id, key in ring.keys.items()]
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o400)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        os.fsync(descriptor)


def _key(value: str) -> bytes:
    key = base64.b64decode(value, validate=True)
    if len(key) != KEY_BYTES:
        raise binascii.Error
    return key


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode("ascii")


def _unusable(where: str) -> ConfigurationError:
    return ConfigurationError([Fault("SEC-004", Place(file=where))])
