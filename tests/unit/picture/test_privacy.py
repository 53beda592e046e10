"""What is private stays so: values, characters and bytes, in every view."""

import pytest
from tests.unit.picture.conftest import copybook_record, number_like, record

from kakehashi.codec.inspection.privacy import is_number

NAME = "山田花子"
FORMS = (NAME, NAME.encode("cp932").hex().upper(), NAME.encode("cp932").hex(" ").upper(), NAME.encode("cp932").hex())


def leaks(text):
    return [form for form in FORMS if form in text]


@pytest.mark.parametrize("view", [["--show", "1"], ["--show", "1", "--json"], ["--stats"], ["--stats", "--json"]])
def test_sensitive_items_are_masked(site, view):
    """Neither value nor characters nor bytes of an item that the layout marks as sensitive."""
    result = site.call("decode", *view, site.file("a.dat", record(name="山田花子　")))
    assert result.exit_code == 0
    assert leaks(result.output) == []


def test_sensitive_items_are_shown_on_demand(site):
    """--reveal shows them in a picture; a profile never does."""
    data = site.file("a.dat", record())
    assert NAME in site.call("decode", "--show", 1, "--reveal", data).stdout
    assert leaks(site.call("decode", "--stats", "--reveal", data).output) == []


def test_other_items_are_masked_on_demand(site):
    """--sensitive hides an item that the layout does not mark, by its name in layout or copybook."""
    result = site.call("decode", "--show", 1, "--sensitive", "備考", site.file("a.dat", record()))
    assert "備考あり" not in result.stdout
    data = site.file("c.dat", copybook_record(name="山田花子"))
    assert leaks(site.call("decode", "--show", 1, "--sensitive", "shimei", data, layout="record.cpy").output) == []


def test_a_name_that_hides_nothing_is_a_fault(site):
    """A misspelt --sensitive does not pass in silence."""
    result = site.call("decode", "--show", 1, "--sensitive", "氏", site.file("a.dat", record()))
    assert (result.exit_code, result.stdout, "CFG-006" in result.stderr) == (1, "", True)


def test_items_in_the_bytes_of_a_private_one_are_private(site):
    """An item that redefines a masked one would show the same bytes."""
    data = site.file("c.dat", copybook_record())
    result = site.call("decode", "--show", 1, "--sensitive", "T.W", data, layout="record.cpy")
    assert "ab" not in result.stdout.replace("abc", "")
    (_, *items) = site.objects("decode", "--stats", "--sensitive", "T.W", data, layout="record.cpy")
    assert {item["item"]: item["sensitive"] for item in items}["T.V"] is True


def test_a_group_that_was_named_hides_what_is_in_it(site):
    """All items of the group, and its occurrences."""
    data = site.file("c.dat", copybook_record())
    (picture,) = site.objects("decode", "--show", 1, "--sensitive", "T", data, layout="record.cpy")
    assert {line["value"] for line in picture["items"] if line["item"].startswith("T.")} == {"***"}


@pytest.mark.parametrize("name", ["個人番号", "本人の個人番号", "マイナンバー", "KOJIN-BANGO", "my_number"])
def test_individual_numbers_are_never_shown(site, name):
    """An item of that name stays masked with --reveal, whatever is in it."""
    text = (site.folder / "layout.csv").read_text(encoding="utf-8").replace("区分", name)
    (site.folder / "layout.csv").write_text(text, encoding="utf-8")
    (picture,) = site.objects("decode", "--show", 1, "--reveal", site.file("a.dat", record(kind="Q")))
    assert [line["value"] for line in picture["items"] if line["item"] == name] == ["***"]


