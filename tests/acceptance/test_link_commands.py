"""`link` and `match` on a store of links: what is shown, masked and decided, and with which exit code."""

import contextlib
import json
import shutil
from datetime import date

import pytest
from tests.acceptance.watching import asked
from tests.unit.pipeline.persons import NOW, Hall

from kakehashi.ports.links import LinkRow
from kakehashi.ports.sealer import Sealed
from kakehashi.runtime.bootstrap import plugin
from kakehashi.runtime.places import shared

GATEWAY = """
[gateway]
agency = "9999000000000010"
[broker]
url = "local:{folder}/broker"
[store]
url = "sqlite:///{folder}/kakehashi.db"
[keys]
file = "{folder}/keys"
[server]
endpoint = "https://127.0.0.1:8443/exchange"
[links]
mode = "link-only"
"""


@contextlib.contextmanager
def installed(folder):
    """The shipped configuration with a store and keys of its own: its folder, and the links."""
    config = folder / "config"
    shutil.copytree(shared("config"), config)
    (config / "gateway.toml").write_text(GATEWAY.format(folder=folder), encoding="utf-8")
    plugin("tools", "key-file")(folder / "keys")
    store, links = plugin("stores", "sqlite")(f"sqlite:///{folder}/kakehashi.db", migrate=True)
    yield config, links
    links.close()
    store.close()


@pytest.fixture
def body(tmp_path):
    """A hall that links in a configuration of its own."""
    with installed(tmp_path) as (config, links):
        hall = Hall(tmp_path, links=GATEWAY.format(folder=tmp_path), store=links)
        hall.sealer = plugin("sealers", "vault")(hall.configuration.gateway.keys)
        hall.config = config
        yield hall


def ask(body, *words):
    done = asked(*words, "--json", "--config", body.config)
    return done.exit_code, [json.loads(line) for line in done.output.splitlines() if line.startswith("{")]


def linked(atena, unified, system="tax"):
    return LinkRow(system=system, atena=f"{atena:015d}", unified=f"{unified:015d}", since=date(2026, 7, 1))


def test_a_conflict_is_listed_decided_and_kept_with_its_reason(body):
    """Exit code 1 while one is open; what to do stands beside it; the decision names who and why."""
    body.links.link([linked(1, 101), linked(2, 102), linked(1, 102)], now=NOW)
    code, (conflict,) = ask(body, "link", "conflicts")
    assert (code, conflict["id"], conflict["code"], conflict["kind"]) == (1, "C1", "IDN-003", "link")
    assert (conflict["known"], conflict["claimed"]) == ("*" * 12 + "101", "*" * 12 + "102")
    assert "link decide" in conflict["what_to_do"]
    assert ask(body, "link", "coverage")[1][0]["frozen"] == 2
    for wrong in (["C1", "--take"], ["C1", "--reason", "r"], ["X1", "--take", "--reason", "r"]):
        assert ask(body, "link", "decide", *wrong)[0] == 2
    assert ask(body, "link", "decide", "C1", "--take", "--reason", "the slip was in the old file")[0] == 0
    assert ask(body, "link", "decide", "C1", "--keep", "--reason", "again")[0] == 1
    assert ask(body, "link", "conflicts") == (0, [])
    (decided,) = ask(body, "link", "conflicts", "--all")[1]
    assert (decided["decision"], decided["reason"]) == ("take", "the slip was in the old file")
    assert body.links.resolve("tax", [f"{1:015d}"]) == {f"{1:015d}": f"{102:015d}"}
    _, history = ask(body, "link", "history", "tax", "1", "--reveal", "--reason", "audit")
    assert [(line["unified"][-3:], line["cause"]) for line in history if line.get("what")] == [
        ("101", "conflict"),
        ("102", None),
    ]
    _, past = ask(
        body, "link", "history", "tax", "1", "--on", "2026-07-02", "--known", "2026-07-02", "--reason", "audit"
    )
    assert [line["unified"][-3:] for line in past if line.get("what")] == ["101"]


