"""Other people's tables of Fujitsu and Hitachi codes, under ../shared/cases/jef4j when it is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from kakehashi.codec.charset import charset_named
from kakehashi.codec.code_table import import_table
from kakehashi.codec.overlay import with_table
from kakehashi.errors import InputError

CASES = Path(__file__).resolve().parents[4] / "shared" / "cases" / "jef4j"
TABLES = {
    "fujitsu_jef_mapping": ("jef", 11_527, 457),
    "fujitsu_ascii_mapping": ("fujitsu-ascii", 97, 0),
    "fujitsu_ebcdic_mapping": ("fujitsu-ebcdic", 98, 0),
    "fujitsu_ebcdik_mapping": ("fujitsu-ebcdik", 161, 0),
    "hitachi_ebcdic_mapping": ("hitachi-ebcdic", 158, 0),
    "hitachi_ebcdik_mapping": ("hitachi-ebcdik", 158, 0),
}
"""Table → charset, rows that mean something, rows that mean U+FFFD."""
MISPRINTS = {(0x7F, "\\"), (0x8F, "ﾈ")}
"""Rows of hitachi_ebcdic_mapping that repeat another row's character or code."""
HERE = [name for name in TABLES if (CASES / f"{name}.json").exists()]


def form_of(charset, code):
    return charset.narrow if code < 0x100 else charset.wide


def raw_of(code):
    return code.to_bytes(1 if code < 0x100 else 2, "big")


@pytest.mark.parametrize("name", HERE)
def test_every_row_of_an_imported_table_goes_both_ways_where_it_may(name):
    """Each row is read, and written unless it is marked; rows that mean U+FFFD are left out and counted."""
    charset_name, count, unmapped = TABLES[name]
    table = import_table(CASES / f"{name}.json")
    charset = with_table(charset_named(charset_name), table)
    assert (len(table.rows), table.unmapped) == (count, unmapped)
    for row in table.rows:
        form = form_of(charset, row.code)
        if row.reads:
            assert form.read(raw_of(row.code)) == row.text
        if row.writes:
            assert form.write(row.text) == raw_of(row.code)


@pytest.mark.parametrize("name", [name for name in HERE if "jef" not in name])
def test_our_single_bytes_are_those_of_the_outside_table(name):
    """Composed from what EBCDIC pages share, the vendors' pages agree with the outside tables but for misprints."""
    page = charset_named(TABLES[name][0])
    rows = [row for row in import_table(CASES / f"{name}.json").rows if row.reads]
    wrong = {(row.code, row.text) for row in rows if page.narrow.read(raw_of(row.code)) != row.text}
    assert wrong <= MISPRINTS


@pytest.mark.parametrize("name", [name for name in HERE if "jef" in name])
def test_the_standard_part_of_jef_has_the_kanji_of_the_outside_table(name):
    """Without selectors, 6,752 of 6,802 codes agree; the rest are finer glyphs, which a site's table may bring."""
    jef = charset_named("jef")
    same = other = 0
    for row in import_table(CASES / f"{name}.json").rows:
        if row.reads and row.code >= 0xA1A1:
            try:
                text = jef.wide.read(raw_of(row.code))
            except InputError:
                continue
            same, other = (same + 1, other) if text == row.text[0] else (same, other + 1)
    assert (same, other) == (6752, 50)
