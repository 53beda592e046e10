"""Trouble of the ledger while real processes work on it: locked, slow, full, damaged, gone (exam E08, E09, E53)."""

import os
import random
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing

import pytest
from tests.acceptance.watching import eventually, kakehashi, links_settled, logged
from tests.faults.site import SEED, Site
from tests.tier import FULL

from kakehashi_adapters.sql_store import open_store
from kakehashi_simulators.demo.run import started
from kakehashi_simulators.legacy.tax import LANE

LOCKED_SECONDS = 60 if FULL else 8
SETTINGS = "\n[limits]\nbatch_records = 5\n"
OPTIONS = {"seed": SEED, "scale": 0.1, "faults": False, "result_delay_seconds": 0.2, "extra": SETTINGS}


@pytest.fixture
def site(tmp_path):
    with started(tmp_path / "site", **OPTIONS) as run:
        site = Site(run)
        links_settled(run)
        yield site


def ledger_of(site):
    return site.run.site.folder / "store" / "kakehashi.db"


def stop(site):
    for process in site.run.processes.running.values():
        process.kill()
        process.wait()


def lines_a_second(site, name, seconds):
    """Lines of an outage by the loop that writes most of them; at most one in five seconds is asked for."""
    return max(len(logged(site.run, process, name)) for process in ("intake", "worker")) / seconds


