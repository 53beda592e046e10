"""Reads data/*.bin, the tables that tools/build_charsets.py makes."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Self

__all__ = ["StoredTable", "stored_pages"]

_FIRST = 0x40


@dataclass(frozen=True, slots=True)
class StoredTable:
    """`single`: 256 characters, U+FFFE for none. `codes`: longer code → text. `write`: text → code, written only."""

    single: str
    codes: Mapping[bytes, str]
    write: Mapping[str, bytes]

    @classmethod
    def load(cls, name: str) -> Self:
        content = json.loads(_content(name))
        rows = ((bytes.fromhex(lead), row) for lead, row in content["rows"].items())
        codes = {lead + bytes((last,)): text for lead, row in rows for last, text in enumerate(row, _FIRST) if text}
        return cls(content["single"], codes, {text: bytes.fromhex(code) for text, code in content["write"].items()})


def stored_pages() -> dict[str, str]:
    """EBCDIC page → its 256 characters."""
    pages: dict[str, str] = json.loads(_content("ebcdic"))
    return pages


def _content(name: str) -> bytes:
    return zlib.decompress(resources.files("kakehashi.codec").joinpath("data", f"{name}.bin").read_bytes())
