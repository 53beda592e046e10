"""「副本登録」 Messages that register and delete replicas (DBM-201, DBM-203) and ask what became of it (DBM-205)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kakehashi.domain.data_standard import DataStandard
from kakehashi.domain.interface import Header
from kakehashi.interface.header import close_message, open_message
from kakehashi.interface.markup import NAMESPACE, safe_text

__all__ = ["ReplicaRecord", "replica_registration", "result_request"]

_SAFE = re.compile("[0-9A-Za-z-]*").fullmatch


@dataclass(frozen=True, slots=True)
class ReplicaRecord:
    """「副本レコード」 One change. `content`: the escaped elements of its items; not written for operation `delete`.

    `valid_to` may be empty; the flags are "0" or "1".
    """

    person: str
    unit: str
    valid_from: str
    valid_to: str
    sequence: int
    non_disclosure: str
    auto_response_blocked: str
    operation: str
    content: str


def replica_registration(
    header: Header, standard: DataStandard, records: Sequence[ReplicaRecord], *, namespace: str = NAMESPACE
) -> bytes:
    """DBM-201 (changes), or DBM-203 (deletes alone), as `header.message_id` says. Records are numbered from 1; a
    `delete` has no content, everything else has one.

    Never fails for a wrong value: the schema finds it in its own record.
    """
    version = safe_text(standard.version)
    fixed = f"<InfoName>{safe_text(standard.info_name)}</InfoName><LayoutVersion>{version}</LayoutVersion><Unit>"
    begin, end = f"<Content><{standard.element}>", f"</{standard.element}></Content>"
    parts = [open_message(header, namespace=namespace), "<Records>"]
    parts += [_record(no, record, fixed, begin, end) for no, record in enumerate(records, start=1)]
    parts += ["</Records>", close_message(header)]
    return "".join(parts).encode()


def result_request(header: Header, receipt: str, *, namespace: str = NAMESPACE) -> bytes:
    """DBM-205: the result of the registration that gave this receipt."""
    return (
        f"{open_message(header, namespace=namespace)}<Receipt>{safe_text(receipt)}</Receipt>{close_message(header)}"
    ).encode()


def _record(no: int, record: ReplicaRecord, fixed: str, begin: str, end: str) -> str:
    person, unit, since, until = record.person, record.unit, record.valid_from, record.valid_to
    closed, blocked, operation = record.non_disclosure, record.auto_response_blocked, record.operation
    if not _SAFE(f"{person}{unit}{since}{until}{closed}{blocked}{operation}"):
        person, unit, since, until = safe_text(person), safe_text(unit), safe_text(since), safe_text(until)
        closed, blocked, operation = safe_text(closed), safe_text(blocked), safe_text(operation)
    ends = f"<ValidTo>{until}</ValidTo>" if until else ""
    content = "" if operation == "delete" else f"{begin}{record.content}{end}"
    return (
        f'<Record no="{no}" operation="{operation}"><PersonKey>{person}</PersonKey>{fixed}{unit}</Unit>'
        f"<ValidFrom>{since}</ValidFrom>{ends}<Sequence>{record.sequence:018d}</Sequence>"
        f"<NonDisclosure>{closed}</NonDisclosure><AutoResponseBlocked>{blocked}</AutoResponseBlocked>"
        f"{content}</Record>"
    )
