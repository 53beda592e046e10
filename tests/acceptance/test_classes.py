"""The three classes of bodies (第①②③類型): one suite on a running site for the shipped link settings of each."""

import json
import tomllib
from dataclasses import replace
from datetime import date

import pytest
from tests.acceptance.watching import asked, settled
from tests.faults.leaks import Leaks

from kakehashi.domain.identifiers import UnifiedAtenaNumber
from kakehashi.runtime.bootstrap import plugin
from kakehashi.runtime.places import shared
from kakehashi_simulators.demo.run import started
from kakehashi_simulators.legacy.manifest import Sample
from kakehashi_simulators.legacy.numbers import seeded_numbers
from kakehashi_simulators.legacy.residents import RESIDENTS, SYSTEM_PERSONS, Row, described, write_rows
from kakehashi_simulators.legacy.town import Town

SEED = 31
KNOWN, MISSING, UNSURE = 59, 59, 58
"""Persons 0 to 58 are registered; 59 stands in the files of tax and welfare only; 58 welfare writes otherwise."""
CLASSES = {"1-unified": "pass-through", "2-partly-unified": "link-only", "3-separate": "full"}


class Body:
    """A running body of one class."""

    def __init__(self, run, numbers):
        self.run, self.spaces = run, numbers
        self.town = Town(SEED, numbers)
        self.numbers = list(seeded_numbers(SEED + 7, KNOWN))
        url = run.configuration.gateway.store.url
        _, self.links = plugin("stores", "sqlite")(url)

    def row(self, system, person):
        told = described(self.town.people, person)
        if system != "registry":  # other systems leave out the prefecture, and one name is written otherwise
            told = replace(told, address=told.address.removeprefix("架空県"))
        if (system, person) == ("welfare", UNSURE):
            told = replace(told, kanji="旧表記　花子")
        return Row(system=system, atena=self.town.atena(system, person), number=self.numbers[person], person=told)

    def drop(self, lane, name, systems, made=date(2026, 7, 1)):
        rows = [self.row(system, person) for system in systems for person in range(KNOWN)]
        path = self.run.site.folder / "samples" / name
        write_rows(path, rows, records=len(rows), made=made)
        self.run.drop([Sample(lane=lane, name=name, path=path, records=len(rows), good=len(rows))])
        settled(self.run)

    def drop_business(self):
        self.run.drop([sample for sample in self.run.manifest.samples if not self.run.is_link(sample)])
        settled(self.run)

    def unified(self, system, person):
        space, atena = self.spaces.get(system, system), self.town.atena(system, person)
        return self.links.resolve(space, [atena]).get(atena)

    def ask(self, *words):
        """Exit code and JSON lines of a command."""
        done = asked(*words, "--json", "--config", self.run.site.config)
        return done.exit_code, [json.loads(line) for line in done.output.splitlines() if line.startswith("{")]

    def refused(self):
        return sorted((row.lane, row.code) for row in self.run.store.exceptions(most=1000) if row.state == "refused")


@pytest.fixture(params=CLASSES)
def body(request, tmp_path):
    text = (shared("config") / "classes" / f"{request.param}.toml").read_text("utf-8")
    links = tomllib.loads(text)["links"]
    assert links["mode"] == CLASSES[request.param]
    numbers = links.get("numbers", {})
    with started(
        tmp_path / "site", seed=SEED, scale=0.05, faults=False, extra=text, numbers=numbers, result_delay_seconds=0.2
    ) as run:
        made = Body(run, numbers)
        yield made
        made.links.close()


