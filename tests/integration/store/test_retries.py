"""A ledger of the time when each record was sent again alone goes on with what it had on its way."""

import sqlite3

import pytest
from sqlalchemy import text

from kakehashi.domain.batch import BatchState
from kakehashi.testing.store_samples import NOW, new_exception, outbox, settle
from kakehashi_adapters.sql_store import migrate, open_store
from kakehashi_adapters.sql_store.database import Database, parse_url
from kakehashi_adapters.sql_store.migrations.run import upgrade

_FILE = (
    "INSERT INTO files (lane, name, digest, size, records, batches, state, config_hash, received_at, spool)"
    " VALUES ('tax', 'old.dat', :digest, 900, 3, 1, 'working', 'x', 0, 's')"
)
_BATCH = (
    "INSERT INTO batches (file_id, lane, seq, first_record, records, byte_offset, spool_offset, spool_length,"
    " state, turn, attempts, messages, excepted, accepted, request_id, updated_at, redrive_of)"
    " VALUES (1, 'tax', :seq, :record, :records, :offset, 0, 0, :state, 0, 0, 0, :excepted, 0, :request, 0, :of)"
)
_EXCEPTION = (
    "INSERT INTO exceptions (file_id, batch_id, lane, record_no, code, byte_offset, state, created_at, changed_at,"
    " key_id, payload) VALUES (1, 1, 'tax', :number, 'IDN-001', :offset, :state, 0, 0, 'k1', :payload)"
)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql"))])
def url(request, tmp_path):
    if request.param == "postgresql":
        return request.getfixturevalue("postgresql_url")
    sqlite3.connect(tmp_path / "ledger.db").execute("VACUUM").connection.close()
    return f"sqlite:///{tmp_path}/ledger.db"


def fill(url):
    """Three refused records: one is on its way again, one stands parked, one was never sent again."""
    database = Database(parse_url(url))
    database.write(lambda connection: upgrade(connection, to="0012"))

    def write(connection):
        connection.execute(text(_FILE), {"digest": b"old"})
        own = {"excepted": 0, "records": 1}
        rows = [
            {"seq": 1, "record": 1, "offset": 0, "state": "settled", "of": None, "records": 3, "excepted": 3},
            {"seq": 2, "record": 1, "offset": 0, "state": "new", "of": 1, **own},
            {"seq": 3, "record": 2, "offset": 300, "state": "parked", "of": 2, **own},
        ]
        connection.execute(text(_BATCH), [{**row, "request": f"old-{row['seq']}"} for row in rows])
        states = ["retried", "retried", "refused"]
        connection.execute(
            text(_EXCEPTION),
            [
                {"number": n, "offset": (n - 1) * 300, "state": state, "payload": b"record %d" % n}
                for n, state in enumerate(states, start=1)
            ],
        )

    database.write(write)
    database.close()


def test_what_was_on_its_way_alone_goes_on_after_the_migration(url):
    """Each batch still carries its one record, and is published, refused again, or found by its exception."""
    fill(url)
    migrate(url)
    store = open_store(url)
    assert [[row.id for row in store.retried_in(batch)] for batch in (1, 2, 3)] == [[], [1], [2]]
    assert [getattr(store.retried_as(number), "id", None) for number in (1, 2, 3)] == [2, 3, None]
    assert {number: sealed.body for number, sealed in store.payloads([1, 3]).items()} == {
        1: b"record 1",
        3: b"record 3",
    }
    assert outbox(store) == [2]
    assert settle(store, store.batch(2), exceptions=[new_exception(1)])
    assert store.decide_batch(3, release=True, reason="r", actor="a", now=NOW)
    assert settle(store, store.batch(3))
    assert store.batch(3).state is BatchState.SETTLED
    (counts,) = store.counts()
    assert (counts.accepted, counts.refused, counts.adds_up) == (1, 2, True)
    store.close()
