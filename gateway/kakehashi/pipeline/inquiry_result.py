"""「照会結果」 The answers of an inquiry batch as one sealed body, until they are returned to the system that asked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from kakehashi.interface.inquiry import InquiryAnswer

__all__ = ["read_answers", "write_answers"]


def write_answers(answers: Mapping[int, InquiryAnswer]) -> bytes:
    """Answers by record number in the legacy file."""
    return json.dumps(
        {str(number): [answer.status, dict(answer.items)] for number, answer in answers.items()}, ensure_ascii=False
    ).encode()


def read_answers(raw: bytes) -> dict[int, InquiryAnswer]:
    """The way back."""
    return {
        int(number): InquiryAnswer(no=int(number), status=status, items=items)
        for number, (status, items) in json.loads(raw).items()
    }


def refused(answers: Sequence[InquiryAnswer]) -> list[int]:
    """Numbers in the message of the inquiries that the providing body refused."""
    return [answer.no for answer in answers if answer.status == "refused"]
