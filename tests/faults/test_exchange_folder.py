"""A server behind an exchange folder that is away, or asleep, while files come in."""

import signal
import time

import pytest
from tests.acceptance.watching import eventually, links_settled, settled

from kakehashi.domain.breaker import BreakerState
from kakehashi_simulators.demo.run import started

PATIENCE = 2


@pytest.fixture
def run(tmp_path):
    with started(tmp_path / "site", scale=0.2, seed=7, transport="folder", adapt=impatient) as run:
        links_settled(run)
        yield run


def impatient(config):
    """A message waits two seconds for its answer; probes come often."""
    path, table = config / "gateway.toml", "[server]\n"
    settings = f"{table}timeout_seconds = {PATIENCE}\nbreaker_most_seconds = 2\n"
    path.write_text(path.read_text(encoding="utf-8").replace(table, settings), encoding="utf-8")


def other_samples(run):
    return [sample for sample in run.manifest.samples if not run.is_link(sample)]


def test_a_folder_that_is_away_and_a_server_that_sleeps_lose_and_repeat_nothing(run):
    """The mount goes and comes back; then the server takes nothing for longer than a message waits. Nothing is lost,
    nothing applied twice, and nothing is left in the folder.
    """
    folder = run.site.folder / "lgwan"
    samples = other_samples(run)
    folder.rename(folder.with_name("away"))
    run.drop(samples[::2])
    eventually(
        lambda: [row for row in run.store.breakers() if row.state is not BreakerState.CLOSED], what="an open breaker"
    )
    folder.with_name("away").rename(folder)
    run.server.process.send_signal(signal.SIGSTOP)
    run.drop(samples[1::2])
    time.sleep(2 * PATIENCE)
    run.server.process.send_signal(signal.SIGCONT)
    settled(run)
    assert run.verdict().problems == ()
    assert [path.name for path in folder.glob("*/*") if not path.name.startswith(".serial-")] == []
