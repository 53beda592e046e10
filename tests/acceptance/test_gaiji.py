"""外字 as an operator meets them: a code that no table knows, its row, and the records that waited for it."""

import json
import signal

import pytest
from tests.acceptance.watching import asked, eventually, links_settled, logged, put, settled

from kakehashi.domain.character import CharacterTrouble
from kakehashi_simulators.demo.run import started

pytestmark = pytest.mark.xdist_group("gaiji")
SIZE, START = 400, 360
RECORDS = (3, 4, 7)


def with_a_row_of_a_day_to_come(config):
    """Until 00:00 of its first day a code stays as unknown as it was."""
    system = config / "systems" / "tax"
    (system / "gaiji.csv").write_text("code,unicode,valid_from\nF040,9AD9,2999-01-01\n", encoding="utf-8")
    with (system / "system.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[[gaiji]]\nfile = "gaiji.csv"\n')


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    site = tmp_path_factory.mktemp("gaiji") / "site"
    with started(site, seed=31, scale=0.05, faults=False, adapt=with_a_row_of_a_day_to_come) as run:
        links_settled(run)
        (sample,) = run.manifest.lane("tax-levy")[:1]
        content = bytearray(sample.path.read_bytes())
        for number in RECORDS:
            start = number * SIZE + START - 1
            content[start : start + 40] = (b"\xf0\x40" * (1 if number < 7 else 2)).ljust(40)
            content[number * SIZE + 16 : number * SIZE + 17] = b"1"
        put(run.drop_folder("tax-levy"), sample.name, bytes(content))
        eventually(lambda: run.store.files(lane="tax-levy"), what="the file")
        settled(run)
        yield run


@pytest.fixture(scope="module")
def ask(run):
    """A `gaiji` command on this site: what it says, line by line."""

    def call(*arguments, code=0):
        answer = asked("gaiji", *arguments, "--json", "--config", run.site.config)
        assert answer.exit_code == code, answer.output
        return [json.loads(line) for line in answer.stdout.splitlines()]

    return call


def test_the_ledger_says_which_codes_are_missing_and_who_waits(ask):
    """By system: the code in hex, how often, in how many records, since when; no table knows it as of today."""
    (found,) = ask("unmapped")
    assert (found["system"], found["lane"], found["what"], found["code"]) == ("tax", "tax-levy", "unmapped", "F040")
    assert (found["times"], found["records"], found["waiting"], found["known"]) == (4, 3, 3, "no")
    assert found["first"] <= found["last"]
    assert ask("unmapped", "--system", "welfare") == ask("unmapped", "--code", "F041") == []


def test_every_place_of_a_code_is_told(ask):
    """File, record, item and byte; never what else stands there."""
    places = ask("unmapped", "--each", "--code", "f040")
    assert [(p["record"], p["item"], p["byte"], p["times"]) for p in places] == [
        (number, "更正事由", number * SIZE + START - 1, 1 if number < 7 else 2) for number in RECORDS
    ]
    assert {(p["state"], p["file"].split()[0]) for p in places} == {("refused", places[0]["file"].split()[0])}


def test_a_retry_before_the_table_knows_the_code_sends_nothing(ask):
    """They would be refused again: how many still wait is told."""
    assert ask("retry", "--reason", "try") == [{"retried": 0, "still_unknown": 3}]


def test_a_row_of_the_table_frees_the_records_as_a_group(run, ask):
    """The table is taken over on SIGHUP; one command sends all that waited for the code, with the selector kept."""
    system = run.site.config / "systems" / "tax"
    (system / "gaiji.csv").write_text("code,unicode,ivs,note\nF040,8FBB,E0103,一点しんにょう\n", encoding="utf-8")
    for process in run.processes.running.values():
        process.send_signal(signal.SIGHUP)
    for name in run.processes.running:
        eventually(lambda name=name: logged(run, name, "configuration.reloaded"), what=f"the change in {name}")
    (found,) = ask("unmapped")
    assert (found["known"], found["waiting"]) == ("yes", 3)
    assert ask("retry", "--reason", "row added", "--dry-run") == [{"dry_run": 3, "still_unknown": 0}]
    assert ask("retry", "--reason", "row added", "--system", "tax") == [{"retried": 3, "still_unknown": 0}]
    settled(run)
    (counts,) = [lane for lane in run.store.counts() if lane.lane == "tax-levy"]
    assert counts.received == counts.accepted > 0
    (found,) = ask("unmapped")
    assert (found["records"], found["waiting"]) == (3, 0)
    assert ask("retry", "--reason", "again") == [{"retried": 0, "still_unknown": 0}]
    assert run.server.account()["twice"] == 0


def test_every_substitute_is_shown_afterwards(run, ask):
    """髙 of the tax system went as 高, 閒 of the registry as 間: which records, from which to which code point."""
    run.drop(run.manifest.lane("registry-household"))
    settled(run)
    found = {(line["system"], line["code"], line["substitute"]) for line in ask("losses")}
    assert {("tax", "U+9AD9", "U+9AD8"), ("registry", "U+9592", "U+9593")} <= found
    assert {line["what"] for line in ask("losses")} == {CharacterTrouble.DEGRADED.value}
    places = ask("losses", "--each", "--system", "registry")
    assert places
    assert all(place["record"] and place["item"].startswith("D0") for place in places)


def test_candidates_for_a_degrade_table_are_ranked_with_reasons(ask):
    """For people to choose from; a character without a candidate says so and makes the exit code 1."""
    assert [(c["rank"], c["to_code"]) for c in ask("propose", "髙", "U+FA1C", "～")][:3] == [
        (1, "U+9AD8"),
        (1, "U+9756"),
        (1, "U+301C"),
    ]
    (none,) = ask("propose", "U+4EFC", code=1)
    assert (none["code"], none["to"]) == ("U+4EFC", None)
    everything = ask("propose", "--all-of", "cp932", code=1)
    kanji = {line["code"] for line in everything if "\u3400" <= line["from"] <= "\ufaff"}
    assert len(kanji) == 84
    (base,) = ask("propose", "U+8FBB U+E0103", "--charset", "cp932")
    assert (base["to"], base["rank"]) == ("辻", 1)
    for wrong in (["propose"], ["propose", "U+XYZ"], ["propose", "髙", "--charset", "cp933"]):
        ask(*wrong, code=2)
