"""「電文ヘッダ」 The header of every message, both ways."""

from __future__ import annotations

from datetime import datetime

from lxml import etree

from kakehashi.domain.interface import BatchStamp, Header, MessageType
from kakehashi.domain.japan_time import JST
from kakehashi.interface.markup import DECLARATION, NAMESPACE, safe_text
from kakehashi.interface.profile import Profile

__all__ = ["build_header", "close_message", "header_of", "open_message", "parse_header", "request_header"]


def request_header(
    profile: Profile,
    message_id: str,
    request_id: str,
    *,
    sender: str,
    test: bool,
    now: datetime,
    correlation_id: str | None = None,
    layout_version: str | None = None,
    receiver: str | None = None,
) -> Header:
    """Of what we ask for. What is not said is as for a message to the server that belongs to no other and no layout."""
    return Header(
        message_id=message_id,
        type=MessageType.REQUEST,
        request_id=request_id,
        correlation_id=request_id if correlation_id is None else correlation_id,
        profile=profile.name,
        layout_version=profile.layout_version if layout_version is None else layout_version,
        sender=sender,
        receiver=profile.server_agency if receiver is None else receiver,
        person_key_type=profile.person_key_type,
        created_at=now,
        test=test,
    )


def build_header(header: Header) -> str:
    """The Header element. `created_at` must be aware; it is written in Japan time, to the second."""
    text = safe_text
    return (
        f"<Header><MessageId>{text(header.message_id)}</MessageId><Function>{text(header.function)}</Function>"
        f"<Type>{header.type.value}</Type><RequestId>{text(header.request_id)}</RequestId>"
        f"<CorrelationId>{text(header.correlation_id)}</CorrelationId>{_batch(header.batch)}"
        f"<Profile>{text(header.profile)}</Profile><LayoutVersion>{text(header.layout_version)}</LayoutVersion>"
        f"<Sender>{text(header.sender)}</Sender><Receiver>{text(header.receiver)}</Receiver>"
        f"<PersonKeyType>{text(header.person_key_type)}</PersonKeyType>"
        f"<CreatedAt>{header.created_at.astimezone(JST).isoformat(timespec='seconds')}</CreatedAt>"
        f"<Test>{'1' if header.test else '0'}</Test></Header>"
    )


def open_message(header: Header) -> str:
    """Declaration, root element and header: the beginning of every message."""
    root = header.message_id.replace("-", "")
    return f'{DECLARATION}<{root} xmlns="{NAMESPACE}">{build_header(header)}'


def close_message(header: Header) -> str:
    return f"</{header.message_id.replace('-', '')}>"


def header_of(root: etree._Element) -> Header:
    """That of a whole message; raises as `parse_header`, and LookupError where there is none."""
    header = root.find("{*}Header")
    if header is None:
        raise LookupError("Header")
    return parse_header(header)


def parse_header(element: etree._Element) -> Header:
    """Read a Header element that its schema accepts. Raises LookupError or ValueError for one that it would not."""
    values = {etree.QName(child).localname: child for child in element}
    texts = {name: child.text or "" for name, child in values.items()}
    return Header(
        message_id=texts["MessageId"],
        type=MessageType(texts["Type"]),
        request_id=texts["RequestId"],
        correlation_id=texts["CorrelationId"],
        profile=texts["Profile"],
        layout_version=texts["LayoutVersion"],
        sender=texts["Sender"],
        receiver=texts["Receiver"],
        person_key_type=texts["PersonKeyType"],
        created_at=datetime.fromisoformat(texts["CreatedAt"]),
        test=texts["Test"] == "1",
        batch=_parse_batch(values["Batch"]) if "Batch" in values else None,
    )


def _batch(stamp: BatchStamp | None) -> str:
    if stamp is None:
        return ""
    return (
        f"<Batch><Id>{safe_text(stamp.id)}</Id><Seq>{stamp.seq}</Seq><Total>{stamp.total}</Total>"
        f"<RecordCount>{stamp.record_count}</RecordCount><Sha256>{safe_text(stamp.sha256)}</Sha256></Batch>"
    )


def _parse_batch(element: etree._Element) -> BatchStamp:
    texts = {etree.QName(child).localname: child.text or "" for child in element}
    return BatchStamp(
        id=texts["Id"],
        seq=int(texts["Seq"]),
        total=int(texts["Total"]),
        record_count=int(texts["RecordCount"]),
        sha256=texts["Sha256"],
    )
