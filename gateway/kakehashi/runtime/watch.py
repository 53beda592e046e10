"""Which alarms ring now: derived anew from ledger, disks and certificates each time, the same for all who ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from kakehashi.config.expectation import last_deadline
from kakehashi.config.finding import Finding
from kakehashi.config.model import Route
from kakehashi.config.settings import AlarmSettings
from kakehashi.domain.alarm import Alarm
from kakehashi.domain.batch import FileState, RecordState
from kakehashi.domain.breaker import WHOLE_ENDPOINT, BreakerState
from kakehashi.domain.japan_time import JST
from kakehashi.domain.provision import OPEN
from kakehashi.domain.symbol import LIVE, AcquisitionState
from kakehashi.ports.notices import Behind
from kakehashi.ports.store import Store
from kakehashi.ports.vigil import Surroundings

__all__ = ["Watch"]

_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Of the lanes of one configuration."""

    routes: Mapping[str, Route]
    store: Store
    settings: AlarmSettings
    surroundings: Surroundings
    is_holiday: Callable[[date], bool]
    behind: Callable[[], Sequence[Behind]] = lambda: ()
    """Who is behind with what systems are told of their persons."""
    distributed: Callable[[date], Sequence[Finding]] = lambda _: ()
    """What the server's distribution means to the routes."""

    def ringing(self, now: datetime) -> list[Alarm]:
        """By code, lane and place. Raises StoreError."""
        found = [*self._waiting(now), *self._parked(), *self._flow(now), *self._refused(now), *self._breakers(now)]
        found += [
            *self._symbols(now),
            *self._disks(),
            *self._certificates(now),
            *self._notices(now),
            *self._halts(now),
            *self._provisions(now),
            *self._distribution(now.astimezone(JST).date()),
        ]
        mine = [alarm for alarm in found if not alarm.lane or alarm.lane in self.routes]
        return sorted(mine, key=lambda alarm: alarm.key)

    def _waiting(self, now: datetime) -> Iterator[Alarm]:
        limit = self.settings.oldest_waiting_minutes
        for lane in self.store.counts():
            waited = now - lane.oldest_waiting if lane.oldest_waiting else timedelta(0)
            if (minutes := waited // _MINUTE) >= limit:
                yield Alarm(code="ALM-001", about="oldest_waiting_minutes", number=minutes, limit=limit, lane=lane.lane)

    def _parked(self) -> Iterator[Alarm]:
        parked: dict[str, int] = {}
        wholes = [(cause.lane, cause.records) for cause in self.store.parked_causes()]
        wholes += [(row.lane, row.records) for row in self.store.files(state=FileState.HELD)]
        single = [(c.lane, c.count) for c in self.store.causes() if c.state is RecordState.PARKED]
        for lane, records in (*wholes, *single):
            parked[lane] = parked.get(lane, 0) + max(records, 1)  # a held file may hold none
        limit = self.settings.parked_records
        for lane, records in parked.items():
            if records >= limit:
                yield Alarm(code="ALM-002", about="parked_records", number=records, limit=limit, lane=lane)

    def _flow(self, now: datetime) -> Iterator[Alarm]:
        for lane, route in self.routes.items():
            expect = route.settings.expect
            deadline = last_deadline(expect, now, is_holiday=self.is_holiday) if expect is not None else None
            if expect is None or deadline is None:
                continue
            flow = self.store.flow(lane, since=deadline - timedelta(hours=expect.within_hours))
            if flow.files < expect.files:
                yield Alarm(code="ALM-003", about="files_received", number=flow.files, limit=expect.files, lane=lane)
            elif flow.records < expect.records:
                yield Alarm(
                    code="ALM-003", about="records_received", number=flow.records, limit=expect.records, lane=lane
                )

    def _refused(self, now: datetime) -> Iterator[Alarm]:
        limit = self.settings.refused_percent
        for lane in self.store.settled(since=now - _HOUR):
            if lane.records >= self.settings.refused_least and lane.refused * 100 >= limit * lane.records:
                percent = lane.refused * 100 // lane.records
                yield Alarm(code="ALM-004", about="refused_percent", number=percent, limit=limit, lane=lane.lane)

    def _breakers(self, now: datetime) -> Iterator[Alarm]:
        limit = self.settings.breaker_open_minutes
        for row in self.store.breakers():
            minutes = (now - row.since) // _MINUTE
            if row.state is not BreakerState.CLOSED and minutes >= limit:
                whole = row.name == WHOLE_ENDPOINT
                yield Alarm(
                    code="ALM-005",
                    about="breaker_open_minutes",
                    number=minutes,
                    limit=limit,
                    lane="" if whole else row.name,
                    place="server" if whole else None,
                )

    def _symbols(self, now: datetime) -> Iterator[Alarm]:
        """What has begun and stands still; what has not begun yet has no age: it goes at a bounded rate."""
        standing: dict[AcquisitionState, int] = {}
        calling = 0
        for group in self.store.symbol_counts(states=list(LIVE - {AcquisitionState.NEEDED})):
            if group.state is AcquisitionState.OPERATOR:
                calling += group.count
            else:
                standing[group.state] = max(standing.get(group.state, 0), (now - group.oldest) // _DAY)
        for state, days in standing.items():
            if days >= (limit := self.settings.symbol_days):
                yield Alarm(code="ALM-009", about="symbol_days", number=days, limit=limit, place=state.value)
        if calling >= (limit := self.settings.symbols_for_operator):
            yield Alarm(code="ALM-010", about="symbols_for_operator", number=calling, limit=limit)

    def _disks(self) -> Iterator[Alarm]:
        for space in self.surroundings.spaces():
            free = {"disk_free_megabytes": space.bytes // _MEGABYTE, "disk_free_inodes": space.inodes}
            for about, number in free.items():
                limit = getattr(self.settings, about)
                if number is not None and number < limit:
                    yield Alarm(code="ALM-006", about=about, number=number, limit=limit, place=space.place)

    def _notices(self, now: datetime) -> Iterator[Alarm]:
        limit = self.settings.notices_behind_minutes
        for each in self.behind():
            minutes = (now - each.oldest) // _MINUTE if each.oldest else 0
            if minutes >= limit:
                yield Alarm(
                    code="ALM-011", about="notices_behind_minutes", number=minutes, limit=limit, place=each.system
                )

    def _halts(self, now: datetime) -> Iterator[Alarm]:
        limit = self.settings.halt_minutes
        for row in self.store.waiting_halts():
            minutes = (now - row.waits_since) // _MINUTE if row.waits_since else 0
            if minutes >= limit:
                yield Alarm(code="ALM-012", about="halt_minutes", number=minutes, limit=limit, place=f"H{row.id}")

    def _provisions(self, now: datetime) -> Iterator[Alarm]:
        """The most urgent one: who looks sees the others."""
        limit = self.settings.provision_hours
        for row in self.store.provisions(states=sorted(OPEN), most=1):
            hours = max((row.what.inquiry.deadline - now) // _HOUR, 0)
            if hours < limit:
                yield Alarm(code="ALM-013", about="provision_hours", number=hours, limit=limit)

    def _distribution(self, today: date) -> Iterator[Alarm]:
        """The first day on which a route breaks: who looks sees the others."""
        limit, told = self.settings.distribution_days, set[str]()
        for each in self.distributed(today):
            days = (each.day - today).days
            if each.breaks and days <= limit and each.route not in told:
                told.add(each.route)
                about = "distribution_days"
                yield Alarm(code="ALM-015", about=about, number=days, limit=limit, lane=each.route, place=each.file)

    def _certificates(self, now: datetime) -> Iterator[Alarm]:
        limit = self.settings.certificate_days
        for expiry in self.surroundings.expiries():
            if expiry.until is None:
                yield Alarm(code="ALM-008", about="certificate_readable", number=0, limit=1, place=expiry.place)
            elif (days := (expiry.until - now) // _DAY) < limit:
                yield Alarm(code="ALM-007", about="certificate_days", number=days, limit=limit, place=expiry.place)
