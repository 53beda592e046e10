"""The client of an exchange folder keeps the promises of a ServerClient, over real files."""

import csv
import threading
import time
from datetime import timedelta

import pytest

from kakehashi.errors import OutcomeUnknown, ServerUnreachable
from kakehashi.testing.memory_clock import MemoryClock
from kakehashi.testing.server_conformance import ServerConformance
from kakehashi_adapters.exchange_folder import FolderServerClient
from kakehashi_adapters.system_clock import SystemClock
from kakehashi_simulators.faults import Faults
from kakehashi_simulators.folder_wire import FolderWire
from kakehashi_simulators.wire import Gauge

REQUEST = "abcdefghijklmnop" * 2
DOCUMENT = "<要求><RecordCount>12</RecordCount>宛名番号</要求>".encode()


class Bench:
    """A server that looks into the folder and answers what it is told, and a client with a short patience."""

    def __init__(self, folder, **settings):
        self.folder = folder
        self.faults = Faults()
        self.server = FolderWire(self, folder=folder, faults=self.faults, gauge=Gauge())
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        options = {"clock": SystemClock(), "timeout": timedelta(seconds=1.5), "answer_bytes": 1_000_000} | settings
        self.client = FolderServerClient(folder, **options)
        self._answer = lambda document: document
        self._documents = []

    def answer(self, document, *, over_capacity=False):
        self._documents.append(document)
        return self._answer(document)

    def answer_with(self, answer):
        self._answer = answer

    def delivered(self):
        return self._documents

    def be_unreachable(self):
        self.folder.rename(self.folder.with_name("away"))

    def lose_answers(self):
        self.faults.set({"drop_response_after_apply": True})

    def answer_never(self):
        self.faults.set({"answer_delay_seconds": 4.0})

    def answer_endlessly(self):
        self.faults.set({"huge_answer": True})

    def drip(self):
        self.faults.set({"slow_drip": True, "drip_seconds": 0.05})

    def refuse(self, status, retry_after):
        self.faults.set({"http_status": status, "retry_after": retry_after})

    def recover(self):
        self.faults.reset()
        if not self.folder.exists():
            self.folder.with_name("away").rename(self.folder)

    def close(self):
        self.client.close()
        self.server.shutdown()
        self.server.server_close()

    def left(self):
        """Names in both folders, but for the serials."""
        return sorted(path.name for path in self.folder.glob("*/*") if not path.name.startswith(".serial-"))


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
    assert [path.name for path in bench.folder.glob("to-server/.serial-*")] == [f".serial-{clock.now():%Y%m%d}"]


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


def test_processes_that_share_a_folder_never_share_a_name(tmp_path):
    """Two clients, forty messages: forty names."""
    bench = Bench(tmp_path / "exchange")
    names = []
    serve = bench.server._serve
    bench.server._serve = lambda name: (names.append(name), serve(name))
    other = FolderServerClient(bench.folder, clock=SystemClock(), timeout=timedelta(seconds=10))
    bench.client._timeout = 10
    threads = [
        threading.Thread(target=client.exchange, args=("SYM-901", REQUEST, DOCUMENT))
        for client in (bench.client, other) * 20
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bench.close()
    assert len(set(names)) == 40


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
