"""Items of dates: D 「日付」 in one of the forms of `kakehashi.domain.japanese_date`."""

from __future__ import annotations

from collections.abc import Sequence

from kakehashi.codec.layout import Value
from kakehashi.codec.text_form import Charset, damage
from kakehashi.domain.japanese_date import HistoricDate, format_date, parse_date
from kakehashi.errors import InputError

__all__ = ["DateCodec"]

_REMEMBERED = 1 << 17
"""Distinct dates that one item keeps: a register has far fewer."""


class _Dates(dict[str, HistoricDate]):
    """Text → date, read on first sight. Only readable texts are remembered."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self._form = form

    def __missing__(self, text: str) -> HistoricDate:
        date = parse_date(text, self._form)
        if date is None:
            raise damage("DEC-007", 0, reason="blank")
        if len(self) >= _REMEMBERED:
            self.clear()
        self[text] = date
        return date


class DateCodec:
    """「日付」 A date in `form`. What no era can hold is DEC-007; letters and digits of eras are both read."""

    def __init__(self, charset: Charset, *, form: str) -> None:
        self._charset = charset
        self._form = form
        self._dates = _Dates(form)

    def read(self, raw: bytes) -> HistoricDate:
        try:
            return self._dates[self._charset.narrow.read(raw)]
        except InputError as error:
            raise damage(error.fault.code, error.fault.place.offset or 0, **error.fault.facts) from None

    def read_all(self, raws: Sequence[bytes]) -> Sequence[Value]:
        return list(map(self._dates.__getitem__, self._charset.narrow.read_all(raws)))

    def write(self, value: Value) -> bytes:
        date = parse_date(value, self._form) if isinstance(value, str) else value
        if not isinstance(date, HistoricDate):
            raise damage("DEC-018", reason="not a date")
        return self._charset.encode(format_date(date, self._form))
