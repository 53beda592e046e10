"""Keys and seals: the Sealer of production."""

from kakehashi_adapters.vault.key_ring import KeyRing, add_key, create_key_file, parse_keys, read_key_file
from kakehashi_adapters.vault.sealer import AesGcmSealer, KeySettings, open_sealer

__all__ = [
    "AesGcmSealer",
    "KeyRing",
    "KeySettings",
    "add_key",
    "create_key_file",
    "open_sealer",
    "parse_keys",
    "read_key_file",
]
