"""Which record type a record is, by the content of the layout's selector."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kakehashi.codec.charset import charset_named
from kakehashi.codec.layout import Layout, Record, Role

__all__ = ["Classifier"]


class Classifier:
    """Types of records. None: no type has this selector (or the record is too short to show one).

    A record type without a selector takes what no other type claims; a header without one is the first record.
    """

    def __init__(self, layout: Layout, *, field: Callable[[bytes], bytes | None]) -> None:
        charset = charset_named(layout.charset, layout.gaiji)
        self._types = {charset.encode(r.selector): r for r in layout.records if r.selector is not None}
        plain = [record for record in layout.records if record.selector is None]
        self._first = next((r for r in plain if r.role is Role.HEADER and len(layout.records) > 1), None)
        self._other = next((record for record in plain if record is not self._first), None)
        self.selector = field
        self.single = len(layout.records) == 1 and not self._types

    def types(self, payloads: Sequence[bytes], *, first: bool) -> list[Record | None]:
        """The type of each record; `first` says that they begin a file."""
        field, known, other = self.selector, self._types, self._other
        found = [known.get(field(payload) or b"", other) for payload in payloads] if known else [other] * len(payloads)
        if first and found and self._first is not None:
            found[0] = self._first
        return found
