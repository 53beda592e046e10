"""What records become, and what refuses them."""

import datetime as dt
from decimal import Decimal

import pytest
from tests.unit.mapping.standards import FIELDS, compiled, with_row, without_row

from kakehashi.domain.japanese_date import HistoricDate, parse_date
from kakehashi.mapping.compiler import Loss

GOOD = {
    "宛名番号": "000000000000042",
    "年度": "2026",
    "開始": parse_date("20260401", "yyyymmdd"),
    "終了": None,
    "支援": "0",
    "異動": "1",
    "氏名": "山田 太郎",
    "カナ": "ﾔﾏﾀﾞ",
    "番号": "0042",
    "金額": -1200,
    "割合": Decimal("1.50"),
    "生年": parse_date("3490800", "wareki"),
    "区分": "02",
    "備考": None,
}


def row(**changes):
    return tuple({**GOOD, **changes}[name] for name in FIELDS)


def mapped(rows=None, *, mapper=None, **changes):
    out, faults = (mapper or compiled(**({"rows": rows} if rows else {}))).map([row(**changes)], numbers=[7])
    return out[0], faults


def test_a_record_becomes_one_fragment_in_the_order_of_the_standard():
    """Items stand in the order of the data standard, whatever that of the table; values as their types write them."""
    record, faults = mapped(list(reversed([*with_row("A0010", "氏名")])))
    assert faults == []
    assert record.content == (
        "<A0010>山田 太郎</A0010><A0020>ヤマダ</A0020><A0030>0042</A0030><A0040>-1200</A0040><A0050>1.50</A0050>"
        "<A0060>1974-08</A0060><A0070>2</A0070>"
    )
    assert record[:6] == ("2026", "2026-04-01", "", "0", "0", "register")
    assert record.losses == ()


def test_nothing_comes_of_nothing():
    """A row that is None stays None, in its place, without a fault."""
    out, faults = compiled().map([None, row(), None], numbers=[1, 2, 3])
    assert [record is None for record in out] == [True, False, True]
    assert faults == []


def test_a_missing_value_is_told_with_its_reason():
    """No value gives the declared reason of absence; an optional item without a reason is left out."""
    record, faults = mapped(番号=None, 金額=None, 割合=None, 生年=None, 区分="", カナ="")
    assert faults == []
    assert record.content == (
        "<A0010>山田 太郎</A0010><A0030-absent>1</A0030-absent><A0040-absent>1</A0040-absent>"
        "<A0060-absent>9</A0060-absent><A0070-absent>1</A0070-absent>"
    )


def test_a_required_item_without_value_and_reason_refuses_the_record():
    """MAP-003 names record, target and source; the neighbours go on."""
    out, faults = compiled().map([row(), row(氏名=None), row(氏名="")], numbers=[4, 5, 6])
    assert [record is None for record in out] == [False, True, True]
    assert [(f.code, f.place.record, f.place.item, f.facts["source"]) for f in faults] == [
        ("MAP-003", 5, "A0010", "氏名"),
        ("MAP-003", 6, "A0010", "氏名"),
    ]


def test_every_fault_of_a_record_is_told():
    """A record with three faults has three, each with its target."""
    record, faults = mapped(氏名=None, 金額="1万円", 区分="99", 開始=None)
    assert record is None
    assert {(f.code, f.place.item) for f in faults} == {
        ("MAP-003", "@valid_from"),
        ("MAP-003", "A0010"),
        ("MAP-001", "A0040"),
        ("MAP-002", "A0070"),
    }
    assert "万" not in "".join(map(str, faults))


@pytest.mark.parametrize(
    "changes",
    [
        {"氏名": HistoricDate(2026, 4, 1)},
        {"氏名": ("山田", "太郎")},
        {"番号": HistoricDate(2026)},
        {"金額": "１２"},
        {"金額": Decimal("1.5")},
        {"割合": Decimal("1.234")},
        {"割合": "1,5"},
        {"生年": "19740815"},
        {"開始": HistoricDate(2026, 4)},
        {"支援": "2"},
    ],
)
def test_what_the_type_cannot_hold_is_refused(changes):
    """Nothing is rounded, cut or guessed: MAP-001."""
    record, faults = mapped(**changes)
    assert record is None
    assert [fault.code for fault in faults] == ["MAP-001"]


@pytest.mark.parametrize(("value", "text"), [("0042", "42"), ("+7", "7"), (Decimal("3.00"), "3"), (0, "0")])
def test_numbers_are_written_plainly(value, text):
    """An integer item has neither leading zeros nor a plus sign, and zero is a value."""
    record, _ = mapped(金額=value)
    assert f"<A0040>{text}</A0040>" in record.content


