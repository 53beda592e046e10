"""Records of a matching run as bytes: the tokens of a form are eight bytes each, keyed for this run alone."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from kakehashi.matching.attribute import Form
from kakehashi.matching.grouping import Record

__all__ = ["DIGEST", "form_in", "packed_entry", "packed_form", "packed_record", "records_in"]

DIGEST: Final = 8
_TAGS: Final = "nkgymdspah"
_RECORD: Final = struct.Struct(f">HBBB{DIGEST}s")
_ENTRY: Final = struct.Struct(">HIQ")


def packed_form(form: Form) -> bytes:
    """How many tokens of each tag, then the tokens. More than 255 of one tag are no person's: ValueError."""
    some = [sorted(form[tag]) for tag in _TAGS]
    return bytes(map(len, some)) + "".join(token for tokens in some for token in tokens).encode("latin-1")


def packed_record(record: Record) -> bytes:
    form = packed_form(record.form)
    known, atena = record.known.encode(), record.atena.encode()
    head = _RECORD.pack(len(form), record.system, len(atena), len(known), record.trace)
    return head + atena + known + form


def records_in(data: bytes, shared: dict[bytes, Form]) -> Iterator[Record]:
    """Equal forms are one object: `shared` holds them."""
    at = 0
    while at < len(data):
        size, system, of_atena, of_known, trace = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        atena = data[at : at + of_atena].decode()
        at += of_atena
        known = data[at : at + of_known].decode()
        at += of_known
        yield Record(system, atena, known, trace, _shared(data[at : at + size], shared))
        at += size


def _shared(raw: bytes, shared: dict[bytes, Form]) -> Form:
    form = shared.get(raw)
    if form is None:
        form = shared[raw] = form_in(raw)
    return form


def form_in(raw: bytes) -> Form:
    """What was a `packed_form`."""
    text, at, tokens = raw.decode("latin-1"), len(_TAGS), {}
    for tag, count in zip(_TAGS, raw, strict=False):
        if count:
            tokens[tag] = frozenset(text[place : place + DIGEST] for place in range(at, at + count * DIGEST, DIGEST))
            at += count * DIGEST
    return Form(tokens)


def packed_entry(number: int, systems: int, key: bytes, form: bytes) -> bytes:
    """A group in a block: its number, its systems as bits, the block's key, its form."""
    return _ENTRY.pack(len(form), number, systems) + key + form


def entries_in(data: bytes) -> Iterator[tuple[bytes, int, int, bytes]]:
    """Key, number, systems, packed form."""
    at = 0
    while at < len(data):
        size, number, systems = _ENTRY.unpack_from(data, at)
        at += _ENTRY.size + DIGEST
        yield data[at - DIGEST : at], number, systems, data[at : at + size]
        at += size
