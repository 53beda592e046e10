"""「未登録文字」 The codes of a refused record that are no characters: what a gaiji table does not know yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from kakehashi.codec.inspection.layout_spans import LayoutSpans
from kakehashi.codec.inspection.privacy import Marks
from kakehashi.codec.layout import Codec, ItemType, Role
from kakehashi.codec.members import members_of
from kakehashi.codec.record_codec import RecordCodec
from kakehashi.codec.record_plan import RecordPlan
from kakehashi.domain.batch import BatchBody

__all__ = ["MOST_CODES", "UnmappedCode", "UnmappedCodes"]

MOST_CODES = 8
"""Different codes of one record that are told: one with more is no name with gaiji but in another charset, and its
bytes together would tell what it says."""

_TEXT = frozenset((ItemType.HALFWIDTH, ItemType.FULLWIDTH))


class UnmappedCode(NamedTuple):
    """A code in hex, how often it stands in an item of a record, and where first.

    `offset`: in the file; None where the record's place does not tell it (items of a group or header record).
    """

    item: str
    code: str
    times: int
    offset: int | None


class UnmappedCodes:
    """Reads what the records of one layout hold. Thread-safe."""

    def __init__(self, codec: Codec) -> None:
        assert isinstance(codec, RecordCodec)
        self._codec = codec
        self._spans = LayoutSpans(codec.layout, Marks(()))

    def of(self, body: BatchBody, *, offset: int) -> list[UnmappedCode]:
        """Those of a single record (`Decoded.raw`) that stands at `offset` of its file, in order."""
        found: dict[tuple[str, str], UnmappedCode] = {}
        for item, code, at in self._codes(body, offset):
            known = found.get((item, code))
            if known is not None:
                found[item, code] = known._replace(times=known.times + 1)
            elif len(found) < MOST_CODES:
                found[item, code] = UnmappedCode(item, code, 1, at)
        return list(found.values())

    def _codes(self, body: BatchBody, offset: int) -> Iterator[tuple[str, str, int | None]]:
        parts = self._codec.parts_under(body.header)
        frames = parts.framing.cut(body.data)
        members = None if parts.classifier.single else members_of(parts.types(frames, first=False))
        for index in range(len(frames.payloads)) if members is None else members.data:
            for name, code, start in self._texts(parts.data, frames.payloads[index]):
                yield name, code, offset + start
        above = [(Role.GROUP, frames.payloads[index]) for index in (members.groups if members else ())]
        for role, payload in (*above, (Role.HEADER, body.header)):
            plan = parts.plan(role)
            if plan is not None:
                for name, code, _ in self._texts(plan, payload):
                    yield f"{plan.record.name}.{name}", code, None

    def _texts(self, plan: RecordPlan, payload: bytes) -> Iterator[tuple[str, str, int]]:
        for found in self._spans.codes(plan, payload):
            if found.item.type in _TEXT and found.fault in {"DEC-004", None}:
                yield found.item.name, found.code.hex().upper(), found.start
