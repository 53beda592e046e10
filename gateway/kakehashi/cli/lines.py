"""Lines of JSON as values of a layout's items."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal

from kakehashi.codec.layout import Item, ItemType, Value
from kakehashi.domain.japanese_date import HistoricDate

__all__ = ["parsed", "typed"]

_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")


def parsed(line: str) -> dict[str, object]:
    """Raises ValueError, TypeError or RecursionError for what is no object."""
    values = json.loads(line, parse_float=Decimal)
    if not isinstance(values, dict):
        raise TypeError
    return values


def typed(values: Mapping[str, object], items: Mapping[str, Item]) -> dict[str, Value]:
    by_json = {name.replace("-", "_"): item for name, item in items.items()}
    return {by_json[name].name: _value(value, by_json[name]) for name, value in values.items()}


def _value(value: object, item: Item) -> Value:
    if isinstance(value, list):
        return tuple(_value(each, item) for each in value)
    if item.type is ItemType.DATE and isinstance(value, str):
        found = _DATE.fullmatch(value)
        if found is None:
            raise ValueError(item.name)
        year, month, day = found.groups()
        return HistoricDate(int(year), int(month) if month else None, int(day) if day else None)
    if value is None or isinstance(value, (str, int, Decimal)):
        return value
    raise TypeError(item.name)
