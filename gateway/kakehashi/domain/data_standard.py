"""「データ標準レイアウト」 The items of one specific personal information 「特定個人情報」 in one version."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["DataStandard", "StandardItem", "StandardType"]


class StandardType(StrEnum):
    """「データ型」"""

    TEXT = "text"
    KANA = "kana"
    DIGITS = "digits"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardItem:
    """「データ項目」 `absence` lists the allowed reasons for a missing value 「未設定事由」; empty: not missing.

    `digits` is the greatest number of characters or digits, `occurs` of repetitions. `code_list` names `codes`.
    """

    code: str
    name: str
    type: StandardType
    digits: int
    decimals: int = 0
    occurs: int = 1
    required: bool = True
    codes: frozenset[str] | None = None
    code_list: str = ""
    absence: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataStandard:
    """「データ標準」 Items in the order of the layout. `info_name` is TM + 14 digits, `version` a decimal number."""

    info_name: str
    version: str
    items: tuple[StandardItem, ...]

    @property
    def element(self) -> str:
        """The name of the element that holds the items in a message."""
        return f"{self.info_name}v{self.version}"
