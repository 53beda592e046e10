"""TOML tables → settings. Every fault of a file at once, each with its key path and what to write instead."""

from __future__ import annotations

import re
import typing
from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from kakehashi.config.reading import Reading
from kakehashi.config.settings import Settings
from kakehashi.errors import Fault, Place
from kakehashi.mapping.converters import close_names

__all__ = ["check"]

_S = TypeVar("_S", bound=Settings)
_EXPECTED = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "date_type": "a day without quotes: 2026-12-01",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "tuple_type": "a list of tables",
}
_LIMITS = {"ge": "≥ {}", "le": "≤ {}", "gt": "> {}", "lt": "< {}", "min_length": "at least {} characters",
           "max_length": "at most {} characters", "pattern": "the form {}", "expected": "{}"}  # fmt: skip
_LOCATION = re.compile(r"\.(\d+)")


def check(reading: Reading, model: type[_S], data: Mapping[str, object], *, file: str) -> _S | None:
    """The settings; None when there are faults, which `reading` has then."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        reading.faults += [_fault(model, detail, file) for detail in details]
        return None


def _fault(model: type[Settings], detail: ErrorDetails, file: str) -> Fault:
    path = _LOCATION.sub(lambda at: f"[{int(at[1]) + 1}]", ".".join(map(str, detail["loc"])))
    place = Place(file=file, item=path or None)
    match detail["type"]:
        case "extra_forbidden":
            return Fault("CFG-002", place, close_names(str(detail["loc"][-1]), _siblings(model, detail["loc"][:-1])))
        case "missing":
            return Fault("CFG-004", place)
        case kind:
            return Fault("CFG-003", place, {"expected": _expected(kind, detail)})


def _expected(kind: str, detail: ErrorDetails) -> str:
    """What to write: made of the model's own limits, never of what stands in the file."""
    context = detail.get("ctx", {})
    for name, form in _LIMITS.items():
        if name in context:
            return form.format(context[name])
    if kind == "value_error":
        return str(context.get("error", ""))
    return _EXPECTED.get(kind, kind)


def _siblings(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """The keys that exist where an unknown one stands."""
    for step in location:
        if isinstance(step, str):
            field = next(each for name, each in model.model_fields.items() if step in {name, each.alias})
            model = _inner_model(field.annotation) or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _inner_model(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in typing.get_args(annotation) if (found := _inner_model(each))), None)
