"""What a drop folder may hold, and what never gets past it."""

import os
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.tier import FULL

from kakehashi.errors import FolderUnavailable
from kakehashi_adapters.file_drop import FolderSource
from kakehashi_adapters.file_drop import source as file_drop_source
from kakehashi_adapters.file_drop.claimed_file import ClaimedFile
from kakehashi_adapters.file_drop.quarantine import Quarantine


@pytest.fixture
def drop(tmp_path: Path):
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def source(drop: Path, **options):
    refused = options.setdefault("refused", [].append)
    options["refused"] = refused
    return FolderSource(drop, work=drop.parent / "work", quarantine=drop.parent / "quarantine", **options)


def names(files):
    return [file.name for file in files]


@pytest.mark.parametrize("name", ["a.dat.tmp", "a.dat.part", ".a.dat", "a.dat~", "a.TMP", "a.filepart"])
def test_half_written_names_are_left_alone(drop, name):
    """A temporary name or a dot-file is neither taken nor moved, until it gets its final name."""
    (drop / name).write_bytes(b"half")
    taking = source(drop)
    assert taking.claim(9) == []
    (drop / name).rename(drop / "a.dat")
    assert names(taking.claim(9)) == ["a.dat"]


def test_only_names_of_the_pattern_are_taken(drop):
    """A file that another lane's pattern names stays where it is, whatever it is."""
    for name in ("a.dat", "A.DAT", "a.csv"):
        (drop / name).write_bytes(b"x")
    (drop / "folder").mkdir()
    assert names(source(drop, pattern="*.dat").claim(9)) == ["a.dat"]
    assert sorted(path.name for path in drop.iterdir()) == ["A.DAT", "a.csv", "folder"]


def test_an_end_marker_says_that_the_file_is_complete(drop):
    """Without its marker a file is left alone; with it both go, and the marker vouches for no later file."""
    taking = source(drop, complete="end-marker", end_marker=".done", pattern="*.dat")
    (drop / "a.dat").write_bytes(b"first")
    assert taking.claim(9) == []
    (drop / "a.dat.done").touch()
    assert names(taking.claim(9)) == ["a.dat"]
    (drop / "a.dat").write_bytes(b"sec")
    assert taking.claim(9) == []
    assert [path.name for path in drop.iterdir()] == ["a.dat"]


def test_a_marker_taken_by_a_killed_process_goes_back(drop):
    """Killed between taking the marker and the file: the next process finds both and takes the file."""
    taking = source(drop, complete="end-marker")
    assert taking.claim(1) == []
    (drop / "a.dat").write_bytes(b"x")
    (taking._claims.path / "!abcdefghijkl.a.dat").touch()
    taking._claims.close()
    heir = source(drop, complete="end-marker")
    assert names(heir.claim(9) + heir.claim(9)) == ["a.dat"]
    assert list(drop.iterdir()) == []


def test_a_marker_does_not_go_back_without_its_file(drop):
    """Killed between taking the file and forgetting its marker: the marker never vouches for the next file."""
    taking = source(drop, complete="end-marker")
    assert taking.claim(1) == []
    (taking._claims.path / "abcdefghijkl.a.dat").write_bytes(b"first")
    (taking._claims.path / "!abcdefghijkl.a.dat").touch()
    (taking._claims.path / "!bcdefghijklm.b.dat").touch()
    taking._claims.close()
    (drop / "a.dat").write_bytes(b"half of the sec")
    heir = source(drop, complete="end-marker")
    (file,) = heir.claim(9)
    assert (file.name, file.open().read()) == ("a.dat", b"first")
    assert heir.claim(9) == []
    assert [path.name for path in drop.iterdir()] == ["a.dat"]
    assert [path.name for path in heir._claims.path.iterdir()] == ["abcdefghijkl.a.dat"]


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), KeyboardInterrupt()])
def test_a_claim_that_fails_halfway_keeps_nothing_in_hand(drop, monkeypatch, error):
    """What was taken before a later file failed is offered by the next claim, not only after a restart."""
    for name in ("a.dat", "b.dat", "c.dat"):
        (drop / name).write_bytes(name.encode())
    taking = source(drop)
    (first,) = taking.claim(1)
    offered = taking._offered

    def failing(entry):
        file = offered(entry)
        if entry.endswith("c.dat"):
            raise error
        return file

    with monkeypatch.context() as patch:
        patch.setattr(taking, "_offered", failing)
        with pytest.raises((FolderUnavailable, KeyboardInterrupt)):
            taking.claim(9)
    assert names(taking.claim(9)) == ["b.dat", "c.dat"]
    first.release()
    assert names(taking.claim(9)) == ["a.dat"]


