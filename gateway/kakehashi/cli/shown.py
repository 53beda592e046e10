"""What people and programs see of a span: masked where it must be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from kakehashi.codec.inspection.privacy import is_number
from kakehashi.codec.inspection.reading import printable
from kakehashi.codec.inspection.span import Cell, Known, Picture, Privacy, Span
from kakehashi.domain.japanese_date import HistoricDate
from kakehashi.errors import Fault

__all__ = ["MASK", "NO_ITEM", "Shown", "cell_text", "fault_text", "hex_lines", "hidden", "record_faults", "shown"]

MASK = "***"
NO_ITEM = {"en": "(no item)", "ja": "(項目外)"}
_DASH = "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A span as texts. `look`: masked, fault, nil, text, number, date or other; `at`: byte in its record, from 1."""

    offset: int
    at: int
    length: int
    hex: str
    text: str
    item: str
    form: str
    value: str
    fault: Fault | None
    look: str


def shown(picture: Picture, *, reveal: bool) -> Iterable[Shown]:
    """The lines of a record, in order. Those of a parent before the record count from their own beginning."""
    for span in picture.spans:
        masked = span.masked(reveal=reveal)
        inside = picture.offset <= span.start <= picture.offset + picture.size
        yield Shown(
            offset=span.start,
            at=span.start - picture.offset + 1 if inside else 0,
            length=len(span.raw),
            hex=" ".join(["**"] * len(span.raw)) if masked else span.raw.hex(" ").upper(),
            text=MASK if masked else span.text,
            item=span.name,
            form=span.form,
            value=_value(span, masked=masked),
            fault=_safe(span.fault) if masked and span.fault else span.fault,
            look=_look(span, masked=masked),
        )


def hex_lines(line: Shown, width: int) -> list[str]:
    """The bytes in hexadecimal, `width` a line."""
    digits = line.hex.split(" ") if line.hex else []
    return [" ".join(digits[at : at + width]) for at in range(0, len(digits), width)]


def _value(span: Span, *, masked: bool) -> str:
    if not span.read or span.fault is not None:
        return ""
    return MASK if masked else cell_text(span.value)


def _look(span: Span, *, masked: bool) -> str:
    if span.fault is not None:
        return "fault"
    if masked:
        return "masked"
    match span.value:
        case _ if not span.read:
            return "other"
        case None:
            return "nil"
        case HistoricDate():
            return "date"
        case int() | float() | Decimal():
            return "number"
        case _:
            return "text"


def record_faults(picture: Picture, *, reveal: bool) -> tuple[Fault, ...]:
    """The faults that no line bears. Where something is masked, those of items lose their facts."""
    masked = any(span.masked(reveal=reveal) for span in picture.spans)
    return tuple(_safe(fault) if masked and fault.place.item else fault for fault in picture.faults)


def _safe(fault: Fault) -> Fault:
    """The facts of a fault may name a byte or a character."""
    return Fault(fault.code, fault.place)


def fault_text(fault: Fault | None, lang: str) -> str:
    """Code, meaning and facts in one line, without the place."""
    if fault is None:
        return ""
    facts = ", ".join(f"{name}={value}" for name, value in fault.facts.items())
    meaning = fault.problem.ja if lang == "ja" else fault.problem.en
    return f"{fault.code} {meaning} ({facts})" if facts else f"{fault.code} {meaning}"


def cell_text(value: Cell) -> str:
    """A value for people: dates as precise as they are, with what is odd about them."""
    match value:
        case None:
            return _DASH
        case HistoricDate():
            odd = value.mark or value.warning
            return f"{value.iso()} {odd}" if odd else value.iso()
        case Decimal():
            return format(value, "f")
        case tuple():
            return " ".join(map(cell_text, value))
        case _:
            return printable(str(value))


def hidden(known: Known | None, *values: Cell, reveal: bool) -> bool:
    """Whether values of an item stay hidden: by its mark, or because one looks like an individual number."""
    privacy = Privacy.OPEN if known is None else known.privacy
    return privacy > (Privacy.SENSITIVE if reveal else Privacy.OPEN) or is_number(*values)
