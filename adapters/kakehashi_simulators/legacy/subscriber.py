"""A business system that is told what befalls its persons: takes the files of its folder away, in order, each once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Notice", "SubscribedSystem"]


@dataclass(frozen=True, slots=True)
class Notice:
    """「宛名通知」 As it stands in a file."""

    serial: int
    no: int
    atena: str
    event: str
    since: str
    disclosure: str
    name: str
    address: str


class SubscribedSystem:
    """`journal`: what it has taken, one line a notice, synced before the file is removed: it may die at any moment."""

    def __init__(self, folder: Path, journal: Path) -> None:
        self._folder = folder
        self._journal = journal

    def take(self) -> int:
        """Take what lies there now; how many files. One that it has taken already is the same file again."""
        names = sorted(path.name for path in self._folder.glob("NOTICE*.DAT"))
        for name in names:
            path = self._folder / name
            notices = list(_read(path.read_bytes()))
            known = {notice.serial for notice in self.notices()}
            if notices and notices[0].serial not in known:
                self._write(notices)
            path.unlink()
        return len(names)

    def notices(self) -> list[Notice]:
        """In the order in which they were taken."""
        if not self._journal.exists():
            return []
        found = []
        for line in self._journal.read_text(encoding="utf-8").splitlines():
            serial, no, *rest = line.split("\t")
            found.append(Notice(int(serial), int(no), *rest))
        return found

    def _write(self, notices: list[Notice]) -> None:
        with self._journal.open("a", encoding="utf-8") as out:
            for each in notices:
                told = (
                    each.serial,
                    each.no,
                    each.atena,
                    each.event,
                    each.since,
                    each.disclosure,
                    each.name,
                    each.address,
                )
                out.write("\t".join(map(str, told)) + "\n")
            out.flush()
            os.fsync(out.fileno())


def _read(raw: bytes) -> Iterator[Notice]:
    header, *rows, trailer = raw.splitlines()
    if trailer[:9] != b"8%08d" % len(rows):
        raise ValueError
    for row in rows:
        yield Notice(
            int(header[9:15]),
            int(row[52:62]),
            _text(row[1:16]),
            _text(row[16:29]),
            _text(row[29:37]),
            _text(row[37:45]),
            _text(row[116:156]),
            _text(row[156:276]),
        )


def _text(raw: bytes) -> str:
    return raw.decode("cp932").strip(" \u3000")
