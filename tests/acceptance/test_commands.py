"""Every command as its user calls it, on one site that has settled a day's files with planted faults."""

import json
import os
import re
import shutil
import time

import pytest
from rich.cells import cell_len
from tests.acceptance.watching import asked, eventually, kakehashi

from kakehashi.catalogue import PROBLEMS
from kakehashi.runtime.events import CATALOGUE
from kakehashi.runtime.places import shared
from kakehashi_simulators.demo.run import started

pytestmark = pytest.mark.xdist_group("commands")
JAPANESE = re.compile("[ぁ-んァ-ヶ]")
TOO_LARGE = "9" * 30
LAYOUT = """record,no,name,type,length,start,decimals,date
data,1,番号,9,5,1,,
data,2,氏名,N,10,6,,
data,3,生年月日,D,7,16,,wareki
data,4,金額,P,3,23,,
data,5,率,S9,4,26,2,
"""
RECORD = b"00042" + "山田花子".encode("cp932") + b"\x81\x40" + b"4300615" + b"\x12\x34\x5d" + b"-123"
COPYBOOK = """       01 R.
          05 AB PIC X(4).
          05 T OCCURS 2 TIMES.
             10 N PIC S9(5) COMP-3.
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("commands") / "site"
    with started(folder, seed=31, scale=0.05, faults=True, result_delay_seconds=0.2) as run:
        deadline = time.monotonic() + 90
        run.drop_all(lambda _counts: None, deadline=deadline)
        assert run.wait(lambda _counts: None, deadline=deadline)
        yield run


@pytest.fixture(scope="module")
def ask(run):
    """A command on this site: exit code and output."""

    def call(*arguments):
        return asked(*arguments, "--config", run.site.config)

    return call


@pytest.fixture
def own(tmp_path):
    """A folder with a layout, a copybook and a record of each."""
    (tmp_path / "layout.csv").write_text(LAYOUT, encoding="utf-8")
    (tmp_path / "record.dat").write_bytes(RECORD)
    (tmp_path / "record.cpy").write_text(COPYBOOK, encoding="utf-8")
    (tmp_path / "copybook.dat").write_bytes(b"ABCD\x12\x34\x5d\x00\x00\x7c")
    return tmp_path


@pytest.fixture
def config(tmp_path):
    """A copy of the shipped configuration."""
    return shutil.copytree(shared("config"), tmp_path / "config")


def objects(result, code=0):
    """The JSON objects of a command, one a line."""
    assert result.exit_code == code, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def adds_up(run):
    return all(
        lane.adds_up and lane.received == lane.accepted + lane.refused + lane.waiting for lane in run.store.counts()
    )


def changed(config, file, *pairs):
    path = config / file
    text = path.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")


def one_of(ask, code):
    """An open record with that code."""
    return next(row for row in objects(ask("parked", "list", "--each", "--json")) if row["code"] == code)


# --- looking -----------------------------------------------------------------------------------------------------


def test_version_loads_nothing_slow():
    """`--version` imports neither pydantic nor lxml, and answers with name and version."""
    done = kakehashi("--version", env={**os.environ, "PYTHONPROFILEIMPORTTIME": "1"})
    assert done.returncode == 0
    assert done.stdout.startswith("kakehashi")
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "kakehashi" in imported
    assert imported & {"pydantic", "lxml", "rich", "sqlalchemy"} == set()


def test_every_command_tells_what_it_does():
    """All commands are listed, and each has a help that ends with 0."""
    listing = asked("--help").output
    for name in ("alarms", "check", "decode", "demo", "encode", "errors", "events", "files", "import-layout", "keys",
                 "layout", "link", "match", "parked", "run",
                 "simulate", "status", "trace", "translate", "xsd"):  # fmt: skip
        assert f"\n  {name} " in listing
        help_text = asked(name, "--help")
        assert (help_text.exit_code, help_text.output[:6]) == (0, "Usage:")
    assert asked("nonsense").exit_code == 2


def test_status_adds_up(run):
    """Received = accepted + refused + waiting in each lane, as a user's own process sees it; exit 0."""
    done = kakehashi("status", "--json", "--config", run.site.config)
    assert (done.returncode, done.stderr) == (0, "")
    lanes = [row for row in map(json.loads, done.stdout.splitlines()) if "received" in row]
    assert {lane["lane"] for lane in lanes} == {sample.lane for sample in run.dropped}
    held = {file.lane for file in run.store.files() if file.state == "held"}
    assert held <= {lane["lane"] for lane in lanes if "ALM-002" in lane["alarms"].split()}
    for lane in lanes:
        assert lane["received"] == lane["accepted"] + lane["refused"] + lane["waiting"] > 0
        assert lane["adds_up"] == "yes"
    table = kakehashi("status", "--config", run.site.config)
    assert table.returncode == 0
    assert "tax-levy" in table.stdout
    assert PROBLEMS["IDN-001"].en in table.stdout
    held = [file for file in run.store.files() if file.state == "held"]
    assert held
    assert all(re.search(rf"^ F{file.id} +{file.lane} +{file.code} ", table.stdout, re.MULTILINE) for file in held)


