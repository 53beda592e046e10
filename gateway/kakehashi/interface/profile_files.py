"""A profile's own files, and behind them those of the profile that it is based on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from kakehashi.errors import ConfigurationError, Fault, Place
from kakehashi.interface.settings_table import SettingsTable, read_toml

__all__ = ["ProfileFiles"]

_SETTINGS = "profile.toml"


@dataclass(frozen=True, slots=True)
class ProfileFiles:
    """「プロファイルの継承」 What `own` does not say is as in `base`: in profile.toml key by key, else file by file."""

    own: Path
    base: Path | None = None

    @classmethod
    def of(cls, folder: Path) -> Self:
        """`[profile] base` names the folder of another profile beside this one; that one has no base itself.

        Raises ConfigurationError: CFG-005, CFG-001 of a file that cannot be read, CFG-006 of a base that cannot be one.
        """
        name = _head(read_toml(folder / _SETTINGS)).get("base")
        if name is None:
            return cls(folder)
        base = folder.parent / str(name)
        known = {path.parent for path in folder.parent.glob(f"*/{_SETTINGS}")} - {folder}
        if base not in known or "base" in _head(read_toml(base / _SETTINGS)):
            place = Place(file=_SETTINGS, item="profile.base")
            raise ConfigurationError([Fault("CFG-006", place, {"name": str(name)})])
        return cls(folder, base)

    @property
    def folders(self) -> tuple[Path, ...]:
        """The one whose files count first."""
        return (self.own,) if self.base is None else (self.own, self.base)

    def settings(self) -> SettingsTable:
        """Raises ConfigurationError as `of`."""
        values = read_toml(self.own / _SETTINGS)
        if self.base is not None:
            values = _over(read_toml(self.base / _SETTINGS), values)
            values["profile"] = {key: value for key, value in _head(values).items() if key != "base"}
        return SettingsTable(values, file=_SETTINGS, path="", faults=[])

    def path(self, name: str) -> Path:
        return next((path for folder in self.folders if (path := folder / name).is_file()), self.own / name)

    def glob(self, pattern: str) -> list[Path]:
        """By name; of two of one name the own one."""
        found = {path.relative_to(folder): path for folder in reversed(self.folders) for path in folder.glob(pattern)}
        return [found[name] for name in sorted(found)]


def _head(values: Mapping[str, object]) -> dict[str, object]:
    head = values.get("profile")
    return head if isinstance(head, dict) else {}


def _over(base: Mapping[str, object], own: Mapping[str, object]) -> dict[str, object]:
    merged = {**base, **own}
    for key in base.keys() & own.keys():
        below, above = base[key], own[key]
        if isinstance(below, dict) and isinstance(above, dict):
            merged[key] = _over(below, above)
    return merged
