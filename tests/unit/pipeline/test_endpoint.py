"""The server as all lanes share it: who is held, who probes, how fast it goes on, and what the ledger is told."""

import itertools
from collections import Counter
from datetime import time, timedelta

import pytest

from kakehashi.domain.breaker import BreakerRow, BreakerState
from kakehashi.errors import OutcomeUnknown, ServerRefused, ServerUnreachable, StoreUnavailable
from kakehashi.interface.service import ServiceHours, special_time
from kakehashi.pipeline.breaker import BreakerRule
from kakehashi.pipeline.endpoint import Endpoint, EndpointRules, Hold, Pass
from kakehashi.testing.memory_clock import MemoryClock

ALWAYS = ServiceHours(open=time(0), close=None, days=frozenset(range(7)))
SECOND = timedelta(seconds=1)


class Bench:
    """An endpoint on a clock that is moved by hand; `told` is what the ledger would hear."""

    def __init__(self, *, known=(), service=ALWAYS, **rules):
        self.clock = MemoryClock()
        self.told = []
        rules = EndpointRules(breaker=BreakerRule(failures=3), connections=4) if not rules else EndpointRules(**rules)
        self.endpoint = Endpoint(None, self.clock, service, rules, changed=self.told.append, known=known)

    def exchange(self, lane="tax", error=None):
        def call():
            if error is not None:
                raise error

        try:
            self.endpoint.exchange(lane, call)
        except type(error):
            return

    def send(self, lane="tax", error=None, retry=False):
        """A whole step of a batch; its hold, when it may not go."""
        passed = self.endpoint.enter(lane, retry=retry)
        if isinstance(passed, Hold):
            return passed
        self.exchange(lane, error)
        self.endpoint.leave(passed)
        return None

    def fail(self, times, lane="tax", error=None):
        for _ in range(times):
            assert self.send(lane, error or ServerUnreachable()) is None

    def later(self, seconds):
        self.clock.advance(seconds * SECOND)

    @property
    def states(self):
        return [(row.name, row.state.value) for row in self.told]


@pytest.fixture
def bench():
    return Bench()


def test_failures_in_a_row_open_it_and_a_success_between_them_does_not(bench):
    """The third failure in a row holds everything; two, a success and two more hold nothing."""
    bench.fail(2)
    assert bench.send() is None
    bench.fail(2)
    assert bench.told == []
    bench.fail(1)
    assert bench.states == [("*", "open")]
    assert bench.told[0].code == "SRV-002"
    held = bench.send("welfare")
    assert held.code == "SRV-013"
    assert held.after > timedelta(0)


def test_one_probe_at_a_time_goes_while_it_is_not_closed(bench):
    """After the pause one batch may go; the others wait until it is known how that one fared."""
    bench.fail(3)
    bench.later(1)
    probe = bench.endpoint.enter("tax", retry=False)
    assert isinstance(probe, Pass)
    assert isinstance(bench.endpoint.enter("welfare", retry=False), Hold)
    bench.exchange("tax", ServerUnreachable())
    bench.endpoint.leave(probe)
    assert isinstance(bench.endpoint.enter("welfare", retry=False), Hold)
    bench.later(2)
    assert bench.send("welfare") is None
    assert bench.states[-1] == ("*", "closed")
    assert bench.send("tax") is None


def test_a_probe_that_sends_nothing_lets_the_next_one_go(bench):
    """A batch whose records are all refused before sending says nothing about the server."""
    bench.fail(3)
    bench.later(1)
    probe = bench.endpoint.enter("tax", retry=False)
    bench.endpoint.leave(probe)
    assert isinstance(bench.endpoint.enter("welfare", retry=False), Pass)


def test_probes_become_rarer_but_never_rarer_than_the_longest_pause(bench):
    """Half an hour of outage: at most a probe every fifteen seconds in the long run, at least one in thirty."""
    bench.fail(3)
    probes = []
    for second in range(1800):
        bench.later(1)
        if bench.send(error=ServerUnreachable()) is None:
            probes.append(second)
    gaps = [later - earlier for earlier, later in itertools.pairwise(probes)]
    assert max(gaps) <= 31
    assert min(gaps[8:]) >= 15
    assert 60 <= len(probes) <= 130


def test_a_batch_is_held_for_longer_the_longer_the_outage_lasts(bench):
    """What is held comes back after half the outage, ten minutes at most: it is not carried round and round."""
    bench.fail(3)
    holds = []
    for _ in range(30):
        held = bench.send(error=ServerUnreachable())
        if held is None:
            bench.later(0)
            held = bench.send()
        holds.append(held.after)
        bench.later(held.after.total_seconds())
    assert max(holds) <= timedelta(minutes=10, seconds=30)
    assert len(holds) == 30
    assert bench.told[0].since + timedelta(hours=2) < bench.clock.now()


def test_a_clock_that_is_set_back_holds_nothing_for_ever(bench):
    """The pause counts from a time in the future: the probe goes at once."""
    bench.fail(3)
    bench.later(-86_400)
    assert bench.send() is None


def test_a_lane_whose_messages_time_out_holds_itself_only(bench):
    """Time-outs of one lane may be its messages' fault: another lane goes on, and proves the server is there."""
    bench.fail(3, "slow", OutcomeUnknown())
    assert bench.states == [("slow", "open")]
    assert isinstance(bench.send("slow"), Hold)
    assert bench.send("tax") is None


