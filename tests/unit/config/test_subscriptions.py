"""What [notices] of a system and [relay] of gateway.toml may say."""

import shutil

import pytest
from tests.unit.pipeline.subscribers import subscribe

from kakehashi.config.loader import load
from kakehashi.domain.notice import NOTICES
from kakehashi.errors import ConfigurationError
from kakehashi.runtime.places import shared

SYSTEM, TABLE = "systems/tax/system.toml", "systems/tax/notices.csv"


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(shared("config"), tmp_path / "config")
    subscribe(tmp_path / "config")
    return tmp_path / "config"


def faults(folder):
    with pytest.raises(ConfigurationError) as caught:
        load(folder)
    return [(fault.code, fault.place.file, fault.place.item) for fault in caught.value.faults]


def test_a_table_is_all_that_a_subscription_needs(folder):
    """Every LINK route knows of it; without a table nobody is told."""
    configuration = load(folder)
    subscription = configuration.subscriptions["tax"]
    assert subscription.subscriber.events == frozenset(NOTICES)
    assert configuration.routes["registry-residents"].link.subscribers == (subscription.subscriber,)
    assert configuration.notice_folder(subscription).parts[-2:] == ("tax-notices", "out")
    assert load(shared("config")).subscriptions == {}


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        (SYSTEM, "{serial}", "", ("CFG-003", SYSTEM, "notices.pattern")),
        (SYSTEM, '"notices.csv"', '"nothing.csv"', ("CFG-005", SYSTEM, "notices.file")),
        (SYSTEM, "tax-notices/out", "tax-levy/in", ("CFG-014", SYSTEM, "notices.folder")),
        (SYSTEM, "[notices]", '[notices]\nevents = ["divorced"]', ("CFG-003", SYSTEM, "notices.events[1]")),
        (TABLE, "$event", "$events", ("CFG-006", TABLE, "source")),
        (TABLE, "data,2,宛名番号,9,15,2", "data,2,宛名番号,9,14,2", ("CFG-011", TABLE, "source")),
    ],
)
def test_what_is_wrong_is_named(folder, file, old, new, fault):
    """With the file and the key or row."""
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    assert fault in faults(folder)


def test_two_systems_share_no_folder(folder):
    """Each would take the other's notices away."""
    subscribe(folder, "welfare")
    path = folder / "systems" / "welfare" / "system.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("welfare-notices", "tax-notices"), encoding="utf-8")
    assert ("CFG-014", "systems/welfare/system.toml", "notices.folder") in faults(folder)


def test_a_relayed_system_must_be_there(folder):
    """Else its certificate would stand for nobody's numbers."""
    with (folder / "gateway.toml").open("a", encoding="utf-8") as file:
        file.write('[relay]\nsystems = { host = "taxes" }\n')
    assert ("CFG-006", "gateway.toml", "relay.systems.host") in faults(folder)
