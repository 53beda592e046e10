"""Dropping files into watched folders."""

from __future__ import annotations

from kakehashi_simulators.legacy import Sample, drop


def _sample(tmp_path):
    path = tmp_path / "made"
    path.write_bytes(b"content")
    return Sample(lane="tax-levy", name="LEVY0001.DAT", path=path, records=1, good=1)


def test_a_file_appears_whole_under_its_name(tmp_path):
    """A temporary name with a leading dot, then a rename: nothing else is left in the folder."""
    folder = tmp_path / "watched" / "in"
    final = drop(_sample(tmp_path), folder)
    assert [path.name for path in folder.iterdir()] == ["LEVY0001.DAT"]
    assert final.read_bytes() == b"content"


def test_an_end_marker_follows_when_asked_for(tmp_path):
    """The marker is empty and comes after the file."""
    folder = tmp_path / "watched"
    drop(_sample(tmp_path), folder, end_marker=".end")
    assert (folder / "LEVY0001.DAT.end").read_bytes() == b""
