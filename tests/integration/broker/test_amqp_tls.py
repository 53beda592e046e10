"""amqps: the broker is verified, and so are we."""

from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from kakehashi.errors import BrokerMisconfigured, BrokerUnavailable
from kakehashi.ports.broker import Message
from kakehashi_adapters.amqp import open_broker
from kakehashi_adapters.certificates import make_certificates
from kakehashi_adapters.private_rabbitmq import PrivateRabbit, free_ports


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("tls"), now=datetime.now(UTC), names=("127.0.0.1",))


@pytest.fixture(scope="module")
def secured(certificates):
    """The URL of a broker that takes TLS with a client certificate, without the options for it."""
    (port,) = free_ports(1)
    settings = (
        f"listeners.ssl.default = 127.0.0.1:{port}\n"
        f"ssl_options.cacertfile = {certificates.ca}\n"
        f"ssl_options.certfile = {certificates.server_certificate}\n"
        f"ssl_options.keyfile = {certificates.server_key}\n"
        "ssl_options.verify = verify_peer\nssl_options.fail_if_no_peer_cert = true\n"
    )
    with PrivateRabbit(settings=settings) as rabbit:
        yield f"amqps://kakehashi:{rabbit.password}@127.0.0.1:{port}/%2f"


def options(ca, *, certificate=None, key=None):
    found = f"?cacertfile={quote(str(ca), safe='')}"
    if certificate:
        found += f"&certfile={quote(str(certificate), safe='')}&keyfile={quote(str(key), safe='')}"
    return found


def publish(url):
    broker = open_broker(url)
    try:
        broker.declare(["tax"])
        broker.publish([Message(id="m", lane="tax", body=bytes(100_000))])
        return broker.depth("tax")
    finally:
        broker.close()


def test_messages_go_over_tls(secured, certificates):
    """With the CA and a client certificate in the URL, everything works as over plain TCP."""
    theirs = options(certificates.ca, certificate=certificates.client_certificate, key=certificates.client_key)
    assert publish(secured + theirs) == 1


def test_a_foreign_broker_is_not_trusted(secured, certificates, tmp_path):
    """A server certificate of another CA, or for another name, ends the connection before the password is sent (BRK-004)."""
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
