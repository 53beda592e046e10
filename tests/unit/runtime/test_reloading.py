"""The turn of the day in a running gateway: at 00:00 the rows of the new day come into force by themselves."""

import shutil
import time
from datetime import date, datetime, timedelta, timezone
from queue import SimpleQueue
from threading import Thread

import pytest
from tests.acceptance.watching import eventually
from tests.unit.pipeline.conftest import ROOT, House

from kakehashi.config.loader import load
from kakehashi.errors import ConfigurationError, Fault
from kakehashi.runtime.reloading import Reloading, Wish

JAPAN = timezone(timedelta(hours=9))
EVE, NEW_YEAR = date(2027, 12, 31), date(2028, 1, 1)


class Running:
    """A clock that goes at the pace of the machine's, from an instant that we choose."""

    def __init__(self, start):
        self.start, self.begun = start, time.monotonic()

    def now(self):
        return self.start + timedelta(seconds=time.monotonic() - self.begun)


@pytest.fixture
def house(tmp_path):
    shutil.copytree(ROOT / "config", tmp_path / "config")
    made = House(tmp_path, "tax-levy", tmp_path / "config")
    yield made
    made.close()


def gateway_of(house, day):
    made = house.gateway
    made.configuration = load(house.configuration.folder, as_of=day)
    return made


def run_over(house, start, again):
    """Runs a gateway of the eve without roles; returns its wishes and what makes it end."""
    gateway, wishes = gateway_of(house, EVE), SimpleQueue()
    gateway.clock = Running(start)
    reloading = Reloading(roles=(), wishes=wishes, again=again)
    thread = Thread(target=reloading.run, args=(gateway,))
    thread.start()

    def end():
        wishes.put(Wish.STOP)
        thread.join(20)
        assert not thread.is_alive()

    return end


def test_a_new_day_brings_its_rows_at_midnight(house):
    """Not before 00:00 in Japan, once, and without a signal."""
    opened = []

    def again():
        opened.append(house.gateway.clock.now())
        return gateway_of(house, opened[-1].date())

    end = run_over(house, datetime(2027, 12, 31, 23, 59, 59, 500_000, JAPAN), again)
    eventually(lambda: house.recorder.named("configuration.reloaded"), what="the new day")
    time.sleep(0.2)
    end()
    assert [moment.date() for moment in opened] == [NEW_YEAR]
    assert opened[0] - datetime(2028, 1, 1, tzinfo=JAPAN) < timedelta(seconds=30)  # not at the next look
    assert house.gateway.configuration.as_of == NEW_YEAR


def test_a_new_day_that_is_refused_is_tried_again_later(house, monkeypatch):
    """A folder half edited at midnight: the old rows stay, the event says so, and the next try finds it well."""
    monkeypatch.setattr("kakehashi.runtime.reloading._AGAIN_SECONDS", 0.3)
    tries = []

    def again():
        tries.append(time.monotonic())
        if len(tries) == 1:
            raise ConfigurationError([Fault("CFG-001")])
        return gateway_of(house, NEW_YEAR)

    end = run_over(house, datetime(2028, 1, 1, tzinfo=JAPAN), again)
    eventually(lambda: house.recorder.named("configuration.reloaded"), what="the second try")
    end()
    assert [each["code"] for each in house.recorder.named("configuration.refused")] == ["CFG-001"]
    assert len(tries) == 2
    assert tries[1] - tries[0] >= 0.3