@pytest.mark.parametrize("command", [("status",), ("parked", "list"), ("errors",)])
def test_answers_are_japanese_when_asked_for(run, ask, command):
    """`--lang ja`, or LANG where the option is missing; `--lang en` goes before LANG."""
    japanese = ask(*command, "--lang", "ja").output
    assert {PROBLEMS["IDN-001"].ja, PROBLEMS["IDN-001"].remedy_ja} & set(re.split(r"\s{2,}|\n", japanese))
    by_environment = kakehashi(*command, "--config", run.site.config, env={**os.environ, "LANG": "ja_JP.UTF-8"})
    assert by_environment.stdout == japanese
    assert not JAPANESE.search(PROBLEMS["IDN-001"].en + PROBLEMS["IDN-001"].remedy_en)
    english = ask(*command, "--lang", "en").output
    assert PROBLEMS["IDN-001"].en in english or PROBLEMS["IDN-001"].remedy_en in english


def test_headings_are_japanese_too_and_keys_are_not(run, ask):
    """No heading of an operator's table is left in English; JSON has the same keys in both languages."""
    row = one_of(ask, "MAP-002")
    for command in (("alarms",), ("status",), ("files",), ("parked", "list"), ("parked", "list", "--each"), ("events",),
                    ("errors",), ("parked", "orders"),
                    ("trace", row["file"]), ("trace", row["id"]), ("parked", "show", row["id"])):  # fmt: skip
        lines = [line for line in ask(*command, "--lang", "ja").output.splitlines() if line.strip()]
        titles = [lines[at - 2] for at, line in enumerate(lines) if "──" in line]
        headings = [cell for at, line in enumerate(lines) if "──" in line for cell in lines[at - 1].split()]
        properties = [line.split("  ")[0] for line in lines[: lines.index(titles[0]) if titles else len(lines)]]
        english = [each for each in (*titles, *headings, *properties) if not JAPANESE.search(each) and each.isascii()]
        assert {each.strip() for each in english} <= {"ID", "SHA-256"}, command
        rings = command == ("alarms",)
        japanese, answer = (objects(ask(*command, *more, "--json"), code=rings) for more in (("--lang", "ja"), ()))
        assert [row.keys() for row in japanese] == [row.keys() for row in answer]
    lost = kakehashi("trace", "F99999999", "--config", run.site.config, "--lang", "ja", "--json")
    assert (lost.returncode, lost.stdout) == (1, "")
    assert JAPANESE.search(lost.stderr)


def test_alarms_ring_with_their_number_and_what_to_do(run, ask):
    """Exit 1 while any rings: parked records of lanes with held files; the same as a lane's word in `status`."""
    rows = objects(ask("alarms", "--json"), code=1)
    rung = {row["lane"] for row in rows if row["alarm"] == "ALM-002"}
    assert {file.lane for file in run.store.files() if file.state == "held"} <= rung
    for row in rows:
        assert (row["meaning"], row["what_to_do"]) == (PROBLEMS[row["alarm"]].en, PROBLEMS[row["alarm"]].remedy_en)
    lanes = [row for row in objects(ask("status", "--json")) if "received" in row]
    told = {(lane["lane"], code) for lane in lanes for code in lane["alarms"].split()}
    assert told == {(row["lane"], row["alarm"]) for row in rows if row["lane"]}
    assert PROBLEMS["ALM-002"].remedy_ja in ask("alarms", "--lang", "ja").output


