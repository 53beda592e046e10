"""Answers of the simulators, written by hand: small, and checked against the schema before they leave."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass

from kakehashi_simulators.account import Refusal
from kakehashi_simulators.message import NAMESPACE, Message

__all__ = ["Answer", "moment", "new_id", "write_answer"]

_ANSWER_TO = {
    "FGU-101": "FGU-102",
    "FGU-111": "FGU-112",
    "FGU-121": "FGU-122",
    "FGU-131": "FGU-132",
    "FGU-141": "FGU-142",
    "FGU-151": "FGU-152",
    "DBM-201": "DBM-202",
    "DBM-203": "DBM-204",
    "DBM-205": "DBM-206",
    "DBM-207": "DBM-208",
    "DBM-209": "DBM-210",
    "SKI-301": "SKI-302",
    "SKI-303": "SKI-304",
    "SKI-305": "SKI-306",
    "TKY-401": "TKY-402",
    "TKY-403": "TKY-404",
    "TKM-501": "TKM-502",
    "TKM-503": "TKM-504",
    "JTK-601": "JTK-602",
    "OSR-701": "OSR-702",
    "SCM-801": "SCM-802",
    "SYM-901": "SYM-902",
    "SYM-903": "SYM-904",
    "SYM-911": "SYM-912",
}
_ACKNOWLEDGED = {"FGU-121", "DBM-201", "DBM-203", "SKI-301"}
"""Requests whose answer is an acknowledgement; the result comes later."""
_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
_JAPAN_SECONDS = 9 * 60 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The result, and `extra`: finished XML behind it."""

    segment: int
    code: str
    receipt: str | None = None
    retry_after: int | None = None
    accepted: int | None = None
    errors: Sequence[Refusal] = ()
    extra: str = ""

    @classmethod
    def refused(cls, code: str) -> Answer:
        return cls(segment=9, code=code)


def new_id() -> str:
    """32 letters a–p."""
    return secrets.token_hex(16).translate(_LETTERS)


def moment(seconds: float) -> str:
    """Seconds since the epoch as Japan time."""
    return time.strftime("%Y-%m-%dT%H:%M:%S+09:00", time.gmtime(seconds + _JAPAN_SECONDS))


def write_answer(message: Message, answer: Answer, *, correlation_id: str, test: bool) -> bytes:
    """The whole document. Raises LookupError for a message that nothing answers."""
    answer_id = _ANSWER_TO[message.id]
    root = answer_id.replace("-", "")
    header = _elements(
        MessageId=answer_id,
        Function=answer_id[:3],
        Type="ACK" if message.id in _ACKNOWLEDGED else "RES",
        RequestId=new_id(),
        CorrelationId=_echo(correlation_id, "[a-p]{32}", "a" * 32),
        Profile=_echo(message.header.get("Profile"), "[a-z0-9-]{1,40}", "std-2026"),
        LayoutVersion=_echo(message.header.get("LayoutVersion"), "[1-9][0-9]{0,3}", "1"),
        Sender=_echo(message.header.get("Receiver"), "[0-9]{16}", "9999000000000001"),
        Receiver=_echo(message.header.get("Sender"), "[0-9]{16}", "9999000000000002"),
        PersonKeyType=_echo(message.header.get("PersonKeyType"), "unified|atena", "unified"),
        CreatedAt=moment(time.time()),
        Test="1" if test else "0",
    )
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{NAMESPACE}"><Header>{header}</Header>'
        f"<Result>{_result(answer)}</Result>{answer.extra}</{root}>"
    )
    return text.encode()


def _result(answer: Answer) -> str:
    errors = "".join(
        f"<Error>{_elements(RecordNo=str(error.record), Item=error.item, Code=error.code)}</Error>"
        for error in answer.errors
    )
    plain = _elements(
        Segment=str(answer.segment),
        Code=answer.code,
        Receipt=answer.receipt,
        RetryAfter=None if answer.retry_after is None else str(answer.retry_after),
        Accepted=None if answer.accepted is None else str(answer.accepted),
    )
    return plain + (f"<Errors>{errors}</Errors>" if errors else "")


def _echo(value: str | None, form: str, otherwise: str) -> str:
    """What the request said, when it said it in form: even a broken request gets a sound answer."""
    return value if value is not None and re.fullmatch(form, value) else otherwise


def _elements(**values: str | None) -> str:
    """Elements of those values that are there; no value holds markup."""
    return "".join(f"<{name}>{value}</{name}>" for name, value in values.items() if value is not None)
