"""Messages of the interface, written by hand for tests: neither the gateway's nor the simulators' serialiser."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from pathlib import Path

from kakehashi_simulators.invention import Inventor

ROOT = Path(__file__).parents[3]
XSD = ROOT / "xsd" / "std-2026"
TAX = "TM99000000000001"
_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")


@lru_cache
def inventor():
    return Inventor(XSD)


def letters(seed):
    """A 32-letter id made from anything."""
    return hashlib.sha256(str(seed).encode()).hexdigest()[:32].translate(_LETTERS)


def key(number):
    """A 15-digit person key."""
    return f"{number:015}"


def individual_number(seed):
    """A 12-digit number with the check digit of a 個人番号, made at run time: none stands in a file."""
    digits = f"{seed:011}"
    total = sum(int(p) * (n + 1 if n <= 6 else n - 5) for n, p in enumerate(reversed(digits), start=1))
    return digits + str(0 if total % 11 <= 1 else 11 - total % 11)


def full_width(text):
    return text.translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"})


def message(message_id, request, body, **header):
    """A whole message; `header` overrides elements, "" leaves one out."""
    request_id = letters(request)
    values = {
        "MessageId": message_id,
        "Function": message_id[:3],
        "Type": "REQ",
        "RequestId": request_id,
        "CorrelationId": request_id,
        "Batch": "",
        "Profile": "std-2026",
        "LayoutVersion": "1",
        "Sender": "9999000000000002",
        "Receiver": "9999000000000001",
        "PersonKeyType": "unified",
        "CreatedAt": "2026-11-24T09:00:00+09:00",
        "Test": "1",
    } | header
    elements = "".join(f"<{name}>{value}</{name}>" for name, value in values.items() if value)
    root = message_id.replace("-", "")
    return f'<{root} xmlns="urn:kakehashi:std-2026"><Header>{elements}</Header>{body}</{root}>'.encode()


def record(no, person, *, sequence=1, unit="2026", info=TAX, version="1", content=None, operation="register"):
    inner = inventor().content(info, person) if content is None else content
    return (
        f'<Record no="{no}" operation="{operation}"><PersonKey>{person}</PersonKey><InfoName>{info}</InfoName>'
        f"<LayoutVersion>{version}</LayoutVersion><Unit>{unit}</Unit><ValidFrom>2026-04-01</ValidFrom>"
        f"<Sequence>{sequence:018}</Sequence><NonDisclosure>0</NonDisclosure>"
        f"<AutoResponseBlocked>0</AutoResponseBlocked><Content>{inner}</Content></Record>"
    )


def with_item(item, value):
    """A content with one item replaced."""
    content, replaced = re.subn(
        f"<{item}(-absent)?>[^<]*</{item}(-absent)?>", f"<{item}>{value}</{item}>", inventor().content(TAX, "model")
    )
    assert replaced == 1
    return content


def registration(request, records, **header):
    return message("DBM-201", request, f"<Records>{''.join(records)}</Records>", **header)


def people(request, count, *, first=1, sequence=1, **header):
    """DBM-201 with `count` good records of the persons from `first` on."""
    records = [record(no, key(first + no - 1), sequence=sequence) for no in range(1, count + 1)]
    return registration(request, records, **header)


def removal(no, person, *, sequence=1):
    """A record that deletes: it has no content."""
    return without_content(record(no, person, sequence=sequence, operation="delete"))


def without_content(text):
    return re.sub("<Content>.*</Content>", "", text)


def deletion(request, person, *, sequence):
    return message("DBM-203", request, f"<Records>{removal(1, person, sequence=sequence)}</Records>")


def inquiry(no, person, info=TAX):
    return (
        f'<Inquiry no="{no}"><PersonKey>{person}</PersonKey><AffairCode>JM99000000000001</AffairCode>'
        f"<ProcedureCode>JT99000000000001</ProcedureCode><InfoName>{info}</InfoName>"
        "<ProviderAgency>9999000000000003</ProviderAgency><RequesterDepartment>99990001</RequesterDepartment>"
        "<ConditionType>1</ConditionType><YearType>1</YearType><RequestedAt>20261124090000000</RequestedAt></Inquiry>"
    )


def inquiries(request, persons, info=TAX):
    body = "".join(inquiry(no, person, info) for no, person in enumerate(persons, start=1))
    return message("SKI-301", request, f"<Inquiries>{body}</Inquiries>")


def result_request(message_id, receipt):
    return message(message_id, f"result of {receipt}", f"<Receipt>{receipt}</Receipt>")


def status_request(request):
    return message("SYM-911", f"status of {request}", f"<RequestRef>{letters(request)}</RequestRef>")


def persons_message(message_id, request, persons):
    """FGU-111 or FGU-131: (person key, process number or nothing)."""
    rows = "".join(
        f'<Person no="{no}"><PersonKey>{person}</PersonKey>'
        + (f"<ProcessNumber>{number}</ProcessNumber>" if number else "")
        + "</Person>"
        for no, (person, number) in enumerate(persons, start=1)
    )
    return message(message_id, request, f"<Persons>{rows}</Persons>")


def acquisition(request, number, *, code):
    row = f'<Acquisition no="1"><ProcessNumber>{number}</ProcessNumber><ResidentRecordCode>{code}</ResidentRecordCode>'
    return message("FGU-121", request, f"<Acquisitions>{row}</Acquisition></Acquisitions>")


def found(answer, name):
    """The text of the first element of that name in an answer; None when it has none."""
    match = re.search(f"<{name}>([^<]*)</{name}>", answer.decode())
    return match[1] if match else None


def errors(answer):
    """(record number, item, code) of every error."""
    text = answer.decode()
    return [
        (int(re.search("<RecordNo>(.*?)<", error)[1]), item[1] if item else None, re.search("<Code>(.*?)<", error)[1])
        for error in re.findall("<Error>.*?</Error>", text)
        for item in [re.search("<Item>(.*?)<", error)]
    ]
