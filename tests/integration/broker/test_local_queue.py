"""The local broker between processes, and when its disk fails."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import timedelta
from threading import Thread

import pytest

from kakehashi.errors import BrokerBlocked, BrokerError, BrokerMisconfigured, BrokerUnavailable
from kakehashi.ports.broker import Message
from kakehashi_adapters.local_queue import LocalBroker, open_broker, owners
from kakehashi_adapters.local_queue import database as database_module
from kakehashi_adapters.local_queue.process import is_surely_dead, this_process

SOON = timedelta(seconds=10)
NOT = timedelta(seconds=0.2)

WORKER = """
import sys
from datetime import timedelta
from kakehashi_adapters.local_queue import open_broker
from kakehashi.ports.broker import Message
url, mode = sys.argv[1:3]
broker = open_broker(url)
broker.declare(["tax"])
if mode == "publish":
    for n in range(60):
        broker.publish([Message(id=f"{sys.argv[3]}-{n}", lane="tax", body=b"x" * 1000)])
elif mode == "hold":
    consumer = broker.consume(["tax"], prefetch=10)
    print(len(consumer.receive(10, timedelta(seconds=10))), flush=True)
    sys.stdin.read()
else:
    with broker.consume(["tax"], prefetch=10) as consumer:
        while got := consumer.receive(10, timedelta(seconds=3)):
            for delivery in got:
                print(delivery.message.id, delivery.redelivered, flush=True)
            consumer.acknowledge(got)
broker.close()
"""


def messages(count):
    return [Message(id=f"m{n}", lane="tax", body=b"x" * 100) for n in range(count)]


def start(url, *arguments, **options):
    return subprocess.Popen([sys.executable, "-c", WORKER, url, *arguments], text=True, **options)


@pytest.fixture
def broker(tmp_path):
    broker = LocalBroker(tmp_path)
    broker.declare(["tax"])
    yield broker
    broker.close()


def test_processes_share_the_folder(tmp_path):
    """Two publishing and two consuming processes that start at once: every message once, each publisher's in order."""
    url = f"local:{tmp_path / 'new' / 'folder'}"
    consumers = [start(url, "consume", stdout=subprocess.PIPE) for _ in range(2)]
    publishers = [start(url, "publish", name) for name in ("a", "b")]
    outputs = [consumer.communicate(timeout=60)[0].split("\n")[:-1] for consumer in consumers]
    assert [process.wait() for process in publishers + consumers] == [0] * 4
    got = [line for output in outputs for line in output]
    assert sorted(got) == sorted(f"{name}-{n} False" for name in "ab" for n in range(60))
    for output in outputs:
        for name in "ab":
            numbers = [int(line.split()[0][2:]) for line in output if line.startswith(name)]
            assert numbers == sorted(numbers)


def test_a_killed_process_gives_back_at_once(tmp_path, broker):
    """What a process held when it was killed comes again within two seconds, marked; not one moment before."""
    broker.publish(messages(5))
    process = start(f"local:{tmp_path}", "hold", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == "5\n"
    with broker.consume(["tax"], prefetch=10) as consumer:
        assert consumer.receive(10, timedelta(seconds=1)) == []
        process.kill()
        started = time.monotonic()
        got = consumer.receive(10, SOON)
        assert time.monotonic() - started < 2
        assert [(delivery.message.id, delivery.redelivered) for delivery in got] == [(f"m{n}", True) for n in range(5)]
        consumer.acknowledge(got)
    process.communicate()


def test_a_live_owner_keeps_its_messages_and_a_silent_one_is_fenced(broker, tmp_path, monkeypatch):
    """A renewed lease is never taken; when the renewals stop, others take over, and the old owner learns of it."""
    monkeypatch.setattr(owners, "LEASE_SECONDS", 0.6)
    broker.publish(messages(2))
    with broker.consume(["tax"], prefetch=5) as old, LocalBroker(tmp_path).consume(["tax"], prefetch=5) as other:
        held = old.receive(5, SOON)
        assert len(held) == 2
        assert other.receive(5, timedelta(seconds=1.5)) == []
        broker._renewal.stop()
        taken = other.receive(5, timedelta(seconds=3))
        assert [delivery.redelivered for delivery in taken] == [True, True]
        old.acknowledge(held)
        old.bury(held[0], "BRK-006")
        assert broker.dead("tax") == 0
        broker.publish(messages(1))
        with pytest.raises(BrokerUnavailable):
            old.receive(5, SOON)
        assert len(old.receive(5, SOON)) == 1
        other.close()
        assert broker.depth("tax") == 2


def test_idle_waiting_is_cheap_and_quick(broker):
    """An idle consumer burns under 3 % of a core, and sees a message some 10 ms after it was published."""
    with broker.consume(["tax"], prefetch=5) as consumer:
        before = time.process_time()
        consumer.receive(1, timedelta(seconds=2))
        assert time.process_time() - before < 0.06
        publisher = Thread(target=publish_slowly, args=(broker,))
        publisher.start()
        waits = []
        for _ in range(20):
            got = consumer.receive(1, SOON)
            waits.append(time.monotonic() - float(got[0].message.body))
            consumer.acknowledge(got)
        publisher.join()
        assert sorted(waits)[10] < 0.03


def publish_slowly(broker):
    for n in range(20):
        time.sleep(0.03)
        broker.publish([Message(id=str(n), lane="tax", body=b"%f" % time.monotonic())])


def test_a_full_disk_is_a_blocked_broker(broker):
    """When the file cannot grow, publish is BrokerBlocked and leaves nothing half done; it goes on by itself."""
    with broker._database.reading() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 3}")
    with pytest.raises(BrokerBlocked) as caught:
        broker.publish([Message(id="big", lane="tax", body=bytes(1_000_000)), *messages(2)])
    assert caught.value.fault.code == "BRK-003"
    assert broker.depth("tax") == 0
    with broker._database.reading() as connection:
        connection.execute("PRAGMA max_page_count = 1000000")
    broker.publish(messages(2))
    assert broker.depth("tax") == 2


