"""decode --show: every byte of a record beside what it means."""

import pytest
from tests.unit.picture.conftest import copybook_record, record

from kakehashi.runtime.places import shared


def lines(site, *arguments, layout="layout.csv", code=0):
    (picture,) = site.objects("decode", "--show", *arguments, layout=layout, code=code)
    return picture


def test_a_record_is_shown_item_by_item(site):
    """Absolute offset, bytes, characters and value of every item of the record that was asked for."""
    data = site.file("a.dat", record("00001") + record())
    picture = lines(site, 2, data)
    assert (picture["record"], picture["offset"], picture["size"]) == (2, 34, 34)
    items = {line["item"]: line for line in picture["items"]}
    assert items["番号"] == {
        "item": "番号", "type": "9", "offset": 34, "length": 5, "hex": "3030303432", "text": "00042",
        "value": "00042", "look": "text", "fault": None,
    }  # fmt: skip
    assert (items["生年月日"]["offset"], items["生年月日"]["value"]) == (49, "2018-06-15")
    assert (items["金額"]["hex"], items["金額"]["text"], items["金額"]["value"]) == ("12345D", "", "-12345")


def test_the_spans_of_a_record_are_its_bytes(site):
    """No byte is left out and none is told twice: the parts put together are the record."""
    data = site.file("a.dat", record() * 3)
    picture = lines(site, 3, data, "--reveal")
    assert "".join(line["hex"] for line in picture["items"]) == record().hex().upper()


def test_several_records_are_shown_in_order(site):
    """--show 2-3, also where the file ends before the last of them."""
    data = site.file("a.dat", record() * 3)
    assert [each["record"] for each in site.objects("decode", "--show", "2-3", data)] == [2, 3]
    assert [each["record"] for each in site.objects("decode", "--show", "3-9", data)] == [3]


def test_a_fault_stands_at_its_item_and_the_others_are_read(site):
    """The damaged item bears code and bytes, its neighbours keep their values; the exit code says so."""
    data = site.file("a.dat", record(amount=b"\x1f\x34\x5d"))
    items = {line["item"]: line for line in lines(site, 1, data, code=1)["items"]}
    assert (items["金額"]["fault"], items["金額"]["hex"], items["金額"]["value"]) == ("DEC-006", "1F345D", "")
    assert items["区分"]["value"] == "A"


def test_characters_that_cannot_be_read_are_marked_one_by_one(site):
    """The readable part of a damaged text is shown, each wrong code as 〓."""
    data = site.file("a.dat", record(note=b"\x94\xf5\xf0\x40\x8d\x6c\x81\x40"))
    items = {line["item"]: line for line in lines(site, 1, data, code=1)["items"]}
    assert (items["備考"]["text"], items["備考"]["fault"]) == ("備〓考　", "DEC-004")


def test_a_cut_record_is_shown_as_far_as_it_goes(site):
    """The file ends inside a record: what there is of it, and the fault of the record. It is masked as a whole: in a
    record of the wrong length private bytes may stand in any item.
    """
    data = site.file("a.dat", record() + record()[:20])
    picture = lines(site, 2, data, code=1)
    assert [fault["code"] for fault in picture["faults"]] == ["DEC-002"]
    assert [line["length"] for line in picture["items"]] == [5, 10, 5]
    assert {line["value"] for line in picture["items"]} <= {"***", ""}
    revealed = lines(site, 2, data, "--reveal", code=1)
    assert revealed["items"][1]["value"] == "山田花子"


@pytest.mark.parametrize("wanted", ["0", "x", "3-2", "1-5000", "9" * 30, "-1"])
def test_numbers_that_are_none_are_wrong_usage(site, wanted):
    """Exit code 2 and what a number looks like."""
    data = site.file("a.dat", record())
    assert site.call("decode", f"--show={wanted}", data).exit_code == 2


def test_a_record_beyond_the_file_is_wrong_usage(site):
    """Exit code 2, and how many records there are."""
    result = site.call("decode", "--show", 4, site.file("a.dat", record() * 3))
    assert (result.exit_code, "a.dat has 3 records." in result.stderr) == (2, True)
    result = site.call("decode", "--show", 4, site.file("c.dat", copybook_record()), layout="record.cpy")
    assert (result.exit_code, "c.dat has 1 records." in result.stderr) == (2, True)


