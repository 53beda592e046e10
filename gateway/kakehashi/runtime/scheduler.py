"""Looks after what nobody else carries: lost messages are published again, results of settled files are returned,
orders are carried out, alarms are raised, held numbers come into force, what is past keeping is forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kakehashi.domain.batch import FileState
from kakehashi.errors import Fault, KakehashiError, StoreCorrupt, StoreError
from kakehashi.failpoint import reached
from kakehashi.ports.clock import Clock
from kakehashi.ports.ledger import FileRow
from kakehashi.ports.store import Store
from kakehashi.ports.store_rules import ENDED
from kakehashi.runtime.alarms import Alarms
from kakehashi.runtime.enforcing import Enforcing
from kakehashi.runtime.events import EventLog
from kakehashi.runtime.looking_again import LookingAgain
from kakehashi.runtime.notifying import Forgetting
from kakehashi.runtime.outage import Quiet
from kakehashi.runtime.publishing import Publishing
from kakehashi.runtime.redriving import Redriving
from kakehashi.runtime.returning import Returning
from kakehashi.runtime.sweeping import Sweeping
from kakehashi.runtime.telling import Telling
from kakehashi.runtime.withdrawing import Withdrawing

__all__ = ["Scheduler"]

_FILES_AT_ONCE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduler:
    """One pass over what is due. Several may run: every effect is guarded by the ledger or repeatable."""

    lanes: Sequence[str]
    store: Store
    publishing: Publishing
    redriving: Redriving
    returning: Mapping[str, Returning]
    clock: Clock
    events: EventLog
    quiet: Quiet
    alarms: Alarms
    enforcing: Enforcing
    sweeping: Sweeping
    forgetting: Forgetting
    looking_again: LookingAgain
    withdrawing: Withdrawing
    telling: Sequence[Telling] = ()

    def run_once(self) -> int:
        """Returns how much was done. Alarms ring and results go back also while the broker is away."""
        self.alarms.look()
        done = self._withdraw() + self.enforcing.run_once() + self.looking_again.run_once()
        done += self.redriving.run_once()
        done += sum(self._return(file) for file in self.store.returnable(lanes=self.lanes, most=_FILES_AT_ONCE))
        done += sum(telling.run_once() for telling in self.telling)
        done += self.publishing.publish_lost()
        return done + self.sweeping.run_once() + self.forgetting.run_once()

    def _withdraw(self) -> int:
        """A spool that is away stops nothing else."""
        try:
            return self.withdrawing.run_once()
        except StoreError:
            raise
        except KakehashiError as error:
            if self.quiet.may_speak("withdrawals"):
                self.events.emit("halt.delayed", code=error.fault.code)
            return 0

    def _return(self, file: FileRow) -> int:
        """One file's result. Its trouble is its own: the others go on."""
        if self.redriving.awaits(file):
            return 0
        rows = self.store.batches(file.id)
        batches = len(rows)
        if any(row.state not in ENDED for row in rows):
            return 0  # a record is being retried again: its end belongs into the result
        returning = self.returning.get(file.lane)
        if returning is None or file.state is FileState.REFUSED:
            return int(self.store.mark_returned(file.id, batches=batches, now=self.clock.now()))
        reached("returning.chosen")
        try:
            counts = returning.deliver(file)
        except StoreCorrupt as error:  # of its spool
            return self._failed(file, error.fault)
        except StoreError:
            raise
        except KakehashiError as error:
            return self._failed(file, error.fault)
        reached("returning.written")
        now = self.clock.now()
        if not self.store.mark_returned(file.id, batches=batches, now=now, characters=counts.characters):
            return 1  # a retry was settled meanwhile: the result is written again
        reached("returning.marked")
        self.events.emit(
            "file.returned",
            lane=file.lane,
            file_id=file.id,
            file=file.name,
            accepted=counts.accepted,
            refused=counts.refused,
            waiting=counts.waiting,
        )
        return 1

    def _failed(self, file: FileRow, fault: Fault) -> int:
        if self.quiet.may_speak(f"return {file.id}"):
            self.events.emit(
                "file.return_failed",
                lane=file.lane,
                file_id=file.id,
                file=file.name,
                code=fault.code,
                record=fault.place.record,
                item=fault.place.item,
                character=fault.facts.get("character") if fault.code == "DEC-023" else None,
            )
        return 0
