"""A rehearsal works on a copy of a site's configuration, whatever that names."""

import shutil

import pytest

from kakehashi.runtime.places import shared
from kakehashi_simulators.demo.site import Site
from kakehashi_simulators.rehearsal.own_site import copied, live_of, simulated

GATEWAY = """
[gateway]
agency = "9999000000000010"
test = false
[broker]
url = "amqps://user:password@broker.invalid/city"
prefetch = 3
[store]
url = "postgresql+psycopg://city@db.invalid/kakehashi"
[server]
endpoint = "https://live.invalid/exchange"
connections = 7
[registry]
endpoint = "https://registry.invalid/exchange"
[answering]
listen = "https://0.0.0.0:9443/ask"
[folders]
exchange = "{live}"
"""


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory):
    """A live site with absolute folders and one that leads upwards; its rehearsal."""
    folder = tmp_path_factory.mktemp("own")
    config, live = folder / "config", folder / "live"
    shutil.copytree(shared("config"), config)
    live.mkdir()
    (config / "gateway.toml").write_text(GATEWAY.format(live=live), encoding="utf-8")
    for lane, place in (("tax-levy", str(live / "tax")), ("welfare-assistance", "../live/welfare")):
        path = config / "routes" / lane / "route.toml"
        text = path.read_text(encoding="utf-8")
        old = next(line for line in text.splitlines() if line.startswith("folder = "))
        path.write_text(text.replace(old, f'folder = "{place}"', 1), encoding="utf-8")
    site = Site(folder=folder / "site", certificates=folder / "tls")
    partner = simulated("https://127.0.0.1:1/exchange", "https://127.0.0.1:2/exchange", site.certificates)
    options = {"live": ["https://live.invalid/exchange"], "evidence": site.folder / "evidence", "fetch": False}
    return copied(config, site, partner, **options), site, live


def test_every_folder_is_the_rehearsals_own(rehearsed):
    """Absolute folders of routes and those that lead upwards as well; the site's own are not even made."""
    configuration, site, live = rehearsed
    for route in configuration.routes.values():
        for of in (configuration.source_folder, configuration.return_folder, configuration.error_folder):
            assert of(route) is None or of(route).resolve().is_relative_to(site.folder)
    assert list(live.iterdir()) == []


def test_store_broker_keys_and_addresses_are_its_own(rehearsed):
    """What is said beside the addresses stays the site's; nothing listens at the site's addresses."""
    gateway, site, _ = rehearsed[0].gateway, *rehearsed[1:]
    for place in (gateway.broker.url, gateway.store.url, gateway.keys.file, gateway.folders.spool):
        assert str(site.folder) in place
    assert (gateway.broker.prefetch, gateway.server.connections, gateway.gateway.agency) == (3, 7, "9999000000000010")
    assert (gateway.server.endpoint, gateway.registry.endpoint) == (
        "https://127.0.0.1:1/exchange",
        "https://127.0.0.1:2/exchange",
    )
    assert (gateway.answering.listen, gateway.relay.listen) == ("", "")
    assert "password" not in (site.config / "gateway.toml").read_text(encoding="utf-8")


def test_all_its_messages_are_tests_and_keep_away_from_the_live_site(rehearsed):
    """Whatever the site's gateway.toml says of itself."""
    gateway = rehearsed[0].gateway
    assert gateway.gateway.test is True
    assert gateway.server.live == ("https://live.invalid/exchange",)


def test_the_endpoints_of_a_live_site_are_live_and_those_of_a_test_site_are_not(rehearsed):
    """Those that are named as live are so in either case."""
    gateway = rehearsed[0].gateway
    assert live_of(gateway) == ["https://live.invalid/exchange"]
    live = gateway.model_copy(update={"gateway": gateway.gateway.model_copy(update={"test": False})})
    assert live_of(live) == [
        "https://live.invalid/exchange",
        "https://127.0.0.1:1/exchange",
        "https://127.0.0.1:2/exchange",
    ]
