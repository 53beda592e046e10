"""Lives, told by the registry: from the file to the linked symbol to the replica that had waited for it.

One body for all stories: it issues the 団体内統合宛名番号 and tells the registry. Each story has persons of its own.
"""

import csv
import time
from dataclasses import replace

import pytest
from tests.acceptance.life_site import SEED, SETTINGS, LifeSite, quick
from tests.acceptance.watching import eventually
from tests.faults.leaks import Leaks
from tests.tier import FULL

from kakehashi.failpoint import VARIABLE
from kakehashi_simulators.demo.run import started
from kakehashi_simulators.legacy.numbers import wrong_number
from kakehashi_simulators.legacy.residents import described


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    options = {"seed": SEED, "scale": 0.01, "faults": False, "result_delay_seconds": 0.05, "adapt": quick}
    with started(tmp_path_factory.mktemp("lives") / "site", extra=SETTINGS, **options) as run:
        made = LifeSite(run)
        yield made
        made.close()


@pytest.mark.timeout(90)
def test_a_child_is_born(site):
    """Its number comes in, ours is issued and told; the tax record waits for the symbol and goes when it is linked."""
    site.registry(site.row(1))
    child = site.person(1)
    site.until(child, "acknowledged")
    waiting = site.tax(1)
    assert site.outcome(waiting) == [("waiting", "SYM-001")]
    assert site.symbols(child) == [("acknowledged", "network", None)]
    site.linked(child)
    site.until_accepted(child)
    eventually(lambda: site.told().get(site.number(1)) == [child], what="the number in the registry's folder")
    assert site.history(site.number(1)) == [("link", "2026-11-01", None, None), ("number", "2026-11-01", None, None)]


@pytest.mark.timeout(90)
def test_a_number_is_changed_while_its_symbol_is_on_the_way(site):
    """What the registry was told is void: another acquisition goes on for the same person, with what waits."""
    site.registry(site.row(2))
    person = site.person(2)
    site.until(person, "acknowledged")
    waiting = site.tax(2)
    site.registry(site.row(2, "03", number=site.numbers[32], since="20261110"))
    assert site.person(2) == person
    site.until(person, "cancelled", "acknowledged")
    assert [code for *_, code in site.symbols(person)] == ["SYM-010", None]
    assert site.outcome(waiting) == [("waiting", "SYM-001")]
    site.linked(person)
    site.until_accepted(person)
    assert site.history(site.number(2))[1:] == [
        ("number", "2026-11-01", "2026-11-10", "changed"),
        ("number", "2026-11-10", None, None),
    ]


@pytest.mark.timeout(90)
def test_a_number_is_issued_again_and_the_symbol_is_lost(site):
    """Linked, then changed on the person's request: the server has no symbol any more, one is acquired."""
    site.registry(site.row(3))
    person = site.person(3)
    site.until(person, "acknowledged")
    site.linked(person)
    site.run.server.set_persons({"no-symbol": [person]})
    for _ in range(2):  # the registry tells the same every night
        site.registry(site.row(3, "03", number=site.numbers[33], since="20261112"), site.row(20))
        site.until(person, "linked", "acknowledged")
    site.tax(3)
    site.linked(person)
    site.until_accepted(person)
    assert site.told()[site.number(3)] == [person]


@pytest.mark.timeout(90)
def test_somebody_moves_in_and_moves_out_again(site):
    """With a number from elsewhere. After the move-out the link stands, and a tax of the time before is sent."""
    site.registry(site.row(4, "04"))
    person = site.person(4)
    site.until(person, "acknowledged")
    site.linked(person)
    site.registry(site.row(4, "11", number="", since="20261120"))
    assert site.outcome(site.tax(4)) == "accepted"
    assert site.accepted(person) == 1
    assert [state for state, *_ in site.symbols(person)] == ["linked"]
    assert site.history(site.number(4))[2:] == [
        ("event", "2026-11-01", None, "moved-in"),
        ("event", "2026-11-20", None, "moved-out"),
    ]
    assert site.ask("link", "show", "registry", site.number(4))[1][0]["residence"] == "moved-out"