@pytest.mark.parametrize(("flag", "sent"), [("0", "0"), ("1", "1"), (None, "1"), ("", "1"), (0, "0"), (1, "1")])
def test_protection_fails_closed(flag, sent):
    """An unknown protection flag means: not disclosed, and not answered automatically."""
    record, _ = mapped(支援=flag)
    assert (record.non_disclosure, record.auto_response_blocked) == (sent, sent)


def test_automatic_answers_have_their_own_flag_where_it_is_mapped():
    """@auto_response_blocked follows @non_disclosure only as long as it has no row of its own."""
    mapper = compiled(with_row("@auto_response_blocked", "番号", "flag(0042)"))
    record, _ = mapped(mapper=mapper)
    assert (record.non_disclosure, record.auto_response_blocked) == ("0", "1")


def test_a_deletion_has_no_content_and_asks_for_none():
    """A deletion goes out although required items are missing; its control items are still checked."""
    record, faults = mapped(異動="3", 氏名=None, 金額="x")
    assert (record.operation, record.content, faults) == ("delete", "", [])
    record, faults = mapped(異動="3", 年度=None, 氏名=None)
    assert [(fault.code, fault.place.item) for fault in faults] == [("MAP-003", "@unit")]


def test_an_open_end_is_no_end():
    """99999999 as @valid_to means without end; as a date item it is no value."""
    mark = parse_date("99999999", "yyyymmdd")
    record, _ = mapped(終了=mark, 生年=mark)
    assert record.valid_to == ""
    assert "<A0060-absent>9</A0060-absent>" in record.content


def test_markup_in_a_value_is_escaped():
    """& < > of a name come out escaped, and the record goes on."""
    record, faults = mapped(氏名="A&B<C>", 備考="]]>")
    assert faults == []
    assert record.content.startswith("<A0010>A&amp;B&lt;C&gt;</A0010>")
    assert record.content.endswith("<A0080>]]&gt;</A0080>")


@pytest.mark.parametrize(
    "text", ["淸水", "仼", "\x00", "a\tb", "\x7f", "\ue000", "\U000e0100", "゚か", "\ufffe", "①\x1f"]
)
def test_what_the_server_cannot_take_holds_the_record(text):
    """MAP-004 for characters outside JIS X 0213 and for controls; facts name the position, not the character."""
    out, faults = compiled().map([row(), row(氏名=text), row()], numbers=[1, 2, 3])
    assert [record is None for record in out] == [False, True, False]
    assert [(f.code, f.place.record, f.place.item) for f in faults] == [("MAP-004", 2, "A0010")]
    assert set(faults[0].facts) == {"source", "position", "character"}


@pytest.mark.parametrize("text", ["𠀋吉", "﨑", "濵", "德", "か゚き゚", "葛\U000e0100城", "①㈱", "〜−‖"])
def test_names_stay_as_they_were_written(text):
    """JIS X 0213 in full, combining marks, IVS: nothing is normalised away."""
    record, faults = mapped(氏名=text)
    assert faults == []
    assert record.content.startswith(f"<A0010>{text}</A0010>")


def test_a_declared_substitute_is_used_and_counted():
    """The degrade table replaces a character and the loss is recorded by item; an undeclared one still holds."""
    mapper = compiled(degrade={"髙": "高", "～": "〜"})
    record, faults = mapped(mapper=mapper, 氏名="髙橋～髙木", 備考="&髙")
    assert faults == []
    assert record.content.startswith("<A0010>高橋〜高木</A0010>")
    assert record.content.endswith("<A0080>&amp;高</A0080>")
    assert record.losses == (
        Loss("A0010", "髙", "高", 2),
        Loss("A0010", "～", "〜", 1),
        Loss("A0080", "髙", "高", 1),
    )
    record, faults = mapped(mapper=mapper, 氏名="髙淸")
    assert [(fault.code, fault.facts["position"]) for fault in faults] == [("MAP-004", 2)]


def test_every_character_without_a_substitute_is_named():
    """Each with all of its places, in the order of the first; of a text of many different ones, eight are named."""
    mapper = compiled(degrade={"髙": "高"})
    _, faults = mapped(mapper=mapper, 氏名="淸髙仼\U000e0100淸")
    facts = {name: faults[0].facts[name] for name in ("position", "character")}
    assert facts == {"position": "1, 4; 3", "character": "U+6DF8; U+4EFC U+E0100"}
    _, faults = mapped(mapper=mapper, 氏名="".join(map(chr, range(0xE000, 0xE00A))))
    assert str(faults[0].facts["character"]).count(";") == 7


