"""Killed processes, full disks, failing syncs."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kakehashi.errors import FolderUnavailable, StoreCorrupt
from kakehashi.ports.sealer import Sealed
from kakehashi_adapters import durable_file
from kakehashi_adapters.file_drop import FolderSink, FolderSource
from kakehashi_adapters.spool import FileSpool

CLAIM_AND_WAIT = """
import sys, time
from pathlib import Path
from kakehashi_adapters.file_drop import FolderSource
root = Path(sys.argv[1])
source = FolderSource(root / "in", work=root / "work", quarantine=root / "quarantine")
print(*[file.name for file in source.claim(3)], flush=True)
time.sleep(60)
"""


def source(root: Path):
    return FolderSource(root / "in", work=root / "work", quarantine=root / "quarantine")


def test_kill_9_of_a_claiming_process_loses_nothing(tmp_path):
    """While its owner lives, a claimed file is offered to nobody; when it is killed, to the next one that asks."""
    (tmp_path / "in").mkdir()
    for name in ("a.dat", "b.dat", "c.dat"):
        (tmp_path / "in" / name).write_bytes(name.encode())
    with subprocess.Popen([sys.executable, "-c", CLAIM_AND_WAIT, tmp_path], stdout=subprocess.PIPE, text=True) as owner:
        try:
            assert sorted(owner.stdout.readline().split()) == ["a.dat", "b.dat", "c.dat"]
            assert source(tmp_path).claim(9) == []
        finally:
            owner.send_signal(signal.SIGKILL)
    offered = source(tmp_path).claim(9)
    assert sorted((file.name, file.open().read()) for file in offered) == [
        ("a.dat", b"a.dat"),
        ("b.dat", b"b.dat"),
        ("c.dat", b"c.dat"),
    ]


AS_NOBODY = """
import os, sys
from pathlib import Path
from kakehashi.errors import FolderUnavailable
from kakehashi_adapters.file_drop import FolderSink, FolderSource
root = Path(sys.argv[1])
if os.geteuid() == 0:
    os.setgid(65534), os.setuid(65534)
source = FolderSource(root / "in", work=root / "work", quarantine=root / "quarantine")
for act in (lambda: source.claim(1), lambda: FolderSink(root / "in").deliver("a", [b"x"])):
    try:
        act()
    except FolderUnavailable as error:
        print(error.fault.code, error.fault.facts["errno"])