def test_files_are_listed_newest_first(run, ask):
    """All files that were taken in; --lane, --state and --most choose."""
    rows = objects(ask("files", "--json"))
    assert [row["file_id"] for row in rows] == sorted((row["file_id"] for row in rows), reverse=True)
    held = objects(ask("files", "--json", "--state", "held"))
    assert {row["file"] for row in held} == {fault.file for fault in run.manifest.faults("held")}
    assert all(row["code"] in PROBLEMS for row in held)
    assert {row["lane"] for row in objects(ask("files", "--json", "--lane", "tax-levy"))} == {"tax-levy"}
    assert len(objects(ask("files", "--json", "--most", "2"))) == 2
    assert ask("files", "--state", "nonsense").exit_code == 2


def test_trace_tells_the_whole_story(run, ask):
    """A file, its batch, its request and its exception lead to one another."""
    row = one_of(ask, "MAP-002")
    file = objects(ask("trace", row["file"], "--json"))
    assert (file[0]["file"], file[0]["lane"]) == (row["file"], row["lane"])
    batch = file[1]["batch"]
    assert objects(ask("trace", batch, "--json"))[0]["request_id"] == file[1]["request_id"]
    assert objects(ask("trace", file[1]["request_id"], "--json"))[0]["batch"] == batch
    story = objects(ask("trace", row["id"], "--json"))
    assert row["id"] in [line.get("exception") for line in story]
    assert any(line.get("message") for line in story)
    assert row["id"] in ask("trace", row["id"].lower()).output


@pytest.mark.parametrize("kind", "FBE")
@pytest.mark.parametrize("number", ["99999999", TOO_LARGE, "²", "٣", "-1", ""])
def test_trace_of_what_is_unknown(run, ask, kind, number):
    """Exit 1 and a sentence, whatever stands for the number."""
    done = asked("trace", "--config", run.site.config, "--", kind + number)
    assert done.exit_code == 1
    assert done.output.count("\n") == 1
    assert ask("trace", "0123abc").exit_code == 1


def test_parked_by_cause_and_one_by_one(run, ask):
    """Causes with their counts sum up to the single records; held files stand below; --code and --lane choose."""
    grouped = objects(ask("parked", "list", "--json"))
    causes = [row for row in grouped if "records" in row and "id" not in row]
    held = {row["id"] for row in grouped if "id" in row}
    each = [row for row in objects(ask("parked", "list", "--each", "--json")) if row["id"].startswith("E")]
    assert sum(row["records"] for row in causes) == len(each) > 40
    assert held == {f"F{file.id}" for file in run.store.files() if file.state == "held"}
    assert all(row["what_to_do"] for row in causes)
    chosen = objects(ask("parked", "list", "--each", "--json", "--code", "VAL-003", "--lane", "tax-levy"))
    assert {(row["lane"], row["code"]) for row in chosen} == {("tax-levy", "VAL-003")}
    assert "tax-levy" in ask("parked", "list", "--each").output


def test_parked_show(ask):
    """One record: place, meaning, next step; unknown → 1, no number → 2."""
    row = one_of(ask, "DEC-006")
    (shown,) = objects(ask("parked", "show", row["id"], "--json"))
    assert (shown["code"], shown["record"], shown["item"]) == ("DEC-006", row["record"], row["item"])
    assert shown["what_to_do"] == PROBLEMS["DEC-006"].remedy_en
    assert PROBLEMS["DEC-006"].ja in ask("parked", "show", row["id"], "--lang", "ja").output
    assert ask("parked", "show", "E99999999").exit_code == 1
    assert ask("parked", "show", "E²").exit_code == 2
    assert ask("parked", "show", f"E{TOO_LARGE}").exit_code == 2


def test_parked_show_tells_of_everything_that_parked_list_names(run, ask):
    """A held file and its batch are shown like a record: cause, meaning, next step; unknown → 1."""
    held = next(file for file in run.store.files() if file.state == "held" and file.batches)
    batch = run.store.batches(held.id)[0]
    for identifier, file in ((f"F{held.id}", held.name), (f"b{batch.id}", f"F{held.id} {held.name}")):
        (shown,) = objects(ask("parked", "show", identifier, "--json"))
        assert (shown["id"], shown["file"], shown["code"]) == (identifier.upper(), file, held.code)
        assert (shown["meaning"], shown["what_to_do"]) == (PROBLEMS[held.code].en, PROBLEMS[held.code].remedy_en)
    assert {ask("parked", "show", f"{kind}99999999").exit_code for kind in "FBE"} == {1}
    assert {ask("parked", "show", text).exit_code for text in ("F", "Bx", "nonsense")} == {2}