def test_time_outs_of_two_lanes_are_the_servers(bench):
    """Nobody is answered: the endpoint opens, so that the third lane does not try."""
    bench.fail(2, "slow", OutcomeUnknown())
    bench.fail(3, "tax", OutcomeUnknown())
    assert ("*", "open") in bench.states
    assert isinstance(bench.send("welfare"), Hold)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_status_about_one_message_opens_nothing(bench, status):
    """Who says what is wrong with a message is there."""
    bench.fail(10, error=ServerRefused(status=status))
    assert bench.told == []


@pytest.mark.parametrize("status", [403, 404, 500, 502, 503, 504])
def test_a_status_of_whoever_stands_before_the_server_opens_it(bench, status):
    """A proxy that lets nobody through is asked now and then, not by every batch."""
    bench.fail(3, error=ServerRefused(status=status))
    assert bench.states == [("*", "open")]


@pytest.mark.parametrize(("asked", "held"), [(7, 7), (3600, 3600), (86_400, 3600)])
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured_by_all_lanes_up_to_an_hour(bench, status, asked, held):
    """Nothing goes before the time that the server has named; a day is taken for an hour."""
    bench.fail(1, error=ServerRefused(status=status, retry_after=asked))
    assert bench.send("welfare").after == timedelta(seconds=held)
    bench.later(held - 1)
    assert isinstance(bench.send("tax"), Hold)
    bench.later(1)
    assert bench.send("tax") is None


@pytest.mark.parametrize("probes", [0, 120])
def test_after_an_outage_the_rate_grows_and_is_never_twice_the_usual(bench, probes):
    """Before: 20 a second in the busiest seconds. After: at most 10, then 20, then 40, and no more while any waits. So
    also after hours in which nothing but probes was sent.
    """
    for _ in range(15):
        for _ in range(20):
            assert bench.send() is None
        bench.later(1)
    bench.fail(3)
    for _ in range(probes):
        bench.later(90)
        bench.send(error=ServerUnreachable())
    bench.later(90)
    begin = bench.clock.now()
    seen = Counter()
    for _ in range(1500):
        assert bench.send() is None
        seen[int((bench.clock.now() - begin) / SECOND)] += 1
    by_second = [seen[second] for second in range(40)]
    assert max(by_second[:5]) <= 11
    assert max(by_second[5:10]) <= 21
    assert max(by_second) <= 41
    assert sum(by_second[20:30]) >= 390


def test_the_slow_start_ends_when_nobody_has_to_wait(bench):
    """Ten seconds without a queue: the limit is gone."""
    bench.fail(3)
    bench.later(30)
    for _ in range(3):
        assert bench.send() is None
    bench.later(11)
    bench.clock.slept.clear()
    for _ in range(100):
        assert bench.send() is None
    assert bench.clock.slept == []


@pytest.mark.parametrize("rate", [0.5, 5, 50])
def test_the_configured_rate_is_never_exceeded(rate):
    """Requests that come at once go evenly: no second holds more than the rate."""
    bench = Bench(requests_per_second=rate, connections=4)
    times = []
    for _ in range(200):
        assert bench.send() is None
        times.append(bench.clock.now())
    per = timedelta(seconds=max(1, 1 / rate))
    most = max(sum(begin <= at < begin + per for at in times) for begin in times)
    assert most <= max(rate, 1)


def test_retries_are_a_tenth_of_the_sends():
    """A lane whose sends all fail for reasons of their own may repeat a tenth of them a minute, and a few at least."""
    bench = Bench(retry_percent=10, retries_least=5)
    for _ in range(200):
        assert bench.send() is None
    granted = sum(bench.send(retry=True) is None for _ in range(100))
    assert 20 <= granted <= 23
    assert bench.send(retry=True).code == "SRV-014"
    assert bench.send("welfare", retry=True) is None
    bench.later(61)
    assert sum(bench.send(retry=True) is None for _ in range(100)) == 5


def test_closed_hours_hold_until_they_open_and_then_go_slowly():
    """計画停止: nothing goes, nobody counts; when it ends the rate grows as after an outage."""
    start = MemoryClock().now()
    window = special_time(
        "maintenance", start.strftime("%Y-%m-%dT%H:%M"), (start + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M")
    )
    bench = Bench(service=ServiceHours(open=time(0), close=None, days=frozenset(range(7)), calendar=[window]))
    held = bench.send()
    assert (held.code, held.after) == ("SRV-010", timedelta(hours=3))
    bench.later(3 * 3600)
    begin = bench.clock.now()
    for _ in range(20):
        assert bench.send() is None
    assert bench.clock.now() - begin >= 5 * SECOND


def test_a_new_process_goes_on_where_the_old_one_stood():
    """The ledger says open: one probe first, and no crowd behind it."""
    opened = BreakerRow(name="*", state=BreakerState.HALF_OPEN, since=MemoryClock().now(), code="SRV-002")
    bench = Bench(known=[opened])
    probe = bench.endpoint.enter("tax", retry=False)
    assert isinstance(probe, Pass)
    assert isinstance(bench.endpoint.enter("tax", retry=False), Hold)
    bench.exchange("tax")
    assert bench.states == [("*", "half-open"), ("*", "closed")]


def test_what_the_ledger_could_not_be_told_is_told_later(bench):
    """A store in trouble changes nothing about the breaker, and hears of it when it is back."""
    refuse = [StoreUnavailable()]

    def changed(row):
        if refuse:
            raise refuse.pop()
        bench.told.append(row)

    bench.endpoint._changed = changed
    bench.fail(3)
    assert bench.told == []
    assert isinstance(bench.send(), Hold)
    bench.later(1)
    assert bench.send() is None
    assert bench.states == [("*", "open"), ("*", "half-open"), ("*", "closed")]
