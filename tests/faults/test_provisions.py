"""Inquiries of other bodies on real processes: from the inquiry to the reply, and kills at each step (exam E01).

The owner of the data has blocked the replicas; the simulated server's own account says what it was told, and how often.
"""

import json
from datetime import date

import pytest
from tests.acceptance.watching import asked, eventually
from tests.faults.site import SEED, Site
from tests.tier import FULL

from kakehashi.failpoint import STEPS
from kakehashi_simulators.demo.run import started
from kakehashi_simulators.legacy.manifest import Sample
from kakehashi_simulators.legacy.numbers import seeded_numbers
from kakehashi_simulators.legacy.residents import RESIDENTS, Row, described, write_rows
from kakehashi_simulators.legacy.tax import LANE, write_tax

SETTINGS = '\n[links]\nnumbers = { tax = "registry" }\n[provisions]\nfetch = true\n'
INFO = "TM99000000000001"
BLOCKED, HIDDEN = 3, 11
"""Persons of the simulated town whose tax records are 自動応答不可 and 支援措置."""
WITHIN = 24 * 3600


class Body(Site):
    """Both persons may be told of by the registry; `as_user` says who gives the commands."""

    def fill(self):
        """Numbers and disclosure first, then the replicas; tax uses the registry's numbers."""
        numbers, persons = list(seeded_numbers(SEED + 9, HIDDEN + 1)), range(BLOCKED, HIDDEN + 1)
        rows = [
            Row(
                system="registry",
                atena=self.town.atena("tax", who),
                number=numbers[who],
                unified=self.key(who),
                person=described(self.town.people, who),
            )
            for who in persons
        ]
        write_rows(self.sample("RESIDENT1.DAT"), rows, records=len(rows), made=date(2026, 11, 27))
        self.bring(RESIDENTS, "RESIDENT1.DAT", len(rows))
        write_tax(self.sample("LEVY1.DAT"), town=self.town, first=BLOCKED, records=len(rows))
        self.bring(LANE, "LEVY1.DAT", len(rows))

    def sample(self, name):
        return self.run.site.folder / "samples" / name

    def bring(self, lane, name, records):
        self.run.drop([Sample(lane=lane, name=name, path=self.sample(name), records=records, good=records)])
        files = self.run.store.files
        eventually(lambda: any(file.name == name and file.state == "returned" for file in files()), what=name)

    def key(self, person):
        return self.town.people.unified(person)

    def inquire(self, person=BLOCKED, within=WITHIN):
        """Another body asks; returns the server's id once it is a task here."""
        how = {"persons": [self.key(person)], "info": INFO, "within_seconds": within}
        (answer,) = self.run.server.ask("/inquire", how)
        assert answer["state"] == "pending"
        return answer["provision"]

    def listed(self, number):
        """The task."""
        return eventually(lambda: self.run.store.known_provisions([number]).get(number), what="the task")

    def ask(self, *words, code=0):
        done = asked("provisions", *words, "--json", "--config", self.run.site.config)
        assert done.exit_code == code, done.output
        return [json.loads(line) for line in done.output.splitlines() if line.startswith("{")]

    def deny(self, number):
        return self.ask("deny", f"P{self.listed(number).id}", "--reason", "r", "--code", "02", "--yes")

    def states(self, numbers):
        known = self.run.store.known_provisions(numbers)
        return [known[number].what.state.value for number in numbers]

    def at_server(self, numbers):
        """What the server was told of each, and how often that was taken."""
        found = {row["id"]: (row["state"], row["times"]) for row in self.run.server.ask("/provisions")}
        return [found[number] for number in numbers]


@pytest.fixture(scope="module")
def body(tmp_path_factory):
    def adapt(config):
        text = (config / "gateway.toml").read_text(encoding="utf-8")
        text = text.replace("[server]\n", "[server]\ntimeout_seconds = 1\n")
        (config / "gateway.toml").write_text(text, encoding="utf-8")
        path = config / "profiles" / "std-2026" / "profile.toml"
        text = path.read_text(encoding="utf-8")
        assert "interval_seconds = 60 " in text
        path.write_text(text.replace("interval_seconds = 60 ", "interval_seconds = 0 "), encoding="utf-8")

    options = {"seed": SEED, "scale": 0.01, "faults": False, "result_delay_seconds": 0.1, "adapt": adapt}
    with started(tmp_path_factory.mktemp("provisions") / "site", extra=SETTINGS, **options) as run:
        made = Body(run, new=1)
        made.fill()
        yield made


