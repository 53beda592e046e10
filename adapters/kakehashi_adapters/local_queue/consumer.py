"""Takes messages: claims them for its lease, polls cheaply while there are none."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Self

from kakehashi.errors import BrokerError, BrokerMisconfigured, BrokerUnavailable
from kakehashi.ports.broker import DELAY_STEPS, URGENT, Delivery, Message
from kakehashi_adapters.local_queue.database import Database
from kakehashi_adapters.local_queue.owners import Renewal, give_back, register, release_abandoned

__all__ = ["LocalConsumer"]

_POLL_SECONDS = 0.008
_SWEEP_SECONDS = 0.5
_CLOCK_SECONDS = 1.0  # how long a jump of the time of day may go unnoticed
_LONGEST_DELAY = DELAY_STEPS[-1].total_seconds()
_READY = "SELECT position FROM messages WHERE lane = ? AND owner IS NULL AND due IS NULL ORDER BY position LIMIT ?"
_TAKEN = """SELECT 1 FROM lanes WHERE lane = ? AND in_order
            AND EXISTS (SELECT 1 FROM messages AS m WHERE m.lane = lanes.lane AND m.owner > 0 AND m.owner <> ?)"""
"""A lane in order of which another consumer has something in hand."""


class LocalConsumer:
    """Keeps the contract of ports.broker.Consumer."""

    def __init__(
        self,
        connect: Callable[[], Database],
        lanes: Sequence[str],
        *,
        prefetch: int,
        renewal: Renewal,
        wall: Callable[[], float],
    ) -> None:
        self._urgent = [lane for lane in lanes if lane == URGENT]
        self._lanes = [lane for lane in lanes if lane != URGENT]
        self._prefetch = prefetch
        self._renewal = renewal
        self._wall = wall
        self._hand: dict[int, str] = {}  # position → lane
        self._owner: int | None = None
        self.closed = False
        self._seen = -1
        self._next_look = 0.0
        self._next_sweep = 0.0
        self._database = connect()
        try:
            self._check_lanes()
        except BrokerError:
            self._database.close()
            raise

    def _check_lanes(self) -> None:
        with self._database.reading() as connection:
            known = {lane for (lane,) in connection.execute("SELECT lane FROM lanes")}
        for lane in (*self._urgent, *self._lanes):
            if lane not in known:
                raise BrokerMisconfigured("BRK-005", queue=lane)

    def receive(self, most: int, timeout: timedelta) -> list[Delivery]:
        deadline = time.monotonic() + timeout.total_seconds()
        while True:
            if self.closed:
                raise BrokerUnavailable
            taken = self._look(most)
            left = deadline - time.monotonic()
            if taken or left <= 0:
                return taken
            time.sleep(min(left, _POLL_SECONDS))

    def _look(self, room: int) -> list[Delivery]:
        """Claim when there may be something new; otherwise one cheap question to SQLite."""
        now = time.monotonic()
        if now >= self._next_sweep:
            self._next_sweep = now + _SWEEP_SECONDS
            if release_abandoned(self._database):
                self._next_look = now
        changes = self._database.changes()
        if room <= 0 or (changes == self._seen and now < self._next_look):
            return []
        self._seen = changes
        taken = self._claim(room) if self._anything() else []
        self._next_look = now if taken else now + min(self._until_due(), _CLOCK_SECONDS)
        return taken

    def _anything(self) -> bool:
        """Whether a claim would find something, asked without the write lock."""
        with self._database.reading() as connection:
            if any(self._ready(connection, lane, 1) for lane in (*self._urgent, *self._lanes)):
                return True
        return self._until_due() <= 0

    def _until_due(self) -> float:
        with self._database.reading() as connection:
            row = connection.execute("SELECT min(due), max(due) FROM messages WHERE due IS NOT NULL").fetchone()
        if row[0] is None:
            return _LONGEST_DELAY
        wait: float = row[0] - self._wall()
        return 0.0 if row[1] - self._wall() > _LONGEST_DELAY else wait

    def _claim(self, room: int) -> list[Delivery]:
        with self._database.transaction() as connection:
            owner = self._lease(connection)
            now = self._wall()
            # The second condition: the time of day was set back, and no delay is longer than the longest step.
            connection.execute("UPDATE messages SET due = NULL WHERE due <= ? OR due > ?", (now, now + _LONGEST_DELAY))
            positions = self._choose(connection, room)
            connection.executemany("UPDATE messages SET owner = ? WHERE position = ?", [(owner, p) for p in positions])
            taken = [_delivery(connection, position) for position in positions]
        self._hand.update({delivery.tag: delivery.message.lane for delivery in taken})
        return taken

    def _lease(self, connection: sqlite3.Connection) -> int:
        """This consumer's owner id; BrokerUnavailable when others took its lease while the process stood still."""
        if self._owner is None:
            self._owner = register(connection)
            self._renewal.add(self._owner)
        elif connection.execute("SELECT 1 FROM owners WHERE id = ?", (self._owner,)).fetchone() is None:
            self._renewal.remove(self._owner)
            self._owner = None
            self._hand.clear()
            raise BrokerUnavailable
        return self._owner

    def _choose(self, connection: sqlite3.Connection, room: int) -> list[int]:
        """Urgent first, then one of each lane in turn; the next claim starts with the lane after the last one."""
        chosen = [position for lane in self._urgent for position in self._ready(connection, lane, room)][:room]
        queues = {lane: iter(self._ready(connection, lane, room)) for lane in self._lanes} if len(chosen) < room else {}
        while queues and len(chosen) < room:
            for lane in [lane for lane in self._lanes if lane in queues][: room - len(chosen)]:
                position = next(queues[lane], None)
                if position is None:
                    del queues[lane]
                else:
                    chosen.append(position)
                    self._lanes.remove(lane)
                    self._lanes.append(lane)
        return chosen

    def _ready(self, connection: sqlite3.Connection, lane: str, most: int) -> list[int]:
        """What the lane has for this consumer."""
        room = min(most, self._prefetch - sum(held == lane for held in self._hand.values()))
        if room <= 0 or connection.execute(_TAKEN, (lane, self._owner or 0)).fetchone():
            return []
        return [position for (position,) in connection.execute(_READY, (lane, room))]

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        positions = [delivery.tag for delivery in deliveries if delivery.tag in self._hand]
        if self.closed or not positions:
            return
        with self._database.transaction() as connection:
            self._forget(connection, positions)
        for position in positions:
            del self._hand[position]

    def bury(self, delivery: Delivery, code: str) -> None:
        if self.closed or delivery.tag not in self._hand:
            return
        with self._database.transaction() as connection:
            connection.execute(
                """INSERT INTO dead (position, lane, code, id, headers, body)
                   SELECT position, lane, ?, id, headers, body FROM messages JOIN bodies USING (position)
                   WHERE position = ? AND owner = ?""",
                (code, delivery.tag, self._owner),
            )
            self._forget(connection, [delivery.tag])
        del self._hand[delivery.tag]

    def _forget(self, connection: sqlite3.Connection, positions: Sequence[int]) -> None:
        """Delete what is still ours: another owner's message stays, whatever we think we hold."""
        owned = [(position, self._owner) for position in positions]
        connection.executemany(
            "DELETE FROM bodies WHERE position = (SELECT position FROM messages WHERE position = ? AND owner = ?)",
            owned,
        )
        connection.executemany("DELETE FROM messages WHERE position = ? AND owner = ?", owned)

    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        if self._owner is not None:
            self._renewal.remove(self._owner)
            # When this fails, the end of the lease gives them back.
            with contextlib.suppress(BrokerError), self._database.transaction() as connection:
                give_back(connection, self._owner)
        self._hand.clear()
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def _delivery(connection: sqlite3.Connection, position: int) -> Delivery:
    lane, returns, name, headers, body = connection.execute(
        "SELECT lane, returns, id, headers, body FROM messages JOIN bodies USING (position) WHERE position = ?",
        (position,),
    ).fetchone()
    message = Message(id=name, lane=lane, body=body, headers=json.loads(headers))
    return Delivery(message=message, redelivered=returns > 0, tag=position)