@pytest.mark.timeout(90)
def test_somebody_dies_before_the_symbol_came(site):
    """It is not asked for any more, the record is parked; who needs it retries it and goes to the terminal."""
    site.registry(site.row(5))
    person = site.person(5)
    site.until(person, "acknowledged")
    waiting = site.tax(5)
    site.registry(site.row(5, "12", number="", since="20261121"))
    site.until(person, "cancelled")
    assert site.symbols(person)[0][2] == "SYM-011"
    parked = eventually(lambda: site.parked(waiting), what="the parked record")
    assert site.ask("parked", "retry", parked, "--reason", "the heirs' tax")[0] == 0
    site.until(person, "cancelled", "issued")
    assert site.symbols(person)[1] == ("issued", "terminal", "SYM-008")
    hand_over(site, person)
    site.until_accepted(person)


@pytest.mark.timeout(90)
def test_somebody_with_a_symbol_dies(site):
    """The link stays: the last year's tax is sent as before."""
    site.registry(site.row(6))
    person = site.person(6)
    site.until(person, "acknowledged")
    site.linked(person)
    site.registry(site.row(6, "12", since="20261122"))
    assert site.outcome(site.tax(6)) == "accepted"
    assert site.accepted(person) == 1


@pytest.mark.timeout(90)
def test_a_foreign_resident_becomes_japanese(site):
    """Another name, another number, the same person: one link, one 団体内統合宛名番号, told once."""
    before = replace(described(site.town.people, 7), kanji="ＳＭＩＴＨ　ＪＯＨＮ", kana="ｽﾐｽ ｼﾞﾖﾝ")
    site.registry(site.row(7, described=before))
    person = site.person(7)
    site.until(person, "acknowledged")
    site.linked(person)
    site.registry(site.row(7, "13", number=site.numbers[37], since="20261115"))
    assert site.person(7) == person
    site.until(person, "linked", "linked")  # asked once more whether the symbol stands
    assert site.outcome(site.tax(7)) == "accepted"
    assert ("event", "2026-11-15", None, "naturalised") in site.history(site.number(7))
    assert site.told()[site.number(7)] == [person]


@pytest.mark.timeout(90)
def test_a_non_resident_is_registered_and_moves_in_later(site):
    """The terminal's turn first; with the move-in the registry is asked. Another 宛名番号, the same person: the old
    link ends, and what waited under the old number is refused at its release: its owner sends it under the new.
    """
    old = f"{7_000_000_008:015d}"
    site.registry(site.row(8, "05", atena=old))
    person = site.person(8, atena=old)
    site.until(person, "issued")
    assert site.symbols(person) == [("issued", "terminal", "SYM-008")]
    assert site.outcome(site.tax(8, atena=old)) == [("waiting", "SYM-001")]
    site.registry(site.row(8, "04", since="20261118"))
    assert (site.person(8), site.person(8, atena=old)) == (person, None)
    site.until(person, "cancelled", "acknowledged")
    site.linked(person)
    eventually(lambda: site.run.store.exceptions(code="IDN-001"), what="the record under the ended number")
    assert site.history(old)[0] == ("link", "2026-11-01", "2026-11-18", "ended")
    assert site.outcome(site.tax(8)) == "accepted"
    eventually(lambda: site.told().get(site.number(8)) == [person], what="the number under the new 宛名番号")


@pytest.mark.timeout(90)
def test_a_non_resident_gets_the_symbol_at_the_terminal(site):
    """The list for the terminal, the word that it was entered, the network's answer, the replica."""
    site.registry(site.row(9, "05"))
    person = site.person(9)
    site.until(person, "issued")
    site.tax(9)
    hand_over(site, person)
    site.until_accepted(person)


