"""「和暦」 Dates as old registers write them: eras, missing days, days that were never on a calendar (domain.md §9).

A date is as precise as it was written: nothing is rounded, invented or corrected here.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from kakehashi.errors import Fault, InputError

__all__ = ["DATE_FORMS", "ERA_OVERRUN", "NOT_ON_CALENDAR", "OPEN", "HistoricDate", "Precision", "format_date",
           "parse_date", "parse_wareki"]  # fmt: skip

ERA_OVERRUN = "ERA_OVERRUN"
"""The era had ended before this date (平成31年5月1日): kept, with this warning."""
NOT_ON_CALENDAR = "NOT_ON_CALENDAR"
"""「暦上日以外」 A day that its month does not have (2月31日): kept, but never handed on as a day."""
OPEN = "OPEN"
"""All nines: no end."""

_ERAS = ("M", "T", "S", "H", "R")
_STARTS = ((1868, 1, 25), (1912, 7, 30), (1926, 12, 25), (1989, 1, 8), (2019, 5, 1), (10000, 1, 1))
"""First days of 明治, 大正, 昭和, 平成, 令和; the last row ends the list."""

_FORMS: dict[str, str] = {
    "yyyymmdd": r"(?P<y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})",
    "yyyymm": r"(?P<y>[0-9]{4})(?P<m>[0-9]{2})",
    "yyyy": r"(?P<y>[0-9]{4})",
    "yyyy-mm-dd": r"(?P<y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})",
    "yyyy/mm/dd": r"(?P<y>[0-9]{4})/(?P<m>[0-9]{2})/(?P<d>[0-9]{2})",
    "wareki": r"(?P<e>[1-5MTSHR])(?P<y>[0-9]{2})(?P<m>[0-9]{2})(?P<d>[0-9]{2})",
    "wareki-letter": r"(?P<e>[1-5MTSHR])(?P<y>[0-9]{2})(?P<m>[0-9]{2})(?P<d>[0-9]{2})",
    "wareki5": r"(?P<e>[1-5MTSHR])(?P<y>[0-9]{2})(?P<m>[0-9]{2})",
    "wareki3": r"(?P<e>[1-5MTSHR])(?P<y>[0-9]{2})",
}
_PATTERNS = {form: re.compile(pattern) for form, pattern in _FORMS.items()}

DATE_FORMS: Mapping[str, int] = MappingProxyType(
    {"yyyymmdd": 8, "yyyymm": 6, "yyyy": 4, "yyyy-mm-dd": 10, "yyyy/mm/dd": 10}
    | {"wareki": 7, "wareki-letter": 7, "wareki5": 5, "wareki3": 3}
)
"""Form → characters. Both wareki forms read era digits and letters; they differ in what `format_date` writes."""


class Precision(StrEnum):
    """「精度」 What of a date is known 「日不詳・月日不詳」."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class HistoricDate:
    """「日付」 A date as precise as it was written. `month` or `day` is None where the register says "unknown".

    `warning` is ERA_OVERRUN, NOT_ON_CALENDAR or None; `mark` is OPEN for an end that was written as all nines
    (year 9999, no month). `written` is the text that it was read from; it takes no part in comparison.
    """

    year: int
    month: int | None = None
    day: int | None = None
    warning: str | None = None
    mark: str | None = None
    written: str = field(default="", compare=False, repr=False)

    @property
    def precision(self) -> Precision:
        """How far `iso` goes: a day that is on no calendar counts as unknown."""
        if self.month is None:
            return Precision.YEAR
        return Precision.MONTH if self.day is None or self.warning == NOT_ON_CALENDAR else Precision.DAY

    def iso(self) -> str:
        """`1974-08-15`, `1974-08` or `1974`: what is known and no more."""
        match self.precision:
            case Precision.DAY:
                return f"{self.year:04}-{self.month:02}-{self.day:02}"
            case Precision.MONTH:
                return f"{self.year:04}-{self.month:02}"
            case Precision.YEAR:
                return f"{self.year:04}"


def _refusal(reason: str) -> InputError:
    return InputError(Fault("DEC-007", facts={"reason": reason}))


