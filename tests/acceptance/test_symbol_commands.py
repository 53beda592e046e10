"""`symbols` on a ledger: progress and whose move it is, beginning, retrying, giving up, the list for the terminal."""

import csv
import json
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.acceptance.test_link_commands import GATEWAY
from tests.acceptance.watching import asked
from tests.unit.pipeline.symbol_office import Office, person

from kakehashi.domain.batch import RecordState
from kakehashi.domain.symbol import AcquisitionState, Origin
from kakehashi.ports.symbols import AcquisitionRow
from kakehashi.runtime.bootstrap import plugin
from kakehashi.testing.store_samples import add, new_exception, settle

HANA, STRANGER = person(1), person(10)
ON = '[symbols]\nacquire = "all"\nresidents = "registry"\n'


@pytest.fixture
def body(tmp_path):
    """An office whose ledger, links and keys are files that the commands find."""
    import shutil

    from kakehashi.runtime.places import shared

    config = tmp_path / "config"
    shutil.copytree(shared("config"), config)
    (config / "gateway.toml").write_text(GATEWAY.format(folder=tmp_path) + ON, encoding="utf-8")
    plugin("tools", "key-file")(tmp_path / "keys")
    from kakehashi.config.settings import KeySettings

    sealer = plugin("sealers", "vault")(KeySettings(file=str(tmp_path / "keys")))
    store, links = plugin("stores", "sqlite")(f"sqlite:///{tmp_path}/kakehashi.db", migrate=True)
    office = Office(tmp_path, store=store, links=links, sealer=sealer)
    office.config = config
    yield office
    office.close()
    links.close()
    store.close()


def ask(office, *words, code=0):
    done = asked(*words, "--json", "--config", office.config)
    assert done.exit_code == code, done.output
    return [json.loads(line) for line in done.output.splitlines() if line.startswith("{")]


def work_now(office, **time):
    """At the time at which the commands are, or later."""
    office.clock.advance(max(datetime.now(UTC) - office.clock.now(), timedelta(0)))
    office.work(**time)


def need(office, *persons):
    office.without_symbol(*persons)
    office.store.need(persons, origin=Origin.REGISTERED, now=office.clock.now())


def test_progress_says_whose_move_it_is(body):
    """By state and age; exit code 1 while an operator or somebody at the terminal must act; in Japanese as well."""
    assert ask(body, "symbols") == []
    need(body, HANA)
    assert [(row["state"], row["whose_move"]) for row in ask(body, "symbols")] == [("needed", "gateway")]
    need(body, STRANGER)
    body.work()
    rows = ask(body, "symbols", code=1)
    assert [(row["state"], row["whose_move"], row["acquisitions"], row["code"]) for row in rows] == [
        ("issued", "terminal", 1, "SYM-008"),
        ("acknowledged", "network", 1, None),
    ]
    shown = asked("symbols", "--lang", "ja", "--config", body.config)
    assert "次の対応者" in shown.output
    assert "統合端末" in shown.output
    (row,) = ask(body, "symbols", "list", "--state", "acknowledged")
    assert (row["person"], row["number"], row["records"]) == ("************001", 1, 0)
    assert HANA not in json.dumps(ask(body, "symbols", "list"))
    assert len(ask(body, "symbols", "list", "--live")) == 2
    assert len(ask(body, "symbols", "list", "--person", "1")) == 1


def test_acquisitions_begin_for_all_at_a_bounded_rate_once(body):
    """Every linked person, spread over time; the second time nobody; one person again on purpose."""
    (begun,) = ask(body, "symbols", "start", "--all", "--per-second", "2")
    assert begun == {"persons": 11, "begun": 11, "per_second": 2}
    dues = [row.what.due for row in body.store.acquisitions()]
    assert (max(dues) - min(dues)).total_seconds() == 5
    (again,) = ask(body, "symbols", "start", "--all")
    assert again["begun"] == 0
    assert ask(body, "symbols", "start", "1", code=0)[0]["begun"] == 0
    assert asked("symbols", "start", "--config", body.config).exit_code == 2
    text = (body.config / "gateway.toml").read_text(encoding="utf-8")
    (body.config / "gateway.toml").write_text(text.replace('"all"', '"off"'), encoding="utf-8")
    assert asked("symbols", "start", "--all", "--config", body.config).exit_code == 1


