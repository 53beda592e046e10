"""The gateway's own processes, started as an operator would start them; they end with this one."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

__all__ = ["GatewayProcesses", "end_with_parent", "started_anew"]

_PR_SET_PDEATHSIG = 1
_GRACE_SECONDS = 15


def end_with_parent() -> None:
    """The calling process is told to stop (SIGTERM) when the one that made it has ended."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def started_anew(arguments: Sequence[str], output: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """`kakehashi` with these arguments, by an interpreter of its own; what it prints is added to `output`."""
    with output.open("ab") as stream:
        return subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-m", "kakehashi", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            env={**os.environ, **environment},
            preexec_fn=end_with_parent,  # noqa: PLW1509  # one call of prctl, nothing of Python's
        )


@dataclass(slots=True)
class GatewayProcesses:
    """`kakehashi run` once a role group; a name can be started again after it was killed."""

    launch: ClassVar[Callable[[Sequence[str], Path, Mapping[str, str]], subprocess.Popen[bytes]]] = started_anew
    """How a process begins."""

    config: Path
    logs: Path
    log_level: str = "info"
    environment: dict[str, str] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _roles: dict[str, Sequence[str]] = field(default_factory=dict)

    def start(self, name: str, roles: Sequence[str]) -> None:
        """Start the process called `name` with these roles."""
        arguments = ["run", "--role", ",".join(roles), "--config", str(self.config)]
        arguments += ["--log", str(self.logs / f"{name}.jsonl"), "--log-level", self.log_level]
        self.running[name] = type(self).launch(arguments, self.logs / f"{name}.stderr", self.environment)
        self._roles[name] = roles

    def kill(self, name: str) -> None:
        """Kill -9."""
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def restart(self, name: str) -> None:
        self.start(name, self._roles[name])

    def dead(self) -> list[str]:
        """Names of processes that ended by themselves."""
        return [name for name, process in self.running.items() if process.poll() is not None]

    def stop(self) -> dict[str, int]:
        """SIGTERM to all, then wait; returns exit codes."""
        for process in self.running.values():
            process.terminate()
        codes = {}
        for name, process in self.running.items():
            try:
                codes[name] = process.wait(_GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                codes[name] = process.wait()
        self.running.clear()
        return codes