def parse_wareki(text: str) -> HistoricDate:
    """Seven characters: era digit 1–5 or letter M T S H R, then YYMMDD. Raises InputError DEC-007."""
    date = parse_date(text, "wareki")
    if date is None:
        raise _refusal("blank")
    return date


@lru_cache(maxsize=1 << 17)
def parse_date(text: str, form: str) -> HistoricDate | None:
    """The date in `text`, written in `form` (a key of DATE_FORMS). Blank is None; all nines are OPEN.

    Raises InputError DEC-007 with the reason (form, month, day, year, too-early), never the text.
    """
    if not text.strip(" "):
        return None
    if len(text) == DATE_FORMS[form] and not text.strip("9"):
        return HistoricDate(9999, mark=OPEN, written=text)
    match = _PATTERNS[form].fullmatch(text)
    if not match:
        raise _refusal("form")
    parts = match.groupdict()
    year, month, day = int(parts["y"]), int(parts.get("m") or 0), int(parts.get("d") or 0)
    _check_parts(year, month, day)
    era = parts.get("e")
    overrun = False
    if era is not None:
        year, overrun = _in_era(era, year, month, day)
    return HistoricDate(year, month or None, day or None, _warning(year, month, day, overrun=overrun), written=text)


def _check_parts(year: int, month: int, day: int) -> None:
    if year == 0:
        raise _refusal("year")
    if month > 12 or (month == 0 and day):
        raise _refusal("month")
    if day > 31:
        raise _refusal("day")


def _in_era(era: str, year: int, month: int, day: int) -> tuple[int, bool]:
    """The Gregorian year, and whether the era had ended. An unknown month or day gets the benefit of the doubt."""
    index = _ERAS.index(era) if era in _ERAS else int(era) - 1
    year += _STARTS[index][0] - 1
    precision = 3 if day else 2 if month else 1
    written = (year, month, day)[:precision]
    if written < _STARTS[index][:precision]:
        raise _refusal("too-early")
    over = written >= _STARTS[index + 1] if day else written > _STARTS[index + 1][:precision]
    # A month or year that only begins in the era may be meant in full: 平成31年5月 has no day in Heisei at all.
    if not over and month and not day:
        over = written == _STARTS[index + 1][:2] and _STARTS[index + 1][2] == 1
    return year, over


def _warning(year: int, month: int, day: int, *, overrun: bool) -> str | None:
    if day and day > calendar.monthrange(year, month)[1]:
        return NOT_ON_CALENDAR
    return ERA_OVERRUN if overrun else None


def format_date(date: HistoricDate, form: str) -> str:
    """The text of `date` in `form`; what was read comes back as it was written wherever `form` would write it so.

    Unknown months and days are written 00; a form without month or day cuts them off. Raises InputError DEC-018
    for a date that no era of a wareki form can hold.
    """
    if date.written and len(date.written) == DATE_FORMS[form] and _was_written(date, date.written, form):
        return date.written
    return _canonical(date, form)


@lru_cache(maxsize=1 << 16)
def _was_written(date: HistoricDate, text: str, form: str) -> bool:
    if form.startswith("wareki") and text[0].isdigit() is (form == "wareki-letter"):
        return False
    try:
        return parse_date(text, form) == date
    except InputError:
        return False


@lru_cache(maxsize=1 << 16)
def _canonical(date: HistoricDate, form: str) -> str:
    if date.mark == OPEN:
        return "9" * DATE_FORMS[form]
    if form.startswith("wareki"):
        return _format_wareki(date, form)
    text = f"{date.year:04}{date.month or 0:02}{date.day or 0:02}"
    return f"{text[:4]}{form[4]}{text[4:6]}{form[4]}{text[6:]}" if len(form) == 10 else text[: len(form)]


def _format_wareki(date: HistoricDate, form: str) -> str:
    known = (date.year, *(part for part in (date.month, date.day) if part is not None))
    index = max((i for i in range(len(_ERAS)) if known >= _STARTS[i][: len(known)]), default=-1)
    year = date.year - _STARTS[index][0] + 1
    if index < 0 or year > 99:
        raise InputError(Fault("DEC-018", facts={"reason": "no era"}))
    era = _ERAS[index] if form == "wareki-letter" else str(index + 1)
    return f"{era}{year:02}{date.month or 0:02}{date.day or 0:02}"[: DATE_FORMS[form]]
