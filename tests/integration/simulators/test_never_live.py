"""A test message never reaches a live endpoint: every way there that we could think of, against a live simulator."""

from __future__ import annotations

import socket
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.acceptance.watching import asked
from tests.unit.simulators.messages import XSD, found, people

from kakehashi.config.settings import GatewaySettings
from kakehashi.errors import ConfigurationError, ServerRefused, ServerUnreachable
from kakehashi.runtime.bootstrap import plugin
from kakehashi.runtime.places import shared
from kakehashi.runtime.server_client import open_server
from kakehashi_adapters.https_client import HttpsServerClient
from kakehashi_adapters.live_endpoints import LiveEndpoints
from kakehashi_adapters.system_clock import SystemClock
from kakehashi_simulators.process import start_intermediate_server
from kakehashi_simulators.wire import mutual_tls

CLOCK = SystemClock()
SPELLINGS = (
    "https://127.0.0.1:{port}/exchange",
    "https://LocalHost:{port}/exchange",
    "https://localhost.:{port}/other",
    "https://127.1:{port}/exchange",
    "https://2130706433:{port}/exchange",
    "https://0.0.0.0:{port}/exchange",
    "https://[::ffff:127.0.0.1]:{port}/exchange",
    "sftp://test@localhost:{port}/to",
)
CONFIG = """
[gateway]
agency = "9999000000000010"
test = false
[broker]
url = "local:{folder}/broker"
[store]
url = "sqlite:///{folder}/kakehashi.db"
[server]
endpoint = "{endpoint}"
"""
SCRIPT = 'title = "t"\n[[step]]\nname = "ask"\nsay = "x"\n'


@pytest.fixture(scope="module")
def live(tmp_path_factory, certificates):
    """A live server. At the end its own account says that no test has come, and would have said it."""
    folder = tmp_path_factory.mktemp("live")
    with start_intermediate_server(folder, xsd=XSD, certificates=certificates.ca.parent, mode="live") as server:
        yield server
        assert (server.account()["wrong_test_flag"], server.account()["messages"]) == (0, {})
        client = _client(server.endpoint, certificates)
        assert found(client.exchange("DBM-201", "a", people("a", 1)), "Code") == "5001"
        client.close()
        assert server.account()["wrong_test_flag"] == 1


def _files(certificates):
    return {
        "ca": certificates.ca,
        "certificate": certificates.client_certificate,
        "key": certificates.client_key,
    }


def _client(endpoint, certificates, **options):
    return HttpsServerClient(endpoint, timeout=timedelta(seconds=3), **_files(certificates), **options)


def _settings(endpoint, live, certificates, **more):
    files = {name: str(path) for name, path in _files(certificates).items()}
    tables = {"server": {"endpoint": endpoint, "live": [live], **files}, **more}
    return GatewaySettings.model_validate(tables)


def _opened(settings):
    return open_server(settings, settings.server, plugin, CLOCK)


def _send(client):
    with pytest.raises(ServerUnreachable) as told:
        client.exchange("DBM-201", "a", people("a", 1))
    client.close()
    return told.value.fault.code


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_gateway_of_tests_does_not_open_a_live_endpoint(live, certificates, spelling):
    """At its start, however the address is spelt."""
    with pytest.raises(ConfigurationError) as told:
        _opened(_settings(spelling.format(port=live.port), live.endpoint, certificates))
    assert told.value.fault.code == "RHS-003"


@pytest.mark.parametrize("spelling", [each for each in SPELLINGS if each.startswith("https") and ".:" not in each])
def test_a_connection_that_has_reached_a_live_endpoint_is_given_up(live, certificates, spelling):
    """At the moment of sending, by the address that the connection has reached, before TLS begins."""
    kept = LiveEndpoints([live.endpoint])
    client = _client(spelling.format(port=live.port), certificates, refuses=kept.holds_peer)
    assert _send(client) == "RHS-003"


def test_a_name_that_turns_to_the_live_address_after_the_start_is_no_way(live, certificates, monkeypatch):
    """The test name stands for another address when the gateway looks at it, and for the live one when it sends."""
    addresses = {"live.invalid": "127.0.0.1", "test.invalid": "192.0.2.1"}
    known = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *a, **b: known(addresses.get(host, host), *a, **b))
    settings = _settings(
        f"https://test.invalid:{live.port}/exchange", f"https://live.invalid:{live.port}/", certificates
    )
    client = _opened(settings)
    addresses["test.invalid"] = "127.0.0.1"
    assert _send(client) == "RHS-003"


