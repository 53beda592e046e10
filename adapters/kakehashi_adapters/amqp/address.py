"""The broker's URL, and the connection parameters that no deployment should have to think of."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

import pika

from kakehashi.errors import BrokerMisconfigured
from kakehashi_adapters.amqp.nodes import Nodes

__all__ = ["Address", "parse_address"]

_KNOWN = ("blocked_after", "cacertfile", "certfile", "heartbeat", "keyfile", "prefix")
_BACKSTOP_SECONDS = 6 * 3600
"""A new connection learns of an alarm by its first publish only: until then files would be taken in. Whether the broker
still lives the heartbeats tell.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """`blocked_after`: seconds of `connection.blocked` after which publishing raises BrokerBlocked."""

    nodes: Nodes
    prefix: str
    blocked_after: float


class _Parts(NamedTuple):
    scheme: str
    hosts: list[tuple[str, int]]
    user: str
    password: str
    vhost: str
    options: dict[str, str]


def parse_address(url: str) -> Address:
    """`amqp[s]://user:password@host[:port][,host[:port]…]/vhost[?heartbeat=20&blocked_after=20&prefix=kakehashi&…]`.

    Several hosts are the nodes of one cluster, tried in turn.
    cacertfile, certfile, keyfile: PEM files for amqps; the server's name is always verified. Raises
    BrokerMisconfigured; the URL, which holds a password, is never repeated.
    """
    try:
        parts = _split(url)
        heartbeat = int(parts.options.get("heartbeat", "20"))
        blocked_after = float(parts.options.get("blocked_after", "20"))
        nodes = Nodes([_parameters(parts, host, port, heartbeat) for host, port in parts.hosts])
    except (ValueError, TypeError):
        raise BrokerMisconfigured("BRK-004", setting="broker.url") from None
    except OSError as error:  # a certificate file; ssl.SSLError is one too
        raise BrokerMisconfigured("BRK-004", setting="broker.url", errno=error.errno or 0) from None
    return Address(nodes=nodes, prefix=parts.options.get("prefix", "kakehashi"), blocked_after=blocked_after)


def _parameters(parts: _Parts, host: str, port: int, heartbeat: int) -> pika.ConnectionParameters:
    return pika.ConnectionParameters(
        host=host,
        port=port,
        virtual_host=parts.vhost,
        credentials=pika.PlainCredentials(parts.user, parts.password, erase_on_connect=False),
        heartbeat=heartbeat,
        # Publisher raises BrokerBlocked long before; this one renews a connection that stays blocked.
        blocked_connection_timeout=_BACKSTOP_SECONDS,
        socket_timeout=5,
        stack_timeout=10,
        connection_attempts=1,
        client_properties={"connection_name": "kakehashi"},
        ssl_options=_tls(parts, host),
    )


def _split(url: str) -> _Parts:
    split = urlsplit(url)
    options = dict(parse_qsl(split.query, strict_parsing=bool(split.query)))
    if split.scheme not in ("amqp", "amqps") or set(options) - set(_KNOWN):
        raise ValueError
    default = 5671 if split.scheme == "amqps" else 5672
    return _Parts(
        scheme=split.scheme,
        hosts=[_host(host, default) for host in split.netloc.rpartition("@")[2].split(",")],
        user=unquote(split.username or "guest"),
        password=unquote(split.password or "guest"),
        vhost=unquote(split.path[1:]) or "/",
        options=options,
    )


def _host(text: str, default: int) -> tuple[str, int]:
    split = urlsplit(f"//{text}")
    if not split.hostname:
        raise ValueError
    return split.hostname, split.port or default


def _tls(parts: _Parts, host: str) -> pika.SSLOptions | None:
    if parts.scheme == "amqp":
        return None
    context = ssl.create_default_context(cafile=parts.options.get("cacertfile"))
    if "certfile" in parts.options:
        context.load_cert_chain(parts.options["certfile"], parts.options.get("keyfile"))
    return pika.SSLOptions(context, host)