@pytest.mark.parametrize("read", [lambda file: file.read(), lambda file: file.read(10), lambda file: file.readline()])
def test_a_disk_that_cannot_be_read_is_a_fault_of_the_folder(drop, read):
    """A read error in the middle of a file is FIL-001 with its number, as every other trouble with the folder."""
    claims = SimpleNamespace(path=Path("/proc/self"), owner="", beat=lambda: None)
    unreadable = ClaimedFile(claims, "mem", in_hand=set(), quarantine=Quarantine(drop, None), archive=None)
    with unreadable.open() as opened, pytest.raises(FolderUnavailable) as caught:
        read(opened)
    assert (caught.value.fault.code, caught.value.fault.facts["errno"]) == ("FIL-001", "EIO")


def test_a_closed_file_is_let_go(drop):
    """Reading and closing, also twice, leaves no descriptor open."""
    (drop / "a.dat").write_bytes(b"x" * 200_000)
    (file,) = source(drop).claim(1)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with file.open() as opened:
        assert (opened.read(3), opened.seek(0), len(opened.read()), opened.read()) == (b"xxx", 0, 200_000, b"")
    opened.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_growing_file_is_not_stable(drop):
    """Stable means unchanged in size and time for the whole time asked for; any change starts it anew."""
    clock = [0.0]
    taking = source(drop, complete="stable", monotonic=lambda: clock[0])
    (drop / "a.dat").write_bytes(b"1")
    assert taking.claim(9) == []
    clock[0] = 29.0
    with (drop / "a.dat").open("ab") as file:
        file.write(b"2")
    assert taking.claim(9) == []
    clock[0] = 58.0
    assert taking.claim(9) == []
    clock[0] = 59.5
    assert names(taking.claim(9)) == ["a.dat"]


def a_symlink(path):
    path.symlink_to("/etc/hostname")


def a_dangling_symlink(path):
    path.symlink_to("absent")


def a_socket(path):
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path.name)
    finally:
        os.chdir(here)


def a_device(path):
    os.mknod(path, 0o020600, os.makedev(1, 5))


def a_folder(path):
    path.mkdir()
    (path / "inside").write_bytes(b"x")


KINDS = [a_symlink, a_dangling_symlink, os.mkfifo, a_socket, a_folder] + ([a_device] if os.geteuid() == 0 else [])


@pytest.mark.timeout(10)
@pytest.mark.parametrize("make", KINDS)
def test_what_is_no_plain_file_goes_to_quarantine_unopened(drop, make):
    """Links, pipes, sockets, devices and folders never hang, are never read, and are moved aside with REF-005."""
    refused = []
    make(drop / "a.dat")
    (drop / "b.dat").write_bytes(b"x")
    assert names(source(drop, refused=refused.append).claim(9)) == ["b.dat"]
    assert [(fault.code, fault.place.file) for fault in refused] == [("REF-005", "a.dat")]
    assert not os.path.lexists(drop / "a.dat")
    assert len(list((drop.parent / "quarantine").iterdir())) == 2


def test_a_file_with_a_second_name_goes_to_quarantine_at_the_second_look(drop, tmp_path):
    """A hard link from elsewhere is refused; a writer that publishes by link and unlink gets one look more."""
    (tmp_path / "elsewhere").write_bytes(b"secret")
    os.link(tmp_path / "elsewhere", drop / "a.dat")
    (tmp_path / "publishing").write_bytes(b"x")
    os.link(tmp_path / "publishing", drop / "b.dat")
    refused = []
    taking = source(drop, refused=refused.append)
    assert taking.claim(9) == []
    assert refused == []
    (tmp_path / "publishing").unlink()
    assert names(taking.claim(9)) == ["b.dat"]
    assert [fault.place.file for fault in refused] == ["a.dat"]


@pytest.mark.parametrize(
    "name",
    [
        b"a\nb.dat",
        b"a\x1b[31m.dat",
        b"-rf",
        b"%2e%2e%2fpasswd",
        "税.dat".encode("cp932"),
        b"x" * 255,
        "\u202egpj.dat".encode(),
        b"a\\..\\b.dat",
        b"a\x7f.dat",
        b" a.dat",
    ],
)
def test_a_dangerous_name_goes_to_quarantine(drop, name):
    """Control characters, foreign encodings, over-long and misleading names are moved aside; no log shows them raw."""
    refused = []
    (Path(os.fsdecode(os.fsencode(drop) + b"/" + name))).write_bytes(b"x")
    assert source(drop, refused=refused.append).claim(9) == []
    (fault,) = refused
    assert fault.code == "REF-005"
    assert fault.place.file.isascii()
    assert fault.place.file.isprintable()
    assert list(drop.iterdir()) == []
    assert all(path.name.isprintable() for path in (drop.parent / "quarantine").iterdir())