@pytest.mark.timeout(120)
def test_two_persons_permit_and_the_server_answers(body, monkeypatch):
    """Shown masked and with its deadline; one person is not enough, nor the same one twice; a protected person needs
    two who say so; told without --yes, nothing is done; the books name both persons and their reasons.
    """
    number, hidden = body.inquire(), body.inquire(HIDDEN)
    row, protected = body.listed(number), body.listed(hidden)
    listed = body.ask("list", code=1)
    assert {each["id"] for each in listed} == {f"P{row.id}", f"P{protected.id}"}
    assert {each["person"][:12] for each in listed} == {"*" * 12}
    assert {each["hours_left"] for each in listed} == {23}
    rung = asked("status", "--json", "--config", body.run.site.config).output
    assert '"alarm": "ALM-013"' in rung
    monkeypatch.setenv("LOGNAME", "hana")
    (dry,) = body.ask("permit", f"P{row.id}", "--reason", "要件を確認")
    assert (dry["done"], dry["state"], dry["persons_needed"]) == (False, "proposed", 2)
    assert body.states([number]) == ["pending"]
    body.ask("permit", f"P{row.id}", "--reason", "要件を確認", "--yes")
    body.ask("permit", f"P{row.id}", "--reason", "要件を確認", "--yes", code=1)
    body.ask("permit", f"P{protected.id}", "--reason", "r", "--yes", code=1)
    body.ask("permit", f"P{protected.id}", "--reason", "r", "--protected", "--yes")
    monkeypatch.setenv("LOGNAME", "taro")
    body.ask("permit", f"P{protected.id}", "--reason", "r", "--yes", code=1)
    body.ask("permit", f"P{row.id}", "--reason", "再確認", "--yes")
    eventually(lambda: body.states([number, hidden]) == ["replied", "proposed"], what="the reply")
    assert body.at_server([number, hidden]) == [("permitted", 1), ("pending", 0)]
    told, *steps = body.ask("show", f"P{row.id}")
    assert (told["protected"], told["persons_to_permit"], told["persons_to_deny"]) == ("no", 2, 1)
    assert [(step["what"], step["by"], step["reason"]) for step in steps] == [
        ("listed", "gateway", None),
        ("permit", "hana", "要件を確認"),
        ("permit", "taro", "再確認"),
        ("sending", "gateway", None),
        ("replied", "gateway", None),
    ]
    body.ask("withdraw", f"P{protected.id}", "--reason", "r", "--yes")
    body.deny(hidden)
    eventually(lambda: body.at_server([hidden]) == [("denied", 1)], what="the denial")
    assert body.ask("list") == []


@pytest.mark.exam("E01")
@pytest.mark.timeout(900 if FULL else 120)
def test_a_kill_at_every_step_replies_once(body):
    """A worker dies at each step, between decision and reply as well; every inquiry is a task once, and the server is
    told once. What becomes too late meanwhile is closed, and said to be.
    """
    late, numbers = body.inquire(within=8), []
    body.listed(late)

    def task():
        numbers.append(body.inquire())

    def decided():
        task()
        body.deny(numbers[-1])

    steps = [name for name in STEPS if name.startswith("provisions.")]
    for passage in (1, 2, 3) if FULL else (1,):
        for step in steps:
            body.die("worker", step, passage, task if step in ("provisions.listed", "provisions.added") else decided)
    body.replace("worker")
    for number in numbers:
        if body.states([body.listed(number).what.inquiry.provision_id]) == ["pending"]:
            body.deny(number)
    eventually(lambda: set(body.states(numbers)) == {"replied"}, seconds=60, what="the replies")
    assert body.at_server(numbers) == [("denied", 1)] * len(numbers)
    rows = [row for row in body.run.store.provisions(most=10**6) if row.what.inquiry.provision_id in numbers]
    assert len(rows) == len(numbers)
    replies = [
        {entry.request_id for entry in body.run.store.provision_entries(row.id) if entry.what == "sending"}
        for row in rows
    ]
    assert [len(each) for each in replies] == [1] * len(rows)
    eventually(lambda: body.states([late]) == ["expired"], what="the end of what was too late")
    assert body.told(name="provision.expired")
    assert body.unwell() == []