def test_a_missing_file_is_wrong_usage(site):
    """Exit code 2, as for every command."""
    assert site.call("decode", "--show", 1, site.folder / "none.dat").exit_code == 2


def test_an_empty_file_has_no_records(site):
    """Exit code 2: there is no record to show."""
    assert site.call("decode", "--show", 1, site.file("e.dat", b"")).exit_code == 2


def test_a_layout_that_does_not_fit_is_told(site):
    """Its faults, exit code 1, and nothing of the file."""
    (site.folder / "layout.csv").write_text("name,type,length\n番号,Q,5\n", encoding="utf-8")
    result = site.call("decode", "--show", 1, site.file("a.dat", record()))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "CFG-006" in result.stderr


def test_parents_stand_before_their_record(site):
    """Of a household file the record of the household is part of the picture, with its own offsets."""
    route = shared("config") / "routes" / "registry-household"
    case = route / "cases" / "01-household" / "input.dat"
    (picture,) = site.objects("decode", "--show", 1, case, layout=str(route / "route.toml"))
    parents = [line for line in picture["items"] if line["item"].startswith("household.")]
    assert parents[0]["offset"] < picture["offset"]
    assert picture["items"][: len(parents)] == parents


def test_items_of_xml_are_found_in_their_bytes(site):
    """Of an XML record each item has the bytes of its element's content."""
    route = shared("config") / "routes" / "welfare-assistance"
    case = route / "cases" / "01-normal" / "input.dat"
    (picture,) = site.objects("decode", "--show", 1, case, layout=str(route / "route.toml"))
    raw = case.read_bytes()
    for line in picture["items"]:
        assert raw[line["offset"] : line["offset"] + line["length"]].hex().upper() == line["hex"]
    names = {line["item"]: line["text"] for line in picture["items"]}
    assert names["氏名"].encode("cp932") in raw


def test_columns_that_are_too_many_are_shown_without_an_item(site):
    """Of a line with a wrong number of columns all columns are there, none is read as a value."""
    route = shared("config") / "routes" / "welfare-inquiry"
    case = route / "cases" / "02-too-many-columns" / "input.dat"
    (picture,) = site.objects("decode", "--show", 1, case, layout=str(route / "route.toml"), code=1)
    assert [line["item"] for line in picture["items"]][-2:] == ["", ""]
    assert {line["value"] for line in picture["items"]} == {""}


def test_copybooks_are_shown_by_what_was_read(site):
    """Tables that depend stand where they really are; occurrences are numbered; FILLERs are bytes of no item; of items
    that redefine one another both are there.
    """
    data = site.file("c.dat", copybook_record(1, table="77") + copybook_record(2))
    picture = lines(site, 2, data, layout="record.cpy")
    assert (picture["offset"], picture["size"]) == (17, 19)
    found = [(line["item"], line["offset"], line["hex"], line["value"]) for line in picture["items"]]
    assert found == [
        ("N", 17, "32", "2"),
        ("SHIMEI", 18, "8E52936391BE9859", "山田太郎"),
        ("", 26, "616263", ""),
        ("KINGAKU", 29, "00123C", "123"),
        ("T.V(1)", 32, "6162", "ab"),
        ("T.W(1)", 32, "6162", "–"),
        ("T.V(2)", 34, "3132", "12"),
        ("T.W(2)", 34, "3132", "12"),
    ]


def test_the_table_for_people_names_everything(site):
    """Without --json: a table a record, in the language that was asked for; nothing that a terminal would obey."""
    data = site.file("a.dat", record(kind="\x1b"))
    english = site.call("decode", "--show", 1, data, "--lang", "en")
    japanese = site.call("decode", "--show", 1, data, "--lang", "ja")
    assert "record 1: 34 bytes from byte 0 of the file" in english.stdout
    assert "レコード 1" in japanese.stdout
    assert "\x1b" not in english.stdout + japanese.stdout
    assert "2018-06-15" in english.stdout