"""


def test_a_read_only_folder_is_a_fault(tmp_path):
    """Without the right to move files nothing is taken or delivered: FIL-001, and the files stay."""
    (tmp_path / "in").mkdir()
    (tmp_path / "work").mkdir(mode=0o777)
    (tmp_path / "work").chmod(0o777)
    (tmp_path / "in" / "a.dat").write_bytes(b"x")
    (tmp_path / "in").chmod(0o555)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == tmp_path.owner() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o111)
        if folder.name.startswith("pytest-of-"):
            break
    run = subprocess.run([sys.executable, "-c", AS_NOBODY, tmp_path], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["FIL-001 EACCES", "FIL-001 EACCES"]
    assert (tmp_path / "in" / "a.dat").exists()


FULL = """
import resource, sys, signal
from pathlib import Path
from kakehashi.errors import KakehashiError
from kakehashi.ports.sealer import Sealed
from kakehashi_adapters.file_drop import FolderSink
from kakehashi_adapters.spool import FileSpool
root = Path(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
writer = FileSpool(root / "spool").create("abc")
for act in (
    lambda: [writer.append(Sealed("k", b"x" * 30_000)) for _ in range(9)],
    lambda: writer.append(Sealed("k", b"")),
    writer.commit,
    lambda: FolderSink(root).deliver("result.csv", [b"x" * 30_000] * 9),
):
    try:
        act()
    except KakehashiError as error:
        print(error.fault.code)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
writer = FileSpool(root / "spool").create("abc")
writer.append(Sealed("k", b"x" * 300_000))
writer.commit()
FolderSink(root).deliver("result.csv", [b"x" * 300_000])
"""


def test_a_full_disk_leaves_no_half_file_and_ends_by_itself(tmp_path):
    """A full disk is FIL-002 for spool (its writer is dead) and results; with space it goes on."""
    run = subprocess.run([sys.executable, "-c", FULL, tmp_path], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["FIL-002", "FIL-001", "FIL-001", "FIL-002"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["result.csv", "spool"]
    assert [path.name for path in (tmp_path / "spool").iterdir()] == ["abc"]


def test_a_failed_sync_is_final(tmp_path, monkeypatch):
    """After a failed fsync the writer is dead, although a second fsync would succeed: nothing is committed."""
    spool = FileSpool(tmp_path)
    writer = spool.create("abc")
    place = writer.append(Sealed("k", b"x"))
    with monkeypatch.context() as patch:
        patch.setattr(durable_file.os, "fsync", failing)
        with pytest.raises(FolderUnavailable):
            writer.commit()
        with pytest.raises(FolderUnavailable):
            FolderSink(tmp_path).deliver("a", [b"x"])
    with pytest.raises(FolderUnavailable):
        writer.commit()
    with pytest.raises(StoreCorrupt):
        spool.read("abc", *place)
    assert list(tmp_path.iterdir()) == []


def failing(descriptor):
    raise OSError(5, "Input/output error")


def test_an_abandoned_spool_file_holds_nothing_open(tmp_path):
    """Abandoning removes the file and closes it, however often it is done; after the commit it does nothing."""
    spool = FileSpool(tmp_path)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for name in ("abc", "bcd"):
        writer = spool.create(name)
        writer.append(Sealed("k", b"x"))
        if name == "bcd":
            writer.commit()
        writer.abandon()
        writer.abandon()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert [path.name for path in tmp_path.iterdir()] == ["bcd"]


def test_file_and_folder_are_synced_around_the_rename(tmp_path, monkeypatch):
    """The bytes are durable before the name is, and the name before the commit returns."""
    order = []
    for call in ("fsync", "rename"):
        monkeypatch.setattr(durable_file.os, call, recording(order, getattr(os, call)))
    writer = FileSpool(tmp_path).create("abc")
    writer.append(Sealed("k", b"x"))
    writer.commit()
    assert order == ["fsync", "rename", "fsync"]


def recording(order, act):
    def recorded(*arguments, **options):
        order.append(act.__name__)
        return act(*arguments, **options)

    return recorded


def test_leavings_of_dead_writers_are_swept(tmp_path):
    """A new process removes what a killed writer left, and nothing of a living one."""
    living = FileSpool(tmp_path).create("abc")
    living.append(Sealed("k", b"x"))
    (tmp_path / ".deadwriter.unfinished").write_bytes(b"half")
    FileSpool(tmp_path)
    living.commit()
    assert [path.name for path in tmp_path.iterdir()] == ["abc"]


def test_one_flipped_bit_in_the_spool_is_corrupt(tmp_path):
    """A damaged chunk is StoreCorrupt before any key is asked."""
    spool = FileSpool(tmp_path)
    writer = spool.create("abc")
    offset, length = writer.append(Sealed("key", b"text"))
    writer.commit()
    sound = (tmp_path / "abc").read_bytes()
    for bit in range(len(sound) * 8):
        damaged = bytearray(sound)
        damaged[bit // 8] ^= 1 << bit % 8
        (tmp_path / "abc").write_bytes(damaged)
        with pytest.raises(StoreCorrupt):
            spool.read("abc", offset, length)


@pytest.mark.parametrize("name", ["", "../a", "a/b", "A", "a.b", "1", "a" * 65])
def test_the_spool_names_its_files_itself(tmp_path, name):
    """A dropped file's name never names a spool file."""
    with pytest.raises(ValueError, match="named by letters"):
        FileSpool(tmp_path).create(name)


@pytest.mark.parametrize("name", ["../a.csv", "a/b.csv", ".hidden", "-rf", "a\nb", ""])
def test_a_result_gets_no_dangerous_name(tmp_path, name):
    """A result's name is held to the same rules as a dropped file's (REF-005)."""
    with pytest.raises(Exception) as caught:  # noqa: PT011  # the code is what matters
        FolderSink(tmp_path).deliver(name, [b"x"])
    assert caught.value.fault.code == "REF-005"
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_results_is_not_made(tmp_path):
    """A missing result folder is FIL-001: perhaps it is not mounted."""
    with pytest.raises(FolderUnavailable):
        FolderSink(tmp_path / "out").deliver("a.csv", [b"x"])
    assert not (tmp_path / "out").exists()


def test_files_are_for_their_owner(tmp_path):
    """Spool files are 0600 in a folder of 0700, results are not readable for everybody."""
    spool = FileSpool(tmp_path / "spool")
    spool.create("abc").commit()
    FolderSink(tmp_path).deliver("a.csv", [b"x"])
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("spool", "spool/abc", "a.csv")]
    assert modes[:2] == [0o700, 0o600]
    assert modes[2] & 0o007 == 0
