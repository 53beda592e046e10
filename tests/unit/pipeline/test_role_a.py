"""In front of a hub that swaps numbers itself (role A) the lanes pass them as they are."""

import shutil

import pytest
from lxml import etree
from tests.unit.pipeline.conftest import ROOT

from kakehashi.testing.memory_links import MemoryLinkStore


@pytest.mark.parametrize("lane", ["tax-levy", "welfare-inquiry"])
def test_numbers_go_out_as_they_came_linked_or_not(house_of, manifest, tmp_path, lane):
    """No link is looked up, and the header says whose numbers they are."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    gateway = tmp_path / "config" / "gateway.toml"
    text = gateway.read_text(encoding="utf-8")
    assert 'profile = "std-2026"' in text
    gateway.write_text(text.replace('profile = "std-2026"', 'profile = "std-2026-atena"'), encoding="utf-8")
    house = house_of(lane)
    house.gateway.links = MemoryLinkStore()
    house.reload(tmp_path / "config")
    (sample, *_) = [each for each in manifest.lane(lane) if each.good]
    house.take(sample.name, sample.path.read_bytes())
    house.work(3)
    (document, *_) = [each.document for each in house.client.delivered]
    root = etree.fromstring(document)
    sent = [key.text for key in root.iter("{*}PersonKey")]
    raw = sample.path.read_bytes().decode("cp932", errors="replace")
    assert len(sent) > 3
    assert [key for key in sent if key not in raw and key.lstrip("0") not in raw] == []
    assert root.findtext("{*}Header/{*}PersonKeyType") == "atena"
    assert "IDN-001" not in {row.code for row in house.store.exceptions(lane=lane, most=1000)}