def test_links_end_and_persons_are_released_with_a_reason(body):
    """A wrong link is taken away; a person who is gone leaves a number that nobody else gets."""
    body.links.link([linked(1, 101), linked(2, 102), linked(3, 102, "care")], now=NOW)
    assert ask(body, "link", "end", "tax", "1")[0] == 2
    assert ask(body, "link", "end", "tax", "1", "--reason", "a slip")[0] == 0
    assert ask(body, "link", "end", "tax", "1", "--reason", "a slip")[0] == 1
    assert ask(body, "link", "show", "tax", "1")[0] == 1
    assert ask(body, "link", "release", "tax", "2", "--since", "2026-07-05", "--reason", "died")[0] == 0
    assert ask(body, "link", "release", "tax", "2", "--reason", "died")[0] == 1
    assert ask(body, "link", "show", "care", "3")[0] == 1
    assert body.links.periods("care", f"{3:015d}")[0].until == date(2026, 7, 5)


def test_unlinked_numbers_are_listed_masked(body):
    """With a reason they are revealed, and that is kept."""
    body.links.link([linked(n, 100 + n) for n in range(1, 1000)], now=NOW)
    body.links.met_unlinked("tax", [f"{5000:015d}"], now=NOW)
    code, (row,) = ask(body, "link", "coverage")
    assert (code, row["linked"], row["unlinked"], row["percent"]) == (1, 999, 1, "99.90")
    assert ask(body, "link", "coverage", "--unlinked", "tax")[1] == [{"system": "tax", "atena": "*" * 12 + "000"}]
    assert ask(body, "link", "coverage", "--unlinked", "tax", "--reveal")[0] == 2
    shown = ask(body, "link", "coverage", "--unlinked", "tax", "--reveal", "--reason", "to ask the owner")[1]
    assert shown == [{"system": "tax", "atena": f"{5000:015d}"}]
    assert [note.reason for _, note in body.links.looks("tax", "")] == ["to ask the owner"]
    table = asked("link", "coverage", "--lang", "ja", "--config", body.config)
    assert "99.90" in table.output


def test_links_are_compared_again_and_a_refused_claim_ends_its_link(body):
    """Match again asks about one difference and freezes at two; refused, the link is gone, with the reason."""
    assert body.register(*range(4)) == {}
    assert body.link(*(body.row(n, system="tax") for n in range(4))) == {}
    assert ask(body, "match", "again")[0] == 0
    body.register(1, person_address="架空県橋渡市本町１－１－１")
    body.register(2, person_address="架空県橋渡市本町１－１－１", person_kanji="新姓　花子")
    code, (told,) = ask(body, "match", "again", "--system", "tax")
    assert (code, told["compared"], told["same"], told["asked"], told["frozen"]) == (1, 4, 2, 1, 1)
    assert told["differs"] == "address:2 name:1"
    code, (claim,) = ask(body, "match", "review")
    assert (code, claim["id"], claim["differs"], claim["exception"]) == (1, "M1", "address", None)
    for wrong in (["M1", "--link"], ["M1", "--reason", "r"], ["E1x", "--link", "--reason", "r"]):
        assert ask(body, "match", "decide", *wrong)[0] == 2
    assert ask(body, "match", "decide", "M1", "--refuse", "--reason", "another person")[0] == 0
    assert ask(body, "match", "decide", "M1", "--link", "--reason", "or not")[0] == 1
    assert body.person("tax", 1) is None
    atena = body.row(1, system="tax").atena.zfill(15)
    assert [period.note.reason for period in body.links.periods("tax", atena)] == ["another person"]
    assert [row["decision"] for row in ask(body, "match", "review", "--all")[1]] == ["refuse"]


def test_keys_in_the_environment_are_not_rotated(body):
    """There is no file to put a new key into: nothing happens."""
    text = (body.config / "gateway.toml").read_text("utf-8")
    (body.config / "gateway.toml").write_text(text.replace(f'file = "{body.folder}/keys"', ""), encoding="utf-8")
    assert ask(body, "keys", "rotate")[0] == 1


