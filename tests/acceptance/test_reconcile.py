"""An operator reconciles extract, ledger and server: every planted difference and nothing else."""

import json
import sqlite3
from contextlib import closing
from datetime import timedelta, timezone

import pytest
from tests.acceptance.watching import asked, links_settled, settled
from tests.faults.site import SEED

from kakehashi_simulators.demo.run import started
from kakehashi_simulators.legacy.manifest import Sample
from kakehashi_simulators.legacy.tax import LANE, write_tax
from kakehashi_simulators.legacy.town import Town

RECORDS = 50
SETTINGS = "\n[limits]\nbatch_records = 20\n"


FILES = {"LEVY0001.DAT": 0, "FULL.DAT": 1}
"""Name → its first person: the full extract lacks the first person of the file that was sent, and has one more.

The 34th record of each file deletes: the extract has person 33 and deletes 34, the file that was sent did the opposite.
"""
DELETES = 33
JAPAN = timezone(timedelta(hours=9))


@pytest.fixture
def run(tmp_path):
    """A settled file, and an extract of the owner beside it."""
    folder = tmp_path / "site"
    with started(folder, seed=SEED, scale=0.05, faults=False, extra=SETTINGS, result_delay_seconds=0.2) as run:
        links_settled(run)
        for name, first in FILES.items():
            write_tax(folder / "samples" / name, town=Town(SEED), first=first, records=RECORDS)
        path = folder / "samples" / "LEVY0001.DAT"
        run.drop([Sample(lane=LANE, name=path.name, path=path, records=RECORDS, good=RECORDS)])
        settled(run)
        yield run


def edit(book, statement, *values):
    """What must not happen to a ledger or a server, done by hand."""
    with closing(sqlite3.connect(book, timeout=30)) as connection, connection:
        assert connection.execute(statement, values).rowcount == 1


def reconcile(run, *arguments):
    """Exit code, and (difference, person, record, accepted, server) of each."""
    answer = asked("reconcile", LANE, *arguments, "--config", run.site.config, "--json")
    lines = [json.loads(line) for line in answer.stdout.splitlines()]
    assert all(line["in_flight"] == "no" for line in lines)
    return answer.exit_code, [
        tuple(line[name] for name in ("difference", "person", "record", "accepted", "server")) for line in lines
    ]


def in_order(found):
    """As they are told: by person, who is masked."""
    return [(kind, f"{'*' * 12}{person[-3:]}", *rest) for kind, person, *rest in sorted(found, key=lambda row: row[1])]


def test_every_planted_difference_is_listed_and_nothing_else(run):
    """Originals against ledger against server: one difference of each kind is planted, and exactly these are found."""
    persons = [Town(SEED).people.unified(number) for number in range(RECORDS + 1)]
    ledger, account = run.site.folder / "store" / "kakehashi.db", run.site.folder / "server" / "account.sqlite"
    full = run.site.folder / "samples" / "FULL.DAT"
    (file,) = run.store.files(lane=LANE, most=9)

    def sent(number):
        """Where the person stands in the file that was sent."""
        return f"F{file.id} {number + 1}"

    apart = [
        ("surplus", persons[0], None, sent(0)),
        ("not-accepted", persons[DELETES], DELETES, None),
        ("surplus", persons[DELETES + 1], None, sent(DELETES + 1)),
        ("not-accepted", persons[RECORDS], RECORDS, None),
    ]
    assert reconcile(run, "--server") == (0, [])
    assert reconcile(run, "--originals", full) == (1, in_order((*each, None) for each in apart))

    edit(ledger, "UPDATE replicas SET digest = zeroblob(32) WHERE person = ?", persons[3])
    edit(account, "DELETE FROM effects WHERE person = ?", persons[5])
    edit(account, "UPDATE effects SET sequence = ? WHERE person = ?", f"{7:018d}", persons[8])
    edit(ledger, "DELETE FROM replicas WHERE person = ?", persons[11])
    planted = [
        ("outdated", persons[3], 3, sent(3), sent(3)),
        ("not-at-server", persons[5], 5, sent(5), None),
        ("other-at-server", persons[8], 8, sent(8), "7"),
        ("not-accepted", persons[11], 11, None, sent(11)),
        ("only-at-server", persons[11], 11, None, sent(11)),
    ]
    code, found = reconcile(run, "--originals", full, "--server")
    assert (code, found) == (1, in_order([*planted, *((*each, each[-1]) for each in apart)]))
    repaired(run, full)


