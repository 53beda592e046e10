"""「電文中継」 Whole messages of systems that speak the interface themselves, under their own numbers.

Their number stands in the slot of the 団体内統合宛名番号, and the hub swaps both ways (role B). Towards a hub that
swaps by itself (role A: `person_key_type` of the profile is atena) numbers pass as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

from kakehashi.domain.batch import content_id, letters
from kakehashi.domain.interface import Header, MessageType
from kakehashi.errors import ServerError, StoreError
from kakehashi.interface.header import header_of
from kakehashi.interface.number_swap import (
    SLOTS,
    beside_header,
    person_numbers,
    plain_texts,
    refused_message,
    swap_numbers,
    swap_texts,
    written,
)
from kakehashi.interface.profile import Profile
from kakehashi.pipeline.asking import Asking
from kakehashi.pipeline.endpoint import Endpoint, Hold
from kakehashi.pipeline.permission import unpermitted
from kakehashi.ports.clock import Clock
from kakehashi.ports.halts import HaltBook
from kakehashi.ports.links import LinkStore
from kakehashi.ports.sealer import Sealer
from kakehashi.validation.individual_number_scan import find_individual_number_in_document
from kakehashi.validation.schema import ParsedCheck, SchemaSet

__all__ = ["RelayDesk"]

_SLOT = re.compile("<(PersonKey|After)>[0-9]{15}<")
_LANE = "relay"
_TAKES_BACK, _REPLICAS = frozenset({"DBM-203"}), frozenset({"DBM-201"})
Root: TypeAlias = Any
"""The root of a parsed message; only validation and interface say what of."""


class _Refused(Exception):
    """With this code of the profile, for these records."""

    def __init__(self, code: str, records: Sequence[int] = ()) -> None:
        super().__init__(code)
        self.code = code
        self.records = records


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayDesk:
    """Thread-safe, and without memory: a system that got no answer sends the same message again, whose request id the
    server knows. `systems`: common name of a certificate → system; `numbers`: whose 宛名番号 it uses. `messages`: what
    may be relayed. `inside`: further elements of answers that hold a 団体内統合宛名番号.
    """

    profile: Profile
    schemas: SchemaSet
    endpoint: Endpoint
    links: LinkStore
    halts: HaltBook
    sealer: Sealer
    clock: Clock
    agency: str
    test: bool
    systems: Mapping[str, str]
    numbers: Mapping[str, str]
    messages: Collection[str]
    inside: Collection[str] = ()

    def answer(self, raw: bytes, names: Collection[str]) -> bytes | None:
        """None for who is no system of ours, and for what is no message that is relayed."""
        system = next((self.systems[name] for name in sorted(names) if name in self.systems), None)
        message_id = self.profile.form.message_in(raw) or ""
        if system is None or message_id not in self.messages or message_id not in self.profile.messages:
            return None
        check = self.schemas.message(message_id).check(raw)
        if check.root is None:
            return None
        try:
            header = header_of(check.root)
        except (LookupError, ValueError):
            return None
        try:
            self._refuse_wrong(header, check)
            self._refuse_unlawful(message_id, check.root)
            return self._relayed(header, message_id, check.root, system)
        except _Refused as no:
            return self._refusal(header, message_id, no)
        except StoreError:
            return self._refusal(header, message_id, _Refused(self.profile.address.failed))

    def _refuse_wrong(self, header: Header, check: ParsedCheck) -> None:
        codes = self.profile.address
        if not check.valid:
            raise _Refused(codes.malformed, [position + 1 for position in sorted(check.record_faults)])
        ours = header.sender == self.agency and header.receiver == self.profile.server_agency
        if not ours or header.test is not self.test or header.person_key_type != "atena":
            raise _Refused(codes.stranger)
        if header.profile != self.profile.name:
            raise _Refused(codes.version)

    def _relayed(self, header: Header, message_id: str, root: Root, system: str) -> bytes:
        """Ids and receipts are the system's own, too: it cannot ask for what another one has asked."""
        numbers, pad = self.numbers.get(system, system), self.sealer.digest(f"{_LANE}/{system}")[:16]
        unified = self._unified(root, numbers) if self.profile.swaps else {}
        if message_id not in _TAKES_BACK:
            self._refuse_suspended(root, unified)
        if message_id in _REPLICAS:
            self._refuse_locked(root)
        if self.profile.swaps:
            swap_numbers(root, unified, key_type="unified")
        ours = partial(content_id, _LANE, system)
        changes = {"RequestId": ours, "CorrelationId": ours, "RequestRef": ours, "Receipt": partial(_padded, pad=pad)}
        swap_texts(root, changes)
        answer = self._exchanged(ours(header.request_id), message_id, written(root))
        back: dict[str, Callable[[str], str]] = {
            "CorrelationId": lambda _: header.request_id,
            "Receipt": partial(_padded, pad=pad),
        }
        swap_texts(answer, back)
        self._refuse_suspended(answer, {}, names=SLOTS | set(self.inside))
        if self.profile.swaps:
            names = SLOTS | set(self.inside)
            own = {person: number for number, person in sorted(unified.items(), reverse=True)}
            for person in {each for _, each in person_numbers(answer, names)} - own.keys():
                own[person] = self._own(numbers, person)
            swap_numbers(answer, own, key_type="atena", names=names)
        return self.profile.form.write(written(answer))

    def _refuse_suspended(self, root: Root, unified: Mapping[str, str], *, names: Collection[str] = SLOTS) -> None:
        """Nothing of a suspended person goes either way. `unified`: who stands for a number; else it is who it says."""
        suspended = self.halts.halted().persons
        if suspended:
            theirs = {max(no, 1) for no, each in person_numbers(root, names) if unified.get(each, each) in suspended}
            if theirs:
                raise _Refused(self.profile.address.withheld, sorted(theirs))

    def _refuse_locked(self, root: Root) -> None:
        """Replicas of a locked information wait: their system sends them again, as when the server is away."""
        locked = self.halts.halted().information
        if locked and any(name in locked for _, name in person_numbers(root, {"InfoName"})):
            raise _Refused(self.profile.address.unreachable)

    def _unified(self, root: Root, numbers: str) -> Mapping[str, str]:
        own = person_numbers(root)
        unified = self.links.resolve(numbers, sorted({number for _, number in own}))
        if unlinked := sorted({max(no, 1) for no, number in own if number not in unified}):
            raise _Refused(self.profile.address.unknown, unlinked)
        return unified

    def _own(self, numbers: str, person: str) -> str:
        """Somebody of whom the system has not just asked, under its own number; who has none there is not told."""
        theirs = [row.atena for row in self.links.persons_links(person) if row.system == numbers]
        linked = self.links.resolve(numbers, theirs)
        found = next((atena for atena in sorted(theirs) if linked.get(atena) == person), None)
        if found is None:
            raise _Refused(self.profile.address.failed)
        return found

    def _refuse_unlawful(self, message_id: str, root: Root) -> None:
        """No 個人番号 towards the server, no inquiry without permission."""
        content = _SLOT.sub("<", "".join(map(plain_texts, beside_header(root))))
        if find_individual_number_in_document(content.encode()) is not None:
            raise _Refused(self.profile.address.malformed)
        if message_id == "SKI-301":
            inquiries = map(plain_texts, root.iter("{*}Inquiry"))
            denied = [no for no, each in enumerate(inquiries, start=1) if unpermitted(self.profile.permissions, each)]
            if denied:
                raise _Refused(self.profile.address.stranger, denied)

    def _exchanged(self, request_id: str, message_id: str, document: bytes) -> Root:
        """The answer to this very message, valid by its schema. What is unknown is answered as unreachable: the system
        sends the same again.
        """
        unreachable = _Refused(self.profile.address.unreachable)
        passed = self.endpoint.enter(_LANE, retry=False)
        if isinstance(passed, Hold):
            raise unreachable
        asking = Asking(profile=self.profile, schemas=self.schemas)
        try:
            _, check = self.endpoint.exchange(
                _LANE, lambda: asking.exchange(self.endpoint.client, message_id, request_id, document)
            )
        except ServerError:
            raise unreachable from None
        finally:
            self.endpoint.leave(passed)
        assert check.root is not None  # of what `Asking` returns
        return check.root

    def _refusal(self, header: Header, message_id: str, no: _Refused) -> bytes:
        answered = self.profile.messages[message_id].answer
        back = replace(
            header,
            message_id=answered,
            type=MessageType.RESULT,
            request_id=content_id(answered, header.request_id),
            correlation_id=header.request_id,
            sender=header.receiver,
            receiver=header.sender,
            created_at=self.clock.now(),
            batch=None,
        )
        return self.profile.form.write(refused_message(back, no.code, no.records))


def _padded(receipt: str, *, pad: bytes) -> str:
    """Its own inverse. A receipt in another system's hands is none that the server knows."""
    raw = bytes((ord(high) - 97) << 4 | (ord(low) - 97) for high, low in zip(receipt[::2], receipt[1::2], strict=True))
    return letters(bytes(one ^ other for one, other in zip(raw, pad, strict=True)))
