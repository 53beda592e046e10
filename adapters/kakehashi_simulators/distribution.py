"""「配信」 What SYM-904 says: layout versions, code masters and special times, as the admin sets them.

A layout that the admin does not name is live: its schema is there. One with days is taken on its days alone.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from xml.sax.saxutils import escape

from kakehashi_simulators.clock import SimulatedClock

__all__ = ["Distribution"]

_SINCE = "2026-04-01"
_JAPAN_SECONDS = 9 * 3600
_DAY = re.compile("20[0-9]{2}-[0-9]{2}-[0-9]{2}")
_ITEM = ("code", "name", "type", "digits", "decimals", "occurs", "required", "codes", "absence")
_ITEM_ELEMENTS = ("ItemCode", "Name", "Type", "Digits", "Decimals", "Occurs", "Required", "CodeMaster", "Absence")


class _Layout(NamedTuple):
    info: str
    version: str
    first: str
    last: str
    items: str


class Distribution:
    """Thread-safe: what is set is replaced as a whole."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        with self._lock:
            self._layouts: tuple[_Layout, ...] = ()
            self._masters = self._calendar = ""

    def announce(self, given: Mapping[str, object]) -> object:
        """POST /distribution: lists `layouts`, `masters`, `special`; in the place of all before. Raises ValueError."""
        if not set(given) <= {"layouts", "masters", "special"}:
            raise ValueError("lists named layouts, masters and special are expected")
        layouts = tuple(map(_layout, _objects(given, "layouts")))
        masters = "".join(map(_master, _objects(given, "masters")))
        calendar = "".join(map(_special, _objects(given, "special")))
        with self._lock:
            self._layouts, self._masters, self._calendar = layouts, masters, calendar
        return {"layouts": len(layouts)}

    def taken(self, known: set[tuple[str, ...]]) -> set[tuple[str, ...]]:
        """Those of the known layouts, by (information, version), that are taken today."""
        with self._lock:
            layouts = self._layouts
        if not layouts:
            return known
        today = time.strftime("%Y-%m-%d", time.gmtime(self._clock.now() + _JAPAN_SECONDS))
        closed = {(each.info, each.version) for each in layouts if not each.first <= today <= (each.last or "9")}
        return known - closed

    def xml(self, known: set[tuple[str, ...]]) -> str:
        with self._lock:
            layouts, masters, calendar = self._layouts, self._masters, self._calendar
        named = {(each.info, each.version) for each in layouts}
        others = (_Layout(info, version, _SINCE, "", "") for info, version in known - named)
        told = "".join(map(_written, sorted([*layouts, *others])))
        return f"<Layouts>{told}</Layouts><CodeMasters>{masters}</CodeMasters>" + f"<Calendar>{calendar}</Calendar>"


def _objects(given: Mapping[str, object], name: str) -> list[dict[str, object]]:
    found = given.get(name, [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise ValueError(f"{name}: a list of objects is expected")
    return found


def _text(given: Mapping[str, object], name: str) -> str:
    return escape(str(given.get(name, "")))


def _days(given: Mapping[str, object]) -> tuple[str, str]:
    first, last = _text(given, "valid_from"), _text(given, "valid_to")
    if not _DAY.fullmatch(first) or (last and not _DAY.fullmatch(last)):
        raise ValueError("valid_from, and perhaps valid_to, are days as 2027-07-01")
    return first, last


def _layout(given: Mapping[str, object]) -> _Layout:
    items = "".join(f"<Item>{''.join(_item(each))}</Item>" for each in _objects(given, "items"))
    return _Layout(_text(given, "info_name"), _text(given, "version"), *_days(given), items)


def _item(given: Mapping[str, object]) -> Iterator[str]:
    for name, element in zip(_ITEM, _ITEM_ELEMENTS, strict=True):
        text = _text(given, name)
        if name == "required":
            text = "1" if text in ("yes", "True", "1") else "0"
        if text:
            yield f"<{element}>{text}</{element}>"


def _written(layout: _Layout) -> str:
    until = f"<ValidTo>{layout.last}</ValidTo>" if layout.last else ""
    return (
        f"<Layout><InfoName>{layout.info}</InfoName><Version>{layout.version}</Version>"
        f"<ValidFrom>{layout.first}</ValidFrom>{until}{layout.items}</Layout>"
    )


def _master(given: Mapping[str, object]) -> str:
    first, last = _days(given)
    codes = str(given.get("codes", "")).split()
    until = f"<ValidTo>{last}</ValidTo>" if last else ""
    return (
        f"<CodeMaster><Name>{_text(given, 'name')}</Name><Version>{_text(given, 'version')}</Version>"
        f"<ValidFrom>{first}</ValidFrom>{until}{''.join(f'<Code>{escape(code)}</Code>' for code in codes)}"
        "</CodeMaster>"
    )


def _special(given: Mapping[str, object]) -> str:
    parts = zip(("Kind", "From", "To"), ("kind", "from", "to"), strict=True)
    return f"<Special>{''.join(f'<{element}>{_text(given, name)}</{element}>' for element, name in parts)}</Special>"
