"""A thousand refused records, sent again by two operators at once and once more: everything once, and who and why.

The seed makes the same persons and records again.
"""

import json
import os
import subprocess
import sys
import time
from collections import Counter

import pytest
from tests.acceptance.watching import eventually, kakehashi, links_settled, logged, settled
from tests.tier import FULL

from kakehashi.domain.batch import RecordState
from kakehashi.domain.redrive import OrderState
from kakehashi_simulators.demo.run import started

LANE = "tax-levy"
SEED = 20261131
RECORDS = 1000 if FULL else 240
SCALE = RECORDS / 1200
SMALL = "\n[redrive]\nwaiting = 120\n"


def order(run, reason, *arguments):
    """`kakehashi parked retry` of the whole cause, as a process of its own that is not waited for."""
    command = [sys.executable, "-m", "kakehashi", "parked", "retry", "--cause", "IDN-001", "--lane", LANE, "--json"]
    command += ["--config", str(run.site.config), "--reason", reason, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ, text=True)


def answers(process):
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return [json.loads(line) for line in out.splitlines()]


def refuse_all(run):
    """The lane's file before anybody is linked; then everybody is."""
    run.drop([sample for sample in run.manifest.lane(LANE) if sample.good])
    settled(run)
    links_settled(run)
    return [row.id for row in run.store.exceptions(lane=LANE, code="IDN-001", most=100_000)]


def done(run):
    return sum(order.done for order in run.store.orders())


def slowly_and_stopped(run):
    """Five a second are five a second on the real scheduler; then an operator stops the order. Its count."""
    (answer,) = answers(order(run, "slowly", "--yes", "--rate", "5"))
    assert answer["per_second"] == 5
    eventually(lambda: done(run) > 0, what="the first step")
    began, first = time.monotonic(), done(run)
    time.sleep(2)
    taken, elapsed = done(run) - first, time.monotonic() - began
    assert 0 < taken <= 5 * (elapsed + 1)
    stop = ("parked", "stop", answer["order"], "--reason", "enough", "--config", run.site.config)
    assert [kakehashi(*stop).returncode for _ in range(2)] == [0, 1]
    listed = kakehashi("parked", "orders", "--json", "--config", run.site.config).stdout
    (row,) = map(json.loads, listed.splitlines())
    assert (row["state"], row["done"], row["stop_reason"], row["reason"]) == ("stopped", done(run), "enough", "slowly")
    return row["done"]


def both_at_once_and_killed(run, records):
    """Two commands at the same time; kill -9 of the scheduler and of the worker while their orders are carried out."""
    both = [order(run, f"linked, says {who}", "--yes", "--rate", "400") for who in ("ito", "abe")]
    placed = sorted(answer["order"] for process in both for answer in answers(process))
    assert placed == ["O2", "O3"]
    for victim, share in (("intake", 0.3), ("worker", 0.6)):
        eventually(lambda share=share: done(run) > share * records, what="a part of the orders")
        run.processes.kill(victim)
        assert done(run) < records
        run.processes.restart(victim)
    eventually(lambda: not run.store.orders(state=OrderState.OPEN), seconds=120, what="the orders")
    settled(run)


@pytest.mark.timeout(300)
@pytest.mark.exam("E31")
def test_a_thousand_records_ordered_twice_at_once_and_killed_meanwhile_go_out_once(tmp_path):
    """An order that is stopped, two at the same time with kill -9 in between, a fourth command: every record is applied
    once and has one decision with its actor and reason; the result is written once, at the end.
    """
    with started(tmp_path / "site", seed=SEED, scale=SCALE, faults=False, extra=SMALL, result_delay_seconds=0.1) as run:
        refused = refuse_all(run)
        assert len(refused) >= RECORDS
        *_, told = answers(order(run, "rehearsal", "--dry-run"))
        assert (told["dry_run"], told["examined"]) == (len(refused), min(1000, len(refused)))
        assert run.store.orders() == []
        assert 0 < slowly_and_stopped(run) < len(refused)
        both_at_once_and_killed(run, len(refused))
        assert answers(order(run, "once more", "--yes")) == []

        assert done(run) == len(refused)
        assert {row.state for row in run.store.exceptions(lane=LANE, most=100_000)} == {RecordState.RETRIED}
        (counts,) = [counts for counts in run.store.counts() if counts.lane == LANE]
        assert (counts.accepted, counts.refused, counts.waiting) == (len(refused), 0, 0)
        account = run.server.account()
        assert account["twice"] == account["conflicts"] == 0
        effects = Counter((e["person"], e["info"], e["unit"], e["sequence"]) for e in run.server.effects())
        assert len(effects) == len(refused)
        assert set(effects.values()) == {1}

        (file,) = run.store.files(lane=LANE)
        decisions = run.store.decisions(file.id)
        assert sorted(decision.exception_id for decision in decisions) == refused
        given = {row.id: (row.actor, row.reason) for row in run.store.orders()}
        assert all((d.action, d.actor, d.reason) == ("redrive", *given[d.order_id]) for d in decisions)
        returned = [event for event in logged(run, "intake", "file.returned") if event["file_id"] == file.id]
        assert [event["accepted"] for event in returned][:: len(returned) - 1] == [0, len(refused)]
        assert len(returned) <= 3  # before, after the order that was stopped, at the end
