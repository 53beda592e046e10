"""Whether an endpoint is a live one, however it is spelt."""

import pytest

from kakehashi_adapters.live_endpoints import LiveEndpoints

LIVE = LiveEndpoints(
    ["https://localhost/exchange", "sftp://gateway@127.0.0.1/in", "https://live.invalid:8443/exchange"]
)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://localhost/exchange",
        "HTTPS://LOCALHOST/exchange",
        "https://localhost./other/path",
        "https://localhost:443/exchange?x=1",
        "https://user@localhost/exchange",
        "https://127.0.0.1/exchange",
        "https://127.1/exchange",
        "https://2130706433/exchange",
        "https://0x7f.0.0.1/exchange",
        "https://0.0.0.0/exchange",
        "https://[::1]/exchange",
        "https://[::ffff:127.0.0.1]:443/exchange",
        "sftp://other@localhost:22/elsewhere",
        "https://LIVE.INVALID.:8443/",
    ],
)
def test_a_live_endpoint_is_known_by_any_spelling(endpoint):
    """Case, trailing dot, default port, user, path, and every way to write the address that the name stands for."""
    assert LIVE.holds(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://localhost:8443/exchange",
        "https://127.0.0.1:444/",
        "https://other.invalid:8443/",
        "folder:/tmp",
        "x",
        "",
    ],
)
def test_other_hosts_and_ports_are_no_live_endpoints(endpoint):
    """A test environment on another port of the same machine is one."""
    assert not LIVE.holds(endpoint)


def test_a_live_folder_is_known_by_any_path(tmp_path):
    """By a link, by a way around, from inside, from above, and by a link to its two folders."""
    live = tmp_path / "lgwan" / "live"
    (live / "to-server").mkdir(parents=True)
    (tmp_path / "link").symlink_to(live)
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "to-server").symlink_to(live / "to-server")
    (tmp_path / "test").mkdir()
    kept = LiveEndpoints([f"folder:{live}"])
    same = [live, tmp_path / "link", live / ".." / "live", live / "to-server", live.parent, tmp_path / "half"]
    assert [kept.holds(f"folder:{path}") for path in same] == [True] * len(same)
    assert not kept.holds(f"folder:{tmp_path / 'test'}")


def test_an_address_that_a_live_name_once_had_stays_refused(monkeypatch):
    """A name that is given another address between the look and the connection hides nothing."""
    kept, addresses = LiveEndpoints(["https://live.invalid/"]), ["192.0.2.1"]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [(0, 0, 0, "", (addresses[0], 443))])
    assert kept.holds_peer("192.0.2.1", 443)
    addresses[0] = "192.0.2.2"
    assert kept.holds_peer("192.0.2.2", 443)
    assert kept.holds_peer("192.0.2.1", 443)
    assert not kept.holds_peer("192.0.2.3", 443)