def test_what_looks_like_an_individual_number_is_never_shown(site):
    """In an item of any name; in pictures, profiles and differences."""
    number = number_like()
    (site.folder / "layout.csv").write_text("name,type,length\n内容,X,20\n区分,X,1\n", encoding="utf-8")
    a = site.file("a.dat", number.ljust(20).encode() + b"A")
    b = site.file("b.dat", b"".ljust(20) + b"A")
    calls = [("decode", "--show", 1, "--reveal", a), ("decode", "--stats", a), ("diff", "--reveal", a, b)]
    for call in calls:
        for result in (site.call(*call), site.call(*call, "--json")):
            assert number not in result.output
            assert number.encode().hex() not in result.output.lower().replace(" ", "")


@pytest.mark.parametrize("before", range(0, 19, 3))
def test_numbers_are_found_in_bytes_of_no_item(site, before):
    """In a FILLER, wherever the lines of the picture cut it."""
    book = "       01 R.\n          05 A PIC X.\n          05 FILLER PIC X(31).\n"
    (site.folder / "record.cpy").write_text(book, encoding="utf-8")
    data = site.file("a.dat", b"A" + (b" " * before + number_like().encode()).ljust(31))
    (picture,) = site.objects("decode", "--show", 1, "--reveal", data, layout="record.cpy")
    assert [line["text"] for line in picture["items"]] == ["A", "***", "***"]
    assert [line["hex"].strip("*") for line in picture["items"]] == ["41", "", ""]


@pytest.mark.parametrize("form", ["0{}c", "0{}f", "{}"])
def test_packed_numbers_are_found_in_bytes_of_no_item(site, form):
    """As packed decimals with a sign, or as twelve bare digits."""
    packed = bytes.fromhex(form.format(number_like()))
    book = "       01 R.\n          05 A PIC X.\n          05 FILLER PIC X(12).\n"
    (site.folder / "record.cpy").write_text(book, encoding="utf-8")
    (picture,) = site.objects("decode", "--show", 1, site.file("a.dat", b"A" + packed.rjust(12)), layout="record.cpy")
    assert [line["text"] for line in picture["items"]] == ["A", "***"]


@pytest.mark.parametrize("form", ["plain", "wide", "grouped", "zeros", "number"])
def test_forms_of_individual_numbers_are_known(form):
    """As digits of either width, in groups of four, behind zeros, as a number."""
    number = number_like()
    forms = {
        "plain": f"a{number}b",
        "wide": number.translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)}),
        "grouped": f"{number[:4]}-{number[4:8]} {number[8:]}",
        "zeros": number.zfill(15),
        "number": int(number),
    }
    assert is_number(forms[form])
    assert is_number((None, forms[form]))


@pytest.mark.parametrize("value", ["0" * 12, "000000010000001", "20260701090001001", None, 42, "山田花子", ""])
def test_other_values_are_no_individual_numbers(value):
    """Zeros, numbers of other lengths, padded numbers, text."""
    assert not is_number(value)


@pytest.mark.parametrize("end", range(1, 34, 2))
def test_a_cut_record_shows_no_private_byte(site, end):
    """Wherever the file ends: neither picture nor profile tells the name."""
    data = site.file("a.dat", record() + record()[:end])
    for view in (["--show", "1-2"], ["--show", "1-2", "--json"], ["--stats", "--json"]):
        assert leaks(site.call("decode", *view, data).output) == []


def test_a_record_that_does_not_fit_at_all_shows_nothing(site):
    """Three items that cannot be read: bytes are missing somewhere, and private ones may stand in any item."""
    data = site.file("a.dat", record()[10:] + record())
    result = site.call("decode", "--show", "1", data)
    assert (result.exit_code, result.stdout.count("DEC-") >= 3) == (1, True)
    assert [word for word in ("備考あり", "子", "A  ") if word in result.stdout] == []


def test_a_lost_byte_in_a_line_shows_no_private_byte(site):
    """A record of lines that lost a byte has items in the bytes of others: all of it is masked."""
    data = site.file("a.dat", b"0042" + record()[5:] + b"\r\n")
    result = site.call("decode", "--show", 1, "--recfm", "line", data)
    assert (result.exit_code, leaks(result.stdout)) == (1, [])
    assert "30 30" not in result.stdout
