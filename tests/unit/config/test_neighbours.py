"""Each file belongs to one lane: a second lane on a folder or queue, and results in a source, are faults."""

import pytest
from tests.unit.config.folders import LAYOUT, MAPPING, RETURN, ROUTE, faults_of, seen, write

from kakehashi.config.loader import load

SECOND = "routes/other/"
FILES = {f"{SECOND}layout.csv": LAYOUT, f"{SECOND}mapping.csv": MAPPING, f"{SECOND}return.csv": RETURN}


def second(*changes):
    """A second route, right but for what is changed."""
    text = (
        ROUTE.replace('"child-allowance"', '"other"').replace("child/in", "other/in").replace("child/out", "other/out")
    )
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return FILES | {f"{SECOND}route.toml": text}


def test_lanes_with_folders_of_their_own_are_right(tmp_path):
    """Two routes beside each other."""
    assert set(load(write(tmp_path, second())).routes) == {"child-allowance", "other"}


@pytest.mark.parametrize(
    ("change", "item"),
    [
        (('"other/in"', '"child/in"'), "source.folder"),
        (('"other/in"', '"child/./x/../in/"'), "source.folder"),
        (('folder = "other/in"', 'queue = "child-allowance"'), "source.queue"),
        (('folder = "other/in"', 'queue = "urgent"'), "source.queue"),
        (('"other/out"', '"child/in"'), "return.folder"),
        (('"other/out"', '"other/in"'), "return.folder"),
    ],
)
def test_what_two_lanes_share_is_a_fault(tmp_path, change, item):
    """With the route's key, whatever else is wrong: a killed process's files would be inherited by the wrong lane."""
    faults = faults_of(tmp_path, second(change))
    assert seen(faults) == [("CFG-014", f"{SECOND}route.toml", None, item)]
    broken = faults_of(tmp_path / "more", second(change, ("record_length = 80", "record_length = 81")))
    assert ("CFG-014", f"{SECOND}route.toml", None, item) in seen(broken)
    assert len(broken) > 1


def test_no_lane_is_called_urgent(tmp_path):
    """That queue overtakes all lanes."""
    files = {name.replace("other", "urgent"): text.replace('"other"', '"urgent"') for name, text in second().items()}
    assert seen(faults_of(tmp_path, files)) == [("CFG-014", "routes/urgent/route.toml", None, "lane")]
