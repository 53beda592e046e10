"""Keys at rest: a file that only its owner may read (or an environment variable), several keys, one of them current.

```toml
current = "kcbjdlgop"              # seals; the others only open
digest = "base64 of 32 bytes"      # blind indexes
older_digests = ["base64 of …"]    # those under which indexes may still stand: only while they are replaced
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
from dataclasses import dataclass, field, replace
from pathlib import Path

from kakehashi.domain.batch import letters
from kakehashi.errors import ConfigurationError, Fault, Place

__all__ = ["KEY_BYTES", "KeyRing", "add_key", "create_key_file", "drop_digests", "parse_keys",
           "read_key_file", "replace_digest"]  # fmt: skip

KEY_BYTES = 32
_MOST_BYTES = 65_536
_KEY_ID = re.compile(r"[a-z][a-z0-9-]{0,31}")


@dataclass(frozen=True, slots=True)
class KeyRing:
    """`keys` by id (256 bits each), the id of the one that seals, and the secret behind `digest`."""

    current: str
    keys: Mapping[str, bytes] = field(repr=False)
    digest: bytes = field(repr=False)
    older_digests: tuple[bytes, ...] = field(default=(), repr=False)


def parse_keys(text: str, *, where: str) -> KeyRing:
    """TOML, or JSON when the text begins with a brace. Raises ConfigurationError (SEC-004) naming only `where`."""
    try:
        table = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
        keys = {str(key_id): _key(value) for key_id, value in table["keys"].items()}
        older = tuple(_key(value) for value in table.get("older_digests", ()))
        ring = KeyRing(table["current"], keys, _key(table["digest"]), older)
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
    return _replace(path, _with_new_key(older.keys, older.digest, older.older_digests))


def replace_digest(path: Path) -> KeyRing:
    """A new secret behind blind indexes; the older ones go on finding until `drop_digests`."""
    older = read_key_file(path)
    return _replace(
        path, replace(older, digest=os.urandom(KEY_BYTES), older_digests=(older.digest, *older.older_digests))
    )


def drop_digests(path: Path) -> KeyRing:
    """Only the current secret stays: what stands under an older one is found no more."""
    return _replace(path, replace(read_key_file(path), older_digests=()))


def _replace(path: Path, ring: KeyRing) -> KeyRing:
    beside = path.with_name(f".{path.name}.{letters(os.urandom(6))}")
    try:
        _write(beside, ring)
        beside.replace(path)
    except OSError:
        raise _unusable(str(path)) from None
    return ring


def _with_new_key(keys: Mapping[str, bytes], digest: bytes, older_digests: tuple[bytes, ...] = ()) -> KeyRing:
    key_id = "k" + letters(os.urandom(6))
    return KeyRing(key_id, {**keys, key_id: os.urandom(KEY_BYTES)}, digest, older_digests)


def _write(path: Path, ring: KeyRing) -> None:
    lines = [f'current = "{ring.current}"', f'digest = "{_text(ring.digest)}"']
    if ring.older_digests:
        quoted = ", ".join(f'"{_text(each)}"' for each in ring.older_digests)
        lines.append(f"older_digests = [{quoted}]")
    lines += ["", "[keys]"]
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
