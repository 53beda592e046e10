"""The HTTPS client keeps the promises of a ServerClient, over real sockets with mutual TLS."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from tests.conformance.server.switched import SwitchedServer

from kakehashi.testing.server_conformance import ServerConformance
from kakehashi_adapters.certificates import make_certificates
from kakehashi_adapters.https_client import HttpsServerClient
from kakehashi_simulators.wire import WireServer, mutual_tls


class _Bench(SwitchedServer):
    """A server in a thread that answers what it is told, and a client with a short patience."""

    def __init__(self, folder):
        files = make_certificates(folder, now=datetime.now(UTC))
        super().__init__()
        self.server = WireServer(self, faults=self.faults, tls=mutual_tls(folder))
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.client = HttpsServerClient(
            self.server.endpoint,
            ca=files.ca,
            certificate=files.client_certificate,
            key=files.client_key,
            connections=4,
            timeout=timedelta(seconds=1.5),
            answer_bytes=1_000_000,
        )

    def be_unreachable(self):
        self.faults.set({"refuse_connections": True})
        self.server.drop_connections()

    def close(self):
        self.client.close()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def bench(tmp_path):
    bench = _Bench(tmp_path)
    yield bench
    bench.close()


class TestHttpsServerClient(ServerConformance):
    def test_the_connection_cap_holds(self, bench):
        """Twelve threads at once open at most the four connections that the client was given."""
        bench.answer_with(lambda document: document)
        threads = [threading.Thread(target=bench.client.exchange, args=("SYM-901", "a" * 32, b"x")) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert bench.server.gauge.connections_most <= 4
        assert len(bench.delivered()) == 12

    def test_a_connection_is_used_again(self, bench):
        """Exchanges one after the other share a connection: the handshake is paid once."""
        for _ in range(10):
            bench.client.exchange("SYM-901", "a" * 32, b"x")
        assert bench.server.gauge.connections_most == 1
