"""Symbols on real processes: early, late, twice, never, for a cancelled person, and kills at each step (exam E39, E01).

One site for all: a record is refused for want of its person's symbol, and goes on when the registry's news have come.
Days pass by the simulators' clocks; what the gateway's own clock must reach is made short in its profile.
"""

import json
import os
import signal
import time
from pathlib import Path

import pytest
from tests.acceptance.watching import asked, eventually, links_settled, logged, settled
from tests.faults.site import SEED, Site
from tests.faults.test_no_trace import commands, contents

from kakehashi.domain.batch import RecordState
from kakehashi.failpoint import STEPS
from kakehashi_simulators.demo.run import started
from kakehashi_simulators.legacy.tax import LANE

SETTINGS = '\n[symbols]\nacquire = "refused"\nresidents = "registry"\n'
HOURS = 3 * 3600
LIFETIME = 3
PROFILE = {
    "first_look_seconds = 60": "first_look_seconds = 1",
    "rarest_look_seconds = 3600": "rarest_look_seconds = 1",
}


class SymbolSite(Site):
    """A site of which one person in each file has no symbol."""

    def refused(self):
        """A file comes in; returns the person whose record the server refuses."""
        person = self.town.people.unified((len(self.files) + 1) * self.new)
        self.run.server.set_persons({"no-symbol": [person]})
        self.drop()
        return person

    def acquisitions(self, person):
        return self.run.store.acquisitions(person=person)

    def states(self, person):
        return [row.what.state.value for row in self.acquisitions(person)]

    def until(self, person, *states, seconds=40):
        eventually(lambda: self.states(person) == list(states), seconds=seconds, what=f"{states} of the symbol")

    def conduct(self, **scenario):
        self.run.registry.ask("/scenario", {**HONEST, **scenario})

    def numbers_live(self, seconds):
        self.run.server.ask("/processes", {"seconds": seconds})

    def hours_pass(self):
        self.run.registry.ask("/clock", {"advance_seconds": HOURS})

    def waiting(self):
        return self.run.store.exceptions(lane=LANE, states=[RecordState.WAITING, RecordState.PARKED])

    def ask(self, *words):
        done = asked(*words, "--json", "--config", self.run.site.config)
        return done.exit_code, [json.loads(line) for line in done.output.splitlines() if line.startswith("{")]

    def judge(self):
        eventually(lambda: not self.waiting(), seconds=60, what="the release of what waits")
        settled(self.run)
        assert self.wrong() == []
        held = [row.id for row in self.run.store.acquisitions(most=10**6) if row.what.number is not None]
        assert held == []


HONEST = {"delay_seconds": float(HOURS), "outcome": "linked", "times": 1, "refuse": ""}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    def adapt(config):
        text = (config / "gateway.toml").read_text(encoding="utf-8")
        text = text.replace("[server]\n", "[server]\ntimeout_seconds = 2\n")
        (config / "gateway.toml").write_text(text, encoding="utf-8")
        path = config / "profiles" / "std-2026" / "profile.toml"
        text = path.read_text(encoding="utf-8")
        for old, new in PROFILE.items():
            assert old in text
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")

    options = {"seed": SEED, "scale": 0.1, "faults": False, "result_delay_seconds": 0.1, "adapt": adapt}
    with started(tmp_path_factory.mktemp("symbols") / "site", extra=SETTINGS, **options) as run:
        made = SymbolSite(run, new=1)
        links_settled(run)
        yield made


@pytest.fixture(autouse=True)
def honest(site):
    yield
    site.conduct()
    site.numbers_live(7 * 86_400)


@pytest.mark.exam("E39")
@pytest.mark.timeout(120)
def test_a_symbol_that_never_arrives_is_escalated_in_time(site):
    """Three process numbers die, one after the other; then an operator is called by name of the code. The record waits
    on, and goes out when a later attempt succeeds.
    """
    site.conduct(outcome="lost")
    site.numbers_live(LIFETIME)
    person = site.refused()
    site.until(person, "expired", "expired", "operator", seconds=20 + 4 * LIFETIME)
    (last,) = [row for row in site.acquisitions(person) if row.what.is_live]
    assert (last.what.code, last.what.number, last.waiting) == ("SYM-004", None, 1)
    assert [event["code"] for event in logged(site.run, "worker", "symbol.blocked")] == ["SYM-004"]
    code, rows = site.ask("symbols")
    assert code == 1
    assert ("operator", "operator", "SYM-004") in [(row["state"], row["whose_move"], row["code"]) for row in rows]
    site.conduct(delay_seconds=0.0)
    assert site.ask("symbols", "retry", f"S{last.id}")[0] == 0
    site.judge()


@pytest.mark.exam("E39")
@pytest.mark.timeout(120)
def test_a_symbol_that_comes_before_our_record_is_written_down_is_found(site):
    """Linked while the refusal stands unwritten in a worker that is frozen: the record goes out again, and no process
    number is asked for.
    """
    before = site.run.registry.account()["acquisitions"]
    site.replace("worker", "settling.settled:1:pause")
    person = site.refused()
    worker = site.run.processes.running["worker"]
    eventually(lambda: stopped(worker.pid), what="the frozen worker")
    site.run.server.set_persons({"linked": [person]})
    os.kill(worker.pid, signal.SIGCONT)
    site.until(person, "linked")
    site.judge()
    assert site.run.registry.account()["acquisitions"] == before


