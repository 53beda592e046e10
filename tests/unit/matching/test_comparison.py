"""Spellings that are one, and persons who are not."""

import itertools

import pytest

from kakehashi.config.reading import Reading
from kakehashi.config.variants import read_spelling
from kakehashi.domain.japanese_date import parse_date
from kakehashi.matching.address import address_parts
from kakehashi.matching.attribute import Attribute, Attributes, Form, form_of
from kakehashi.matching.comparison import Verdict, compare
from kakehashi.matching.spelling import Spelling
from kakehashi.runtime.places import shared


@pytest.fixture(scope="module")
def spelling():
    reading = Reading(shared("config"))
    found = read_spelling(reading)
    assert reading.faults == []
    return found


@pytest.mark.parametrize(
    "spellings",
    [
        ("髙橋　京子", "高橋 京子", "高橋京子", "高橋\u3000 京子"),
        ("渡邊　惠", "渡邉恵", "渡辺 恵"),
        ("澤\U000e0101田　國男", "沢田　国男"),
        ("ｷｮｳｺ", "キョウコ", "キヨウコ", "きょうこ"),
        ("ｶﾞｰﾄﾞ", "ガード"),
        ("SMITH　JOHN", "ＳＭＩＴＨ　Ｊｏｈｎ", "Smith, John"),
        ("﨑山", "嵜山", "崎山"),
    ],
)
def test_spellings_of_one_name_are_one(spelling, spellings):
    """Width, spaces, small kana, old forms, variants and their selectors make no difference."""
    assert len({spelling.name(each) for each in spellings}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("斎藤", "斉藤"), ("高橋", "高崎"), ("ハシ", "バシ"), ("ヨーコ", "ヨウコ"), ("太田", "大田"), ("渡部", "渡辺")],
)
def test_names_of_two_stay_two(spelling, one, other):
    """Nothing is brought together that the tables do not declare."""
    assert spelling.name(one) != spelling.name(other)


def test_variants_that_point_in_a_circle_end():
    """A table that says 甲 is 乙 and 乙 is 甲 is no trap."""
    spelling = Spelling({"甲": "乙", "乙": "甲"})
    assert spelling.name("甲乙")


@pytest.mark.parametrize(
    "spellings",
    [
        ("架空県橋渡市青葉台１－２－３", "架空県橋渡市青葉台一丁目２番３号", "架空県橋渡市青葉台1丁目2番地の3"),
        ("橋渡市梅が丘十二丁目3-4", "橋渡市梅ヶ丘１２丁目３番４号", "橋渡市梅ケ丘12-3-4"),
        ("橋渡市大字山田字上山123番地", "橋渡市山田字上山１２３", "橋渡市　山田字上山0123"),
        ("橋渡市三番町5番地", "橋渡市三番町５"),
        ("橋渡市西町二十三番地", "橋渡市西町２３", "橋渡市西町二三番地"),
    ],
)
def test_spellings_of_one_place_are_one(spelling, spellings):
    """丁目・番地・号 in words, kanji numerals or hyphens, of either width."""
    assert len({address_parts(each, spelling).main for each in spellings}) == 1


def test_prefecture_and_building_stand_apart(spelling):
    """So that a system that leaves them out can still agree."""
    parts = address_parts("架空県橋渡市青葉台1-2-3　ハイツ架空２０１号室", spelling)
    assert (parts.prefecture, parts.main, parts.building) == ("架空県", "橋渡市青葉台1-2-3", "ハイツ架空201")
    joined = address_parts("橋渡市青葉台1-2-3ﾊｲﾂ架空201", spelling)
    assert (joined.prefecture, joined.main, joined.building) == ("", parts.main, parts.building)
    assert address_parts("太宰府市緑町2丁目1", spelling).prefecture == ""


BASE = {"names": ("架空　花子",), "birth": "19740815", "sex": "female", "address": "橋渡市青葉台1-2-3"}


def form(spelling, **changes):
    told = {**BASE, **changes}
    return form_of(Attributes(**{**told, "birth": parse_date(told["birth"], "yyyymmdd")}), spelling)


@pytest.mark.parametrize(
    ("changes", "differ"),
    [
        ({}, ()),
        ({"names": ("架空　太郎",)}, ("name",)),
        ({"names": ("鈴木　花子", "架空　花子")}, ()),
        ({"names": (), "kana": ("ｶｸｳ ﾊﾅｺ",)}, ("name",)),
        ({"birth": "19740816"}, ("birth",)),
        ({"birth": "19740800"}, ("birth",)),
        ({"birth": "        "}, ("birth",)),
        ({"sex": None}, ("sex",)),
        ({"address": "架空県橋渡市青葉台1-2-3 ハイツ架空"}, ()),
        ({"address": "橋渡市青葉台1-2-4"}, ("address",)),
        ({"names": ("架空　太郎",), "sex": "male"}, ("name", "sex")),
        ({"names": (), "birth": "        ", "sex": None, "address": None}, ("name", "birth", "sex", "address")),
    ],
)
def test_each_attribute_agrees_or_differs_for_itself(spelling, changes, differ):
    """What is not known on one side does not agree; the verdict counts what agrees."""
    comparison = compare(form(spelling), form(spelling, **changes))
    assert comparison.differ == tuple(Attribute(each) for each in differ)
    assert comparison.verdict is {0: Verdict.SAME, 1: Verdict.DECIDE}.get(len(differ), Verdict.OTHER)


def test_a_birthday_agrees_at_the_same_precision_only(spelling):
    """日不詳 agrees with 日不詳 of the same month, never with a day."""
    month, year = form(spelling, birth="19740800"), form(spelling, birth="19740000")
    assert compare(month, form(spelling, birth="19740800")).differ == ()
    assert compare(year, form(spelling, birth="19740000")).differ == ()
    assert compare(month, year).differ == (Attribute.BIRTH,)
    assert compare(month, form(spelling, birth="19740900")).differ == (Attribute.BIRTH,)


def test_prefectures_and_buildings_that_differ_are_other_places(spelling):
    """Left out they agree, but not when both sides have them and they are not the same."""
    places = [
        "架空県橋渡市青葉台1-2-3",
        "別空県橋渡市青葉台1-2-3",
        "橋渡市青葉台1-2-3 ハイツ甲",
        "橋渡市青葉台1-2-3 ハイツ乙",
    ]
    forms = [form(spelling, address=place) for place in places]
    disagreeing = [(a, b) for a, b in itertools.combinations(range(4), 2) if compare(forms[a], forms[b]).differ]
    assert disagreeing == [(0, 1), (2, 3)]


def test_digests_compare_as_what_they_were_made_of(spelling):
    """The same verdict on digests, which survive storage and show nothing of the person."""
    others = [{}, {"names": ("架空　太郎",)}, {"birth": "19740800"}, {"address": "架空県橋渡市青葉台1-2-3"}]
    digest = {}

    def digested(one):
        return one.digested(lambda token: digest.setdefault(token, f"digest {len(digest)}"))

    for changes in others:
        plain = compare(form(spelling), form(spelling, **changes))
        stored = Form.from_bytes(digested(form(spelling, **changes)).to_bytes())
        assert compare(digested(form(spelling)), stored) == plain
        assert "架空" not in stored.to_bytes().decode()
        assert "橋渡" not in stored.to_bytes().decode()
