"""Lines of a fixed number of columns, without a title line: items by column, empty where there is nothing.

With a quote character a column may be enclosed in it (a quote inside is doubled); a line end never stands in a column.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from kakehashi.codec.charset import charset_named
from kakehashi.codec.columns import Columns, columns_of
from kakehashi.codec.layout import Layout, Record, Value
from kakehashi.codec.record_plan import Exploded
from kakehashi.errors import Fault, InputError, Place

__all__ = ["DelimitedPlan", "splitter"]

_TWO_BYTES = rb"[\x81-\x9f\xe0-\xfc][\x40-\x7e\x80-\xfc]"


def splitter(layout: Layout) -> Callable[[bytes], list[bytes]]:
    """Cuts a line into its columns, quotes included.

    A delimiter that may be the second byte of a CP932 character (`|` may) is looked for between characters only.
    """
    charset = charset_named(layout.charset, layout.gaiji)
    delimiter = charset.encode(layout.format.delimiter)
    quote = charset.encode(layout.format.quote)
    hidden = charset.name == "cp932" and delimiter >= b"\x40"
    if not (quote or hidden):
        return lambda line: line.split(delimiter)
    stop = re.escape(delimiter)
    mark = re.escape(quote)
    plain = rb"(?:%b[^%b%b])*+" % (_TWO_BYTES + b"|" if hidden else b"", mark, stop)
    enclosed = rb"%b(?:[^%b]|%b%b)*+%b|" % (mark, mark, mark, mark, mark) if quote else b""
    token = re.compile(rb"(%b%b)(?:%b|\Z)" % (enclosed, plain, stop), re.DOTALL)
    return lambda line: _tokens(token, line)


def _tokens(token: re.Pattern[bytes], line: bytes) -> list[bytes]:
    """The columns; none when something follows a closing quote."""
    parts, at = [], 0
    while found := token.match(line, at):
        parts.append(found[1])
        if found.end() == found.end(1):
            return parts
        at = found.end()
    return []


class DelimitedPlan:
    """A record type as a line of columns."""

    def __init__(self, layout: Layout, record: Record) -> None:
        self.record = record
        self.columns: Columns = columns_of(record, layout, varying=True)
        self._split = splitter(layout)
        self._places = [column.start for column in self.columns.columns]
        self._count = max(self._places) + 1
        charset = charset_named(layout.charset, layout.gaiji)
        self._delimiter = charset.encode(layout.format.delimiter)
        self._quote = charset.encode(layout.format.quote)
        self._selector = (layout.format.selector_start, charset.encode(record.selector)) if record.selector else None

    def explode(self, payloads: Sequence[bytes]) -> Exploded:
        rows = [self._split(payload) for payload in payloads]
        kept: Sequence[int] = range(len(rows))
        refused: dict[int, list[Fault]] = {}
        if set(map(len, rows)) - {self._count}:
            kept = [index for index, row in enumerate(rows) if len(row) == self._count]
            refused = {i: [self._miscounted(payloads[i], row)] for i, row in enumerate(rows) if len(row) != self._count}
        columns = list(zip(*[rows[index] for index in kept], strict=True)) if kept else [()] * self._count
        contents: list[Sequence[bytes]] = [columns[place] for place in self._places]
        if self._quote:
            contents = [[self._bare(raw) for raw in column] for column in contents]
        return Exploded(contents, kept, refused)

    def _miscounted(self, payload: bytes, row: Sequence[bytes]) -> Fault:
        """At the first column too many, or where the line ends too soon."""
        offset = len(payload)
        if len(row) > self._count:
            offset = sum(map(len, row[: self._count])) + (self._count - 1) * len(self._delimiter)
        return Fault("DEC-017", Place(offset=offset), {"columns": len(row), "expected": self._count})

    def _bare(self, raw: bytes) -> bytes:
        quote = self._quote
        if len(raw) < 2 or not (raw.startswith(quote) and raw.endswith(quote)):
            return raw
        return raw[1:-1].replace(quote * 2, quote)

    def start_of(self, payload: bytes, column: int) -> int:
        row = self._split(payload)
        place = self._places[column]
        enclosed = bool(self._quote) and row[place].startswith(self._quote)
        return sum(map(len, row[:place])) + place * len(self._delimiter) + enclosed

    def write(self, row: Sequence[Value]) -> bytes:
        fields = [b""] * self._count
        if self._selector:
            fields[self._selector[0]] = self._selector[1]
        for index, value in enumerate(self.columns.unfold(row)):
            place = self._places[index]
            if value is not None or not fields[place]:
                fields[place] = self._enclosed(index, self._written(index, value))
        return self._delimiter.join(fields)

    def _written(self, index: int, value: Value) -> bytes:
        try:
            return self.columns.columns[index].codec.write(value)
        except InputError as error:
            raise InputError(self.columns.fault(index, error.fault, 0)) from None

    def _enclosed(self, index: int, raw: bytes) -> bytes:
        """Quoted where the content needs it. Raises DEC-018 when it does and the layout has no quote."""
        if self._quote and (self._quote in raw or len(self._split(raw)) > 1):
            return self._quote + raw.replace(self._quote, self._quote * 2) + self._quote
        if len(self._split(raw)) > 1:
            fault = Fault("DEC-018", facts={"reason": "holds the delimiter"})
            raise InputError(self.columns.fault(index, fault, 0))
        return raw

    def rewrite(self, payload: bytes, row: Sequence[Value]) -> bytes:
        fields = self._split(payload)
        for index, value in enumerate(self.columns.unfold(row)):
            column = self.columns.columns[index]
            place = self._places[index]
            if column.codec.read(self._bare(fields[place]) if self._quote else fields[place]) != value:
                fields[place] = self._enclosed(index, self._written(index, value))
        return self._delimiter.join(fields)

    def put(self, payload: bytes, column: int, raw: bytes) -> bytes:
        fields = self._split(payload)
        if len(fields) != self._count:
            raise InputError(self._miscounted(payload, fields))
        fields[self._places[column]] = self._enclosed(column, raw)
        return self._delimiter.join(fields)