def repaired(run, full):
    """A dry run changes nothing; a repair sends what the extract has, and withdraws the rest only when asked."""
    settled_at = sum(lane.accepted for lane in run.counts())
    taken = run.store.files(lane=LANE, most=1)[0].received_at + timedelta(seconds=1)
    wish = ["--repair", "--taken", f"{taken.astimezone(JAPAN):%Y-%m-%dT%H:%M:%S}", "--reason", "they had lost some"]
    arguments = ["--originals", full, "--server", *wish]
    plan = {"send_again": 6, "withdraw": 0, "left_surplus": 2, "left_in_flight": 0, "left_newer": 0, "left_unclear": 0}
    assert told(run, *arguments, "--dry-run") == (1, [plan])
    assert told(run, *arguments, "--withdraw", "1", "--yes") == (1, [plan | {"withdraw": 2, "left_surplus": 0}])
    settled(run)
    assert sum(lane.accepted for lane in run.counts()) == settled_at
    code, lines = told(run, *arguments, "--withdraw", "2", "--yes")
    assert (code, lines[0]) == (0, plan | {"withdraw": 2, "left_surplus": 0})
    assert [line["records"] for line in lines[1:]] == [6, 2]
    settled(run)
    assert sum(lane.accepted for lane in run.counts()) == settled_at + 8
    assert reconcile(run, "--originals", full, "--server") == (0, [])


def told(run, *arguments):
    """Exit code, and what is told besides the differences."""
    answer = asked("reconcile", LANE, *arguments, "--config", run.site.config, "--json")
    lines = [json.loads(line) for line in answer.stdout.splitlines()]
    return answer.exit_code, [line for line in lines if "difference" not in line]


def test_an_extract_that_cannot_be_trusted_is_not_compared(run):
    """A trailer that disagrees, or another layout, holds the extract as it would a file: its fault is told alone."""
    path = run.site.folder / "samples" / "CUT.DAT"
    write_tax(path, town=Town(SEED), first=0, records=RECORDS, miscount=1)
    answer = asked("reconcile", LANE, "--originals", path, "--config", run.site.config)
    assert answer.exit_code == 1
    assert "DEC-010" in answer.output
    assert answer.output.endswith("Nothing was compared.\n")
    other = run.site.folder / "samples" / "OTHER.DAT"
    other.write_text("番号,氏名\r\n", encoding="cp932")
    answer = asked("reconcile", LANE, "--originals", other, "--config", run.site.config, "--lang", "ja")
    assert (answer.exit_code, "DEC-0" in answer.output) == (1, True)
    assert answer.output.endswith("突合していません。\n")


def test_a_server_that_is_away_or_refuses_is_told(run):
    """Exit 3 and a code of the catalogue, as with every other command."""
    run.server.set_faults(result_code="5001")
    refused = asked("reconcile", LANE, "--server", "--config", run.site.config)
    assert (refused.exit_code, "SRV-006" in refused.output) == (3, True)
    run.server.set_faults(result_code="", refuse_connections=True)
    away = asked("reconcile", LANE, "--server", "--config", run.site.config)
    assert (away.exit_code, "SRV-002" in away.output) == (3, True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["welfare-inquiry", "--server"], "none of the routes"),
        ([LANE], "Say what to compare with"),
        ([LANE, "--originals", "absent.dat"], "does not exist"),
        ([LANE, "--server", "--repair", "--reason", "r", "--taken", "2026-07-01T02:00"], "made from the extract"),
        ([LANE, "--originals", __file__, "--repair", "--reason", "r"], "--taken"),
        ([LANE, "--originals", __file__, "--withdraw", "1"], "belong to --repair"),
    ],
)
def test_wrong_use_is_told(arguments, says, tmp_path):
    """Exit 2 and what to write instead."""
    answer = asked("reconcile", *arguments)
    assert (answer.exit_code, says in answer.output) == (2, True)
