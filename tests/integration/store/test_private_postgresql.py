"""The private PostgreSQL server of tests and benchmarks."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from kakehashi.errors import StoreUnavailable
from kakehashi_adapters import private_postgresql
from kakehashi_adapters.private_postgresql import PrivatePostgresql

pytestmark = pytest.mark.xdist_group("postgresql")

HOLDER = """
import sys
from kakehashi_adapters.private_postgresql import PrivatePostgresql
server = PrivatePostgresql(durable=False)
print(server.url, server._folder, flush=True)
sys.stdin.read()
"""


def test_it_goes_when_its_parent_is_killed():
    """After kill -9 of the program that started it neither the server nor its folder is left."""
    holder = subprocess.Popen([sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    url, folder = holder.stdout.readline().split()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    os.kill(holder.pid, signal.SIGKILL)
    holder.communicate()
    deadline = time.monotonic() + 20
    while Path(folder).exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(folder).exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


def test_a_given_folder_keeps_its_data(tmp_path_factory):
    """Stopped and started again on the same folder it has what it had, under the same password."""
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="kakehashi-kept-"))
    try:
        with PrivatePostgresql(folder, durable=False) as server, psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept (n int)")
        with PrivatePostgresql(folder, durable=False) as server, psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    finally:
        shutil.rmtree(folder)


def test_without_postgresql_it_says_so(monkeypatch):
    """Where PostgreSQL is not installed the store counts as unavailable, and the missing program is named."""
    monkeypatch.setattr(private_postgresql, "installed_postgresql", lambda: None)
    with pytest.raises(StoreUnavailable) as caught:
        PrivatePostgresql()
    assert caught.value.fault.facts == {"program": "postgres"}
