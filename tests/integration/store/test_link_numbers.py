"""Numbers that several processes ask for at once, and links that older versions left behind."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.tier import FULL

from kakehashi.domain.identifiers import UnifiedAtenaNumber
from kakehashi.ports.links import LinkRow
from kakehashi.testing.store_samples import NOW
from kakehashi_adapters.sql_store import migrate, open_links
from kakehashi_adapters.sql_store.database import Database, parse_url
from kakehashi_adapters.sql_store.migrations.run import upgrade

PROGRAM = Path(__file__).with_name("asking_process.py")
PROCESSES, REQUESTS = (4, 2_500) if FULL else (2, 200)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql"))])
def url(request, tmp_path):
    if request.param == "postgresql":
        return request.getfixturevalue("postgresql_url")
    return f"sqlite:///{tmp_path}/links.db"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("people", [1, 40])
def test_processes_that_ask_at_once_get_one_number_a_person(url, people):
    """However many requests from however many processes: each person has one number, no number has two persons."""
    migrate(url)
    processes = [
        subprocess.Popen(
            [sys.executable, PROGRAM, url, str(REQUESTS), str(people)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    told = {line for process in processes for line in process.communicate()[0].split("\n") if line}
    assert [process.returncode for process in processes] == [0] * PROCESSES
    numbers = dict(line.split("=") for line in told)
    assert len(told) == len(numbers) == len(set(numbers.values())) == people
    assert set(numbers.values()) == {UnifiedAtenaNumber.issued("9", serial) for serial in range(1, people + 1)}


def test_links_of_an_older_version_go_on(url):
    """Before history, digest keys and freezing: they resolve, hold from the day of their record, and their persons are
    found by the digests of that time.
    """
    if url.startswith("sqlite"):
        sqlite3.connect(url.removeprefix("sqlite:///")).execute("VACUUM").connection.close()
    database = Database(parse_url(url))
    database.write(lambda connection: upgrade(connection, to="0007"))
    person = {"unified": f"{101:015d}", "blind": b"bare digest", "number": b"sealed"}
    database.write(
        lambda c: c.execute(
            text("INSERT INTO links (system, atena, unified, linked_at) VALUES ('tax', '1', :unified, 1000000)"), person
        )
    )
    database.write(
        lambda c: c.execute(
            text("INSERT INTO persons (unified, blind, key_id, number) VALUES (:unified, :blind, 'k', :number)"), person
        )
    )
    database.close()
    migrate(url)
    links = open_links(url)
    assert links.resolve("tax", ["1"]) == {"1": person["unified"]}
    (period,) = links.periods("tax", "1")
    assert (period.since.isoformat(), period.recorded_at.isoformat()) == ("1970-01-01", "1970-01-01T09:00:01+09:00")
    assert links.assign([[b"id:digest", b"bare digest"]], prefix="9", now=NOW) == [person["unified"]]
    row = LinkRow(system="tax", atena="1", unified=person["unified"], blind=b"id:digest", older=(b"bare digest",))
    assert links.link([row], now=NOW) == {}
    assert [each.blind for each in links.links("tax")] == [b"id:digest"]
    links.close()
