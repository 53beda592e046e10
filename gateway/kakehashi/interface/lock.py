"""「提供ロック」 A person's replicas, or those of an information, are not to be provided, or may be again (DBM-209)."""

from __future__ import annotations

from kakehashi.domain.interface import Header
from kakehashi.interface.header import close_message, open_message
from kakehashi.interface.markup import safe_text

__all__ = ["lock_request"]


def lock_request(header: Header, *, lock: bool, sequence: int, person: str = "", info_name: str = "") -> bytes:
    """DBM-209, about `person` or `info_name`, one of them."""
    name, key = ("PersonKey", person) if person else ("InfoName", info_name)
    return (
        f"{open_message(header)}<Operation>{'lock' if lock else 'unlock'}</Operation>"
        f"<{name}>{safe_text(key)}</{name}><Sequence>{sequence:018d}</Sequence>{close_message(header)}"
    ).encode()
