"""「識別番号」 Identifiers of domain.md §2 with their forms and check digits.

Each type is a `str` subclass made by its constructor only from a valid form; InvalidIdentifier names the term and
never the value.
"""

from __future__ import annotations

import re
from typing import ClassVar, Self

from kakehashi.errors import Fault, InputError

__all__ = [
    "AffairCode",
    "AgencyCode",
    "AtenaNumber",
    "CorporateNumber",
    "InfoNameCode",
    "InvalidIdentifier",
    "MunicipalityCode",
    "ProcedureCode",
    "ProcessNumber",
    "ResidentRecordCode",
    "UnifiedAtenaNumber",
    "has_individual_check_digit",
]


class InvalidIdentifier(InputError):
    """The value has not the form of the identifier `term`."""

    def __init__(self, code: str, term: str) -> None:
        super().__init__(Fault(code, facts={"term": term}))


def _mod11_check_digit(digits: str) -> int:
    """Σ P_n Q_n mod 11 with Q_n = n+1 for n ≤ 6, n−5 for n ≥ 7, n counted from the right (総務省令第85号 第5条).

    Beyond the twelfth digit the weights begin again with 2 (our own decision: the rule ends there).
    """
    total = sum(int(p) * ((n - 1) % 6 + 2) for n, p in enumerate(reversed(digits), start=1))
    remainder = total % 11
    return 0 if remainder <= 1 else 11 - remainder


def has_individual_check_digit(digits: str) -> bool:
    """Whether 12 ASCII digits end in the check digit of a 個人番号. About one random string in ten does."""
    return int(digits[11]) == _mod11_check_digit(digits[:11])


class _Identifier(str):
    __slots__ = ()
    term: ClassVar[str]
    form: ClassVar[re.Pattern[str]]

    def __new__(cls, value: str) -> Self:
        if not cls.form.fullmatch(value):
            raise InvalidIdentifier("IDN-004", cls.term)
        if not cls._checks(value):
            raise InvalidIdentifier("IDN-002", cls.term)
        return super().__new__(cls, value)

    @classmethod
    def _checks(cls, value: str) -> bool:  # noqa: ARG003  # the default: a form without a check digit
        return True


class CorporateNumber(_Identifier):
    """「法人番号」 13 digits, the first one the check digit 9 − (Σ P_n Q_n mod 9), Q = 1 for odd n, 2 for even n."""

    __slots__ = ()
    term = "法人番号"
    form = re.compile(r"[0-9]{13}")

    @classmethod
    def _checks(cls, value: str) -> bool:
        total = sum(int(p) * (1 if n % 2 else 2) for n, p in enumerate(reversed(value[1:]), start=1))
        return int(value[0]) == 9 - total % 9


class ResidentRecordCode(_Identifier):
    """「住民票コード」 11 digits; its check digit is known from secondary sources only: asked for, not enforced."""

    __slots__ = ()
    term = "住民票コード"
    form = re.compile(r"[0-9]{11}")

    def has_check_digit(self) -> bool:
        """Whether the last digit is the mod-11 check digit over the first ten [secondary source]."""
        return int(self[10]) == _mod11_check_digit(self[:10])


class MunicipalityCode(_Identifier):
    """「地方公共団体コード」 6 digits; weights 6-5-4-3-2, the check digit is the last digit of 11 − Σ mod 11."""

    __slots__ = ()
    term = "地方公共団体コード"
    form = re.compile(r"[0-9]{6}")

    @classmethod
    def _checks(cls, value: str) -> bool:
        total = sum(int(p) * weight for p, weight in zip(value[:5], (6, 5, 4, 3, 2), strict=True))
        return int(value[5]) == (11 - total % 11) % 10


class UnifiedAtenaNumber(_Identifier):
    """「団体内統合宛名番号」 The only person key that the intermediate server knows: 15 digits, zero-padded text."""

    __slots__ = ()
    term = "団体内統合宛名番号"
    form = re.compile(r"[0-9]{15}")

    @classmethod
    def issued(cls, prefix: str, serial: int) -> Self:
        """A number of our own: `prefix`, the serial, and a check digit over both (the rule of the 個人番号).

        Raises OverflowError when the serials of the prefix are used up.
        """
        width = 14 - len(prefix)
        if not 0 < serial < 10**width:
            raise OverflowError
        digits = f"{prefix}{serial:0{width}}"
        return cls(f"{digits}{_mod11_check_digit(digits)}")


class AtenaNumber(_Identifier):
    """「宛名番号」 A person's number in one legacy system: 1 to 15 digits, compared as 15 digits zero-padded."""

    __slots__ = ()
    term = "宛名番号"
    form = re.compile(r"[0-9]{1,15}")

    def __new__(cls, value: str) -> Self:
        return super().__new__(cls, value.zfill(15))


class ProcessNumber(_Identifier):
    """「処理通番」 Correlates one symbol acquisition; erased at its end (番号法21条の2)."""

    __slots__ = ()
    term = "処理通番"
    form = re.compile(r"[0-9A-Za-z-]{1,40}")


class InfoNameCode(_Identifier):
    """「特定個人情報名コード」 `TM` and 14 digits."""

    __slots__ = ()
    term = "特定個人情報名コード"
    form = re.compile(r"TM[0-9]{14}")


class AffairCode(_Identifier):
    """「事務コード」 `JM` and 14 digits."""

    __slots__ = ()
    term = "事務コード"
    form = re.compile(r"JM[0-9]{14}")


class ProcedureCode(_Identifier):
    """「事務手続コード」 `JT` and 14 digits."""

    __slots__ = ()
    term = "事務手続コード"
    form = re.compile(r"JT[0-9]{14}")


class AgencyCode(_Identifier):
    """「機関コード」 16 digits."""

    __slots__ = ()
    term = "機関コード"
    form = re.compile(r"[0-9]{16}")
