"""The day of enforcement on real processes: nothing seen before it, kill -9 half-way, count = held (exam E01).

The day is moved in gateway.toml, as an operator would: tomorrow while extracts come in, then today.
"""

import contextlib
import itertools
import re
import sqlite3
import subprocess
import time
from collections import Counter
from datetime import date, datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
from tests.acceptance.watching import asked, eventually, settled
from tests.faults.leaks import Leaks
from tests.faults.site import SEED, Site
from tests.faults.test_no_trace import contents
from tests.tier import FULL

from kakehashi.runtime.bootstrap import plugin
from kakehashi_simulators.demo.run import started
from kakehashi_simulators.legacy.manifest import Sample
from kakehashi_simulators.legacy.numbers import seeded_numbers
from kakehashi_simulators.legacy.residents import RESIDENTS, SYSTEM_PERSONS, Row, described, write_rows
from kakehashi_simulators.legacy.tax import LANE

JST = timezone(timedelta(hours=9))
PERSONS, IN_TAX = (1010 if FULL else 510), 20
STEPS = ("enforcing.moved", "enforcing.begun", *(("enforcing.moved",) if FULL else ()))
"""Where the scheduler dies: each time some are active, or heard, and some are not."""
SETTINGS = """
[links]
mode = "link-only"
in_force_from = {day}
[symbols]
acquire = "all"
per_second = 1000
"""


def today():
    return datetime.now(JST).date()


class Town(Site):
    """A site whose registry and tax system tell 個人番号, and no 団体内統合宛名番号."""

    def __init__(self, run):
        super().__init__(run, records=10, new=0)
        self.numbers = list(seeded_numbers(SEED + 62, PERSONS))

    def tell(self, lane, system, name, persons):
        rows = [
            Row(
                system=system,
                atena=self.town.atena(system, person),
                number=self.numbers[person],
                person=described(self.town.people, person),
            )
            for person in persons
        ]
        path = self.run.site.folder / "samples" / name
        write_rows(path, rows, records=len(rows), made=date(2026, 7, 1))
        self.run.drop([Sample(lane=lane, name=name, path=path, records=len(rows), good=len(rows))])
        assert self.run.wait(lambda _counts: None, deadline=time.monotonic() + 60)

    def ask(self, *words, code=0):
        done = asked(*words, "--json", "--config", self.run.site.config)
        assert done.exit_code == code, done.output
        return done.output

    def day_is(self, day):
        path = self.run.site.config / "gateway.toml"
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        told = [f"in_force_from = {day}\n" if line.startswith("in_force_from") else line for line in lines]
        path.write_text("".join(told), encoding="utf-8")

    def tables(self, *queries):
        with contextlib.closing(sqlite3.connect(self.run.site.folder / "store" / "kakehashi.db")) as store:
            return [store.execute(query).fetchall() for query in queries]


@pytest.fixture
def site(tmp_path):
    options = {"seed": SEED, "scale": 0.1, "faults": False, "result_delay_seconds": 0.1}
    extra = SETTINGS.format(day=today() + timedelta(days=2))
    with started(tmp_path / "site", extra=extra, **options) as run:
        yield Town(run)


@pytest.mark.exam("E01")
@pytest.mark.timeout(150)
def test_numbers_held_until_their_day_are_active_once_on_it_though_processes_die(site):
    """Neither number nor person shows anywhere before; deaths half-way lose and double nobody; what was refused for
    want of a link goes out.
    """
    site.tell(RESIDENTS, "registry", "RESIDENT1.DAT", range(PERSONS))
    site.tell(SYSTEM_PERSONS, "tax", "PERSONS1.DAT", range(IN_TAX))
    site.drop()
    settled(site.run)
    refused = Counter(row.code for row in site.run.store.exceptions(lane=LANE, most=1000))
    assert refused == {"IDN-001": 10}
    reserved = {unified for ((unified,),) in zip(*site.tables("SELECT unified FROM held_numbers"), strict=True)}
    assert len(reserved) == PERSONS
    nothing_shows(site, reserved)

    site.run.processes.kill("worker")  # symbols begin, and wait for it
    site.day_is(today())
    for step in STEPS:
        site.die("intake", step, 1, lambda: None)
        assert '"standing": "turning"' in site.ask("link", "held", code=1)
    site.replace("intake")
    eventually(lambda: [event["active"] for event in site.told(name="link.enforced")], what="the end")
    (told,) = site.told(name="link.enforced")
    assert (told["held"], told["active"], told["contradicted"]) == (PERSONS, PERSONS, 0)
    assert '"standing": "in_force"' in site.ask("link", "held")
    eventually(lambda: site.tables("SELECT count(*) FROM held_numbers") == [[(0,)]], seconds=40, what="all heard")

    all_are_there_once(site)
    eventually(lambda: len(went_back(site)) >= PERSONS, what="the numbers that go back")
    links = site.tables("SELECT atena, unified FROM links WHERE system = 'registry'")[0]
    assert sorted(went_back(site)) == sorted(links), "each once"
    site.run.processes.restart("worker")
    site.ask("parked", "retry", "--code", "IDN-001", "--reason", "in force", "--yes")
    eventually(lambda: sum(counts.accepted for counts in site.run.store.counts() if counts.lane == LANE) == 10,
               seconds=60, what="the records that were refused")  # fmt: skip


