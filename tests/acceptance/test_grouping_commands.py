"""`match group` and what follows from it: counted, asked, decided, killed and run again."""

import os
import subprocess
import sys
from collections import defaultdict

import pytest
from tests.acceptance.test_link_commands import ask, installed
from tests.unit.pipeline.body import Body
from tests.unit.pipeline.persons import RESIDENTS, SYSTEM_PERSONS

from kakehashi_simulators.legacy.scattered import SYSTEMS


@pytest.fixture
def body(tmp_path):
    """Five systems with 240 persons, a store and keys; `config` and `extracts` are what the command is told."""
    with installed(tmp_path) as (config, links):
        town = Body(tmp_path, persons=240, links=links)
        town.config = config
        town.extracts = [
            f"{RESIDENTS if system == 'registry' else SYSTEM_PERSONS}={town.write(system)}" for system in SYSTEMS
        ]
        yield town


def partition(body):
    """Who is one with whom, whatever their number."""
    persons = defaultdict(set)
    for key, unified in body.numbered().items():
        persons[unified].add(key)
    return {frozenset(some) for some in persons.values()}


def test_extracts_are_matched_reviewed_and_decided(body, monkeypatch):
    """A dry run counts and changes nothing; decided links and refusals count in the next run."""
    monkeypatch.chdir(body.folder)
    code, lines = ask(body, "match", "group", "--dry-run", *body.extracts)
    assert code == 1
    assert body.numbered() == {}
    assert [line["system"] for line in lines[:5]] == list(SYSTEMS)
    assert ask(body, "match", "group", *body.extracts) == (code, lines)
    assert lines[5]["questions"] == len(body.links.reviews(most=1000)) > 5
    code, reviews = ask(body, "match", "review")
    assert code == 1
    assert {row["atena"][:12] for row in reviews} == {"*" * 12}
    assert "address:other" in {row["differs"] for row in reviews}
    assert ask(body, "match", "review", "--reveal")[0] == 2
    (first, *_) = ask(body, "match", "review", "--reveal", "--reason", "ask the tax office")[1]
    what = body.links.reviews()[0].what
    assert (first["atena"], first["claimed"], first["numbers"]) == (what.atena, what.unified, len(what.members))
    assert [note.reason for _, note in body.links.looks(what.system, what.atena)] == ["ask the tax office"]
    assert ask(body, "match", "decide", first["id"], "--link", "--reason", "the old address")[0] == 0
    assert {body.numbered()[member] for member in what.members} == {what.unified}
    (second, *_) = ask(body, "match", "review")[1]
    refused = body.links.reviews()[0].what
    assert ask(body, "match", "decide", second["id"], "--refuse", "--reason", "the twin")[0] == 0
    assert ask(body, "match", "group", *body.extracts)[0] == 1
    assert body.numbered().get(refused.members[0]) != refused.unified
    assert second["id"] not in [row["id"] for row in ask(body, "match", "review")[1]]


def test_who_cannot_be_matched_is_told_before_anything_is_read(body, monkeypatch):
    """A route without attributes, a file that is not there, a file that is cut off."""
    monkeypatch.chdir(body.folder)
    for wrong in ("nothing", "no-route=x", f"registry-persons={body.folder}/tax.DAT", f"{RESIDENTS}=/nowhere"):
        assert ask(body, "match", "group", wrong)[0] == 2
    path = body.folder / "tax.DAT"
    path.write_bytes(path.read_bytes()[:-400])
    code, lines = ask(body, "match", "group", *body.extracts)
    assert code == 1
    assert "DEC-012" in {line.get("code") for line in lines}
    assert body.numbered() == {}


def test_a_run_that_is_killed_is_finished_by_the_next(body, tmp_path, monkeypatch):
    """Kill -9 between two portions: what was linked stays, the rest follows, nobody gets a second number."""
    monkeypatch.chdir(body.folder)
    done = subprocess.run(
        [sys.executable, "-m", "kakehashi", "match", "group", *body.extracts, "--config", str(body.config)],
        env={**os.environ, "KAKEHASHI_FAIL": "grouping.linked:1:kill"}, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == -9
    half = body.numbered()
    assert half
    assert not body.links.reviews()
    assert ask(body, "match", "group", *body.extracts)[0] == 1
    whole = body.numbered()
    assert half.items() < whole.items()
    (tmp_path / "other").mkdir()
    other = Body(tmp_path / "other", persons=240)
    other.group()
    assert partition(body) == partition(other)
    assert len(body.links.reviews(most=1000)) == len(other.links.reviews(most=1000))
    assert ask(body, "match", "group", *body.extracts)[0] == 1
    assert body.numbered() == whole
    assert list((body.folder / "run-data" / "spool").iterdir()) == []
