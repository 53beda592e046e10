"""Simulators in real processes, a client with real certificates."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.simulators.messages import XSD

from kakehashi_adapters.certificates import make_certificates
from kakehashi_adapters.https_client import HttpsServerClient
from kakehashi_simulators.process import start_intermediate_server


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    return make_certificates(folder, now=datetime.now(UTC))


@pytest.fixture(scope="module")
def running(tmp_path_factory, certificates):
    """One server for a module; `server` hands it out empty and without faults."""
    folder = tmp_path_factory.mktemp("server")
    options = {"records_cap": 300, "connections": 4, "result_delay_seconds": 0.0}
    with start_intermediate_server(folder, xsd=XSD, certificates=certificates.ca.parent, **options) as server:
        yield server


@pytest.fixture
def server(running):
    deadline = time.monotonic() + 10
    while running.account()["in_work"] and time.monotonic() < deadline:
        time.sleep(0.02)  # a message that an earlier test gave up would meet the faults of this one
    running.reset()
    return running


@pytest.fixture
def connect(certificates):
    """A client for an endpoint; closed at the end of the test."""
    clients = []

    def connected(endpoint, *, seconds=1.5, **options):
        files = {
            "ca": certificates.ca,
            "certificate": certificates.client_certificate,
            "key": certificates.client_key,
        }
        client = HttpsServerClient(endpoint, timeout=timedelta(seconds=seconds), **(files | options))
        clients.append(client)
        return client

    yield connected
    for client in clients:
        client.close()


@pytest.fixture
def client(server, connect):
    return connect(server.endpoint)