@pytest.mark.timeout(90)
def test_a_contradiction_freezes_both_sides_until_somebody_decides(site):
    """A slipped row gives one's 宛名番号 to another: nothing is sent about either, then about both again."""
    site.registry(site.row(10), site.row(11))
    one, other = site.person(10), site.person(11)
    site.run.server.set_persons({"linked": [one, other]})
    name = site.registry(site.row(11, atena=site.number(10)))
    assert site.refusals(name) == [("IDN-003", 1)]
    held = [site.tax(10), site.tax(11)]
    assert [site.outcome(each) for each in held] == [[("refused", "IDN-005")]] * 2
    code, (conflict,) = site.ask("link", "conflicts")
    assert (code, conflict["code"]) == (1, "IDN-003")
    assert site.ask("link", "decide", conflict["id"], "--keep", "--reason", "the row had slipped")[0] == 0
    assert site.ask("parked", "retry", "--code", "IDN-005", "--yes", "--reason", "decided")[0] == 0
    site.until_accepted(one)
    site.until_accepted(other)
    assert site.ask("link", "conflicts") == (0, [])


@pytest.mark.timeout(90)
def test_what_cannot_be_is_refused_and_its_neighbour_is_taken(site):
    """Check digit, unknown event, a day to come, an event of nobody: the registry gets each back by its code."""
    name = site.registry(
        site.row(12, number=wrong_number(site.numbers[12])),
        site.row(13, "77"),
        site.row(14, since="20991231"),
        site.row(15, "12", number=""),
        site.row(16),
    )
    assert site.refusals(name) == [("IDN-002", 1), ("MAP-002", 2), ("IDN-012", 3), ("IDN-006", 4)]
    assert site.person(16).startswith("9")
    assert [site.person(person) for person in range(12, 16)] == [None] * 4


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("step", "person"), [("numbers.written", 18), ("numbers.chosen", 17)][: 2 if FULL else 1])
def test_a_kill_while_numbers_go_back_tells_them_once(site, step, person):
    """Before the file is written, and before that is marked: the next process writes the same file under its name."""
    everybody_told(site)
    intake = replaced(site, f"{step}:1:kill")
    before = {path.name: path.read_bytes() for path in site.out.glob("NUMBERS*")}
    site.registry_unwatched(site.row(person))
    eventually(lambda: intake.poll() is not None, what="the death of the intake")
    written = {path.name: path.read_bytes() for path in site.out.glob("NUMBERS*")}
    assert (written == before) is (step == "numbers.chosen")
    replaced(site)
    eventually(lambda: site.told().get(site.number(person)) == [site.person(person)], what="the number")
    time.sleep(0.5)  # two more rounds of the scheduler
    after = {path.name: path.read_bytes() for path in site.out.glob("NUMBERS*")}
    assert len(after) == len(before) + 1
    assert written.items() <= after.items()


@pytest.mark.timeout(90)
def test_every_number_was_told_once_and_no_individual_number_went_out(site):
    """Over all stories: the registry knows each of ours, and nothing that went back or was logged holds one of its."""
    everybody_told(site)
    assert all(len(numbers) == 1 for numbers in site.told().values())
    search = Leaks(set(site.numbers))
    assert {path.name for path in site.out.iterdir() if search.find(path.read_bytes())} == set()
    logs = "".join(path.read_text("utf-8") for path in site.run.site.logs.iterdir())
    assert not [number for number in site.numbers if number in logs]
    assert all(counts.adds_up for counts in site.run.counts())


def everybody_told(site):
    """Every number of ours has gone back to the registry."""
    linked = {row.atena: row.unified for row in site.links.links("registry") if int(row.atena) < 7_000_000_000}
    eventually(lambda: linked.items() <= {a: u[0] for a, u in site.told().items()}.items(), what="all numbers")


def replaced(site, failpoints=""):
    """Another intake and scheduler, perhaps with a failpoint."""
    site.run.processes.kill("intake")
    site.run.processes.environment = {VARIABLE: failpoints} if failpoints else {}
    site.run.processes.restart("intake")
    return site.run.processes.running["intake"]


def hand_over(site, person):
    """Somebody enters it at the terminal; the network answers."""
    file = site.run.site.folder / f"terminal-{person}.csv"
    assert site.ask("symbols", "hand-over", str(file))[0] == 0
    rows = [
        row for row in csv.DictReader(file.read_text("utf-8-sig").splitlines()) if row["団体内統合宛名番号"] == person
    ]
    assert len(rows) == 1
    assert site.ask("symbols", "handed-over", rows[0]["取得番号"])[0] == 0
    site.run.server.ask("/linked", {"process_number": rows[0]["処理通番"], "state": "linked"})
    file.unlink()
