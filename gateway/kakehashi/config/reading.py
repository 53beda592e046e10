"""Reads the files of a configuration folder, remembers them for the hash, and gathers every fault on the way."""

from __future__ import annotations

import tomllib
from pathlib import Path

from kakehashi.domain.batch import content_id
from kakehashi.errors import ConfigurationError, Fault, Place

__all__ = ["Reading"]


class Reading:
    """One load of a configuration. File names in faults are relative to the folder, with `/`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.faults: list[Fault] = []
        self._contents: dict[str, bytes] = {}

    def content(self, file: str, *, named_by: Place | None = None) -> bytes | None:
        """The content; None with CFG-005 (at `named_by`, where the name stands) when it is not there."""
        if file not in self._contents:
            try:
                self._contents[file] = (self.folder / file).read_bytes()
            except (OSError, ValueError):
                self.fault("CFG-005", named_by or Place(file=file), name=file)
                return None
        return self._contents[file]

    def toml(self, file: str, *, named_by: Place | None = None) -> dict[str, object] | None:
        """The tables of a TOML file; None with CFG-001 at the line of a syntax error."""
        raw = self.content(file, named_by=named_by)
        return None if raw is None else self._parse(file, raw)

    def overlay(self, path: Path) -> dict[str, object] | None:
        """A second gateway.toml from anywhere; it counts in the hash, the name of its folder does not."""
        over = Reading(path.parent)
        raw = over.content(path.name)
        self.faults += over.faults
        if raw is None:
            return None
        self._contents[f"overlay {path.name}"] = raw
        return self._parse(path.name, raw)

    def _parse(self, file: str, raw: bytes) -> dict[str, object] | None:
        try:
            return tomllib.loads(raw.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            self.fault("CFG-001", Place(file=file, offset=error.start), expected="UTF-8")
        except tomllib.TOMLDecodeError:
            self.fault("CFG-001", Place(file=file, record=_first_wrong_line(raw.decode("utf-8-sig"))), expected="TOML")
        return None

    def remember(self, file: str) -> None:
        """Counts a file that somebody else reads as part of the configuration."""
        self._contents.setdefault(file, (self.folder / file).read_bytes())

    def fault(self, code: str, place: Place, **facts: str | int) -> None:
        self.faults.append(Fault(code, place, facts))

    def take(self, error: ConfigurationError, *, file: str) -> None:
        """Faults of another room, placed in `file`; a place that names one keeps it below its folder."""
        folder = file.rpartition("/")[0]
        for fault in error.faults:
            named = fault.place.file
            self.faults.append(fault.at(file=file if named is None else f"{folder}/{named}" if folder else named))

    def hash(self) -> str:
        """Of every name and content read so far: the same files give the same letters on every machine."""
        parts: list[str | bytes] = []
        for file, content in sorted(self._contents.items()):
            parts += [file, content]
        return content_id(*parts)


def _first_wrong_line(text: str) -> int:
    """Where the first statement that is not TOML begins: behind the longest beginning that is."""
    lines = text.splitlines(keepends=True)
    for good in range(len(lines) - 1, 0, -1):
        try:
            tomllib.loads("".join(lines[:good]))
        except tomllib.TOMLDecodeError:
            continue
        return good + 1
    return 1
