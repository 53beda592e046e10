"""The one translation of what the operating system says about a folder."""

from __future__ import annotations

import errno
from pathlib import Path

from kakehashi.errors import Fault, FolderUnavailable, Place

__all__ = ["unavailable"]

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def unavailable(folder: Path, error: OSError) -> FolderUnavailable:
    """What happened to `folder`, in our words."""
    code = "FIL-002" if error.errno in _FULL else "FIL-001"
    return FolderUnavailable(
        Fault(code, Place(file=str(folder)), {"errno": errno.errorcode.get(error.errno or 0, "?")})
    )
