"""「証跡」 What gateway and simulators wrote down, judged: the schema's verdict on each message, the test flag, and
whether both sides saw the same.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from kakehashi.domain.wire_form import WireForm
from kakehashi_simulators.number_search import without_individual_numbers
from kakehashi_simulators.rehearsal.judging import Check
from kakehashi_simulators.schema_folder import Checker, secure_parser

__all__ = ["Gathered", "Said", "gather"]

_VIEWS = ("gateway/server", "gateway/registry", "simulators/server", "simulators/registry")
_KEPT = frozenset({
    "InfoName", "LayoutVersion", "Unit", "Sequence", "Code", "Item", "RecordNo", "Segment", "Receipt", "RetryAfter",
    "Accepted", "Status", "State", "Version", "ValidFrom", "ValidTo", "AffairCode", "ProcedureCode", "Requester",
    "Operation", "NonDisclosure", "AutoResponseBlocked", "Deadline", "AskedAt", "Deny", "ProvisionId", "After",
    "AfterId", "RequestRef", "ExpiresAt",
})  # fmt: skip
"""Elements outside of Header and Result whose text says nothing of a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message or answer. `file`: its name in the archive; empty where it cannot be shown without persons."""

    view: str
    at: str
    part: str
    message: str
    request_id: str
    records: int
    test: str
    code: str
    verdict: str
    milliseconds: int
    trouble: str
    sha256: str
    file: str


@dataclass(frozen=True, slots=True)
class Gathered:
    said: list[Said]
    checks: list[Check]
    files: dict[str, bytes]
    """Name in the archive → content."""


def gather(folder: Path, schemas: Path, form: WireForm, *, masked: bool) -> Gathered:
    """Everything below `folder` in the order of time, written in `form`. With `masked` persons are pseudonyms under a
    key that is thrown away, and what is said of them is stars. A 個人番号 is left out in any case.
    """
    reading, secret = _Reading(Checker(schemas), form), secrets.token_bytes(32)
    said: list[Said] = []
    files: dict[str, bytes] = {}
    for view in _VIEWS:
        place = folder / view
        for number, row in enumerate(sorted(_rows(place), key=lambda each: str(each["at"])), start=1):
            for part in ("request", "answer"):
                raw = (place / str(row[part])).read_bytes() if part in row else None
                if raw is None and part == "answer" and not row.get("trouble"):
                    continue
                one = reading.judged(view, part, row, raw or b"")
                shown = raw
                if raw is not None:
                    shown = reading.masked(raw, secret) if masked else without_individual_numbers(raw)
                if shown is not None:
                    name = f"evidence/{view}/{number:06}-{one.message or 'unreadable'}-{part}.xml"
                    files[name] = shown
                    one = _named(one, name)
                said.append(one)
    said.sort(key=lambda each: (each.at, each.view, each.part != "request"))
    return Gathered(said, _checks(said), files)


def _rows(place: Path) -> Iterator[Mapping[str, object]]:
    index = place / "index.jsonl"
    if index.is_file():
        for line in index.read_text(encoding="utf-8").splitlines():
            try:
                yield json.loads(line)
            except ValueError:  # the last line of a process that was killed
                continue


@dataclass(frozen=True, slots=True)
class _Reading:
    """Of messages in a format."""

    checker: Checker
    form: WireForm

    def judged(self, view: str, part: str, row: Mapping[str, object], raw: bytes) -> Said:
        """Message and code are named as on the wire."""
        root, named = _root(raw), self.form.elements
        header, code = {}, None
        if root is not None:
            above = f"{{*}}{named.get('Header', 'Header')}/*"
            header = {self._name(each): each.text or "" for each in root.iterfind(above)}
            code = root.findtext(f"{{*}}{named.get('Result', 'Result')}/{{*}}{named.get('Code', 'Code')}")
        message = header.get("MessageId", "")
        return Said(
            view=view,
            at=str(row["at"]),
            part=part,
            message=message or ("" if part == "answer" else self.form.message_id(str(row.get("message_id", "")))),
            request_id=header.get("CorrelationId" if part == "answer" else "RequestId", ""),
            records=len(root[1]) if root is not None and len(root) > 1 and part == "request" else 0,
            test=self.form.our_value("Test", header.get("Test", "")),
            code=code or "",
            verdict="" if not raw else _verdict(self.checker, root, message),
            milliseconds=int(str(row.get("milliseconds", 0))) if part == "answer" else 0,
            trouble=str(row.get("trouble", "")) if part == "answer" else "",
            sha256=str(row.get(f"{part}_sha256", hashlib.sha256(raw).hexdigest() if raw else "")),
            file="",
        )

    def masked(self, raw: bytes, secret: bytes) -> bytes | None:
        """With pseudonyms and stars; None for what is no XML."""
        root = _root(raw)
        if root is None:
            return None
        for child in list(root)[1:]:
            if self._name(child) != "Result":
                for element in child.iter(etree.Element):
                    _mask(element, self._name(element), secret)
        return etree.tostring(root, encoding="UTF-8", xml_declaration=True)

    def _name(self, element: etree._Element) -> str:
        return self.form.our_element(etree.QName(element).localname)


def _named(one: Said, file: str) -> Said:
    return Said(**{name: getattr(one, name) for name in Said.__slots__ if name != "file"}, file=file)


def _root(raw: bytes) -> etree._Element | None:
    try:
        return etree.fromstring(raw, secure_parser())
    except (etree.XMLSyntaxError, ValueError):
        return None


def _verdict(checker: Checker, root: etree._Element | None, message_id: str) -> str:
    if root is None:
        return "no XML"
    try:
        violations = checker.violations(root, message_id)
    except LookupError:
        return "no schema"
    places = sorted({violation.item or "message" for violation in violations})
    return f"invalid: {' '.join(places)}" if violations else "valid"


def _checks(said: list[Said]) -> list[Check]:
    ours = [one for one in said if one.view.startswith("gateway/") and one.part == "request"]
    theirs = {one.sha256 for one in said if one.view.startswith("simulators/") and one.part == "request"}
    made = [
        _none("every message that the gateway sent has the test flag", [one for one in ours if one.test != "1"]),
        _none("every message that the gateway sent is valid", [one for one in ours if one.verdict != "valid"]),
    ]
    if theirs:
        digests = {one.sha256 for one in ours}
        made.append(_none("nothing reached the simulators that the gateway did not send", sorted(theirs - digests)))
        sent = {one.request_id for one in said if one.view.startswith("gateway/") and one.part == "answer" and one.code}
        lost = [one for one in ours if one.request_id in sent and one.sha256 not in theirs]
        made.append(_none("every message that was answered reached the simulators as it was sent", lost))
    return made


def _none(what: str, wrong: list[Said] | list[str]) -> Check:
    return Check(what, "0", str(len(wrong)), not wrong)


def _mask(element: etree._Element, name: str, secret: bytes) -> None:
    """`name`: ours."""
    text = (element.text or "").strip()
    if not text or name in _KEPT:
        return
    if name == "PersonKey":
        element.text = "P-" + hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()[:12]
    else:
        element.text = "*" * len(text)
