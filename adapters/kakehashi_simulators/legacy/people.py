"""Invented persons, numbered from 0. Everything about person i follows from i and the seed; nobody is stored."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

__all__ = ["HOUSEHOLD_CYCLE", "PERIOD", "Home", "Name", "People", "wareki", "wareki_letter"]

_FIRST = """
朝アサ 青アオ 秋アキ 石イシ 梅ウメ 大オオ 岡オカ 柏カシワ 桐キリ 桜サクラ 白シラ 杉スギ 竹タケ 月ツキ 鳥トリ
夏ナツ 花ハナ 春ハル 藤フジ 冬フユ 星ホシ 松マツ 水ミズ 雪ユキ 若ワカ 雲クモ 霧キリ 浪ナミ 鷹タカ 葉ハ
"""
_LAST = """
川カワ 山ヤマ 田タ 沢サワ 島シマ 野ノ 原ハラ 村ムラ 木キ 瀬セ 谷タニ 里サト 橋ハシ 森モリ 浜ハマ 岸キシ 坂サカ
池イケ 宮ミヤ 岩イワ
"""
_MALE = """
一郎イチロウ 健太ケンタ 誠マコト 翔ショウ 大輔ダイスケ 隆タカシ 直樹ナオキ 拓也タクヤ 浩ヒロシ 正雄マサオ
勇イサム 進ススム 武タケシ 悟サトル 茂シゲル 学マナブ 光ヒカル 実ミノル 清キヨシ 豊ユタカ
"""
_FEMALE = """
花子ハナコ 愛アイ 恵美エミ 和子カズコ 京子キョウコ 幸子サチコ 静シズカ 千代チヨ 典子ノリコ 陽子ヨウコ
久美クミ 直美ナオミ 美香ミカ 由美ユミ 明美アケミ 葵アオイ 遥ハルカ 文フミ 結衣ユイ 涼子リョウコ
"""
_TOWNS = """
青葉台 朝日町 泉町 梅が丘 大手町 栄町 桜木町 白鳥町 緑町 中央 西町 東町 南町 北町 本町 港町 若葉町 山手町
川端町 星見台
"""
_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_KANA = dict(zip(
    "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワンャュョッー",
    "ｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜﾝｬｭｮｯｰ", strict=True))  # fmt: skip
_VOICED = dict(zip("ガギグゲゴザジズゼゾダヂヅデドバビブベボ", "ｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾊﾋﾌﾍﾎ", strict=True))
HOUSEHOLD_CYCLE = (1, 2, 4, 3, 1, 5, 2, 3, 1, 4)
"""Sizes of households, over and over: 26 persons in ten households."""
PERIOD = 2600
"""Persons i and i + PERIOD share name, home and birthday: a million persons are made of 2,600 blocks."""
_HOMES = 1000
_CYCLE_OF = tuple((home, place) for home, size in enumerate(HOUSEHOLD_CYCLE) for place in range(size))
_STARTS = ((date(2019, 5, 1), 2018), (date(1989, 1, 8), 1988), (date(1926, 12, 25), 1925), (date(1912, 7, 30), 1911),
           (date(1868, 1, 25), 1867))  # fmt: skip


def wareki(day: date) -> str:
    """Seven digits, era 1–5 first."""
    era, (_, offset) = next((5 - i, row) for i, row in enumerate(_STARTS) if day >= row[0])
    return f"{era}{day.year - offset:02}{day.month:02}{day.day:02}"


def wareki_letter(day: date) -> str:
    """The same with the era's letter."""
    text = wareki(day)
    return "MTSHR"[int(text[0]) - 1] + text[1:]


def _split(entry: str) -> tuple[str, str]:
    at = next(i for i, char in enumerate(entry) if "ァ" <= char <= "ー")
    return entry[:at], "".join(f"{_VOICED[char]}ﾞ" if char in _VOICED else _KANA[char] for char in entry[at:])


_PARTS = {name: [_split(entry) for entry in text.split()] for name, text in
          (("first", _FIRST), ("last", _LAST), ("male", _MALE), ("female", _FEMALE))}  # fmt: skip
_TOWN_NAMES = _TOWNS.split()


@dataclass(frozen=True, slots=True)
class Name:
    """Full-width with an ideographic space, half-width kana with a space."""

    kanji: str
    kana: str


@dataclass(frozen=True, slots=True)
class Home:
    """Where a household lives; `address` is full-width throughout."""

    postcode: str
    address: str


class People:
    """The town's people for one seed. A household is up to five neighbours in number who share surname and home."""

    def __init__(self, seed: int) -> None:
        draw = random.Random(f"people-{seed}")  # noqa: S311  # samples, not secrets
        self._shift = draw.randrange(1, 10**6)
        self._unified = draw.randrange(10**13, 9 * 10**13)

    def unified(self, person: int) -> str:
        """「団体内統合宛名番号」"""
        return f"{7 * 10**14 + self._unified + person * 97:015}"

    def household(self, person: int) -> tuple[int, int]:
        """(number of the household, place in it; 0 is the head)."""
        cycle, rest = divmod(person, len(_CYCLE_OF))
        home, place = _CYCLE_OF[rest]
        return cycle * len(HOUSEHOLD_CYCLE) + home, place

    def is_female(self, person: int) -> bool:
        household, place = self.household(person)
        return (household + place) % 2 == 1

    def surname(self, household: int) -> tuple[str, str]:
        """Kanji and half-width kana."""
        key = household % _HOMES * 31 + self._shift
        first = _PARTS["first"][key % len(_PARTS["first"])]
        last = _PARTS["last"][key // len(_PARTS["first"]) % len(_PARTS["last"])]
        return first[0] + last[0], first[1] + last[1]

    def name(self, person: int) -> Name:
        household, place = self.household(person)
        given = _PARTS["female" if self.is_female(person) else "male"]
        kanji, kana = given[(household % _HOMES * 7 + place * 3 + self._shift) % len(given)]
        surname = self.surname(household)
        return Name(f"{surname[0]}\u3000{kanji}", f"{surname[1]} {kana}")

    def home(self, household: int) -> Home:
        key = household % _HOMES * 13 + self._shift
        town = _TOWN_NAMES[key % len(_TOWN_NAMES)]
        number = f"{key // 20 % 9 + 1}-{key // 7 % 28 + 1}-{key // 3 % 15 + 1}"
        return Home(f"{9990000 + key % 10000:07}", f"架空県橋渡市{town}{number.translate(_WIDE)}")

    def birth(self, person: int) -> date:
        """Heads and spouses are grown up, the third and fourth of a household are children, the fifth is old."""
        household, place = self.household(person)
        home = household % _HOMES
        year = (1958, 1960, 2012, 2015, 1931)[place] + (home * 17 + self._shift) % 28 // (1 if place < 2 else 3)
        return date(year, 1, 1) + timedelta(days=(home * 37 + place * 101 + self._shift) % 365)
