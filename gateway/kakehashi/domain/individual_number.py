"""「個人番号」 The one secret type. Only `identify` and the link store may import this module (import-linter)."""

from __future__ import annotations

import re
from typing import NoReturn, final

from kakehashi.domain.identifiers import InvalidIdentifier, has_individual_check_digit

__all__ = ["IndividualNumber"]


@final
class IndividualNumber:
    """「個人番号」 12 digits, the last one a check digit (総務省令第85号 第5条).

    Masks itself in str, repr and format, has no ordering, cannot be pickled or copied into JSON.
    Raises InvalidIdentifier without the value.
    """

    __slots__ = ("_digits",)

    def __init__(self, digits: str) -> None:
        if not re.fullmatch(r"[0-9]{12}", digits):
            raise InvalidIdentifier("IDN-004", "個人番号")
        if not has_individual_check_digit(digits):
            raise InvalidIdentifier("IDN-002", "個人番号")
        self._digits = digits

    def reveal(self) -> str:
        """The digits: only for sealing, for the blind index, and for messages that have a slot for them."""
        return self._digits

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IndividualNumber) and other._digits == self._digits

    def __hash__(self) -> int:
        return hash((IndividualNumber, self._digits))

    def __repr__(self) -> str:
        return "IndividualNumber(************)"

    def __format__(self, spec: str) -> str:
        return format("************", spec)

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        msg = "an individual number is not pickled"
        raise TypeError(msg)
