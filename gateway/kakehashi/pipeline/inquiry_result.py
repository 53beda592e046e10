"""「照会結果」 The answers of an inquiry batch as one sealed body, until they are returned to the system that asked."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from kakehashi.domain.inquiry import ANSWERED, InquiryOutcome
from kakehashi.interface.inquiry import InquiryAnswer

__all__ = ["AS_URL", "counted", "in_process", "read_answers", "unanswered", "write_answers"]

AS_URL = "url"
"""In place of a server code: the result came as a URL, and the profile does not say that it may."""


def write_answers(answers: Mapping[int, InquiryAnswer]) -> bytes:
    """Answers by record number in the legacy file."""
    return json.dumps(
        {str(number): [answer.status, dict(answer.items), answer.url] for number, answer in answers.items()},
        ensure_ascii=False,
    ).encode()


def read_answers(raw: bytes) -> dict[int, InquiryAnswer]:
    """The way back. What was written before there were URLs has none."""
    return {
        int(number): InquiryAnswer(int(number), status, items, *url)
        for number, (status, items, *url) in json.loads(raw).items()
    }


def unanswered(answers: Sequence[InquiryAnswer], *, by_url: bool) -> dict[int, str]:
    """Number in the message → what stands in place of a server code, for each inquiry that ends as an exception.

    `by_url`: whether a result may come as a URL.
    """
    found = {answer.no: answer.status for answer in answers if answer.status not in ANSWERED}
    return found | {answer.no: AS_URL for answer in answers if answer.url and not by_url}


def in_process(answer: InquiryAnswer) -> bool:
    """Whether it is still to come."""
    return answer.status == InquiryOutcome.IN_PROCESS


def counted(answers: Iterable[InquiryAnswer]) -> Mapping[InquiryOutcome, int]:
    """How many were answered, and how."""
    return Counter(InquiryOutcome(answer.status) for answer in answers if answer.status in ANSWERED)
