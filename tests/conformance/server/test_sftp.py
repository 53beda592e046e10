"""The client of an exchange folder on a real OpenSSH server keeps the promises of a ServerClient."""

import importlib
import pkgutil
import time
from datetime import timedelta

import paramiko
import pytest
from tests.conformance.server.folder_bench import DOCUMENT, REQUEST, Bench, names_of

from kakehashi.errors import ConfigurationError, OutcomeUnknown, ServerUnreachable
from kakehashi.testing.server_conformance import ServerConformance
from kakehashi_adapters.exchange_folder import FolderServerClient, sftp
from kakehashi_adapters.exchange_folder.sftp import SftpPlace
from kakehashi_adapters.live_endpoints import LiveEndpoints
from kakehashi_adapters.system_clock import SystemClock


class SftpBench(Bench):
    """The server looks at the files on the disk of the SFTP server."""

    def __init__(self, sshd):
        self.sshd = sshd
        self.at = sshd.folder.with_name("exchange")
        super().__init__(self.at, place=self.place(), timeout=timedelta(seconds=3))

    def place(self, key=None, known_hosts=None):
        return SftpPlace(self.sshd.url(self.at), known_hosts or self.sshd.known_hosts, key or self.sshd.key)

    def be_unreachable(self):
        self.sshd.stop()

    def recover(self):
        super().recover()
        self.sshd.start()


@pytest.fixture
def bench(sshd):
    made = SftpBench(sshd)
    yield made
    made.close()


class TestSftpServerClient(ServerConformance):
    """All of it."""

    def test_concurrent_exchanges_do_not_mix(self, bench):
        """Eight wait for each other's connections: on a busy machine longer than one waits for its answer."""
        bench.client._timeout = 20
        super().test_concurrent_exchanges_do_not_mix(bench)


def test_nothing_is_left_of_an_exchange(bench):
    """Neither message nor answer, nor a lock."""
    for _ in range(3):
        bench.client.exchange("DBM-201", REQUEST, DOCUMENT)
    assert (bench.left(), (bench.folder / "to-server" / ".serial.lock").exists()) == ([], False)


def test_exchanges_one_after_the_other_share_a_connection(bench):
    """The handshake is paid once."""
    for _ in range(5):
        bench.client.exchange("DBM-201", REQUEST, DOCUMENT)
    assert len(bench.client._place._idle) == 1


def test_clients_that_share_a_folder_never_share_a_name(bench):
    """Two clients, twenty messages: twenty names."""
    patient = timedelta(seconds=20)
    clients = [FolderServerClient(bench.place(), clock=SystemClock(), timeout=patient) for _ in range(2)]
    assert len(names_of(bench, clients, messages=20)) == 20
    for client in clients:
        client.close()


def test_a_lock_of_somebody_who_died_is_broken(bench, monkeypatch):
    """It has not changed hands for long."""
    monkeypatch.setattr(sftp, "_LOCK_DEAD_SECONDS", 0.3)
    (bench.folder / "to-server" / ".serial.lock").mkdir()
    bench.client._timeout = 20
    assert bench.client.exchange("DBM-201", REQUEST, DOCUMENT) == DOCUMENT


def test_a_server_that_ends_while_a_message_waits_there_leaves_it_unknown(bench):
    """The message may be taken; the next exchange connects anew."""
    bench.client._timeout = 20
    bench.answer_with(lambda document: (bench.sshd.stop(), document)[1])
    with pytest.raises(OutcomeUnknown):
        bench.client.exchange("DBM-201", REQUEST, DOCUMENT)
    bench.answer_with(lambda document: document)
    bench.sshd.start()
    assert bench.client.exchange("DBM-201", REQUEST, DOCUMENT) == DOCUMENT


@pytest.mark.parametrize("wrong", ["key", "host", "unknown host"])
def test_who_is_not_known_is_not_spoken_to(bench, sshd, wrong):
    """Our key is not accepted, the server has another one, or is none that we know: SRV-016, nothing is sent."""
    others = sshd.folder / "others"
    others.write_text("" if wrong == "unknown host" else
                      f"[127.0.0.1]:{sshd.port} {(sshd.folder / 'stranger.pub').read_text()}")  # fmt: skip
    place = bench.place(key=sshd.folder / "stranger") if wrong == "key" else bench.place(known_hosts=others)
    client = FolderServerClient(place, clock=SystemClock())
    begin = time.monotonic()
    with pytest.raises(ServerUnreachable) as caught:
        client.exchange("DBM-201", REQUEST, DOCUMENT)
    assert (caught.value.fault.code, list(bench.delivered())) == ("SRV-016", [])
    assert time.monotonic() - begin < 10


def test_every_error_of_the_library_is_translated():
    """Into OSError, or ServerUnreachable where the two do not know each other; a new one fails here."""
    names = {each.name for each in pkgutil.iter_modules(paramiko.__path__)} - {"_winapi", "win_pageant", "win_openssh"}
    modules = [importlib.import_module(f"paramiko.{name}") for name in sorted(names)]
    errors = {
        each
        for module in modules
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Exception) and each.__module__.startswith("paramiko")
    }
    assert len(errors) > 10
    for error in errors:
        with pytest.raises((OSError, ServerUnreachable)), sftp._translated():
            raise error.__new__(error)


def test_what_cannot_serve_is_named_at_the_start(tmp_path):
    """Missing files and an address without user, host or path, all at once."""
    place = SftpPlace("sftp://host", tmp_path / "hosts", tmp_path / "key")
    with pytest.raises(ConfigurationError) as caught:
        place.check()
    assert [(fault.code, fault.place.item) for fault in caught.value.faults] == [
        ("CFG-005", "ca"), ("CFG-005", "key"), ("CFG-003", "endpoint"),
    ]  # fmt: skip


def test_a_connection_to_a_live_server_is_given_up(bench):
    """By the address and port that it has reached, before a folder is opened: no test goes there (RHS-003)."""
    kept = LiveEndpoints([f"sftp://other@localhost:{bench.sshd.port}/elsewhere"])
    place = SftpPlace(bench.sshd.url(bench.at), bench.sshd.known_hosts, bench.sshd.key, refuses=kept.holds_peer)
    with pytest.raises(ServerUnreachable) as told, place.lend():
        pass
    assert told.value.fault.code == "RHS-003"
