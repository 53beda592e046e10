"""amqps: the broker is verified, and so are we."""

from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from kakehashi.errors import BrokerMisconfigured, BrokerUnavailable
from kakehashi.ports.broker import Message
from kakehashi_adapters.amqp import open_broker
from kakehashi_adapters.certificates import make_certificates


@pytest.fixture
def certificates(own_certificates):
    return own_certificates


@pytest.fixture
def secured(own_rabbitmq, own_tls_port):
    """The URL of a broker that takes TLS with a client certificate, without the options for it."""
    return f"amqps://kakehashi:{own_rabbitmq.password}@127.0.0.1:{own_tls_port}/%2f"


def options(ca, *, certificate=None, key=None):
    found = f"?cacertfile={quote(str(ca), safe='')}"
    if certificate:
        found += f"&certfile={quote(str(certificate), safe='')}&keyfile={quote(str(key), safe='')}"
    return found


def publish(url):
    broker = open_broker(url)
    try:
        broker.declare(["tls"])
        broker.publish([Message(id="m", lane="tls", body=bytes(100_000))])
        return broker.depth("tls")
    finally:
        broker.close()


def test_messages_go_over_tls(secured, certificates):
    """With the CA and a client certificate in the URL, everything works as over plain TCP."""
    theirs = options(certificates.ca, certificate=certificates.client_certificate, key=certificates.client_key)
    assert publish(secured + theirs) == 1


def test_a_foreign_broker_is_not_trusted(secured, certificates, tmp_path):
    """A server certificate of another CA, or for another name, is BRK-004, before the password is sent."""
    foreign = make_certificates(tmp_path, now=datetime.now(UTC))
    ours = {"certificate": certificates.client_certificate, "key": certificates.client_key}
    with pytest.raises(BrokerMisconfigured):
        publish(secured + options(foreign.ca, **ours))
    with pytest.raises(BrokerMisconfigured):
        publish(secured.replace("127.0.0.1", "localhost") + options(certificates.ca, **ours))


def test_without_a_client_certificate_there_is_no_entry(secured, certificates):
    """A broker that asks for a client certificate refuses who has none; that is BrokerUnavailable, not a hang."""
    with pytest.raises(BrokerUnavailable):
        publish(secured + options(certificates.ca))
