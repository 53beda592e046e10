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
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import IO

from kakehashi_adapters.exchange_folder.place import Folder, TooLarge

__all__ = [
    "LEAVINGS",
    "Answer",
    "Damaged",
    "SerialsUsedUp",
    "clear",
    "is_complete",
    "mark",
    "next_serial",
    "put_aside",
    "read",
    "take_back",
    "write",
]

LEAVINGS = re.compile(r"\.serial-[0-9]{8}|[A-Z]{3}-[0-9]{3}_[0-9]{8}_[0-9]{4,9}\.(xml|zip|csv|end|taken|withdrawn)")
"""Names of ours that may be removed when nobody has touched them for long."""

_COLUMNS = ["file", "bytes", "sha256", "records", "message_id", "request_id", "status", "retry_after"]
_SUFFIXES = (".end", ".csv", ".xml", ".zip", ".taken", ".withdrawn")
"""The marker goes first: what is left of a parcel that was being removed is never a whole one."""
_MANIFEST_BYTES = 10_000
_SERIAL_BYTES = 20
_RECORDS = re.compile(rb"<RecordCount>([0-9]{1,9})</RecordCount>")
_HEADER_BYTES = 4_000


class Damaged(Exception):
    """The parcel is not what its manifest says, or larger than what may be read."""


class SerialsUsedUp(Exception):
    """The day has no number left."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side gave back: a document, or a refusal without one."""

    status: int
    retry_after: int | None
    document: bytes


def next_serial(folder: Folder, day: date, *, digits: int) -> int:
    """From 1; one that was given before a crash is not given again. Raises OSError, SerialsUsedUp, and ValueError where
    something else stands in its file.
    """
    name = f".serial-{day:%Y%m%d}"
    with folder.locked():
        try:
            given = int(folder.get(name, most=_SERIAL_BYTES)) + 1
        except FileNotFoundError:
            given = 1
        if given >= 10**digits:
            raise SerialsUsedUp
        folder.put(name, str(given).encode())
    return given


def write(folder: Folder, name: str, document: bytes, *, message_id: str, request_id: str, zipped: bool) -> None:
    """Everything but the end marker. Raises OSError, also where the name is taken."""
    if folder.has(f"{name}.csv"):
        raise FileExistsError
    file = f"{name}.zip" if zipped else f"{name}.xml"
    content = _zipped(name, document) if zipped else document
    found = _RECORDS.search(document, 0, _HEADER_BYTES)
    records = found[1].decode() if found else ""
    digest = hashlib.sha256(content).hexdigest()
    text = io.StringIO()
    csv.writer(text).writerows([_COLUMNS, [file, len(content), digest, records, message_id, request_id, "", ""]])
    folder.put(file, content)
    folder.put(f"{name}.csv", text.getvalue().encode())


def mark(folder: Folder, name: str) -> None:
    """From now on it may be taken. After an OSError too."""
    folder.put(f"{name}.end", b"")


def is_complete(folder: Folder, name: str) -> bool:
    return folder.has(f"{name}.end")


def read(folder: Folder, name: str, *, most: int) -> Answer:
    """Raises Damaged, and OSError."""
    try:
        row = _row(folder.get(f"{name}.csv", most=_MANIFEST_BYTES))
        status, wait = int(row["status"]), int(row["retry_after"]) if row["retry_after"] else None
        if status != 200:
            return Answer(status, wait, b"")
        if row["file"] not in (f"{name}.xml", f"{name}.zip"):
            raise Damaged
        content = folder.get(row["file"], most=most)
    except (TooLarge, FileNotFoundError):
        raise Damaged from None
    if len(content) != int(row["bytes"]) or hashlib.sha256(content).hexdigest() != row["sha256"]:
        raise Damaged
    return Answer(status, wait, _unzipped(content, most=most) if row["file"].endswith(".zip") else content)


def take_back(folder: Folder, name: str) -> bool:
    """Whether nobody has taken it; then nobody will. Raises OSError."""
    try:
        folder.rename(f"{name}.end", f"{name}.withdrawn")
    except FileNotFoundError:
        return False
    clear(folder, name)
    return True


def clear(folder: Folder, name: str) -> None:
    """Remove what there is of it. What cannot be removed is left."""
    for suffix in _SUFFIXES:
        with suppress(OSError):
            folder.remove(f"{name}{suffix}")


def put_aside(folder: Folder, name: str, aside: str) -> None:
    """Into a folder in it, for whoever looks after it; the marker first. What cannot be moved is left."""
    with suppress(OSError):
        folder.make(aside)
    for suffix in _SUFFIXES:
        with suppress(OSError):
            folder.rename(f"{name}{suffix}", f"{aside}/{name}{suffix}")


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


def _zipped(name: str, document: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(zipfile.ZipInfo(f"{name}.xml"), document, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _unzipped(content: bytes, *, most: int) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            (member,) = archive.infolist()
            with archive.open(member) as stream:
                return b"".join(_upto(stream, most))
    except (zipfile.BadZipFile, zlib.error, ValueError, RuntimeError, NotImplementedError, EOFError):
        raise Damaged from None


def _upto(stream: IO[bytes], most: int) -> Iterator[bytes]:
    """In portions, so that a bomb is noticed before it is whole."""
    while portion := stream.read(1 << 20):
        most -= len(portion)
        if most < 0:
            raise Damaged
        yield portion
