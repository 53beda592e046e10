"""Where the shipped folders lie: beside a checkout's source, else with the installed package's shared data."""

from __future__ import annotations

import sys
from pathlib import Path

import kakehashi

__all__ = ["shared"]


def shared(name: str) -> Path:
    """The folder `config` or `xsd`."""
    checkout = Path(kakehashi.__file__).parents[2] / name
    return checkout if checkout.is_dir() else Path(sys.prefix) / "share" / "kakehashi" / name
