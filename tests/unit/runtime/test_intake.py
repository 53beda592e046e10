"""What intake does with files that nobody thought of, and when a folder fails under it."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from kakehashi.codec.layout import Slice, Split
from kakehashi.domain.sequence import MOST
from kakehashi.errors import Fault, FolderUnavailable, InputError, Place, StoreUnavailable
from kakehashi.ports.files import Claim
from kakehashi.runtime.events import CATALOGUE
from kakehashi.runtime.intake import Intake
from kakehashi.testing.memory_clock import MemoryClock
from kakehashi.testing.memory_files import MemoryFile, MemorySource, MemorySpool
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
        route=SimpleNamespace(
            name="tax",
            codec=Codec(),
            batch_records=10,
            settings=SimpleNamespace(urgent=False, urgent_protection=0, source=SimpleNamespace(as_of=None)),
        ),
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


class Counted:
    """Cuts one record a file; `read` counts how often bytes were asked for."""

    read = 0

    def split(self, stream, *, batch_records, file):
        while stream.read(10):
            self.read += 1
        part = Slice(offset=0, length=10, first_record=1, records=1)
        return Split(header=b"", slices=(part,), records=1, size=0, faults=())


@pytest.fixture
def counted(intake):
    intake.route.codec = Counted()
    return intake


def verdicts(intake):
    return [(row.name, row.code, row.original) for row in reversed(intake.store.refusals())]


def test_a_file_of_more_records_than_have_numbers_is_refused(counted):
    """Half a milliard in one file: its sequences would reach into the next second."""
    part = Slice(offset=0, length=10, first_record=1, records=MOST)
    whole = Split(header=b"", slices=(part,), records=MOST, size=0, faults=())
    counted.route.codec = SimpleNamespace(split=lambda *_args, **_options: whole)
    counted.source.put("a.dat", b"1")
    counted.run_once()
    assert verdicts(counted) == [("a.dat", "REF-008", None)]
    assert (counted.store.files(), counted.spool.files) == ([], {})


def test_every_form_of_a_duplicate_has_its_verdict(counted):
    """Same bytes under any name: REF-001 with the first file, aside. Same name, other bytes: a file of its own."""
    for name, content in (("a.dat", b"1"), ("a.dat", b"1"), ("b.dat", b"1"), ("a.dat", b"2")):
        counted.source.put(name, content)
    counted.run_once()
    first = counted.store.files()[-1].id
    assert verdicts(counted) == [("a.dat", "REF-001", first), ("b.dat", "REF-001", first)]
    assert counted.source.quarantined == [("a.dat", "REF-001"), ("b.dat", "REF-001")]
    assert [row.name for row in counted.store.files()] == ["a.dat", "a.dat"]
    assert len(counted.spool.files) == 2


def test_a_file_that_a_dead_process_has_taken_is_no_duplicate(counted):
    """The ledger had it under this very claim, but it was not removed: it is removed now, without a verdict."""
    counted.source.put("a.dat", b"1")
    (file,) = counted.source.claim(1)
    finish = MemoryFile.finish
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemoryFile, "finish", lambda _file: (_ for _ in ()).throw(FolderUnavailable()))
        file.release()
        with pytest.raises(FolderUnavailable):
            counted.run_once()
    assert MemoryFile.finish is finish
    assert len(counted.store.files()) == 1
    counted.run_once()
    assert (len(counted.source), counted.source.quarantined, verdicts(counted)) == (0, [], [])
    assert len(counted.spool.files) == 1


def test_a_verdict_stands_in_the_ledger_before_the_file_is_moved(counted):
    """A ledger that is away keeps the file where it is; then it is refused once."""
    counted.source.put("a.dat", b"x" * 101)
    counted.store.failure = StoreUnavailable()
    with pytest.raises(StoreUnavailable):
        counted.run_once()
    assert counted.source.quarantined == []
    counted.store.failure = None
    counted.run_once()
    assert verdicts(counted) == [("a.dat", "REF-008", None)]


def test_a_file_above_the_limit_is_refused_unread(counted):
    """However large it is, its size alone refuses it."""
    counted.source.put("a.dat", b"x" * 101)
    counted.run_once()
    assert counted.source.quarantined == [("a.dat", "REF-008")]
    assert counted.route.codec.read == 0


def test_a_process_whose_lease_has_ended_gives_everything_up(counted, monkeypatch):
    """The ledger refuses it, its copy goes from the spool, and its other files are not touched: they are another's."""
    monkeypatch.setattr(MemoryFile, "claim", property(lambda file: Claim(file.name, "frozen")))
    for name in ("a.dat", "b.dat"):
        counted.source.put(name, name.encode())
    counted.store.fence("frozen", now=counted.clock.now())
    assert counted.run_once() == 2
    assert counted.store.files() == []
    assert counted.spool.files == {}
    assert [(name, fields["file"]) for name, fields in counted.events.events] == [("file.overtaken", "a.dat")]
    assert len(counted.source.claim(9)) == 2


def test_a_gateway_that_stops_lays_a_large_file_down(counted):
    """In the middle of reading: the file is offered again, and nothing of it is kept."""
    asked = iter([False, True, True])
    stopping = replace(counted, stopping=lambda: next(asked))
    stopping.source.put("a.dat", b"x" * 100)
    assert stopping.run_once() == 0
    assert (stopping.store.files(), stopping.spool.files, verdicts(stopping)) == ([], {}, [])
    assert len(stopping.source.claim(9)) == 1


def test_a_held_file_tells_both_numbers_and_the_place(intake):
    """The event and the ledger say where, what was expected and what was found."""
    fault = Fault("DEC-010", Place(file="a.dat", offset=8800), {"expected": 12, "found": 10})
    intake.route.codec = SimpleNamespace(
        split=lambda *_args, **_options: Split(header=b"", slices=(), records=0, size=0, faults=(fault,))
    )
    intake.source.put("a.dat", b"x")
    intake.run_once()
    (row,) = intake.store.files()
    assert (row.code, row.why) == ("DEC-010", "byte 8800, expected=12, found=10")
    ((name, fields),) = intake.events.events
    assert (name, fields["offset"], fields["why"]) == ("file.held", 8800, row.why)
