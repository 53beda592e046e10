"""What the vault promises beyond the port: key files, rotation, silence."""

import hashlib
import json
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

import pytest

from kakehashi.errors import ConfigurationError, SealError
from kakehashi_adapters.vault import (
    AesGcmSealer,
    add_key,
    create_key_file,
    drop_digests,
    open_sealer,
    parse_keys,
    read_key_file,
    replace_digest,
)


@dataclass
class Keys:
    file: Path | None = None
    env: str = "KAKEHASHI_KEYS"


def refusal(caught):
    return [fault.code for fault in caught.value.faults]


def test_a_new_key_file_is_for_its_owner_only(tmp_path: Path):
    """A key file is made with mode 0400, reads back, and is never overwritten."""
    path = tmp_path / "keys.toml"
    ring = create_key_file(path)
    assert path.stat().st_mode & 0o777 == 0o400
    assert read_key_file(path) == ring
    with pytest.raises(ConfigurationError) as caught:
        create_key_file(path)
    assert refusal(caught) == ["SEC-004"]


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o644, 0o660, 0o410])
def test_a_key_file_that_others_can_touch_is_refused(tmp_path: Path, mode: int):
    """A key file with any right for group or others is SEC-003."""
    path = tmp_path / "keys.toml"
    create_key_file(path)
    path.chmod(mode)
    with pytest.raises(ConfigurationError) as caught:
        open_sealer(Keys(path))
    assert refusal(caught) == ["SEC-003"]


def test_a_link_a_folder_or_nothing_is_no_key_file(tmp_path: Path):
    """A symbolic link, a folder and a missing file are SEC-004."""
    create_key_file(tmp_path / "keys.toml")
    (tmp_path / "link.toml").symlink_to(tmp_path / "keys.toml")
    for name in ("link.toml", ".", "absent.toml"):
        with pytest.raises(ConfigurationError) as caught:
            open_sealer(Keys(tmp_path / name))
        assert refusal(caught) == ["SEC-004"]


def test_rotation_needs_no_stop(tmp_path: Path):
    """After a rotation a running sealer opens old and new bodies, and seals with the new key once reloaded."""
    path = tmp_path / "keys.toml"
    create_key_file(path)
    running = open_sealer(Keys(path))
    old = running.seal(b"old", context="c")
    ring = add_key(path)
    new = open_sealer(Keys(path)).seal(b"new", context="c")
    assert new.key_id == ring.current != old.key_id
    assert running.open(new, context="c") == b"new"
    assert running.open(old, context="c") == b"old"
    running.reload()
    assert running.seal(b"x", context="c").key_id == ring.current
    assert running.digest("a") == open_sealer(Keys(path)).digest("a")
    assert path.stat().st_mode & 0o777 == 0o400
    assert [entry.name for entry in tmp_path.iterdir()] == ["keys.toml"]


def test_keys_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    """KAKEHASHI_KEYS holds the same table as JSON."""
    key = b64encode(bytes(32)).decode()
    monkeypatch.setenv("KAKEHASHI_KEYS", json.dumps({"current": "k1", "digest": key, "keys": {"k1": key}}))
    sealer = open_sealer(Keys())
    assert sealer.open(sealer.seal(b"text", context="c"), context="c") == b"text"
    monkeypatch.delenv("KAKEHASHI_KEYS")
    with pytest.raises(ConfigurationError) as caught:
        open_sealer(Keys())
    assert refusal(caught) == ["SEC-004"]
    with pytest.raises(SealError) as unknown:
        sealer.open(AesGcmSealer(parse_keys(ring_text("k2"), where="test")).seal(b"", context="c"), context="c")
    assert unknown.value.fault.code == "SEC-002"


def ring_text(key_id: str, key: str = b64encode(bytes(32)).decode()) -> str:
    return f'current = "{key_id}"\ndigest = "{key}"\n[keys]\n{key_id} = "{key}"\n'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"current": 1, "digest": 2, "keys": 3}',
        ring_text("k1", "c2hvcnQ="),
        ring_text("k1", "SECRET*notbase64"),
        ring_text("k1").replace('current = "k1"', 'current = "k2"'),
        ring_text("K1"),
    ],
)
def test_a_malformed_ring_is_refused_without_its_text(text: str):
    """Anything that is not a ring of 256-bit keys is SEC-004, and the error repeats none of it."""
    with pytest.raises(ConfigurationError) as caught:
        parse_keys(text, where="keys.toml")
    assert refusal(caught) == ["SEC-004"]
    assert "SECRET" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_keys_do_not_show_themselves(tmp_path: Path):
    """The text of a ring and of a sealer holds no key."""
    ring = create_key_file(tmp_path / "keys.toml")
    shown = repr(ring) + repr(AesGcmSealer(ring))
    assert all(repr(key)[2:-1] not in shown for key in (*ring.keys.values(), ring.digest))


def test_the_digest_key_is_not_the_stored_secret(tmp_path: Path):
    """The blind index is keyed by a derived key: neither the plain hash nor the HMAC of the stored secret."""
    ring = create_key_file(tmp_path / "keys.toml")
    digest = AesGcmSealer(ring).digest("text")
    assert digest != hashlib.sha256(b"text").digest()
    assert digest != hashlib.blake2b(b"text", key=ring.digest, digest_size=32).digest()


def test_the_digest_key_is_replaced_without_a_stop(tmp_path: Path):
    """A running sealer sees the new file by itself, digests under the new key first, and still under the older one."""
    path = tmp_path / "keys.toml"
    create_key_file(path)
    running = open_sealer(Keys(path))
    (first,) = running.digest_ids
    old = running.digest("a")
    ring = replace_digest(path)
    assert read_key_file(path) == ring
    newest, older = running.digest_ids
    assert older == first != newest
    assert running.digest("a") == running.digest("a", key_id=newest) != old
    assert running.digest("a", key_id=older) == old
    assert running.seal(b"x", context="c").key_id == ring.current
    drop_digests(path)
    assert list(running.digest_ids) == [newest]
    with pytest.raises(SealError) as caught:
        running.digest("a", key_id=older)
    assert caught.value.fault.code == "SEC-002"
