"""Items of dates: D 「日付」 in one of the forms of `kakehashi.domain.japanese_date`."""

from __future__ import annotations

from collections.abc import Sequence

from kakehashi.codec.layout import Value
from kakehashi.codec.text_form import Charset, damage
from kakehashi.domain.japanese_date import HistoricDate, format_date, parse_date
from kakehashi.errors import InputError

__all__ = ["DateCodec"]


class DateCodec:
    """「日付」 A date in `form`. What no era can hold is DEC-007; letters and digits of eras are both read."""

    def __init__(self, charset: Charset, *, form: str) -> None:
        self._charset = charset
        self._form = form

    def read(self, raw: bytes) -> HistoricDate:
        text = self._charset.narrow.read(raw)
        try:
            date = parse_date(text, self._form)
        except InputError as error:
            raise damage(error.fault.code, 0, **error.fault.facts) from None
        if date is None:
            raise damage("DEC-007", 0, reason="blank")
        return date

    def read_all(self, raws: Sequence[bytes]) -> Sequence[Value]:
        return [self.read(raw) for raw in raws]

    def write(self, value: Value) -> bytes:
        date = parse_date(value, self._form) if isinstance(value, str) else value
        if not isinstance(date, HistoricDate):
            raise damage("DEC-018", reason="not a date")
        return self._charset.encode(format_date(date, self._form))
