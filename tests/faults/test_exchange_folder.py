"""A server behind an exchange folder, mounted or on an SFTP server, that is away or asleep while files come in."""

import re
import signal
import time

import pytest
from tests.acceptance.watching import eventually, links_settled, settled

from kakehashi.domain.breaker import BreakerState
from kakehashi_simulators.demo.run import started

PATIENCE = 2
TABLE = "[server]\n"


class Mount:
    """The gateway works on the folder itself."""

    def __init__(self, folder):
        self.folder = folder

    def adapt(self, text):
        return text

    def go(self):
        self.folder.rename(self.folder.with_name("away"))

    def come(self):
        self.folder.with_name("away").rename(self.folder)


class Remote(Mount):
    """The gateway reaches the folder through an OpenSSH server."""

    def __init__(self, folder, sshd):
        super().__init__(folder)
        self.sshd = sshd
        self.go, self.come = sshd.stop, sshd.start

    def adapt(self, text):
        values = {"endpoint": self.sshd.url(self.folder), "ca": self.sshd.known_hosts, "key": self.sshd.key}
        before, _, after = text.partition(TABLE)
        for name, value in values.items():
            after = re.sub(f"(?m)^{name} = .*$", f'{name} = "{value}"', after, count=1)
        return before + TABLE + after


@pytest.fixture(params=["mount", "sftp"])
def place(request, tmp_path):
    folder = tmp_path / "site" / "lgwan"
    return Mount(folder) if request.param == "mount" else Remote(folder, request.getfixturevalue("sshd"))


@pytest.fixture
def run(tmp_path, place):
    def adapt(config):
        """A message waits two seconds for its answer; probes come often."""
        path = config / "gateway.toml"
        text = place.adapt(path.read_text(encoding="utf-8"))
        settings = f"{TABLE}timeout_seconds = {PATIENCE}\nbreaker_most_seconds = 2\n"
        path.write_text(text.replace(TABLE, settings), encoding="utf-8")

    with started(tmp_path / "site", scale=0.2, seed=7, transport="folder", adapt=adapt) as run:
        links_settled(run)
        yield run


def test_a_folder_that_is_away_and_a_server_that_sleeps_lose_and_repeat_nothing(run, place):
    """The folder goes and comes back; then the server takes nothing for longer than a message waits. Nothing is lost,
    nothing applied twice, and nothing is left in the folder.
    """
    samples = [sample for sample in run.manifest.samples if not run.is_link(sample)]
    place.go()
    run.drop(samples[::2])
    eventually(lambda: {row.state for row in run.store.breakers()} - {BreakerState.CLOSED}, what="an open breaker")
    place.come()
    run.server.process.send_signal(signal.SIGSTOP)
    run.drop(samples[1::2])
    time.sleep(2 * PATIENCE)
    run.server.process.send_signal(signal.SIGCONT)
    settled(run)
    assert run.verdict().problems == ()
    assert [path.name for path in place.folder.glob("*/*") if not path.name.startswith(".serial")] == []
