"""What no committed file may hold."""

import re
import statistics
import unicodedata

import pytest
from tests.architecture.sources import ROOT, committed

from kakehashi.domain.identifiers import has_individual_check_digit

PUBLISHED = {"983205673214"}
"""Numbers that may stand in files: published test values of the check digit's rule, nobody's number."""

RUN = re.compile(r"(?<![0-9A-Za-z.])([0-9]{12}|[0-9]{4}([- ])[0-9]{4}\2[0-9]{4})(?![0-9A-Za-z])")
HOSTS = ("pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".org", "crates" + ".io", "proxy.golang" + ".org")
HOSTS += ("repo.maven" + ".apache.org", "repo1.maven" + ".org", "deb.debian" + ".org", "security.debian" + ".org")
MACHINE = re.compile(
    r"(?<![\w.$}/-])/(?:" + "|".join(("wor" + "k", "roo" + "t", "hom" + "e", "opt/whee" + "ls")) + r")/\w"
)


def numbers(text):
    """12-digit runs with a right check digit: half-width, full-width, hyphenated, spaced."""
    for found in RUN.finditer(unicodedata.normalize("NFKC", text) if not text.isascii() else text):
        digits = re.sub(r"[- ]", "", found[1])
        if digits not in PUBLISHED and has_individual_check_digit(digits):
            yield digits


def test_no_file_holds_a_number_that_could_be_a_persons():
    """No committed file holds a 12-digit number with a right check digit, but for the published test values."""
    found = {path: len(list(numbers(text))) for path, text in committed()}
    assert [path for path, count in found.items() if count] == []


@pytest.mark.parametrize("form", ["{}", "x={},", "({}-{}-{})", "{} {} {}", "wide"])
def test_the_search_for_numbers_finds_them(form):
    """The search sees a number alone, in a list, hyphenated, spaced and in full width."""
    digits = next(str(n) for n in range(120000000000, 120000000100) if has_individual_check_digit(str(n)))
    if form == "wide":
        text = digits.translate({ord("0") + n: "０１２３４５６７８９"[n] for n in range(10)})
    elif form.count("{}") == 3:
        text = form.format(digits[:4], digits[4:8], digits[8:])
    else:
        text = form.format(digits)
    assert list(numbers(text)) == [digits]


def test_no_file_names_a_registry_or_a_place_of_one_machine():
    """Files name no package registry's host and no folder of the machine that they were written on."""
    found = [path for path, text in committed() if any(host in text.lower() for host in HOSTS) or MACHINE.search(text)]
    assert found == []


def test_locks_hold_hashes_for_everything():
    """Every locked distribution has one version and hashes."""
    locks = sorted(ROOT.glob("requirements*.lock"))
    assert len(locks) == 4
    for lock in locks:
        blocks = re.split(r"\n(?=[a-z])", lock.read_text(encoding="utf-8").strip())
        assert len(blocks) > 20
        assert all("==" in block.splitlines()[0] and "--hash=sha256:" in block for block in blocks)


def test_no_more_than_forty_distributions_are_installed():
    """A site that carries everything in by hand, with all extras, carries at most 40 (build tools not counted)."""
    text = (ROOT / "requirements-extras.lock").read_text(encoding="utf-8")
    names = re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE)
    assert len([name for name in names if not name.startswith("psycopg")]) <= 40
    assert statistics.multimode(names) == names
