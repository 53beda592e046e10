"""The same scenarios on both transports, both brokers, both databases, and with another body's format.

Every pair of the three is met in four runs; the full tier has all eight.
"""

import itertools
import json
import shutil

import pytest
from tests.acceptance.watching import asked, eventually
from tests.services.other_format import PROFILE as OTHER
from tests.services.other_format import make_other_format
from tests.tier import FULL

from kakehashi.runtime.places import shared
from kakehashi_simulators.demo.run import started
from kakehashi_simulators.process import Spoken

EVERYWHERE = list(itertools.product(("https", "folder"), ("local", "rabbitmq"), ("sqlite", "postgresql")))
PAIRS = [
    ("https", "local", "sqlite"),
    ("https", "rabbitmq", "postgresql"),
    ("folder", "rabbitmq", "sqlite"),
    ("folder", "local", "postgresql"),
]
SETTINGS = "\n[provisions]\nfetch = true\nevery_seconds = 1\n"
INFO, ASKED, LANE = "TM99000000000001", "TM99000000000002", "tax-levy"
INFOS = (INFO, ASKED)
WHY = ("--reason", "case 17")


def place(request, broker, store):
    """What `started` is told of broker and database."""
    url = request.getfixturevalue("rabbitmq").url if broker == "rabbitmq" else None
    return {"broker": url, "store": request.getfixturevalue("postgresql_url") if store == "postgresql" else None}


def do_all(run, as_user):
    """A day at a body: files of every lane, a reconciliation, a provision, a suspension, questions about a person."""
    deadline = 10**12
    run.drop_all(lambda _: None, deadline=deadline)
    assert run.wait(lambda _: None, deadline=deadline)
    verdict = run.verdict()
    assert verdict.problems == ()
    assert verdict.planted == verdict.found > 10
    assert run.server.ask("/households")["mixed"] == []
    code, lines = told(run, "reconcile", LANE, "--server")
    assert (code, lines) == (0, [])

    persons = {info: sorted({str(each["person"]) for each in run.server.effects(info=info)}) for info in INFOS}
    answers = run.server.ask("/inquire", {"persons": persons[ASKED], "info": ASKED})
    asked_about, number = next((each["person"], each["provision"]) for each in answers if each["state"] == "pending")
    task = eventually(lambda: run.store.known_provisions([number]).get(number), what="the task")
    for user in ("first", "second"):
        as_user(user)
        assert told(run, "provisions", "deny", f"P{task.id}", *WHY, "--code", "02", "--yes")[0] == 0
    eventually(lambda: "denied" in [each["state"] for each in run.server.ask("/provisions")], what="the denial")

    stopped = persons[INFO][-1]
    assert told(run, "suspend", stopped, *WHY, "--yes")[0] == 0
    eventually(lambda: run.server.ask(f"/provided?person={stopped}&info={INFO}")["units"] == [], what="the withdrawal")
    eventually(lambda: not run.store.waiting_halts(), what="the end of it in the books")
    code, lines = told(run, "who-received", asked_about, *WHY)
    assert code == 0
    assert int(str(run.server.account()["twice"])) == 0


def told(run, *words):
    """(exit code, its lines) of a command."""
    done = asked(*words, "--json", "--config", run.site.config)
    return done.exit_code, [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("transport", "broker", "store"), EVERYWHERE if FULL else PAIRS)
def test_the_same_scenarios_everywhere(tmp_path, request, monkeypatch, transport, broker, store):
    """Nothing of what a body does depends on how messages travel, who carries the work, or where the ledger lies."""
    options = place(request, broker, store)
    with started(
        tmp_path / "site", scale=0.05, transport=transport, extra=SETTINGS, result_delay_seconds=0.2, **options
    ) as run:
        do_all(run, lambda name: monkeypatch.setenv("LOGNAME", name))


@pytest.mark.timeout(300)
def test_the_same_scenarios_in_another_format(tmp_path, monkeypatch):
    """Other ids, names, values, codes, lengths, namespace, caps and transport are a profile, not a change of Python."""
    shipped = shutil.copytree(shared("config"), tmp_path / "shipped")
    spoken = Spoken(OTHER, make_other_format(shipped))
    options = {"shipped": shipped, "spoken": spoken, "transport": "folder", "extra": SETTINGS}
    with started(tmp_path / "site", scale=0.05, result_delay_seconds=0.2, **options) as run:
        do_all(run, lambda name: monkeypatch.setenv("LOGNAME", name))
        assert asked("check", run.site.config).exit_code == 0
