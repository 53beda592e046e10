"""Character sets: strict in both directions, with the place of the first wrong byte."""

from __future__ import annotations

import pytest

from kakehashi.codec.charset import CHARSETS, charset_named
from kakehashi.errors import InputError

TEXTS = {
    "cp932": "ABC 123 ｱｲｳ 漢字カナ髙﨑～",
    "euc-jp": "ABC 123 ｱｲｳ 漢字カナ",
    "utf-8": "ABC 123 ｱｲｳ 漢字カナ髙﨑𠮷葛󠄀",
    "ascii": "ABC 123",
    "latin-1": "ABC é ü",
    "cp930": "ABC 123 ｱｲｳ 漢字カナ¥",
    "cp939": "abc XYZ 123 ｱｲｳ 漢字カナ¥",
}


def fault_of(call, *arguments):
    with pytest.raises(InputError) as caught:
        call(*arguments)
    return caught.value.fault


@pytest.mark.parametrize("name", TEXTS)
def test_text_comes_back_as_it_was(name):
    """What a charset writes it reads, half-width and full-width mixed."""
    charset = charset_named(name)
    assert charset.decode(charset.encode(TEXTS[name])) == TEXTS[name]


@pytest.mark.parametrize("name", [*CHARSETS, "Shift_JIS", "CP932", "IBM-930"])
def test_names_are_known_in_upper_and_lower_case(name):
    """Layouts name charsets as their vendors do."""
    assert charset_named(name).decode(charset_named(name).encode("A1")) == "A1"


def test_shift_jis_is_cp932():
    """Files that declare Shift_JIS hold CP932 (① and 髙 are in it)."""
    assert charset_named("shift_jis").decode(bytes.fromhex("8740FBFC")) == "①髙"


def test_an_unknown_charset_is_a_configuration_fault():
    """CFG-006 names the charset."""
    assert fault_of(charset_named, "ebcdik").code == "CFG-006"


@pytest.mark.parametrize(
    ("name", "raw", "offset"),
    [
        ("cp932", "41 88 9F 88", 3),
        ("cp932", "88 9F 81 20", 2),
        ("cp932", "41 A0", 1),
        ("cp932", "41 FF", 1),
        ("cp932", "41 80", 1),
        ("cp932", "88 9F F0 40", 2),
        ("cp932", "88 9F 00", 2),
        ("cp932", "41 0D 0A", 1),
        ("euc-jp", "B0 A1 B0", 2),
        ("utf-8", "E6 BC A2 E6 BC", 3),
        ("utf-8", "EF BB BF 41", 0),
        ("utf-8", "41 EE 80 80", 1),
        ("ascii", "41 80", 1),
        ("cp930", "C1 00", 1),
        ("cp930", "C1 0E 4F 58 69 41 0F", 4),
        ("cp930", "0E 4F 58 4F 0F", 3),
        ("cp930", "0E 4F 40 0F", 1),
    ],
)
def test_a_byte_without_meaning_is_told_by_its_offset(name, raw, offset):
    """DEC-004: cut characters, control codes, and gaiji for which no table is declared."""
    fault = fault_of(charset_named(name).decode, bytes.fromhex(raw))
    assert (fault.code, fault.place.offset) == ("DEC-004", offset)


@pytest.mark.parametrize(
    ("raw", "offset"), [("C1 0E 4F 58", 1), ("C1 0F", 1), ("0E 0E 4F 58 0F", 1), ("0E 4F 58 0F 0F", 4)]
)
def test_a_shift_code_without_its_partner_is_told_by_its_offset(raw, offset):
    """DEC-020, not a cascade of wrong characters."""
    fault = fault_of(charset_named("cp930").decode, bytes.fromhex(raw))
    assert (fault.code, fault.place.offset) == ("DEC-020", offset)


@pytest.mark.parametrize(("name", "text"), [("cp932", "𠮷"), ("cp930", "①"), ("ascii", "é"), ("euc-jp", "𠮷")])
def test_a_character_outside_the_charset_is_never_replaced(name, text):
    """DEC-004 with the character's position, not its text."""
    fault = fault_of(charset_named(name).encode, "A" + text)
    assert fault.code == "DEC-004"
    assert fault.facts == {"character": 2}


@pytest.mark.parametrize(
    ("code", "text"),
    [("4F58", "漢"), ("4040", "　"), ("4541", "一"), ("4341", "。"), ("43A1", "〜"), ("444A", "—"), ("4260", "−")],
)
def test_host_double_bytes_are_read_as_glibc_reads_them(code, text):
    """Known codes of IBM's double-byte set."""
    raw = b"\x0e" + bytes.fromhex(code) + b"\x0f"
    found = {name: charset_named(name).decode(raw) for name in ("cp930", "cp939")}
    assert found == {"cp930": text, "cp939": text}


def test_single_bytes_differ_between_cp930_and_cp939():
    """Katakana and lower-case Latin letters change places; digits and capitals do not."""
    raw = bytes.fromhex("81 62 C1 F1")
    assert charset_named("cp930").decode(raw) == "ｱaA1"
    assert charset_named("cp939").decode(raw) == "aｲA1"


@pytest.mark.parametrize(("java", "glibc"), [("～", "〜"), ("―", "—"), ("∥", "‖"), ("￤", "¦")])
def test_both_opinions_about_a_host_code_are_written(java, glibc):
    """Where glibc and Java disagree (data/README.md) one is read and both are written."""
    for name in ("cp930", "cp939"):
        charset = charset_named(name)
        assert charset.wide.write(java) == charset.wide.write(glibc)
        assert charset.decode(charset.encode(java)) == glibc


@pytest.mark.parametrize("name", ["cp930", "cp939"])
def test_every_code_of_a_host_table_comes_back(name):
    """7,265 double-byte characters, each with one code."""
    wide = charset_named(name).wide
    rows = [bytes((high, low)) for high in range(0x41, 0x69) for low in range(0x41, 0xFF)]
    known = []
    for raw in rows:
        try:
            known.append((raw, wide.read(raw)))
        except InputError:
            continue
    assert len(known) == 7264
    assert all(wide.write(text) == raw for raw, text in known)
    assert wide.read_all([raw for raw, _ in known]) == [text for _, text in known]
