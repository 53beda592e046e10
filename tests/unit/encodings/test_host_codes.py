"""Known codes of Japanese hosts, their shift codes, and where text may be cut."""

from __future__ import annotations

import pytest

from kakehashi.codec.charset import charset_named
from kakehashi.codec.cutting import cut_to_fit
from kakehashi.codec.item_types import compile_item
from kakehashi.codec.layout import Item, ItemType
from kakehashi.errors import InputError

KANJI = {
    "jef": "28 B0A1 4040 B6C6 29",
    "keis78": "0A42 B0A1 4040 B6C6 0A41",
    "keis83": "0A42 B0A1 4040 F4A1 0A41",
    "jips-j": "1A70 3021 2121 3646 1A71",
    "jips-e": "3F75 F04F 4F4F F6C6 3F76",
}


@pytest.mark.parametrize("name", KANJI)
def test_each_vendor_has_its_numbers_and_shift_codes(name):
    """亜 (16-01), the wide space and 堯 (22-38 in 1978, 84-01 since 1983)."""
    charset, raw = charset_named(name), bytes.fromhex(KANJI[name])
    assert charset.decode(raw) == "亜　堯"
    assert charset.encode("亜　堯") == raw
    assert charset.shifted.read(raw) == "亜　堯"


@pytest.mark.parametrize("opener", ["28", "38", "30E2"])
def test_jef_opens_in_three_ways(opener):
    """12-point, 9-point and the long form are read; 28 is written."""
    raw = bytes.fromhex(f"C1 {opener} B0A1 29 C2")
    assert charset_named("jef").decode(raw) == "A亜B"
    assert charset_named("jef").encode("A亜B") == bytes.fromhex("C1 28 B0A1 29 C2")


@pytest.mark.parametrize("name", ["jef", "keis83", "jips-j", "jips-e", "cp930", "cp1399"])
def test_the_three_shift_policies(name):
    """Embedded: framed; implied and none: bare. Many items at once give the same as one by one."""
    charset = charset_named(name)
    framed, bare = charset.shifted.write("東京"), charset.wide.write("東京")
    assert bare in framed
    assert len(bare) == 4
    for form, size in ((charset.shifted, len(framed) + 4), (charset.wide, 8)):
        raws = [form.fit(text, size, pad="　", right=False) for text in ("東京", "京", "")]
        texts = [form.read(raw).rstrip("　") for raw in raws]
        assert [text.rstrip("　") for text in form.read_all(raws, trim=True)] == texts == ["東京", "京", ""]
        assert all(len(raw) == size for raw in raws)


@pytest.mark.parametrize(
    ("name", "raw", "code", "offset"),
    [
        ("keis83", "0A42 B0A1", "DEC-020", 0),
        ("keis83", "C1 0A41", "DEC-020", 1),
        ("keis83", "0A42 B0A1 B0 0A41", "DEC-004", 4),
        ("jips-e", "3F75 F04F 4040 3F76", "DEC-004", 4),
        ("jips-j", "41 1A70 3021 7F21 1A71", "DEC-004", 5),
        ("jef", "28 B0A1 38 B0A1 29", "DEC-020", 3),
        ("jef", "28 A8A1 29", "DEC-004", 1),
        ("iso-2022-jp", "41 1B2442 3021", "DEC-020", 6),
        ("iso-2022-jp", "41 1B2442 30", "DEC-004", 4),
        ("iso-2022-jp", "41 1B2442 3021 1B2842 80", "DEC-004", 9),
        ("iso-2022-jp", "41 1B28 01020304050607080910", "DEC-004", 1),
        ("eucjp-ms", "41 B0A1 B0", "DEC-004", 3),
        ("cp943", "41 889F F040", "DEC-004", 3),
        ("cp037", "C1 00", "DEC-004", 1),
    ],
)
def test_the_first_wrong_byte_is_told_exactly(name, raw, code, offset):
    """Cut characters, lost shift codes, codes of other areas."""
    with pytest.raises(InputError) as caught:
        charset_named(name).decode(bytes.fromhex(raw))
    assert (caught.value.fault.code, caught.value.fault.place.offset) == (code, offset)


@pytest.mark.parametrize(
    ("name", "written"),
    [("cp932", "FA40 8754 81E6 FAB1"), ("cp932-nec", "EEEF 8754 81E6 ED95"), ("cp932-ibm", "FA40 FA4A FA5B FAB1")],
)
def test_duplicates_of_cp932_are_written_by_choice(name, written):
    """All codes are read alike; the layout's charset declares which is written."""
    raw = bytes.fromhex(written)
    assert charset_named(name).encode("ⅰⅠ∵﨑") == raw
    assert charset_named(name).decode(raw) == "ⅰⅠ∵﨑"


