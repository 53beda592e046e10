"""「副本登録」 Messages that register and delete replicas (DBM-201, DBM-203) and ask what became of it (DBM-205)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from kakehashi.domain.data_standard import DataStandard
from kakehashi.domain.interface import Header
from kakehashi.interface.header import close_message, open_message
from kakehashi.interface.markup import safe_text

__all__ = ["ReplicaRecord", "replica_registration", "result_request"]

_SAFE = re.compile("[0-9A-Za-z-]*").fullmatch


class ReplicaRecord(NamedTuple):
    """「副本レコード」 One change. `content`: the escaped elements of its items in UTF-8; not written for a `delete`.

    `valid_to` may be empty; the flags are "0" or "1". `group`: the version of its household, written if there is one.
    """

    person: str
    unit: str
    valid_from: str
    valid_to: str
    sequence: int
    non_disclosure: str
    auto_response_blocked: str
    operation: str
    content: bytes
    group: int = 0


def replica_registration(header: Header, standard: DataStandard, records: Sequence[ReplicaRecord]) -> bytes:
    """DBM-201 (changes), or DBM-203 (deletes alone), as `header.message_id` says. Records are numbered from 1; a
    `delete` has no content, everything else has one.

    Never fails for a wrong value: the schema finds it in its own record.
    """
    version = safe_text(standard.version)
    fixed = f"<InfoName>{safe_text(standard.info_name)}</InfoName><LayoutVersion>{version}</LayoutVersion><Unit>"
    begin, end = f"<Content><{standard.element}>".encode(), f"</{standard.element}></Content></Record>".encode()
    parts = [open_message(header).encode(), b"<Records>"]
    for no, record in enumerate(records, start=1):
        parts.append(_keys(no, record, fixed).encode())
        parts += (b"</Record>",) if record.operation == "delete" else (begin, record.content, end)
    parts += [b"</Records>", close_message(header).encode()]
    return b"".join(parts)


def result_request(header: Header, receipt: str) -> bytes:
    """DBM-205: the result of the registration that gave this receipt."""
    return (f"{open_message(header)}<Receipt>{safe_text(receipt)}</Receipt>{close_message(header)}").encode()


def _keys(no: int, record: ReplicaRecord, fixed: str) -> str:
    """A record up to its content."""
    person, unit, since, until, sequence, closed, blocked, operation, _, group = record
    if not _SAFE(f"{person}{unit}{since}{until}{closed}{blocked}{operation}"):
        person, unit, since, until = safe_text(person), safe_text(unit), safe_text(since), safe_text(until)
        closed, blocked, operation = safe_text(closed), safe_text(blocked), safe_text(operation)
    ends = f"<ValidTo>{until}</ValidTo>" if until else ""
    together = f' group="{group:018d}"' if group else ""
    return (
        f'<Record no="{no}" operation="{operation}"{together}><PersonKey>{person}</PersonKey>{fixed}{unit}</Unit>'
        f"<ValidFrom>{since}</ValidFrom>{ends}<Sequence>{sequence:018d}</Sequence>"
        f"<NonDisclosure>{closed}</NonDisclosure><AutoResponseBlocked>{blocked}</AutoResponseBlocked>"
    )
