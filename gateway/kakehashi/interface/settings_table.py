"""Reads TOML key by key: what is missing, of a wrong type or never asked for becomes a fault, all of them at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import time, timedelta
from pathlib import Path
from typing import TypeVar

from kakehashi.errors import ConfigurationError, Fault, Place

__all__ = ["SettingsTable", "read_toml"]

_T = TypeVar("_T")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


def read_toml(path: Path) -> dict[str, object]:
    """Raises ConfigurationError: CFG-005 unreadable, CFG-001 not TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError([Fault("CFG-005", Place(file=path.name))]) from None
    except tomllib.TOMLDecodeError:
        raise ConfigurationError([Fault("CFG-001", Place(file=path.name), {"expected": "TOML"})]) from None


class SettingsTable:
    """One table of a TOML file. A faulty key reads as an empty value, so that reading goes on to the next fault."""

    def __init__(self, values: Mapping[str, object], *, file: str, path: str, faults: list[Fault]) -> None:
        self.faults = faults
        self._values = values
        self._file = file
        self._path = path
        self._asked: set[str] = set()
        self._tables: dict[str, SettingsTable] = {}

    def finish(self) -> list[Fault]:
        """Every fault, with CFG-002 for each key that nobody asked for."""
        for key in self._values:
            if key not in self._asked:
                self._fault("CFG-002", key)
        for table in self._tables.values():
            table.finish()
        return self.faults

    def names(self) -> list[str]:
        """The keys of a table whose names are free."""
        return list(self._values)

    def table(self, key: str) -> SettingsTable:
        if key not in self._tables:
            values = self._read(key, dict, {})
            self._tables[key] = SettingsTable(values, file=self._file, path=f"{self._path}{key}.", faults=self.faults)
        return self._tables[key]

    def text(self, key: str) -> str:
        return self._read(key, str, "")

    def flag(self, key: str) -> bool:
        return self._read(key, bool, False)

    def number(self, key: str, *, least: int = 0) -> int:
        value = self._read(key, int, least)
        if value < least:
            self._fault("CFG-003", key, expected=f"a number from {least}")
            return least
        return value

    def seconds(self, key: str) -> timedelta:
        return timedelta(seconds=self.number(key))

    def clock(self, key: str) -> time | None:
        """HH:MM; 24:00 is None."""
        value = self._read(key, str, "24:00")
        match = _CLOCK.fullmatch(value)
        if match:
            return time(int(match[1]), int(match[2]))
        if value != "24:00":
            self._fault("CFG-003", key, expected="HH:MM")
        return None

    def choice(self, key: str, allowed: Sequence[str]) -> str:
        value = self._read(key, str, allowed[0])
        if value not in allowed:
            self._fault("CFG-003", key, expected=" or ".join(allowed))
        return value

    def choices(self, key: str, allowed: Sequence[str]) -> list[str]:
        values = [value for value in self._read(key, list, [allowed[0]]) if value in allowed]
        if not values or len(values) != len(self._read(key, list, values)):
            self._fault("CFG-003", key, expected=", ".join(allowed))
        return [str(value) for value in values]

    def _read(self, key: str, kind: type[_T], empty: _T) -> _T:
        self._asked.add(key)
        if key not in self._values:
            self._fault("CFG-004", key)
            return empty
        value = self._values[key]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self._fault("CFG-003", key, expected=kind.__name__)
            return empty
        return value

    def _fault(self, code: str, key: str, **facts: str) -> None:
        fault = Fault(code, Place(file=self._file, item=self._path + key), facts)
        if fault not in self.faults:
            self.faults.append(fault)
