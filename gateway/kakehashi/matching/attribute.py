"""「基本4情報」 氏名, 生年月日, 性別, 住所 as a system holds them, and as they are compared."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from kakehashi.domain.japanese_date import HistoricDate
from kakehashi.matching.address import address_parts
from kakehashi.matching.spelling import Spelling

__all__ = ["Attribute", "Attributes", "Form", "form_of"]


class Attribute(StrEnum):
    """「基本4情報の項目」"""

    NAME = "name"
    BIRTH = "birth"
    SEX = "sex"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """「基本4情報」 As it is written. `names`: 氏名 and, where there are any, 旧氏を用いた氏名 and 通称."""

    names: tuple[str, ...] = ()
    kana: tuple[str, ...] = ()
    birth: HistoricDate | None = None
    sex: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """「照合形」 What is compared, by tag: n names, k kana, y m d the birthday by precision, s sex, p prefecture, a
    address, h building.

    The tokens are spellings brought together, or keyed digests of them: both are compared in the same way.
    """

    tokens: Mapping[str, frozenset[str]]

    def __getitem__(self, tag: str) -> frozenset[str]:
        return self.tokens.get(tag, frozenset())

    def digested(self, digest: Callable[[str], str]) -> Form:
        """Each token replaced by what `digest` makes of it and its tag: nothing of the person can be read from it."""
        return Form(
            {tag: frozenset(digest(f"{tag}/{token}") for token in tokens) for tag, tokens in self.tokens.items()}
        )

    def to_bytes(self) -> bytes:
        return json.dumps({tag: sorted(tokens) for tag, tokens in self.tokens.items()}, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, raw: bytes) -> Form:
        return cls({tag: frozenset(tokens) for tag, tokens in json.loads(raw).items()})


def form_of(attributes: Attributes, spelling: Spelling) -> Form:
    """Each attribute by its declared normalisation; what is not known has no token."""
    tokens = {
        "n": _some(map(spelling.name, attributes.names)),
        "k": _some(map(spelling.name, attributes.kana)),
        "s": _some([attributes.sex or ""]),
    }
    birth = attributes.birth
    if birth is not None and birth.mark is None:
        parts = birth.iso().split("-")
        tokens |= {tag: frozenset({"-".join(parts[: n + 1])}) for n, tag in enumerate("ymd") if n < len(parts)}
    if attributes.address:
        parts_of = address_parts(attributes.address, spelling)
        tokens |= {
            "p": _some([parts_of.prefecture]),
            "a": _some([parts_of.main]),
            "h": _some([parts_of.building]),
        }
    return Form({tag: found for tag, found in tokens.items() if found})


def _some(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(text for text in texts if text)
