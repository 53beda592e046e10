"""The way back: records with their descriptor words, separators and blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from kakehashi.codec.records.counted import length_reader
from kakehashi.codec.records.descriptor import LARGE
from kakehashi.codec.records.reading import Edges, RawRecord
from kakehashi.codec.records.spec import ANY, SEPARATORS, LengthItem, Recfm, RecordHeader, RecordSpec, Word
from kakehashi.codec.text_form import damage

__all__ = ["blocks_of", "write_again", "write_block", "write_blocks", "write_record"]

_WORD = 4
_SHORT = 0xFFFF


def write_record(data: bytes, spec: RecordSpec, *, head: bytes = b"", separator: bytes | None = None) -> bytes:
    """A record as it stands in a file (in a block, for VB). `head` is the header it was read with, if any.

    `separator`: for a spec that takes any; CRLF without it. Raises InputError DEC-018 when the record does not fit.
    """
    match spec.recfm:
        case Recfm.V | Recfm.VB:
            return _word(len(data), spec.rdw) + data
        case Recfm.ITEM:
            return _checked(data, spec.length_item)
        case Recfm.HEADER:
            return _header(len(data), spec.header, head) + data
        case _:
            return _ended(data, spec, separator)


def _ended(data: bytes, spec: RecordSpec, separator: bytes | None) -> bytes:
    if spec.record_length is not None and len(data) != spec.record_length:
        raise damage("DEC-018", length=len(data), expected=spec.record_length)
    if spec.ending != ANY:
        separator = SEPARATORS[spec.ending]
    elif separator is None:
        separator = SEPARATORS["crlf"]
    if separator and not spec.strides and separator in data:
        raise damage("DEC-018", data.index(separator), reason="a separator inside the record")
    return data + separator


def write_block(records: Iterable[bytes], spec: RecordSpec, *, head: bytes = b"") -> bytes:
    """Records one after another, behind a block descriptor word where the format has one. Raises DEC-018.

    `head`: the word that the block was read with; its form is kept.
    """
    body = b"".join([write_record(data, spec) for data in records])
    return _block_word(len(body), spec.bdw, head) + body if spec.recfm is Recfm.VB else body


def write_blocks(records: Iterable[bytes], spec: RecordSpec) -> Iterator[bytes]:
    """Blocks of at most `block_size` bytes, as full as they can be; one record each where there are no blocks."""
    if spec.recfm is not Recfm.VB:
        yield from (write_record(data, spec) for data in records)
        return
    block: list[bytes] = []
    size = _WORD
    for data in records:
        if block and size + _WORD + len(data) > spec.block_size:
            yield write_block(block, spec)
            block, size = [], _WORD
        block.append(data)
        size += _WORD + len(data)
    if block:
        yield write_block(block, spec)


def blocks_of(records: Iterable[RawRecord]) -> Iterator[list[RawRecord]]:
    """The blocks that the records of a VB file were read from."""
    block: list[RawRecord] = []
    for record in records:
        if block and record.head:
            yield block
            block = []
        block.append(record)
    if block:
        yield block


def write_again(records: Iterable[RawRecord], spec: RecordSpec, edges: Edges) -> Iterator[bytes]:
    """The file from which `records` are just being read, byte for byte. `edges` are those of its reader.

    Records that a header marks as passed over are not among them, and not in what is written.
    """
    written = iter(_pieces(records, spec, edges))
    piece = next(written, b"")
    yield edges.header
    for following in written:
        yield piece
        piece = following
    yield piece if edges.closed else piece.removesuffix(edges.separator)
    yield edges.fill + edges.footer


def _pieces(records: Iterable[RawRecord], spec: RecordSpec, edges: Edges) -> Iterator[bytes]:
    if spec.recfm is Recfm.VB:
        for block in blocks_of(records):
            yield write_block([record.data for record in block], spec, head=block[0].head)
        return
    for record in records:
        yield write_record(record.data, spec, head=record.head, separator=edges.separator)


def _word(length: int, word: Word) -> bytes:
    """A descriptor word for `length` bytes behind it."""
    said = _said(length, word)
    if not (0 if word.inclusive else 1) <= said <= _SHORT:
        raise damage("DEC-018", length=length, most=_SHORT)
    return _four(said << word.shift, word)


def _block_word(length: int, word: Word, head: bytes) -> bytes:
    said = _said(length, word)
    was_large = bool(int.from_bytes(head, _order(word)) & LARGE)
    if word.shift and (was_large or said > _SHORT >> 1):
        return _four(said | LARGE, word)
    return _word(length, word)


def _said(length: int, word: Word) -> int:
    return length - word.adjustment + (_WORD if word.inclusive else 0)


def _four(number: int, word: Word) -> bytes:
    return number.to_bytes(_WORD, _order(word))


def _order(form: Word | RecordHeader) -> Literal["big", "little"]:
    return "big" if form.big_endian else "little"


def _checked(data: bytes, item: LengthItem | None) -> bytes:
    assert item is not None
    if len(data) < item.reach or length_reader(item)(data[: item.reach]) != len(data):
        raise damage("DEC-018", item.offset, length=len(data), reason="the length item says another length")
    return data


def _header(length: int, header: RecordHeader | None, head: bytes) -> bytes:
    assert header is not None
    made = bytearray(head or bytes(header.width))
    if not head and header.valid:
        made[header.valid_at : header.valid_at + header.valid_width] = min(header.valid)
    said = length - header.adjustment + (header.width if header.inclusive else 0)
    if not 0 <= said < 1 << 8 * header.length_width or len(made) != header.width:
        raise damage("DEC-018", length=length)
    raw = said.to_bytes(header.length_width, _order(header))
    made[header.length_at : header.length_at + header.length_width] = raw
    return bytes(made)
