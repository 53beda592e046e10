"""What the gateway finds in the sample files is what was planted in them: each fault once, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from kakehashi.config.loader import load
from kakehashi.runtime.offline import Offline
from kakehashi_simulators.legacy import generate
from kakehashi_simulators.legacy.household import FLAWS, WAITS

ROOT = Path(__file__).parents[3]
ONLINE = ("IDN-", "REF-002", "SRV-", "SYM-")
"""Codes that need links, ledger or server: the offline run cannot find them."""


@pytest.fixture(scope="module")
def configuration():
    return load(ROOT / "config")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    return generate(tmp_path_factory.mktemp("samples"), seed=11)


def _online(fault):
    """Whether it needs links, ledger or server, or waits for one of its household that does."""
    return fault.code.startswith(ONLINE) or fault.kind.removeprefix(WAITS) in _ONLINE_KINDS


_ONLINE_KINDS = {flaw.kind for flaw in FLAWS if flaw.code.startswith(ONLINE)}


def _found(result):
    """Record number (None: the file as a whole) → the first fault of it."""
    first = {}
    for fault in result.faults:
        first.setdefault(fault.place.record, (fault.code, fault.place.item))
    return first


def _translated(configuration, sample):
    return Offline(configuration, configuration.routes[sample.lane], ROOT / "xsd").translate_file(sample.path)


@pytest.mark.parametrize(
    "lane", ["registry-persons", "tax-levy", "welfare-assistance", "welfare-inquiry", "registry-household"]
)
def test_every_planted_fault_is_found_once_with_its_code_and_item(configuration, manifest, lane):
    """In each lane: the planted records, their codes and items, and no other record."""
    good = [sample for sample in manifest.lane(lane) if sample.good]
    assert good
    for sample in good:
        planted = {
            fault.record: (fault.code, fault.item)
            for fault in manifest.planted
            if fault.file == sample.name and not _online(fault)
        }
        result = _translated(configuration, sample)
        assert _found(result) == planted
        assert result.records == sample.records


def test_files_that_are_wrong_as_a_whole_are_held_with_their_code(configuration, manifest):
    """Counts, control totals, missing and misplaced records, broken XML: nothing of such a file is translated."""
    held = {fault.file: fault.code for fault in manifest.faults("held")}
    assert len(held) >= 7
    for sample in manifest.samples:
        if sample.name in held:
            result = _translated(configuration, sample)
            assert result.faults[0].code == held[sample.name]
            assert result.sent == 0
            assert result.records == sample.records


def test_the_replicas_of_good_records_are_all_sent(configuration, manifest):
    """Every record without a planted fault becomes part of a valid message."""
    for sample in manifest.samples:
        if sample.good and sample.lane != "registry-persons":
            online = sum(fault.file == sample.name and _online(fault) for fault in manifest.planted)
            assert _translated(configuration, sample).sent == sample.good + online
