"""An OpenSSH server of our own for one test: SFTP alone, keys made for it, on a free port of this machine."""

import getpass
import os
import socket
import subprocess
import time
from pathlib import Path

import pytest

SSHD = "/usr/sbin/sshd"
CONFIGURATION = """
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/client.pub
PidFile {folder}/pid
AuthenticationMethods publickey
PermitRootLogin yes
StrictModes no
UsePAM no
LogLevel ERROR
Subsystem sftp internal-sftp
ForceCommand internal-sftp
"""


class Sshd:
    """`known_hosts` and `key` are what a client needs."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        for name in ("host", "client", "stranger"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name]
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.key, self.known_hosts = folder / "client", folder / "known_hosts"
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {(folder / 'host.pub').read_text()}")
        (folder / "sshd_config").write_text(CONFIGURATION.format(port=self.port, folder=folder))
        self._process = None

    def url(self, path):
        return f"sftp://{getpass.getuser()}@127.0.0.1:{self.port}{path}"

    def start(self):
        """Without effect while it runs."""
        if self._process is not None:
            return
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd demands it of root
        command = [SSHD, "-D", "-e", "-f", self.folder / "sshd_config"]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError(f"sshd does not listen: {(self.folder / 'log').read_text()}")

    def stop(self):
        """With all connections."""
        if self._process is None:
            return
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        own = [int(pid) for pid in children.read_text().split()] if children.exists() else []
        self._process.kill()
        self._process.wait()
        for pid in own:
            subprocess.run(["kill", "-9", str(pid)], check=False, stderr=subprocess.DEVNULL)
        self._process = None


@pytest.fixture
def sshd(tmp_path):
    server = Sshd(tmp_path / "sshd")
    server.start()
    yield server
    server.stop()
