"""Several processes on one ledger, and processes that are killed."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kakehashi.domain.batch import BatchState, FileState
from kakehashi.testing.store_samples import add, change, counts_of
from kakehashi_adapters.sql_store import migrate, open_store

PROGRAM = Path(__file__).with_name("working_process.py")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql"))])
def url(request, tmp_path):
    if request.param == "postgresql":
        return request.getfixturevalue("postgresql_store_url")
    migrate(f"sqlite:///{tmp_path}/ledger.db")
    return f"sqlite:///{tmp_path}/ledger.db"


def start(url, name):
    process = subprocess.Popen(
        [sys.executable, PROGRAM, url, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    return process


def go(*processes):
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()


def said_until(process, word):
    lines = []
    while not lines or lines[-1][0] != word:
        lines.append(tuple(process.stdout.readline().split()))
    return lines


def said(process):
    return [tuple(line.split()) for line in process.communicate()[0].splitlines()]


def test_two_workers_share_the_work_and_do_none_of_it_twice(url):
    """Two processes that want the same batches: each batch is begun by one and settled by the same one."""
    store = open_store(url)
    file, batches = add(store, sizes=(5,) * 150)
    workers = [start(url, name) for name in ("one", "two")]
    go(*workers)
    lines = [said(worker) for worker in workers]
    begun = [batch for worker in lines for word, batch in worker if word == "begun"]
    settled = [batch for worker in lines for word, batch in worker if word == "settled"]
    assert sorted(map(int, begun)) == sorted(map(int, settled)) == [row.id for row in batches]
    assert all(len(store.attempts(row.id)) == 1 for row in batches)
    assert store.file(file.id).state is FileState.SETTLED
    counts = counts_of(store)
    assert (counts.accepted, counts.refused, counts.sent) == (600, 150, 750)
    store.close()


def test_kill_9_in_the_middle_of_work_loses_nothing(url):
    """Killed at random moments, ten times: the ledger is whole, sums hold, and what was reported done is done."""
    chance = random.Random(7)
    store = open_store(url)
    _, batches = add(store, sizes=(20,) * 2000)
    reported = set()
    for _ in range(10):
        worker = start(url, "killed")
        go(worker)
        lines = said_until(worker, "settled")  # it is in the middle of its work, however slow the machine
        time.sleep(chance.uniform(0.0, 0.1))
        worker.kill()
        lines += said(worker)
        reported |= {int(batch) for word, batch in lines if word == "settled"}
        store.check()
        counts_of(store)
    rows = store.batches(batches[0].file_id)
    settled = {row.id for row in rows if row.state is BatchState.SETTLED}
    assert reported <= settled
    assert len(settled - reported) <= 10  # killed between the commit and the report
    assert all(len(store.exceptions_of(row.id)) == (row.id in settled) for row in rows[: len(settled) + 20])
    persons = [(change(str(number), 0).person, "TM99000000000001", "2026") for number in range(1, 40_001)]
    assert len(store.newest_replicas(persons)) == 19 * len(settled), "all but the excepted"
    assert 0 < len(settled) < len(rows)
    store.close()
