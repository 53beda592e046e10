"""The migrations make the schema that the program works with."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from kakehashi_adapters.sql_store import migrate, open_store
from kakehashi_adapters.sql_store.counting import _QUERY
from kakehashi_adapters.sql_store.migrations.run import _config
from kakehashi_adapters.sql_store.outbox import _LOST, _NEW
from kakehashi_adapters.sql_store.tables import HEAD, metadata


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql"))])
def store(request, tmp_path):
    url = f"sqlite:///{tmp_path}/ledger.db" if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
    migrate(url)
    opened = open_store(url)
    yield opened
    opened.close()


def test_the_newest_migration_is_the_version_of_the_program():
    """One line of steps, the last of which is the version that opening asks for."""
    assert ScriptDirectory.from_config(_config()).get_heads() == [HEAD]


def test_migrations_and_tables_agree(store):
    """After all steps alembic finds no difference between the database and the tables of the program."""

    def differences(connection):
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return compare_metadata(context, metadata)

    assert store._database.read(differences) == []


@pytest.fixture
def plan(tmp_path):
    """The steps in which SQLite answers a statement on a ledger that it has no statistics about."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    migrate(url)
    store = open_store(url)

    def steps(statement):
        def explain(connection):
            sql = str(statement.compile(connection.engine, compile_kwargs={"literal_binds": True}))
            return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")]

        return store._database.read(explain)

    yield steps
    store.close()


def test_the_counts_of_a_big_ledger_read_indexes_only(plan):
    """No figure of the counts reads a table's rows, so a million batches cost a fraction of a second."""
    walks = [step for step in plan(_QUERY) if step.startswith(("SCAN", "SEARCH")) and step != "SCAN by_state"]
    assert len(walks) == 3
    assert all("COVERING INDEX" in step for step in walks)


def test_the_outbox_of_a_big_ledger_reads_only_what_it_gives(plan):
    """New and lost batches have an index each; settled ones are not looked at."""
    assert plan(_NEW.params(most=9)) == ["SCAN batches USING INDEX ix_batches_new"]
    assert plan(_LOST.params(most=9, now=0))[0] == "SEARCH batches USING INDEX ix_batches_due (due<?)"