def went_back(site):
    """宛名番号 and 団体内統合宛名番号 of the data records that the registry was told."""
    lines = [
        line for file in site.run.site.exchange.glob("*/out/NUMBERS*") for line in file.read_text("cp932").splitlines()
    ]
    return [(line[1:16], line[16:31]) for line in lines if line.startswith("2")]


def copied(run):
    """The site's files, read by another process: to close a file here gives up this process' locks of SQLite in it."""
    copy = run.site.folder.with_name("copy")
    subprocess.run(["cp", "-a", run.site.folder, copy], check=True)  # two folders of the test
    return SimpleNamespace(site=SimpleNamespace(folder=copy))


def nothing_shows(site, reserved):
    """As bytes: the numbers in no file of the site, and with the reserved persons in nothing that anybody is told."""
    assert went_back(site) == []
    numbers = Leaks(set(site.numbers))
    assert numbers.find((site.run.site.folder / "samples" / "RESIDENT1.DAT").read_bytes())
    assert {place: forms for place, raw in contents(copied(site.run)) if (forms := numbers.find(raw))} == {}
    atena = site.town.atena("registry", 3)
    questions = [
        *(["status"], ["files"], ["parked", "list", "--each"], ["alarms"], ["symbols"], ["symbols", "list"]),
        ["link", "show", "registry", atena, "--reveal", "--reason", "search"],
        ["link", "history", "registry", atena, "--reveal", "--reason", "search"],
        ["link", "coverage"],
        ["link", "coverage", "--unlinked", "tax", "--reveal", "--reason", "search"],
        ["link", "conflicts", "--all", "--reveal", "--reason", "search"],
        *(["match", "review", "--all"], ["match", "again"], ["link", "held"], ["link", "enforce"], ["trace", "F1"]),
        ["trace", f"E{site.run.store.exceptions(lane=LANE, most=1)[0].id}"],
    ]
    told = {}
    for question, form in zip(questions, itertools.cycle(([], ["--json"]))):
        done = asked(*question, *form, "--config", site.run.site.config)
        assert done.exit_code <= 1, done.output
        told[" ".join(question)] = done.output.encode()
    told |= {path.name: path.read_bytes() for path in site.run.site.logs.iterdir()}
    told |= {path.name: path.read_bytes() for path in site.run.site.exchange.glob("*/out/*")}
    copy = site.run.site.folder.with_name("copy")
    others = [path for name in ("server", "registry") for path in (copy / name).rglob("*") if path.is_file()]
    told |= {f"{path.parent.name}/{path.name}": path.read_bytes() for path in others}
    persons = re.compile(rb"(?=(9[0-9]{14}))")
    shown = {place for place, raw in told.items() if reserved & {each.decode() for each in persons.findall(raw)}}
    assert shown | {place for place, raw in told.items() if numbers.find(raw)} == set()
    assert str(PERSONS) in told["link held"].decode()
    assert site.tables("SELECT * FROM links", "SELECT * FROM persons", "SELECT * FROM acquisitions") == [[], [], []]


def all_are_there_once(site):
    """Every person has their own number, every link is there, one acquisition each."""
    persons, links, needs = site.tables(
        "SELECT unified, since FROM persons",
        "SELECT system, atena, unified FROM links",
        "SELECT person FROM acquisitions",
    )
    assert {since for _, since in persons} == {today().toordinal()}
    assert len(persons) == len({unified for unified, _ in persons}) == PERSONS
    assert sorted(person for (person,) in needs) == sorted(unified for unified, _ in persons)
    by_number = {(system, atena): unified for system, atena, unified in links}
    assert len(by_number) == PERSONS + IN_TAX
    sealer = plugin("sealers", "vault")(site.run.configuration.gateway.keys)
    _, opened = plugin("stores", "sqlite")(site.run.configuration.gateway.store.url)
    with contextlib.closing(opened):
        for person in range(PERSONS):
            unified = by_number["registry", site.town.atena("registry", person).zfill(15)]
            sealed = opened.sealed_number(unified)
            assert sealer.open(sealed, context=f"individual-number/{unified}").decode() == site.numbers[person]
