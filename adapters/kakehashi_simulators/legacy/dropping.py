"""Drops a file into a watched folder as a well-behaved legacy system does: a temporary name, then a rename."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from kakehashi_simulators.legacy.manifest import Sample

__all__ = ["drop"]


def drop(sample: Sample, folder: Path, *, end_marker: str | None = None) -> Path:
    """Copy the sample into `folder` (made when missing); a reader sees all of it under its name, or nothing.

    The temporary name begins with a dot. With `end_marker` (such as ".end") an empty marker file follows.
    """
    folder.mkdir(parents=True, exist_ok=True)
    final = folder / sample.name
    temporary = folder / f".{sample.name}.part"
    with sample.path.open("rb") as source, temporary.open("wb") as target:
        shutil.copyfileobj(source, target)
        target.flush()
        os.fsync(target.fileno())
    temporary.replace(final)
    if end_marker:
        (folder / f"{sample.name}{end_marker}").touch()
    return final
