"""SIGHUP: a running gateway takes over a changed configuration when it passes its check, and keeps the old one else."""

import signal
import time

import pytest
from tests.acceptance.watching import eventually, links_settled, logged, put, settled

from kakehashi.config.loader import load
from kakehashi_simulators.demo.run import started
from kakehashi_simulators.legacy import generate

pytestmark = pytest.mark.xdist_group("reload")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    with started(tmp_path_factory.mktemp("reload") / "site", seed=31, scale=0.05, faults=False) as run:
        links_settled(run)
        yield run


def hang_up(run):
    for process in run.processes.running.values():
        process.send_signal(signal.SIGHUP)


def everywhere(run, event, number):
    """Waits until both processes have logged the event so often; returns the last one of each."""
    found = {
        name: eventually(
            lambda name=name: (seen := logged(run, name, event))[number - 1 :] and seen, what=f"{event} of the {name}"
        )
        for name in run.processes.running
    }
    assert {name: len(events) for name, events in found.items()} == dict.fromkeys(found, number)
    return [events[-1] for events in found.values()]


def changed(run, file, old, new):
    path = run.site.config / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_wrong_configuration_is_refused_and_the_old_one_stays(run):
    """An unknown key, an unknown item and one not mapped make one event; work goes on by the old configuration."""
    changed(run, "routes/tax-levy/route.toml", "[source]", "[source]\npatience = 5")
    changed(run, "routes/registry-household/mapping.csv", "D0010,", "D0011,")
    hang_up(run)
    for event in everywhere(run, "configuration.refused", 1):
        assert (event["faults"], event["code"], event["level"]) == (3, "CFG-009", "error")
    run.drop(run.manifest.lane("tax-levy"))
    settled(run)
    (counts,) = [lane for lane in run.store.counts() if lane.lane == "tax-levy"]
    assert counts.received == counts.accepted > 0


def test_a_configuration_that_breaks_a_golden_case_is_refused(run):
    """What loads without a fault but would send something else than agreed does not come into force."""
    changed(run, "routes/tax-levy/route.toml", "[source]\npatience = 5", "[source]")
    changed(run, "routes/registry-household/mapping.csv", "D0011,", "D0010,")
    changed(run, "tables/tax-taxation.csv", "\n10,", "\n18,")
    hang_up(run)
    for event in everywhere(run, "configuration.refused", 2):
        assert event["code"] == "CFG-010"


def test_a_queue_or_store_that_cannot_be_had_is_refused(run):
    """A store that cannot be opened refuses the change; nobody is left without a ledger."""
    changed(run, "tables/tax-taxation.csv", "\n18,", "\n10,")
    changed(run, "gateway.toml", "sqlite:///", "sqlite:////dev/null")
    hang_up(run)
    for event in everywhere(run, "configuration.refused", 3):
        assert event["code"].startswith("STO-")


def test_a_good_configuration_takes_over_while_work_is_in_hand(run, tmp_path):
    """Batches that are under way during the change are settled once each; the new limit holds for the next file."""
    changed(run, "gateway.toml", "sqlite:////dev/null", "sqlite:///")
    changed(run, "gateway.toml", "[folders]", "[limits]\nbatch_records = 7\n\n[folders]")
    run.drop(run.manifest.lane("registry-household"))
    hang_up(run)
    for event in everywhere(run, "configuration.reloaded", 1):
        assert event["config"] == load(run.site.config).hash
    run.drop(run.manifest.lane("welfare-assistance"))
    settled(run)
    (file,) = run.store.files(lane="welfare-assistance")
    assert file.batches == -(-file.records // 7)
    assert run.server.account()["twice"] == 0
    assert all(lane.received == lane.accepted for lane in run.store.counts())
    assert run.processes.dead() == []


def test_hanging_up_again_and_again_loses_nothing(run, tmp_path):
    """Ten changes in a row under load: every record is settled once, no file is left behind, the process ends well."""
    (sample,) = generate(tmp_path, seed=31, scale=0.3, faults=False, lanes={"welfare-inquiry"}).samples
    content = sample.path.read_bytes()
    for number in range(5):
        asked = content.replace(b",20260701", b",2026070%d" % (number + 2))
        put(run.drop_folder(sample.lane), f"P640R110_20260701093000_1{number:03}.DAT", asked)
        for _ in range(2):
            hang_up(run)
            time.sleep(0.3)
    eventually(lambda: len(run.store.files(lane=sample.lane)) == 5, what="five files")
    settled(run)
    (counts,) = [lane for lane in run.store.counts() if lane.lane == sample.lane]
    assert counts.received == 5 * sample.records == counts.accepted + counts.refused
    assert [path for path in run.left_behind() if path.is_file()] == []
    assert run.server.account()["twice"] == 0
    assert run.processes.stop() == {"intake": 0, "worker": 0}
