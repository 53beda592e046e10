"""A RabbitMQ for the tests: the one named in the environment, or one in Docker, or a private one; never none.

Fixtures: `rabbitmq` (session; shared, leave it as it is), `amqp_url` (a fresh queue prefix on it for one test),
`own_rabbitmq` (session; a private server that tests may kill, stop and alarm).
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pika
import pytest

from kakehashi.errors import BrokerError
from kakehashi_adapters.amqp.names import queues
from kakehashi_adapters.certificates import CertificateFiles, make_certificates
from kakehashi_adapters.private_rabbitmq import PrivateRabbit, free_ports, installed_rabbitmq

__all__ = ["Rabbit", "amqp_url", "own_certificates", "own_rabbitmq", "own_tls_port", "rabbitmq", "report_header"]

CURE = (
    "No RabbitMQ for the tests: install one (Debian: apt-get install rabbitmq-server), start Docker, "
    "or set KAKEHASHI_TEST_AMQP=amqp://user:password@host/vhost"
)
_IMAGE = "rabbitmq:4"
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Rabbit:
    url: str

    def queue_url(self) -> str:
        """A URL with a prefix that nobody used: queues of its own on a shared server."""
        prefix = f"test-{os.getpid()}-{next(_numbers)}"
        return f"{self.url}{'&' if urlsplit(self.url).query else '?'}prefix={prefix}"


def report_header() -> str:
    """For pytest_report_header: which broker the tests will use, without starting it."""
    if url := os.environ.get("KAKEHASHI_TEST_AMQP"):
        return f"broker: RabbitMQ {_version(url)} (KAKEHASHI_TEST_AMQP)"
    if _docker_answers():
        return f"broker: {_IMAGE} in Docker"
    if folder := installed_rabbitmq():
        versions = [path.name.rpartition("-")[2] for path in (folder.parent / "lib").glob("rabbitmq_server-*")]
        return f"broker: RabbitMQ {', '.join(versions) or '(unknown version)'}, private"
    return f"broker: none. {CURE}"


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[Rabbit]:
    if url := os.environ.get("KAKEHASHI_TEST_AMQP"):
        yield Rabbit(url)
    elif _docker_answers():
        yield from _in_docker()
    elif installed_rabbitmq():
        with PrivateRabbit() as private:
            yield Rabbit(private.url)
    else:
        pytest.fail(CURE, pytrace=False)


@pytest.fixture
def amqp_url(rabbitmq: Rabbit) -> Iterator[str]:
    url = rabbitmq.queue_url()
    yield url
    delete_queues(url, ["tax", "welfare", "urgent"])


@pytest.fixture(scope="session")
def own_certificates(tmp_path_factory: pytest.TempPathFactory) -> CertificateFiles:
    return make_certificates(tmp_path_factory.mktemp("amqps"), now=datetime.now(UTC), names=("127.0.0.1",))


@pytest.fixture(scope="session")
def own_tls_port() -> int:
    return free_ports(1)[0]


@pytest.fixture(scope="session")
def own_rabbitmq(own_certificates: CertificateFiles, own_tls_port: int) -> Iterator[PrivateRabbit]:
    """Always private, also when KAKEHASHI_TEST_AMQP names another: these tests break it. It takes TLS as well, from
    who has a client certificate.
    """
    if not installed_rabbitmq():
        pytest.fail(CURE, pytrace=False)
    settings = (
        f"listeners.ssl.default = 127.0.0.1:{own_tls_port}\n"
        f"ssl_options.cacertfile = {own_certificates.ca}\n"
        f"ssl_options.certfile = {own_certificates.server_certificate}\n"
        f"ssl_options.keyfile = {own_certificates.server_key}\n"
        "ssl_options.verify = verify_peer\nssl_options.fail_if_no_peer_cert = true\n"
    )
    with PrivateRabbit(settings=settings) as private:
        yield private


def connection(url: str) -> pika.BlockingConnection:
    """A plain connection beside the adapter, for looking and for mischief."""
    return pika.BlockingConnection(pika.URLParameters(url.partition("?")[0]))


def prefix_of(url: str) -> str:
    return url.partition("prefix=")[2] or "kakehashi"


def delete_queues(url: str, lanes: Sequence[str]) -> None:
    """Deleting a queue that does not exist is no error in RabbitMQ."""
    with connection(url) as client:
        channel = client.channel()
        for lane in lanes:
            for queue in queues(prefix_of(url), lane):
                channel.queue_delete(queue.name)


def _version(url: str) -> str:
    try:
        with connection(url) as client:
            properties = client._impl.server_properties or {}
            return str(properties.get("version", "of unknown version"))
    except (pika.exceptions.AMQPError, OSError, ValueError, BrokerError):
        return "that does not answer"


def _docker_answers() -> bool:
    """The docker command alone proves nothing: the engine must answer."""
    try:
        import docker

        return bool(docker.from_env(timeout=2).ping())
    except Exception:  # noqa: BLE001  # whatever is wrong, it does not answer
        return False


def _in_docker() -> Iterator[Rabbit]:
    from testcontainers.community.rabbitmq import RabbitMqContainer

    with RabbitMqContainer(_IMAGE) as container:
        parameters = container.get_connection_params()
        user, password = parameters.credentials.username, parameters.credentials.password
        yield Rabbit(f"amqp://{user}:{password}@{parameters.host}:{parameters.port}/%2f")
