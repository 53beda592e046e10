"""suspend, lock, who-received on real processes: blocked from the commit on, taken back, told, and let go again."""

import csv
import io
import json
import os
import subprocess
import sys
import time
from datetime import datetime, timedelta

import pytest
from tests.acceptance.levy_site import NOW, drop, levy_site
from tests.acceptance.watching import asked, eventually, settled
from tests.faults.site import Site
from tests.tier import FULL

from kakehashi.domain.batch import BatchState
from kakehashi_simulators.legacy.manifest import Sample
from kakehashi_simulators.legacy.tax import LANE, write_tax

SEED, RECORDS = 20261128, 6
NAME = "TM99000000000001"
BACKLOG = 60 if FULL else 12
SECONDS = 20
"""Of the 60 that an urgent item may take."""
WHY = ("--reason", "case 17")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Persons of the tax system, each with a unified number and a replica at the server."""
    folder, one_each = tmp_path_factory.mktemp("suspending") / "site", "\n[limits]\nbatch_records = 1\n"
    with levy_site(folder, seed=SEED, records=RECORDS, persons=5 * RECORDS, extra=one_each) as site:
        site.processes = Site(site.run)
        yield site


def ask(site, *words, json_lines=True):
    done = asked(*words, *(["--json"] if json_lines else []), "--config", site.run.site.config)
    if not json_lines:
        return done.exit_code, done.stdout
    return done.exit_code, [json.loads(line) for line in done.output.splitlines() if line.startswith("{")]


def killed(site, *words, step="halting.placed"):
    """The command dies as soon as the ledger has its decision, or at another step."""
    done = subprocess.run(
        [sys.executable, "-m", "kakehashi", *words, "--config", str(site.run.site.config)],
        env={**os.environ, "KAKEHASHI_FAIL": f"{step}:1:kill"}, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == -9, done.stderr


def provided(site, person):
    """What another body would get of the person."""
    return site.run.server.ask(f"/provided?person={person}&info={NAME}")


def told(site):
    """Whether the server has everything that was decided."""
    return not site.store.waiting_halts()


def standing(site, person):
    return len(site.store.persons_replicas(person))


@pytest.mark.timeout(240)
def test_a_suspended_person_is_withdrawn_blocked_and_let_go(site):
    """Killed commands and processes change nothing of it; neighbours go on; every step is in the books."""
    person = site.persons[0]
    named = f"tax:{site.town.atena('tax', 0).lstrip('0')}"
    code, (plan, *lines) = ask(site, "suspend", named, *WHY)
    assert (code, plan["done"], plan["replicas"], plan["standing"]) == (0, False, {LANE: 1}, None)
    assert [(line["what"], line["state"], line["lane"]) for line in lines] == [("replica", "stands", LANE)]
    assert site.store.halts() == []
    assert person not in str((plan, lines))
    site.processes.die("intake", "halting.withdrawn", 1, lambda: killed(site, "suspend", named, *WHY, "--yes"))
    assert standing(site, person) == 1
    site.processes.replace("intake")
    eventually(lambda: told(site), what="the withdrawal")
    assert (standing(site, person), provided(site, person)) == (0, {"locked": False, "units": []})
    assert ask(site, "suspend", person, *WHY, "--yes")[1][0]["new"] is False
    records = drop(site)
    eventually(lambda: site.store.exceptions(code="REF-013"), what="the blocked record")
    settled_lane(site)
    assert (standing(site, person), standing(site, site.persons[1])) == (0, 1)
    (row,) = ask(site, "suspend", "list")[1]
    assert (row["action"], row["key"][-3:], row["reason"], row["minutes_waiting"]) == (
        "suspend", person[-3:], "case 17", None,
    )  # fmt: skip
    assert "case 17" in ask(site, "status", json_lines=False)[1]
    assert ask(site, "suspend", "--lift", person, *WHY)[1][0]["done"] is False
    assert ask(site, "suspend", "--lift", person, "--reason", "closed", "--yes")[0] == 0
    assert ask(site, "suspend", "list")[1] == []
    assert ask(site, "suspend", "--lift", person, *WHY, "--yes")[0] == 1
    (row,) = ask(site, "suspend", "list", "--all")[1]
    assert (row["lift_reason"], bool(row["lifted"])) == ("closed", True)
    assert ask(site, "parked", "retry", "--cause", "REF-013", *WHY, "--yes")[0] == 0
    eventually(lambda: standing(site, person), what="the record that was blocked")
    assert provided(site, person)["units"]
    assert records == RECORDS + site.files


def settled_lane(site):
    """Everything but what is parked has its outcome."""

    def over():
        batches = [row for file in site.store.files(lane=LANE, most=99) for row in site.store.batches(file.id)]
        return all(row.state is BatchState.SETTLED for row in batches)

    eventually(over, what="the lane")


@pytest.mark.timeout(240)
def test_a_locked_information_waits_and_goes_on(site):
    """The server is told, also by processes that die at it; the lane is held, and drains by itself after the unlock."""
    other = site.persons[1]
    assert ask(site, "lock", NAME, *WHY)[1] == [
        {"done": False, "action": "lock", "key": NAME, "standing": None, "lanes": [LANE]}
    ]
    steps = iter(["halting.found", "halting.answered", "halting.noted"])
    site.processes.die("worker", next(steps), 1, lambda: ask(site, "lock", NAME, *WHY, "--yes"))
    site.processes.die("worker", next(steps), 1, lambda: None)
    eventually(lambda: provided(site, other)["locked"], what="the lock")
    site.processes.die("worker", next(steps), 1, lambda: None)
    assert told(site)
    accepted = site.store.counts()[0].accepted
    records = drop(site)
    site.processes.replace("worker")
    eventually(
        lambda: any(
            row.code == "REF-014" for file in site.store.files(lane=LANE) for row in site.store.batches(file.id)
        ),
        what="the hold",
    )
    assert ask(site, "unlock", other, *WHY, "--yes")[0] == 1, "the person is not locked"
    assert ask(site, "unlock", NAME, *WHY, "--yes")[0] == 0
    eventually(lambda: not provided(site, other)["locked"], what="the end of the lock")
    settled(site.run)
    assert site.store.counts()[0].accepted == accepted + records
    assert provided(site, other)["units"]


def test_a_locked_person_is_sent_all_the_same(site):
    """Only the server provides nothing; twice is once."""
    person = site.persons[2]
    assert [ask(site, "lock", person, *WHY, "--yes")[1][0]["new"] for _ in range(2)] == [True, False]
    eventually(lambda: provided(site, person)["locked"], what="the lock")
    before = site.store.counts()[0].accepted
    records = drop(site)
    settled(site.run)
    assert site.store.counts()[0].accepted == before + records
    assert ask(site, "unlock", person, *WHY, "--yes")[0] == 0
    eventually(lambda: provided(site, person)["units"], what="the end of the lock")
    locks = {row["key"]: row["operation"] for row in site.run.server.ask("/locks")}
    assert locks[person] == "unlock"


def test_who_received_what_is_told_as_a_table(site):
    """Of a person by day, of an information everybody's; what is not known here is said."""
    person, today = site.persons[3], datetime.now(NOW.tzinfo).date()
    _, text = ask(site, "who-received", person, *WHY, "--csv", json_lines=False)
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["what"], row["info_name"], row["lane"], row["state"]) == ("replica", NAME, LANE, "stands")
    assert row["person"][-3:] == person[-3:]
    assert person not in text
    assert row["reference"].startswith("F")
    tomorrow = (today + timedelta(days=1)).isoformat()
    for days, found in (
        (("--from", today.isoformat()), 1), (("--from", tomorrow), 0), (("--to", today.isoformat()), 0),
        (("--as-of", tomorrow), 1), (("--as-of", today.isoformat()), 0),
    ):  # fmt: skip
        assert len(ask(site, "who-received", person, *WHY, *days)[1]) == found
    everybody = ask(site, "who-received", NAME, *WHY)[1]
    assert len(everybody) == len(list(site.store.replicas(NAME))) > RECORDS
    assert {line["info_name"] for line in everybody} == {NAME}
    assert "TKM-501" in asked("who-received", NAME, *WHY, "--config", site.run.site.config).output
    assert ask(site, "who-received", "tax:999999999", *WHY)[1][0]["code"] == "IDN-001"
    assert ask(site, "who-received", "tax:x", *WHY)[0] == 2


