"""Nothing of pika passes the adapter's edge."""

import importlib
import inspect
import pkgutil
import socket
import ssl

import pika
import pytest
from pika import exceptions as px
from pika.adapters.utils import connection_workflow as cw

from kakehashi.errors import BrokerBlocked, BrokerError, BrokerMisconfigured, BrokerUnavailable
from kakehashi_adapters.amqp.address import parse_address
from kakehashi_adapters.amqp.names import DELIVERY_LIMIT, queues
from kakehashi_adapters.amqp.translation import MAPPED, again, translate

FOREIGN_LOOPS = ("asyncio_connection", "gevent_connection", "tornado_connection", "twisted_connection")


def pika_exceptions():
    """Every exception class that a module of pika defines, nested ones too."""
    found = set()
    for module in pkgutil.walk_packages(pika.__path__, "pika."):
        if module.name.rpartition(".")[2] in FOREIGN_LOOPS:
            continue
        queue = list(vars(importlib.import_module(module.name)).values())
        while queue:
            value = queue.pop()
            if not inspect.isclass(value) or not value.__module__.startswith("pika"):
                continue
            if issubclass(value, BaseException):
                found.add(value)
            queue += [inner for name, inner in vars(value).items() if inspect.isclass(inner) and name != "__class__"]
    return found


def test_every_exception_of_pika_is_mapped():
    """When pika adds an exception class, this fails until somebody decides what it means."""
    found = pika_exceptions()
    assert len(found) > 45
    assert found == set(MAPPED)


@pytest.mark.parametrize("kind", sorted(MAPPED, key=lambda kind: kind.__qualname__))
def test_no_text_passes(kind):
    """The translated error holds a code and no word of the original."""
    error = kind.__new__(kind)
    Exception.__init__(error, "SECRET")
    if issubclass(kind, (px.ConnectionClosed, px.ChannelClosed)):
        error = kind(320, "SECRET")
    elif issubclass(kind, cw.AMQPConnectorPhaseErrorBase):
        error = kind(OSError("SECRET"))
    elif issubclass(kind, cw.AMQPConnectionWorkflowFailed):
        error = kind([OSError("SECRET")])
    translated = translate(error)
    assert isinstance(translated, BrokerError)
    assert "SECRET" not in str(translated) + repr(translated)


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (ValueError("SECRET"), BrokerUnavailable, "BRK-002"),
        (RuntimeError("SECRET"), BrokerUnavailable, "BRK-002"),
        (socket.gaierror(-2, "SECRET"), BrokerUnavailable, "BRK-002"),
        (ssl.SSLError("SECRET"), BrokerUnavailable, "BRK-002"),
        (TypeError("SECRET"), BrokerError, "BRK-001"),
        (px.ChannelClosedByBroker(406, "SECRET"), BrokerMisconfigured, "BRK-004"),
        (px.ChannelClosedByBroker(404, "SECRET"), BrokerMisconfigured, "BRK-005"),
        (px.ConnectionClosedByBroker(403, "SECRET"), BrokerMisconfigured, "BRK-004"),
        (px.ConnectionClosedByBroker(320, "SECRET"), BrokerUnavailable, "BRK-002"),
        (px.ConnectionClosedByBroker(541, "SECRET"), BrokerUnavailable, "BRK-002"),
        (px.ConnectionBlockedTimeout("SECRET"), BrokerBlocked, "BRK-003"),
        (px.ProbableAuthenticationError("SECRET"), BrokerUnavailable, "BRK-002"),
        (px.ProbableAuthenticationError("ConnectionClosedByBroker: (403) 'SECRET'"), BrokerMisconfigured, "BRK-004"),
        (px.ProbableAccessDeniedError("ConnectionClosedByBroker: (530) 'SECRET'"), BrokerMisconfigured, "BRK-004"),
        (px.ProbableAccessDeniedError("ConnectionClosedByBroker: (320) 'SECRET'"), BrokerUnavailable, "BRK-002"),
        (
            cw.AMQPConnectionWorkflowFailed([cw.AMQPConnectorAMQPHandshakeError(px.AuthenticationError("SECRET"))]),
            BrokerMisconfigured,
            "BRK-004",
        ),
    ],
)
def test_the_meaning_is_kept(error, kind, code):
    """Lost, blocked, refused and misused are told apart; the bare errors of a lost connection are BRK-002."""
    translated = translate(error, queue="q")
    assert (type(translated), translated.fault.code) == (kind, code)
    assert "SECRET" not in str(translated)
    assert again(translated) is not translated
    assert str(again(translated)) == str(translated)


