"""`local:<folder>`: a durable queue in one SQLite file, for trying out and for the smallest sites. No server.

Same contract as the AMQP adapter (kakehashi.testing.broker_conformance). Several processes of one machine may share
the folder; it must lie on a local disk.
"""

from __future__ import annotations

from pathlib import Path

from kakehashi.errors import BrokerMisconfigured
from kakehashi_adapters.local_queue.broker import LocalBroker

__all__ = ["LocalBroker", "open_broker"]


def open_broker(url: str) -> LocalBroker:
    """`local:<folder>`, absolute or relative to the working folder. The folder is made when it is missing."""
    scheme, _, folder = url.partition(":")
    if scheme != "local" or not folder:
        raise BrokerMisconfigured("BRK-004", scheme=scheme)
    return LocalBroker(Path(folder))