@pytest.mark.timeout(240)
def test_a_record_of_an_exchange_is_withheld_from_its_person(site):
    """Killed before and after the server heard it, the command is gone on with: the server heard it once. An automatic
    answer is told by who-received; while the server is away that says so, and ends otherwise.
    """
    person, ask_server = site.persons[6], site.run.server.ask
    named = f"tax:{site.town.atena('tax', 6)}"
    first, second = ask_server("/exchanges", {"persons": [person], "count": 2})
    ask_server("/exchanges", {"persons": [person], "outcome": "refused"})
    code, rows = ask(site, "exchange-records", named, *WHY)
    assert (code, len(rows), {row["withheld"] for row in rows}) == (0, 3, {None})
    assert person not in str(rows)
    say = ("exchange-records", "withhold", named, first, "--code", "01", *WHY)
    assert ask(site, *say)[1][0]["done"] is False
    killed(site, *say, "--yes", step="withholding.placed")
    assert ask_server("/exchanges") == []
    assert ask(site, "exchange-records", "decisions", "--open")[0] == 1
    killed(site, "exchange-records", "resume", step="withholding.answered")
    assert ask(site, "exchange-records", "disclose", named, first, *WHY, "--yes")[1][0]["code"] == "REC-002"
    code, (row,) = ask(site, "exchange-records", "resume")
    assert (code, row["state"], row["reason"], row["code"]) == (0, "done", "case 17", None)
    assert ask_server("/exchanges") == [{"record": first, "code": "01", "times": 1}]
    code, (row,) = ask(site, "exchange-records", "withhold", named, "p" * 32, "--code", "01", *WHY, "--yes")
    assert (code, row["state"], row["code"], row["server_code"]) == (1, "refused", "REC-001", "4017")
    assert ask(site, "exchange-records", "disclose", named, first, *WHY, "--yes")[0] == 0
    told = [row["withheld"] for row in ask(site, "exchange-records", named, *WHY)[1]]
    assert (told, ask_server("/exchanges")[0]["code"]) == ([None] * 3, None)
    answers = [row for row in ask(site, "who-received", named, *WHY)[1] if row["what"] == "automatic"]
    assert sorted(row["reference"] for row in answers) == sorted([first, second])
    site.run.server.set_faults(refuse_connections=True)
    code, rows = ask(site, "who-received", named, *WHY)
    assert (code, [row.get("code") or row["what"] for row in rows]) == (3, ["SRV-002", "replica"])
    code, (row,) = ask(site, "exchange-records", "withhold", named, second, "--code", "02", *WHY, "--yes")
    assert (code, row["state"], row["code"]) == (3, "open", "SRV-002")
    site.run.server.set_faults(refuse_connections=False)
    assert ask(site, "exchange-records", "resume")[1][0]["state"] == "done"