def test_the_address_has_every_safe_default():
    """Heartbeat and the blocked-connection limit are set without being asked for; TLS verifies the server."""
    address = parse_address("amqps://user:p%40ss@broker.example/vh%2Fost")
    (parameters,) = address.nodes.in_turn()
    assert (parameters.port, parameters.virtual_host, parameters.credentials.password) == (5671, "vh/ost", "p@ss")
    assert parameters.heartbeat == 20
    assert parameters.blocked_connection_timeout == 6 * 3600
    assert address.blocked_after <= 30
    assert address.prefix == "kakehashi"
    assert parameters.ssl_options.context.verify_mode == ssl.CERT_REQUIRED
    assert parameters.ssl_options.context.check_hostname
    assert parse_address("amqp://h").nodes.in_turn()[0].port == 5672


def test_the_nodes_of_a_cluster_are_tried_in_turn():
    """Hosts joined by commas share everything else; who lost a node begins with the one after it, once for all."""
    nodes = parse_address("amqp://user:pass@one,two:5673,[::1]:5674/site?heartbeat=7").nodes
    one, two, three = nodes.in_turn()
    assert [(node.host, node.port) for node in (one, two, three)] == [("one", 5672), ("two", 5673), ("::1", 5674)]
    assert {(node.virtual_host, node.heartbeat) for node in (one, two, three)} == {("site", 7)}
    nodes.leave(one)
    nodes.leave(one)
    nodes.leave(three)
    assert nodes.in_turn() == [two, three, one]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "local:x",
        "http://user:SECRET@h",
        "amqp://",
        "amqp://user:SECRET@h:port",
        "amqp://user:SECRET@h,,i",
        "amqp://user:SECRET@h:99999999",
        "amqp://user:SECRET@h?heartbeat=often",
        "amqp://user:SECRET@h?unknown=1",
        "amqp://user:SECRET@h?x",
        "amqps://user:SECRET@h?cacertfile=/absent",
    ],
)
def test_a_bad_address_is_refused_in_silence(url):
    """A URL that cannot be used is BRK-004 and is not repeated: it holds a password."""
    with pytest.raises(BrokerMisconfigured) as caught:
        parse_address(url)
    assert "SECRET" not in str(caught.value)


def test_every_queue_is_a_quorum_queue_that_loses_nothing():
    """Limits and dead-lettering are explicit: at least once, with reject-publish, and no limit without a target."""
    lane = list(queues("kakehashi", "tax"))
    assert [queue.name for queue in lane] == [
        "kakehashi.tax.dead",
        "kakehashi.tax.work",
        "kakehashi.tax.new",
        *(f"kakehashi.tax.delay.{seconds}" for seconds in (1, 5, 30, 120, 600, 3600)),
    ]
    assert {queue.arguments["x-queue-type"] for queue in lane} == {"quorum"}
    for queue in lane[1:]:
        assert queue.arguments["x-dead-letter-strategy"] == "at-least-once"
        assert queue.arguments["x-overflow"] == "reject-publish"
    for queue in lane[1:3]:
        assert queue.arguments["x-dead-letter-routing-key"] == "kakehashi.tax.dead"
        assert queue.arguments["x-delivery-limit"] == DELIVERY_LIMIT
    assert {queue.arguments["x-dead-letter-routing-key"] for queue in lane[3:]} == {"kakehashi.tax.work"}
    assert [queue.arguments["x-message-ttl"] for queue in lane[3:]] == [1000, 5000, 30000, 120000, 600000, 3600000]
