"""The stored tables against converters that Python and this machine have."""

from __future__ import annotations

import codecs
import csv
import shutil
import subprocess
from pathlib import Path

import pytest

from kakehashi.codec.charset import charset_named
from kakehashi.codec.charset_name import EBCDIC_PAGES
from kakehashi.codec.stored_table import StoredTable, stored_pages
from kakehashi.codec.text_form import NONE

DATA = Path(__file__).resolve().parents[3] / "gateway" / "kakehashi" / "codec" / "data"
with (DATA / "disagreements.csv").open(encoding="utf-8", newline="") as file:
    DISAGREED = {(row["charset"], bytes.fromhex(row["code"])) for row in csv.DictReader(file)}
PYTHON_PAGES = ("037", "500", "1140")
ICONV = {
    **{f"cp{page}": f"IBM{page}" for page in EBCDIC_PAGES if page not in {"838", "1027"}},
    **{f"cp{number}": f"IBM{number}" for number in ("930", "939", "943", "1390", "1399")},
    "eucjp-ms": "EUC-JP-MS",
}
HERE = ICONV if shutil.which("iconv") else {}


def codes_of(name):
    """Code → text, without those on which converters are known to differ."""
    single = stored_pages()[name] if name in stored_pages() else StoredTable.load(name).single
    codes = {bytes((byte,)): text for byte, text in enumerate(single) if text != NONE}
    codes |= {} if name in stored_pages() else StoredTable.load(name).codes
    return {code: text for code, text in codes.items() if (name, code) not in DISAGREED}


def framed(name, code):
    return b"\x0e" + code + b"\x0f" if len(code) == 2 and name in {"cp930", "cp939", "cp1390", "cp1399"} else code


@pytest.mark.parametrize("name", HERE)
def test_every_stored_code_is_what_iconv_reads(name):
    """Both for pages and for mixed charsets; the listed disagreements apart."""
    codes = codes_of(name)
    raw = b"".join(framed(name, code) for code in codes)
    done = subprocess.run(["iconv", "-f", ICONV[name], "-t", "UTF-8"], input=raw, capture_output=True, check=True)
    assert done.stdout.decode() == "".join(codes.values())


@pytest.mark.parametrize("page", PYTHON_PAGES)
def test_pages_that_python_has_are_the_same(page):
    """Python's own codecs are a fourth witness (its 273 stands alone with an overline at BC)."""
    for byte, text in enumerate(stored_pages()[f"cp{page}"]):
        if text != NONE:
            assert codecs.decode(bytes((byte,)), f"cp{page}") == text


@pytest.mark.parametrize("name", ["cp290", "cp1027"])
def test_the_single_bytes_of_the_mixed_charsets_are_ibms_pages(name):
    """930 is 290 with kanji, 939 is 1027 with kanji."""
    mixed = {"cp290": "cp930", "cp1027": "cp939"}[name]
    assert charset_named(name).single == charset_named(mixed).single