def test_an_interrupted_rotation_is_resumed(body, monkeypatch):
    """The key is new, some numbers are renewed: --resume renews the others and makes no further key."""
    body.register(*range(6))
    before = body.sealer.key_id
    plugin("tools", "key-rotation")(body.folder / "keys", digest=False)
    fresh = plugin("sealers", "vault")(body.configuration.gateway.keys)
    from kakehashi.pipeline.identify import renewed

    prefix = fresh.digest_ids[0].encode()
    assert body.links.reseal(lambda n: renewed(fresh, n), current=fresh.key_id, prefix=prefix, most=2) == 2
    code, (told,) = ask(body, "keys", "rotate", "--resume")
    assert (code, told["renewed"], told["key"]) == (0, 4, fresh.key_id)
    assert {row.number.key_id for row in body.links.links("registry")} == {fresh.key_id} != {before}
    assert body.link(body.row(3, system="tax")) == {}


def day_is(body, day):
    """The day of enforcement in gateway.toml; None: none."""
    path = body.config / "gateway.toml"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("in_force_from")]
    path.write_text("\n".join([*lines, *([f"in_force_from = {day}"] if day else []), ""]), encoding="utf-8")


def test_held_numbers_are_counted_until_their_day(body):
    """Until when, how many, since when; they cannot be made active before, and shown nowhere else."""
    (unified,) = body.links.reserve([(b"blind",)], prefix="9", now=NOW)
    row = LinkRow(system="tax", atena=f"{1:015d}", unified=unified, blind=b"blind", number=Sealed("k", b"s"))
    body.links.hold_rows([row], now=NOW)
    day_is(body, "2999-01-01")
    code, (told,) = ask(body, "link", "held")
    assert code == 0
    assert (told["standing"], told["held"], told["links"], told["conflicts"]) == ("before", 1, "tax:1", 0)
    assert told["until"].startswith("2999-01-01T00:00:00")
    code, (told,) = ask(body, "link", "enforce")
    assert (code, told["standing"]) == (1, "before")
    assert ask(body, "link", "coverage") == (0, [])
    assert ask(body, "link", "show", "tax", "1")[0] == 1


def test_held_numbers_are_made_active_by_hand(body):
    """From their day on: told first what would be done, then done, once; without a day, nothing is."""
    (unified,) = body.links.reserve([(b"blind",)], prefix="9", now=NOW)
    row = LinkRow(system="tax", atena=f"{1:015d}", unified=unified, blind=b"blind", number=Sealed("k", b"s"))
    body.links.hold_rows([row], now=NOW)
    day_is(body, None)
    assert ask(body, "link", "enforce")[0] == 1
    assert ask(body, "link", "held")[1][0]["standing"] == "turning"
    day_is(body, "2026-07-02")
    assert ask(body, "link", "enforce", "--dry-run") == (0, [{"standing": "turning", "held": 1, "conflicts": 0}])
    assert ask(body, "link", "held")[0] == 1
    for _ in range(2):
        code, (told,) = ask(body, "link", "enforce")
        assert (code, told["were_held"], told["active"], told["contradicted"]) == (0, 1, 1, 0)
    code, (told,) = ask(body, "link", "show", "tax", "1")
    assert (code, told["since"], told["individual_number"]) == (0, "2026-07-02", "sealed")
    assert ask(body, "link", "held")[0] == 0


def test_what_befell_a_person_stands_in_the_history(body):
    """With its day and the time at which we knew it; what was not known then is not told of then."""
    assert body.register(1) == {}
    atena = body.row(1).atena
    assert ask(body, "link", "show", "registry", atena)[1][0]["residence"] is None
    assert body.register(1, event="11", since="20260620") == {}
    assert ask(body, "link", "show", "registry", atena)[1][0]["residence"] == "moved-out"

    def told(*words):
        lines = ask(body, "link", "history", "registry", atena, "--reason", "audit", *words)[1]
        return [(line["what"], line["since"], line["cause"]) for line in lines if "what" in line]

    known = [("link", "2026-06-30", None), ("number", "2026-06-30", None), ("event", "2026-06-20", "moved-out")]
    assert told() == known
    assert told("--on", "2026-06-25") == known[2:]
    assert told("--on", "2026-06-19") == told("--on", "2026-07-01", "--known", "2026-07-01") == []