def test_a_redirect_to_a_live_endpoint_is_not_followed(live, certificates):
    """The test environment answers 307 or 308 with the live address: an HTTP status like any other."""

    class Turning(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(308)
            self.send_header("Location", live.endpoint)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Turning)
    server.socket = mutual_tls(certificates.ca.parent).wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    client = _opened(_settings(f"https://127.0.0.1:{server.server_port}/exchange", live.endpoint, certificates))
    with pytest.raises(ServerRefused) as told:
        client.exchange("DBM-201", "a", people("a", 1))
    assert told.value.status == 308
    client.close()
    server.shutdown()
    server.server_close()


def test_a_proxy_of_the_environment_is_not_used(live, certificates, monkeypatch):
    """HTTPS_PROXY that leads to the live machine has no say."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{live.port}")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        endpoint = f"https://127.0.0.1:{nobody.getsockname()[1]}/exchange"
        assert _send(_opened(_settings(endpoint, live.endpoint, certificates))) == "SRV-002"


def test_an_exchange_folder_that_becomes_a_link_to_the_live_one_is_refused(tmp_path):
    """At the start by any path, and at each message by where the path leads then: nothing is written there."""
    folders = {name: tmp_path / name for name in ("live", "test")}
    for folder in folders.values():
        for each in ("to-server", "from-server"):
            (folder / each).mkdir(parents=True)
    link, live = tmp_path / "link", f"folder:{folders['live']}"
    link.symlink_to(folders["live"])
    tables = {"server": {"endpoint": f"folder:{link}", "live": [live], "timeout_seconds": 1}}
    settings = GatewaySettings.model_validate(tables)
    with pytest.raises(ConfigurationError) as told:
        _opened(settings)
    assert told.value.fault.code == "RHS-003"
    link.unlink()
    link.symlink_to(folders["test"])
    client = _opened(settings)
    link.unlink()
    link.symlink_to(folders["live"])
    assert _send(client) == "RHS-003"
    assert list((folders["live"] / "to-server").iterdir()) == []


def test_a_registry_may_not_be_the_live_server_either(live, certificates):
    """What is live for one side is so for the other: they stand side by side."""
    files = {name: str(path) for name, path in _files(certificates).items()}
    settings = _settings(
        "https://127.0.0.1:1/exchange", live.endpoint, certificates, registry={"endpoint": live.endpoint, **files}
    )
    with pytest.raises(ConfigurationError) as told:
        open_server(settings, settings.registry, plugin, CLOCK)
    assert told.value.fault.code == "RHS-003"


def test_a_rehearsal_begins_with_no_live_endpoint_of_its_site(live, certificates, tmp_path):
    """The site is live: its own endpoint, spelt otherwise, as the partner's is refused before anything is made."""
    config = tmp_path / "config"
    config.mkdir()
    (config / "gateway.toml").write_text(CONFIG.format(folder=tmp_path, endpoint=live.endpoint), encoding="utf-8")
    for name in ("profiles", "systems", "tables"):
        (config / name).symlink_to(shared("config") / name)
    (tmp_path / "script.toml").write_text(SCRIPT, encoding="utf-8")
    partner = tmp_path / "partner.toml"
    endpoint = f"https://LOCALHOST.:{live.port}/exchange"
    partner.write_text(f'name = "p"\n[server]\nendpoint = "{endpoint}"\n', encoding="utf-8")
    folder = tmp_path / "rehearsal"
    done = asked(
        "rehearse", tmp_path / "script.toml", "--config", config, "--with-partner", partner, "--folder", folder,
    )  # fmt: skip
    assert done.exit_code == 1
    assert "RHS-003" in done.output
    assert not folder.exists()


def test_evidence_in_plain_text_is_written_of_tests_alone(live, certificates, tmp_path):
    """A gateway that is not marked as one of tests does not begin with a folder for evidence."""
    settings = _settings(
        live.endpoint, live.endpoint, certificates,
        gateway={"test": False}, rehearsal={"evidence": str(tmp_path / "evidence")},
    )  # fmt: skip
    with pytest.raises(ConfigurationError) as told:
        _opened(settings)
    assert told.value.fault.code == "RHS-004"
