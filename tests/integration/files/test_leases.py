"""Several processes share a folder: who shows no sign of life loses his files, and nothing of his comes in any more."""

import fcntl
from datetime import timedelta

import pytest

from kakehashi.errors import FolderUnavailable
from kakehashi_adapters.file_drop import FolderSource, claims

LEASE = timedelta(seconds=60)


class Site:
    """A folder, and sources on it as processes have them: each with a clock of its own that only the test moves."""

    def __init__(self, root):
        self.root, self.clocks, self.fenced = root, {}, []
        (root / "in").mkdir()

    def source(self, name):
        self.clocks[name] = 1000.0 * (len(self.clocks) + 1)  # no two machines agree on the time
        return FolderSource(
            self.root / "in",
            work=self.root / "work",
            quarantine=self.root / "quarantine",
            lease=LEASE,
            fence=self.fenced.append,
            monotonic=lambda: self.clocks[name],
        )

    def put(self, *names):
        for name in names:
            (self.root / "in" / name).write_bytes(name.encode())

    def passes(self, seconds, *names):
        for name in names or self.clocks:
            self.clocks[name] += seconds


@pytest.fixture(params=["locks", "no locks", "locks of its own kernel only"])
def site(tmp_path, monkeypatch, request):
    """With a file system that locks, with one that cannot, and with a network share that does not pass locks on."""
    if request.param == "no locks":
        monkeypatch.setattr(fcntl, "flock", cannot)
    if request.param == "locks of its own kernel only":
        kernels = iter(range(100))
        monkeypatch.setattr(claims, "_kernel", lambda: b"kernel-%d" % next(kernels))
    return Site(tmp_path)


def cannot(_file, _how):
    raise OSError(38, "Function not implemented")


def names(files):
    return sorted(file.name for file in files)


def test_a_frozen_owner_loses_its_files_after_the_lease_and_not_before(site):
    """The files go to the other one under their own claims, once the ledger was told whose lease has ended."""
    frozen, other = site.source("frozen"), site.source("other")
    site.put("a.dat", "b.dat")
    taken = frozen.claim(9)
    assert other.claim(9) == []
    site.passes(59)
    assert other.claim(9) == []
    assert site.fenced == []
    site.passes(2)
    inherited = other.claim(9)
    assert names(inherited) == ["a.dat", "b.dat"]
    assert site.fenced == [taken[0].claim.owner]
    assert {file.claim.id for file in inherited} == {file.claim.id for file in taken}
    assert {file.claim.owner for file in inherited} != {taken[0].claim.owner}


def test_a_frozen_owner_that_wakes_up_harms_nobody(site):
    """It may finish or release what it holds, and cannot quarantine it: the new owner keeps all of it."""
    frozen, other = site.source("frozen"), site.source("other")
    site.put("a.dat", "b.dat", "c.dat")
    first, second, third = frozen.claim(9)
    other.claim(1)
    site.passes(61)
    inherited = other.claim(9)
    first.finish()
    with pytest.raises(FolderUnavailable):
        second.quarantine("REF-006")
    third.release()
    assert [file.open().read() for file in inherited] == [b"a.dat", b"b.dat", b"c.dat"]
    assert not (site.root / "quarantine").exists() or list((site.root / "quarantine").iterdir()) == []
    assert frozen.claim(9) == []
    site.put("d.dat")
    (again,) = frozen.claim(9)
    assert again.claim.owner != first.claim.owner
    assert other.claim(9) == []


def test_who_reads_a_large_file_for_hours_keeps_it(site):
    """Reading is the sign of life: no claim is asked for while one file is hashed, cut and sealed."""
    busy, other = site.source("busy"), site.source("other")
    site.put("a.dat")
    (site.root / "in" / "a.dat").write_bytes(bytes(50 << 20))
    (file,) = busy.claim(1)
    with file.open() as opened:
        while opened.read(1 << 20):
            site.passes(20)
            assert other.claim(9) == []
    assert site.fenced == []


def test_a_heir_that_dies_halfway_has_a_heir(site):
    """The ledger was told, then the heir dies before it has moved anything, or after half of it."""
    frozen, dying, other = site.source("frozen"), site.source("dying"), site.source("other")
    site.put("a.dat", "b.dat")
    taken = frozen.claim(9)
    dying.claim(1)
    other.claim(1)
    site.passes(61, "dying")
    moved = []

    rename = type(site.root).rename

    def half(path, target):
        if moved:
            raise KeyboardInterrupt
        moved.append(path)
        return rename(path, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(site.root), "rename", half)
        with pytest.raises(KeyboardInterrupt):
            dying.claim(9)
    site.passes(1, "other")
    other.claim(9)
    site.passes(120, "other")
    assert names(other.claim(9) + other.claim(9)) == ["a.dat", "b.dat"]
    assert taken[0].claim.owner in site.fenced


def test_a_ledger_that_is_away_keeps_the_files_where_they_are(site):
    """Who cannot say that a lease has ended takes nothing over; when the ledger answers again, he does."""
    frozen = site.source("frozen")
    site.put("a.dat")
    frozen.claim(9)
    other = site.source("other")
    other.claim(9)
    site.passes(61)

    def away(_owner):
        raise LookupError

    other._claims._fence = away
    for _ in range(2):
        with pytest.raises(LookupError):
            other.claim(9)
    other._claims._fence = site.fenced.append
    assert names(other.claim(9)) == ["a.dat"]


def test_two_heirs_share_what_they_find(site):
    """Both see the lease end at the same time: each file goes to one of them."""
    frozen, one, two = site.source("frozen"), site.source("one"), site.source("two")
    site.put(*(f"{number}.dat" for number in range(10)))
    frozen.claim(10)
    one.claim(1)
    two.claim(1)
    site.passes(61)
    shared = [names(heir.claim(3)) for _ in range(6) for heir in (one, two)]
    assert sorted(name for some in shared for name in some) == sorted(f"{number}.dat" for number in range(10))


def test_a_claim_folder_that_is_gone_is_made_again(site):
    """Somebody deleted it, or the share was mounted anew: the next claim begins with a new one."""
    source = site.source("one")
    assert source.claim(1) == []
    for path in sorted((site.root / "work").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (site.root / "work").rmdir()
    site.put("a.dat")
    assert names(source.claim(9)) == ["a.dat"]
