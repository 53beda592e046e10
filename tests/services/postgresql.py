"""A real PostgreSQL for tests: named by the environment, from Docker, or a private one from the system's programs."""

import contextlib
import os
import secrets
from dataclasses import dataclass

import psycopg
import pytest
from sqlalchemy import make_url

from kakehashi_adapters.private_postgresql import PrivatePostgresql, installed_postgresql

VARIABLE = "KAKEHASHI_TEST_POSTGRESQL"
IMAGE = "postgres:16-alpine"
CURE = f"no PostgreSQL: apt-get install postgresql, start Docker, or set {VARIABLE}=postgresql://user:password@host/db"


@dataclass
class PostgresqlServer:
    """A server on which we may create databases."""

    url: str
    template: str = ""

    def execute(self, statement):
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)

    @contextlib.contextmanager
    def database(self, *, template="template0"):
        """A database of its own, gone afterwards; yields its URL."""
        name = f"kakehashi_test_{secrets.token_hex(6)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield make_url(self.url).set(database=name).render_as_string(hide_password=False)
        finally:
            self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def report_header():
    """Where PostgreSQL comes from and its version, without starting anything."""
    if os.environ.get(VARIABLE):
        with contextlib.suppress(psycopg.Error), psycopg.connect(os.environ[VARIABLE], connect_timeout=5) as connection:
            return f"postgresql: {connection.info.parameter_status('server_version')}, named by {VARIABLE}"
        return f"postgresql: named by {VARIABLE}, does not answer"
    if _docker_answers():
        return f"postgresql: Docker image {IMAGE}"
    folder = installed_postgresql()
    version = os.popen(f"'{folder}/postgres' --version").read().strip() if folder else CURE
    return f"postgresql: {version}{', private' if folder else ''}"


def _docker_answers():
    try:
        import docker

        return docker.from_env(timeout=5).ping()
    except Exception:  # noqa: BLE001  # whatever is wrong with it, there are other ways
        return False


@contextlib.contextmanager
def _server():
    if os.environ.get(VARIABLE):
        yield os.environ[VARIABLE].replace("postgresql+psycopg://", "postgresql://")
    elif _docker_answers():
        from testcontainers.postgres import PostgresContainer

        with PostgresContainer(IMAGE, driver=None) as container:
            yield container.get_connection_url()
    elif installed_postgresql():
        with PrivatePostgresql(durable=False) as private:
            yield private.url
    else:
        pytest.fail(CURE, pytrace=False)


@pytest.fixture(scope="session")
def postgresql_server():
    with _server() as url:
        yield PostgresqlServer(url)


@pytest.fixture
def postgresql_url(postgresql_server):
    """The URL of an empty database of this test's own."""
    with postgresql_server.database() as url:
        yield url


@pytest.fixture(scope="session")
def _migrated_template(postgresql_server):
    from kakehashi_adapters.sql_store import migrate

    with postgresql_server.database() as url:
        migrate(url)
        yield make_url(url).database


@pytest.fixture
def postgresql_store_url(postgresql_server, _migrated_template):
    """As `postgresql_url`, with the store's schema in it: a copy of a database that was migrated once."""
    with postgresql_server.database(template=_migrated_template) as url:
        yield url
