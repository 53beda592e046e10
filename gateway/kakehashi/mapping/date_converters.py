"""Converters of dates: as precise as written, never more (domain.md §9)."""

from __future__ import annotations

from kakehashi.domain.japanese_date import OPEN, HistoricDate, Precision, format_date, parse_date
from kakehashi.mapping.step import Argument, Converter, Parameter, Step, Value, refusal

__all__ = ["DATE_CONVERTERS", "historic_date"]


def historic_date(value: Value, form: str) -> HistoricDate | None:
    """A date as it is, or read from text in `form`."""
    if isinstance(value, HistoricDate):
        return value
    if isinstance(value, (str, int)):
        return parse_date(str(value), form)
    raise refusal(expected="a date")


def _read(form: str) -> Step:
    return Step(call=lambda value: historic_date(value, form), may_be_none=True)


def _known(value: Value) -> HistoricDate | None:
    """None for an open end 「99999999」."""
    if not isinstance(value, HistoricDate):
        raise refusal(expected="a date; put date(…) or wareki before")
    return None if value.mark == OPEN else value


def _year(value: Value) -> Value:
    date = _known(value)
    return f"{date.year:04}" if date else None


def _fiscal_year(value: Value) -> Value:
    """「年度」 April to March."""
    date = _known(value)
    if date is None:
        return None
    if date.month is None:
        raise refusal(expected="a date with its month")
    return f"{date.year - (date.month < 4):04}"


def _date_as(arguments: tuple[Argument, ...]) -> Step:
    form = str(arguments[0])

    def write(value: Value) -> Value:
        date = value if isinstance(value, HistoricDate) else _from_iso(value)
        return format_date(date, form)

    return Step(call=write, text=True)


def _from_iso(value: Value) -> HistoricDate:
    if isinstance(value, str):
        form = {10: "yyyy-mm-dd", 8: "yyyymmdd", 4: "yyyy"}.get(len(value))
        if form is None and len(value) == 7 and value[4] == "-":
            value, form = value.replace("-", ""), "yyyymm"
        date = parse_date(value, form) if form else None
        if date is not None:
            return date
    raise refusal(expected="a date")


def _iso(value: Value) -> Value:
    date = _known(value)
    return date.iso() if date else None


def _whole_day(value: Value) -> Value:
    """Refuses what is not known to the day."""
    date = _known(value)
    if date is not None and date.precision is not Precision.DAY:
        raise refusal(expected="a date known to the day")
    return date


_FORM = Parameter(name="form", type="form", default="yyyymmdd")
_AUGUST = HistoricDate(1974, 8, 15)

DATE_CONVERTERS = (
    Converter(name="date", meaning="Text → date", build=lambda arguments: _read(str(arguments[0])), parameters=(_FORM,),
              examples=(("date", "19740815", _AUGUST), ("date(yyyymm)", "197408", HistoricDate(1974, 8)))),
    Converter(name="wareki", meaning="和暦, seven characters (era digit or letter, YYMMDD) → date",
              build=lambda _: _read("wareki"), examples=(("wareki", "3490815", _AUGUST),
                                                         ("wareki", "3490800", HistoricDate(1974, 8)))),
    Converter(name="whole_day", meaning="Refuses a date that is not known to the day",
              build=lambda _: Step(call=_whole_day, may_be_none=True), examples=(("whole_day", _AUGUST, _AUGUST),)),
    Converter(name="year", meaning="Date → year, four digits",
              build=lambda _: Step(call=_year, may_be_none=True, text=True), examples=(("year", _AUGUST, "1974"),)),
    Converter(name="fiscal_year", meaning="Date → fiscal year 年度 (from April), four digits",
              build=lambda _: Step(call=_fiscal_year, may_be_none=True, text=True),
              examples=(("fiscal_year", HistoricDate(1974, 3, 31), "1973"),)),
    Converter(name="iso", meaning="Date → text `1974-08-15`, `1974-08` or `1974`: what is known",
              build=lambda _: Step(call=_iso, may_be_none=True, text=True), examples=(("iso", _AUGUST, "1974-08-15"),)),
    Converter(name="date_as", meaning="Date (or its ISO text) → text in `form`", build=_date_as, parameters=(_FORM,),
              examples=(("date_as(wareki)", "1974-08-15", "3490815"), ("date_as", _AUGUST, "19740815"))),
)  # fmt: skip
