"""「検証ケース」 Golden cases: routes/ROUTE/cases/CASE/{case.toml, input.dat, expected.xml}, run by `kakehashi check`.

How a file is translated is told by the caller: the pipeline stands above this room.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import zip_longest
from typing import Literal, Protocol

from pydantic import Field

from kakehashi.codec.inspection.by_layout import LayoutInspector
from kakehashi.codec.inspection.privacy import Marks, is_number
from kakehashi.codec.inspection.span import Privacy
from kakehashi.config.checking import check
from kakehashi.config.reading import Reading
from kakehashi.config.route import Configuration, Route
from kakehashi.config.settings import Settings
from kakehashi.domain.batch import BatchBody
from kakehashi.domain.interface import Function
from kakehashi.domain.wire_form import WireForm
from kakehashi.errors import Fault, KakehashiError, Place
from kakehashi.validation.canonical import canonical_bodies

__all__ = ["CaseSettings", "Translate", "Translated", "run_cases"]

_MASK = "***"
_TAG = re.compile(rb"<([A-Za-z_][^\s/>]*)")


class CaseSettings(Settings):
    """case.toml"""

    expect: Literal["accepted", "rejected"] = Field(description="What becomes of the records of input.dat")
    code: str = Field("", description="rejected: the fault's code")
    item: str = Field("", description="rejected: the fault's item, if it has one")
    round_trip: bool = Field(default=False, description="The decoded file, encoded again, gives the same bytes")
    spec: str = Field("", description="Why: the clause of the specification, the incident")


class Translated(Protocol):
    """What a translation has to show: whole messages, and every fault."""

    @property
    def documents(self) -> Sequence[bytes]: ...

    @property
    def faults(self) -> Sequence[Fault]: ...


Translate = Callable[[Route, bytes], Translated]


def run_cases(configuration: Configuration, translate: Translate, *, routes: Sequence[str] = ()) -> list[Fault]:
    """Every case of the named routes (none named: of all); CFG-010 for each that gives another result.

    `translate` must give the same bytes for the same input, whatever the day.
    """
    reading = Reading(configuration.folder)
    for name in routes or sorted(configuration.routes):
        for case in sorted((configuration.folder / "routes" / name / "cases").glob("*/")):
            place = f"routes/{name}/cases/{case.name}"
            _run(reading, configuration.routes[name], place, translate, configuration.profile.form)
    return reading.faults


def _run(reading: Reading, route: Route, folder: str, translate: Translate, form: WireForm) -> None:
    file = f"{folder}/case.toml"
    data = reading.toml(file)
    case = None if data is None else check(reading, CaseSettings, data, file=file)
    content = reading.content(f"{folder}/input.dat")
    if case is None or content is None:
        return
    try:
        translated = translate(route, content)
        documents, faults = list(translated.documents), list(translated.faults)
    except KakehashiError as error:
        documents, faults = [], [error.fault]
    reading.faults += _verdict(case, faults, file)
    if case.expect == "accepted" and route.function is not Function.LINK:
        reading.faults += _compare(
            reading, folder, [canonical_bodies(each, form) for each in documents], hidden=_hidden(route)
        )
    if case.round_trip:
        reading.faults += _round_trip(route, content, file)


def _verdict(case: CaseSettings, faults: Sequence[Fault], file: str) -> Iterator[Fault]:
    found = ", ".join(sorted({_named(fault.code, fault.place.item or "") for fault in faults})) or "accepted"
    if case.expect == "accepted":
        if faults:
            yield Fault("CFG-010", Place(file=file, item="expect"), {"expected": "accepted", "found": found})
        return
    expected = _named(case.code or "a fault", case.item)
    met = (case.code in {"", fault.code} and case.item in {"", fault.place.item} for fault in faults)
    if not any(met):
        yield Fault("CFG-010", Place(file=file, item="code"), {"expected": expected, "found": found})


def _named(code: str, item: str) -> str:
    return f"{code} {item}".strip()


def _compare(
    reading: Reading, folder: str, messages: Sequence[list[bytes]], *, hidden: Collection[str]
) -> Iterator[Fault]:
    file = f"{folder}/expected.xml"
    expected = reading.content(file)
    if expected is None:
        return
    try:
        wanted = canonical_bodies(expected)
    except KakehashiError as error:
        yield error.fault.at(file=file)
        return
    found = [body for message in messages for body in message]
    if len(wanted) != len(found):
        yield Fault("CFG-010", Place(file=file), {"expected_messages": len(wanted), "found_messages": len(found)})
    for number, (want, have) in enumerate(zip(wanted, found, strict=False), start=1):
        if want != have:
            position = next(at for at, (one, other) in enumerate(zip_longest(want, have)) if one != other)
            (name, wanted_text), (other, found_text) = _element(want, position), _element(have, position)
            if other != name:  # an element too many or too few: names say more than contents
                wanted_text, found_text = f"<{name}>", f"<{other}>"
            elif name in hidden or is_number(wanted_text, found_text):
                wanted_text = found_text = _MASK
            facts: dict[str, str | int] = {"message": number, "expected": wanted_text, "found": found_text}
            yield Fault("CFG-010", Place(file=file, item=name), facts)


def _hidden(route: Route) -> Collection[str]:
    """The elements that a sensitive item of the layout goes into."""
    private = {known.name for known in LayoutInspector(route.codec, Marks()).items if known.privacy is not Privacy.OPEN}
    return {rule.target for rule in route.mapper.lineage if not private.isdisjoint(rule.sources)}


def _element(text: bytes, position: int) -> tuple[str, str]:
    """Name and content of the element in which a byte of a canonical text stands."""
    end = text.find(b">", position) + 1 or len(text)
    tags = list(_TAG.finditer(text, 0, end))
    if not tags:
        return "", ""
    start = text.find(b">", tags[-1].start()) + 1
    return tags[-1][1].decode(), text[start : text.find(b"<", start)].decode()


def _round_trip(route: Route, content: bytes, file: str) -> Iterator[Fault]:
    """Decode and encode each slice; the first byte that differs, in the file's own count."""
    place = Place(file=file, item="round_trip")
    split = route.codec.split(io.BytesIO(content), batch_records=route.batch_records, file=file)
    for part in split.slices:
        body = BatchBody(split.header_of(part), content[part.offset : part.offset + part.length])
        decoded = route.codec.decode(body, file=file, first_record=part.first_record, offset=part.offset)
        again = route.codec.encode(body, decoded)
        if again != body.data:
            pairs = zip_longest(again, body.data)
            at = next(index for index, (one, other) in enumerate(pairs) if one != other)
            yield Fault("CFG-010", Place(file=place.file, item=place.item, offset=part.offset + at))
