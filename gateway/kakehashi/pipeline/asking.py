"""「送受信」 One message out, its answer back: valid by its schema, and the answer to this very request."""

from __future__ import annotations

from dataclasses import dataclass

from kakehashi.domain.interface import Answer
from kakehashi.errors import Fault, OutcomeUnknown
from kakehashi.interface.answer import parse_answer
from kakehashi.interface.profile import Profile
from kakehashi.ports.server import ServerClient
from kakehashi.validation.schema import ParsedCheck, SchemaSet

__all__ = ["Asking"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Thread-safe."""

    profile: Profile
    schemas: SchemaSet

    def exchange(
        self, client: ServerClient, message_id: str, request_id: str, document: bytes
    ) -> tuple[Answer, ParsedCheck]:
        """What answers a document with our own names, and its document (with a root). Raises ServerError; what is not
        the answer that was asked for leaves the outcome unknown.
        """
        return self.send(client, message_id, request_id, self.profile.form.write(document))

    def send(
        self, client: ServerClient, message_id: str, request_id: str, document: bytes
    ) -> tuple[Answer, ParsedCheck]:
        """As `exchange`, of a document as it goes out."""
        raw = client.exchange(self.profile.form.message_id(message_id), request_id, document)
        answered_by = self.profile.messages[message_id].answer
        check = self.schemas.message(answered_by).check(raw)
        if check.root is None or check.faults or check.record_faults:
            raise OutcomeUnknown(Fault("VAL-004", facts={"message": answered_by}))
        answer = parse_answer(check.root)
        if answer.correlation_id != request_id:
            raise OutcomeUnknown(Fault("SRV-007", facts={"message": answered_by}))
        return answer, check
