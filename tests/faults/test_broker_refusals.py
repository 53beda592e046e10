"""Real gateway processes, and a RabbitMQ that is there but does not do what they ask.

Alarms, queues that are full, deleted, or of the wrong kind, rights that are gone, messages of strangers.
"""

import json
import signal
import time

import pytest
from tests.acceptance.watching import eventually, kakehashi
from tests.faults.broker_site import DEAD, DELAY, NEW, WORK
from tests.services.rabbitmq import connection
from tests.tier import FULL

from kakehashi.domain.batch import BatchState
from kakehashi_simulators.legacy.tax import LANE

OTHER = "registry-household"
SHOWN_SECONDS = 35
RESUMED_SECONDS = 10
LARGEST = (128 << 20) - 1 if FULL else 1 << 20
"""RabbitMQ 3.10 takes no more in one message."""


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
    """Shown as BRK-003 within 35 s; files stay in their folder. The worker goes on: what stands in the queue is sent,
    once each, although what follows cannot be published. All of it goes on within 10 s after the alarm.
    """
    begin_alarm, end_alarm = alarm
    worker = troubled.run.processes.running["worker"]
    with troubled.judged():
        worker.send_signal(signal.SIGSTOP)
        for _ in range(6):
            troubled.drop()
        begin = time.time()
        eventually(lambda: not set(troubled.files) & {path.name for path in waiting(troubled)}, what="intake")
        eventually(lambda: BatchState.NEW not in troubled.states(LANE), what="a queue with work")
        queued = troubled.attempts().keys()
        alarmed = time.time()
        troubled.run.server.set_faults(answer_delay_seconds=2.0)  # who wakes reads of the alarm before it can publish
        begin_alarm()
        command = time.time() - alarmed  # rabbitmqctl takes long on a busy machine
        worker.send_signal(signal.SIGCONT)
        troubled.drop()
        shown = troubled.until_told("broker.unavailable", alarmed, seconds=60, code="BRK-003") - command
        went_on = time.time()
        eventually(lambda: all(troubled.attempts()[row] == 1 for row in queued), what="every batch at the server")
        eventually(lambda: troubled.messages(WORK) == 0, what="an empty queue, nothing of it in hand")
        went_on = time.time() - went_on
        troubled.drop()
        time.sleep(300 if FULL else 0)
        codes = {row["check"]: row["code"] for row in rows("ready", troubled, status=3)}
        assert (codes["ledger"], codes["spool"], codes["broker"], codes["queues"]) == (None, None, "BRK-003", None)
        assert codes["consumers"] is None
        assert (troubled.run.drop_folder(LANE) / max(troubled.files)).exists()
        assert not troubled.told(begin, "batch.settled"), "nothing had to be published"
        troubled.run.server.set_faults(answer_delay_seconds=0)
        end_alarm()
        resumed = troubled.rest()
        assert {row["ready"] for row in rows("ready", troubled)} == {"yes"}
    for name, value in (("shown", shown), ("went_on", went_on), ("resumed", resumed)):
        record_property(name, value)
    assert shown <= SHOWN_SECONDS
    assert resumed <= RESUMED_SECONDS
    assert max(troubled.attempts().values()) == 1


def waiting(troubled):
    """The files that nobody has taken in."""
    return troubled.run.drop_folder(LANE).iterdir()


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
    when there is room; the batches of another lane get through meanwhile. What comes in one burst may pass the limit.
    """

    def refused(begin):
        return [e for e in troubled.told(begin, "lane.unavailable") if (e["code"], e["lane"]) == ("BRK-008", LANE)]

    worker = troubled.run.processes.running["worker"]
    with troubled.judged() as begin:
        lift = limited(NEW, 2)
        worker.send_signal(signal.SIGSTOP)
        try:
            tries = troubled.proxy.accepted
            for _ in range(10):  # beyond what the worker has been sent ahead
                troubled.drop()
            eventually(lambda: troubled.drop() or refused(begin), every=0.5, what="the refusal")
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
    """Any bytes, no headers, 128 MB: told with BRK-006 and moved aside; the dead queue is made again when it is gone.
    Operators see them by lane and cause, and give them up with a reason.
    """
    garbage = [b"", bytes(range(256)) * 40, b"{}", bytes(LARGEST)]
    with troubled.judged(expected={"message.buried", "broker.unavailable"}):
        troubled.rabbit.control("delete_queue", DEAD)
        with connection(troubled.rabbit.url) as client:
            for body in garbage:
                client.channel().basic_publish("", WORK, body)
            troubled.drop()
        eventually(lambda: troubled.messages(DEAD) == len(garbage), what="the dead letters")
    config = ("--config", troubled.run.site.config, "--json")
    told = {"lane": LANE, "code": "BRK-006", "letters": 4, "bytes": sum(map(len, garbage))}
    for command in (("status",), ("parked", "list")):
        (row,) = letters(command, troubled)
        assert told.items() <= row.items()
        assert row["what_to_do"]
    discard = ("parked", "discard", "--letters", "--lane", LANE, "--cause", "BRK-006", "--reason", "strangers", *config)
    assert json.loads(kakehashi(*discard, "--dry-run").stdout) == {"dry_run": 4}
    assert json.loads(kakehashi(*discard, "--yes").stdout) == {"discarded": 4}
    assert json.loads(kakehashi(*discard, "--yes").stdout) == {"discarded": 0}
    assert letters(("parked", "list"), troubled) == []
    order = json.loads(kakehashi("parked", "orders", *config).stdout.splitlines()[-1])
    assert (order["action"], order["done"], order["reason"], order["state"]) == ("letters", 4, "strangers", "done")


def letters(command, site):
    """The rows about dead letters."""
    done = kakehashi(*command, "--config", site.run.site.config, "--json")
    assert done.returncode == 0, done
    return [row for row in map(json.loads, done.stdout.splitlines()) if "letters" in row]