def test_events_and_errors(ask):
    """The catalogues as objects, as tables and as pages."""
    assert [row["event"] for row in objects(asked("events", "--json"))] == list(CATALOGUE)
    assert [row["code"] for row in objects(asked("errors", "--json"))] == sorted(PROBLEMS)
    assert asked("events", "--markdown").output.startswith("# Events")
    assert asked("errors", "--markdown").output.startswith("# Error codes")


# --- deciding ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["retry", "discard"])
def test_a_decision_needs_reason_and_choice(run, ask, action):
    """Without --reason, without anything chosen, or with a wrong identifier: 2, and nothing changes."""
    row = one_of(ask, "DEC-005")
    before = objects(ask("status", "--json"))
    assert ask("parked", action, row["id"]).exit_code == 2
    for chosen in ((), ("X1",), ("E",), ("E²",), (f"E{TOO_LARGE}",)):
        assert ask("parked", action, *chosen, "--reason", "test").exit_code == 2
    assert objects(ask("parked", action, "E99999999", "--reason", "test", "--json")) != [{"discarded": 1}]
    assert objects(ask("status", "--json")) == before


@pytest.mark.parametrize("action", ["retry", "discard"])
def test_a_dry_run_changes_nothing(run, ask, action):
    """It says how many it would be, group by group: of a code, of a lane, of single ones."""
    before = [objects(ask(*command, "--json")) for command in (("status",), ("parked", "list", "--each"))]
    each = [row for row in before[1] if row["id"].startswith("E")]
    for chosen, number in (
        (("--code", "VAL-003"), sum(row["code"] == "VAL-003" for row in each)),
        (("--lane", "tax-levy"), sum(row["lane"] == "tax-levy" for row in each)),
        ((each[0]["id"], each[1]["id"]), 2),
    ):
        *by_cause, told = objects(ask("parked", action, *chosen, "--reason", "test", "--dry-run", "--json"))
        assert told["dry_run"] == number
        assert sum(row["records"] for row in by_cause if "since" in row) in {0, number}
    assert [objects(ask(*command, "--json")) for command in (("status",), ("parked", "list", "--each"))] == before


def test_discarded_twice_is_discarded_once(run, ask):
    """The second time 0; reason and person are kept; the record stays refused and everything adds up."""
    row = one_of(ask, "DEC-008")
    before = objects(ask("status", "--json"))
    arguments = ("parked", "discard", row["id"], "--reason", "the owner sends it again", "--json")
    assert [objects(ask(*arguments)) for _ in range(2)] == [[{"discarded": 1}], [{"discarded": 0}]]
    shown, decision = objects(ask("parked", "show", row["id"], "--json"))
    assert (decision["action"], decision["reason"]) == ("discard", "the owner sends it again")
    assert (shown["state"], shown["reason"]) == ("discarded", "the owner sends it again")
    assert shown["by"]
    assert row["id"] not in [other["id"] for other in objects(ask("parked", "list", "--each", "--json"))]
    after = objects(ask("status", "--json"))
    assert [(lane["received"], lane["accepted"], lane["refused"], lane["waiting"]) for lane in after] == [
        (lane["received"], lane["accepted"], lane["refused"], lane["waiting"]) for lane in before
    ]
    assert ask("parked", "retry", row["id"], "--reason", "late", "--json").stdout.strip() == '{"retried": 0}'
    assert adds_up(run)


def test_retried_twice_is_sent_once(run, ask):
    """A record that waited for its symbol is accepted after the retry; the second retry finds nothing to do."""
    row = next(
        row for row in objects(ask("parked", "list", "--each", "--json"))
        if (row["code"], row["lane"]) == ("SYM-001", "tax-levy")
    )  # fmt: skip
    accepted = {lane.lane: lane.accepted for lane in run.store.counts()}
    run.server.set_persons({"linked": run.manifest.server_persons["no_symbol"]})
    arguments = ("parked", "retry", row["id"], "--reason", "symbol linked", "--json")
    assert [objects(ask(*arguments)) for _ in range(2)] == [[{"retried": 1}], [{"retried": 0}]]

    def is_accepted():
        counts = {lane.lane: lane.accepted for lane in run.store.counts()}
        return counts[row["lane"]] == accepted[row["lane"]] + 1

    eventually(is_accepted, what="the retried record")
    assert run.server.account()["twice"] == 0
    assert adds_up(run)


