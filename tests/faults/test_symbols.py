"""Symbols on real processes: early, late, twice, never, for a cancelled person, and kills at each step (exam E39, E01).

One site for all: a record is refused for want of its person's symbol, and goes on when the registry's news have come.
Days pass by the simulators' clocks; how soon the gateway looks is made short in its profile. The last test judges all.
"""

import base64
import contextlib
import json
import os
import signal
import sqlite3
from datetime import date

import pytest
from tests.acceptance.watching import asked, eventually, links_settled, logged, settled
from tests.faults.site import SEED, Site, stopped
from tests.faults.test_no_trace import commands, contents
from tests.tier import FULL

from kakehashi.domain.batch import RecordState
from kakehashi.domain.symbol import Origin, Task
from kakehashi.failpoint import STEPS
from kakehashi_simulators.demo.run import started
from kakehashi_simulators.legacy.manifest import Sample
from kakehashi_simulators.legacy.numbers import seeded_numbers
from kakehashi_simulators.legacy.residents import RESIDENTS, SYSTEM_PERSONS, Row, described, write_rows
from kakehashi_simulators.legacy.tax import LANE, write_tax

SETTINGS = '\n[symbols]\nacquire = "all"\nresidents = "registry"\n'
HOURS = 3 * 3600
LIFETIME = 3
PROFILE = {
    "first_look_seconds = 60": "first_look_seconds = 1",
    "rarest_look_seconds = 3600": "rarest_look_seconds = 1",
}
HONEST = {"delay_seconds": float(HOURS), "outcome": "linked", "times": 1, "refuse": ""}


class SymbolSite(Site):
    """A site of which one person in each file has no symbol. `struck`: those of files that came while a worker died."""

    def refused(self):
        """A file comes in; returns the person whose record the server refuses."""
        person = self.town.people.unified((len(self.files) + 1) * self.new)
        self.run.server.set_persons({"no-symbol": [person]})
        self.drop()
        return person

    def file(self, lane, name, write):
        """A file of one record."""
        path = self.run.site.folder / "samples" / name
        write(path)
        self.run.drop([Sample(lane=lane, name=name, path=path, records=1, good=1)])

    def drop_about(self, person):
        """A tax file about somebody of whom no other tells."""
        name = f"LEVY{len(self.files) + 1:04d}.DAT"
        self.file(LANE, name, lambda path: write_tax(path, town=self.town, first=person, records=1))
        self.files[name] = [self.town.people.unified(person)]

    def returned(self, name):
        return any(file.name == name and file.state == "returned" for file in self.run.store.files(most=1000))

    def acquisitions(self, person):
        """Without what the person's registration began."""
        rows = self.run.store.acquisitions(person=person)
        return [row for row in rows if row.what.origin is not Origin.REGISTERED or row.what.task is not Task.ACQUIRE]

    def states(self, person):
        return [row.what.state.value for row in self.acquisitions(person)]

    def until(self, person, *states, seconds=40):
        eventually(lambda: self.states(person) == list(states), seconds=seconds, what=f"{states} of the symbol")

    def effects(self, person):
        return [effect for effect in self.run.server.effects() if effect["person"] == person]

    def moves(self, person):
        """What the workers told of the person's acquisitions."""
        ids = [row.id for row in self.acquisitions(person)]
        told = [event for event in self.told() if event["event"].startswith("symbol.")]
        return [event["state"] for event in told if event["acquisition_id"] in ids]

    def numbers_given(self, person):
        """By the server's own account."""
        with contextlib.closing(sqlite3.connect(self.run.site.folder / "server" / "account.sqlite")) as account:
            return account.execute("SELECT count(*) FROM processes WHERE person = ?", (person,)).fetchone()[0]

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
        made.struck = []
        made.conduct()
        links_settled(run)
        everybody = "everybody who is registered"
        eventually(lambda: {each.state for each in run.store.symbol_counts()} == {"linked"}, what=everybody)
        run.processes.log_level = "debug"
        yield made