@pytest.mark.parametrize(
    ("name", "form", "text", "length", "kept"),
    [
        ("cp930", "shifted", "東京都", 7, "東京"),
        ("cp930", "shifted", "東京都", 3, ""),
        ("cp932", "wide", "東京都", 5, "東京"),
        ("cp932", "narrow", "ｶｷﾞｸ", 2, "ｶ"),
        ("utf-8", "wide", "辻\U000e0103村", 6, ""),
        ("utf-8", "wide", "辻\U000e0103村", 7, "辻\U000e0103"),
        ("cp1390", "wide", "か゚か", 2, "か゚"),
    ],
)
def test_a_cut_leaves_whole_characters(name, form, text, length, kept):
    """No half kanji, no lost SI, no split voicing mark or selector."""
    assert cut_to_fit(getattr(charset_named(name), form), text, length) == kept


def test_the_pairs_that_changed_places_in_1983():
    """22 pairs and four kanji: the same code means another form in JEF, KEIS78 and JIPS than in KEIS83."""
    old, new = charset_named("keis78").wide, charset_named("keis83").wide
    raw = bytes.fromhex("B0B3F2CDB6C6CBEAC5D4")
    assert old.read(raw) == "鰺鯵堯槇都"
    assert new.read(raw) == "鯵鰺尭槙都"


@pytest.mark.parametrize("name", ["jef", "keis83", "jips-j", "jips-e", "cp930"])
def test_an_item_of_single_bytes_may_hold_shifted_text(name):
    """X with shift embedded: both widths, padded with the single-byte space; a lost shift code is told."""
    charset = charset_named(name)
    item = Item(name="氏名", type=ItemType.HALFWIDTH, length=20, start=0, shift="embedded")
    codec = compile_item(item, charset=name, shift="embedded", varying=False)
    raw = codec.write("A1亜")
    assert (len(raw), codec.read(raw), codec.read_all([raw, raw])) == (20, "A1亜", ["A1亜", "A1亜"])
    with pytest.raises(InputError) as caught:
        codec.read(raw.rstrip(charset.encode(" "))[: -len(charset.shifts.closer)])
    assert caught.value.fault.code == "DEC-020"


@pytest.mark.parametrize("name", ["cp930", "jef", "keis83", "jips-j", "jips-e"])
@pytest.mark.parametrize("spaces", [0, 2])
def test_items_read_together_are_kept_apart_by_their_own_shift_codes(name, spaces):
    """Full items, shorter ones and blank ones; none of them with a separator of ours in the file."""
    charset = charset_named(name)
    space = charset.encode(" ")
    raws = [charset.encode(text) + space * spaces for text in ("亜　堯", "堯　　", "亜亜亜")]
    assert charset.shifted.read_all(raws) == ["亜　堯", "堯　　", "亜亜亜"]
    assert charset.shifted.read_all([*raws, space * 4], trim=True) == ["亜　堯", "堯", "亜亜亜", ""]


@pytest.mark.parametrize("name", ["cp930", "jef", "keis83", "jips-j", "jips-e"])
@pytest.mark.parametrize("lost", ["opener", "closer", "both"])
def test_a_lost_shift_code_never_reaches_the_next_item(name, lost):
    """Two codes where one item ends and the other begins are still not enough: each item is looked at."""
    charset = charset_named(name)
    opener, closer = charset.shifts.opener, charset.shifts.closer
    pair = charset.wide.write("亜")
    first = opener + pair + (b"" if lost != "opener" else closer)
    second = (b"" if lost != "closer" else opener) + pair + closer
    again = opener + pair + closer + opener + pair + closer
    for raws in ([first, second], [again, first, second], [opener + pair * 3 + closer, first, second]):
        with pytest.raises((InputError, ValueError)):
            charset.shifted.read_all(raws)


def test_items_of_several_lengths_are_not_cut_at_their_average():
    """Shift codes at equal distances are no proof: here one item lacks its end, and the next its beginning."""
    shifted = charset_named("cp930").shifted
    raws = [bytes.fromhex(text) for text in ("0E45664566 0F", "0E456645", "660F0E456645660F")]
    joined = b"".join(raws)
    assert {joined[at] for at in range(0, 18, 6)} == {0x0E}
    assert {joined[at] for at in range(5, 18, 6)} == {0x0F}
    with pytest.raises((InputError, ValueError)):
        shifted.read_all(raws)
