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
_IDLE_POLL_SECONDS = 0.032
_AWAKE_SECONDS = 2.0
"""So long after a message the next one is likely, and looked for at once."""
_SWEEP_SECONDS = 0.5
_CLOCK_SECONDS = 1.0  # how long a jump of the time of day may go unnoticed
_LONGEST_DELAY = DELAY_STEPS[-1].total_seconds()
_READY = {
    None: "SELECT position FROM messages WHERE lane = ? AND owner IS NULL AND due IS NULL ORDER BY position LIMIT ?",
    0: "SELECT position FROM messages WHERE lane = ? AND owner IS NULL AND due = 0 ORDER BY position LIMIT ?",
}
"""By `due` as it stands: None: published without a delay; 0: with one that is over."""
_TAKEN = """SELECT 1 FROM lanes WHERE lane = ? AND in_order
            AND EXISTS (SELECT 1 FROM messages AS m WHERE m.lane = lanes.lane AND m.owner > 0 AND m.owner <> ?)"""
"""A lane in order of which another consumer has something in hand."""

_Way = tuple[str, int | None]
"""A lane, and `due` as in _READY: each has a prefetch of its own."""


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
        self._urgent: list[_Way] = [(lane, due) for lane in lanes if lane == URGENT for due in (0, None)]
        self._prefetch = prefetch
        self._renewal = renewal
        self._wall = wall
        self._ways: list[_Way] = [(lane, due) for lane in lanes if lane != URGENT for due in (0, None)]
        self._hand: dict[int, _Way] = {}  # position → where it stood
        self._owner: int | None = None
        self.closed = False
        self._seen = -1
        self._next_look = 0.0
        self._next_sweep = 0.0
        self._awake_until = 0.0
        self._database = connect()
        try:
            self._check_lanes()
        except BrokerError:
            self._database.close()
            raise

    def _check_lanes(self) -> None:
        with self._database.reading() as connection:
            known = {lane for (lane,) in connection.execute("SELECT lane FROM lanes")}
        for lane, _ in (*self._urgent, *self._ways):
            if lane not in known:
                raise BrokerMisconfigured("BRK-005", queue=lane)

    def receive(self, most: int, timeout: timedelta) -> list[Delivery]:
        deadline = time.monotonic() + timeout.total_seconds()
        while True:
            if self.closed:
                raise BrokerUnavailable
            taken = self._look(most)
            left = deadline - time.monotonic()
            if taken:
                self._awake_until = time.monotonic() + _AWAKE_SECONDS
            if taken or left <= 0:
                return taken
            idle = time.monotonic() > self._awake_until
            time.sleep(min(left, _IDLE_POLL_SECONDS if idle else _POLL_SECONDS))

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
            if any(self._ready(connection, way, 1) for way in (*self._urgent, *self._ways)):
                return True
        return self._until_due() <= 0

    def _until_due(self) -> float:
        with self._database.reading() as connection:
            row = connection.execute("SELECT min(due), max(due) FROM messages WHERE due > 0").fetchone()
        if row[0] is None:
            return _LONGEST_DELAY
        wait: float = row[0] - self._wall()
        return 0.0 if row[1] - self._wall() > _LONGEST_DELAY else wait

    def _claim(self, room: int) -> list[Delivery]:
        with self._database.transaction() as connection:
            owner = self._lease(connection)
            now = self._wall()
            # The second condition: the time of day was set back, and no delay is longer than the longest step.
            far = now + _LONGEST_DELAY
            connection.execute("UPDATE messages SET due = 0 WHERE due > 0 AND (due <= ? OR due > ?)", (now, far))
            chosen = self._choose(connection, room)
            connection.executemany("UPDATE messages SET owner = ? WHERE position = ?", [(owner, p) for p in chosen])
            taken = [_delivery(connection, position) for position in chosen]
        self._hand.update(chosen)
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

    def _choose(self, connection: sqlite3.Connection, room: int) -> dict[int, _Way]:
        """Urgent first, then one of each way in turn; the next claim starts with the way after the last one."""
        chosen: dict[int, _Way] = {}
        for way in self._urgent:
            chosen |= dict.fromkeys(self._ready(connection, way, room - len(chosen)), way)
        queues = {way: iter(self._ready(connection, way, room)) for way in self._ways} if len(chosen) < room else {}
        while queues and len(chosen) < room:
            for way in [way for way in self._ways if way in queues][: room - len(chosen)]:
                position = next(queues[way], None)
                if position is None:
                    del queues[way]
                else:
                    chosen[position] = way
                    self._ways.remove(way)
                    self._ways.append(way)
        return chosen

    def _ready(self, connection: sqlite3.Connection, way: _Way, most: int) -> list[int]:
        """What the lane has for this consumer, of what came with a delay or of the rest."""
        lane, due = way
        room = min(most, self._prefetch - sum(held == way for held in self._hand.values()))
        if room <= 0 or connection.execute(_TAKEN, (lane, self._owner or 0)).fetchone():
            return []
        return [position for (position,) in connection.execute(_READY[due], (lane, room))]

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
