"""The admin page over real HTTP: what a browser gets, and who may change something."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest
from tests.unit.simulators.messages import XSD, found, people

from kakehashi.errors import ServerRefused
from kakehashi_simulators.process import start_intermediate_server, start_registry

SCENARIO = """
title = "night"
[server]
records_cap = 5
requests_per_second = 3
[[step]]
title = "rain"
after_seconds = 0
rules = [{ code = "4003", persons = "*1" }]
[[step]]
side = "registry"
title = "lost"
after_seconds = 0
registry = { outcome = "lost" }
"""


@pytest.fixture(scope="module")
def pair(tmp_path_factory, certificates):
    """A server and a registry that play the scenario."""
    folder = tmp_path_factory.mktemp("scenario")
    (folder / "night.toml").write_text(SCENARIO, encoding="utf-8")
    options = {"xsd": XSD, "scenario": folder / "night.toml", "certificates": certificates.ca.parent}
    with (
        start_intermediate_server(folder / "server", evidence=folder / "seen", **options) as server,
        start_registry(folder / "registry", intermediate_admin=server.admin, **options) as registry,
    ):
        yield server, registry, folder / "seen"


def fetched(url, body=None, **headers):
    """Status, headers and text, errors as well."""
    request = urllib.request.Request(url, data=body, headers=headers)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read().decode()


def test_the_page_needs_nothing_from_outside(pair):
    """One document, whose policy lets it ask its own port alone; both simulators have one."""
    for simulator in pair[:2]:
        status, headers, page = fetched(f"{simulator.admin}/")
        assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "http" not in page.replace("http_status", "")


def test_everything_that_the_page_asks_for_is_there(pair):
    """The tables of the page, by the same addresses that its script uses."""
    server, registry, _ = pair
    for name in ("account", "faults", "play", "rules", "locks", "provisions", "requests", "effects"):
        assert fetched(f"{server.admin}/{name}")[0] == 200, name
    for name in ("account", "faults", "play", "scenario"):
        assert fetched(f"{registry.admin}/{name}")[0] == 200, name


def test_only_a_post_of_its_own_page_changes_anything(pair):
    """A GET to the address of a change is unknown; a POST that another site's page sends is refused, whatever name it
    gives this machine.
    """
    server = pair[0]
    change = json.dumps({"closed": True}).encode()
    assert fetched(f"{server.admin}/reset")[0] == 404
    assert fetched(f"{server.admin}/faults", change, Origin="https://elsewhere.example")[0] == 403
    assert fetched(f"{server.admin}/faults", change, Host="elsewhere.example")[0] == 403
    assert server.ask("/faults")["closed"] is False
    assert fetched(f"{server.admin}/faults", change, Origin=server.admin)[0] == 200
    assert server.ask("/faults")["closed"] is True
    server.set_faults(closed=False)


def test_both_play_their_part_of_the_scenario(pair):
    """The steps of each side, and no other's."""
    server, registry, _ = pair
    assert [(step["title"], bool(step["done"])) for step in server.ask("/play")["steps"]] == [("rain", True)]
    assert server.ask("/rules")[0]["persons"] == "*1"
    assert registry.ask("/scenario")["outcome"] == "lost"


def test_too_many_requests_in_a_second_get_http_429(pair, connect):
    """And what was taken is written down with its answer, message for message."""
    server, _, seen = pair
    client = connect(server.endpoint, seconds=5)
    statuses = []
    for each in range(6):
        try:
            statuses.append(found(client.exchange("DBM-201", str(each), people(each, 6)), "Code"))
        except ServerRefused as error:
            statuses.append(error.status)
    assert statuses[:3] == ["6001"] * 3
    assert 429 in statuses
    rows = [json.loads(line) for line in (seen / "index.jsonl").read_text().splitlines()]
    assert len(rows) == statuses.count("6001")
    assert (seen / rows[0]["request"]).read_bytes() == people(0, 6)
