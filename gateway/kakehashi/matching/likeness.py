"""「名寄せの理由」 What is said of two descriptions that nearly agree, without a value of either."""

from __future__ import annotations

from enum import StrEnum

from kakehashi.matching.attribute import Attribute, Attributes, Form, form_of
from kakehashi.matching.spelling import Spelling

__all__ = ["GIVEN", "Reason", "person_form", "reasons_of"]

GIVEN = "g"
"""The tag of given names: compared with nothing, but told where surnames differ."""


class Reason(StrEnum):
    """「確認理由」 Which attribute differs, and how; or why somebody is asked although none does."""

    TWICE = "twice"
    """More than one person of one system agrees in all four, or more than one unified number has them."""
    KANA_ALONE = "name:kana-alone"
    """One side has no more than kana."""
    NAME_KANA = "name:kana"
    """Written otherwise, read alike."""
    NAME_GIVEN = "name:given"
    """The surname differs, the given name does not."""
    NAME_OTHER = "name:other"
    BIRTH_PRECISION = "birth:precision"
    """One side does not know the day, or the month."""
    BIRTH_MONTH = "birth:month"
    """Another day of the same month."""
    BIRTH_YEAR = "birth:year"
    BIRTH_OTHER = "birth:other"
    SEX = "sex:other"
    ADDRESS_PREFECTURE = "address:prefecture"
    ADDRESS_BUILDING = "address:building"
    """The same place, another 方書."""
    ADDRESS_OTHER = "address:other"
    NAME_UNKNOWN = "name:unknown"
    BIRTH_UNKNOWN = "birth:unknown"
    SEX_UNKNOWN = "sex:unknown"
    ADDRESS_UNKNOWN = "address:unknown"


def person_form(attributes: Attributes, spelling: Spelling) -> Form:
    """What record matching compares: the form of the four attributes, and the given names beside it."""
    form = form_of(attributes, spelling)
    written = (text.split() for text in (*attributes.names, *attributes.kana))
    given = frozenset(spelling.name(parts[-1]) for parts in written if len(parts) > 1)
    return Form({**form.tokens, GIVEN: given}) if given else form


def reasons_of(one: Form, other: Form, differ: tuple[Attribute, ...]) -> tuple[Reason, ...]:
    """Of two forms that differ in these: how each does; symmetric."""
    reasons = [_HOW[attribute](one, other) for attribute in differ]
    if Attribute.NAME not in differ and not (one["n"] and other["n"]):
        reasons.append(Reason.KANA_ALONE)
    return tuple(reasons)


def _name(one: Form, other: Form) -> Reason:
    if not all(side["n"] or side["k"] for side in (one, other)):
        return Reason.NAME_UNKNOWN
    if one["k"] & other["k"]:
        return Reason.NAME_KANA
    return Reason.NAME_GIVEN if one[GIVEN] & other[GIVEN] else Reason.NAME_OTHER


def _birth(one: Form, other: Form) -> Reason:
    if not (one["y"] and other["y"]):
        return Reason.BIRTH_UNKNOWN
    if one["y"] != other["y"]:
        return Reason.BIRTH_OTHER
    for tag, same in (("m", Reason.BIRTH_YEAR), ("d", Reason.BIRTH_MONTH)):
        if not (one[tag] and other[tag]):
            return Reason.BIRTH_PRECISION
        if one[tag] != other[tag]:
            return same
    return Reason.BIRTH_OTHER


def _sex(one: Form, other: Form) -> Reason:
    return Reason.SEX if one["s"] and other["s"] else Reason.SEX_UNKNOWN


def _address(one: Form, other: Form) -> Reason:
    if not (one["a"] and other["a"]):
        return Reason.ADDRESS_UNKNOWN
    if one["a"] != other["a"]:
        return Reason.ADDRESS_OTHER
    prefectures = one["p"] and other["p"] and one["p"] != other["p"]
    return Reason.ADDRESS_PREFECTURE if prefectures else Reason.ADDRESS_BUILDING


_HOW = {Attribute.NAME: _name, Attribute.BIRTH: _birth, Attribute.SEX: _sex, Attribute.ADDRESS: _address}
