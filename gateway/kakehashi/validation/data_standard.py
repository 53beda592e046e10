"""Reads a data standard and its code lists from a profile folder."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from kakehashi.domain.data_standard import DataStandard, StandardItem, StandardType
from kakehashi.domain.standard_table import CodeLists, parse_code_list, parse_standard
from kakehashi.errors import ConfigurationError, Fault, Place

__all__ = ["DataStandard", "StandardItem", "StandardType", "load_standard", "load_standards"]


def load_standard(path: Path) -> DataStandard:
    """Read `layouts/<TM code>/v<version>.csv`; code lists stand in `codes/` beside `layouts/`.

    Raises ConfigurationError with every fault: CFG-005 for an unreadable file, CFG-008 for each wrong cell.
    """
    return parse_standard(
        _text(path),
        file=path.name,
        info_name=path.parent.name,
        version=path.stem.removeprefix("v"),
        code_lists=_code_lists(path.parent.parent.parent / "codes"),
    )


def load_standards(profile: Path) -> tuple[DataStandard, ...]:
    """Every layout of a profile folder, by TM code and version. Raises ConfigurationError with all faults."""
    standards: list[DataStandard] = []
    faults: list[Fault] = []
    for path in sorted(profile.glob("layouts/*/v*.csv")):
        try:
            standards.append(load_standard(path))
        except ConfigurationError as error:
            faults += error.faults
    if faults:
        raise ConfigurationError(faults)
    return tuple(standards)


def _code_lists(folder: Path) -> CodeLists:
    @cache
    def codes(name: str) -> frozenset[str] | None:
        path = folder / f"{name}.csv"
        return parse_code_list(_text(path), file=path.name) if path.is_file() else None

    return codes


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError([Fault("CFG-005", Place(file=path.name))]) from None
