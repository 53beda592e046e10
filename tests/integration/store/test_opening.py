"""What happens when the ledger is missing, damaged, someone else's, or of another version."""

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import pytest
from sqlalchemy import make_url, text

from kakehashi.errors import ConfigurationError, StoreCorrupt, StoreError, StoreUnavailable
from kakehashi.testing.store_samples import add, counts_of, settle
from kakehashi_adapters.sql_store import migrate, open_links, open_store
from kakehashi_adapters.sql_store.database import Database, parse_url
from kakehashi_adapters.sql_store.migrations.run import upgrade
from kakehashi_adapters.sql_store.tables import HEAD

HIDDEN = "個人の値"
CHECKED = """
import sys
from kakehashi_adapters.plugins import sql_stores

def mebibytes():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) >> 10 for line in status if line.startswith("RssAnon"))

store, links = sql_stores(sys.argv[1])
before = mebibytes()
store.check()
print(mebibytes() - before)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.db"


def url_of(path):
    return f"sqlite:///{path}"


def filled(path):
    migrate(url_of(path))
    store = open_store(url_of(path))
    _, batches = add(store, sizes=(2,) * 300)
    settle(store, batches[0])
    store.close()


def test_a_ledger_keeps_what_it_was_told_after_closing(path):
    """Everything that returned is there when the ledger is opened again; nothing lies beside it in a journal."""
    filled(path)
    assert not path.with_name("ledger.db-wal").exists()
    store = open_store(url_of(path))
    assert counts_of(store).accepted == 2
    store.check()
    store.close()


def test_a_ledger_is_for_its_owner_only(path):
    """Nobody else on the machine may read it."""
    migrate(url_of(path))
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_command_holds_little_of_a_large_ledger(path):
    """It checks all pages of the file, and its memory does not depend on their number."""
    migrate(url_of(path))
    rows = (
        "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
        " INSERT INTO replicas SELECT i, 'TM9901', '2026', i, zeroblob(1500), 0 FROM n"
    )
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(rows)
    command = [sys.executable, "-c", CHECKED, url_of(path)]
    held = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert path.stat().st_size > 30 << 20
    assert held <= 12


def test_opening_never_makes_a_ledger(path):
    """A ledger that was never made is unavailable, and still is not there afterwards."""
    for opener in (open_store, open_links):
        with pytest.raises(StoreUnavailable):
            opener(url_of(path))
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("left", ["", "-wal"])
def test_a_ledger_that_is_gone_is_not_begun_again(path, left):
    """Where a ledger was, neither opening nor migrating makes an empty one: restore the backup."""
    filled(path)
    if left:
        path.with_name("ledger.db.present").unlink()
        path.with_name(f"ledger.db{left}").write_bytes(b"rest")
    path.rename(path.with_name("backup.db"))
    for attempt in (migrate, open_store):
        with pytest.raises(StoreCorrupt):
            attempt(url_of(path))
    assert not path.exists()
    path.with_name("backup.db").rename(path)
    for rest in path.parent.glob("ledger.db-*"):
        rest.unlink()
    open_store(url_of(path)).close()


@pytest.mark.parametrize("content", [b"", b"garbage" * 1000, b"SQLite format 3\x00" + bytes(4080)])
def test_a_file_that_is_no_ledger_is_refused_and_left_alone(path, content):
    """An empty file or garbage in the ledger's place: StoreCorrupt with its remedy, the file untouched."""
    path.write_bytes(content)
    for attempt in (migrate, open_store):
        with pytest.raises(StoreCorrupt) as caught:
            attempt(url_of(path))
        assert "backup" in caught.value.fault.problem.remedy_en
    assert path.read_bytes() == content


