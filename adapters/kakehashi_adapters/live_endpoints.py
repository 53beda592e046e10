"""「本番接続先」 Whether an address is one to which no test may go, however it is spelt."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

__all__ = ["LiveEndpoints"]

_PORTS: Final = {"https": 443, "sftp": 22}
_LOOPBACK: Final = "loopback"
"""Every address of this machine's loopback, 0.0.0.0 included: they reach the same server."""


class _Spot(NamedTuple):
    """A host by name, lower case and without its last dot, and a port."""

    host: str
    port: int


class LiveEndpoints:
    """`https:` and `sftp:` endpoints are the same where host and port are, by name or by any address that a name stands
    for; the path and the user count for nothing. `folder:` ones where they are the same folder, or one in the other,
    by whatever path. An address that a live name once stood for stays refused. Thread-safe.
    """

    def __init__(self, endpoints: Iterable[str]) -> None:
        spots, self._folders = set[_Spot](), list[Path]()
        for endpoint in endpoints:
            spot = _spot(endpoint)
            if spot is not None:
                spots.add(spot)
            elif endpoint.startswith("folder:"):
                self._folders.append(Path(endpoint[7:]))
        self._spots = frozenset(spots)
        self._known: dict[_Spot, frozenset[str]] = {}

    def holds(self, endpoint: str) -> bool:
        """Whether the endpoint is a live one."""
        spot = _spot(endpoint)
        if spot is None:
            return endpoint.startswith("folder:") and self.holds_folder(Path(endpoint[7:]))
        if not self._spots:
            return False  # nobody is asked for addresses
        return spot in self._spots or any(self.holds_peer(address, spot.port) for address in _addresses(spot))

    def holds_peer(self, address: str, port: int) -> bool:
        """Whether a connection to this numeric address and port has reached a live endpoint."""
        there = _plain(address)
        return any(spot.port == port and there in self._resolved(spot) for spot in self._spots)

    def holds_folder(self, folder: Path) -> bool:
        """Whether the folder, or what it is a link to, is a live one, holds one or lies in one."""
        here = Path(os.path.realpath(folder))
        for live in self._folders:
            there = Path(os.path.realpath(live))
            if here == there or here in there.parents or there in here.parents or _same(here, there):
                return True
            if any(_same(here / name, there / name) for name in ("to-server", "from-server")):
                return True
        return False

    def _resolved(self, spot: _Spot) -> frozenset[str]:
        found = self._known.get(spot, frozenset()) | _addresses(spot)
        self._known[spot] = found
        return found


def _spot(endpoint: str) -> _Spot | None:
    try:
        parts = urlsplit(endpoint)
        scheme, host, port = parts.scheme.lower(), parts.hostname, parts.port
    except ValueError:
        return None
    if scheme not in _PORTS or not host:
        return None
    with suppress(UnicodeError):
        host = host.encode("idna").decode()
    return _Spot(host.lower().rstrip("."), port or _PORTS[scheme])


def _addresses(spot: _Spot) -> frozenset[str]:
    """What the host stands for now; nothing where nobody knows it."""
    try:
        found = socket.getaddrinfo(spot.host, spot.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return frozenset()
    return frozenset(_plain(str(each[4][0])) for each in found)


def _plain(address: str) -> str:
    """One form for each address."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return _LOOPBACK if found.is_loopback or found.is_unspecified else str(found)


def _same(one: Path, other: Path) -> bool:
    """By the file system's own number: a bind mount or a second mount of a share has another path."""
    try:
        return one.samefile(other)
    except OSError:
        return False