def test_a_substituted_kanji_loses_its_selector():
    """A selector belongs to its kanji: it goes with it."""
    record, _ = mapped(mapper=compiled(degrade={"髙": "高"}), 氏名="髙\U000e0100橋")
    assert record.content.startswith("<A0010>高橋</A0010>")


def test_items_that_repeat_become_elements():
    """A repeating item gives an element for each value; empty occurrences are left out, too many are refused."""
    record, _ = mapped(備考=("一", None, "二", ""))
    assert record.content.endswith("<A0080>一</A0080><A0080>二</A0080>")
    record, _ = mapped(備考=(None, ""))
    assert "A0080" not in record.content
    record, faults = mapped(備考=("一", "二", "三", "四"))
    assert record is None
    assert [(fault.code, fault.facts["most"]) for fault in faults] == [("MAP-001", 3)]


def test_converters_work_on_each_value_of_an_item_that_repeats():
    """The pipe and the table of a repeating target apply to every value."""
    record, _ = mapped(with_row("A0080", "備考 番号", "trim | slice(1, 1)"), 備考=(" 一二", None))
    assert record.content.endswith("<A0080>一</A0080><A0080>0</A0080>")


def test_several_sources_are_put_together():
    """Concat joins what there is; with nothing the item is absent."""
    mapper = compiled(with_row("A0010", "氏名 カナ", 'concat("・")'))
    assert mapped(mapper=mapper)[0].content.startswith("<A0010>山田 太郎・ﾔﾏﾀﾞ</A0010>")
    assert mapped(mapper=mapper, カナ=None)[0].content.startswith("<A0010>山田 太郎</A0010>")
    assert [fault.code for fault in mapped(mapper=mapper, カナ=None, 氏名="")[1]] == ["MAP-003"]


def test_literals_go_through_their_converters_once():
    """=text is a constant, escaped and converted when the mapping is compiled."""
    record, _ = mapped(with_row("A0010", "=A&B"))
    assert record.content.startswith("<A0010>A&amp;B</A0010>")
    record, _ = mapped(with_row("A0060", "=20260401", "date"))
    assert "<A0060>2026-04-01</A0060>" in record.content


def test_an_item_may_be_declared_absent():
    """A row with a reason and no source: the reason in every record."""
    record, _ = mapped(with_row("A0040", "", "", "", "9"))
    assert "<A0040-absent>9</A0040-absent>" in record.content


def test_tables_are_read_on_their_day():
    """--as-of takes the codes that hold on that day."""
    from tests.unit.mapping.standards import TABLES

    from kakehashi.mapping.code_table import CodeRow, CodeTable

    reform = dt.date(2026, 10, 1)
    table = CodeTable(
        "kind",
        (
            CodeRow(source="02", target="1", valid_to=reform - dt.timedelta(days=1)),
            CodeRow(source="02", target="2", valid_from=reform),
        ),
    )
    for day, code in ((dt.date(2026, 9, 30), "1"), (reform, "2"), (None, "2")):
        record, _ = mapped(mapper=compiled(tables={**TABLES, "kind": table}, as_of=day))
        assert f"<A0070>{code}</A0070>" in record.content


def test_lineage_and_explanation_follow_the_table():
    """Each target knows its sources, converters and line; explain gives text, absence or fault of each."""
    mapper = compiled()
    lineage = {entry.target: entry for entry in mapper.lineage}
    assert (lineage["A0020"].sources, lineage["A0020"].converters) == (("カナ",), ("kana",))
    assert lineage["@person"].line == 2
    explained = {entry.target: entry for entry in mapper.explain(row(番号=None, 金額="x", 氏名=None))}
    assert explained["A0020"].text == "ヤマダ"
    assert explained["A0030"].absent == "1"
    assert explained["A0040"].fault.code == "MAP-001"
    assert explained["A0010"].fault.code == "MAP-003"
    assert mapper.person_field == 0


def test_an_inquiry_has_no_controls():
    """For inquiries the standard is the table of elements, and @person the only control."""
    mapper = compiled([("@person", "宛名番号"), *[row for row in without_row("@person") if not row[0].startswith("@")]],
                      inquiry=True)  # fmt: skip
    record, faults = mapped(mapper=mapper)
    assert faults == []
    assert record[:6] == ("",) * 6
    assert record.content.startswith("<A0010>")
