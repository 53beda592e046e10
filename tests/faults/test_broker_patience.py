"""Real gateway processes and a RabbitMQ that loses its patience or its trust: work that takes longer than heartbeat and
consumer_timeout, rights and passwords that change under a running gateway (exam E22, E23, E26).
"""

import contextlib
import time

import pytest
from tests.acceptance.watching import eventually
from tests.faults.broker_site import HEARTBEAT
from tests.tier import FULL

from kakehashi.domain.batch import BatchState
from kakehashi_simulators.legacy.tax import LANE

SLOW = 180 if FULL else 3 * HEARTBEAT
PATIENCE = 5 if FULL else 1
WATCHED = 60 if FULL else 5


@contextlib.contextmanager
def slow_server(troubled, seconds):
    """It answers so late, and the gateway waits for it."""
    config = troubled.run.site.config / "gateway.toml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("[server]\n", f"[server]\ntimeout_seconds = {seconds + 30}\n"), encoding="utf-8")
    troubled.replace("worker")
    troubled.run.server.set_faults(answer_delay_seconds=seconds)
    yield
    troubled.run.server.set_faults(answer_delay_seconds=0)
    config.write_text(text, encoding="utf-8")
    troubled.replace("worker")


def answered(troubled):
    """Whether all that was dropped has come in, and nothing of it is under way to the server any more."""
    store = troubled.run.store
    files = store.files(lane=LANE, most=100_000)
    states = {row.state for file in files for row in store.batches(file.id)}
    return len(files) == len(troubled.files) and states <= {BatchState.WAITING, BatchState.SETTLED}


@pytest.mark.exam("E22")
@pytest.mark.timeout(900 if FULL else 120)
def test_work_that_takes_longer_than_the_heartbeat_keeps_its_connection(troubled):
    """A server that takes three heartbeats and more for an answer: no new connection, no message comes again."""
    with troubled.judged() as begin, slow_server(troubled, SLOW):
        troubled.drop()
        eventually(lambda: BatchState.SENT in troubled.states(LANE), what="a request under way")
        connections = troubled.proxy.accepted
        eventually(lambda: answered(troubled), seconds=2 * SLOW + 30, what="its answers")
        assert troubled.proxy.accepted == connections
        assert not [event for event in troubled.told(begin) if event["event"].startswith("broker.")]
    assert max(troubled.attempts().values()) == 1


@pytest.mark.exam("E23")
@pytest.mark.timeout(900 if FULL else 120)
def test_a_broker_that_takes_work_back_from_a_slow_worker_gets_it_done_once(troubled):
    """consumer_timeout far shorter than the work: deliveries come again and again while the first is worked on. The
    batch is sent once, is not taken for one on which workers die, and its lane goes on.
    """
    with troubled.judged() as begin, slow_server(troubled, 6 * PATIENCE):
        set_patience(troubled.rabbit, tick=300, timeout=1000 * PATIENCE)
        try:
            for _ in range(2):
                troubled.drop()
            eventually(lambda: answered(troubled), seconds=40 * PATIENCE + 30, what="answers")
        finally:
            set_patience(troubled.rabbit, tick=60_000, timeout=1_800_000)
        assert not troubled.told(begin, "batch.parked")
    assert max(troubled.attempts().values()) == 1


def set_patience(rabbit, *, tick, timeout):
    rabbit.control(
        "eval",
        f"application:set_env(rabbit, channel_tick_interval, {tick}), "
        f"application:set_env(rabbit, consumer_timeout, {timeout}).",
    )


@pytest.mark.exam("E26")
@pytest.mark.timeout(600 if FULL else 180)
@pytest.mark.parametrize("what", ["rights", "password"] if FULL else ["rights"])
def test_a_gateway_that_is_not_let_in_any_more_says_so_and_does_not_knock_too_often(troubled, what, record_property):
    """Its rights, or its password, changed under load: BRK-004, all its connections together try at most once a second,
    and it goes on by itself when it is let in again. The password stands nowhere.
    """
    rabbit = troubled.rabbit
    away = {
        "rights": ("clear_permissions", "kakehashi"),
        "password": ("change_password", "kakehashi", "another"),
    }
    back = {
        "rights": ("set_permissions", "kakehashi", ".*", ".*", ".*"),
        "password": ("change_password", "kakehashi", rabbit.password),
    }
    with troubled.judged() as begin:
        troubled.drop()
        rabbit.control(*away[what])
        troubled.proxy.cut()
        try:
            troubled.drop()
            troubled.until_told("broker.unavailable", begin, code="BRK-004")
            tries = troubled.proxy.accepted
            time.sleep(WATCHED)
            tries = troubled.proxy.accepted - tries
        finally:
            rabbit.control(*back[what])
        troubled.drop()
    record_property("tries", tries)
    assert tries <= WATCHED
    logs = b"".join(path.read_bytes() for path in troubled.run.site.logs.iterdir())
    assert rabbit.password.encode() not in logs
