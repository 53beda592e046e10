"""The reference pages say what the program says."""

import re
from pathlib import Path

import pytest

from kakehashi.cli.reference import errors_page, events_page
from kakehashi.failpoint import STEPS

ROOT = Path(__file__).parents[3]
DOMAIN = ROOT / "gateway" / "kakehashi" / "domain"


@pytest.mark.parametrize(("page", "made"), [("errors", errors_page), ("events", events_page)])
def test_the_catalogues_are_printed_as_they_are(page, made):
    """docs/reference/errors.md and events.md are what `kakehashi errors|events --markdown` prints."""
    assert (ROOT / "docs" / "reference" / f"{page}.md").read_text(encoding="utf-8") == made()


def test_the_glossary_holds_every_term_of_the_domain():
    """Each 「term」 that opens a docstring of the domain has its row."""
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    terms = {
        term
        for path in DOMAIN.glob("*.py")
        for term in re.findall(r'"""「([^」]+)」', path.read_text(encoding="utf-8"))
    }
    rows = set(re.findall(r"^\| ([^ |]+) \|", glossary, re.MULTILINE))
    assert terms - rows == set()


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "README.ja.md"])
def test_the_readme_leads_somewhere(page):
    """Every relative link of the README exists."""
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_guarantees_list_every_failpoint():
    """docs/explanation/guarantees.md shows the steps as the program names them, in its words."""
    page = (ROOT / "docs" / "explanation" / "guarantees.md").read_text(encoding="utf-8")
    rows = [f"| `{name}` | {step.done} | {step.next} |" for name, step in STEPS.items()]
    assert [line for line in page.splitlines() if line.startswith("| `")] == rows


def test_the_guarantees_name_tests_that_exist():
    """Each file of tests that the page names is there."""
    page = (ROOT / "docs" / "explanation" / "guarantees.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(tests/[\w/.]+)`", page))
    assert len(named) > 4
    assert [name for name in named if not (ROOT / name).exists()] == []
