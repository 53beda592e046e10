"""「個別電文」 Messages that belong to no lane: a header, one exchange, an answer that was checked."""

from __future__ import annotations

from dataclasses import dataclass

from kakehashi.domain.interface import Answer, Header
from kakehashi.interface.header import request_header
from kakehashi.pipeline.asking import Asking
from kakehashi.pipeline.endpoint import Endpoint
from kakehashi.pipeline.settling import Settling
from kakehashi.ports.clock import Clock
from kakehashi.validation.schema import ParsedCheck, SchemaSet

__all__ = ["Correspondence"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Correspondence:
    """Thread-safe. Whoever calls holds a pass of the endpoint. `lane`: under this name the endpoint knows all of it."""

    lane: str
    settling: Settling
    schemas: SchemaSet
    server: Endpoint
    clock: Clock
    sender: str
    test: bool

    def header(self, message_id: str, request_id: str) -> Header:
        profile, now = self.settling.profile, self.clock.now()
        return request_header(profile, message_id, request_id, sender=self.sender, test=self.test, now=now)

    def exchanged(self, message_id: str, request_id: str, document: bytes) -> tuple[Answer, ParsedCheck]:
        """Raises ServerError."""
        asking = Asking(profile=self.settling.profile, schemas=self.schemas)
        return self.server.exchange(
            self.lane, lambda: asking.exchange(self.server.client, message_id, request_id, document)
        )
