"""Real gateway processes, and a RabbitMQ that is there but does not do what they ask.

Alarms, queues that are full, deleted, or of the wrong kind, rights that are gone, messages of strangers.
"""

import json
import signal
import time

import pytest
from tests.acceptance.watching import eventually, kakehashi
from tests.faults.broker_site import BLOCKED_AFTER, DEAD, DELAY, NEW, WORK
from tests.services.rabbitmq import connection
from tests.tier import FULL

from kakehashi.domain.batch import BatchState
from kakehashi_simulators.legacy.tax import LANE

OTHER = "registry-household"
SHOWN_SECONDS = 35
RESUMED_SECONDS = 10


def rows(command, site, *options, status=0):
    """What the command answers, as objects."""
    done = kakehashi(command, *options, "--config", site.run.site.config, "--json")
    assert done.returncode == status, done
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(params=["memory", "disk"] if FULL else ["disk"])
def alarm(request, troubled):
    """(raise it, clear it)"""
    commands = {
        "memory": ("set_vm_memory_high_watermark", "0.00001", "0.4"),
        "disk": ("set_disk_free_limit", "900000GB", "50MB"),
    }
    name, low, high = commands[request.param]
    yield lambda: troubled.rabbit.control(name, low), lambda: troubled.rabbit.control(name, high)
    troubled.rabbit.control(name, high)


@pytest.mark.exam("E18", "E19")
@pytest.mark.timeout(600)
def test_an_alarm_of_the_broker_is_shown_and_costs_no_attempt(troubled, alarm, record_property):
    """Shown as BRK-003 within 35 s; files stay in their folder, nothing counts as tried; all of it goes on within 10 s
    after the alarm. A worker whose next step must be published takes nothing more until then.
    """
    begin_alarm, end_alarm = alarm
    with troubled.judged():
        troubled.run.server.set_faults(answer_delay_seconds=2 * BLOCKED_AFTER + 2)
        troubled.drop()
        eventually(lambda: any(not lane.adds_up or lane.waiting for lane in troubled.run.counts()), what="work")
        time.sleep(1)
        alarmed = time.time()
        begin_alarm()
        troubled.drop()
        shown = troubled.until_told("broker.unavailable", alarmed, seconds=60, code="BRK-003")
        time.sleep(300 if FULL else 1)
        troubled.drop()
        codes = {row["check"]: row["code"] for row in rows("ready", troubled, status=3)}
        assert (codes["ledger"], codes["spool"], codes["broker"], codes["queues"]) == (None, None, "BRK-003", None)
        assert (troubled.run.drop_folder(LANE) / max(troubled.files)).exists()
        troubled.run.server.set_faults(answer_delay_seconds=0)
        end_alarm()
        resumed = troubled.rest()
        assert {row["ready"] for row in rows("ready", troubled)} == {"yes"}
    record_property("shown", shown)
    record_property("resumed", resumed)
    assert shown <= SHOWN_SECONDS
    assert resumed <= RESUMED_SECONDS
    assert max(troubled.attempts().values()) == 1


@pytest.mark.exam("E20", "E24")
def test_a_queue_that_is_deleted_at_run_time_is_told_and_made_again(troubled):
    """Each queue that a batch goes through, with one in hand: told with BRK-005, made again, and consumed again."""
    with troubled.judged() as begin:
        for queue in (NEW, WORK, DELAY):
            troubled.drop()
            troubled.rabbit.control("delete_queue", queue)
            troubled.drop()
            troubled.rest()
        told = {event["code"] for event in troubled.told(begin) if event["event"].endswith("unavailable")}
        assert told == {"BRK-005"}
    eventually(lambda: troubled.messages(NEW) == troubled.messages(WORK) == 0, what="empty queues")