def test_a_held_file_is_given_up_once(run, ask):
    """Its records change from waiting to refused; the second time nothing is left to do."""
    file = next(file for file in run.store.files(lane="tax-levy") if file.state == "held")
    (before,) = [lane for lane in run.store.counts() if lane.lane == "tax-levy"]
    arguments = ("parked", "discard", f"F{file.id}", "--reason", "sent again", "--json")
    assert [objects(ask(*arguments)) for _ in range(2)] == [[{"discarded": 1}], [{"discarded": 0}]]
    (after,) = [lane for lane in run.store.counts() if lane.lane == "tax-levy"]
    assert (after.waiting, after.refused) == (before.waiting - file.records, before.refused + file.records)
    assert adds_up(run)


def test_a_record_is_corrected_checked_and_sent_again(run, ask, tmp_path):
    """Only what would be sent is taken; both versions and who, what, why are kept; once; nothing shows the value."""
    row = next(
        row for row in objects(ask("parked", "list", "--each", "--json"))
        if (row["code"], row["lane"]) == ("DEC-006", "tax-levy")
    )  # fmt: skip
    item, lane = row["item"], row["lane"]
    accepted = {counts.lane: counts.accepted for counts in run.store.counts()}
    value = tmp_path / "value.txt"
    fix = ("parked", "fix", row["id"])
    value.write_text("twelve\n", encoding="utf-8")
    assert ask(*fix, "--set", f"{item}=@{value}", "--reason", "typo").exit_code == 1
    assert ask(*fix, "--set", f"{item}=71350", "--reason", "typo").exit_code == 2
    assert ask(*fix, "--set", f"{item}=@{value}").exit_code == 2
    value.write_text("71350\n", encoding="utf-8")
    assert objects(ask(*fix, "--set", f"{item}=@{value}", "--dry-run", "--json")) == [{"dry_run": 1, "outcome": "sent"}]
    assert objects(ask("parked", "show", row["id"], "--json"))[0]["state"] == "refused"
    done = kakehashi(*fix, "--set", item, "--reason", "typo", "--json", "--config", run.site.config, stdin="71350\n")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert (made["corrected"], made["items"]) == (row["id"], item)

    def is_accepted():
        return {counts.lane: counts.accepted for counts in run.store.counts()}[lane] == accepted[lane] + 1

    eventually(is_accepted, what="the corrected record")
    assert ask(*fix, "--set", f"{item}=@{value}", "--reason", "again").exit_code == 1
    shown, corrected, *decisions = objects(ask("parked", "show", row["id"], "--json"))
    assert (shown["state"], corrected["corrected_items"]) == ("retried", item)
    assert corrected["checked_with"] == run.configuration.hash
    assert [(each["action"], each["reason"]) for each in decisions] == [("correct", "typo")]
    story = [line for line in objects(ask("trace", row["id"], "--json")) if "event" in line]
    told = [line["event"] for line in story if not line["event"].startswith("sent ")]
    assert told == ["received", "refused", "correct", "corrected", "settled"]
    assert made["batch"] in [line["id"] for line in story if line["event"] == "sent DBM-201"]
    assert (story[0]["event"], story[-1]["event"], story[-1]["id"]) == ("received", "settled", made["batch"])
    _, _, _, first, second = objects(ask("parked", "show", row["id"], "--bytes", "--json"))
    wrong, right = (next(i for i in each["items"] if i["item"] == item) for each in (first, second))
    assert (wrong["fault"], right["fault"], right["value"]) == ("DEC-006", None, "71350")
    assert run.server.account()["twice"] == 0


