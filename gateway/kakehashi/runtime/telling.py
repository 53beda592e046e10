"""「番号返却」 Numbers that we issued go back to the system for whose 宛名番号 they are, once, in its own format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kakehashi.codec.layout import Role
from kakehashi.config.model import Configuration, ReturnContext, ReturnPlan, Route
from kakehashi.errors import KakehashiError, StoreError
from kakehashi.failpoint import reached
from kakehashi.ports.clock import Clock
from kakehashi.ports.files import Sink
from kakehashi.ports.links import LinkStore
from kakehashi.ports.number_returns import NumberFile
from kakehashi.ports.store import Store
from kakehashi.runtime.events import EventLog
from kakehashi.runtime.outage import Quiet

__all__ = ["Telling", "tellings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Of one LINK route. What a file holds and its name follow from the store: who crashes writes the same again."""

    route: Route
    plan: ReturnPlan
    sink: Sink
    links: LinkStore
    store: Store
    clock: Clock
    events: EventLog
    quiet: Quiet

    def run_once(self) -> int:
        """Write the next file, when no extract of the lane is in work. Returns how many were written.

        Raises StoreError; the trouble of its folder is its own.
        """
        settings, link = self.route.settings.write_back, self.route.link
        if settings is None or link is None or self.store.in_work([self.route.name]):
            return 0
        enforcement = self.links.enforcement()
        if enforcement is not None and enforcement.ended_at is None:
            return 0  # more are coming into force
        file = self.links.number_file(link.returns, most=settings.most, now=self.clock.now())
        if file is None:
            return 0
        day = file.made_at.strftime("%Y%m%d")
        name = settings.pattern.format(serial=f"{file.id:04d}", date=day)
        reached("numbers.chosen")
        try:
            self.sink.deliver(name, self._chunks(file, name, day, link.returns))
        except StoreError:
            raise
        except KakehashiError as error:
            if self.quiet.may_speak(f"numbers {self.route.name}"):
                self.events.emit("numbers.return_failed", lane=self.route.name, file=name, code=error.fault.code)
            return 0
        reached("numbers.written")
        if self.links.mark_numbers(file.id, now=self.clock.now()):
            self.events.emit("numbers.returned", lane=self.route.name, file=name, records=len(file.rows))
        return 1

    def _chunks(self, file: NumberFile, name: str, day: str, system: str) -> Iterator[bytes]:
        encoder = self.plan.encoder
        whole = ReturnContext(count=len(file.rows), file=name, date=day, system=system)
        yield encoder.prologue
        yield from self._record(Role.HEADER, whole)
        for number, row in enumerate(file.rows, start=1):
            told = ReturnContext(
                record_no=number, count=len(file.rows), file=name, date=day, system=system, atena=row.atena,
                unified=row.unified, since=row.since.isoformat(),
            )  # fmt: skip
            yield from self._record(Role.DATA, told)
        yield from self._record(Role.TRAILER, whole)
        yield from self._record(Role.END, whole)
        yield encoder.epilogue

    def _record(self, role: Role, context: ReturnContext) -> Iterator[bytes]:
        record = self.plan.record(role)
        if record is not None:
            yield self.plan.encoder.write(record.name, record.row(None, context))


def tellings(
    configuration: Configuration,
    sink: Callable[[Path], Sink],
    *,
    links: LinkStore,
    store: Store,
    clock: Clock,
    events: EventLog,
    quiet: Quiet,
) -> list[Telling]:
    """One for each route whose system is told."""
    made = []
    for route in configuration.routes.values():
        folder = configuration.number_folder(route)
        if folder is not None and route.number_plan is not None:
            made.append(
                Telling(
                    route=route, plan=route.number_plan, sink=sink(folder), links=links, store=store, clock=clock,
                    events=events, quiet=quiet,
                )
            )  # fmt: skip
    return made
