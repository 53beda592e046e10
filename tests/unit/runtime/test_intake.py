"""What intake does with files that nobody thought of, and when a folder fails under it."""

from types import SimpleNamespace

import pytest

from kakehashi.errors import FolderUnavailable, InputError
from kakehashi.runtime.events import CATALOGUE
from kakehashi.runtime.intake import Intake
from kakehashi.testing.memory_clock import MemoryClock
from kakehashi.testing.memory_files import MemorySource, MemorySpool
from kakehashi.testing.memory_sealer import MemorySealer
from kakehashi.testing.memory_store import MemoryStore


class Recorder:
    def __init__(self):
        self.events = []

    def emit(self, name, /, **fields):
        assert fields.keys() <= CATALOGUE[name].fields
        self.events.append((name, fields))


RAISED = {b"bug": ZeroDivisionError("山田"), b"bad": InputError("DEC-015"), b"gone": FolderUnavailable()}


class Codec:
    """Cuts nothing: raises what the file's content names."""

    def split(self, stream, *, batch_records, file):
        content = stream.read()
        if content in RAISED:
            raise RAISED[content]
        return SimpleNamespace(header=b"", slices=(), records=0, faults=())


@pytest.fixture
def intake():
    return Intake(
        route=SimpleNamespace(name="tax", codec=Codec(), batch_records=10),
        source=MemorySource(),
        spool=MemorySpool(),
        store=MemoryStore(),
        sealer=MemorySealer(),
        clock=MemoryClock(),
        events=Recorder(),
        config_hash="a",
        largest_file=100,
    )


def test_a_file_that_nobody_thought_of_goes_aside_and_its_neighbours_go_on(intake):
    """An unexpected exception quarantines the file with GEN-001; the log says where it came from, never its text."""
    intake.source.put("a.dat", b"bug")
    intake.source.put("b.dat", b"empty")
    assert intake.run_once() == 2
    assert intake.source.quarantined == [("a.dat", "GEN-001"), ("b.dat", "REF-006")]
    name, fields = intake.events.events[0]
    assert (name, fields["code"], fields["error"]) == ("file.refused", "GEN-001", "ZeroDivisionError")
    assert fields["at"].startswith("test_intake.py")
    assert "山田" not in str(intake.events.events)
    assert intake.run_once() == 0


def test_a_file_that_cannot_be_cut_goes_aside_with_its_code(intake):
    """What the codec refuses as a whole goes to quarantine, not round and round."""
    intake.source.put("a.dat", b"bad")
    intake.run_once()
    assert intake.source.quarantined == [("a.dat", "DEC-015")]


def test_a_folder_that_fails_gives_every_file_in_hand_back(intake):
    """When the folder goes away in the middle, the files that were claimed are offered again."""
    for name, content in (("a.dat", b"gone"), ("b.dat", b"empty")):
        intake.source.put(name, content)
    with pytest.raises(FolderUnavailable):
        intake.run_once()
    assert [file.name for file in intake.source.claim(9)] == ["a.dat", "b.dat"]
