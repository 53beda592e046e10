"""Foreign exceptions end at the store's edge; a failed call leaves nothing half written."""

import sqlite3
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import event, exc

from kakehashi.errors import StoreCorrupt, StoreError, StoreUnavailable
from kakehashi.testing.store_samples import NOW, add, begin, change, counts_of, new_exception, settle
from kakehashi_adapters.sql_store import migrate, open_store
from kakehashi_adapters.sql_store.fault import CLASSES, translate, translated

SECRET = "9999 the record's own text"


def _subclasses(kind):
    for child in kind.__subclasses__():
        yield child
        yield from _subclasses(child)


def test_every_database_error_of_sqlalchemy_is_mapped():
    """A new class of DBAPI errors in SQLAlchemy fails this test until somebody decided what it means."""
    kinds = {kind for kind in _subclasses(exc.DBAPIError) if kind.__module__ == "sqlalchemy.exc"}
    assert {kind.__name__ for kind in kinds} >= {"OperationalError", "IntegrityError", "InterfaceError"}
    assert kinds <= set(CLASSES)


def test_every_error_of_the_drivers_becomes_one_of_ours():
    """Whatever class the drivers raise, wrapped or not, a StoreError comes out, and never its text."""
    for kind in {*_subclasses(sqlite3.Error), *_subclasses(psycopg.Error)}:
        for error in (kind(SECRET), exc.DBAPIError.instance("SELECT 1", {}, kind(SECRET), Exception)):
            problem = translate(error)
            assert isinstance(problem, StoreError)
            assert SECRET not in str(problem)


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("08006", StoreUnavailable),
        ("40P01", StoreUnavailable),
        ("53100", StoreUnavailable),
        ("55P03", StoreUnavailable),
        ("57P01", StoreUnavailable),
        ("XX001", StoreCorrupt),
        ("XX002", StoreCorrupt),
        ("23505", StoreError),
        ("42P01", StoreError),
    ],
)
def test_the_servers_code_decides(state, kind):
    """Connection, deadlock, full disk, lock and shutdown pass by themselves; damaged pages do not."""
    foreign = psycopg.errors.lookup(state)(SECRET)
    problem = translate(exc.OperationalError("SELECT 1", {}, foreign))
    assert type(problem) is kind
    assert problem.fault.facts == {"database": state}


def test_a_foreign_exception_does_not_travel_along():
    """Neither as cause nor as context: a traceback of ours cannot print it."""

    def fail():
        raise sqlite3.OperationalError(SECRET)

    with pytest.raises(StoreError) as caught:
        translated(fail)
    assert caught.value.__context__ is caught.value.__cause__ is None


@pytest.fixture
def url(tmp_path):
    url = f"sqlite:///{tmp_path}/ledger.db"
    migrate(url)
    return url


@pytest.fixture
def store(url):
    opened = open_store(url, patience=timedelta(seconds=0.2))
    yield opened
    opened.close()


def test_a_locked_ledger_is_unavailable_and_recovers(store, tmp_path):
    """A writer elsewhere that does not let go: StoreUnavailable after the given patience; reading goes on."""
    _, (batch, _) = add(store)
    other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable) as caught:
        store.park(batch.id, turn=0, code="GEN-001", now=NOW)
    assert caught.value.fault.facts == {"database": "SQLITE_BUSY"}
    assert counts_of(store).waiting == 5
    other.execute("ROLLBACK")
    other.close()
    assert store.park(batch.id, turn=0, code="GEN-001", now=NOW)


def test_a_full_disk_leaves_no_half_row(store):
    """Files and settlements that do not fit are StoreUnavailable and leave nothing; with space they succeed."""
    _, batches = add(store, sizes=(50,) * 10)
    begin(store, batches[0], replicas=[change(str(number), number) for number in range(2000)])
    before = (store.files(), store.batches(1), counts_of(store))
    limit = {"pages": 1}

    def restrict(connection, _record, _proxy):
        connection.execute(f"PRAGMA max_page_count={limit['pages']}")

    event.listen(store._database._engine, "checkout", restrict)
    with pytest.raises(StoreUnavailable) as caught:
        settle(store, batches[0], exceptions=[new_exception(1)])
    assert caught.value.fault.facts == {"database": "SQLITE_FULL"}
    with pytest.raises(StoreUnavailable):
        add(store, "b.dat", sizes=(50,) * 2000)
    assert (store.files(), store.batches(1), counts_of(store)) == before
    assert store.exceptions() == []
    limit["pages"] = 1_000_000
    assert settle(store, batches[0], exceptions=[new_exception(1)])
    add(store, "b.dat", sizes=(50,) * 2000)
    store.check()


def test_a_ledger_deleted_under_us_is_not_replaced(store, tmp_path):
    """A new connection to a file that is gone fails instead of making an empty one."""
    add(store)
    store._database._engine.dispose()
    (tmp_path / "ledger.db").unlink()
    with pytest.raises(StoreUnavailable):
        add(store, "b.dat")
    assert not (tmp_path / "ledger.db").exists()


@pytest.mark.xdist_group("postgresql")
def test_cut_connections_are_replaced(postgresql_store_url, postgresql_server):
    """After the server cut all connections the next call works: what was committed is there."""
    store = open_store(postgresql_store_url)
    _, (batch, _) = add(store)
    postgresql_server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND datname LIKE 'kakehashi_test_%'"
    )
    assert settle(store, batch)
    assert counts_of(store).accepted == 3
    store.close()


@pytest.mark.xdist_group("postgresql")
def test_a_commit_waits_for_the_disk_whatever_the_server_says(postgresql_store_url):
    """Our sessions switch synchronous_commit on, even where the server's default is off."""
    store = open_store(postgresql_store_url)
    shown = store._database.read(lambda c: c.exec_driver_sql("SHOW synchronous_commit").scalar())
    assert shown == "on"
    store.close()


def test_sqlite_commits_wait_for_the_disk(store):
    """Write-ahead log, synchronous FULL, foreign keys on."""
    asked = ("journal_mode", "synchronous", "foreign_keys")
    found = [store._database.read(lambda c, name=name: c.exec_driver_sql(f"PRAGMA {name}").scalar()) for name in asked]
    assert found == ["wal", 2, 1]
