"""Every kind of bad input on a running site: its documented code, its neighbours accepted, nothing lost.

The samples of the demo hold the planted faults of `PLANTED`; beside them the test drops what only a real folder can
hold: attacks by name and kind, files that are too large, XML that attacks its reader. test_bad_input.py of the
pipeline's unit tests has the faults of bytes one by one.
"""

import os
import re
from pathlib import Path

import pytest
from tests.acceptance.watching import eventually, links_settled, logged, put, settled

from kakehashi_simulators.demo.run import started

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "errors.md"
LARGEST = 200_000

PLANTED = {
    ("welfare-inquiry", "last line cut off"): "DEC-002",
    ("tax-levy", "cut off in a record"): "DEC-012",
    ("welfare-inquiry", "over-long field"): "DEC-003",
    ("welfare-inquiry", "too many columns"): "DEC-017",
    ("tax-levy", "bytes behind the end"): "DEC-014",
    ("tax-levy", "wrong count in the trailer"): "DEC-010",
    ("tax-levy", "wrong control total"): "DEC-011",
    ("tax-levy", "trailer missing"): "DEC-012",
    ("registry-household", "trailer missing"): "DEC-012",
    ("registry-household", "header missing"): "DEC-013",
    ("registry-household", "member without household"): "DEC-014",
    ("tax-levy", "bad charset bytes"): "DEC-004",
    ("tax-levy", "cut kanji"): "DEC-004",
    ("registry-household", "bad charset bytes"): "DEC-004",
    ("registry-household", "shift codes not paired"): "DEC-020",
    ("tax-levy", "wrong width"): "DEC-008",
    ("tax-levy", "not a number"): "DEC-005",
    ("tax-levy", "invalid packed"): "DEC-006",
    ("tax-levy", "invalid packed sign"): "DEC-006",
    ("tax-levy", "invalid zoned"): "DEC-006",
    ("tax-levy", "impossible era date"): "DEC-007",
    ("welfare-inquiry", "impossible date"): "DEC-007",
    ("tax-levy", "unknown record type"): "DEC-009",
    ("tax-levy", "unknown code"): "MAP-002",
    ("tax-levy", "required item missing"): "MAP-003",
    ("welfare-assistance", "required element missing"): "DEC-019",
    ("tax-levy", "outside the repertoire"): "MAP-004",
    ("tax-levy", "invariant broken"): "VAL-002",
    ("tax-levy", "individual number in full-width"): "VAL-003",
    ("tax-levy", "individual number with hyphens"): "VAL-003",
    ("welfare-inquiry", "individual number in half-width"): "VAL-003",
    ("tax-levy", "number not linked"): "IDN-001",
    ("registry-persons", "wrong check digit"): "IDN-002",
    ("registry-persons", "number of another person"): "IDN-003",
    ("tax-levy", "duplicate content"): "REF-001",
    ("welfare-assistance", "XML cut off"): "DEC-015",
    ("welfare-assistance", "document type declaration"): "DEC-016",
}
"""(lane, what the generator calls it) → code: the list of the issue, in the order of the catalogue's families."""

_HEAD = '<?xml version="1.0" encoding="{charset}"?>'
_ROOT = '<生活保護連携 作成日="2026-07-01" 件数="1">{inside}</生活保護連携>'