@pytest.mark.parametrize("name", ["税務 通知.dat", "令和８年\u3000異動.csv", "a" * 200, "a..b", "100%.dat"])
def test_ordinary_names_are_taken(drop, name):
    """Japanese names, full-width spaces and long names up to 200 bytes are ordinary."""
    (drop / name).write_bytes(b"x")
    assert names(source(drop).claim(9)) == [name]


def test_our_own_folders_inside_the_drop_folder_stay(drop):
    """Work and quarantine may lie inside the drop folder."""
    taking = FolderSource(drop, work=drop / "work", quarantine=drop / "quarantine")
    (drop / "a.dat").mkdir()
    (drop / "b.dat").write_bytes(b"x")
    assert names(taking.claim(9) + taking.claim(9)) == ["b.dat"]
    assert sorted(path.name for path in drop.iterdir()) == ["quarantine", "work"]


def test_a_file_swapped_after_the_look_is_checked_as_it_is(drop, tmp_path):
    """A link put in the place of a file that was already seen is not followed."""
    taking = source(drop)
    for name in ("a.dat", "b.dat"):
        (drop / name).write_bytes(name.encode())
    (first,) = taking.claim(1)
    assert first.name == "a.dat"
    (drop / "b.dat").unlink()
    (drop / "b.dat").symlink_to(tmp_path / "outside")
    assert taking.claim(9) == []
    assert taking.claim(9) == []
    assert not os.path.lexists(drop / "b.dat")


def test_two_processes_share_one_folder(drop):
    """Each file goes to exactly one of two sources on the same folder."""
    for number in range(100):
        (drop / f"{number}.dat").write_bytes(b"x")
    one, two = source(drop), source(drop)
    taken = [names(taking.claim(3)) for _ in range(40) for taking in (one, two)]
    assert sorted(name for some in taken for name in some) == sorted(f"{number}.dat" for number in range(100))
    assert names(one.claim(9) + two.claim(9)) == []


@pytest.mark.exam("E51")
def test_a_flood_of_files_is_found_by_one_look_for_each_backlog(drop, monkeypatch):
    """All of them, each once, the oldest first; from the end of the flood to the last one there are no other looks."""
    many, at_once = (100_000, 10_000) if FULL else (1300, 500)
    monkeypatch.setattr(file_drop_source, "_BACKLOG", at_once)
    for number in range(many):
        path = drop / f"{many - number:06d}.dat"
        path.touch()
        os.utime(path, ns=(number, number))
    looks = []
    real = file_drop_source.look
    monkeypatch.setattr(file_drop_source, "look", lambda *args, **named: (looks.append(1), real(*args, **named))[1])
    taking = source(drop)
    found = []
    while files := taking.claim(16):
        for file in files:
            found.append(file.name)
            file.finish()
    assert found == [f"{many - number:06d}.dat" for number in range(many)]
    assert len(looks) == -(-many // at_once) + 1


def test_a_closed_source_gives_everything_back(drop):
    """Files in hand of a source that was closed are offered to the next one."""
    (drop / "a.dat").write_bytes(b"x")
    closing = source(drop)
    assert len(closing.claim(1)) == 1
    closing.close()
    closing.close()
    heir = source(drop)
    (file,) = heir.claim(1)
    file.finish()
    heir.close()
    assert list((drop.parent / "work").iterdir()) == []


def test_a_folder_that_vanishes_is_a_fault_until_it_is_back(drop):
    """A missing drop folder is FIL-001 at every claim, is not made, and works again when it is back."""
    taking = source(drop)
    assert taking.claim(1) == []
    drop.rmdir()
    for _ in range(2):
        with pytest.raises(FolderUnavailable) as caught:
            taking.claim(1)
        assert caught.value.fault.code == "FIL-001"
        assert str(caught.value.fault.facts["errno"]) == "ENOENT"
    assert not drop.exists()
    drop.mkdir()
    (drop / "a.dat").write_bytes(b"x")
    assert names(taking.claim(1)) == ["a.dat"]


def test_work_on_another_file_system_is_a_fault_and_takes_nothing(drop):
    """A claim is a rename: where that is impossible the file stays, and so does its end marker."""
    elsewhere = Path("/dev/shm")
    if elsewhere.stat().st_dev == drop.stat().st_dev:
        elsewhere = Path("/proc")
    (drop / "a.dat").write_bytes(b"x")
    taking = FolderSource(drop, work=elsewhere / f"kakehashi-{os.getpid()}", quarantine=drop.parent / "quarantine")
    try:
        with pytest.raises(FolderUnavailable):
            taking.claim(1)
        assert (drop / "a.dat").exists()
    finally:
        taking.close()
        if (elsewhere / f"kakehashi-{os.getpid()}").exists():
            (elsewhere / f"kakehashi-{os.getpid()}").rmdir()
