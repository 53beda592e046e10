"""Real gateway processes, and a RabbitMQ that dies, restarts, freezes, or stands behind a wire that breaks.

One site goes through all of it. The full tier has the exam's numbers and the defaults of a deployment.
"""

import random
import signal
import time

import pytest
from tests.acceptance.watching import eventually
from tests.faults.broker_site import HEARTBEAT, NEW
from tests.faults.site import SEED
from tests.faults.strikes import Strikes, kill_broker, restart_broker
from tests.tier import FULL

RECOVERY_SECONDS = 15
LOOK = 1.0
"""A pause of the gateway's loops, the delay of its log, and this machine's."""


def most_silence():
    """How long a dead wire may go unnoticed: two heartbeats."""
    return 2 * HEARTBEAT + LOOK


@pytest.mark.exam("E03")
@pytest.mark.timeout(1200 if FULL else 120)
def test_a_killed_broker_costs_seconds(troubled, record_property):
    """Kill -9 under load, 20 times: everything is settled within 15 s after the broker is up again."""
    took = []
    with troubled.judged(expected={"broker.unavailable"}):
        for _ in range(20 if FULL else 1):
            for _ in range(3):
                troubled.drop()
            kill_broker(troubled.rabbit)
            troubled.drop()
            took.append(troubled.rest())
    record_property("recovery", took)
    assert max(took) <= RECOVERY_SECONDS, took


@pytest.mark.exam("E04")
def test_a_restart_in_good_order_is_no_incident(troubled, record_property):
    """stop_app and start_app under load: told once in five seconds at most, and nothing else happens."""
    with troubled.judged():
        for _ in range(5 if FULL else 1):
            troubled.drop()
            restart_broker(troubled.rabbit)
            troubled.drop()
            record_property("recovery", troubled.rest())


@pytest.mark.exam("E14")
@pytest.mark.timeout(300)
def test_a_frozen_broker_is_noticed_in_two_heartbeats(troubled, record_property):
    """SIGSTOP of the broker: told within two heartbeats, and everything goes on when it does."""
    troubled.drop()
    troubled.rest()
    troubled.listen()
    with troubled.judged() as begin:
        troubled.rabbit.signal(signal.SIGSTOP)
        try:
            troubled.drop()
            noticed = troubled.until_told("broker.unavailable", begin, seconds=2 * most_silence())
            time.sleep(max(0.0, (90 if FULL else 6) - noticed))
        finally:
            troubled.rabbit.signal(signal.SIGCONT)
    record_property("noticed", noticed)
    assert noticed <= most_silence()


@pytest.mark.exam("E15")
@pytest.mark.timeout(1800)
def test_a_cut_at_any_byte_loses_and_repeats_nothing(troubled):
    """Connections are reset in the middle of a random byte of either direction, 200 times, while work comes in."""
    dice = random.Random(SEED)
    proxy = troubled.proxy
    with troubled.judged():
        for turn in range(200 if FULL else 15):
            before = proxy.cuts
            cut = proxy.cut_after if turn % 2 else proxy.cut_answers_after
            cut(dice.randrange(1, 12_000))
            while proxy.cuts == before:
                troubled.drop()
                time.sleep(0.2)


@pytest.mark.exam("E16")
@pytest.mark.timeout(400)
def test_a_half_open_wire_is_noticed_in_two_heartbeats(troubled, record_property):
    """Nothing arrives and nothing is closed: told within two heartbeats; what was swallowed is published again."""
    troubled.listen()
    with troubled.judged() as begin:
        troubled.proxy.silent = True
        troubled.drop()
        noticed = troubled.until_told("broker.unavailable", begin, seconds=2 * most_silence())
        time.sleep(HEARTBEAT)
    record_property("noticed", noticed)
    assert noticed <= most_silence()


@pytest.mark.exam("E22")
def test_an_answer_slower_than_the_heartbeat_costs_no_connection(troubled):
    """The server takes several heartbeats for each answer: nothing is told of the broker, nothing is tried twice."""
    with troubled.judged() as begin:
        slow = min(4 * HEARTBEAT, 28)  # shorter than the patience with the server
        troubled.run.server.set_faults(answer_delay_seconds=slow)
        troubled.drop()
        time.sleep(slow)
        troubled.run.server.set_faults(answer_delay_seconds=0)
        troubled.rest()
        assert troubled.told(begin, "broker.unavailable") == []
    assert max(troubled.attempts().values()) == 1


@pytest.mark.exam("E17")
@pytest.mark.timeout(400)
def test_a_lost_confirm_repeats_nothing(troubled):
    """What the broker took but could not confirm is published again under its id, and applied once."""
    with troubled.judged() as begin:
        troubled.proxy.mute = True
        troubled.drop()
        eventually(lambda: troubled.messages(NEW), what="a message that nobody confirmed")
        troubled.until_told("broker.unavailable", begin, seconds=2 * most_silence())
        assert troubled.messages(NEW) > 0, "nothing had landed"


@pytest.mark.exam("E27")
@pytest.mark.timeout(900)
def test_a_refused_connection_costs_neither_memory_nor_log(troubled, record_property):
    """No connection for ten minutes: a line in five seconds, a try in a while, no more memory than before."""
    seconds = 600 if FULL else 8
    before = troubled.memory()
    with troubled.judged(expected={"broker.unavailable", "broker.recovered"}):
        troubled.proxy.refuse = True
        troubled.proxy.cut()
        tries = troubled.proxy.accepted
        troubled.drop()
        time.sleep(seconds)
        tries = troubled.proxy.accepted - tries
        grown = {name: size - before[name] for name, size in troubled.memory().items()}
    record_property("grown", grown)
    record_property("tries", tries)
    assert max(grown.values()) < 8 << 20
    assert tries <= 4 * seconds


@pytest.mark.exam("E05")
@pytest.mark.timeout(2400 if FULL else 200)
def test_random_strikes_at_all_parts_lose_repeat_and_reorder_nothing(troubled, record_property):
    """Work comes in while a seed strikes at worker, intake, broker and wire: the books agree when it is over."""
    strikes = Strikes(troubled.run, seed=SEED, broker=troubled.rabbit, proxy=troubled.proxy)
    with troubled.judged():
        strikes.strike_for(1800 if FULL else 6, between=troubled.drop)
    record_property("strikes", dict(strikes.counts()))
