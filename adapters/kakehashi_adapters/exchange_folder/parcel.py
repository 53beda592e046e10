"""One message as files: the document, a manifest 「管理ファイル」 with its counts and hash, and an end marker.

```
DBM-201_20260701_000001.xml    the document; or .zip, with the document as its only member
DBM-201_20260701_000001.csv    file,bytes,sha256,records,message_id,request_id,status,retry_after: a heading and one row
DBM-201_20260701_000001.end    empty, written last: nothing is read before it is there
```
Whoever takes a parcel renames its end marker to `.taken` first: only one can. `status` and `retry_after` are as in
HTTP; in a request they are empty. `records` is what the header of the document says, or empty.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from kakehashi_adapters.durable_file import DurableFile, opened_folder

__all__ = ["NAME", "Answer", "Damaged", "clear", "is_complete", "read", "take_back", "write"]

NAME = re.compile(r"[A-Z]{3}-[0-9]{3}_[0-9]{8}_[0-9]{4,9}\.(xml|zip|csv|end|taken|withdrawn)")
_COLUMNS = ["file", "bytes", "sha256", "records", "message_id", "request_id", "status", "retry_after"]
_SUFFIXES = (".end", ".csv", ".xml", ".zip", ".taken", ".withdrawn")
"""The marker goes first: what is left of a parcel that was being removed is never a whole one."""
_MANIFEST_BYTES = 10_000
_RECORDS = re.compile(rb"<RecordCount>([0-9]{1,9})</RecordCount>")
_HEADER_BYTES = 4_000
_MODE = 0o640


class Damaged(Exception):
    """The parcel is not what its manifest says, or larger than what may be read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side gave back: a document, or a refusal without one."""

    status: int
    retry_after: int | None
    document: bytes


def write(folder: Path, name: str, document: bytes, *, message_id: str, request_id: str, zipped: bool) -> None:
    """Returns when all of it survives a loss of power. Raises OSError; then no end marker is there."""
    file = f"{name}.zip" if zipped else f"{name}.xml"
    content = _zipped(name, document) if zipped else document
    found = _RECORDS.search(document, 0, _HEADER_BYTES)
    records = found[1].decode() if found else ""
    digest = hashlib.sha256(content).hexdigest()
    text = io.StringIO()
    csv.writer(text).writerows([_COLUMNS, [file, len(content), digest, records, message_id, request_id, "", ""]])
    for each, data in ((file, content), (f"{name}.csv", text.getvalue().encode()), (f"{name}.end", b"")):
        part = DurableFile(folder, each, mode=_MODE)
        try:
            part.write(data)
            part.commit()
        finally:
            part.abandon()


def is_complete(folder: Path, name: str) -> bool:
    try:
        return (folder / f"{name}.end").exists()
    except OSError:
        return False


def read(folder: Path, name: str, *, most: int) -> Answer:
    """Raises Damaged, and OSError."""
    with opened_folder(folder) as descriptor:
        row = _row(_content(descriptor, f"{name}.csv", most=_MANIFEST_BYTES))
        status = int(row["status"])
        wait = int(row["retry_after"]) if row["retry_after"] else None
        if status != 200:
            return Answer(status, wait, b"")
        if row["file"] not in (f"{name}.xml", f"{name}.zip"):
            raise Damaged
        content = _content(descriptor, row["file"], most=most)
    if len(content) != int(row["bytes"]) or hashlib.sha256(content).hexdigest() != row["sha256"]:
        raise Damaged
    return Answer(status, wait, _unzipped(content, most=most) if row["file"].endswith(".zip") else content)


def take_back(folder: Path, name: str) -> bool:
    """Whether nobody has taken it; then nobody will. Raises OSError."""
    try:
        (folder / f"{name}.end").rename(folder / f"{name}.withdrawn")
    except FileNotFoundError:
        return False
    clear(folder, name)
    return True


def clear(folder: Path, name: str) -> None:
    """Remove what there is of it. What cannot be removed is left."""
    for suffix in _SUFFIXES:
        with suppress(OSError):
            (folder / f"{name}{suffix}").unlink()


def _row(content: bytes) -> dict[str, str]:
    try:
        heading, row = csv.reader(io.StringIO(content.decode()))
        found = dict(zip(heading, row, strict=True))
        numbers = [found["bytes"], found["status"], found["retry_after"] or "0"]
    except (ValueError, KeyError, csv.Error):
        raise Damaged from None
    if sorted(heading) != sorted(_COLUMNS) or not all(each.isascii() and each.isdigit() for each in numbers):
        raise Damaged
    return found


def _content(folder: int, name: str, *, most: int) -> bytes:
    """No link is followed, and nothing but a plain file is read."""
    file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    with os.fdopen(file, "rb") as stream:
        content = stream.read(most + 1)
    if len(content) > most:
        raise Damaged
    return content


def _zipped(name: str, document: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(f"{name}.xml"), document, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _unzipped(content: bytes, *, most: int) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            (member,) = archive.infolist()
            with archive.open(member) as stream:
                document = b"".join(_upto(stream, most))
    except (zipfile.BadZipFile, zlib.error, ValueError, RuntimeError, NotImplementedError, EOFError):
        raise Damaged from None
    return document


def _upto(stream: IO[bytes], most: int) -> Iterator[bytes]:
    """In portions, so that a bomb is noticed before it is whole."""
    while portion := stream.read(1 << 20):
        most -= len(portion)
        if most < 0:
            raise Damaged
        yield portion
