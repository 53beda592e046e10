"""Invented tax assessments whose figures agree with each other, as bytes of the tax system's record."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from kakehashi_simulators.legacy.packing import packed, wide932
from kakehashi_simulators.legacy.people import wareki

__all__ = ["Assessment", "assessments"]

_REASONS = (
    "期限後申告による更正",
    "修正申告による更正",
    "税務署資料による更正",
    "扶養控除の見直し",
    "髙橋税理士の申出による更正",
)
"""髙 is not in the server's repertoire, but in the declared degrade table."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """Bytes 193 to 400 of a data record (支援措置区分 to 予備), and the 年税額 in them."""

    tail: bytes
    annual: int


@dataclass(frozen=True, slots=True)
class _Income:
    salary: int
    salary_income: int
    pension: int
    pension_income: int
    business: int
    farm: int
    rent: int
    interest: int
    dividend: int
    other: int
    occasional: int

    @property
    def total(self) -> int:
        return (self.salary_income + self.pension_income + self.business + self.farm + self.rent + self.interest
                + self.dividend + self.other + self.occasional)  # fmt: skip

    def raw(self) -> bytes:
        figures = (self.total, self.salary, self.salary_income, self.pension, self.pension_income, self.business,
                   self.farm, self.rent, self.interest, self.dividend, self.other, self.occasional)  # fmt: skip
        return b"".join(packed(figure, 6) for figure in figures)


@cache
def assessments(seed: int, n: int) -> Sequence[Assessment]:
    """`n` different ones, the same for the same seed; one in eleven undeclared, one in seven without tax."""
    draw = random.Random(f"assessment-{seed}")  # noqa: S311  # samples, not secrets
    return [_assessment(draw, kind=("undeclared" if i % 11 == 7 else "free" if i % 7 == 3 else "taxed"), turn=i)
            for i in range(n)]  # fmt: skip


def _assessment(draw: random.Random, *, kind: str, turn: int) -> Assessment:
    income = _income(draw, kind)
    dependents = draw.randrange(4)
    spouse = draw.randrange(2)
    social = income.salary * 14 // 100 + income.pension_income // 20
    life = draw.randrange(0, 71) * 1000
    spouse_relief, dependents_relief = spouse * 330_000, dependents * 330_000
    relief = 430_000 + social + life + spouse_relief + dependents_relief
    taxable = max(0, income.total - relief) // 1000 * 1000
    city, prefecture = taxable * 6 // 100 // 100 * 100, taxable * 4 // 100 // 100 * 100
    city_equal, prefecture_equal = (3000, 1000) if kind == "taxed" else (0, 0)
    annual = city + prefecture + city_equal + prefecture_equal
    code = {"undeclared": b"40", "free": b"30"}.get(kind, b"10" if taxable else b"20")
    declared = b"9" if kind == "undeclared" else b"%d" % draw.randrange(1, 5)
    corrected = turn % 13 == 5
    tail = b"".join((
        b"1" if turn % 97 == 11 else b" " if turn % 97 == 12 else b"0",
        b"1" if turn % 89 == 3 else b"0",
        code,
        declared,
        income.raw(),
        packed(relief, 6),
        *(packed(part, 5) for part in (social, life, spouse_relief, dependents_relief)),
        packed(taxable, 6),
        b"%09d%05d%09d%05d" % (city, city_equal, prefecture, prefecture_equal),
        packed(annual, 6),
        b"%02d%d%d%d" % (dependents, spouse, turn % 31 == 4, 2 if turn % 41 == 6 else 0),
        packed(draw.choice((0, 0, 0, 2500, 10000)), 3),
        b"%+09d" % (-1500 if turn % 19 == 2 else 0),
        (wareki(date(2026, 7, 1 + turn % 28)) if corrected else "0" * 7).encode(),
        wide932(_REASONS[turn // 13 % len(_REASONS)] if corrected else "", 40),
        b" ",
    ))  # fmt: skip
    return Assessment(tail, annual)


def _income(draw: random.Random, kind: str) -> _Income:
    if kind != "taxed":
        return _Income(*(0,) * 11)
    salary = draw.randrange(1500, 11000) * 1000
    pension = draw.randrange(0, 2) * draw.randrange(600, 2400) * 1000
    return _Income(
        salary=salary,
        salary_income=max(0, salary - max(650_000, salary * 3 // 10)),
        pension=pension,
        pension_income=max(0, pension - 600_000),
        business=draw.choice((0, 0, 0, -210_000, 340_000, 1_250_000)),
        farm=draw.choice((0, 0, 0, 0, 180_000)),
        rent=draw.choice((0, 0, 0, 0, 720_000)),
        interest=draw.choice((0, 0, 12_000)),
        dividend=draw.choice((0, 0, 0, 45_000)),
        other=draw.choice((0, 0, 0, 60_000)),
        occasional=draw.choice((0, 0, 0, 0, 0, 500_000)),
    )
