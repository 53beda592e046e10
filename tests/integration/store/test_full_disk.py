"""PostgreSQL whose disk is full: the ledger stops, holds nothing half, and goes on when there is room (exam E53)."""

import itertools
import shutil
import tempfile
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url
from tests.faults.disks import small_disk

from kakehashi.errors import StoreUnavailable
from kakehashi.testing.store_samples import add, counts_of
from kakehashi_adapters.private_postgresql import PrivatePostgresql
from kakehashi_adapters.sql_store import migrate, open_store


@pytest.fixture
def server():
    with PrivatePostgresql(durable=False) as private:
        yield private


@pytest.fixture
def disk():
    """Where the server's user may look: not below pytest's own folder."""
    folder = Path(tempfile.mkdtemp(prefix="kakehashi-disk-"))
    folder.chmod(0o755)
    yield folder
    folder.rmdir()


@pytest.mark.exam("E53")
def test_a_full_tablespace_stops_the_ledger_and_leaves_nothing_half(server, disk):
    """STO-002 with PostgreSQL's own code; each file has all of its batches or is not there; then the next comes in."""
    with small_disk(disk, "size=24m,mode=777"):
        space = disk / "space"
        space.mkdir()
        if server._user is not None:
            shutil.chown(space, server._user)
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(f"CREATE TABLESPACE small LOCATION '{space}'")
            connection.execute("CREATE DATABASE ledger TABLESPACE small")
        url = make_url(server.url).set(database="ledger").render_as_string(hide_password=False)
        migrate(url)
        store = open_store(url)
        filler = disk / "filler"
        with filler.open("wb", buffering=0) as out:
            while _written(out):
                pass
            out.truncate(out.tell() - (1 << 20))
        with pytest.raises(StoreUnavailable) as caught:
            _add_for_ever(store)
        assert (caught.value.fault.code, caught.value.fault.facts["database"]) == ("STO-002", "53100")
        rows = store.files(most=100_000)
        taken = len(rows)
        assert counts_of(store).received == 50 * taken > 0
        assert all(len(store.batches(row.id)) == 50 for row in rows)
        filler.unlink()
        add(store, f"{taken}.dat", sizes=(1,) * 50)
        assert counts_of(store).received == 50 * (taken + 1)
        store.close()
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("DROP DATABASE ledger WITH (FORCE)")
            connection.execute("DROP TABLESPACE small")


def _add_for_ever(store):
    for number in itertools.count():
        add(store, f"{number}.dat", sizes=(1,) * 50)


def _written(file):
    try:
        return file.write(bytes(4096))
    except OSError:
        return 0