@pytest.fixture
def limited(troubled):
    """Gives queues a limit at which they refuse; takes it away again, at the latest afterwards."""

    def limit(queue, messages):
        arguments = f'{{"max-length":{messages}}}'
        troubled.rabbit.control("set_policy", "full", f"^{queue}$", arguments, "--apply-to", "queues")
        return lift

    def lift():
        if "full" in troubled.rabbit.control("list_policies"):
            troubled.rabbit.control("clear_policy", "full")

    yield limit
    lift()


@pytest.mark.exam("E21")
def test_a_full_work_queue_is_its_lanes_trouble(troubled, limited):
    """It refuses while no worker takes anything: told for its lane, tried with growing pauses, and it goes on by itself
    when there is room; the batches of another lane get through meanwhile.
    """
    worker = troubled.run.processes.running["worker"]
    with troubled.judged() as begin:
        lift = limited(NEW, 2)
        worker.send_signal(signal.SIGSTOP)
        try:
            tries = troubled.proxy.accepted
            for _ in range(10):  # beyond what the worker has been sent ahead
                troubled.drop()
            troubled.until_told("lane.unavailable", begin, code="BRK-008", lane=LANE)
            troubled.drop_sample(OTHER)
            eventually(lambda: troubled.states(OTHER) == {BatchState.QUEUED}, what="the other lane's batches")
            time.sleep(20 if FULL else 4)
            tries = troubled.proxy.accepted - tries
        finally:
            worker.send_signal(signal.SIGCONT)
        troubled.rest()
        lift()
    assert tries < (10 if FULL else 8)


@pytest.mark.exam("E21")
def test_a_full_delay_queue_only_delays(troubled, limited):
    """What should wait in it is acknowledged and published again from the ledger when it is overdue."""
    with troubled.judged() as begin:
        lift = limited(DELAY, 0)
        troubled.drop()
        troubled.until_told("lane.unavailable", begin, code="BRK-008", lane=LANE)
        lift()
        troubled.rest()
        assert troubled.told(begin, "batch.republished")


@pytest.mark.exam("E25")
def test_a_queue_of_another_kind_refuses_the_start_and_is_named(troubled):
    """One try, exit code 1 and BRK-004 with the queue; `topology --check` names the argument and makes nothing."""
    assert {row["code"] for row in rows("topology", troubled, "--check")} == {None}
    worker = troubled.run.processes
    with troubled.judged():
        for process in ("worker", "intake"):
            worker.kill(process)
        with connection(troubled.rabbit.url) as client:
            channel = client.channel()
            channel.queue_delete(DELAY)
            channel.queue_declare(DELAY, durable=True)
        wrong = [row for row in rows("topology", troubled, "--check", status=1) if row["code"]]
        ((queue, code, argument),) = [(row["queue"], row["code"], row["argument"]) for row in wrong]
        assert (queue, code, argument[:2]) == (DELAY, "BRK-004", "x-")  # the first of several that the broker names
        begun = time.monotonic()
        started = kakehashi("run", "--role", "worker", "--config", troubled.run.site.config)
        assert (started.returncode, "BRK-004" in started.stderr, DELAY in started.stderr) == (1, True, True)
        assert "Traceback" not in started.stderr
        assert time.monotonic() - begun < 30
        with connection(troubled.rabbit.url) as client:
            client.channel().queue_delete(DELAY)
        for process in ("worker", "intake"):
            worker.restart(process)
        troubled.drop()


@pytest.mark.exam("E29", "E30")
def test_a_strangers_message_is_buried_also_where_the_dead_queue_is_missing(troubled):
    """Any bytes, no headers: told with BRK-006 and moved aside; the dead queue is made again when it is gone."""
    garbage = [b"", bytes(range(256)) * 40, b"{}", bytes(64 << 20 if FULL else 1 << 20)]
    with troubled.judged(expected={"message.buried", "broker.unavailable"}):
        troubled.rabbit.control("delete_queue", DEAD)
        with connection(troubled.rabbit.url) as client:
            for body in garbage:
                client.channel().basic_publish("", WORK, body)
            troubled.drop()
        eventually(lambda: troubled.messages(DEAD) == len(garbage), what="the dead letters")
