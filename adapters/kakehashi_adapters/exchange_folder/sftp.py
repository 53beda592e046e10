"""An exchange folder on an SFTP server. Only this module may say paramiko.

The server's host key must stand in a file of known hosts; we show a private key, never a password. Whether the server
syncs what it was given is its own matter: what counts is the answer.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import paramiko
from paramiko.ber import BERException
from paramiko.hostkeys import InvalidHostKey
from paramiko.packet import NeedRekeyException
from paramiko.pkey import UnknownKeyType

from kakehashi.domain.batch import letters
from kakehashi.errors import ConfigurationError, Fault, Place, ServerUnreachable
from kakehashi_adapters.exchange_folder.place import Pair, TooLarge

__all__ = ["SftpPlace"]

_KEYS: Final = (BERException, InvalidHostKey, UnknownKeyType)
"""Said about key files that cannot be read."""
_PORT: Final = 22
_REACH_SECONDS: Final = 5.0
_CALL_SECONDS: Final = 30.0
_KEEPALIVE_SECONDS: Final = 15
_LOCK: Final = ".serial.lock"
_LOCK_LOOK_SECONDS: Final = 0.05
_LOCK_TRIES: Final = 50
_LOCK_DEAD_SECONDS: Final = 10.0
"""A lock is held for some round trips: one that has not changed hands for so long belongs to somebody who died."""


@dataclass(slots=True)
class SftpPlace:
    """`sftp://USER@HOST:PORT/PATH`; `known_hosts` and `key` are files. Each exchange has a connection of its own, kept
    for the next one. `refuses`: asked of each connection's address and port, before anything goes through it.
    """

    url: str
    known_hosts: Path
    key: Path
    refuses: Callable[[str, int], bool] = lambda _address, _port: False
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _idle: list[_Line] = field(default_factory=list, init=False)
    _closed: bool = field(default=False, init=False)

    def check(self) -> None:
        """At a program's start. Raises ConfigurationError with every fault."""
        faults = [
            Fault("CFG-005", Place(file=path.name, item=name))
            for name, path in (("ca", self.known_hosts), ("key", self.key))
            if not path.is_file()
        ]
        parts = urlsplit(self.url)
        if not (parts.hostname and parts.username and parts.path.startswith("/")):
            facts = {"expected": "sftp://user@host:port/path"}
            faults.append(Fault("CFG-003", Place(item="endpoint"), facts))
        if faults:
            raise ConfigurationError(faults)

    @contextmanager
    def lend(self) -> Iterator[Pair]:
        """Raises OSError, and ServerUnreachable (SRV-016) where server and gateway do not accept each other."""
        line = self._take()
        try:
            yield line.pair
        except BaseException:
            line.close()
            raise
        with self._lock:
            if not self._closed:
                self._idle.append(line)
                return
        line.close()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            lines, self._idle = self._idle, []
        for line in lines:
            line.close()

    def _take(self) -> _Line:
        """The one that was used last, if it is still there."""
        while True:
            with self._lock:
                line = self._idle.pop() if self._idle else None
            if line is None:
                return _connected(self)
            if line.is_alive():
                return line
            line.close()


class _UnknownHost(paramiko.SSHException):
    """The host does not stand in the file of known hosts."""


class _Stranger(paramiko.MissingHostKeyPolicy):
    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:  # noqa: ARG002  # paramiko's
        raise _UnknownHost


@dataclass(slots=True)
class _Line:
    """One connection. One thread at a time."""

    ssh: paramiko.SSHClient
    pair: Pair

    def is_alive(self) -> bool:
        transport = self.ssh.get_transport()
        return transport is not None and transport.is_active()

    def close(self) -> None:
        self.ssh.close()


def _connected(place: SftpPlace) -> _Line:
    parts = urlsplit(place.url)
    ssh = paramiko.SSHClient()
    try:
        with _translated():
            ssh.load_host_keys(str(place.known_hosts))
            ssh.set_missing_host_key_policy(_Stranger())
            ssh.connect(
                parts.hostname or "",
                port=parts.port or _PORT,
                username=unquote(parts.username or ""),
                key_filename=str(place.key),
                allow_agent=False,
                look_for_keys=False,
                timeout=_REACH_SECONDS,
                banner_timeout=_REACH_SECONDS,
                auth_timeout=_REACH_SECONDS,
            )
            transport = ssh.get_transport()
            if transport is not None:
                _demand_allowed(place, transport)
                transport.set_keepalive(_KEEPALIVE_SECONDS)
            session = ssh.open_sftp()
            channel = session.get_channel()
            if channel is not None:
                channel.settimeout(_CALL_SECONDS)
    except BaseException:
        ssh.close()
        raise
    path = unquote(parts.path).rstrip("/")
    return _Line(ssh, Pair(_SftpFolder(session, f"{path}/to-server"), _SftpFolder(session, f"{path}/from-server")))


