"""Short ways to make layouts and to read bytes with them."""

from __future__ import annotations

import io
from collections.abc import Iterable

from kakehashi.codec.compile import compile_codec, compile_encoder
from kakehashi.codec.item_codec import ItemCodec
from kakehashi.codec.item_types import compile_item
from kakehashi.codec.layout import Decoded, FileFormat, Item, ItemType, Kind, Layout, Record, RecordFormat, Role, Split
from kakehashi.domain.batch import BatchBody
from kakehashi.errors import Fault


def items(*rows: tuple, columns: bool = False) -> tuple[Item, ...]:
    """(name, type, length[, more]) in order; `columns` counts starts in columns, not bytes."""
    made, at = [], 0
    for name, kind, length, *more in rows:
        item = Item(name=name, type=ItemType(kind), length=length, start=at, **(more[0] if more else {}))
        made.append(item)
        at += item.repeat if columns else item.size
    return tuple(made)


def record(name: str, role: Role, *rows: tuple, selector: str | None = None, columns: bool = False) -> Record:
    made = items(*rows, columns=columns)
    return Record(name=name, role=role, items=made, length=sum(item.size for item in made), selector=selector)


def fixed(*rows: tuple, charset: str = "cp932", shift: str = "embedded", line: bool = False) -> Layout:
    """One record type of fixed places."""
    recfm = RecordFormat.LINE if line else RecordFormat.F
    return Layout(
        name="case",
        charset=charset,
        format=FileFormat(kind=Kind.FIXED, recfm=recfm),
        records=(record("data", Role.DATA, *rows),),
        shift=shift,
    )


def delimited(*rows: tuple, charset: str = "cp932", **form: str) -> Layout:
    return Layout(
        name="case",
        charset=charset,
        format=FileFormat(kind=Kind.DELIMITED, **form),
        records=(record("data", Role.DATA, *rows, columns=True),),
    )


def xml(*rows: tuple, charset: str = "cp932") -> Layout:
    return Layout(
        name="case",
        charset=charset,
        format=FileFormat(kind=Kind.XML, root_element="連携", record_element="対象者"),
        records=(record("data", Role.DATA, *rows, columns=True),),
    )


def codec_of(
    kind: str, length: int, *, charset: str = "cp932", shift: str = "embedded", varying: bool = False, **more
) -> ItemCodec:
    """The codec of one item."""
    item = Item(name="項目", type=ItemType(kind), length=length, start=0, **more)
    return compile_item(item, charset=charset, shift=shift, varying=varying)


def split(layout: Layout, data: bytes, *, batch: int = 1000) -> Split:
    return compile_codec(layout).split(io.BytesIO(data), batch_records=batch, file="case.dat")


def decode(layout: Layout, data: bytes, *, header: bytes = b"") -> Decoded:
    """One slice that begins the file."""
    return compile_codec(layout).decode(BatchBody(header, data), file="case.dat", first_record=1, offset=0)


def decode_file(layout: Layout, data: bytes, *, batch: int = 1000) -> tuple[Split, list, list[Fault]]:
    """The whole way: split, then every slice; rows and faults of all."""
    codec = compile_codec(layout)
    whole = codec.split(io.BytesIO(data), batch_records=batch, file="case.dat")
    rows, faults = [], []
    for part in whole.slices:
        body = BatchBody(whole.header, data[part.offset : part.offset + part.length])
        decoded = codec.decode(body, file="case.dat", first_record=part.first_record, offset=part.offset)
        assert len(decoded.rows) == part.records
        rows += decoded.rows
        faults += decoded.faults
    return whole, rows, faults


def written(layout: Layout, rows: Iterable[dict], *, name: str = "data") -> bytes:
    """A file of data records."""
    encoder = compile_encoder(layout)
    return encoder.prologue + b"".join(encoder.write(name, row) for row in rows) + encoder.epilogue


def told(faults: Iterable[Fault]) -> list[tuple[str, int | None, str | None, int | None]]:
    """(code, record, item, offset) of each fault."""
    return [(f.code, f.place.record, f.place.item, f.place.offset) for f in faults]
