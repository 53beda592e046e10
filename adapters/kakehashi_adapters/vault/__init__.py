"""Keys and seals: the Sealer of production."""

from kakehashi_adapters.vault.key_ring import (
    KeyRing,
    add_key,
    create_key_file,
    drop_digests,
    parse_keys,
    read_key_file,
    replace_digest,
)
from kakehashi_adapters.vault.sealer import AesGcmSealer, KeySettings, open_sealer

__all__ = [
    "AesGcmSealer",
    "KeyRing",
    "KeySettings",
    "add_key",
    "create_key_file",
    "drop_digests",
    "open_sealer",
    "parse_keys",
    "read_key_file",
    "replace_digest",
]
