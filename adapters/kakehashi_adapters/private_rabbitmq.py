"""A RabbitMQ server of our own: on free ports of this machine, in a folder, gone when we are.

For tests, benchmarks and the demo. It shares nothing with a broker that is installed as a service: own node name,
ports, cookie, data, logs and port mapper.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

from kakehashi.errors import BrokerMisconfigured, BrokerUnavailable

__all__ = ["PrivateRabbit", "free_ports", "installed_rabbitmq"]

_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_COOKIE = ".erlang.cookie"
_PR_SET_PDEATHSIG = 1
_PLACES = (Path("/usr/lib/rabbitmq"), Path("/opt/rabbitmq"), Path("/opt/homebrew/opt/rabbitmq"))


def installed_rabbitmq() -> Path | None:
    """The folder of the server's own scripts: those in /usr/sbin switch the user, these do not."""
    candidates = [place / sub for place in _PLACES for sub in ("bin", "sbin")]
    return next((folder for folder in candidates if (folder / "rabbitmq-server").exists()), None)


class PrivateRabbit:
    """Running when constructed; `stop` (or the end of the with block) ends it and removes the folder it made.

    Raises BrokerMisconfigured when RabbitMQ is not installed, BrokerUnavailable when it does not come up. Dies with
    the thread that constructed or started it. `settings`: more lines for rabbitmq.conf. `beside`: a node of the cluster
    that it joins at its first start; that one must run then, and be stopped last.
    """

    def __init__(self, folder: Path | None = None, *, settings: str = "", beside: PrivateRabbit | None = None) -> None:
        scripts = installed_rabbitmq()
        if scripts is None:
            raise BrokerMisconfigured("BRK-004", program="rabbitmq-server")
        self._scripts = scripts
        self._own = folder is None
        self._folder = folder or Path(tempfile.mkdtemp(prefix="kakehashi-rabbitmq-"))
        self._folder.mkdir(parents=True, exist_ok=True)
        self._mapper_port: int
        self.port, self._distribution_port, self._mapper_port = free_ports(3)
        self.password = secrets.token_hex(16)
        if beside is not None:
            self._mapper_port = int(beside._mapper_port)  # noqa: SLF001  # one of us
            self.password = beside.password
            settings += self._joining(beside)
        self._environment = self._prepare(settings)
        self._mapper = self._start_mapper() if beside is None else None
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self.start()
        except BrokerUnavailable:
            self.stop()
            raise

    @property
    def url(self) -> str:
        return f"amqp://kakehashi:{self.password}@127.0.0.1:{self.port}/%2f"

    @property
    def node(self) -> str:
        """Its name among Erlang's nodes."""
        return f"kakehashi{self.port}@localhost"

    @property
    def version(self) -> str:
        return self.control("version").strip()

    def _joining(self, other: PrivateRabbit) -> str:
        """Nodes of a cluster share a cookie; what the second one is told, as lines for rabbitmq.conf."""
        cookie = self._folder / _COOKIE
        shutil.copyfile(Path(other._environment["HOME"]) / _COOKIE, cookie)
        cookie.chmod(0o400)
        discovery = "cluster_formation"
        return (
            f"{discovery}.peer_discovery_backend = classic_config\n{discovery}.classic_config.nodes.1 = {other.node}\n"
        )

    def _prepare(self, settings: str) -> dict[str, str]:
        files = {
            "rabbitmq.conf": (
                f"default_user = kakehashi\ndefault_pass = {self.password}\nloopback_users = none\n"
                f"log.file.level = warning\nheartbeat = 60\n{settings}"
            ),
            "plugins": "[].\n",
            "environment.conf": "",
        }
        for name, text in files.items():
            path = self._folder / name
            path.write_text(text, encoding="ascii")
            path.chmod(0o600)
        return {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "LANG": "C.UTF-8",
            "HOME": str(self._folder),  # the cookie
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "ERL_EPMD_PORT": str(self._mapper_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_MNESIA_BASE": str(self._folder / "data"),
            "RABBITMQ_LOG_BASE": str(self._folder / "log"),
            "RABBITMQ_PID_FILE": str(self._folder / "pid"),
            "RABBITMQ_CONFIG_FILE": str(self._folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(self._folder / "environment.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._folder / "plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none",
            # The script becomes the server instead of waiting for it: one process, whose id we know.
            "RUNNING_UNDER_SYSTEMD": "true",
        }

    def _start_mapper(self) -> subprocess.Popen[bytes] | None:
        """Erlang's port mapper, ours and in the foreground: the one that the server starts would stay behind."""
        program = shutil.which("epmd")
        if program is None:
            return None
        return subprocess.Popen(  # noqa: S603  # fixed program, own environment
            [program],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509  # one system call
        )

    @property
    def answers(self) -> bool:
        """Whether AMQP connections are taken."""
        return _answers(self.port)

    def start(self, *, wait: bool = True) -> None:
        """Start (again) on the same data and ports; returns when AMQP connections are taken, or without waiting."""
        output = self._folder / "output"
        with output.open("ab") as stream:
            self._process = subprocess.Popen(  # noqa: S603  # fixed program, own environment
                [self._scripts / "rabbitmq-server"],
                env=self._environment,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509  # one system call
            )
        deadline = time.monotonic() + _START_SECONDS
        while wait and not self.answers:
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise BrokerUnavailable(program="rabbitmq-server", port=self.port)
            time.sleep(0.1)

    def control(self, *arguments: str) -> str:
        """Run `rabbitmqctl` against this server alone; its output. Raises BrokerUnavailable when it fails."""
        command = [str(self._scripts / "rabbitmqctl"), "--quiet", *arguments]
        done = subprocess.run(  # noqa: S603  # fixed program, own environment
            command, env=self._environment, cwd=self._folder, capture_output=True, timeout=60, check=False
        )
        if done.returncode:
            raise BrokerUnavailable(program="rabbitmqctl", status=done.returncode)
        return done.stdout.decode("utf-8", "replace")

    def signal(self, number: signal.Signals) -> None:
        """To the server's process: SIGSTOP, SIGCONT …"""
        if self._process is not None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """End it like a power cut; `start` brings it back on what the disk holds."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def terminate(self) -> None:
        """End it in good order; `start` brings it back."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def stop(self) -> None:
        """End server and port mapper, and remove the folder if it was ours."""
        self.terminate()
        self._process = None
        if self._mapper is not None:
            self._mapper.kill()
            self._mapper.wait()
        if self._own:
            shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()


def free_ports(count: int) -> list[int]:
    """Ports that are free together now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _answers(port: int) -> bool:
    """Whether an AMQP server answers the protocol header: an open port alone is not enough."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            return connection.recv(1) == b"\x01"
    except OSError:
        return False


def _die_with_parent() -> None:
    """The kernel terminates the server when the thread that started it ends, however it ends."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
