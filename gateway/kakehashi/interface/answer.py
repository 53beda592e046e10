"""「応答」 What every answering message says."""

from __future__ import annotations

from lxml import etree

from kakehashi.domain.interface import Answer, RecordError, Segment

__all__ = ["parse_answer"]


def parse_answer(root: etree._Element) -> Answer:
    """Read the result of any answering message that its schema accepts.

    Raises LookupError or ValueError for one that the schema would have refused.
    """
    result = root.find("{*}Result")
    if result is None:
        raise LookupError("Result")
    retry_after = result.findtext("{*}RetryAfter")
    return Answer(
        message_id=_text(root, "{*}Header/{*}MessageId"),
        correlation_id=_text(root, "{*}Header/{*}CorrelationId"),
        segment=Segment(int(_text(result, "{*}Segment"))),
        code=_text(result, "{*}Code"),
        receipt=result.findtext("{*}Receipt"),
        retry_after=int(retry_after) if retry_after else None,
        accepted=int(result.findtext("{*}Accepted") or 0),
        errors=tuple(_error(element) for element in result.iterfind("{*}Errors/{*}Error")),
    )


def _error(element: etree._Element) -> RecordError:
    return RecordError(
        record_no=int(_text(element, "{*}RecordNo")), item=element.findtext("{*}Item"), code=_text(element, "{*}Code")
    )


def _text(element: etree._Element, path: str) -> str:
    text = element.findtext(path)
    if text is None:
        raise LookupError(path)
    return text
