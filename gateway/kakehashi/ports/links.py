"""The link store: which person a system's number stands for. The only port that carries a sealed 個人番号."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from kakehashi.domain.link import Conflict, Note, Period
from kakehashi.ports.held_numbers import HeldNumbers
from kakehashi.ports.lives import LifeBook
from kakehashi.ports.matches import Comparisons, MatchStore
from kakehashi.ports.merges import MergeBook
from kakehashi.ports.notices import NoticeBook, NoticeWriter
from kakehashi.ports.number_returns import NumberReturns
from kakehashi.ports.sealer import Sealed

__all__ = [
    "ConflictRow",
    "Coverage",
    "ExtractLinks",
    "LinkDecisions",
    "LinkGroups",
    "LinkInspection",
    "LinkKeys",
    "LinkReader",
    "LinkRow",
    "LinkStore",
    "LinkWriter",
    "SealedNumber",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """「紐付け」 A system's 宛名番号 and the person it stands for.

    `number` is the sealed 個人番号, `blind` its keyed digest, `older` its digests under keys that are being replaced.
    `since`: from which day (None: the day on which it is linked). `changed`: the 個人番号 of the person was changed.
    `earliest`: the day of enforcement, before which no 個人番号 holds. `by_number`: by that alone the person was found.
    `news`: the system is to be told the 団体内統合宛名番号.
    """

    system: str
    atena: str
    unified: str
    blind: bytes | None = None
    number: Sealed | None = None
    since: date | None = None
    changed: bool = False
    older: tuple[bytes, ...] = ()
    earliest: date | None = None
    by_number: bool = False
    news: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictRow:
    """「競合」 A row that contradicted `known`, the person that counts so far; `code` says what to do.

    `decision`: None while open, then "keep" or "take"; "held" before the day of enforcement, when nobody sees it.
    """

    id: int
    kind: Conflict
    known: str
    row: LinkRow
    recorded_at: datetime
    decision: str | None = None
    decided_at: datetime | None = None
    note: Note | None = None

    @property
    def code(self) -> str:
        return "IDN-011" if self.kind is Conflict.RELEASED else "IDN-003"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """「紐付け率」 Of one system: linked 利用番号, those of them that are frozen, and those met without a link."""

    system: str
    linked: int
    frozen: int
    unlinked: int
    oldest_unlinked: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedNumber:
    """「封緘番号」 A stored 個人番号 as it is sealed: `place` and `id` say where, `unified` what it is bound to."""

    place: str
    id: str
    unified: str
    sealed: Sealed
    blind: bytes


class LinkReader(Protocol):
    """「番号照会」 The half of the link store that translation needs."""

    def resolve(self, system: str, atena: Sequence[str]) -> Mapping[str, str]:
        """One look-up for a whole batch; numbers that are not linked, or frozen, are absent from the answer."""

    def unresolved(self, system: str, atena: Sequence[str]) -> Collection[str]:
        """Which of these, absent from the answer of `resolve`, are linked but frozen. The others were met unlinked."""


class LinkWriter(Protocol):
    """「番号登録」 What the registry's extracts do.

    Once `reseal` has begun to replace blind indexes, `assign` and `link` raise StoreError (SEC-005) for those that do
    not begin with its prefix: a process that knows only the older key would take a known person for a new one.
    """

    def contradictions(self, rows: Iterable[LinkRow], *, now: datetime) -> int:
        """How many of these rows `link` would refuse as things stand. Changes nothing."""

    def assign(self, blinds: Sequence[Sequence[bytes]], *, prefix: str, now: datetime) -> list[str]:
        """The 団体内統合宛名番号 of each 個人番号: the one that its person has, or had, or a new one, once and for all.

        Each entry holds the digests of one 個人番号, the current key's first. Any number of processes may ask at once.
        A new number is `prefix`, a serial and a check digit, 15 digits; one that was ever in use is passed over.
        """

    def owners(self, blinds: Sequence[bytes]) -> Mapping[bytes, str]:
        """The person of each 個人番号 that somebody has or had; the others are absent."""

    def link(self, rows: Iterable[LinkRow], *, now: datetime) -> Mapping[int, Conflict]:
        """Insert or confirm; returns the rows (0-based) that conflict with an existing link or another's 個人番号.

        A conflict changes nothing but freezes both sides, once for the same contradiction. Earlier rows count for later
        ones. A link without number is completed by a row that brings one; a number once linked stays as it was sealed
        first; a declared change puts the new number in its place and keeps the old one as history. Many rows are
        written in portions, each a transaction.
        """

    def end(self, system: str, atena: str, *, since: date, note: Note, now: datetime) -> bool:
        """The link holds no longer from `since` on; its history stays. False where there is none."""

    def release(self, unified: str, *, since: date, note: Note, now: datetime) -> bool:
        """All links of the person end; the number stays taken for ever, and comes back only with its own 個人番号.

        False for a number that nobody has.
        """

    def met_unlinked(self, system: str, atena: Iterable[str], *, now: datetime) -> None:
        """These 利用番号 (or, of those that may not be kept, names for them) came in and were not linked."""

    def met_linked(self, names: Iterable[tuple[str, str]]) -> None:
        """These names, each of a system, stand for numbers that are linked now. Numbers themselves need not be told."""

    def freeze(self, system: str, atena: str, *, evidence: bytes, now: datetime) -> bool:
        """The link drifts: it is frozen until somebody decides (Conflict.DRIFT), once for the same digest
        `evidence`. False where there is none.
        """


class LinkGroups(Protocol):
    """「名寄せ登録」"""

    def group(self, groups: Sequence[Sequence[LinkRow]], *, prefix: str, now: datetime) -> list[str]:
        """「名寄せ」 The rows of each group, without 個人番号, become links of one person: of the number that they
        name, else of a new one as of `assign`. Returns it; "" where one of them stands for somebody else by then:
        nothing of that group is linked. Many groups are written in portions.
        """


class LinkInspection(Protocol):
    """「番号確認」 What operators ask."""

    def links(self, system: str) -> Iterator[LinkRow]:
        """By 宛名番号, read in portions: what is linked meanwhile may be missing. Frozen ones too."""

    def persons_links(self, unified: str) -> list[LinkRow]:
        """By system and 宛名番号."""

    def periods(self, system: str, atena: str) -> list[Period]:
        """Every person for whom the number ever stood, in the order in which it was recorded."""

    def number_periods(self, unified: str) -> list[Period]:
        """When the person had which 個人番号 (none is told), in the order in which it was recorded."""

    def coverage(self) -> list[Coverage]:
        """By system."""

    def unlinked(self, system: str) -> Iterator[str]:
        """The 利用番号 that came in and are not linked, by number."""

    def looked(self, system: str, atena: str, *, note: Note, now: datetime) -> None:
        """Somebody looked at a link unmasked: audited."""

    def looks(self, system: str, atena: str) -> list[tuple[datetime, Note]]:
        """Who looked, oldest first."""


class LinkDecisions(Protocol):
    """「競合判断」"""

    def conflicts(self, *, undecided: bool = True, most: int = 1000) -> list[ConflictRow]:
        """Oldest first."""

    def decide(self, conflict_id: int, *, take: bool, note: Note, now: datetime) -> bool:
        """keep: what was known counts. take: what the row said counts; what was known ends (for a drift: the link).

        Thaws the persons that are in no other open conflict. False for one that is not open.
        """


class LinkKeys(Protocol):
    """「鍵更新」 Sealed numbers, and how they come under a new key; an interrupted run goes on where it has stopped."""

    def sealed_number(self, unified: str) -> Sealed | None:
        """The 個人番号 that the person has now, sealed; None where none is known."""

    def reseal(
        self, renew: Callable[[SealedNumber], tuple[Sealed, bytes]], *, current: str, prefix: bytes, most: int
    ) -> int:
        """Up to `most` numbers that are sealed by another key than `current`, or whose blind index does not begin with
        `prefix`, are replaced by what `renew` makes of them, in one transaction. Returns how many; 0: all are done.
        """


class ExtractLinks(LinkReader, LinkWriter, MatchStore, LifeBook, NoticeWriter, Protocol):
    """「抽出ファイルの番号登録」 What the rows of an extract need."""

    def periods(self, system: str, atena: str) -> list[Period]:
        """As of `LinkInspection`."""

    def persons_links(self, unified: str) -> list[LinkRow]:
        """As of `LinkInspection`."""


class LinkStore(
    LinkReader,
    LinkWriter,
    LinkGroups,
    LinkInspection,
    LinkDecisions,
    LinkKeys,
    MatchStore,
    Comparisons,
    MergeBook,
    HeldNumbers,
    LifeBook,
    NumberReturns,
    NoticeBook,
    Protocol,
):
    """「番号連携」 system × 宛名番号 → 団体内統合宛名番号.

    Thread-safe; several processes may share one. Raises StoreUnavailable, StoreCorrupt. Times are aware.
    """

    def close(self) -> None: ...
