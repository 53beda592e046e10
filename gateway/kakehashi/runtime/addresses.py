"""Addresses of gateway.toml: whether an adapter understands them."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoints, entry_points
from urllib.parse import urlsplit

from kakehashi.config.model import Configuration
from kakehashi.config.settings import GatewaySettings
from kakehashi.errors import Fault, Place

__all__ = ["address_faults", "known_adapters", "scheme"]

_HOSTED = frozenset({"amqp", "amqps", "https"})


@cache
def known_adapters(kind: str) -> EntryPoints:
    """The entry points `kakehashi.<kind>`: a look at everything that is installed, taken once."""
    return entry_points(group=f"kakehashi.{kind}")


def scheme(address: str) -> str:
    return address.partition(":")[0].partition("+")[0]


def address_faults(configuration: Configuration) -> list[Fault]:
    """Every address of gateway.toml that no adapter understands (CFG-006), that names no host and port (CFG-003), or
    that is a live one where all messages are tests (RHS-003).

    Opens nothing, and repeats no address: it may hold a password.
    """
    settings = configuration.gateway
    addresses = {
        "broker.url": ("brokers", settings.broker.url),
        "store.url": ("stores", settings.store.url),
        "server.endpoint": ("servers", settings.server.endpoint),
    }
    if settings.registry.endpoint:
        addresses["registry.endpoint"] = ("servers", settings.registry.endpoint)
    for name, listen in (("answering", settings.answering.listen), ("relay", settings.relay.listen)):
        if listen:
            addresses[f"{name}.listen"] = ("listeners", listen)
    faults = []
    for item, (kind, address) in addresses.items():
        known = known_adapters(kind).names
        if scheme(address) not in known:
            facts = {"known": " ".join(sorted(known))}
            faults.append(Fault("CFG-006", Place(file="gateway.toml", item=item), facts))
        elif scheme(address) in _HOSTED and not _names_host(address):
            facts = {"expected": f"{scheme(address)}://host:port/…"}
            faults.append(Fault("CFG-003", Place(file="gateway.toml", item=item), facts))
    return faults + _live_faults(settings)


def _live_faults(settings: GatewaySettings) -> list[Fault]:
    """RHS-003 for each endpoint of a gateway of tests that is a live one."""
    sides = {"server": settings.server, "registry": settings.registry}
    live = [endpoint for side in sides.values() for endpoint in side.live]
    if not settings.gateway.test or not live:
        return []
    kept_away = known_adapters("tools")["live-endpoints"].load()(live)
    return [
        Fault("RHS-003", Place(file="gateway.toml", item=f"{name}.endpoint"))
        for name, side in sides.items()
        if kept_away.holds(side.endpoint)
    ]


def _names_host(address: str) -> bool:
    """Each of them, where a cluster's nodes are joined by commas."""
    try:
        nodes = [urlsplit(f"//{host}") for host in urlsplit(address).netloc.rpartition("@")[2].split(",")]
        return all(node.hostname and node.port != 0 for node in nodes)
    except ValueError:
        return False