@pytest.fixture(autouse=True)
def honest(site):
    yield
    site.conduct()
    site.numbers_live(7 * 86_400)


@pytest.mark.exam("E39")
@pytest.mark.timeout(120)
def test_a_symbol_that_comes_before_our_record_is_written_down_is_found(site):
    """Linked while the refusal stands unwritten in a worker that is frozen: the record goes out again, and no process
    number is asked for.
    """
    site.replace("worker", "worker.polled:1:pause")
    person = site.refused()
    worker = site.run.processes.running["worker"]
    eventually(lambda: stopped(worker.pid), what="the frozen worker")
    site.run.server.set_persons({"linked": [person]})
    os.kill(worker.pid, signal.SIGCONT)
    site.until(person, "linked")
    eventually(lambda: site.effects(person), what="the replica")
    assert site.moves(person) == ["linked"]


@pytest.mark.exam("E01", "E39")
@pytest.mark.timeout(600 if FULL else 240)
def test_a_kill_at_every_step_of_an_acquisition_repeats_and_loses_nothing(site):
    """Each step is reached by a worker that dies there, and the news of each symbol come three times. What becomes of
    these persons is seen in the last test of this module.
    """
    site.conduct(delay_seconds=0.0, times=3)
    steps = [name for name in STEPS if name.startswith("symbols.")]
    passages = [(step, n) for step in steps for n in (1, 2, 3)] if FULL else zip(steps, (3, 2, 1), strict=True)
    for step, passage in passages:  # asked, numbered, forwarded
        site.die("worker", step, passage, lambda: site.struck.append(site.refused()))
    site.replace("worker")
    for person in site.struck:  # what was said before a death is taken for lost a minute later
        eventually(lambda person=person: site.states(person)[-1:] == ["linked"], seconds=150, what="the struck symbol")


@pytest.mark.timeout(120)
def test_from_birth_to_a_released_replica(site):
    """A child is born: its number comes in, its symbol is asked for; the tax record that is refused meanwhile waits for
    the same acquisition, and is accepted when the network has answered, hours later. One look shows whose move it is.
    """
    child, number = 5000, next(iter(seeded_numbers(SEED + 3, 1)))
    person = site.town.people.unified(child)
    site.run.server.set_persons({"no-symbol": [person]})
    told = described(site.town.people, child)
    for lane, system, name in ((RESIDENTS, "registry", "RESIDENT1.DAT"), (SYSTEM_PERSONS, "tax", "PERSONS1.DAT")):
        row = Row(system=system, atena=site.town.atena(system, child), number=number, unified=person, person=told)
        site.file(lane, name, lambda path, row=row: write_rows(path, [row], records=1, made=date(2026, 11, 27)))
        eventually(lambda name=name: site.returned(name), what=name)

    def acquisition():
        (row,) = site.run.store.acquisitions(person=person)
        return row

    eventually(lambda: acquisition().what.state == "acknowledged", what="the acquisition")
    site.drop_about(child)
    eventually(lambda: acquisition().waiting == 1, what="the record that waits")
    code, rows = site.ask("symbols", "list", "--person", person)
    assert code == 0
    assert [(row["state"], row["whose_move"], row["records"]) for row in rows] == [("acknowledged", "network", 1)]
    site.hours_pass()
    eventually(lambda: site.effects(person), what="the replica")
    assert acquisition().what.state == "linked"