def _demand_allowed(place: SftpPlace, transport: paramiko.Transport) -> None:
    address, port, *_ = transport.getpeername()
    if place.refuses(address, port):
        raise ServerUnreachable(Fault("RHS-003"))


@contextmanager
def _translated() -> Iterator[None]:
    """What paramiko says, in words that say nothing of the data."""
    try:
        yield
    except (*_KEYS, paramiko.BadHostKeyException, paramiko.AuthenticationException, _UnknownHost):
        raise ServerUnreachable(Fault("SRV-016")) from None
    except paramiko.SSHException:
        raise OSError(errno.ECONNABORTED, "") from None
    except (paramiko.SFTPError, NeedRekeyException):
        raise OSError(errno.EPROTO, "") from None
    except EOFError:
        raise OSError(errno.ECONNRESET, "") from None


class _SftpFolder:
    def __init__(self, session: paramiko.SFTPClient, path: str) -> None:
        self._session = session
        self._path = path

    def put(self, name: str, content: bytes) -> None:
        hidden = self._at(f".{letters(os.urandom(8))}.unfinished")
        with _translated():
            try:
                with self._session.open(hidden, "wx") as stream:
                    stream.set_pipelined(True)
                    stream.write(content)
                self._session.posix_rename(hidden, self._at(name))
            except OSError:
                with suppress(OSError):
                    self._session.remove(hidden)
                raise

    def get(self, name: str, *, most: int) -> bytes:
        with _translated():
            found = self._session.lstat(self._at(name))
            if not stat.S_ISREG(found.st_mode or 0):
                raise FileNotFoundError(errno.ENOENT, "")
            if (found.st_size or 0) > most:
                raise TooLarge
            with self._session.open(self._at(name), "rb") as stream:
                stream.prefetch(found.st_size)
                return stream.read(most)

    def has(self, name: str) -> bool:
        with _translated():
            try:
                self._session.lstat(self._at(name))
            except FileNotFoundError:
                return False
            return True

    def rename(self, before: str, after: str) -> None:
        with _translated():
            self._session.posix_rename(self._at(before), self._at(after))

    def remove(self, name: str) -> None:
        with _translated():
            self._session.remove(self._at(name))

    def make(self, folder: str) -> None:
        if not self.has(folder):
            with _translated():
                self._session.mkdir(self._at(folder))

    def untouched_since(self, moment: datetime) -> list[str]:
        with _translated():
            found = self._session.listdir_attr(self._path)
        return [
            each.filename
            for each in found
            if stat.S_ISREG(each.st_mode or 0) and (each.st_mtime or 0) < moment.timestamp()
        ]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """By a folder, which only one can make. Raises OSError where there is none to make it in."""
        with _translated():
            self._session.lstat(self._path)
            self._acquire()
        try:
            yield
        finally:
            with suppress(OSError), _translated():
                self._session.rmdir(self._at(_LOCK))

    def _acquire(self) -> None:
        seen, since, free = None, time.monotonic(), 0
        while True:
            try:
                self._session.mkdir(self._at(_LOCK))
            except OSError:
                held = self._held_since()
                free += held is None
                if free > _LOCK_TRIES:
                    raise  # nobody has it: it cannot be made
                if held != seen:
                    seen, since = held, time.monotonic()
                elif time.monotonic() - since > _LOCK_DEAD_SECONDS:
                    self._session.rmdir(self._at(_LOCK))
                time.sleep(_LOCK_LOOK_SECONDS)
            else:
                return

    def _held_since(self) -> float | None:
        try:
            return self._session.lstat(self._at(_LOCK)).st_mtime
        except FileNotFoundError:
            return None

    def _at(self, name: str) -> str:
        return f"{self._path}/{name}"
