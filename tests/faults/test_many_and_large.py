"""Tens of thousands of small files at once; a large one beside small requests: real processes (exam E51, E52)."""

import time
from datetime import datetime, timedelta
from statistics import quantiles

import pytest
from tests.acceptance.watching import eventually, links_settled, put
from tests.faults.dropping import INQUIRY, SEED, SIZE, STAMP, TAX, Dropping
from tests.faults.site import MOST_BYTES, peak_memory
from tests.tier import FULL

from kakehashi.domain.batch import FileState
from kakehashi_simulators.demo.run import started
from kakehashi_simulators.legacy.packing import packed

pytestmark = [pytest.mark.xdist_group("many-and-large"), pytest.mark.timeout(14_400 if FULL else 300)]

MANY = 50_000 if FULL else 600
RESCAN = 2.0
"""Seconds from one look into a folder to the next that anybody may have to wait; intake looks five times a second."""
LARGE = (4 << 30) if FULL else (30 << 20)
BLOCK = 5000
SMALL = 25
PACE = 0.3


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many") / "site"
    with started(folder, seed=SEED, scale=0.05, faults=False, result_delay_seconds=0.2) as run:
        links_settled(run)
        yield Dropping(run)


def levied(site):
    """The numbers of the tax lane; it has had a file."""
    return next(lane for lane in site.run.store.counts() if lane.lane == TAX)


def peaks(site):
    return {name: peak_memory(process.pid) for name, process in site.run.processes.running.items()}


@pytest.mark.exam("E51")
def test_thousands_of_files_at_once_come_in_by_looking_alone(site):
    """No event of the file system is listened to: all are in the ledger, each once; memory does not grow with them."""
    folder, store = site.folder(), site.run.store
    content = site.content(records=1)
    stamp, first = content.index(STAMP[:10]), datetime(2026, 7, 2)  # noqa: DTZ001  # a stamp, no moment
    for number in range(MANY):
        made = (first + timedelta(seconds=number)).strftime("%Y%m%d%H%M%S").encode()
        put(folder, f"LEVY51{number:06d}.DAT", content[:stamp] + made + content[stamp + len(made) :])
        if number == MANY // 10:
            before = peaks(site)["intake"]
    began = time.monotonic()
    eventually(lambda: not any(folder.iterdir()), seconds=MANY, what="an empty folder")
    eventually(lambda: levied(site).files == MANY, seconds=10, what="all in the ledger")
    print(f"{MANY} files, the last in the ledger {time.monotonic() - began:.1f} s after the last drop")  # noqa: T201  # the figures of a run by hand
    assert len({row.name for row in store.files(lane=TAX, most=2 * MANY)}) == MANY
    late = site.put(site.content(records=1), "LEVY51LATE.DAT")
    assert site.taken(late, seconds=RESCAN)
    assert peaks(site)["intake"] - before < 64 << 20
    eventually(lambda: not levied(site).waiting, seconds=MANY, what="all settled")
    assert levied(site).accepted + levied(site).refused == MANY + 1
    site.quiet()
    assert max(peaks(site).values()) < MOST_BYTES
    assert site.wrong() == []


def large(path, site):
    """A whole tax file of LARGE bytes: one block of records again and again, its trailer true."""
    whole = site.content(records=BLOCK)
    header, block, trailer, end = whole[:SIZE], whole[SIZE : -2 * SIZE], whole[-2 * SIZE : -SIZE], whole[-SIZE:]
    amount = int(trailer[9:17].hex()[:-1])
    times = LARGE // len(block)
    with path.open("wb") as out:
        out.write(header)
        for _ in range(times):
            out.write(block)
        out.write((b"8%08d" % (times * BLOCK) + packed(times * amount, 8)).ljust(SIZE) + end)
    return times * BLOCK


def small_requests(site, until):
    """Seconds from the drop of small files of another lane to their results: SMALL of them, and until that is true."""
    dropped = {}
    while len(dropped) < SMALL or not until():
        name = f"P640R110_52{next(site.count):06d}.DAT"
        site.put(site.content(INQUIRY, records=1), name, INQUIRY)
        dropped[name] = time.time()
        time.sleep(PACE)
    results = site.run.configuration.return_folder(site.run.configuration.routes[INQUIRY])
    for name in dropped:
        site.ended(name, INQUIRY)
    return [(results / f"{name[:-4]}_RESULT.CSV").stat().st_mtime - at for name, at in dropped.items()]


@pytest.mark.exam("E52")
def test_a_large_file_is_streamed_beside_small_requests(site):
    """While it comes in and its first batches are in work, small requests take at most twice their time at p95."""
    alone = quantiles(small_requests(site, lambda: True), n=20)[-1]
    hidden = site.folder() / ".large"
    records, name = large(hidden, site), "LEVY52LARGE.DAT"
    hidden.rename(site.folder() / name)
    began = time.monotonic()
    beside = quantiles(small_requests(site, lambda: site.file(name)), n=20)[-1]
    print(f"p95 {alone:.2f} s alone, {beside:.2f} s beside; {time.monotonic() - began:.0f} s; {peaks(site)}")  # noqa: T201  # the figures of a run by hand
    file = site.file(name)
    assert (file.records, file.state) == (records, FileState.WORKING)
    assert sum(row.records for row in site.run.store.batches(file.id)) == records
    assert beside <= 2 * alone
    assert max(peaks(site).values()) < MOST_BYTES
