"""What follows from a merge for symbols; that for links and replicas is tried on real processes."""

from dataclasses import replace
from datetime import date

import pytest
from tests.unit.pipeline.persons import NOW

from kakehashi.config.loader import load
from kakehashi.domain.halt import HaltAction, HaltMeans, HaltOf
from kakehashi.domain.link import Note
from kakehashi.domain.symbol import LIVE, AcquisitionState, Origin, Task
from kakehashi.interface.profile_rules import MergeRule
from kakehashi.pipeline.identify import number_context
from kakehashi.ports.halts import NewHalt
from kakehashi.ports.links import LinkRow
from kakehashi.runtime.merging import Consequences, Merging
from kakehashi.runtime.places import shared
from kakehashi.testing.memory_clock import MemoryClock
from kakehashi.testing.memory_files import MemorySpool
from kakehashi.testing.memory_links import MemoryLinkStore
from kakehashi.testing.memory_sealer import MemorySealer
from kakehashi.testing.memory_store import MemoryStore
from kakehashi_simulators.legacy.numbers import seeded_numbers

KEPT, RETIRED = f"{101:015}", f"{102:015}"
NOTE = Note("clerk", "seen")


@pytest.fixture
def merging(tmp_path):
    """The retired number has a 個人番号 and an acquisition under way; the kept one has neither."""
    (tmp_path / "gateway.toml").write_text('[symbols]\nacquire = "all"\n', encoding="utf-8")
    links, sealer, store = MemoryLinkStore(), MemorySealer(), MemoryStore()
    (number,) = seeded_numbers(5, 1)
    sealed = sealer.seal(number.encode(), context=number_context(RETIRED))
    rows = [
        LinkRow(system="tax", atena=f"{1:015}", unified=KEPT, since=date(2026, 6, 1)),
        LinkRow(system="care", atena=f"{2:015}", unified=RETIRED, since=date(2026, 6, 1), blind=b"b", number=sealed),
    ]
    assert not links.link(rows, now=NOW)
    store.need([RETIRED], origin=Origin.REGISTERED, now=NOW)
    return Merging(
        configuration=load(shared("config"), overlay=tmp_path / "gateway.toml"),
        store=store,
        links=links,
        sealer=sealer,
        clock=MemoryClock(NOW),
        spool=MemorySpool(),
    )


def live(merging, person):
    return len(merging.store.acquisitions(person=person, states=sorted(LIVE)))


def test_the_symbol_is_acquired_for_the_number_that_has_the_individual_number(merging):
    """Given up for the retired one, begun for the one that stays; undone, the other way round. Twice is once."""
    plan = Consequences(links=1, acquisitions=1)
    assert merging.foresee(RETIRED) == plan
    assert (live(merging, KEPT), live(merging, RETIRED)) == (0, 1)
    assert merging.merge(KEPT, RETIRED, NOTE) == plan
    assert merging.merge(KEPT, RETIRED, NOTE) == Consequences()
    assert (live(merging, KEPT), live(merging, RETIRED)) == (1, 0)
    (merge,) = merging.links.merges()
    assert merging.foresee_undoing(merge) == plan
    for _ in range(2):
        assert merging.unmerge(merge.id, NOTE)
        assert (live(merging, KEPT), live(merging, RETIRED)) == (0, 1)


def test_who_is_suspended_under_one_number_is_so_under_the_other(merging):
    """Also after the two were made one, by the same means; undone, both stay so until somebody lifts it."""
    halt = NewHalt(
        action=HaltAction.SUSPEND, of=HaltOf.PERSON, key=RETIRED, means=HaltMeans.LOCK, reason="case 17", actor="a",
        placed_at=NOW,
    )  # fmt: skip
    merging.store.place_halt(halt)
    merging.merge(KEPT, RETIRED, NOTE)
    assert merging.store.halted().persons == {KEPT, RETIRED}
    (row,) = merging.store.halts(key=KEPT)
    assert (row.reason, row.means) == ("case 17", HaltMeans.LOCK)


def test_the_profile_may_have_the_symbol_relinked(merging):
    """[merges] symbol = "relink": told in place of what was acquired for the retired number, and undone, the other way
    round; whoever has the 個人番号 is acquired for afterwards, not beside it. Twice is once.
    """
    rule = MergeRule(withdraws_symbol=False, relinks_symbol=True, withdraws_replicas=False)
    configuration = merging.configuration
    profile = replace(configuration.profile, merges=rule)
    merging = replace(merging, configuration=replace(configuration, profile=profile))

    def told(person):
        return [(row.what.state, row.what.task, row.what.anew) for row in merging.store.acquisitions(person=person)]

    for first in (1, 0):
        assert merging.merge(KEPT, RETIRED, NOTE).acquisitions == first
    relink = (AcquisitionState.RELINKING, Task.RELINK, True)
    assert (told(RETIRED)[1:], told(KEPT)) == ([relink], [])
    (merge,) = merging.links.merges()
    for _ in range(2):
        merging.unmerge(merge.id, NOTE)
    assert [state for state, _, _ in told(RETIRED)] == ["cancelled", "cancelled", "relinking"]
    assert told(RETIRED)[2] == (AcquisitionState.RELINKING, Task.UNDO, True)
    assert told(KEPT) == []


def test_the_profile_may_keep_what_is_under_way(merging):
    """[merges] symbol = "keep": the acquisition of the retired number goes on."""
    rule = MergeRule(withdraws_symbol=False, relinks_symbol=False, withdraws_replicas=False)
    configuration = merging.configuration
    profile = replace(configuration.profile, merges=rule)
    keeping = replace(merging, configuration=replace(configuration, profile=profile))
    keeping.merge(KEPT, RETIRED, NOTE)
    assert (live(merging, KEPT), live(merging, RETIRED)) == (1, 1)
