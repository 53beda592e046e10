"""The local broker: publishes in one transaction a call."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from pathlib import Path

from kakehashi.errors import BrokerMisconfigured, BrokerUnavailable, Fault
from kakehashi.ports.broker import DELAYS, URGENT, DeadLetter, Message, QueueState
from kakehashi_adapters.local_queue.consumer import LocalConsumer
from kakehashi_adapters.local_queue.database import Database
from kakehashi_adapters.local_queue.owners import Renewal

__all__ = ["LocalBroker"]


class LocalBroker:
    """Keeps the contract of ports.broker.Broker in the file `queue.sqlite3` of `folder`.

    `wall` is the time of day in seconds, for delays.
    """

    def __init__(self, folder: Path, *, wall: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._wall = wall
        self._lock = threading.Lock()
        self._closed = False
        self._database = self._connect()
        self._renewal = Renewal(self._connect)
        self._consumers: list[LocalConsumer] = []

    def _connect(self) -> Database:
        return Database(self._folder)

    def _check(self) -> None:
        if self._closed:
            raise BrokerUnavailable

    def declare(self, lanes: Sequence[str], *, in_order: Collection[str] = ()) -> None:
        self._check()
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT INTO lanes VALUES (?, ?) ON CONFLICT (lane) DO UPDATE SET in_order = excluded.in_order",
                [(lane, lane in in_order) for lane in (*lanes, URGENT)],
            )

    def publish(self, messages: Sequence[Message], *, delay: timedelta | None = None) -> None:
        """All messages or none."""
        if delay is not None and delay not in DELAYS:
            raise ValueError(str(delay))
        self._check()
        if not messages:
            return
        due = None if delay is None else self._wall() + delay.total_seconds()
        with self._database.transaction() as connection:
            known = {lane for (lane,) in connection.execute("SELECT lane FROM lanes")}
            for message in messages:
                if message.lane not in known:
                    raise BrokerMisconfigured("BRK-005", queue=message.lane)
                cursor = connection.execute("INSERT INTO messages (lane, due) VALUES (?, ?)", (message.lane, due))
                connection.execute(
                    "INSERT INTO bodies VALUES (?, ?, ?, ?)",
                    (cursor.lastrowid, message.id, json.dumps(dict(message.headers)), message.body),
                )

    def consume(self, lanes: Sequence[str], *, prefetch: int) -> LocalConsumer:
        self._check()
        consumer = LocalConsumer(self._connect, lanes, prefetch=prefetch, renewal=self._renewal, wall=self._wall)
        with self._lock:
            self._consumers = [*(one for one in self._consumers if not one.closed), consumer]
        return consumer

    def depth(self, lane: str) -> int:
        return self._count("SELECT count(*) FROM messages WHERE lane = ? AND owner IS NULL", lane)

    def dead(self, lane: str) -> int:
        return self._count("SELECT count(*) FROM dead WHERE lane = ?", lane)

    def dead_letters(self, lane: str, *, most: int) -> list[DeadLetter]:
        self._check()
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT code, length(body) FROM dead WHERE lane = ? ORDER BY position LIMIT ?", (lane, most)
            ).fetchall()
        return [DeadLetter(code=code, size=size) for code, size in rows]

    def discard_dead(self, lane: str, *, code: str | None, most: int) -> int:
        self._check()
        with self._database.transaction() as connection:
            return connection.execute(
                """DELETE FROM dead WHERE position IN
                   (SELECT position FROM dead WHERE lane = ? AND code = coalesce(?, code) ORDER BY position LIMIT ?)""",
                (lane, code, most),
            ).rowcount

    def inspect(self, lanes: Sequence[str], *, in_order: Collection[str] = ()) -> list[QueueState]:  # noqa: ARG002  # declared anew at every start
        """Who consumes is not known by lane here: every owner counts for all."""
        self._check()
        with self._database.reading() as connection:
            known = {lane for (lane,) in connection.execute("SELECT lane FROM lanes")}
            consumers = connection.execute("SELECT count(*) FROM owners").fetchone()[0]
            ready = dict(connection.execute("SELECT lane, count(*) FROM messages WHERE owner IS NULL GROUP BY lane"))
        return [
            QueueState(
                lane=lane,
                queue=lane,
                messages=ready.get(lane, 0),
                consumers=consumers,
                fault=None if lane in known else Fault("BRK-005", facts={"queue": lane}),
            )
            for lane in lanes
        ]

    def probe(self) -> None:
        self._check()
        with self._database.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO lanes (lane) VALUES ('urgent')")

    def _count(self, query: str, lane: str) -> int:
        self._check()
        with self._database.reading() as connection:
            count: int = connection.execute(query, (lane,)).fetchone()[0]
            return count

    def close(self) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
            consumers, self._consumers = self._consumers, []
        for consumer in consumers:
            with contextlib.suppress(BrokerUnavailable):
                consumer.close()
        self._renewal.stop()
        self._database.close()
