"""Documents for the tests of schemas and rules, written apart from the gateway's own builders."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kakehashi.domain.data_standard import DataStandard, StandardItem, StandardType
from kakehashi.interface.profile import load_profile

ROOT = Path(__file__).resolve().parents[3]
PROFILE = ROOT / "config" / "profiles" / "std-2026"
SCHEMAS = ROOT / "xsd" / "std-2026"
NAMESPACE = "urn:kakehashi:std-2026"
STANDARDS = {info_name: standard for (info_name, _), standard in sorted(load_profile(PROFILE).standards.items())}
TAX = STANDARDS["TM99000000000001"]
ASSISTANCE = STANDARDS["TM99000000000002"]
ALLOWANCE = STANDARDS["TM99000000000003"]
RESIDENT = STANDARDS["TM99000000000004"]

ID = "abcdefghijklmnop" * 2
OTHER_ID = "ponmlkjihgfedcba" * 2
CONSISTENT: Mapping[str, str] = {
    "A0050": "5000000",
    "A0070": "3000000",
    "A0090": "500000",
    "A0100": "1500000",
    "A0110": "-200000",
    "A0120": "100000",
    "A0130": "0",
    "A0140": "50000",
    "A0150": "30000",
    "A0160": "20000",
    "A0060": "4400000",
    "A0080": "1600000",
    "A0170": "1200000",
    "A0180": "600000",
    "A0190": "70000",
    "A0200": "0",
    "A0210": "330000",
    "A0220": "3800000",
    "A0230": "228000",
    "A0240": "3000",
    "A0250": "152000",
    "A0260": "1000",
    "A0270": "384000",
    "A0290": "0",
    "B0040": "3",
    "B0060": "2024-04-01",
    "B0070": "2025-04-01",
    "B0090": "2024-06-01",
    "B0100": "2024-07-01",
    "B0110": "150000",
    "B0120": "40000",
    "B0130": "110000",
    "C0020": "2024-04-01",
    "C0030": "2024-05",
    "C0040": "2030-03",
    "C0050": "2",
    "C0060": "2",
    "C0070": "20000",
    "D0040": "1974-08",
    "D0060": "01",
    "D0080": "3",
    "D0120": "1999-04-01",
    "D0160": "2025-02-03",
    "D0180": "2025-02-03",
}
_TEXTS = {"D0020": "架橋太郎", "D0070": "架橋太郎"}
_PLAIN = {
    StandardType.TEXT: "架空の備考",
    StandardType.KANA: "カケハシ　タロウ",
    StandardType.INTEGER: "1",
    StandardType.DECIMAL: "0.5",
    StandardType.DATE: "2025-04-01",
}


def value_of(item: StandardItem) -> str:
    """A value that the type of the item takes and that breaks no rule."""
    if item.code in CONSISTENT:
        return CONSISTENT[item.code]
    if item.code in _TEXTS:
        return _TEXTS[item.code]
    if item.type is StandardType.DIGITS:
        return "2026"[: item.digits]
    if item.type is StandardType.CODE:
        return min(item.codes or ())
    return _PLAIN[item.type]


def elements(standard: DataStandard, **values: str | None) -> list[str]:
    """The elements of one record; `values` replace values by item code, None leaves the item out."""
    found = []
    for item in standard.items:
        value = values.get(item.code, value_of(item)) if f"{item.code}_absent" not in values else None
        times = 2 if item.code == "C0080" else 1
        if f"{item.code}_absent" in values:
            found.append(f"<{item.code}-absent>{values[f'{item.code}_absent']}</{item.code}-absent>")
        elif value is not None:
            found.append(f"<{item.code}>{value}</{item.code}>" * times)
    return found


def content(standard: DataStandard, **values: str | None) -> str:
    return f"<Content><{standard.element}>{''.join(elements(standard, **values))}</{standard.element}></Content>"


def header(message_id: str) -> str:
    kind = "REQ" if int(message_id[-1]) % 2 else "ACK"
    return (
        f"<Header><MessageId>{message_id}</MessageId><Function>{message_id[:3]}</Function><Type>{kind}</Type>"
        f"<RequestId>{ID}</RequestId><CorrelationId>{OTHER_ID}</CorrelationId><Profile>std-2026</Profile>"
        "<LayoutVersion>1</LayoutVersion><Sender>9999000000000002</Sender><Receiver>9999000000000001</Receiver>"
        "<PersonKeyType>unified</PersonKeyType><CreatedAt>2026-06-01T02:03:04+09:00</CreatedAt><Test>1</Test></Header>"
    )


def message(message_id: str, body: str) -> bytes:
    root = message_id.replace("-", "")
    return f'<{root} xmlns="{NAMESPACE}">{header(message_id)}{body}</{root}>'.encode()


def record(standard: DataStandard, no: int = 1, *, body: str | None = None) -> str:
    return (
        f'<Record no="{no}" operation="register"><PersonKey>{no:015d}</PersonKey><InfoName>{standard.info_name}'
        "</InfoName><LayoutVersion>1</LayoutVersion><Unit>2026</Unit><ValidFrom>2026-04-01</ValidFrom>"
        f"<Sequence>{no:018d}</Sequence><NonDisclosure>0</NonDisclosure><AutoResponseBlocked>0</AutoResponseBlocked>"
        f"{content(standard) if body is None else body}</Record>"
    )


def registration(*records: str) -> bytes:
    return message("DBM-201", f"<Records>{''.join(records)}</Records>")


RESULT = (
    "<Result><Segment>9</Segment><Code>4001</Code>"
    f"<Receipt>{OTHER_ID}</Receipt><RetryAfter>3</RetryAfter><Accepted>1</Accepted><Errors><Error>"
    "<RecordNo>2</RecordNo><Item>A0010</Item><Code>4001</Code></Error></Errors></Result>"
)
INQUIRY = (
    '<Inquiry no="1"><PersonKey>000000000000001</PersonKey><AffairCode>JM99000000000001</AffairCode>'
    "<ProcedureCode>JT99000000000001</ProcedureCode><InfoName>TM99000000000001</InfoName>"
    "<ProviderAgency>9999000000000003</ProviderAgency><RequesterDepartment>99990001</RequesterDepartment>"
    "<ConditionType>1</ConditionType><YearType>0</YearType><From>2025-04-01</From><To>2026</To>"
    "<RequestedAt>20260601020304000</RequestedAt></Inquiry>"
)
DELETED = record(RESIDENT, body="").replace("register", "delete")
_PERSON = "<PersonKey>000000000000001</PersonKey>"
MESSAGES: Mapping[str, bytes] = {
    "DBM-201": registration(*(record(standard, no) for no, standard in enumerate(STANDARDS.values(), start=1))),
    "DBM-202": message("DBM-202", RESULT),
    "DBM-203": message("DBM-203", f"<Records>{DELETED}</Records>"),
    "DBM-204": message("DBM-204", RESULT),
    "DBM-205": message("DBM-205", f"<Receipt>{ID}</Receipt>"),
    "DBM-206": message("DBM-206", RESULT),
    "DBM-207": message("DBM-207", "<InfoName>TM99000000000001</InfoName><After>000000000000001</After>"),
    "DBM-208": message(
        "DBM-208",
        f'{RESULT}<Inventory more="1"><Replica><PersonKey>000000000000002</PersonKey><Unit>2026</Unit>'
        "<Sequence>000000001000000001</Sequence></Replica></Inventory>",
    ),
    "DBM-209": message(
        "DBM-209",
        "<Operation>lock</Operation><PersonKey>000000000000002</PersonKey><Sequence>000000001000000001</Sequence>",
    ),
    "DBM-210": message("DBM-210", RESULT),
    "SKI-301": message("SKI-301", f"<Inquiries>{INQUIRY}</Inquiries>"),
    "SKI-302": message("SKI-302", RESULT),
    "SKI-303": message("SKI-303", f"<Receipt>{ID}</Receipt>"),
    "SKI-304": message(
        "SKI-304",
        f'{RESULT}<Answers><Answer no="1"><Status>found</Status>{content(TAX)}</Answer>'
        '<Answer no="2"><Status>not-found</Status></Answer><Answer no="3"><Status>in-process</Status></Answer>'
        '<Answer no="4"><Status>found</Status><ResultUrl>https://results.invalid/a?b=1</ResultUrl></Answer></Answers>',
    ),
    "SKI-305": message("SKI-305", f"<Receipt>{ID}</Receipt>"),
    "SKI-306": message("SKI-306", RESULT),
    "FGU-101": message(
        "FGU-101",
        '<Persons><Person no="1"><PersonKey>000000000000001</PersonKey><ValidFrom>2026-06-01</ValidFrom></Person>'
        "</Persons>",
    ),
    "FGU-102": message("FGU-102", RESULT),
    "FGU-111": message("FGU-111", '<Persons><Person no="1"><PersonKey>000000000000001</PersonKey></Person></Persons>'),
    "FGU-112": message(
        "FGU-112",
        f'{RESULT}<Numbers><Number no="1"><ProcessNumber>PN-0001-a</ProcessNumber>'
        "<ExpiresAt>2026-06-08T00:00:00+09:00</ExpiresAt></Number></Numbers>",
    ),
    "FGU-121": message(
        "FGU-121",
        '<Acquisitions><Acquisition no="1"><ProcessNumber>PN-0001-a</ProcessNumber>'
        "<ResidentRecordCode>12345678901</ResidentRecordCode></Acquisition></Acquisitions>",
    ),
    "FGU-122": message("FGU-122", RESULT),
    "FGU-131": message(
        "FGU-131",
        '<Persons><Person no="1"><PersonKey>000000000000001</PersonKey><ProcessNumber>PN-0001-a</ProcessNumber>'
        "</Person></Persons>",
    ),
    "FGU-132": message("FGU-132", f'{RESULT}<Links><Link no="1"><Status>linked</Status></Link></Links>'),
    "FGU-141": message(
        "FGU-141",
        '<Persons><Person no="1"><PersonKey>000000000000001</PersonKey><FormerKey>000000000000002</FormerKey>'
        "<Operation>undo</Operation><Sequence>001780000000000000</Sequence></Person></Persons>",
    ),
    "FGU-142": message("FGU-142", RESULT),
    "FGU-151": message("FGU-151", '<Persons><Person no="1"><PersonKey>000000000000001</PersonKey></Person></Persons>'),
    "FGU-152": message("FGU-152", RESULT),
    "TKY-401": message("TKY-401", f"<AfterId>{OTHER_ID}</AfterId>"),
    "TKY-402": message(
        "TKY-402",
        f'{RESULT}<Provisions more="0"><Provision><ProvisionId>{OTHER_ID}</ProvisionId>'
        "<PersonKey>000000000000001</PersonKey><InfoName>TM99000000000001</InfoName><Unit>2026</Unit>"
        "<AffairCode>JM99000000000001</AffairCode><ProcedureCode>JT99000000000001</ProcedureCode>"
        "<Requester>9999000000000003</Requester><NonDisclosure>0</NonDisclosure><AskedAt>2026-06-01T02:03:04+09:00</AskedAt>"
        "<Deadline>2026-06-08T02:03:04+09:00</Deadline></Provision></Provisions>",
    ),
    "TKY-403": message("TKY-403", f"<ProvisionId>{OTHER_ID}</ProvisionId><Deny>01</Deny>"),
    "TKY-404": message("TKY-404", RESULT),
    "TKM-501": message("TKM-501", f"{_PERSON}<From>2026-06-01</From><To>2026-07-01</To><AfterId>{ID}</AfterId>"),
    "TKM-502": message(
        "TKM-502",
        f'{RESULT}<Records more="0"><Record><RecordId>{OTHER_ID}</RecordId>{_PERSON}<At>2026-07-01T09:00:00+09:00</At>'
        "<Kind>decided</Kind><Counterpart>9999000000000055</Counterpart><AffairCode>JM99000000000009</AffairCode>"
        "<ProcedureCode>JT99000000000009</ProcedureCode><InfoName>TM99000000000001</InfoName><Outcome>found</Outcome>"
        f"<Reference>{ID}</Reference><Withheld>01</Withheld></Record></Records>",
    ),
    "TKM-503": message("TKM-503", f"{_PERSON}<RecordId>{OTHER_ID}</RecordId><Withhold>01</Withhold>"),
    "TKM-504": message("TKM-504", RESULT),
    "JTK-601": message("JTK-601", f"{_PERSON}<InfoName>TM99000000000001</InfoName>"),
    "JTK-602": message(
        "JTK-602",
        f"{RESULT}<OwnInformation>{_PERSON}<InfoName>TM99000000000001</InfoName><Unit>2026</Unit></OwnInformation>",
    ),
    "OSR-701": message(
        "OSR-701", f"{_PERSON}<Title>お知らせ</Title><Body>更新の時期です</Body><ShownUntil>2026-12-31</ShownUntil>"
    ),
    "OSR-702": message("OSR-702", f"{RESULT}<Notice><NoticeId>{OTHER_ID}</NoticeId>{_PERSON}</Notice>"),
    "SCM-801": message("SCM-801", "<Department>99990001</Department>"),
    "SCM-802": message("SCM-802", f"{RESULT}<Functions><Function>SKI</Function></Functions>"),
    "TKY-411": message("TKY-411", "<PersonKey>000000000000001</PersonKey>"),
    "TKY-412": message(
        "TKY-412",
        f"{RESULT}<AddressInformation><Name>見本　花子</Name><Kana>ミホン　ハナコ</Kana><Birth>1974-08</Birth>"
        "<Sex>female</Sex><Address>見本県見本市</Address></AddressInformation>",
    ),
    "SYM-901": message("SYM-901", ""),
    "SYM-902": message(
        "SYM-902", f"{RESULT}<Service><State>closed</State><OpensAt>2026-06-02T07:00:00+09:00</OpensAt></Service>"
    ),
    "SYM-903": message("SYM-903", ""),
    "SYM-904": message(
        "SYM-904",
        f"{RESULT}<Layouts><Layout><InfoName>TM99000000000001</InfoName><Version>1</Version>"
        "<ValidFrom>2026-04-01</ValidFrom></Layout></Layouts>",
    ),
    "SYM-911": message("SYM-911", f"<RequestRef>{OTHER_ID}</RequestRef>"),
    "SYM-912": message("SYM-912", RESULT),
}
