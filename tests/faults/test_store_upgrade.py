"""A version takes over from the one before it, with work in flight (exam E11).

The older version's ledger is made by its own migrations, its spool and its messages as it wrote them.
"""

import hashlib
import secrets
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from tests.acceptance.watching import eventually, kakehashi
from tests.faults.site import SEED, Site

from kakehashi.domain.batch import BatchBody, content_id, letters
from kakehashi.pipeline.envelope import seal_context
from kakehashi.runtime.bootstrap import plugin
from kakehashi_adapters.spool import FileSpool
from kakehashi_adapters.sql_store import open_store
from kakehashi_adapters.sql_store.database import Database, parse_url
from kakehashi_adapters.sql_store.migrations.run import upgrade
from kakehashi_simulators.demo.run import started
from kakehashi_simulators.legacy.tax import LANE, SIZE, write_tax

OLDER = "0005"
RECORDS, BATCH = 10, 5
STATES = ("new", "queued", "sent")


def write_older_file(run, site, number, state):
    """What the older version left of one file: its spool, and its rows at the time when it was stopped."""
    name = f"LEVY{number:04d}.DAT"
    path = run.site.folder / "samples" / name
    write_tax(path, town=site.town, first=number * site.new, records=RECORDS)
    site.files[name] = [site.town.people.unified(number * site.new + n) for n in range(RECORDS)]
    raw = path.read_bytes()
    digest, spool = hashlib.sha256(raw).digest(), letters(secrets.token_bytes(16))
    sealer = plugin("sealers", "vault")(run.configuration.gateway.keys)
    writer = FileSpool(run.site.folder / "spool").create(spool)
    batches = []
    for seq in range(1, RECORDS // BATCH + 1):
        offset = SIZE * (1 + (seq - 1) * BATCH)
        body = BatchBody(raw[:SIZE], raw[offset : offset + SIZE * BATCH]).to_bytes()
        request = content_id(LANE, digest, seq)
        place = writer.append(sealer.seal(body, context=seal_context(LANE, request)))
        batches.append({"seq": seq, "first": (seq - 1) * BATCH + 1, "at": offset, "request": request, "place": place})
    writer.commit()
    return {"name": name, "digest": digest, "size": len(raw), "spool": spool, "batches": batches, "state": state}


def insert_older_rows(connection, file, now):
    """By the columns of the older schema."""
    row = connection.execute(
        text(
            "INSERT INTO files (lane, name, digest, size, records, batches, state, config_hash, received_at, spool)"
            " VALUES (:lane, :name, :digest, :size, :records, :batches, 'working', 'older', :now, :spool) RETURNING id"
        ),
        {
            **{key: file[key] for key in ("name", "digest", "size", "spool")},
            "lane": LANE,
            "records": RECORDS,
            "batches": len(file["batches"]),
            "now": now,
        },
    ).scalar_one()
    for batch in file["batches"]:
        sent = file["state"] == "sent"
        number = connection.execute(
            text(
                "INSERT INTO batches (file_id, lane, seq, first_record, records, byte_offset, spool_offset,"
                " spool_length, state, turn, attempts, messages, excepted, accepted, request_id, due, updated_at)"
                " VALUES (:file, :lane, :seq, :first, :records, :at, :spool, :length, :state, :sent, :sent, :sent, 0,"
                " 0, :request, :due, :now) RETURNING id"
            ),
            {
                **{key: batch[key] for key in ("seq", "first", "at", "request")},
                "file": row,
                "lane": LANE,
                "records": BATCH,
                "state": file["state"],
                "sent": int(sent),
                "now": now,
                "spool": batch["place"][0],
                "length": batch["place"][1],
                "due": None if file["state"] == "new" else now,
            },
        ).scalar_one()
        if sent:
            connection.execute(
                text("INSERT INTO attempts (batch_id, no, message_id, sent_at) VALUES (:batch, 1, 'DBM-201', :now)"),
                {"batch": number, "now": now},
            )


def as_older_version(run, site):
    """In place of this version's empty ledger one of the older version, with a file in each state of work."""
    for process in run.processes.running.values():
        process.kill()
        process.wait()
    run.store.close()
    path = run.site.folder / "store" / "kakehashi.db"
    for each in path.parent.glob("kakehashi.db*"):
        each.unlink()
    path.touch()
    database = Database(parse_url(f"sqlite:///{path}"))
    database.write(lambda connection: upgrade(connection, to=OLDER))
    now = int((datetime.now(UTC) - timedelta(minutes=5)).timestamp() * 1_000_000)
    linked = text("INSERT INTO links (system, atena, unified, linked_at) VALUES ('tax', :atena, :unified, :now)")
    people = [
        {"atena": site.town.atena("tax", person), "unified": site.town.people.unified(person), "now": now}
        for person in range(100)
    ]
    database.write(lambda connection: connection.execute(linked, people))
    for number, state in enumerate(STATES, start=1):
        file = write_older_file(run, site, number, state)
        database.write(lambda connection, file=file: insert_older_rows(connection, file, now))
    database.close()


@pytest.mark.exam("E11")
@pytest.mark.timeout(300)
def test_a_newer_version_goes_on_with_the_work_of_the_older_one(tmp_path):
    """Batches not yet published, queued, and sent without an answer: this version migrates the ledger and settles all.

    Nothing is lost, nothing is done twice, later wins. Commands refuse the older ledger until the gateway was started.
    """
    with started(tmp_path / "site", seed=SEED, scale=0.1, faults=False, result_delay_seconds=0.2) as run:
        site = Site(run, records=RECORDS)
        as_older_version(run, site)
        refused = kakehashi("status", "--config", run.site.config)
        assert (refused.returncode, "STO-004" in refused.stderr) == (3, True), "only the gateway's start migrates"
        run.processes.restart("intake")
        url = run.configuration.gateway.store.url
        eventually(lambda: kakehashi("status", "--config", run.site.config).returncode == 0, what="a raised ledger")
        run.store = open_store(url)
        run.processes.restart("worker")
        site.drop()
        assert run.wait(lambda _counts: None, deadline=time.monotonic() + 90), run.counts()
        assert site.wrong() == []
        assert (
            kakehashi("ledger", "reconcile", "--reason", "r", "--dry-run", "--config", run.site.config).returncode == 0
        )