def test_a_records_bytes_are_exported_masked_or_with_a_reason(run, ask, tmp_path):
    """An asterisk for each byte of the number; as they are only with a reason, which is kept; for their owner alone."""
    rows = objects(ask("parked", "list", "--each", "--json", "--lane", "registry-persons"))
    row = next(row for row in rows if row["id"].startswith("E"))
    masked, plain = tmp_path / "masked.dat", tmp_path / "plain.dat"
    export = ("parked", "fix", row["id"], "--export")
    assert ask(*export, masked).exit_code == 0
    assert ask(*export, plain, "--reveal").exit_code == 2
    assert ask(*export, plain, "--reveal", "--reason", "asked by the owner").exit_code == 0
    assert ask(*export, plain).exit_code == 2
    hidden, real = masked.read_bytes(), plain.read_bytes()
    assert plain.stat().st_mode & 0o777 == 0o600
    (sample,) = run.manifest.lane("registry-persons")
    assert real in sample.path.read_bytes()
    assert len(hidden) == len(real)
    assert {one for one, other in zip(hidden, real, strict=True) if one != other} == {ord("*")}
    assert b"*" * 12 in hidden
    decisions = [line for line in objects(ask("parked", "show", row["id"], "--json")) if "action" in line]
    assert [(each["action"], each["reason"]) for each in decisions] == [("reveal", "asked by the owner")]


# --- configuration -----------------------------------------------------------------------------------------------


def test_check_finds_the_shipped_configuration_good():
    """No fault, every golden case run, exit 0."""
    done = kakehashi("check", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    (summary,) = map(json.loads, done.stdout.splitlines())
    assert (summary["faults"], summary["routes"]) == (0, 7)
    assert summary["cases"] > 5


def test_check_tells_all_mistakes_at_once(config):
    """Three files with a mistake each: file and row or key of every one, one object a line, exit 1."""
    changed(config, "routes/tax-levy/route.toml", ("[source]", "[source]\npatience = 5"))
    changed(config, "routes/registry-household/mapping.csv", ("\nD0010,", "\nD0011,"))
    changed(config, "routes/welfare-assistance/mapping.csv", ("最低生活費", "最高生活費"))
    found = objects(asked("check", config, "--json"), code=1)
    places = {(fault["code"], fault["file"], fault["record"], fault["item"]) for fault in found}
    assert {
        ("CFG-002", "routes/tax-levy/route.toml", None, "source.patience"),
        ("CFG-006", "routes/registry-household/mapping.csv", 8, "target"),
        ("CFG-009", "routes/registry-household/mapping.csv", None, "target"),
        ("CFG-006", "routes/welfare-assistance/mapping.csv", 18, "source"),
    } == places
    told = asked("check", config, "--lang", "ja")
    assert told.exit_code == 1
    assert told.stdout == ""
    assert len(told.stderr.splitlines()) == len(places)
    assert all(JAPANESE.search(line) for line in told.stderr.splitlines())


def test_check_knows_the_adapters(config):
    """An address that no adapter understands is told with its key before anything is opened, and never repeated."""
    changed(config, "gateway.toml", ("local:", "amqpx:secret/"), ("sqlite:", "oracle:"), ("https:", "http:"))
    done = asked("check", config, "--json")
    found = objects(done, code=1)[:-1]
    assert [(fault["code"], fault["file"], fault["item"]) for fault in found] == [
        ("CFG-006", "gateway.toml", key) for key in ("broker.url", "store.url", "server.endpoint")
    ]
    assert found[0]["facts"] == {"known": "amqp amqps local"}
    assert "secret" not in done.output


def test_check_knows_an_address_without_a_host(config):
    """An address that can lead nowhere is told before anything is opened, and never repeated."""
    changed(config, "gateway.toml", ("local:", "amqp://someone:secret@:56x72/"), ("https://", "https:///"))
    done = asked("check", config, "--json")
    found = [fault for fault in objects(done, code=1)[:-1] if fault["file"] == "gateway.toml"]
    assert [(fault["code"], fault["item"]) for fault in found] == [
        ("CFG-003", "broker.url"),
        ("CFG-003", "server.endpoint"),
    ]
    assert "secret" not in done.output


def test_check_runs_the_golden_cases(config):
    """A table that loads but means something else fails the cases of its route, and only of that one; exit 1."""
    changed(config, "tables/tax-taxation.csv", ("\n10,", "\n18,"))
    found = objects(asked("check", config, "--json"), code=1)
    assert {fault["code"] for fault in found[:-1]} == {"CFG-010"}
    assert all(fault["file"].startswith("routes/tax-levy/cases/") for fault in found[:-1])
    assert found[-1]["faults"] == len(found) - 1
    assert asked("check", config, "--route", "welfare-inquiry").exit_code == 0
    assert asked("check", config, "--route", "nonsense").exit_code == 2


def test_translate_explains_a_record():
    """Each element of record 1 with its source and rule; without --explain the messages; no such route → 2."""
    file = shared("config") / "routes" / "tax-levy" / "cases" / "01-normal" / "input.dat"
    lines = objects(asked("translate", "tax-levy", file, "--explain", "--record", "1", "--json"))
    assert {line["record"] for line in lines} == {1}
    (taxation,) = [line for line in lines if line["target"] == "A0030"]
    assert taxation["sources"] == "課税区分"
    assert "<- 課税区分" in asked("translate", "tax-levy", file, "--explain", "--record", "1").output
    assert "<A0030>" in asked("translate", "tax-levy", file).output
    assert asked("translate", "nonsense", file).exit_code == 2


def test_translate_shows_the_bytes_of_each_source(run):
    """--side-by-side: of every source item its place in the file and what stands there, and nothing of the others."""
    (sample,) = [each for each in run.manifest.lane("tax-levy") if each.name == "LEVY0001.DAT"]
    data = sample.path.read_bytes()
    for line in objects(asked("translate", "tax-levy", sample.path, "--side-by-side", "--record", "3", "--json")):
        names = [source for source in line["sources"].split("; ") if source and "header." not in source]
        assert [each["item"] for each in line["bytes"]] == names
        for each in line["bytes"]:
            raw = bytes.fromhex(each["hex"])
            assert data[each["offset"] : each["offset"] + len(raw)] == raw
            assert 0 < len(raw) <= 60
    shown = asked("translate", "tax-levy", sample.path, "--side-by-side", "--record", "3").output.splitlines()
    assert len({cell_len(line.partition("<-")[0]) for line in shown}) == 1
    assert all(len(line) < 300 for line in shown)


def test_translate_of_one_record_is_one_message(run):
    """--record: the message of that record alone, or of its household; a record that is not there → 2."""
    (levy,) = [each for each in run.manifest.lane("tax-levy") if each.name == "LEVY0001.DAT"]
    message = asked("translate", "tax-levy", levy.path, "--record", "2").stdout
    assert message.count("<DBM201 ") == 1
    assert re.findall("<Sequence>[0-9]{9}0*([0-9]+)<", message) == ["2"]
    household = shared("config") / "routes" / "registry-household" / "cases" / "01-household" / "input.dat"
    message = asked("translate", "registry-household", household, "--record", "2").stdout
    assert "2" in re.findall("<Sequence>[0-9]{9}0*([0-9]+)<", message)
    assert message.count("<DBM201 ") == 1
    assert asked("translate", "tax-levy", levy.path, "--record", "99999").exit_code == 2
    assert asked("translate", "tax-levy", levy.path, "--record", "0").exit_code == 2


def test_xsd_build_writes_what_is_there(tmp_path):
    """Built over a copy of the shipped schemas, no file is changed or new."""
    copy = shutil.copytree(shared("xsd"), tmp_path / "xsd")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in copy.rglob("*.*")}
    assert objects(asked("xsd", "build", "--target", copy, "--json")) == []
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in copy.rglob("*.*")} == before


