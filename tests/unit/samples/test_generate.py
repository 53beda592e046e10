"""What the generator writes and promises."""

from __future__ import annotations

import hashlib
import json

import pytest

from kakehashi_simulators.legacy import generate

LANES = {"registry-persons", "tax-levy", "welfare-assistance", "welfare-inquiry", "registry-household"}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    return generate(tmp_path_factory.mktemp("samples"), seed=20260701)


def _digest(manifest):
    digest = hashlib.sha256()
    for sample in manifest.samples:
        digest.update(sample.path.read_bytes())
    return digest.digest()


def test_the_same_seed_gives_the_same_bytes(manifest, tmp_path):
    """Byte for byte, and with another seed other bytes."""
    again = generate(tmp_path / "again", seed=20260701)
    assert _digest(again) == _digest(manifest)
    assert again.planted == manifest.planted
    assert _digest(generate(tmp_path / "other", seed=1)) != _digest(manifest)


def test_all_five_lanes_have_files_and_the_links_come_first(manifest):
    """Nothing can be sent before the extract has filled the links."""
    assert {sample.lane for sample in manifest.samples} == LANES
    assert manifest.samples[0].lane == "registry-persons"


def test_each_record_has_at_most_one_fault(manifest):
    """A record that is wrong twice could be found once: so none is."""
    places = [(planted.file, planted.record) for planted in manifest.planted]
    assert len(places) == len(set(places))


def test_good_records_and_planted_ones_add_up(manifest):
    """Every record of a file that goes through is good, refused or waiting; held files have no good ones."""
    for sample in manifest.samples:
        planted = [fault for fault in manifest.planted if fault.file == sample.name]
        whole = any(fault.record is None for fault in planted)
        assert sample.good == (0 if whole else sample.records - len(planted))


def test_every_kind_of_fault_is_planted(manifest):
    """The families of the issue: bytes, widths, codes, dates, links, rules, numbers in text, files as a whole."""
    codes = {planted.code for planted in manifest.planted}
    assert codes >= {
        "DEC-004", "DEC-005", "DEC-006", "DEC-007", "DEC-008", "DEC-010", "DEC-011", "DEC-012", "DEC-013", "DEC-014",
        "DEC-015", "DEC-017", "DEC-003", "DEC-019", "DEC-020", "MAP-002", "MAP-003", "MAP-004", "VAL-002", "VAL-003",
        "IDN-001", "IDN-002", "IDN-003", "REF-001", "REF-002", "REF-004", "SRV-005", "SYM-001",
    }  # fmt: skip
    assert {planted.state for planted in manifest.planted} == {"refused", "waiting", "held", "duplicate"}


def test_the_server_is_told_about_each_person_that_it_must_refuse(manifest):
    """One person for each fault that only the server can find."""
    by_code = {"4007": "no_symbol", "4003": "unknown", "4009": "stale"}
    for code, name in by_code.items():
        wanted = sum(planted.server_code == code for planted in manifest.planted)
        assert len(set(manifest.server_persons[name])) == wanted > 0


def test_the_manifest_can_be_written_down(manifest, tmp_path):
    """As JSON, for other programs."""
    manifest.save(tmp_path / "manifest.json")
    saved = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert len(saved["planted"]) == len(manifest.planted)


def test_scale_multiplies_the_records(tmp_path):
    """For benchmarks; without faults everything is good."""
    double = generate(tmp_path, seed=1, scale=2, faults=False)
    assert double.records == double.good == 2 * 2 * (1200 + 600 + 300 + 900)
    assert not double.planted


def test_lanes_can_be_chosen(tmp_path):
    """A benchmark of one lane needs its file and the links of its persons, nothing else."""
    chosen = generate(tmp_path, seed=1, scale=0.1, faults=False, lanes={"tax-levy", "registry-persons"})
    assert [(sample.lane, sample.records) for sample in chosen.samples] == [
        ("registry-persons", 120),
        ("tax-levy", 120),
    ]
