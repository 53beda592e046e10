"""「番号紐付け定義」 What a LINK route makes of a row: where its numbers and attributes are, and by which rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from kakehashi.domain.link import LinkEvent
from kakehashi.domain.notice import Disclosure, Subscriber
from kakehashi.matching.attribute import Attribute
from kakehashi.matching.spelling import Spelling

__all__ = ["AttributePlan", "LinkPlan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributePlan:
    """「基本4情報」 Where they are (indices into the row), and which item a fault of each names.

    `former`: 旧氏, alone or as a whole name. `sexes`: the codes of the system. `reference`: these attributes are those
    with which all others are compared.
    """

    names: tuple[int, ...]
    former: tuple[int, ...]
    kana: tuple[int, ...]
    birth: int
    sex: int
    address: tuple[int, ...]
    sexes: Mapping[str, str]
    items: Mapping[Attribute, str]
    spelling: Spelling
    reference: bool = False
    keep: bool = False
    """Full mode: the address data themselves are kept, sealed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPlan:
    """「番号紐付け定義」 Where a row of an extract holds what a link needs (indices into the row), and the rules.

    `prefix`: with which digits the numbers begin that we issue; None: we issue none. `base`: the system whose 宛名番号
    serve where a row brings no 団体内統合宛名番号. `numbers`: systems that use another one's 宛名番号. `returns`: the
    system that is told the numbers which we issue for its own; "": none.
    `subscribers`: the systems that are told what befalls persons. `disclosure`: where a row says whether that may be
    told, in codes that `disclosures` explains.
    `in_force_from`: the day of enforcement, before which no 個人番号 has an effect.
    """

    system: int
    atena: int
    unified: int | None
    number: int | None
    since: int | None = None
    event: int | None = None
    events: Mapping[str, LinkEvent] = field(default_factory=dict)
    attributes: AttributePlan | None = None
    disclosure: int | None = None
    disclosures: Mapping[str, Disclosure] = field(default_factory=dict)
    subscribers: tuple[Subscriber, ...] = ()
    prefix: str | None = None
    base: str = ""
    numbers: Mapping[str, str] = field(default_factory=dict)
    returns: str = ""
    most_mismatches: int = 5
    most_per_mille: int = 1
    in_force_from: date | None = None

    @property
    def makes_persons(self) -> bool:
        """The registry's word makes a person; another system's only where it brings nothing to compare."""
        return self.attributes is None or self.attributes.reference

    @property
    def tells(self) -> bool:
        """Whether it is kept what the registry said last of persons: for those who are told of changes, or who ask."""
        return bool(self.subscribers) or self.disclosure is not None

    def exceeded(self, mismatches: int, *, records: int) -> bool:
        """Whether a file with so many mismatches is held as a whole (domain.md §7): more than max(5, 0.1 %)."""
        return mismatches > self.most_mismatches and mismatches * 1000 > records * self.most_per_mille
