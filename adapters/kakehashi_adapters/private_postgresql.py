"""A PostgreSQL server of our own: on a free port of this machine, in a folder of its own, gone when we are.

For tests and benchmarks. Between us and the server stands a guard process (this module, run as a program) that holds
the read end of a pipe: when our end closes, even by `kill -9`, it stops the server and removes the folder that we made.
PostgreSQL refuses to run as root; root hands it to the user `postgres`, or `nobody`.
"""

from __future__ import annotations

import os
import pwd
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Self

from kakehashi.errors import StoreUnavailable

__all__ = ["PrivatePostgresql", "installed_postgresql"]

_START_SECONDS = 30.0
_STOP_SECONDS = 20.0
_READY_LINE = 7  # of postmaster.pid
_NOT_DURABLE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def installed_postgresql() -> Path | None:
    """The folder of the server's programs: the newest under /usr/lib/postgresql, else that of PATH."""
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    found = [path.parent for path in packaged if (path.parent / "initdb").exists()]
    if found:
        return found[-1]
    on_path = shutil.which("postgres")
    folder = Path(on_path).resolve().parent if on_path else None
    return folder if folder and (folder / "initdb").exists() else None


class PrivatePostgresql:
    """Running when constructed; `stop` (or the end of the with block) ends it.

    `folder` keeps its data for a later start; without it the data goes with the server. Only a `durable` server waits
    for the disk, as a real one does. Raises StoreUnavailable when PostgreSQL is not installed or does not come up.
    """

    def __init__(self, folder: Path | None = None, *, durable: bool = True) -> None:
        programs = installed_postgresql()
        if programs is None:
            raise StoreUnavailable(program="postgres")
        self._programs = programs
        self._made = None if folder is not None else Path(tempfile.mkdtemp(prefix="kakehashi-postgresql-"))
        self._folder = folder or self._made or Path()
        self._durable = durable
        self._user = _unprivileged()
        self.port = _free_port()
        self._ended = ""
        try:
            self._password = self._prepare()
            self._guard = self._start()
        except BaseException:
            if self._made is not None:
                shutil.rmtree(self._made, ignore_errors=True)
            raise

    @property
    def url(self) -> str:
        """Of the database `postgres`, as its superuser `kakehashi`."""
        return f"postgresql://kakehashi:{self._password}@127.0.0.1:{self.port}/postgres"

    @property
    def version(self) -> str:
        said = subprocess.run([self._programs / "postgres", "--version"], capture_output=True, text=True, check=True)  # noqa: S603  # no input of others
        return said.stdout.split()[2]

    def _prepare(self) -> str:
        self._folder.mkdir(parents=True, exist_ok=True)
        secret = self._folder / "password"
        if secret.exists():
            return secret.read_text(encoding="ascii")
        password = secrets.token_hex(16)
        secret.touch(mode=0o600)
        secret.write_text(password, encoding="ascii")
        if self._user is not None:
            for path in (self._folder, secret):
                shutil.chown(path, self._user)
        arguments = ["--username=kakehashi", f"--pwfile={secret}", "--auth=scram-sha-256", "--locale=C"]
        arguments += ["--encoding=UTF8", *([] if self._durable else ["--no-sync"])]
        made = subprocess.run(  # noqa: S603  # no input of others
            [self._programs / "initdb", f"--pgdata={self._data}", *arguments],
            capture_output=True,
            check=False,
            user=self._user,
            cwd=self._folder,
        )
        if made.returncode != 0:
            secret.unlink()
            raise StoreUnavailable(program="initdb", status=made.returncode)
        return password

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _start(self) -> subprocess.Popen[bytes]:
        settings = [
            "listen_addresses=127.0.0.1",
            f"port={self.port}",
            "unix_socket_directories=",
            "max_connections=200",
        ]
        settings += [] if self._durable else _NOT_DURABLE
        server = [str(self._programs / "postgres"), "-D", str(self._data)]
        for setting in settings:
            server += ["-c", setting]
        guard = subprocess.Popen(  # noqa: S603  # no input of others
            [sys.executable, "-m", __name__, self._user or "", str(self._made or ""), *server],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us; the guard hears of it through the pipe
        )
        deadline = time.monotonic() + _START_SECONDS
        while not self._is_ready():
            if guard.poll() is not None or time.monotonic() > deadline:
                _end(guard)
                raise StoreUnavailable(program="postgres")
            time.sleep(0.02)
        return guard

    def _is_ready(self) -> bool:
        try:
            lines = (self._data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        ready = len(lines) > _READY_LINE and lines[_READY_LINE].strip() == "ready" and lines[3] == str(self.port)
        return ready and lines[0] != self._ended

    def kill(self) -> None:
        """End it like a power cut; `start` brings it back on what the disk holds. Only with a `folder` of its own."""
        self._ended = (self._data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0]
        os.kill(int(self._ended), signal.SIGKILL)
        self._guard.wait(2 * _STOP_SECONDS)
        _end(self._guard)

    def start(self) -> None:
        """Again, after `stop` or `kill`, on the same data and port."""
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                self._guard = self._start()
            except StoreUnavailable:  # the processes that a killed one leaves go a moment later
                if time.monotonic() > deadline:
                    raise
            else:
                return

    def stop(self) -> None:
        _end(self._guard)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()


def _end(guard: subprocess.Popen[bytes]) -> None:
    if guard.stdin is not None:
        guard.stdin.close()
    guard.wait(timeout=2 * _STOP_SECONDS)


def _unprivileged() -> str | None:
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _guard(user: str, made: str, server: list[str]) -> int:
    """Run the server until it ends or nobody holds the other end of our standard input; then clean up."""
    data = Path(server[2])
    with (data / "server.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603  # as above
            server, stdin=subprocess.DEVNULL, stdout=log, stderr=log, user=user or None, cwd=data
        )
    while process.poll() is None:
        readable, _, _ = select.select([0], [], [], 0.2)
        if readable:  # end of file: our parent is gone, or done
            process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
            break
    try:
        status = process.wait(timeout=_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        status = process.wait()
    if made:
        shutil.rmtree(made, ignore_errors=True)
    return status


if __name__ == "__main__":
    sys.exit(_guard(sys.argv[1], sys.argv[2], sys.argv[3:]))
