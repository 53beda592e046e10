"""Start a simulator as a process of its own, steer it by its admin port, leave nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self, TypeAlias, cast

__all__ = ["OWN_FORMAT", "RunningSimulator", "Spoken", "start_intermediate_server", "start_registry"]

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

OWN_FORMAT = "std-2026"
"""The folder of the schemas that the simulators speak by themselves."""

_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_ADMIN_SECONDS = 10.0


class Spoken(NamedTuple):
    """Another format: the name of its profile, and the folder of its schemas and names.csv."""

    profile: str
    schemas: Path

    @property
    def arguments(self) -> list[str]:
        return [f"--profile={self.profile}", f"--dialect={self.schemas}"]


class RunningSimulator:
    """A simulator process. Leave the `with` block, or call `stop`, to end it; it also ends with its parent."""

    def __init__(self, process: subprocess.Popen[str], ready: Mapping[str, str]) -> None:
        self.process = process
        self.endpoint = ready["endpoint"]
        self.admin = ready["admin"]

    @property
    def port(self) -> int:
        return int(self.endpoint.rsplit(":", 1)[1].split("/")[0])

    def account(self) -> dict[str, Json]:
        """Totals of what it took and refused (`report.totals` and gauges)."""
        return cast("dict[str, Json]", self.ask("/account"))

    def effects(self, **filters: str) -> list[dict[str, Json]]:
        """What was applied: person, info, unit, sequence, operation, times, request_id."""
        query = "&".join(f"{name}={value}" for name, value in filters.items())
        return cast("list[dict[str, Json]]", self.ask(f"/effects?{query}"))

    def set_faults(self, **switches: float | str | bool | None) -> None:
        """Change the named switches of `faults.Switches`."""
        self.ask("/faults", switches)

    def set_persons(self, states: Mapping[str, Sequence[str]]) -> None:
        """State (no-symbol, unknown, refusing, linked) → person keys."""
        self.ask("/persons", {state: list(keys) for state, keys in states.items()})

    def reset(self) -> None:
        self.ask("/reset", {})

    def ask(self, path: str, body: Mapping[str, object] | None = None) -> Json:
        """GET, or POST with a body, at the admin port."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.admin + path, data=data)  # noqa: S310  # our own loopback address
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=_ADMIN_SECONDS) as answer:
            return cast("Json", json.load(answer))

    def stop(self) -> int:
        """SIGTERM, then SIGKILL when that does not help; returns the exit code."""
        self.process.terminate()
        try:
            return self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            return self.kill()
        finally:
            _close(self.process)

    def kill(self) -> int:
        """SIGKILL: a crash."""
        self.process.send_signal(signal.SIGKILL)
        code = self.process.wait(_STOP_SECONDS)
        _close(self.process)
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop()


def start_intermediate_server(
    folder: Path,
    *,
    xsd: Path,
    certificates: Path | None = None,
    port: int = 0,
    admin_port: int = 0,
    mode: str = "test",
    records_cap: int | None = None,
    connections: int | None = None,
    requests_per_second: int | None = None,
    result_delay_seconds: float | None = None,
    no_symbol_ending: str = "",
    exchange: Path | None = None,
    spoken: Spoken | None = None,
    scenario: Path | None = None,
    evidence: Path | None = None,
) -> RunningSimulator:
    """The intermediate server with its account in `folder`; returns when it is ready. Same folder: same account.

    Without `certificates` (a folder with ca.pem, server.pem, server.key) it speaks plain HTTP. With `exchange` its
    endpoint is that exchange folder. `scenario`: a scenario file; what is given here counts before it. `evidence`: a
    folder for every message and answer. `spoken`: another format.
    """
    arguments = [f"--folder={folder}", f"--xsd={xsd}", f"--port={port}", f"--admin-port={admin_port}", f"--mode={mode}"]
    limits = {"records-cap": records_cap, "connections": connections, "rate": requests_per_second}
    options = {**limits, "result-delay": result_delay_seconds, "scenario": scenario, "evidence": evidence}
    arguments += [f"--{name}={value}" for name, value in options.items() if value is not None]
    arguments += [f"--no-symbol-ending={no_symbol_ending}"]
    arguments += [f"--certificates={certificates}"] if certificates else []
    arguments += [f"--exchange={exchange}"] if exchange else []
    arguments += spoken.arguments if spoken else []
    return _start("kakehashi_simulators.intermediate_server", arguments)


def start_registry(
    folder: Path,
    *,
    xsd: Path,
    intermediate_admin: str,
    certificates: Path | None = None,
    port: int = 0,
    admin_port: int = 0,
    mode: str = "test",
    link_delay_seconds: float = 2.0,
    spoken: Spoken | None = None,
    scenario: Path | None = None,
    evidence: Path | None = None,
) -> RunningSimulator:
    """The registry side: acknowledges FGU-121, tells `intermediate_admin` after the delay that symbols are linked.
    `scenario`, `evidence`: as of the intermediate server.
    """
    arguments = [f"--folder={folder}", f"--xsd={xsd}", f"--port={port}", f"--admin-port={admin_port}", f"--mode={mode}"]
    arguments += [f"--intermediate-admin={intermediate_admin}", f"--link-delay={link_delay_seconds}"]
    options = {"scenario": scenario, "evidence": evidence}
    arguments += [f"--{name}={value}" for name, value in options.items() if value is not None]
    arguments += [f"--certificates={certificates}"] if certificates else []
    arguments += spoken.arguments if spoken else []
    return _start("kakehashi_simulators.registry", arguments)


def _start(module: str, arguments: Sequence[str]) -> RunningSimulator:
    command = [sys.executable, "-m", module, *arguments, f"--parent={os.getpid()}"]
    if threading.current_thread() is threading.main_thread():  # the kernel's signal comes when the thread ends
        command.append("--with-parent-thread")
    process = subprocess.Popen(  # noqa: S603  # our own program and arguments
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    timer = threading.Timer(_START_SECONDS, process.kill)
    timer.start()
    begin = time.monotonic()
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
    finally:
        timer.cancel()
    if not line:
        code = process.wait(_STOP_SECONDS)
        _close(process)
        raise RuntimeError(f"{module} did not start: exit code {code} after {time.monotonic() - begin:.1f} s")
    return RunningSimulator(process, json.loads(line))


def _close(process: subprocess.Popen[str]) -> None:
    if process.stdout is not None:
        process.stdout.close()