@pytest.mark.parametrize("damage", ["page", "header", "cut"])
def test_a_damaged_ledger_is_found_by_the_check(path, damage):
    """A page overwritten, a header overwritten, the end cut off: StoreCorrupt before any work begins."""
    filled(path)
    size = path.stat().st_size
    with path.open("r+b") as file:
        if damage == "cut":
            file.truncate(size // 2)
        else:
            file.seek({"page": 4096 * 12, "header": 0}[damage])
            file.write(os.urandom(4096))
    with pytest.raises(StoreCorrupt):
        open_store(url_of(path)).check()


def test_another_programs_database_is_refused(path):
    """A database of something else is neither worked on nor migrated (STO-004)."""
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
    for attempt in (migrate, open_store):
        with pytest.raises(StoreError) as caught:
            attempt(url_of(path))
        assert caught.value.fault.code == "STO-004"


@pytest.mark.exam("E11")
def test_a_newer_ledger_is_refused_by_an_older_program(path):
    """A schema that this program does not know is left alone (STO-004), by opening and by migrating."""
    filled(path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    for attempt in (migrate, open_store):
        with pytest.raises(StoreError) as caught:
            attempt(url_of(path))
        assert caught.value.fault.code == "STO-004"
        assert caught.value.fault.facts["found"] == "9999"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql"))])
def old_url(request, path):
    """The URL of an empty database in which a schema of an older version can be made."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgresql_url")
    shutil.copy(_empty(path.with_name("empty.db")), path)
    return url_of(path)


def _empty(path):
    sqlite3.connect(path).execute("VACUUM").connection.close()
    return path


def test_a_filled_ledger_of_an_older_version_is_raised_by_migrate_alone(old_url):
    """Opening an older schema is refused (STO-004); migrating keeps every row and makes it usable."""
    database = Database(parse_url(old_url))
    database.write(lambda connection: upgrade(connection, to="0001"))
    insert = (
        "INSERT INTO files (lane, name, digest, size, records, batches, state, config_hash, received_at, spool)"
        " VALUES ('tax', 'old.dat', :digest, 1, 0, 0, 'settled', 'x', 0, 's')"
    )
    for number in range(50):
        database.write(lambda c, number=number: c.execute(text(insert), {"digest": b"%d" % number}))
    database.close()
    with pytest.raises(StoreError) as caught:
        open_store(old_url)
    assert caught.value.fault.facts == {"found": "0001", "expected": HEAD}
    migrate(old_url)
    migrate(old_url)
    store = open_store(old_url)
    assert len(store.files()) == 50
    add(store)
    store.close()
    links = open_links(old_url)
    assert list(links.links("tax")) == []
    links.close()


def test_many_programs_may_migrate_at_once(path):
    """Threads that start on one new ledger together all find it ready."""
    _migrate_together(url_of(path))


@pytest.mark.xdist_group("postgresql")
def test_many_programs_may_migrate_one_server_at_once(postgresql_url):
    """The same on PostgreSQL, where an advisory lock orders them."""
    _migrate_together(postgresql_url)


def _migrate_together(url):
    failures = []

    def start():
        try:
            migrate(url)
            open_store(url).close()
        except Exception as error:  # noqa: BLE001  # reported below
            failures.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://host/db", "nonsense", "file.db"])
def test_only_durable_databases_are_accepted(url):
    """A store in memory or in an unknown kind of database is a fault of the configuration (CFG-003)."""
    with pytest.raises(ConfigurationError) as caught:
        migrate(url)
    assert [fault.code for fault in caught.value.faults] == ["CFG-003"]


@pytest.mark.xdist_group("postgresql")
def test_a_server_that_refuses_us_is_unavailable(postgresql_server):
    """Wrong password, wrong database and no server at all are StoreUnavailable, without the driver's words."""
    good = make_url(postgresql_server.url)
    wrong = [good.set(password=HIDDEN), good.set(database="absent"), good.set(port=9)]
    for url in wrong:
        with pytest.raises(StoreUnavailable) as caught:
            open_store(url.render_as_string(hide_password=False))
        assert caught.value.__context__ is caught.value.__cause__ is None
        assert HIDDEN not in str(caught.value)
