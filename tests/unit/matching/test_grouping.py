"""Who is put together by itself, who is asked about and why: three of four, kana, doubles, and what nobody can say."""

from dataclasses import replace

import pytest

from kakehashi.domain.japanese_date import HistoricDate
from kakehashi.matching.attribute import Attributes
from kakehashi.matching.grouping import FROZEN, MOST, Record, across, group, place_keys
from kakehashi.matching.likeness import Reason, person_form
from kakehashi.matching.spelling import Spelling

HANAKO = Attributes(
    names=("桜木 花子",),
    kana=("サクラギ ハナコ",),
    birth=HistoricDate(1980, 5, 17),
    sex="female",
    address="架空県橋渡市栄町１－２－３ ハイツ橋渡２０１",
)
SPELLING = Spelling({"櫻": "桜"})


def record(system, atena, *, known="", **changes):
    form = person_form(replace(HANAKO, **changes), SPELLING)
    return Record(system, f"{atena:015}", known, b"trace", form)


def grouped(*records):
    """Groups as sets of 宛名番号, and pairs of them with their reasons."""
    found = group(records)
    groups = [{int(one.atena) for one in each.records} for each in found.groups]
    blocks = {}
    for number, each in enumerate(found.groups):
        for key in place_keys(each.form):
            blocks.setdefault(key, []).append((number, each.systems, each.form))
    pairs = [*found.pairs, *across(blocks)[0]]
    told = [(*sorted((groups[one], groups[other]), key=min), reasons) for one, other, reasons in pairs]
    return sorted(groups, key=min), sorted(told, key=lambda pair: min(pair[0]))


def test_four_of_four_in_other_spellings_are_one_person():
    """Old forms, prefecture and 方書 left out: nobody is asked."""
    groups, pairs = grouped(
        record(0, 1), record(1, 2, names=("櫻木花子",)), record(2, 3, address="橋渡市栄町一丁目２番３号")
    )
    assert (groups, pairs) == ([{1, 2, 3}], [])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"address": "架空県橋渡市本町９"}, Reason.ADDRESS_OTHER),
        ({"address": "架空県橋渡市栄町１－２－３ ハイツ橋渡３０５"}, Reason.ADDRESS_BUILDING),
        ({"address": "別架県橋渡市栄町１－２－３"}, Reason.ADDRESS_PREFECTURE),
        ({"address": None}, Reason.ADDRESS_UNKNOWN),
        ({"sex": "male"}, Reason.SEX),
        ({"sex": None}, Reason.SEX_UNKNOWN),
        ({"names": ("松田 花子",), "kana": ("マツダ ハナコ",)}, Reason.NAME_GIVEN),
        ({"names": ("桜木 華子",)}, Reason.NAME_KANA),
        ({"names": ("桜木 双葉",), "kana": ("サクラギ フタバ",)}, Reason.NAME_OTHER),
        ({"names": (), "kana": ()}, Reason.NAME_UNKNOWN),
        ({"birth": HistoricDate(1980, 5, 18)}, Reason.BIRTH_MONTH),
        ({"birth": HistoricDate(1980, 6, 17)}, Reason.BIRTH_YEAR),
        ({"birth": HistoricDate(1949, 5, 17)}, Reason.BIRTH_OTHER),
        ({"birth": HistoricDate(1980, 5)}, Reason.BIRTH_PRECISION),
        ({"birth": None}, Reason.BIRTH_UNKNOWN),
    ],
)
def test_three_of_four_are_asked_about_with_what_differs(changes, reason):
    """In whatever attribute: no pair of three is outside of the blocks."""
    assert grouped(record(0, 1), record(1, 2, **changes)) == ([{1}, {2}], [({1}, {2}, (reason,))])


def test_two_of_four_are_two_persons():
    """Moved and married, twins elsewhere: nobody is asked."""
    married = {"names": ("松田 花子",), "kana": ("マツダ ハナコ",)}
    assert grouped(record(0, 1), record(1, 2, address="本町９", **married))[1] == []
    assert grouped(record(0, 1), record(1, 2, sex="male", birth=HistoricDate(1949, 1, 2)))[1] == []


def test_kana_alone_is_asked_about():
    """Twins may be read alike; two who have no more than kana are asked about as well."""
    groups, pairs = grouped(record(0, 1), record(1, 2, names=()), record(2, 3, names=()))
    assert groups == [{1}, {2}, {3}]
    assert {reasons for *_, reasons in pairs} == {(Reason.KANA_ALONE,)}
    assert len(pairs) == 3


def test_who_could_be_two_is_put_together_with_nobody():
    """Two in one system, two unified numbers, two rooms with one between them that names none, one that is frozen."""
    assert grouped(record(0, 1), record(0, 2), record(1, 3))[0] == [{1}, {2}, {3}]
    assert len(grouped(record(0, 1), record(0, 2), record(1, 3))[1]) == 3
    assert grouped(record(0, 1, known="1"), record(1, 2, known="2"))[1] == [({1}, {2}, (Reason.TWICE,))]
    rooms = ("架空県橋渡市栄町１－２－３ ２０１", "架空県橋渡市栄町１－２－３", "架空県橋渡市栄町１－２－３ ３０５")
    assert grouped(*(record(n, n + 1, address=room) for n, room in enumerate(rooms)))[0] == [{1}, {2}, {3}]
    assert grouped(record(0, 1, known=FROZEN), record(1, 2))[0] == [{1}, {2}]


def test_a_system_that_has_both_says_that_they_are_two():
    """Twins in the register: the tax record of one is hers, and nobody is asked about the other."""
    twin = {"names": ("桜木 双葉",), "kana": ("サクラギ フタバ",)}
    groups, pairs = grouped(record(0, 1), record(0, 2, **twin), record(1, 3), record(1, 4, **twin))
    assert (groups, pairs) == ([{1, 3}, {2, 4}], [])


def test_a_former_name_brings_two_names_together():
    """The register knows both; the others know one each, and are one person with it."""
    both = ("松田 花子", "桜木 花子")
    assert grouped(record(0, 1, names=both), record(1, 2), record(2, 3, names=("松田花子",)))[0] == [{1, 2, 3}]


def test_a_block_of_hundreds_says_nothing_and_is_counted():
    """An address and a birthday that were put in for all: compared with nobody by it."""
    names = (chr(0x4E00 + n) for n in range(MOST + 1))
    many = [record(0, n, names=(f"桜 {name}",), kana=()) for n, name in enumerate(names)]
    found = group(many)
    assert (len(found.groups), found.pairs, found.common) == (MOST + 1, [], 1)
