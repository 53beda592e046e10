"""「宛名情報応答」 A question of the intermediate server → what may be told, or the profile's code for why not."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime

from kakehashi.domain.batch import content_id
from kakehashi.domain.interface import Header, MessageType
from kakehashi.domain.notice import Disclosure
from kakehashi.errors import InputError, KakehashiError, SealError
from kakehashi.interface.address import AddressInformation, address_answer, parse_address_request
from kakehashi.interface.profile import Profile
from kakehashi.interface.profile_rules import AddressRule
from kakehashi.mapping.repertoire import Repertoire
from kakehashi.pipeline.linking import address_context
from kakehashi.ports.clock import Clock
from kakehashi.ports.halts import HaltBook
from kakehashi.ports.links import LinkStore
from kakehashi.ports.sealer import Sealer
from kakehashi.validation.individual_number_scan import find_individual_number_in_document
from kakehashi.validation.schema import SchemaSet

__all__ = ["AddressDesk"]

_REQUEST, _ANSWER = "TKY-411", "TKY-412"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressDesk:
    """Thread-safe. Every answer is in the store before it goes out. What cannot be told goes with a code and nothing
    else; unknown disclosure, a frozen link and anything unexpected in the data are reasons enough.
    """

    profile: Profile
    schemas: SchemaSet
    links: LinkStore
    halts: HaltBook
    sealer: Sealer
    clock: Clock
    agency: str
    test: bool
    _repertoire: Repertoire = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_repertoire", Repertoire(self.profile.degrade))

    @property
    def _codes(self) -> AddressRule:
        return self.profile.address

    def answer(self, raw: bytes) -> bytes | None:
        """None for what has not even a header to answer to."""
        check = self.schemas.message(_REQUEST).check(raw)
        if check.root is None:
            return None
        try:
            asked, person = parse_address_request(check.root)
        except (LookupError, ValueError):
            return None
        header = self._header(asked)
        if not check.valid:
            return self.profile.form.write(address_answer(header, self._codes.malformed, None))
        code, found = self._refusal(asked) or "", None
        try:
            if not code:
                code, found = self._found(person)
            document = self._document(header, code, found)
            code = code if document else self._codes.failed
            self.links.note_answer(asked.request_id, person, code, now=self.clock.now())
        except KakehashiError:
            return self._document(header, self._codes.failed, None)
        return document or self._document(header, code, None)

    def answer_peer(self, raw: bytes, names: frozenset[str]) -> bytes | None:
        """As `answer`, whoever of those who are heard asks."""
        del names
        return self.answer(raw)

    def _refusal(self, asked: Header) -> str | None:
        ours = asked.sender == self.profile.server_agency and asked.receiver == self.agency
        if asked.message_id != _REQUEST or not ours or asked.test is not self.test:
            return self._codes.stranger
        return None if asked.profile == self.profile.name else self._codes.version

    def _found(self, person: str) -> tuple[str, AddressInformation | None]:
        linked = self.links.persons_links(person)
        if not linked:
            return self._codes.unknown, None
        reference = self.links.references([person]).get(person)
        if reference is None or reference.sealed is None:
            return self._codes.not_held, None
        frozen = any(self.links.unresolved(row.system, [row.atena]) for row in linked)
        if person in self.halts.halted().persons:
            return self._codes.withheld, None
        if frozen or self.links.disclosures([person]).get(person) is not Disclosure.OPEN:
            return self._codes.withheld, None
        try:
            return self._codes.done, self._opened(self.sealer.open(reference.sealed, context=address_context(person)))
        except (InputError, SealError):
            return self._codes.failed, None

    def _opened(self, plain: bytes) -> AddressInformation:
        """In the characters that the server takes. Raises InputError MAP-004."""
        told = json.loads(plain)
        texts = {
            "name": (told["names"] or [""])[0],
            "kana": (told["kana"] or [""])[0],
            "address": told["address"] or "",
        }
        fit = {key: self._repertoire.admit(text)[0] for key, text in texts.items()}
        return AddressInformation(birth=told["birth"] or "", sex=told["sex"] or "", **fit)

    def _document(self, header: Header, code: str, found: AddressInformation | None) -> bytes | None:
        """None where it does not fit the interface, or holds a 個人番号 (番号法)."""
        document = address_answer(header, code, found)
        if found is not None and find_individual_number_in_document(_content(document)) is not None:
            return None
        written = self.profile.form.write(document)
        return written if self.schemas.message(_ANSWER).check(written).valid else None

    def _header(self, asked: Header) -> Header:
        now: datetime = self.clock.now()
        return replace(
            asked,
            message_id=_ANSWER,
            type=MessageType.RESULT,
            request_id=content_id(_ANSWER, asked.request_id),
            correlation_id=asked.request_id,
            profile=self.profile.name,
            layout_version=self.profile.layout_version,
            sender=self.agency,
            receiver=self.profile.server_agency,
            person_key_type=self.profile.person_key_type,
            created_at=now,
            test=self.test,
            batch=None,
        )


def _content(document: bytes) -> bytes:
    """Without the header, whose agency codes are long numbers."""
    return document.partition(b"</Header>")[2]
