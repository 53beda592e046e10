"""The migrations make the schema that the program works with."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event

from kakehashi.domain.redrive import OrderAction
from kakehashi.ports.redrive import NewOrder
from kakehashi.testing.store_samples import NOW
from kakehashi_adapters.sql_store import migrate, open_store
from kakehashi_adapters.sql_store.migrations.run import _config
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
    """The steps in which SQLite answers what a call asks, on a ledger that it has no statistics about."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    migrate(url)
    store = open_store(url)
    asked = []

    def steps(call):
        event.listen(store._database._engine, "before_cursor_execute", lambda *e: asked.append((e[2], e[3])))
        call(store)

        def explain(connection):
            answers = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", given) for sql, given in list(asked)]
            return [row[3] for answer in answers for row in answer]

        found = store._database.read(explain)
        return [step for step in found if step.startswith(("SCAN", "SEARCH", "USE TEMP B-TREE FOR ORDER"))]

    yield steps
    store.close()


def test_the_counts_of_a_big_ledger_read_indexes_only(plan):
    """No figure of the counts reads a table's rows, so a million batches cost a fraction of a second."""
    walks = [step for step in plan(lambda store: store.counts()) if step != "SCAN by_state"]
    assert len(walks) == 3
    assert all("COVERING INDEX" in step for step in walks)


def test_the_outbox_of_a_big_ledger_reads_only_what_it_gives(plan):
    """Urgent, new and lost batches have an index each, lane by lane; nothing else is looked at, nothing is sorted."""
    steps = plan(lambda store: [store.publishable(lost=lost, lanes=["tax"], most=9, now=NOW) for lost in (False, True)])
    assert steps == [
        "SEARCH batches USING INDEX ix_batches_urgent (lane=?)",
        "SEARCH batches USING INDEX ix_batches_new (lane=?)",
        "SEARCH batches USING INDEX ix_batches_due (lane=? AND due<?)",
        "SEARCH batches USING INDEX ix_batches_due (lane=? AND due>?)",
    ]


def test_what_is_in_work_is_counted_in_an_index(plan):
    """As often as a lane has something overdue."""
    steps = plan(lambda store: store.in_work(["tax"]))
    assert steps == ["SEARCH batches USING COVERING INDEX ix_batches_sums (lane=? AND state=?)"]


def test_lists_of_what_is_open_read_only_that(plan):
    """Files to return and parked batches have indexes of their own."""
    steps = plan(lambda store: (store.returnable(lanes=["tax"], most=9), store.parked_batches()))
    assert [step.split(" USING ")[1] for step in steps[:2]] == [
        "INDEX ix_files_unreturned (lane=?)",
        "INDEX ix_batches_parked",
    ]


def test_a_step_of_an_order_looks_at_its_next_records_only(plan):
    """Hundreds of thousands of open records are walked through once, not once a step."""
    order = NewOrder(
        lane="tax", action=OrderAction.RETRY, reason="r", actor="a", per_second=9, placed_at=NOW, code="MAP-002"
    )

    def carried_out(store):
        assert store.carry_out(store.place_order(order).id, batch_records=2, most=9, waiting=9, now=NOW) is not None

    steps = [step for step in plan(carried_out) if " exceptions " in f"{step} "]
    assert "SEARCH exceptions USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)" in steps


def test_alarms_look_at_the_last_hour_only(plan):
    """What was settled before is not read."""
    assert (
        plan(lambda store: store.settled(since=NOW))[0]
        == "SEARCH batches USING INDEX ix_batches_settled (updated_at>?)"
    )
