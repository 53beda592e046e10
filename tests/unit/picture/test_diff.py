"""diff: two files item by item through a layout."""

import pytest
from tests.unit.picture.conftest import copybook_record, record


def compared(site, a, b, *options, layout="layout.csv", code=0):
    *found, counts = site.objects(
        "diff", site.file("a.dat", a), site.file("b.dat", b), *options, layout=layout, code=code
    )
    return found, counts


def test_files_of_the_same_values_are_the_same(site):
    """Exit code 0, also where other bytes mean the same value."""
    found, counts = compared(site, record(), record(amount=b"\x12\x34\x5d"))
    assert found == []
    assert (counts["same"], counts["different"]) == (1, 0)


def test_items_that_differ_are_told_with_both_values(site):
    """Exit code 1, the numbers of both records, and only the items that differ."""
    found, counts = compared(site, record() * 2, record() + record(kind="B", amount=b"\x00\x00\x1c"), code=1)
    assert found == [
        {"a": 2, "b": 2, "key": {},
         "items": [{"item": "金額", "a": -12345, "b": 1}, {"item": "区分", "a": "A", "b": "B"}]},
    ]  # fmt: skip
    assert (counts["same"], counts["different"]) == (1, 1)


def test_sensitive_values_are_masked_on_both_sides(site):
    """That a name differs is told, not how; --reveal tells it."""
    files = (record(), record(name="山田次郎　"))
    (found,), _ = compared(site, *files, code=1)
    assert found["items"] == [{"item": "氏名", "a": "***", "b": "***"}]
    (found,), _ = compared(site, *files, "--reveal", code=1)
    assert found["items"] == [{"item": "氏名", "a": "山田花子", "b": "山田次郎"}]


def test_a_longer_file_has_records_of_its_own(site):
    """By position, what follows the end of the shorter file is in one of them only."""
    found, counts = compared(site, record(), record() * 3, code=1)
    assert [(each["a"], each["b"]) for each in found] == [(None, 2), (None, 3)]
    assert (counts["only_a"], counts["only_b"]) == (0, 2)


def test_a_key_matches_records_in_any_order(site):
    """Moved records are the same; those without a partner are told with their key."""
    a = record("00001") + record("00002") + record("00003")
    b = record("00003", kind="Z") + record("00001") + record("00009")
    found, counts = compared(site, a, b, "--key", "番号", code=1)
    assert [(each["a"], each["b"], each["key"]["番号"]) for each in found] == [
        (3, 1, "00003"), (2, None, "00002"), (None, 3, "00009"),
    ]  # fmt: skip
    assert counts == {
        "records_a": 3, "records_b": 3, "same": 1, "different": 1, "only_a": 1, "only_b": 1, "faults": 0,
    }  # fmt: skip


def test_equal_keys_are_matched_in_their_order(site):
    """The first with the first, the second with the second."""
    a = record("00001") + record("00001", kind="B")
    assert compared(site, a, a, "--key", "番号")[1]["same"] == 2


def test_several_keys_are_one(site):
    """--key may be given more than once; a sensitive one is masked."""
    a, b = record("00001") + record("00001", name="山田次郎　"), record("00001", name="山田次郎　")
    (found,), _ = compared(site, a, b, "--key", "番号", "--key", "氏名", code=1)
    assert (found["a"], found["b"], found["key"]) == (1, None, {"番号": "00001", "氏名": "***"})


def test_a_key_that_is_no_item_is_trouble(site):
    """Exit code 2."""
    result = site.call("diff", site.file("a.dat", record()), site.file("b.dat", record()), "--key", "番")
    assert (result.exit_code, "CFG-006" in result.stderr) == (2, True)


@pytest.mark.parametrize("layout", ["layout.csv", "record.cpy"])
def test_records_that_cannot_be_read_are_trouble(site, layout):
    """Exit code 2 and the faults of both files; what can be read is compared."""
    made = {"layout.csv": record(), "record.cpy": copybook_record()}[layout]
    found, counts = compared(site, made + made[:9], made, layout=layout, code=2)
    assert counts["same"] == 1
    assert {each["code"] for each in found if "code" in each} == {"DEC-002"}


def test_missing_files_and_bad_layouts_are_trouble(site):
    """Exit code 2 for whatever keeps from comparing."""
    data = site.file("a.dat", record())
    assert site.call("diff", data, site.folder / "none.dat").exit_code == 2
    (site.folder / "layout.csv").write_text("name,type,length\n番号,Q,5\n", encoding="utf-8")
    assert site.call("diff", data, data).exit_code == 2


def test_occurrences_are_compared_one_by_one(site):
    """A table that grew: the occurrences that differ, by number."""
    a, b = copybook_record(2, table="ab12"), copybook_record(3, table="abcdef")
    (found,), _ = compared(site, a, b, layout="record.cpy", code=1)
    assert [(item["item"], item["a"], item["b"]) for item in found["items"]] == [
        ("N", 2, 3), ("T.V(2)", "12", "cd"), ("T.V(3)", None, "ef"), ("T.W(2)", 12, None),
    ]  # fmt: skip


def test_people_read_lines(site):
    """Without --json: a line a record, a line an item, the counts at the end."""
    result = site.call("diff", site.file("a.dat", record()), site.file("b.dat", record(kind="B")))
    assert result.stdout.splitlines()[:2] == ["~ A record 1, B record 1", "  区分: A → B"]