# --- data --------------------------------------------------------------------------------------------------------

FORM = ("--recfm", "F", "--record-length", len(RECORD))


def test_decoded_and_encoded_again_are_the_same_bytes(own):
    """A layout of one record type: the JSON line holds the values, and makes the file again byte for byte."""
    done = kakehashi("decode", "--layout", own / "layout.csv", *FORM, own / "record.dat")
    assert (done.returncode, done.stderr) == (0, "")
    (values,) = map(json.loads, done.stdout.splitlines())
    assert (values["番号"], values["氏名"], values["生年月日"], values["金額"]) == (
        "00042",
        "山田花子",
        "2018-06-15",
        -12345,
    )
    (own / "record.jsonl").write_text(done.stdout, encoding="utf-8")
    made = asked("encode", "--layout", own / "layout.csv", *FORM, "--out", own / "again.dat", own / "record.jsonl")
    assert (made.exit_code, made.output) == (0, "")
    assert (own / "again.dat").read_bytes() == RECORD


def test_decode_tells_the_place_of_a_fault(own):
    """The bad record goes to standard error with item and byte, the good one is printed; exit 1."""
    (own / "record.dat").write_bytes(RECORD[:22] + b"\x1a\x34\x5d" + RECORD[25:] + RECORD)
    done = asked("decode", "--layout", own / "layout.csv", *FORM, own / "record.dat")
    assert done.exit_code == 1
    assert len(done.stdout.splitlines()) == 1
    assert "DEC-006" in done.stderr
    assert "金額" in done.stderr