def test_a_locked_file_is_unavailable(broker, tmp_path, monkeypatch):
    """A foreign program that keeps the file locked is BrokerUnavailable, after a wait."""
    monkeypatch.setattr(database_module, "_BUSY_MILLISECONDS", 200)
    mine = LocalBroker(tmp_path)
    foreign = sqlite3.connect(tmp_path / "queue.sqlite3", isolation_level=None)
    foreign.execute("BEGIN EXCLUSIVE")
    with pytest.raises(BrokerUnavailable):
        mine.publish(messages(1))
    foreign.execute("ROLLBACK")
    mine.publish(messages(1))
    mine.close()


def test_a_foreign_file_is_refused_without_its_text(tmp_path):
    """A file that is no queue, or of another version, is a BrokerError with SQLite's name for it and no more."""
    (tmp_path / "queue.sqlite3").write_bytes(b"SECRET" * 1000)
    with pytest.raises(BrokerError) as caught:
        LocalBroker(tmp_path)
    assert dict(caught.value.fault.facts) == {"sqlite": "SQLITE_NOTADB"}
    assert "SECRET" not in str(caught.value)
    (tmp_path / "file").touch()
    with pytest.raises(BrokerMisconfigured):
        open_broker(f"local:{tmp_path / 'file'}")
    LocalBroker(tmp_path / "newer").close()
    with sqlite3.connect(tmp_path / "newer" / "queue.sqlite3") as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(BrokerMisconfigured):
        LocalBroker(tmp_path / "newer")


@pytest.mark.parametrize("url", ["local:", "amqp:x", "", "local"])
def test_only_local_urls_are_opened(url):
    """A URL of another scheme, or without a folder, is BrokerMisconfigured."""
    with pytest.raises(BrokerMisconfigured):
        open_broker(url)


@pytest.mark.parametrize("jump", [86_400, -86_400])
def test_a_jump_of_the_clock_holds_nothing_for_long(tmp_path, jump):
    """A time of day that jumps by a day makes a delay at most end early, never wait for another day."""
    skipped = [0.0]
    with_jump = LocalBroker(tmp_path, wall=lambda: time.time() + skipped[0])
    with_jump.declare(["tax"])
    with_jump.publish(messages(1), delay=timedelta(seconds=30))
    with with_jump.consume(["tax"], prefetch=5) as consumer:
        assert consumer.receive(1, NOT) == []
        skipped[0] = jump
        assert len(consumer.receive(1, timedelta(seconds=3))) == 1
    with_jump.close()


def test_a_dead_process_is_recognised():
    """This process lives; one that ended, one with our id but another start, and one of another boot are dead."""
    assert not is_surely_dead(this_process())
    boot, namespace, pid, started = this_process().split("/")
    assert is_surely_dead(f"{boot}/{namespace}/{pid}/{int(started) + 1}")
    assert is_surely_dead(f"other/{namespace}/{pid}/{started}")
    assert not is_surely_dead(f"{boot}/0/1/1")
    child = subprocess.Popen(["sleep", "60"])
    identity = f"{boot}/{namespace}/{child.pid}/"
    assert not is_surely_dead(identity)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert is_surely_dead(identity)
    assert is_surely_dead(f"{identity}1")


def test_every_sqlite_error_is_translated():
    """Each exception class of sqlite3 becomes a BrokerError, with no text of SQLite in it."""
    kinds = [kind for kind in vars(sqlite3).values() if isinstance(kind, type) and issubclass(kind, sqlite3.Error)]
    assert len(kinds) >= 9
    for kind in kinds:
        error = database_module.translate(kind("SECRET"))
        assert isinstance(error, BrokerError)
        assert "SECRET" not in str(error)
