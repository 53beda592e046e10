"""The link store: which person a system's number stands for. The only port that carries a sealed 個人番号."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from kakehashi.ports.sealer import Sealed

__all__ = ["LinkReader", "LinkRow", "LinkStore"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """「紐付け」 A system's 宛名番号 and the person it stands for.

    `number` is the sealed 個人番号, `blind` its keyed digest.
    """

    system: str
    atena: str
    unified: str
    blind: bytes | None = None
    number: Sealed | None = None


class LinkReader(Protocol):
    """「番号照会」 The half of the link store that translation needs."""

    def resolve(self, system: str, atena: Sequence[str]) -> Mapping[str, str]:
        """One look-up for a whole batch; numbers that are not linked are absent from the answer."""


class LinkStore(LinkReader, Protocol):
    """「番号連携」 system × 宛名番号 → 団体内統合宛名番号."""

    def link(self, rows: Iterable[LinkRow], *, now: datetime) -> list[int]:
        """Insert or confirm; returns the positions (0-based) of rows that conflict with an existing link or with
        another person's blind index, and changes nothing for those.

        Earlier rows count for later ones. A link without number is completed by a row that brings one; a number
        once linked stays as it was sealed first. Many rows are written in portions, each a transaction.
        """

    def links(self, system: str) -> Iterator[LinkRow]:
        """By 宛名番号, read in portions: what is linked meanwhile may be missing."""

    def close(self) -> None: ...
