"""What is written is declared: a substitute, a cut at a character; everything else is refused or left alone."""

import pytest

from kakehashi.codec.compile import compile_codec, compile_encoder
from kakehashi.codec.fitting import Fitting, TextLoss
from kakehashi.codec.layout import FileFormat, Item, ItemType, Kind, Layout, Record, RecordFormat, Role
from kakehashi.domain.batch import BatchBody
from kakehashi.domain.character import CharacterTrouble
from kakehashi.errors import InputError

TSUJI = "辻\U000e0103"
CUT, RETURNED = CharacterTrouble.CUT, CharacterTrouble.RETURNED


def layout_of(item, *, charset="cp932", kind=Kind.FIXED):
    record = Record(name="data", role=Role.DATA, items=(item,), length=item.length)
    form = FileFormat(kind=kind, recfm=RecordFormat.F, record_element="r", root_element="rs")
    return Layout(name="t", charset=charset, format=form, records=(record,))


def item_of(kind=ItemType.FULLWIDTH, length=8, **more):
    return Item(name="氏名", type=kind, length=length, start=0, **{"truncate": True, **more})


def written(layout, text, degrade=None):
    """(text as it is read again, what was lost)"""
    values, lost = Fitting(layout, degrade or {}).fit("data", {"氏名": text})
    raw = compile_encoder(layout).write("data", values)
    decoded = compile_codec(layout).decode(BatchBody(b"", raw), file="f", first_record=1, offset=0)
    assert decoded.faults == []
    return decoded.rows[0][0], lost


def test_a_long_text_is_cut_where_the_layout_declares_it():
    """And how many characters are gone is told, never which."""
    assert written(layout_of(item_of()), "山田太郎左衛門") == ("山田太郎", [TextLoss("氏名", CUT, "", None, 3)])
    assert written(layout_of(item_of()), "山田太郎") == ("山田太郎", [])


def test_a_long_text_is_refused_where_it_does_not():
    """DEC-018, as before."""
    layout = layout_of(item_of(truncate=False))
    with pytest.raises(InputError) as caught:
        written(layout, "山田太郎左衛門")
    assert caught.value.fault.code == "DEC-018"


@pytest.mark.parametrize(
    ("charset", "kind", "length", "text", "kept"),
    [
        ("cp932", ItemType.HALFWIDTH, 3, "ｱｲﾊﾞ", "ｱｲ"),
        ("cp932", ItemType.HALFWIDTH, 4, "ｱｲﾊﾟｰ", "ｱｲﾊﾟ"),
        ("cp932", ItemType.FULLWIDTH, 5, "山田太", "山田"),
        ("shift_jis-2004", ItemType.FULLWIDTH, 3, "あか\u309a", "あ"),
        ("utf-8", ItemType.FULLWIDTH, 9, f"山{TSUJI}", "山"),
        ("utf-8", ItemType.FULLWIDTH, 10, f"山{TSUJI}", f"山{TSUJI}"),
        ("cp930", ItemType.FULLWIDTH, 7, "山田太", "山田"),
        ("jef", ItemType.FULLWIDTH, 5, "山田太", "山"),
        ("keis83", ItemType.FULLWIDTH, 8, "山田太", "山田"),
    ],
)
def test_a_cut_never_halves_anything(charset, kind, length, text, kept):
    """No half kanji, no lost shift code, no kana without its voicing mark, no base without its selector."""
    if (charset, length) == ("utf-8", 10):
        length = len(text.encode())
    found, lost = written(layout_of(item_of(kind, length), charset=charset), text)
    assert found == kept
    assert [loss.trouble for loss in lost] == ([CUT] if kept != text else [])


def test_a_declared_substitute_is_written_and_told():
    """As code points, with how often; a selector goes with its kanji when the table says so."""
    degrade = {TSUJI: "辻", "𠮷": "吉"}
    found, lost = written(layout_of(item_of(length=20)), f"𠮷田{TSUJI}𠮷", degrade)
    assert found == "吉田辻吉"
    assert lost == [
        TextLoss("氏名", RETURNED, "U+20BB7", "U+5409", 2),
        TextLoss("氏名", RETURNED, "U+8FBB U+E0103", "U+8FBB", 1),
    ]


def test_a_character_without_code_and_substitute_refuses_the_record():
    """DEC-023 with item and code points: never a question mark, never the bare base of a selector."""
    for text, points in (("𠮷田", "U+20BB7"), (f"田{TSUJI}", "U+8FBB U+E0103")):
        with pytest.raises(InputError) as caught:
            written(layout_of(item_of()), text, {"辻": "辻"})
        fault = caught.value.fault
        assert (fault.code, fault.place.item, fault.facts) == ("DEC-023", "氏名", {"character": points})


def test_a_wrong_width_is_no_loss():
    """Half-width letters in a full-width item stay what they are: DEC-008 of the encoder."""
    with pytest.raises(InputError) as caught:
        written(layout_of(item_of()), "山田A")
    assert caught.value.fault.code == "DEC-008"


def test_xml_counts_bytes_in_its_charset():
    """Content of any width; the item's length is that of the charset of the file."""
    layout = layout_of(item_of(ItemType.HALFWIDTH, 5), kind=Kind.XML)
    values, lost = Fitting(layout, {"𠮷": "吉"}).fit("data", {"氏名": "𠮷A田ﾊﾞ"})
    assert (values["氏名"], [loss.trouble for loss in lost]) == ("吉A田", [RETURNED, CUT])


def test_occurrences_are_fitted_one_by_one():
    """A repeating item is a tuple; None stays None, numbers are not touched."""
    layout = layout_of(item_of(length=4, repeat=3))
    values, lost = Fitting(layout, {}).fit("data", {"氏名": ("山田太", None, "山"), "other": 5})
    assert (values, lost) == ({"氏名": ("山田", None, "山"), "other": 5}, [TextLoss("氏名", CUT, "", None, 1)])
