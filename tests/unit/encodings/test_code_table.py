"""A site's tables of gaiji and extension areas."""

from __future__ import annotations

import json
from datetime import date

import pytest

from kakehashi.codec.charset import charset_named
from kakehashi.codec.code_table import CodeRow, import_table
from kakehashi.codec.overlay import with_table
from kakehashi.errors import ConfigurationError, InputError

TSUJI = "辻\U000e0103"
AREAS = [("jef", "80A1"), ("keis83", "81A1"), ("jips-j", "7421"), ("cp930", "6941"), ("cp932", "F040"),
         ("cp943", "F040"), ("eucjp-ms", "F5A1")]  # fmt: skip
NO_ROOM = [("jef", ["28", "2841", "0E"]), ("cp930", ["0E", "410F"]), ("cp932", ["889F", "41"]), ("cp943", ["889F"]),
           ("eucjp-ms", ["B0A1"])]  # fmt: skip


def table_of(tmp_path, *lines, header="code,unicode,ivs,options,valid_from,valid_to"):
    path = tmp_path / "gaiji-tax.csv"
    path.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
    return path


def test_a_selector_is_kept_both_ways(tmp_path):
    """IVS: the base and its selector are one code."""
    table = import_table(table_of(tmp_path, "67A5,8FBB,E0103,,,"))
    jef = with_table(charset_named("jef"), table)
    assert jef.wide.read(bytes.fromhex("67A5C4D4")) == TSUJI + "辻"
    assert jef.wide.write(TSUJI + "辻") == bytes.fromhex("67A5C4D4")
    assert jef.decode(jef.encode("A" + TSUJI)) == "A" + TSUJI


def test_a_selector_that_the_charset_lacks_is_never_dropped(tmp_path):
    """DEC-004 at the selector, not the bare kanji."""
    with pytest.raises(InputError) as caught:
        charset_named("jef").wide.write("田" + TSUJI)
    assert (caught.value.fault.code, caught.value.fault.facts) == ("DEC-004", {"character": 3})


def test_an_unmapped_code_is_told_in_hex():
    """A code is no personal value: the ledger of unmapped codes needs it."""
    with pytest.raises(InputError) as caught:
        charset_named("jef").decode(bytes.fromhex("C128B0A180A129"))
    fault = caught.value.fault
    assert (fault.code, fault.place.offset, fault.facts) == ("DEC-004", 4, {"unmapped": "80A1"})


@pytest.mark.parametrize(
    ("options", "reads", "writes"),
    [("", True, True), ("decode_only", True, False), ("encode_only", False, True), ("oneway", True, False)],
)
def test_marks_say_in_which_direction_a_row_holds(tmp_path, options, reads, writes):
    """decode_only and oneway rows are read, encode_only rows are written."""
    keis = with_table(charset_named("keis83"), import_table(table_of(tmp_path, f"81A1,2B743,,{options},,")))
    for call, argument, allowed in ((keis.wide.read, b"\x81\xa1", reads), (keis.wide.write, "\U0002b743", writes)):
        if allowed:
            assert call(argument)
        else:
            with pytest.raises(InputError):
                call(argument)


def test_a_oneway_row_with_a_selector_comes_back(tmp_path):
    """Its text is unlike any other's, so nothing is lost on the way back."""
    table = import_table(table_of(tmp_path, "41A5,4E08,E0103,oneway,,"))
    assert table.rows == (CodeRow(0x41A5, "丈\U000e0103"),)


def test_a_table_holds_on_its_days(tmp_path):
    """Effective-dated rows: a code may change its meaning."""
    path = table_of(tmp_path, "80A1,9AD9,,,,2025-03-31", "80A1,FA11,,,2025-04-01,")
    texts = [import_table(path, on=day).rows[0].text for day in (date(2025, 3, 31), date(2025, 4, 1))]
    assert texts == ["\u9ad9", "\ufa11"]


def test_a_later_table_overrides_an_earlier_one(tmp_path):
    """A site's row comes before the vendor's."""
    first = import_table(table_of(tmp_path, "80A1,4E00,,,,"))
    second = import_table(table_of(tmp_path, "80A1,9AD9,,,,"))
    jef = with_table(charset_named("jef"), first, second)
    assert jef.wide.read(b"\x80\xa1") == "髙"
    assert jef.wide.write("一髙") == bytes.fromhex("B0EC 80A1"), "what the code no longer means is not written as it"


def test_without_a_day_a_code_means_what_it_means_longest(tmp_path):
    """A row that ended is neither read nor written: the code has another meaning now."""
    jef = with_table(charset_named("jef"), import_table(table_of(tmp_path, "80A1,4E00,,,,2025-03-31", "80A1,FA11,,,,")))
    assert jef.wide.read(b"\x80\xa1") == "\ufa11"
    assert jef.wide.write("一") == bytes.fromhex("B0EC")


