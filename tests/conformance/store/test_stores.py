"""One ledger contract for memory, SQLite and PostgreSQL."""

import shutil

import pytest

from kakehashi.testing.memory_store import MemoryStore
from kakehashi.testing.store_conformance import StoreConformance
from kakehashi_adapters.sql_store import migrate, open_store


class TestMemoryStore(StoreConformance):
    @pytest.fixture
    def store(self):
        return MemoryStore()


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A SQLite ledger that was migrated once; copied it is a new one."""
    path = tmp_path_factory.mktemp("template") / "ledger.db"
    migrate(f"sqlite:///{path}")
    return path


class TestSqliteStore(StoreConformance):
    @pytest.fixture
    def store(self, tmp_path, template):
        path = shutil.copy(template, tmp_path / "ledger.db")
        opened = open_store(f"sqlite:///{path}")
        yield opened
        opened.close()


@pytest.mark.xdist_group("postgresql")
class TestPostgresqlStore(StoreConformance):
    @pytest.fixture
    def store(self, postgresql_store_url):
        opened = open_store(postgresql_store_url)
        yield opened
        opened.close()