@pytest.mark.timeout(240)
def test_a_full_backlog_is_overtaken(site):
    """No lane is urgent, the server is slow, and every batch holds one record: withdrawal and lock are there while most
    of the backlog waits; the withdrawal is the last word about the suspended person.
    """
    first, second = site.persons[4:6]
    site.run.server.set_faults(delay_seconds=0.5)
    accepted = site.store.counts()[0].accepted
    for number in range(BACKLOG):
        path = site.run.site.folder / "samples" / f"BACK{number:04d}.DAT"
        write_tax(path, town=site.town, first=1 + number % 3, records=26 - number // 3)
        site.run.drop([Sample(lane=LANE, name=f"LEVY9{number:03d}.DAT", path=path, records=1, good=1)])
    eventually(lambda: len(site.store.files(lane=LANE, most=999)) >= BACKLOG + site.files, what="the backlog")
    for words in (("suspend", first), ("lock", second)):
        assert ask(site, *words, *WHY, "--yes")[0] == 0
    begun = time.monotonic()
    eventually(lambda: told(site), seconds=SECONDS, what="withdrawal and lock")
    (lane,) = [lane for lane in site.store.counts() if lane.lane == LANE]
    assert lane.waiting > 3 * (lane.accepted - accepted), f"the backlog went in {time.monotonic() - begun:.1f} s"
    assert (provided(site, first)["units"], provided(site, second)["locked"]) == ([], True)
    effects = sorted(site.run.server.effects(person=first), key=lambda effect: int(effect["sequence"]))
    assert effects[-1]["operation"] == "delete"