def xml(inside="", doctype="", charset="Shift_JIS", codec="cp932"):
    return (_HEAD.format(charset=charset) + doctype + _ROOT.format(inside=inside)).encode(codec)


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
XML_ATTACKS = {
    "ASSIST8001.XML": ("DEC-016", xml("&x;", '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>')),
    "ASSIST8002.XML": ("DEC-016", xml("&x;", '<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1:9/">]>')),
    "ASSIST8003.XML": ("DEC-016", xml("&l9;", f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]>')),
    "ASSIST8004.XML": ("DEC-016", xml("", '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">')),
    "ASSIST8005.XML": ("DEC-016", xml("<対象者>" + "<氏名>" * 100 + "</氏名>" * 100 + "</対象者>")),
    "ASSIST8006.XML": ("DEC-015", xml("<対象者></氏名>")),
    "ASSIST8007.XML": ("DEC-015", b"\x00\x01\x02 no XML at all"),
}
"""File name → (code, content). Each is held, or refused when there is no record in it."""

NAMES = (b"LEVY-\x1b[31m.DAT", b"LEVY\n.DAT", b"LEVY%2e%2e%2f.DAT", b"LEVY\\..\\x.DAT", "LEVY税.DAT".encode("cp932"))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A site that has seen it all."""
    folder = tmp_path_factory.mktemp("bad-input") / "site"
    limit = f"\n[limits]\nfile_bytes = {LARGEST}\n"
    with started(folder, seed=43, scale=0.05, extra=limit) as run:
        links_settled(run)
        attack(run, folder / "secret")
        run.drop([sample for sample in run.manifest.samples if not run.is_link(sample)])
        settled(run)
        eventually(lambda: not [path for path in run.left_behind() if not path.is_dir()], what="empty drop folders")
        yield run


def attack(run, secret):
    """Everything into the drop folders, before the good files come."""
    tax, welfare = run.drop_folder("tax-levy"), run.drop_folder("welfare-assistance")
    secret.write_bytes(b"not for you")
    (tax / "LEVY7001.DAT").symlink_to(secret)
    (tax / "LEVY7002.DAT").symlink_to("/dev/zero")
    os.mkfifo(tax / "LEVY7003.DAT")
    (tax / "LEVY7004.DAT").mkdir()
    put(tax, "LEVY7005.DAT", b"2" * (LARGEST + 1))
    put(tax, "LEVY7006.DAT", b"")
    for name in NAMES:
        Path(os.fsdecode(os.fsencode(tax) + b"/" + name)).write_bytes(b"x")
    for name, (_, content) in XML_ATTACKS.items():
        put(welfare, name, content)


def refused(run):
    return {event["file"]: event["code"] for event in logged(run, "intake", "file.refused")}


def test_every_code_of_the_table_is_documented():
    """docs/reference/errors.md has a row for each."""
    documented = set(re.findall(r"^\| `([A-Z]{3}-[0-9]{3})` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert {
        *PLANTED.values(),
        *(code for code, _ in XML_ATTACKS.values()),
        "REF-005",
        "REF-006",
        "REF-008",
    } <= documented


def test_each_kind_was_planted_and_is_found_once_with_its_code(run):
    """The table is what the generator plants; file, record, code and item are found, each once, and nothing else."""
    lanes = {sample.name: sample.lane for sample in run.manifest.samples}
    planted = {(lanes[fault.file], fault.kind): fault.code for fault in run.manifest.planted}
    assert PLANTED.items() <= planted.items()
    verdict = run.verdict()
    ours = {*XML_ATTACKS, *(name for name in refused(run) if name.startswith("LEVY"))}
    extra = sum(file.records for file in run.store.files(most=1000) if file.name in XML_ATTACKS)
    received = sum(lane.received for lane in verdict.counts)
    others = [problem for problem in verdict.problems if not any(name in problem for name in ours)]
    assert others == [f"received {received} records, dropped {run.manifest.records}"] * bool(extra)
    assert received == run.manifest.records + extra
    assert verdict.found == verdict.planted


def test_neighbours_are_accepted_and_nothing_is_lost(run):
    """Every good record of every file is accepted; received = accepted + refused + waiting in every lane."""
    assert all(lane.adds_up for lane in run.store.counts())
    assert sum(lane.accepted for lane in run.store.counts()) == run.manifest.good
    assert run.server.account()["twice"] == 0
    assert run.processes.dead() == []


def test_no_household_was_ever_seen_in_part(run):
    """Records that go with an unfit one of their household wait for it; whole ones are there, each in one version."""
    seen = run.server.ask("/households")
    assert (seen["groups"] > 0, seen["mixed"]) == (True, [])
    waiting = run.store.exceptions(lane="registry-household", code="HSH-001")
    assert waiting
    assert all({row.code for row in run.store.household_of(each.id)} > {"HSH-001"} for each in waiting)


def test_attacks_by_name_kind_and_size_go_to_quarantine(run):
    """REF-005, REF-006, REF-008: none is read or followed, each lies aside with its reason, no log shows a raw name."""
    codes = refused(run)
    assert {codes[f"LEVY700{number}.DAT"] for number in (1, 2, 3, 4)} == {"REF-005"}
    assert (codes["LEVY7005.DAT"], codes["LEVY7006.DAT"]) == ("REF-008", "REF-006")
    strange = [name for name, code in codes.items() if code == "REF-005" and not name.startswith("LEVY700")]
    assert len(strange) == len(NAMES)
    assert all(name.isascii() and name.isprintable() for name in strange)
    aside = [path.name for path in (run.site.exchange / "tax-levy" / "in-quarantine").iterdir()]
    reasons = [name for name in aside if name.endswith(".reason.txt")]
    assert len(reasons) == len(aside) - len(reasons) == 6 + len(NAMES) + 1  # the planted duplicate
    assert all(name.isprintable() for name in aside)
    assert (run.site.folder / "secret").read_bytes() == b"not for you"


def test_xml_that_attacks_its_reader_is_held_or_refused(run):
    """No entity, no outside file, no depth: each has its code, and the good file of the lane went through."""
    known = {file.name: (file.state.value, file.code) for file in run.store.files(lane="welfare-assistance")}
    codes = refused(run)
    for name, (code, _) in XML_ATTACKS.items():
        assert known.get(name, ("refused", codes.get(name))) in (("held", code), ("refused", code)), name
    spoken = (run.site.logs / "intake.jsonl").read_text(encoding="utf-8")
    assert "root:" not in spoken
    assert logged(run, "intake", "gateway.failed") == []
    assert logged(run, "worker", "worker.failed") == []
