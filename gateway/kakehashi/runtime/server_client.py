"""How this gateway reaches a server: tests keep away from what is live, a rehearsal keeps what was said."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

from kakehashi.config.settings import GatewaySettings, ServerSettings
from kakehashi.errors import ConfigurationError, Fault, Place, ServerError
from kakehashi.ports.clock import Clock
from kakehashi.ports.server import ServerClient
from kakehashi.runtime.addresses import scheme

__all__ = ["RecordingClient", "open_server"]


def open_server(
    settings: GatewaySettings, server: ServerSettings, plugin: Callable[[str, str], Any], clock: Clock
) -> ServerClient:
    """The client of the server or the registry. With `gateway.test` it goes to no live endpoint of either.

    Raises ConfigurationError: RHS-003 for a live endpoint, RHS-004 for evidence of what is no test.
    """
    test, evidence = settings.gateway.test, settings.rehearsal.evidence
    if evidence and not test:
        raise ConfigurationError([Fault("RHS-004", Place(file="gateway.toml", item="rehearsal.evidence"))])
    live = (*settings.server.live, *settings.registry.live) if test else ()
    client: ServerClient = plugin("servers", scheme(server.endpoint))(server.model_copy(update={"live": live}))
    name = "registry" if server is settings.registry else "server"
    return RecordingClient(client, Path(evidence) / name, clock) if evidence else client


class RecordingClient:
    """「証跡」 A ServerClient that writes down every message, its answer or what came instead. Thread-safe."""

    def __init__(self, client: ServerClient, folder: Path, clock: Clock) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._client = client
        self._folder = folder
        self._clock = clock
        self._lock = Lock()
        self._numbers = itertools.count(1)

    def exchange(self, message_id: str, request_id: str, document: bytes) -> bytes:
        number, at, began = next(self._numbers), self._clock.now(), time.monotonic()
        row: dict[str, str | int] = {"at": at.isoformat(), "message_id": message_id, "request_id": request_id}
        name = f"{at:%Y%m%dT%H%M%S%f}-{os.getpid()}-{number}"
        row |= self._kept(f"{name}-request.xml", "request", document)
        try:
            answer = self._client.exchange(message_id, request_id, document)
            row |= self._kept(f"{name}-answer.xml", "answer", answer)
        except ServerError as error:
            row["trouble"] = error.fault.code
            raise
        finally:
            row["milliseconds"] = round((time.monotonic() - began) * 1000)
            with self._lock, (self._folder / "index.jsonl").open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(row) + "\n")
        return answer

    def close(self) -> None:
        self._client.close()

    def _kept(self, file: str, what: str, document: bytes) -> dict[str, str | int]:
        (self._folder / file).write_bytes(document)
        return {what: file, f"{what}_sha256": hashlib.sha256(document).hexdigest()}
