"""The client of an exchange folder keeps the promises of a ServerClient, over real files."""

import csv
import threading
import time
from datetime import timedelta

import pytest
from tests.conformance.server.folder_bench import DOCUMENT, REQUEST, Bench, names_of

from kakehashi.errors import OutcomeUnknown, ServerUnreachable
from kakehashi.testing.memory_clock import MemoryClock
from kakehashi.testing.server_conformance import ServerConformance
from kakehashi_adapters.exchange_folder import FolderServerClient, LocalPlace
from kakehashi_adapters.system_clock import SystemClock


@pytest.fixture
def bench_with(tmp_path):
    benches = []

    def made(**settings):
        benches.append(Bench(tmp_path / "exchange", **settings))
        return benches[-1]

    yield made
    for each in benches:
        each.close()


@pytest.fixture
def bench(bench_with):
    return bench_with()


class TestFolderServerClient(ServerConformance):
    """All of it."""


class TestZippedFolderServerClient(ServerConformance):
    @pytest.fixture
    def bench(self, bench_with):
        return bench_with(zipped=True)


def test_nothing_is_left_of_an_exchange(bench):
    """Neither message nor answer."""
    bench.client.exchange("DBM-201", REQUEST, DOCUMENT)
    assert bench.left() == []


def test_a_message_stands_there_whole_with_its_manifest(bench_with):
    """Document, counts and hash, and the end marker last; what nobody takes is taken back and surely not delivered."""
    bench = bench_with(clock=MemoryClock(SystemClock().now()))
    bench.faults.set({"refuse_connections": True})
    seen = []

    def look():
        marker = bench.folder / "to-server" / f"DBM-201_{bench.client._clock.now():%Y%m%d}_000001.end"
        while not marker.exists():
            time.sleep(0.01)
        with marker.with_suffix(".csv").open(encoding="utf-8", newline="") as stream:
            seen.extend(csv.DictReader(stream))
        seen.append(marker.with_suffix(".xml").read_bytes())

    watcher = threading.Thread(target=look)
    watcher.start()
    with pytest.raises(ServerUnreachable):
        bench.client.exchange("DBM-201", REQUEST, DOCUMENT)
    watcher.join()
    row, document = seen
    assert document == DOCUMENT
    assert (row["message_id"], row["request_id"], row["records"], row["bytes"]) == (
        "DBM-201", REQUEST, "12", str(len(DOCUMENT)),
    )  # fmt: skip
    assert (bench.left(), list(bench.delivered())) == ([], [])


def test_a_day_without_a_serial_sends_nothing(bench_with):
    """The last number is given; the next message is not begun, and goes out on the next day."""
    clock = MemoryClock(SystemClock().now())
    bench = bench_with(clock=clock, serial_digits=4)
    bench.client.exchange("DBM-201", REQUEST, DOCUMENT)
    (serials,) = bench.folder.glob("to-server/.serial-*")
    serials.write_text(f"{9998:012}")
    bench.client.exchange("DBM-201", REQUEST, DOCUMENT)
    with pytest.raises(ServerUnreachable) as caught:
        bench.client.exchange("DBM-201", REQUEST, DOCUMENT)
    assert (caught.value.fault.code, len(bench.delivered()), bench.left()) == ("SRV-018", 2, [])
    clock.advance(timedelta(days=1))
    bench.client.exchange("DBM-201", REQUEST, DOCUMENT)


@pytest.mark.parametrize("spoil", [
    lambda parcel: parcel.with_suffix(".xml").write_bytes(b"other"),
    lambda parcel: parcel.with_suffix(".csv").write_text("file,bytes\n", encoding="utf-8"),
    lambda parcel: parcel.with_suffix(".csv").write_bytes(b"\xff" * 20_000),
    lambda parcel: parcel.with_suffix(".csv").write_text(
        parcel.with_suffix(".csv").read_text(encoding="utf-8").replace(".xml", "/../../secret.xml"), encoding="utf-8"
    ),
])  # fmt: skip
def test_an_answer_that_is_not_what_its_manifest_says_is_put_aside(bench, spoil):
    """Its outcome is unknown, and it lies in a folder of its own for whoever looks after it."""
    mark = bench.server._mark
    bench.server._mark = lambda name: (spoil(bench.folder / "from-server" / f"{name}.end"), mark(name))
    with pytest.raises(OutcomeUnknown) as caught:
        bench.client.exchange("DBM-201", REQUEST, DOCUMENT)
    assert caught.value.fault.code == "SRV-019"
    assert list((bench.folder / "from-server" / "damaged").glob("*.end"))
    assert not list((bench.folder / "from-server").glob("*.end"))


def test_a_zip_that_unpacks_to_too_much_is_refused(bench_with):
    """Before it is whole in memory."""
    bench = bench_with(zipped=True)
    bench.answer_with(lambda _: bytes(5_000_000))
    with pytest.raises(OutcomeUnknown) as caught:
        bench.client.exchange("DBM-201", REQUEST, DOCUMENT)
    assert caught.value.fault.code == "SRV-019"


def test_processes_that_share_a_folder_never_share_a_name(bench_with):
    """Two clients, forty messages: forty names."""
    bench = bench_with(timeout=timedelta(seconds=10))
    other = FolderServerClient(LocalPlace(bench.folder), clock=SystemClock(), timeout=timedelta(seconds=10))
    assert len(names_of(bench, [bench.client, other])) == 40


def test_answers_that_nobody_waits_for_are_swept_after_a_day(bench_with):
    """They came after their exchange was over; what others put there is left alone."""
    clock = MemoryClock(SystemClock().now())
    bench = bench_with(clock=clock)
    late = bench.folder / "from-server" / "DBM-205_20260701_000007.xml"
    stranger = bench.folder / "from-server" / "README.txt"
    for path in (late, stranger):
        path.write_bytes(b"x")
    bench.client.exchange("DBM-201", REQUEST, DOCUMENT)
    assert late.exists()
    clock.advance(timedelta(days=2))
    bench.client._swept = float("-inf")
    bench.client.exchange("DBM-201", REQUEST, DOCUMENT)
    assert (late.exists(), stranger.exists()) == (False, True)