def test_what_has_failed_is_retried_and_given_up(body):
    """A failed one begins anew, a blocked one goes on; given up, what waits is parked with name and reason."""
    body.without_symbol(HANA)
    _, (batch,) = add(body.store, sizes=(1,))
    refused = new_exception(1, code="SYM-001", state=RecordState.WAITING, person=HANA)
    settle(body.store, batch, exceptions=[refused])
    body.scenario.set({"refuse": "4003"})
    body.work()
    (failed,) = ask(body, "symbols", "list")
    assert (failed["state"], failed["code"], failed["server_code"]) == ("failed", "SYM-009", "4003")
    ask(body, "symbols", code=1)
    assert ask(body, "symbols", "retry", failed["id"]) == [{"retried": 1}]
    assert ask(body, "symbols", "retry", failed["id"], code=1) == [{"retried": 0}]
    _, live = ask(body, "symbols", "list")
    assert (live["state"], live["records"]) == ("needed", 1)
    blocked = body.store.acquisition(int(live["id"][1:]))
    what = replace(blocked.what, state=AcquisitionState.OPERATOR, due=None, code="SYM-004")
    assert _moved(body, blocked, what)
    assert ask(body, "symbols", "retry", live["id"]) == [{"retried": 1}]
    answer = ask(body, "symbols", "abandon", live["id"], "--reason", "moved away")
    assert answer == [{"abandoned": 1, "parked": 1}]
    (exception,) = body.store.exceptions(states=[RecordState.PARKED])
    decision = body.store.decisions_about(exception.id)[-1]
    assert (decision.action, decision.reason) == ("abandon-symbol", "moved away")
    assert ask(body, "symbols", "abandon", live["id"], "--reason", "again", code=1) == [{"abandoned": 0, "parked": 0}]


def _moved(office, row: AcquisitionRow, what):
    from kakehashi.domain.symbol import Step

    return office.store.move(row.id, turn=row.turn, step=Step(what), now=office.clock.now())


def test_a_symbol_is_released_and_acquired_anew(body):
    """A dry run tells what would end; done, who said so and why is kept; it is the gateway's move; twice is once."""
    need(body, HANA)
    body.work()
    words = ("symbols", "release", "1", "--reason", "left the body for good")
    assert ask(body, *words) == [{"done": False, "acquisitions": 1, "records": 0}]
    assert body.states(HANA) == ["acknowledged"]
    assert ask(body, *words, "--yes") == [{"done": True, "acquisitions": 1, "records": 0}]
    assert [row["state"] for row in ask(body, "symbols")] == ["releasing", "cancelled"]
    listed = ask(body, "symbols", "list", "--live")
    assert [(row["state"], row["whose_move"], row["reason"]) for row in listed] == [
        ("releasing", "gateway", "left the body for good")
    ]
    assert ask(body, *words, "--yes", code=1) == [{"done": False, "acquisitions": 0, "records": 0}]
    work_now(body)
    assert body.server._bindings.report()["releases"] == [{"person": HANA, "times": 1}]
    assert ask(body, "symbols", "start", "1", "--again")[0]["begun"] == 1
    work_now(body)
    work_now(body, hours=3)
    assert body.states(HANA) == ["cancelled", "released", "linked"]
    unknown = asked("symbols", "release", "999", "--reason", "r", "--yes", "--config", body.config, "--lang", "ja")
    assert (unknown.exit_code, "登録されていません" in unknown.output) == (1, True)
    assert asked("symbols", "release", "nobody", "--reason", "r", "--config", body.config).exit_code == 2


def test_a_refused_release_is_the_operators_move(body):
    """Its code and the server's are told; given up, it is not told any more."""
    body.server._persons.set([STRANGER], "unknown")
    ask(body, "symbols", "release", STRANGER, "--reason", "gone", "--yes")
    work_now(body)
    (row,) = ask(body, "symbols", "list", "--live")
    assert (row["state"], row["whose_move"], row["code"], row["server_code"]) == (
        "operator",
        "operator",
        "SYM-012",
        "4003",
    )
    assert ask(body, "symbols", "abandon", row["id"], "--reason", "never known there") == [
        {"abandoned": 1, "parked": 0}
    ]
    assert body.states(STRANGER) == ["cancelled"]


def test_the_list_for_the_terminal_is_written_for_its_owner_alone(body, tmp_path):
    """Process numbers of those who are no residents; never over a file that is there; then the link is asked for."""
    need(body, STRANGER)
    body.work()
    file = tmp_path / "terminal.csv"
    assert ask(body, "symbols", "hand-over", str(file))[0]["acquisitions"] == 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (row,) = csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines())
    assert (row["団体内統合宛名番号"], row["システム"]) == (STRANGER, "tax")
    assert asked("symbols", "hand-over", str(file), "--config", body.config).exit_code == 2
    assert body.server._processes.state(row["処理通番"], STRANGER) == "pending"
    assert ask(body, "symbols", "handed-over", row["取得番号"]) == [{"handed_over": 1}]
    assert body.states(STRANGER) == ["acknowledged"]
    assert ask(body, "symbols", "handed-over", row["取得番号"], code=1) == [{"handed_over": 0}]