@pytest.mark.parametrize(("charset", "code"), AREAS)
def test_every_charset_with_an_area_for_gaiji_takes_a_table(tmp_path, charset, code):
    """The code is read as a kanji with its selector, and written again."""
    taught = with_table(charset_named(charset), import_table(table_of(tmp_path, f"{code},8FBB,E0103,,,")))
    assert taught.wide.read(bytes.fromhex(code)) == TSUJI
    assert taught.wide.write(TSUJI) == bytes.fromhex(code)
    assert taught.decode(taught.encode("A" + TSUJI + "亜")) == "A" + TSUJI + "亜"
    with pytest.raises(InputError):
        charset_named(charset).wide.read(bytes.fromhex(code))


@pytest.mark.parametrize(("charset", "codes"), NO_ROOM)
def test_a_code_that_has_no_room_is_refused(tmp_path, charset, codes):
    """CFG-008 for each: shift codes, controls, and what the standard part has already."""
    with pytest.raises(ConfigurationError) as caught:
        with_table(charset_named(charset), import_table(table_of(tmp_path, *(f"{code},4E00,,,," for code in codes))))
    assert [(f.code, f.facts["code"]) for f in caught.value.faults] == [("CFG-008", code) for code in codes]


def test_cp932_takes_gaiji_in_its_user_defined_area(tmp_path):
    """Keyed by the code, never by the private-use character that stands for it."""
    table = import_table(table_of(tmp_path, "F040,8FBB,E0103,,,"))
    tax = with_table(charset_named("cp932"), table)
    assert tax.decode(b"A\xf0\x40\x88\x9f") == "A" + TSUJI + "亜"
    assert tax.encode("A" + TSUJI + "亜") == b"A\xf0\x40\x88\x9f"
    assert tax.wide.read_all([b"\x88\x9f\x88\x9f"]) == ["亜亜"]
    for call, argument in ((tax.decode, b"\xf0\x41"), (tax.encode, "\ue000")):
        with pytest.raises(InputError):
            call(argument)


@pytest.mark.parametrize("line", ["XYZ,4E00,,,,", "80A1,,,,,", "80A1,110000,,,,", "80A1A1,4E00,,,,", "80A1,4E00,,,x,"])
def test_every_wrong_row_is_told(tmp_path, line):
    """CFG-008 with the row's number."""
    with pytest.raises(ConfigurationError) as caught:
        import_table(table_of(tmp_path, "80A1,4E00,,,,", line, line))
    assert [(f.code, f.place.record) for f in caught.value.faults] == [("CFG-008", 2), ("CFG-008", 3)]


@pytest.mark.parametrize("text", ["{}", "[1]", "no json"])
def test_json_must_be_a_list_of_rows(tmp_path, text):
    """CFG-008."""
    path = tmp_path / "table.json"
    path.write_text(text)
    with pytest.raises(ConfigurationError):
        import_table(path)


def test_rows_without_a_character_are_counted(tmp_path):
    """U+FFFD is no character, and a control is no content of an item."""
    path = tmp_path / "table.json"
    path.write_text(json.dumps([{"code": "71F7", "unicode": "FFFD", "options": []}, {"code": "00", "unicode": "0000"}]))
    table = import_table(path)
    assert (table.rows, table.unmapped, table.controls) == ((), 1, 1)


def test_a_charset_that_takes_no_table_says_so(tmp_path):
    """CFG-006."""
    with pytest.raises(ConfigurationError):
        with_table(charset_named("utf-8"), import_table(table_of(tmp_path, "80A1,4E00,,,,")))


@pytest.mark.parametrize("charset", ["jips-e", "jips-j-ebcdik"])
def test_single_bytes_of_a_site_lie_over_a_vendors_page(tmp_path, charset):
    """Small letters of NEC's EBCDIC, which the page lacks, both ways; a kana that has lost its byte is refused."""
    small = [*range(0x81, 0x8A), *range(0x91, 0x9A), *range(0xA2, 0xAA)]
    rows = [f"{code:02X},{ord('a') + at:04X},,,," for at, code in enumerate(small)]
    bare = charset_named(charset)
    site = with_table(bare, import_table(table_of(tmp_path, *rows)))
    letters = "abcdefghijklmnopqrstuvwxyz"
    assert site.narrow.read(bytes(small)) == letters
    assert site.narrow.write(letters) == bytes(small)
    assert site.mixed.write("aA山z") == b"\x81\xc1" + bare.mixed.write("山") + b"\xa9"
    assert site.mixed.read(site.mixed.write("aA山z")) == "aA山z"
    with pytest.raises(InputError):
        bare.narrow.write("a")
    with pytest.raises(InputError):
        site.narrow.write(bare.narrow.read(b"\x81"))
