"""「受付控え」 The last chunk of a spool file says what the ledger knew of the file when it was taken.

From it the ledger's rows can be made again, with the same file id and so the same sequences, when the ledger was
restored from an older backup. The spool file's name begins with the file's id, so that a look at the names alone shows
whether the ledger is older than the spool.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from kakehashi.domain.batch import content_id, letters
from kakehashi.domain.sequence import SECOND
from kakehashi.errors import StoreCorrupt
from kakehashi.ports.ledger import NewBatch, NewFile

__all__ = ["entry_context", "file_id_of", "newest_file_id", "read_entry", "request_id_of", "spool_name", "write_entry"]

_PLACE = struct.Struct(">QIQQI")
_ID_BYTES = 8
_ID_LETTERS = 2 * _ID_BYTES
_FIRST_LETTER = ord("a")


def spool_name(file_id: int, chance: bytes) -> str:
    """Names sort by file id. `chance` keeps a name from being used twice."""
    return f"{letters(file_id.to_bytes(_ID_BYTES))}-{letters(chance)}"


def file_id_of(name: str) -> int | None:
    """None for a spool file of an earlier version of the gateway, whose name says nothing."""
    number, dash, _ = name.partition("-")
    if not dash or len(number) != _ID_LETTERS or not set(number) <= set("abcdefghijklmnop"):
        return None
    return int("".join(f"{ord(letter) - _FIRST_LETTER:x}" for letter in number), 16)


def newest_file_id(names: Iterable[str]) -> int:
    """0 when no name has one."""
    named = (name for name in names if name[_ID_LETTERS : _ID_LETTERS + 1] == "-")
    return file_id_of(max(named, default="")) or 0


def entry_context(name: str) -> str:
    """What a sealed entry is bound to."""
    return f"file/{name}"


def request_id_of(lane: str, digest: bytes, seq: int) -> str:
    """Made from content: the same in every attempt, process, and restored ledger."""
    return content_id(lane, digest, seq)


def write_entry(file: NewFile, batches: Sequence[NewBatch]) -> bytes:
    """`batches` have the seqs 1, 2, 3 …"""
    said = {
        "id": file.id,
        "lane": file.lane,
        "name": file.name,
        "digest": file.digest.hex(),
        "size": file.size,
        "records": file.records,
        "config_hash": file.config_hash,
        "received_at": file.received_at.isoformat(),
        "spool": file.spool,
        "held": file.held,
        "before_first": file.before_first,
        "as_of": file.as_of and file.as_of.isoformat(),
    }
    places = (
        _PLACE.pack(batch.first_record, batch.records, batch.offset, batch.spool_offset, batch.spool_length)
        for batch in batches
    )
    return json.dumps(said).encode() + b"\n" + b"".join(places)


def read_entry(entry: bytes) -> tuple[NewFile, list[NewBatch]]:
    """Raises StoreCorrupt for what is no entry."""
    head, _, places = entry.partition(b"\n")
    try:
        said = json.loads(head)
        file = _file(**said)
        batches = [_batch(seq, place) for seq, place in enumerate(_PLACE.iter_unpack(places), start=1)]
    except (ValueError, KeyError, TypeError, struct.error):
        raise StoreCorrupt from None
    return file, batches


def _file(
    *,
    digest: str,
    received_at: str,
    as_of: str | None = None,
    before_first: int | None = None,
    **said: Any,
) -> NewFile:
    """An entry of an earlier version does not say its sequences: they were made from its id."""
    return NewFile(
        digest=bytes.fromhex(digest),
        received_at=datetime.fromisoformat(received_at),
        as_of=None if as_of is None else datetime.fromisoformat(as_of),
        before_first=said["id"] * SECOND if before_first is None else before_first,
        **said,
    )


def _batch(seq: int, place: tuple[int, ...]) -> NewBatch:
    first_record, records, offset, spool_offset, spool_length = place
    return NewBatch(
        seq=seq,
        first_record=first_record,
        records=records,
        offset=offset,
        spool_offset=spool_offset,
        spool_length=spool_length,
    )
