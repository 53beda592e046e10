"""「照合結果」 What the comparison of a distribution with the configuration has found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

__all__ = ["Finding"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """「照合結果」 `day`: from which it bites; `breaks`: records of the route are refused then, or may be.

    `file` and `line` in the configuration folder; `about`: the layout, list or codes.
    """

    code: str
    day: date
    about: str
    breaks: bool = False
    route: str = ""
    file: str = ""
    line: int | None = None
    item: str = ""
