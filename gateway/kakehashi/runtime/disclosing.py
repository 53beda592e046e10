"""「提供先の調査」 Who received what of a person, or of an information, as far as this gateway's own books tell.

Of replicas the ledger keeps the newest accepted change of each unit, not those before it. What other bodies got by the
server's automatic answers, and what went past the lanes, is known from its records (TKM-501/502).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from kakehashi.config.model import Configuration
from kakehashi.domain.batch import BatchState, FileState
from kakehashi.domain.exchange_record import ExchangeRecord, RecordKind
from kakehashi.domain.provision import ProvisionState, Verdict
from kakehashi.ports.ledger import BatchRow, FileRow, ReplicaChange
from kakehashi.ports.links import LinkStore
from kakehashi.ports.provisions import ProvisionRow
from kakehashi.ports.store import Store

__all__ = ["Disclosed", "Disclosing"]

_MOST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosed:
    """「提供の記録」 `what`: replica, inquiry, notice, address, provision, automatic. `at` None: it is not known when.

    `to`: the server, a system or another body. `state`: of a replica whether it stands or was deleted then; of an
    inquiry whether its result was handed over, or that no lane sent it; of a notice whether it was taken.
    `reference`: file, batch, record, serial or request.
    """

    at: datetime | None
    what: str
    to: str
    person: str
    lane: str = ""
    info_name: str = ""
    unit: str = ""
    layout: str = ""
    state: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosing:
    """Reads; of one thread."""

    configuration: Configuration
    store: Store
    links: LinkStore
    _files: dict[int, tuple[FileRow, list[BatchRow]]] = field(default_factory=dict, init=False)

    def of_person(self, person: str) -> Iterator[Disclosed]:
        yield from map(self._replica, self.store.replicas_ever(person))
        yield from self._inquiries(person=person)
        yield from self._notices(person)
        yield from self._addresses(person)
        for row in self.store.provisions(person=person, most=_MOST):
            if _was_permitted(row):
                asked = row.what.inquiry
                yield Disclosed(
                    at=row.what.since,
                    what="provision",
                    to=asked.requester,
                    person=person,
                    info_name=asked.info_name,
                    unit=asked.unit,
                    state="permitted",
                    reference=f"P{row.id}",
                )

    def told_by_server(self, records: Iterable[ExchangeRecord]) -> Iterator[Disclosed]:
        """What of the server's records stands in no book here: automatic answers, and what went past the lanes."""
        for each in records:
            if each.is_given and not self._is_known(each):
                ours = each.kind is RecordKind.INQUIRY
                yield Disclosed(
                    at=each.at,
                    what="provision" if each.kind is RecordKind.DECIDED else each.kind.value,
                    to=self.configuration.gateway.gateway.agency if ours else each.counterpart,
                    person=each.person,
                    info_name=each.info_name,
                    state="elsewhere" if ours else each.outcome.value,
                    reference=each.record_id,
                )

    def _is_known(self, record: ExchangeRecord) -> bool:
        if record.reference is None:
            return False
        if record.kind is RecordKind.INQUIRY:
            return self.store.find_request(record.reference) is not None
        known = self.store.known_provisions([record.reference]).get(record.reference)
        return known is not None and _was_permitted(known)

    def of_information(self, info_name: str) -> Iterator[Disclosed]:
        """Of replicas what stands; notices and addresses are of no information."""
        yield from map(self._replica, self.store.replicas(info_name))
        yield from self._inquiries(info_name=info_name)

    def _replica(self, change: ReplicaChange) -> Disclosed:
        file, batches, number = self._origin(change.sequence)
        carrying = [row for row in batches if row.state is BatchState.SETTLED and _may_carry(row, number)]
        return Disclosed(
            at=carrying[-1].updated_at if carrying else None,
            what="replica",
            to=self.configuration.profile.server_agency,
            person=change.person,
            lane=file.lane if file else "",
            info_name=change.info_name,
            unit=change.unit,
            layout=self._version(file.lane, carrying) if file else "",
            state="deleted" if change.deleted else "stands",
            reference=f"F{file.id} #{number}" if file else "",
        )

    def _version(self, lane: str, carrying: Sequence[BatchRow]) -> str:
        """With which the batch began; that of the route, where the ledger does not say."""
        route = self.configuration.routes.get(lane)
        known = carrying[-1].layout_version if carrying else None
        return known or (route.standard.version if route else "")

    def _origin(self, sequence: int) -> tuple[FileRow | None, list[BatchRow], int]:
        for file, batches in self._files.values():
            if file.before_first < sequence <= file.before_first + file.records:
                return file, batches, sequence - file.before_first
        origin = self.store.origin_of(sequence)
        if origin is None:
            return None, [], 0
        file, number = origin
        if len(self._files) > 100:  # enough: the replicas of a portion come from few files
            self._files.clear()
        self._files[file.id] = file, self.store.batches(file.id)
        return file, self._files[file.id][1], number

    def _inquiries(self, *, person: str | None = None, info_name: str | None = None) -> Iterator[Disclosed]:
        """Those that were answered: the others told nobody anything."""
        for sent in self.store.sent_about(person=person, info_name=info_name):
            row = self.store.batch(sent.batch_id)
            if row is None or row.state is not BatchState.SETTLED or self.store.result_of(row.id) is None:
                continue
            if any(each.record_no == sent.record_no for each in self.store.exceptions_of(row.id)):
                continue
            file, route = self.store.file(row.file_id), self.configuration.routes.get(row.lane)
            yield Disclosed(
                at=row.updated_at,
                what="inquiry",
                to=route.system.name if route else row.lane,
                person=sent.person,
                lane=row.lane,
                info_name=sent.info_name,
                state="returned" if file and file.state is FileState.RETURNED else "held",
                reference=f"F{row.file_id} B{row.id} #{sent.record_no}",
            )

    def _notices(self, person: str) -> Iterator[Disclosed]:
        for link in self.links.persons_links(person):
            for name, subscription in self.configuration.subscriptions.items():
                if subscription.subscriber.numbers != link.system:
                    continue
                for row, line in self.links.persons_notices(name, link.atena):
                    if row.unified == person and line is not None and line.written_at is not None:
                        yield Disclosed(
                            at=line.written_at,
                            what="notice",
                            to=name,
                            person=person,
                            state="taken" if line.taken_at else "written",
                            reference=f"{row.event} {line.serial}",
                        )

    def _addresses(self, person: str) -> Iterator[Disclosed]:
        for each in self.links.answers(person, most=_MOST):
            if each.code == self.configuration.profile.address.done:
                yield Disclosed(
                    at=each.at,
                    what="address",
                    to=self.configuration.profile.server_agency,
                    person=person,
                    state="answered",
                    reference=each.request_id,
                )


def _was_permitted(row: ProvisionRow) -> bool:
    return row.what.state is ProvisionState.REPLIED and row.what.verdict is Verdict.PERMIT


def _may_carry(row: BatchRow, number: int) -> bool:
    """Records that are sent again together need not follow each other: theirs begin at the first."""
    if row.redrive_of is not None:
        return row.first_record <= number
    return row.first_record <= number < row.first_record + row.records
