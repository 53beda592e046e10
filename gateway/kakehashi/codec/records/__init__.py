"""「レコード形式」 Where records begin and end in a file, whatever is in them."""

from __future__ import annotations

from kakehashi.codec.records.reading import Edges, RawRecord, RecordReader, read_records
from kakehashi.codec.records.spec import LengthItem, Recfm, RecordHeader, RecordSpec, Word
from kakehashi.codec.records.writing import blocks_of, write_again, write_block, write_blocks, write_record

__all__ = [
    "Edges",
    "LengthItem",
    "RawRecord",
    "Recfm",
    "RecordHeader",
    "RecordReader",
    "RecordSpec",
    "Word",
    "blocks_of",
    "read_records",
    "write_again",
    "write_block",
    "write_blocks",
    "write_record",
]
