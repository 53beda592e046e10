"""Dates of old registers: domain.md §9, row by row, and the way back."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kakehashi.domain.japanese_date import (
    DATE_FORMS,
    ERA_OVERRUN,
    NOT_ON_CALENDAR,
    OPEN,
    HistoricDate,
    Precision,
    format_date,
    parse_date,
    parse_wareki,
)
from kakehashi.errors import InputError

ROWS = [
    ("5010501", "2019-05-01", None, Precision.DAY),
    ("R010501", "2019-05-01", None, Precision.DAY),
    ("4310501", "2019-05-01", ERA_OVERRUN, Precision.DAY),
    ("4310430", "2019-04-30", None, Precision.DAY),
    ("3640107", "1989-01-07", None, Precision.DAY),
    ("3640108", "1989-01-08", ERA_OVERRUN, Precision.DAY),
    ("4010108", "1989-01-08", None, Precision.DAY),
    ("3490800", "1974-08", None, Precision.MONTH),
    ("3490000", "1974", None, Precision.YEAR),
    ("4310500", "2019-05", ERA_OVERRUN, Precision.MONTH),
    ("3640100", "1989-01", None, Precision.MONTH),
    ("3490231", "1974-02", NOT_ON_CALENDAR, Precision.MONTH),
    ("1010125", "1868-01-25", None, Precision.DAY),
    ("M010125", "1868-01-25", None, Precision.DAY),
    ("T010730", "1912-07-30", None, Precision.DAY),
    ("S011225", "1926-12-25", None, Precision.DAY),
]


@pytest.mark.parametrize(("text", "iso", "warning", "precision"), ROWS)
def test_a_wareki_date_keeps_its_precision_and_its_warning(text, iso, warning, precision):
    """Era overrun and days on no calendar are kept with a warning; unknown days are never invented."""
    date = parse_wareki(text)
    assert (date.iso(), date.warning, date.precision) == (iso, warning, precision)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("4010107", "too-early"),
        ("2010729", "too-early"),
        ("2010600", "too-early"),
        ("1010124", "too-early"),
        ("5000101", "year"),
        ("3491301", "month"),
        ("3490001", "month"),
        ("3490832", "day"),
        ("6010101", "form"),
        ("X010101", "form"),
        ("349080", "form"),
        ("３490801", "form"),
        ("0000000", "form"),
        ("       ", "blank"),
    ],
)
def test_an_impossible_date_is_refused_with_its_reason_and_without_its_text(text, reason):
    """DEC-007 names the reason only."""
    with pytest.raises(InputError) as caught:
        parse_wareki(text)
    assert caught.value.fault.code == "DEC-007"
    assert caught.value.fault.facts == {"reason": reason}


def test_a_day_on_no_calendar_keeps_the_day_that_was_written():
    """暦上日以外: the register's own day stays readable, though `iso` never shows it."""
    date = parse_wareki("3490231")
    assert (date.month, date.day) == (2, 31)
    assert format_date(date, "wareki") == "3490231"


@pytest.mark.parametrize(
    ("text", "form", "iso"),
    [
        ("19740815", "yyyymmdd", "1974-08-15"),
        ("19740800", "yyyymmdd", "1974-08"),
        ("19740000", "yyyymmdd", "1974"),
        ("197408", "yyyymm", "1974-08"),
        ("1974", "yyyy", "1974"),
        ("1974-08-15", "yyyy-mm-dd", "1974-08-15"),
        ("1974/08/15", "yyyy/mm/dd", "1974-08-15"),
        ("34908", "wareki5", "1974-08"),
        ("349", "wareki3", "1974"),
        ("S490815", "wareki-letter", "1974-08-15"),
    ],
)
def test_every_form_is_read_and_written_alike(text, form, iso):
    """What a form reads, the same form writes."""
    date = parse_date(text, form)
    assert date is not None
    assert date.iso() == iso
    assert format_date(date, form) == text


@pytest.mark.parametrize("form", DATE_FORMS)
def test_all_nines_are_open_and_blank_is_nothing(form):
    """99999999 is no date but an open end; blank is no value."""
    date = parse_date("9" * DATE_FORMS[form], form)
    assert date is not None
    assert date.mark == OPEN
    assert format_date(date, form) == "9" * DATE_FORMS[form]
    assert parse_date(" " * DATE_FORMS[form], form) is None


@pytest.mark.parametrize(
    "text", ["00000000", "00000101", "20240001", "20241301", "20240132", "2024011", "２０２４０１０１"]
)
def test_a_western_date_needs_a_year_and_a_possible_month_and_day(text):
    """Zeros are a date to nobody: where they mean "nothing", the layout says so."""
    with pytest.raises(InputError):
        parse_date(text, "yyyymmdd")


def test_an_overrun_era_is_written_back_as_it_stood():
    """平成31年5月1日 stays 4310501 in the file that it came from and is 令和元年 in any other form."""
    date = parse_wareki("4310501")
    assert format_date(date, "wareki") == "4310501"
    assert format_date(date, "wareki-letter") == "R010501"
    assert format_date(HistoricDate(2019, 5, 1), "wareki") == "5010501"


def test_equal_dates_do_not_share_what_was_written():
    """The text that a date was read from belongs to that date alone, memoised or not."""
    assert format_date(parse_wareki("5010501"), "wareki") == "5010501"
    assert format_date(parse_wareki("R010501"), "wareki-letter") == "R010501"
    assert parse_wareki("5010501") == parse_wareki("R010501")


@pytest.mark.parametrize("date", [HistoricDate(1868, 1, 24), HistoricDate(1700), HistoricDate(2118, 1, 1)])
def test_a_date_outside_the_eras_has_no_wareki(date):
    """Before 明治 there is no era digit, after 令和99年 no two-digit year."""
    with pytest.raises(InputError) as caught:
        format_date(date, "wareki")
    assert caught.value.fault.code == "DEC-018"


@given(st.dates(min_value=dt.date(1868, 1, 25), max_value=dt.date(2117, 12, 31)), st.sampled_from(sorted(DATE_FORMS)))
def test_every_day_since_meiji_goes_through_every_form(day, form):
    """Writing and reading a date loses only what the form has no place for."""
    text = format_date(HistoricDate(day.year, day.month, day.day), form)
    back = parse_date(text, form)
    assert back is not None
    assert back.warning is None
    assert day.isoformat().startswith(back.iso())


@given(st.text(alphabet="0123456789MTSHR ", max_size=9), st.sampled_from(sorted(DATE_FORMS)))
def test_any_text_is_a_date_or_a_documented_fault(text, form):
    """No text makes the reader fail in another way."""
    codes = []
    try:
        date = parse_date(text, form)
    except InputError as error:
        codes.append(error.fault.code)
    else:
        back = date and parse_date(format_date(date, form), form)
        assert (back and back.iso()) == (date and date.iso())
    assert codes in ([], ["DEC-007"])