def stopped(pid):
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "T"


@pytest.mark.exam("E39")
@pytest.mark.timeout(120)
def test_a_symbol_that_comes_twice_releases_once(site):
    """Its news are told three times: one release, one effect."""
    site.conduct(delay_seconds=0.0, times=3)
    person = site.refused()
    eventually(lambda: site.states(person) == ["linked"] and not site.waiting(), what="the release")
    time.sleep(3)  # the other news come a second apart
    assert site.states(person) == ["linked"]
    site.judge()


@pytest.mark.exam("E39")
@pytest.mark.timeout(120)
def test_a_symbol_that_comes_late_or_for_a_cancelled_person_does_no_harm(site):
    """Given up by an operator, then linked after all: nothing moves by itself; the parked record is retried by hand.
    Late for the first number: found with the second one.
    """
    person = site.refused()
    eventually(lambda: "acknowledged" in site.states(person), what="the acknowledgement")
    live = next(row for row in site.acquisitions(person) if row.what.is_live)
    code, answer = site.ask("symbols", "abandon", f"S{live.id}", "--reason", "moved away")
    assert (code, answer) == (0, [{"abandoned": 1, "parked": 1}])
    site.hours_pass()
    eventually(lambda: site.run.registry.account()["told"], what="the news")
    time.sleep(2)
    assert site.states(person)[-1] == "cancelled"
    (parked,) = site.waiting()
    assert parked.state is RecordState.PARKED
    assert site.ask("parked", "retry", f"E{parked.id}", "--reason", "linked after all")[0] == 0
    site.judge()

    site.numbers_live(LIFETIME)
    late = site.refused()
    eventually(lambda: site.states(late)[:1] == ["expired"], what="the end of the first number")
    site.hours_pass()
    eventually(lambda: site.states(late)[-1] == "linked", what="the late link")
    site.judge()


@pytest.mark.exam("E01")
@pytest.mark.timeout(240)
def test_a_kill_at_every_step_of_an_acquisition_repeats_and_loses_nothing(site):
    """Each step is reached by a worker that dies there: one acquisition a person, each linked, each record released."""
    site.conduct(delay_seconds=0.0)
    told = site.run.registry.account()
    persons = []
    for step in [name for name in STEPS if name.startswith("symbols.")]:
        for passage in (1, 2, 3):  # asked, numbered, forwarded
            site.die("worker", step, passage, lambda: persons.append(site.refused()))
        site.replace("worker")
        eventually(lambda: all(site.states(who)[-1:] == ["linked"] for who in persons), seconds=90, what=step)
    site.judge()
    assert all(site.states(who).count("linked") == 1 for who in persons)
    assert site.run.registry.account()["acquisitions"] - told["acquisitions"] <= 3 * len(persons)


@pytest.mark.timeout(120)
def test_no_trace_of_a_process_number_is_left(site):
    """Every one that the server ever gave is searched for as bytes in stores, queues, spool, logs, results, names, and
    in what commands tell: found nowhere. One that is still alive stands nowhere in plain either.
    """
    numbers = site.run.registry.ask("/numbers")
    assert len(numbers) >= 10
    person = site.refused()
    eventually(lambda: "acknowledged" in site.states(person), what="a living number")
    numbers = [number.encode() for number in site.run.registry.ask("/numbers")]
    search = Traces(numbers)
    assert search.find(b"x" + numbers[0] + b"y")
    places = [(place, raw) for place, raw in contents(site.run) if not place.startswith("registry")]
    assert any("kakehashi.db" in place for place, _ in places)
    assert {place: found for place, raw in places if (found := search.find(raw))} == {}
    assert {asked_for for asked_for, raw in commands(site.run) if search.find(raw)} == set()
    site.hours_pass()
    site.judge()


class Traces:
    """As `Leaks`, for values that are no digits."""

    def __init__(self, values):
        import base64

        forms = {
            "plain": lambda raw: raw,
            "UTF-16": lambda raw: raw.decode().encode("utf-16-le"),
            "EBCDIC": lambda raw: raw.decode().encode("cp037"),
            "full-width": lambda raw: raw.decode().translate({c: c + 0xFEE0 for c in range(0x21, 0x7F)}).encode(),
            "hex": lambda raw: raw.hex().encode(),
            "HEX": lambda raw: raw.hex().upper().encode(),
            "base64": lambda raw: base64.b64encode(raw)[:40],
        }
        self.wanted = [(name, form(value)) for value in values for name, form in forms.items()]
        shifted = [base64.b64encode(b"x" * n + value)[4:40] for value in values for n in (1, 2)]
        self.wanted += [("base64 shifted", each) for each in shifted]

    def find(self, raw):
        return sorted({name for name, value in self.wanted if value in raw})