@pytest.mark.exam("E53")
@pytest.mark.timeout(300)
def test_a_ledger_that_another_process_locks_is_waited_for(site):
    """Somebody holds the write lock under load: nothing is lost, and work goes on by itself when it is free."""
    site.drop()
    with closing(sqlite3.connect(ledger_of(site), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        site.drop()
        time.sleep(LOCKED_SECONDS)
        other.execute("ROLLBACK")
    site.drop()
    assert site.run.wait(lambda _counts: None, deadline=time.monotonic() + 60), site.run.counts()
    assert site.wrong() == []
    assert lines_a_second(site, "store.unavailable", LOCKED_SECONDS) <= 1 / 5 + 2 / LOCKED_SECONDS


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 6 MiB for the ledger alone."""
    folder = tmp_path / "site" / "store"
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", disk], capture_output=True, check=False)
    if made.returncode:
        pytest.fail("a test of the full disk needs the right to mount a tmpfs")
    yield disk, folder
    subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.mark.exam("E53")
@pytest.mark.timeout(300)
def test_a_full_disk_of_the_ledger_stops_and_resumes_by_itself(small_disk, tmp_path):
    """No room for a commit: files stay where they are, nothing is half written; with room again all is settled."""
    disk, _ = small_disk
    url = f"sqlite:///{disk / 'kakehashi.db'}"
    with started(tmp_path / "site", store=url, **OPTIONS) as run:
        site = Site(run)
        links_settled(run)
        site.drop()
        filler = disk / "filler"
        with filler.open("wb", buffering=0) as file:
            while _written(file):
                pass
        for _ in range(3):
            site.drop()
        eventually(lambda: logged(run, "intake", "store.unavailable"), what="an outage of the ledger")
        time.sleep(2)
        assert {event["code"] for event in logged(run, "intake", "store.unavailable")} == {"STO-002"}
        filler.unlink()
        assert run.wait(lambda _counts: None, deadline=time.monotonic() + 60), run.counts()
        assert site.wrong() == []
        run.store.check()


def _written(file):
    try:
        return file.write(bytes(4096))
    except OSError:
        return 0


def flipped(path, place):
    """One bit of the file is another."""
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)
        file.seek(place)
        file.write(bytes([byte[0] ^ 0x10]))


def refused(site):
    """What `kakehashi run` says when it does not start."""
    done = kakehashi("run", "--config", site.run.site.config)
    assert done.returncode == 3, done.stderr
    return done.stderr


def interior_pages(path):
    """Page numbers of inner nodes of a B-tree: a flipped bit there leads to other rows."""
    raw = path.read_bytes()
    return [at for at in range(4096, len(raw), 4096) if raw[at] in (2, 5)]


@pytest.mark.exam("E09")
@pytest.mark.timeout(300)
def test_a_damaged_ledger_refuses_to_start_and_says_what_to_do(site, tmp_path):
    """Header, inner page, overwritten, cut off, garbage, empty, gone: STO-003 and the backup; never begun anew."""
    for _ in range(8):
        site.drop()
    site.settle()
    stop(site)
    site.run.store.close()
    path, good = ledger_of(site), tmp_path / "good.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(path, good)
    inner = interior_pages(good)
    damages = {
        "magic": lambda: flipped(path, 3),
        "page size": lambda: flipped(path, 16),
        "inner page, kind": lambda: flipped(path, inner[0]),
        "inner page, cells": lambda: flipped(path, inner[0] + 3),
        "inner page, right child": lambda: flipped(path, inner[0] + 10),
        "overwritten": lambda: _overwrite(path, inner[0], os.urandom(4096)),
        "cut": lambda: os.truncate(path, good.stat().st_size // 2),
        "garbage": lambda: path.write_bytes(b"garbage" * 1000),
        "empty": lambda: path.write_bytes(b""),
        "gone": path.unlink,
    }
    for name in damages if FULL else ("inner page, right child", "empty", "gone"):
        shutil.copy(good, path)
        damages[name]()
        left = path.read_bytes() if path.exists() else None
        said = refused(site)
        assert ("STO-003" in said, "backup" in said) == (True, True), (name, said)
        assert (path.read_bytes() if path.exists() else None) == left, f"{name}: it was written to"
        for rest in path.parent.glob("kakehashi.db-*"):
            rest.unlink()
    shutil.copy(good, path)


def _overwrite(path, at, content):
    with path.open("r+b") as file:
        file.seek(at)
        file.write(content)


def cut(path, place):
    os.truncate(path, place)


@pytest.mark.exam("E08")
@pytest.mark.exam("E09")
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("damage", [cut, flipped])
def test_a_log_that_power_loss_cut_or_damaged_costs_nothing(site, damage, tmp_path):
    """The write-ahead log ends at any byte, or has a flipped bit there, after all processes died: more is gone than a
    loss of power takes, for synced commits are. Work goes on from what is left, at once or after reconciling: nothing
    is lost, nothing is done twice, later wins.
    """
    chance = random.Random(SEED)
    for _ in range(5 if FULL else 1):
        for _ in range(3):
            site.drop()
        eventually(lambda: len(site.run.store.files(lane=LANE)) == len(site.files), what="all files")
        time.sleep(chance.uniform(0, 3))
        stop(site)
        path, log = ledger_of(site), ledger_of(site).with_name("kakehashi.db-wal")
        kept = [(each, shutil.copy(each, tmp_path)) for each in (path, log)]
        site.run.store.close()  # the last one to leave would tidy up
        for each, copy in kept:
            shutil.copy(copy, each)
        damage(log, chance.randrange(log.stat().st_size))
        start_again(site)
        site.settle()
        assert site.wrong() == []


def start_again(site):
    """As an operator would: what refuses to start says what to do."""
    command = ("ledger", "reconcile", "--reason", "power lost", "--config", site.run.site.config)
    said = kakehashi("status", "--config", site.run.site.config)
    assert said.returncode == 0, said.stderr
    site.run.processes.restart("intake")
    intake = site.run.processes.running["intake"]
    starts = len(logged(site.run, "intake", "gateway.started"))
    eventually(
        lambda: intake.poll() is not None or len(logged(site.run, "intake", "gateway.started")) > starts, what="a start"
    )
    if intake.poll() is not None:
        assert "STO-006" in (site.run.site.logs / "intake.stderr").read_text()
        done = kakehashi(*command)
        assert done.returncode == 0, done.stderr
    site.run.store = open_store(site.run.configuration.gateway.store.url)


@pytest.mark.exam("E09")
@pytest.mark.timeout(300)
def test_a_page_damaged_under_working_processes_stops_them(site):
    """Who meets it ends with exit code 3 and STO-003 in its last words; nothing is sent from a broken ledger."""
    site.replace("intake")
    eventually(lambda: len(logged(site.run, "intake", "gateway.started")) == 2, what="the start")
    victim, path, sent = site.run.processes.running["intake"], ledger_of(site), site.run.server.account()["requests"]
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    _overwrite(path, 4096, b"\xff" * (path.stat().st_size - 4096))
    site.drop()
    eventually(lambda: victim.poll() is not None, what="the end of the process", seconds=60)
    assert victim.returncode == 3
    assert logged(site.run, "intake", "gateway.failed")[-1]["code"] == "STO-003"
    assert site.run.server.account()["requests"] == sent
