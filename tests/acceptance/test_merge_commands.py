"""Two unified numbers that are one person's, on real processes: links, replicas, symbols, what a kill leaves of it."""

import json
import os
import subprocess
import sys

import pytest
from tests.acceptance.levy_site import NOW, drop, levy_site
from tests.acceptance.watching import asked, eventually, settled

from kakehashi.domain.symbol import LIVE
from kakehashi.ports.links import LinkRow
from kakehashi.ports.matches import NewReview
from kakehashi_simulators.legacy.tax import LANE

SEED, RECORDS = 20261127, 6
WITHDRAW, RELINK = '[merges]\nsymbol = "withdraw"', '[merges]\nsymbol = "relink"'


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Six persons of the tax system without 個人番号, each with a unified number and a replica at the server."""

    def adapt(config):
        path = config / "profiles" / "std-2026" / "profile.toml"
        text = path.read_text(encoding="utf-8")
        assert WITHDRAW in text
        path.write_text(text.replace(WITHDRAW, RELINK), encoding="utf-8")

    folder = tmp_path_factory.mktemp("merging") / "site"
    options = {"adapt": adapt, "extra": '\n[symbols]\nacquire = "refused"\n'}
    with levy_site(folder, seed=SEED, records=RECORDS, persons=2 * RECORDS, **options) as site:
        site.unified = site.persons[:RECORDS]
        yield site


def ask(site, *words):
    done = asked("match", *words, "--json", "--config", site.run.site.config)
    return done.exit_code, [json.loads(line) for line in done.output.splitlines() if line.startswith("{")]


def killed(site, step, *words):
    """The command dies at the step."""
    done = subprocess.run(
        [sys.executable, "-m", "kakehashi", "match", *words, "--config", str(site.run.site.config)],
        env={**os.environ, "KAKEHASHI_FAIL": f"{step}:1:kill"}, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == -9, done.stderr


def relinked(site, former, person, operation):
    """The server was told so last of this number, once; and the gateway has its answer."""
    told = {"former": former, "person": person, "operation": operation, "times": 1}
    eventually(lambda: told in site.run.server.ask("/bindings")["relinks"], what=f"{operation} at the server")
    eventually(lambda: not site.store.acquisitions(states=sorted(LIVE)), what="the end of it in the ledger")


def replicas(site):
    """How many each person has, where ledger and server say the same."""
    eventually(lambda: not any(lane.waiting for lane in site.run.counts()), what="the withdrawal")
    assert asked("reconcile", LANE, "--server", "--config", site.run.site.config).exit_code == 0
    return [len(site.store.persons_replicas(person)) for person in site.unified]


def test_a_merge_follows_through_and_is_undone(site):
    """A dry run changes nothing; killed at any step it goes on; the server has nothing under the retired number."""
    kept, retired = site.unified[:2]
    ones = [1] * RECORDS
    assert replicas(site) == ones
    words = ("merge", kept, retired, "--reason", "seen in the family register")
    plan = {"done": False, "links": 1, "acquisitions": 0, "replicas": {LANE: 1}, "in_flight": 0, "left": 0}
    assert ask(site, *words) == (0, [plan])
    assert ask(site, "merges") == (0, [])
    killed(site, "merging.merged", *words, "--yes")
    killed(site, "merging.held", *words, "--yes")
    assert len(site.store.persons_replicas(retired)) == 1
    assert ask(site, *words, "--yes") == (0, [plan | {"done": True, "links": 0}])
    relinked(site, retired, kept, "relink")
    assert replicas(site) == [1, 0, *ones[2:]]
    assert ask(site, *words, "--yes") == (0, [plan | {"done": True, "links": 0, "replicas": {}}])
    withdrawals = [file for file in site.store.files(lane=LANE, most=100) if file.name.startswith("merge1-")]
    assert [file.records for file in withdrawals] == [1]
    drop(site)  # both numbers of the system are one person's now: the later record of the two counts
    settled(site.run)
    assert replicas(site) == [1, 0, *ones[2:]]
    back = ("unmerge", "U1", "--reason", "two after all")
    assert ask(site, *back) == (0, [plan | {"replicas": {}}])
    assert ask(site, *back, "--yes")[0] == 0
    relinked(site, retired, kept, "undo")
    (merge, *_) = ask(site, "merges", "--all")[1]
    assert (merge["kept"][-3:], merge["retired"][-3:], merge["reason"], merge["undone_reason"]) == (
        kept[-3:], retired[-3:], "seen in the family register", "two after all",
    )  # fmt: skip
    drop(site)
    settled(site.run)
    assert replicas(site) == ones


def test_what_came_from_a_system_that_goes_back_is_withdrawn(site):
    """Undone, also by halves and again, who has no number of the tax system any more has no tax replica either."""
    ones = [1] * RECORDS
    tax, care = site.unified[3], f"{999:015}"
    row = LinkRow(system="care", atena=f"{77:015}", unified=care)
    assert not site.links.link([row], now=NOW)
    review = NewReview(
        claim=b"c", system="tax", atena=site.town.atena("tax", 3), unified=care, differ=("name:given",),
        members=(("tax", site.town.atena("tax", 3)),),
    )  # fmt: skip
    site.links.ask([review], now=NOW)
    assert ask(site, "decide", "M1", "--link", "--reason", "seen")[0] == 1
    assert ask(site, "merge", care, tax, "--reason", "seen", "--yes")[0] == 0
    relinked(site, tax, care, "relink")
    assert [row.decision for row in site.links.reviews(undecided=False)] == ["link"]
    drop(site)
    settled(site.run)
    assert len(site.store.persons_replicas(care)) == 1
    (merge,) = ask(site, "merges")[1]
    plan = {"done": True, "links": 1, "acquisitions": 0, "replicas": {LANE: 1}, "in_flight": 0, "left": 0}
    back = ("unmerge", merge["id"], "--reason", "another one", "--yes")
    killed(site, "merging.undone", *back)
    assert ask(site, *back) == (0, [plan])
    relinked(site, tax, care, "undo")
    assert replicas(site) == [*ones[:3], 0, *ones[4:]]
    assert site.store.persons_replicas(care) == []
    drop(site)
    settled(site.run)
    assert replicas(site) == ones


def test_what_cannot_be_merged_is_told_with_its_reason(site):
    """The same number, one that nobody has, one about which somebody has to decide; and nothing is done."""
    kept, retired = site.unified[4:]
    assert ask(site, "merge", kept, "nobody", "--reason", "r")[0] == 2
    for other, reason in ((kept, "same"), ("1", "unknown")):
        code, (fault,) = ask(site, "merge", kept, other, "--reason", "r", "--yes")
        assert (code, fault["code"], fault["facts"]) == (1, "IDN-014", {"reason": reason})
    assert ask(site, "unmerge", "U99", "--reason", "r")[0] == 1
    assert ask(site, "unmerge", "nine", "--reason", "r")[0] == 2
    assert site.links.freeze("tax", site.town.atena("tax", 5), evidence=b"e", now=NOW)
    assert ask(site, "merge", kept, retired, "--reason", "r", "--yes")[1][0]["facts"] == {"reason": "frozen"}
