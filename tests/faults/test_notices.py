"""What befalls persons is told on real processes: each change once and in order, though processes die at every step
and the folder of another system is away (exam E01).
"""

from datetime import date

import pytest
from tests.acceptance.watching import asked, eventually
from tests.faults.site import SEED, Site
from tests.tier import FULL
from tests.unit.pipeline.subscribers import subscribe

from kakehashi_simulators.demo.run import started
from kakehashi_simulators.legacy.manifest import Sample
from kakehashi_simulators.legacy.numbers import seeded_numbers
from kakehashi_simulators.legacy.residents import RESIDENTS, Row, described, write_rows
from kakehashi_simulators.legacy.subscriber import SubscribedSystem

SETTINGS = """
[links]
mode = "full"
numbers = { tax = "registry", welfare = "registry" }
[limits]
batch_records = 4
"""
PERSONS = 10
ROUNDS = 4 if FULL else 1
EVENTS = (("04", "moved-in"), ("13", "naturalised"), ("11", "moved-out"), ("12", "died"))


def subscribed(config):
    for system in ("tax", "welfare"):
        subscribe(config, system, every_seconds=0, most=3, most_untaken=3)


class Body(Site):
    """Its registry tells of one event of every person a day; tax takes what it is told, welfare has no folder yet."""

    def __init__(self, run):
        super().__init__(run, records=10, new=0)
        self.numbers = list(seeded_numbers(SEED + 77, PERSONS))
        self.days = 0
        self.systems = {}
        for system in ("tax", "welfare"):
            folder = run.site.exchange / f"{system}-notices" / "out"
            self.systems[system] = SubscribedSystem(folder, run.site.folder / f"{system}.taken")
        (run.site.exchange / "tax-notices" / "out").mkdir(parents=True)
        self.expected = []

    def tell(self):
        """The next day's extract: the event of the day, another address."""
        code, event = EVENTS[self.days % len(EVENTS)]
        self.days += 1
        day = f"202605{self.days:02d}"
        rows = [
            Row(
                system="registry",
                atena=self.town.atena("registry", person),
                number=self.numbers[person],
                person=described(self.town.people, person),
                since=day,
                event=code,
            )
            for person in range(PERSONS)
        ]
        name = f"RESIDENT{self.days:03d}.DAT"
        path = self.run.site.folder / "samples" / name
        write_rows(path, rows, records=PERSONS, made=date(2026, 7, self.days))
        self.run.drop([Sample(lane=RESIDENTS, name=name, path=path, records=PERSONS, good=PERSONS)])
        self.expected.append((event, day))

    def taken(self, system):
        """宛名番号 → (event, day) in the order in which they were taken; the system takes what lies there first."""
        self.systems[system].take()
        found = {}
        for notice in self.systems[system].notices():
            found.setdefault(notice.atena, []).append((notice.event, notice.since))
        return found

    def until_told(self, system):
        numbers = [self.town.atena("registry", person).zfill(15) for person in range(PERSONS)]
        wanted = dict.fromkeys(numbers, self.expected)
        eventually(lambda: self.taken(system) == wanted, seconds=60, what=f"everything in {system}")
        told = self.systems[system].notices()
        assert [notice.no for notice in told] == sorted({notice.no for notice in told})
        serials = list(dict.fromkeys(notice.serial for notice in told))
        assert serials == list(range(1, len(serials) + 1))


@pytest.fixture
def body(tmp_path):
    options = {"seed": SEED, "scale": 0.01, "faults": False, "adapt": subscribed}
    with started(tmp_path / "site", extra=SETTINGS, **options) as run:
        yield Body(run)


@pytest.mark.exam("E01")
@pytest.mark.timeout(300 if FULL else 120)
def test_every_change_is_told_once_though_processes_die_and_a_folder_is_away(body):
    """The worker dies between links and notices, the scheduler before and after a file; a system without a folder
    holds nobody, is called behind, and gets all of it in order when its folder is there.
    """
    for _ in range(ROUNDS):
        body.die("worker", "notices.noting", 1, body.tell)
        body.replace("worker")
        body.until_told("tax")
        body.die("intake", "notices.chosen", 1, body.tell)
        body.die("intake", "notices.written", 1, lambda: None)
        assert body.systems["tax"].take() == 1, "it is there, and taken before the books know of it"
        body.replace("intake")
        body.until_told("tax")
    failed = {event["system"] for event in body.told(name="notices.failed")}
    assert failed == {"welfare"}
    assert body.unwell() == []
    answer = asked("notices", "status", "--json", "--config", body.run.site.config).output
    assert f'"pending": {PERSONS * body.days - 3}' in answer, answer

    (body.run.site.exchange / "welfare-notices" / "out").mkdir(parents=True)
    body.until_told("welfare")
    body.until_told("tax")
