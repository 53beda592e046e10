"""What a spool file says of itself, and how its name tells its age."""

from dataclasses import replace

import pytest

from kakehashi.errors import StoreCorrupt
from kakehashi.pipeline.spool_entry import file_id_of, newest_file_id, read_entry, spool_name, write_entry
from kakehashi.testing.store_samples import NOW, new_batches, new_file


@pytest.mark.parametrize("held", [None, "DEC-010"])
def test_an_entry_gives_back_what_the_ledger_knew(held):
    """File and batches come back exactly as intake gave them to the ledger."""
    file = replace(new_file("税-1.dat", records=1505, held=held), id=77, before_first=5 * 10**17, as_of=NOW)
    batches = new_batches((500, 500, 500, 5))
    assert read_entry(write_entry(file, batches)) == (file, batches)
    assert read_entry(write_entry(file, [])) == (file, [])


@pytest.mark.parametrize(
    "damage", [lambda raw: b"", lambda raw: raw[:-3], lambda raw: raw[5:], lambda raw: b"{}" + raw]
)
def test_what_is_no_entry_is_corrupt(damage):
    """Cut, empty or foreign bytes are StoreCorrupt, never half an entry."""
    raw = write_entry(replace(new_file("a.dat", records=5), id=1), new_batches((3, 2)))
    with pytest.raises(StoreCorrupt):
        read_entry(damage(raw))


def test_names_tell_which_file_is_the_newest():
    """Names sort as their ids do; names of earlier versions, which are letters alone, do not count."""
    ids = [1, 9, 10, 255, 256, 1_000_000, 10**9]
    names = [spool_name(number, b"chance") for number in ids]
    assert [file_id_of(name) for name in names] == ids
    assert sorted(names) == names
    assert newest_file_id(["p" * 32, *reversed(names), "p" * 32]) == 10**9
    assert newest_file_id(["p" * 32]) == newest_file_id([]) == 0
    assert file_id_of("p" * 32) is file_id_of("unknown-name") is None