@pytest.mark.exam("E39")
@pytest.mark.timeout(180)
def test_symbols_that_come_never_late_or_for_somebody_who_was_given_up(site):
    """Never: three process numbers die, then an operator is called, and a retry succeeds. Late: found under the second
    number. Given up: the news move nothing, the parked record goes out by hand.
    """
    given_up = site.refused()
    site.until(given_up, "acknowledged")
    (live,) = site.acquisitions(given_up)
    code, answer = site.ask("symbols", "abandon", f"S{live.id}", "--reason", "moved away")
    assert (code, answer) == (0, [{"abandoned": 1, "parked": 1}])

    site.numbers_live(LIFETIME)
    late = site.refused()
    site.until(late, "acknowledged")
    site.conduct(outcome="lost")
    never = site.refused()
    eventually(lambda: site.states(late)[:1] == ["expired"], what="the end of the first number")
    site.hours_pass()
    eventually(lambda: site.states(late)[-1] == "linked", what="the late link")

    site.until(never, "expired", "expired", "operator", seconds=20 + 4 * LIFETIME)
    last = site.acquisitions(never)[-1]
    assert (last.what.code, last.what.number, last.waiting) == ("SYM-004", None, 1)
    assert "SYM-004" in [event["code"] for event in logged(site.run, "worker", "symbol.blocked")]
    code, rows = site.ask("symbols")
    assert code == 1
    assert ("operator", "operator", "SYM-004") in [(row["state"], row["whose_move"], row["code"]) for row in rows]
    site.conduct(delay_seconds=0.0)
    assert site.ask("symbols", "retry", f"S{last.id}")[0] == 0

    assert site.states(given_up) == ["cancelled"]
    (parked,) = [row for row in site.waiting() if row.state is RecordState.PARKED]
    assert site.ask("parked", "retry", f"E{parked.id}", "--reason", "linked after all")[0] == 0
    for person in (never, late, given_up):
        eventually(lambda person=person: site.effects(person), seconds=60, what="the replica")


@pytest.mark.exam("E01", "E39")
@pytest.mark.timeout(180)
def test_a_kill_at_every_step_of_a_release_repeats_and_leaves_nothing(site):
    """Of somebody whose acquisition is under way: it ends, the server is told once by however many workers, and the
    process number is in the last test's search.
    """
    site.conduct(outcome="lost")
    steps, released = [name for name in STEPS if name.startswith("symbols.")], []
    for step in steps if FULL else steps[:2]:
        person = site.refused()
        site.until(person, "acknowledged")
        os.kill(site.run.processes.running["worker"].pid, signal.SIGSTOP)  # the next one is the first to find it
        assert site.ask("symbols", "release", person, "--reason", "left", "--yes")[0] == 0
        site.die("worker", step, 1, lambda: None)
        released.append(person)
        site.replace("worker")
    for person in released:
        site.until(person, "cancelled", "released", seconds=150)
    told = site.run.server.ask("/bindings")["releases"]
    assert sorted(row["person"] for row in told) == sorted(released)
    parked = [row for row in site.waiting() if row.state is RecordState.PARKED]
    assert len(parked) == len(released)
    site.run.server.set_persons({"linked": released})
    for row in parked:
        assert site.ask("parked", "retry", f"E{row.id}", "--reason", "wanted after all")[0] == 0
    for person in released:
        eventually(lambda person=person: site.effects(person), seconds=60, what="the replica")


@pytest.mark.exam("E39")
@pytest.mark.timeout(180)
def test_all_records_went_out_once_and_no_process_number_is_left(site):
    """The books agree, every struck person is linked by one acquisition. Every process number that the server ever gave
    is searched for as bytes in stores, queues, spool, logs, results and names, and in what commands tell.
    """
    alive = site.refused()
    site.until(alive, "acknowledged")
    numbers = [number.encode() for number in site.run.registry.ask("/numbers")]
    assert len(numbers) >= 8
    search = Traces(numbers)
    assert search.find(b"x" + numbers[0] + b"y")
    found = {place: forms for place, raw in contents(site.run) if (forms := search.find(raw))}
    assert {place.partition("/")[0] for place in found} == {"server", "registry"}, found  # the simulators' accounts
    assert {question for question, raw in commands(site.run) if search.find(raw)} == set()

    site.hours_pass()
    eventually(lambda: not site.waiting(), seconds=90, what="the release of what waits")
    for person in [alive, *site.struck]:
        assert (site.states(person), site.numbers_given(person)) == (["linked"], 1)
    settled(site.run)
    assert site.wrong() == []
    rows = site.run.store.acquisitions(most=10**6)
    assert [row.id for row in rows if row.what.number is not None] == []


class Traces:
    """As `Leaks`, for values that are no digits."""

    def __init__(self, values):
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