@pytest.mark.parametrize(
    "line", ["no json", "", "[1]", "1", '"x"', "null", '{"none": 1}', '{"record": []}', '{"金額": {}}']
)
def test_encode_tells_the_line_that_does_not_fit(own, line):
    """DEC-018 with the line's number, no trace of the program; the lines around it are written."""
    good = asked("decode", "--layout", own / "layout.csv", *FORM, own / "record.dat").stdout
    (own / "lines.jsonl").write_text(f"{good}{line}\n{good}", encoding="utf-8")
    made = kakehashi("encode", "--layout", own / "layout.csv", *FORM, "--out", own / "o.dat", own / "lines.jsonl")
    assert made.returncode == 1
    assert "record 2" in made.stderr
    assert "DEC-018" in made.stderr
    assert "Traceback" not in made.stderr
    assert (own / "o.dat").read_bytes() == RECORD * 2


def test_a_copybook_is_explained_read_and_written(own):
    """`layout explain` places every item; decode and encode by the same file give the bytes again."""
    rows = objects(asked("layout", "explain", own / "record.cpy", "--json"))
    assert [(row["name"], row["offset"], row["end"]) for row in rows] == [
        ("R", 1, 10),
        ("AB", 1, 4),
        ("T", 5, 10),
        ("N", 5, 7),
    ]
    done = asked("decode", "--layout", own / "record.cpy", own / "copybook.dat")
    assert objects(done) == [{"AB": "ABCD", "T": [{"N": -12345}, {"N": 7}]}]
    (own / "copybook.jsonl").write_text(done.stdout, encoding="utf-8")
    again = ("encode", "--layout", own / "record.cpy", "--out", own / "o.dat", own / "copybook.jsonl")
    assert asked(*again).exit_code == 0
    assert (own / "o.dat").read_bytes() == (own / "copybook.dat").read_bytes()


def test_import_layout_makes_a_layout_that_decodes(own):
    """A vendor's table becomes layout.csv, its guesses are told, and the result reads a record."""
    (own / "vendor.csv").write_text("項番,項目名,属性,バイト数\n1,区分,9,1\n2,氏名,N,8\n", encoding="utf-8")
    rows = objects(asked("import-layout", "-o", own / "made.csv", own / "vendor.csv", "--json"))
    assert 9 in [row.get("bytes") for row in rows]
    (own / "one.dat").write_bytes(b"1" + "山田花子".encode("cp932"))
    form = ("--recfm", "F", "--record-length", 9)
    read = objects(asked("decode", "--layout", own / "made.csv", *form, own / "one.dat"))
    assert read == [{"区分": "1", "氏名": "山田花子"}]
    assert asked("import-layout", "-o", own / "x.csv", own / "one.dat").exit_code == 1
    assert not (own / "x.csv").exists()


# --- running -----------------------------------------------------------------------------------------------------


def test_keys_are_never_replaced(tmp_path):
    """A new key file is its owner's alone; a second call refuses and leaves it as it is."""
    file = tmp_path / "kakehashi.keys"
    assert asked("keys", "create", file).exit_code == 0
    content = file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0
    again = asked("keys", "create", file)
    assert again.exit_code == 1
    assert "SEC-004" in again.output
    assert file.read_bytes() == content


@pytest.mark.parametrize("role", ["king", "", "worker,", "worker,king"])
def test_run_takes_only_its_roles(run, role):
    """Exit 2 before anything is opened."""
    assert asked("run", "--role", role, "--config", run.site.config).exit_code == 2


@pytest.mark.parametrize("command", [("status",), ("files",), ("parked", "list"), ("trace", "F1")])
def test_a_store_that_cannot_be_reached(config, command):
    """Exit 3, code and next step on standard error, no trace of the program."""
    changed(config, "gateway.toml", ("sqlite:///run-data/kakehashi.db", "sqlite:////dev/null/kakehashi.db"))
    done = kakehashi(*command, "--config", config)
    assert done.returncode == 3
    assert done.stderr.startswith("STO-")
    assert "Traceback" not in done.stderr


def test_a_configuration_that_is_not_there(tmp_path):
    """Exit 1 and the name of the file that is missing."""
    done = asked("status", "--config", tmp_path / "nowhere")
    assert done.exit_code == 1
    assert "gateway.toml" in done.output
