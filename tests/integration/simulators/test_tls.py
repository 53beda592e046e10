"""E40: wrong certificates on either side are refused, and no byte of a message is read by anybody."""

from __future__ import annotations

import socket
import ssl
import time
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.simulators.messages import XSD, found, letters, people

from kakehashi.errors import ServerUnreachable
from kakehashi_adapters.certificates import Authority, CertificateFiles
from kakehashi_simulators.process import start_intermediate_server

NOW = datetime.now(UTC)
PAST = (NOW - timedelta(days=30), NOW - timedelta(days=1))
NAMES = ["localhost", "127.0.0.1"]


@pytest.fixture(scope="module")
def authority():
    return Authority("test CA", now=NOW)


def files_in(folder, authority, **server):
    """Certificates of `authority`; `server` overrides how the server's is issued."""
    folder.mkdir(exist_ok=True)
    files = CertificateFiles.in_folder(folder)
    authority.write(files.ca)
    authority.issue(files.server_certificate, files.server_key, **({"names": NAMES} | server))
    authority.issue(files.client_certificate, files.client_key)
    return files


def start(tmp_path, files):
    return start_intermediate_server(tmp_path / "account", xsd=XSD, certificates=files.ca.parent)


@pytest.mark.parametrize("case", ["expired", "not yet valid", "wrong name", "a client's certificate", "another CA"])
def test_a_server_that_cannot_prove_itself_is_not_spoken_to(tmp_path, authority, connect, case):
    """Expired, not yet valid, wrong name, wrong purpose, unknown CA: unreachable, nothing arrived at the server."""
    issued = {
        "expired": {"valid": PAST},
        "not yet valid": {"valid": (NOW + timedelta(days=1), NOW + timedelta(days=2))},
        "wrong name": {"names": ["elsewhere.example"]},
        "a client's certificate": {"names": []},
        "another CA": {},
    }[case]
    other = Authority("other CA", now=NOW)
    files = files_in(tmp_path / "tls", other if case == "another CA" else authority, **issued)
    authority.write(tmp_path / "trusted.pem")
    with start(tmp_path, files) as server:
        client = connect(
            server.endpoint, ca=tmp_path / "trusted.pem", certificate=files.client_certificate, key=files.client_key
        )
        with pytest.raises(ServerUnreachable):
            client.exchange("DBM-201", letters("a"), people("a", 50))
        assert_nothing_read(server)


@pytest.mark.parametrize("case", ["expired", "another CA", "a server's certificate"])
@pytest.mark.parametrize("records", [1, 200])
def test_a_client_that_cannot_prove_itself_is_refused(server, certificates, tmp_path, connect, case, records):
    """An expired, foreign or wrong-purpose client certificate: unreachable, and the server read no message."""
    other = Authority("other CA", now=NOW)
    mine = CertificateFiles.in_folder(tmp_path)
    if case == "expired":
        trusted = Authority("trusted CA", now=NOW)
        files = files_in(tmp_path / "tls", trusted)
        trusted.issue(mine.client_certificate, mine.client_key, valid=PAST)
        with start(tmp_path, files) as own:
            assert_refused(own, connect, files.ca, mine, records)
        return
    if case == "another CA":
        other.issue(mine.client_certificate, mine.client_key)
        assert_refused(server, connect, certificates.ca, mine, records)
        return
    files = files_in(tmp_path / "tls", other)
    with start(tmp_path, files) as own:
        mine = CertificateFiles(
            ca=files.ca,
            server_certificate=files.server_certificate,
            server_key=files.server_key,
            client_certificate=files.server_certificate,
            client_key=files.server_key,
        )
        assert_refused(own, connect, files.ca, mine, records)


def assert_refused(server, connect, ca, files, records):
    client = connect(server.endpoint, ca=ca, certificate=files.client_certificate, key=files.client_key)
    with pytest.raises(ServerUnreachable):
        client.exchange("DBM-201", letters("a"), people("a", records))
    assert_nothing_read(server)


def assert_nothing_read(server):
    """One handshake failed (the server may learn it a moment after the client) and no request began."""
    deadline = time.monotonic() + 10
    while not server.account()["handshakes_refused"] and time.monotonic() < deadline:
        time.sleep(0.02)
    account = server.account()
    assert (account["requests"], account["messages"], account["requests_most"]) == (0, {}, 0)
    assert account["handshakes_refused"] == 1


def test_no_client_certificate_is_refused(server, certificates):
    """Without a client certificate the handshake fails and the server answers nothing."""
    context = ssl.create_default_context(cafile=certificates.ca)
    cut_off = pytest.raises(OSError)  # noqa: PT011  # in whatever way
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as plain, cut_off:
        ask_anyhow(context, plain)
    assert_nothing_read(server)


def ask_anyhow(context, plain):
    """In TLS 1.3 the client learns of the refusal when it reads."""
    secured = context.wrap_socket(plain, server_hostname="127.0.0.1")
    secured.sendall(b"POST /exchange HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    assert not secured.recv(100)
    raise ConnectionResetError


def test_plain_http_is_refused(server):
    """A client that speaks plain HTTP to the TLS port gets no answer."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert not plain.recv(1000).startswith(b"HTTP")
    assert_nothing_read(server)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1:DeprecationWarning")
def test_a_downgrade_is_refused(server, certificates, connect):
    """TLS 1.1 is not spoken by the server; the client's context starts at TLS 1.2."""
    context = ssl.create_default_context(cafile=certificates.ca)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.load_cert_chain(certificates.client_certificate, certificates.client_key)
    cut_off = pytest.raises(OSError)  # noqa: PT011  # in whatever way
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as plain, cut_off:
        context.wrap_socket(plain, server_hostname="127.0.0.1")
    assert found(connect(server.endpoint).exchange("DBM-201", letters("a"), people("a", 1)), "Code") == "0001"


def test_a_silent_client_holds_up_nobody(server, client):
    """A connection that never begins its handshake does not keep the accept loop from serving others."""
    silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(5)]
    assert found(client.exchange("DBM-201", letters("a"), people("a", 1)), "Code") == "0001"
    for connection in silent:
        connection.close()


def test_a_server_in_front_of_nothing_is_unreachable(connect):
    """A port where nobody listens is unreachable at once."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ServerUnreachable):
        connect(f"https://127.0.0.1:{port}/exchange").exchange("SYM-901", "a" * 32, b"x")


def test_the_environment_does_not_decide(server, connect, monkeypatch):
    """Proxies and CA files of the environment are ignored: the configuration alone names the way."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
    answer = connect(server.endpoint).exchange("DBM-201", letters("a"), people("a", 1))
    assert found(answer, "Code") == "0001"
