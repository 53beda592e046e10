"""Yesterday's backup of the ledger is restored, while server, spool, queues and folders are newer (exam E10)."""

import subprocess

import pytest
from sqlalchemy import make_url
from tests.acceptance.watching import eventually, kakehashi, links_settled, logged, settled
from tests.faults.site import SEED, Site
from tests.tier import FULL

from kakehashi.domain.batch import BatchState
from kakehashi_adapters.private_postgresql import installed_postgresql
from kakehashi_adapters.sql_store import open_store
from kakehashi_simulators.demo.run import started
from kakehashi_simulators.legacy.tax import LANE

SETTINGS = "\n[limits]\nbatch_records = 5\n"
KINDS = ["sqlite", "postgresql"] if FULL else ["sqlite"]


class SqliteBackup:
    """With the gateway's own commands."""

    def __init__(self, site, folder):
        self.site, self.file = site, folder / "yesterday.db"

    def take(self):
        assert kakehashi("ledger", "backup", self.file, "--config", self.site.run.site.config).returncode == 0

    def put_back(self):
        command = ("ledger", "restore", self.file, "--config", self.site.run.site.config)
        refused = kakehashi(*command)
        assert (refused.returncode, "STO-008" in refused.stderr) == (3, True), "this process has the ledger open"
        self.site.run.store.close()
        assert kakehashi(*command).returncode == 0


class PostgresqlBackup:
    """With the server's own commands, as the how-to page says."""

    def __init__(self, site, folder):
        self.site, self.file = site, folder / "yesterday.dump"
        url = make_url(site.run.configuration.gateway.store.url).set(drivername="postgresql")
        self.url = url.render_as_string(hide_password=False)

    def take(self):
        self._call("pg_dump", "--format=custom", f"--file={self.file}", self.url)

    def put_back(self):
        self.site.run.store.close()
        self._call("pg_restore", "--clean", "--if-exists", "--single-transaction", f"--dbname={self.url}", self.file)

    def _call(self, program, *arguments):
        subprocess.run([installed_postgresql() / program, *arguments], check=True)


@pytest.fixture(params=KINDS)
def site(request, tmp_path):
    url = request.getfixturevalue("postgresql_url") if request.param == "postgresql" else None
    options = {"seed": SEED, "scale": 0.1, "faults": False, "store": url, "result_delay_seconds": 0.2}
    with started(tmp_path / "site", extra=SETTINGS, **options) as run:
        yield Site(run)


@pytest.fixture
def backup(site, tmp_path):
    kind = SqliteBackup if site.run.configuration.gateway.store.url.startswith("sqlite") else PostgresqlBackup
    return kind(site, tmp_path)


def in_flight(site):
    """A batch that waits for its result, and one that is told of in the ledger alone."""
    site.run.server.set_faults(result_delay_seconds=5)
    site.drop()
    eventually(lambda: _states(site) == {BatchState.WAITING}, what="a receipt")
    site.die("worker", "worker.intended", 1, site.drop)


def _states(site):
    (file,) = site.run.store.files(lane=LANE, most=1)
    return {row.state for row in site.run.store.batches(file.id)}


def parked_then_overtaken(site):
    """A file that never reached the server, and a later one about the same persons that did."""
    site.run.server.set_faults(result_code="5001")
    site.drop()
    eventually(lambda: _states(site) == {BatchState.PARKED}, what="parking")
    site.run.server.ask("/faults", {"result_code": ""})
    site.drop()


def stop(site):
    for process in site.run.processes.running.values():
        process.kill()
        process.wait()


def reopen(site):
    site.run.store = open_store(site.run.configuration.gateway.store.url)


@pytest.mark.exam("E10")
@pytest.mark.timeout(300)
def test_a_restored_backup_is_noticed_and_reconciled_by_key(site, backup):
    """Nothing lost, nothing twice, later wins: of files settled, in flight, unsent or unknown when it was taken.

    The gateway refuses to start on the older ledger and says what to do; what was applied since then the server knows.
    """
    links_settled(site.run)
    site.drop()
    settled(site.run)
    in_flight(site)
    backup.take()
    site.run.server.ask("/faults", {"result_delay_seconds": 0.2})
    site.replace("worker")
    for _ in range(3):
        site.drop()
    settled(site.run)
    parked_then_overtaken(site)
    eventually(lambda: _states(site) == {BatchState.SETTLED}, what="the last file before the loss")
    applied = site.run.server.account()["accepted"]
    stop(site)

    backup.put_back()
    refused = kakehashi("run", "--config", site.run.site.config)
    assert refused.returncode == 3
    assert "STO-006" in refused.stderr
    assert "kakehashi ledger reconcile" in refused.stderr
    command = ("ledger", "reconcile", "--config", site.run.site.config, "--json", "--reason", "disk lost")
    assert '"dry_run": 5' in kakehashi(*command, "--dry-run").stdout
    done = kakehashi(*command)
    assert (done.returncode, '"files_taken_again": 5, "unknown": 0' in done.stdout) == (0, True), done.stdout

    reopen(site)
    site.settle()
    assert site.wrong() == []
    assert site.run.server.account()["accepted"] == applied + site.new, "all but what was later changed by another"
    for _ in range(2):
        site.drop()
    site.settle()
    assert site.wrong() == [], "files after the restore are later than all before it"
    assert not logged(site.run, "worker", "worker.failed")