@pytest.mark.timeout(240)
def test_a_body_of_each_class_links_sends_and_reports(body, tmp_path):
    """From the registry's extract to released replicas: who is linked is sent, who is not is refused and reported."""
    body.drop(RESIDENTS, "RESIDENT1.DAT", ["registry"])
    body.drop(SYSTEM_PERSONS, "PERSONS1.DAT", ["tax", "welfare"])
    _one_claim_is_decided(body)
    body.drop_business()

    _everybody_has_one_number(body)
    assert body.refused() == [("tax-levy", "IDN-001"), ("welfare-inquiry", "IDN-001")]
    assert all(lane.adds_up for lane in body.run.counts())
    sent = {effect["person"] for effect in body.run.server.effects()}
    assert sent == {body.unified("registry", person) for person in range(KNOWN)}

    code, rows = body.ask("link", "coverage")
    owners = {body.spaces.get(system, system) for system in ("tax", "welfare")}
    assert code == 1
    assert {row["system"]: row["unlinked"] for row in rows} == {"registry": 0} | dict.fromkeys(owners, 1)
    assert all(row["linked"] == KNOWN and row["frozen"] == 0 for row in rows)
    _what_is_shown(body)
    _keys_rotate_under_a_running_gateway(body)
    _nothing_personal_is_in_the_store(body)


def _one_claim_is_decided(body):
    code, (claim,) = body.ask("match", "review")
    assert (code, claim["system"], claim["differs"]) == (1, body.spaces.get("welfare", "welfare"), "name")
    assert claim["record"] == KNOWN + UNSURE + 1
    assert not set(body.town.atena("welfare", UNSURE)[:12]) & {claim["atena"]}
    code, _ = body.ask(
        "match", "decide", claim["id"], "--link", "--reason", "the old name, seen in the family register"
    )
    assert code == 0
    settled(body.run)
    assert body.ask("match", "review") == (0, [])


def _everybody_has_one_number(body):
    for person in range(KNOWN):
        numbers = {body.unified(system, person) for system in ("registry", "tax", "welfare")}
        assert len(numbers) == 1
        (number,) = numbers
        if body.run.configuration.gateway.links.mode == "pass-through":
            assert number == body.town.atena("registry", person)
        else:
            assert number == UnifiedAtenaNumber.issued("9", int(number[1:14]))
    assert body.unified("tax", MISSING) is None


def _what_is_shown(body):
    atena = body.town.atena("registry", 7)
    _, (masked,) = body.ask("link", "show", "registry", atena)
    assert masked["atena"] == "*" * 12 + atena[-3:]
    assert "address" not in masked
    code, _ = body.ask("link", "show", "registry", atena, "--reveal")
    assert code == 2, "no reveal without a reason"
    _, (shown,) = body.ask("link", "show", "registry", atena, "--reveal", "--reason", "asked by the person")
    assert shown["unified"] == body.unified("registry", 7)
    full = body.run.configuration.gateway.links.mode == "full"
    assert ("橋渡市" in str(shown.get("address"))) is full
    code, lines = body.ask("link", "history", "registry", atena, "--reason", "audit")
    assert [line["reason"] for line in lines if "at" in line] == ["asked by the person", "audit"]


def _keys_rotate_under_a_running_gateway(body):
    before = [body.unified("registry", person) for person in range(KNOWN)]
    for option in ([], ["--digest"]):
        code, (told,) = body.ask("keys", "rotate", *option)
        assert (code, told["renewed"]) == (0, KNOWN)
        assert body.ask("keys", "rotate", "--resume")[1][0]["renewed"] == 0
    body.drop(RESIDENTS, "RESIDENT2.DAT", ["registry"], made=date(2026, 7, 2))
    assert body.refused() == [("tax-levy", "IDN-001"), ("welfare-inquiry", "IDN-001")]
    assert [body.unified("registry", person) for person in range(KNOWN)] == before


def _nothing_personal_is_in_the_store(body):
    raw = {path: path.read_bytes() for path in (body.run.site.folder / "store").iterdir()}
    search = Leaks(set(body.numbers))
    words = [text.encode(code) for text in ("橋渡市", "旧表記") for code in ("utf-8", "cp932", "utf-16-le")]
    assert {
        path.name for path, each in raw.items() if search.find(each) or any(word in each for word in words)
    } == set()
