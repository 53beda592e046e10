"""Which names in a drop folder are work in progress, which are acceptable, and which are dangerous."""

from __future__ import annotations

import os
import re

from kakehashi.domain.batch import letters

__all__ = ["is_acceptable", "is_temporary", "printable", "tag_of", "tagged", "untagged"]

MOST_BYTES = 200
_TEMPORARY = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".swp", ".writing", "~")
_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}")
_IDEOGRAPHIC_SPACE = "\u3000"
_TAG = 12


def is_temporary(name: str) -> bool:
    """Dot-files, and the endings that copying programs give to what they have not finished."""
    return name.startswith(".") or name.lower().endswith(_TEMPORARY)


def is_acceptable(name: str) -> bool:
    """Printable UTF-8 of at most 200 bytes that no shell, terminal, log or URL takes for anything but a name."""
    if not name or name.startswith(("-", ".", " ")) or "/" in name or "\\" in name or _ESCAPED.search(name):
        return False
    return name.replace(_IDEOGRAPHIC_SPACE, "").isprintable() and len(os.fsencode(name)) <= MOST_BYTES


def printable(name: str) -> str:
    """The name for people: everything that is not plainly printable is written as an escape."""
    return os.fsencode(name).decode("utf-8", "backslashreplace").encode("unicode_escape").decode("ascii")


def tagged(name: str) -> str:
    """A fresh tag before the name: two files of one name never meet."""
    return f"{letters(os.urandom(_TAG // 2))}.{name}"


def tag_of(name: str) -> str:
    return name[:_TAG]


def untagged(name: str) -> str:
    return name[_TAG + 1 :]
