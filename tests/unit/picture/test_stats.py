"""decode --stats: what a file holds, item by item."""

import pytest
from tests.unit.picture.conftest import copybook_record, record


def profile(site, data, layout="layout.csv", code=0):
    head, *items = site.objects("decode", "--stats", data, layout=layout, code=code)
    return head, {item["item"]: item for item in items}


def test_numbers_and_dates_have_a_range(site):
    """The least and the greatest value of packed numbers, of digits, of dates."""
    data = site.file("a.dat", record("00042") + record("00007", amount=b"\x00\x10\x0c") + record("00100"))
    head, items = profile(site, data)
    assert head == {"file": "a.dat", "bytes": 102, "records": 3, "refused": 0, "faults": {}}
    assert (items["金額"]["least"], items["金額"]["greatest"]) == (-12345, 100)
    assert (items["番号"]["least"], items["番号"]["greatest"]) == ("00007", "00100")
    assert (items["生年月日"]["least"], items["生年月日"]["greatest"]) == ("2018-06-15", "2018-06-15")


def test_text_has_lengths_and_no_values(site):
    """Of text how long it is, in characters without its padding; and how often there is none."""
    data = site.file("a.dat", record(note="備考　　") + record(note="備考あり") + record(note="　　　　"))
    note = profile(site, data)[1]["備考"]
    assert (note["shortest"], note["longest"], note["values"], note["blank"]) == (2, 4, 2, 1)
    assert (note["least"], note["codes"]) == (None, {})


def test_short_items_have_frequencies(site):
    """Each value of an item of at most four bytes with its count, the most frequent first."""
    data = site.file("a.dat", b"".join(record(kind=kind) for kind in "ABAAB"))
    kind = profile(site, data)[1]["区分"]
    assert (kind["distinct"], list(kind["codes"].items())) == (2, [("A", 3), ("B", 2)])


def test_too_many_values_are_no_codes(site):
    """Above 64 different values nothing is listed: memory does not grow with the file."""
    amounts = [bytes.fromhex(f"{n:05}C") for n in range(65)]
    item = profile(site, site.file("a.dat", b"".join(record(amount=amount) for amount in amounts)))[1]["金額"]
    assert (item["distinct"], item["codes"], item["greatest"]) == (None, {}, 64)


def test_codes_that_are_no_characters_are_counted(site):
    """By item and code, every one of them, also several in one item; the faults by code."""
    bad = record(note=b"\xf0\x40\x94\xf5\xf0\x40\xf0\x41")
    head, items = profile(site, site.file("a.dat", bad + record() + bad), code=1)
    assert items["備考"]["unmapped"] == {"F040": 4, "F041": 2}
    assert (head["records"], head["refused"], head["faults"]) == (3, 2, {"DEC-004": 2})


def test_codes_of_sensitive_items_are_a_count(site):
    """Which characters are missing in a name is not told, only how many."""
    data = site.file(
        "a.dat", record(name="山田").replace("山田".encode("cp932"), b"\xf0\x40\xf0\x41" + b"\x81\x40" * 3)
    )
    assert profile(site, data, code=1)[1]["氏名"]["unmapped"] == {"***": 2}


def test_copybooks_are_profiled_too(site):
    """All occurrences of a table count for its item."""
    data = site.file("c.dat", copybook_record(2, table="1212") + copybook_record(1, table="99"))
    _, items = profile(site, data, layout="record.cpy")
    assert (items["T.W"]["values"], items["T.W"]["codes"]) == (3, {"12": 2, "99": 1})
    assert (items["SHIMEI"]["shortest"], items["SHIMEI"]["longest"]) == (4, 4)


def test_an_empty_file_has_an_empty_profile(site):
    """No records, no items, no faults."""
    head, items = profile(site, site.file("e.dat", b""))
    assert (head["records"], items) == (0, {})


def test_faults_of_the_file_are_counted(site):
    """A cut record is refused, the others are profiled; the exit code says so."""
    head, items = profile(site, site.file("a.dat", record() + record()[:9]), code=1)
    assert (head["records"], head["refused"], head["faults"]) == (2, 1, {"DEC-002": 1})
    assert items["番号"]["values"] == 1


@pytest.mark.parametrize("other", [["--show", "1"], ["--html", "x.html"]])
def test_a_profile_is_about_the_whole_file(site, other):
    """--stats does not go with --show or --html."""
    assert site.call("decode", "--stats", *other, site.file("a.dat", record())).exit_code == 2
