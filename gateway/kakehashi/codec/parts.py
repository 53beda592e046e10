"""What a layout of records is compiled into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kakehashi.codec.classifier import Classifier
from kakehashi.codec.framing import Frames, Framing
from kakehashi.codec.layout import Layout, Record, Role
from kakehashi.codec.record_plan import RecordPlan

__all__ = ["Parts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What differs between formats: where records end, which type they are, where the items of a type lie.

    `strict_end`: a last record without its line end is cut off, however whole it looks.
    """

    layout: Layout
    framing: Framing
    classifier: Classifier
    plans: Mapping[str, RecordPlan]
    strict_end: bool

    def plan(self, role: Role) -> RecordPlan | None:
        record = self.layout.record(role)
        return self.plans[record.name] if record else None

    @property
    def data(self) -> RecordPlan:
        return self.plans[self.layout.data.name]

    def types(self, frames: Frames, *, first: bool) -> Sequence[Record | None]:
        """The type of each record; None where nobody can tell."""
        types = self.classifier.types(frames.payloads, first=first)
        if self.framing.fixed and not frames.whole:
            types[-1] = None
        return types
