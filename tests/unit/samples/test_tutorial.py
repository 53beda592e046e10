"""The tutorial's files and commands, as they stand on the page."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from kakehashi.config.cases import run_cases
from kakehashi.config.loader import load
from kakehashi.runtime.offline import Offline

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "tutorial" / "first-file.md"
_BLOCK = re.compile(r"^`([^`\n]+)`\n```[a-z]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _blocks():
    return dict(_BLOCK.findall(PAGE.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A copy of the configuration with the files of the page in it."""
    folder = tmp_path_factory.mktemp("tutorial")
    shutil.copytree(ROOT / "config", folder / "config")
    for name, text in _blocks().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        raw = text.replace("\n", "\r\n").encode("cp932") if path.suffix == ".DAT" else text.encode()
        path.write_bytes(raw)
    good, bad = (folder / "TEATE0001.DAT").read_bytes().splitlines(keepends=True)
    cases = folder / "config" / "routes" / "child-allowance" / "cases"
    (cases / "01-normal" / "input.dat").write_bytes(good)
    (cases / "02-unknown-recipient" / "input.dat").write_bytes(bad)
    return folder


def test_the_page_holds_every_file_that_a_route_needs():
    """Input, layout, route, mapping, two code tables, return table, golden cases."""
    assert len(_blocks()) == 10


def test_a_new_message_is_connected_by_files_alone(place):
    """One folder under routes and two code tables: the configuration loads with one route more, without a fault."""
    assert set(load(place / "config").routes) - set(load(ROOT / "config").routes) == {"child-allowance"}


def test_the_good_record_is_translated_and_the_bad_one_named(place):
    """As the page says: one record in the message, MAP-002 for the other."""
    configuration = load(place / "config")
    offline = Offline(configuration, configuration.routes["child-allowance"], ROOT / "xsd")
    result = offline.translate_file(place / "TEATE0001.DAT")
    assert (result.records, result.sent) == (2, 1)
    (fault,) = result.faults
    assert str(fault) in PAGE.read_text(encoding="utf-8")


def test_the_golden_cases_of_the_page_hold(place):
    """Both cases, and the encoded way back."""
    configuration = load(place / "config")

    def translated(route, content):
        return Offline(configuration, route, ROOT / "xsd").translate(content)

    assert run_cases(configuration, translated, routes=["child-allowance"]) == []


def test_the_result_goes_back_in_the_systems_own_format(place):
    """The return table of the page writes 40 bytes a record."""
    plan = load(place / "config").routes["child-allowance"].return_plan
    assert plan is not None
    assert plan.layout.data.length == 40
