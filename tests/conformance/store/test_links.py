"""One link contract for memory, SQLite and PostgreSQL."""

import pytest

from kakehashi.testing.link_conformance import LinkConformance
from kakehashi.testing.memory_links import MemoryLinkStore
from kakehashi_adapters.sql_store import migrate, open_links


class TestMemoryLinks(LinkConformance):
    @pytest.fixture
    def links(self):
        return MemoryLinkStore()


class TestSqliteLinks(LinkConformance):
    @pytest.fixture
    def links(self, tmp_path):
        url = f"sqlite:///{tmp_path}/links.db"
        migrate(url)
        opened = open_links(url)
        yield opened
        opened.close()


@pytest.mark.xdist_group("postgresql")
class TestPostgresqlLinks(LinkConformance):
    @pytest.fixture
    def links(self, postgresql_store_url):
        opened = open_links(postgresql_store_url)
        yield opened
        opened.close()
