"""The memory fake keeps the promises of a ServerClient."""

from __future__ import annotations

import pytest

from kakehashi.errors import OutcomeUnknown, ServerRefused, ServerUnreachable
from kakehashi.testing.memory_server import MemoryServerClient
from kakehashi.testing.server_conformance import ServerConformance


class _Bench:
    def __init__(self):
        self._answer = lambda document: document
        self.client = MemoryServerClient(lambda message: self._answer(message.document))

    def answer_with(self, answer):
        self._answer = answer

    def delivered(self):
        return [message.document for message in self.client.delivered]

    def be_unreachable(self):
        self.client.fail_before(ServerUnreachable())

    def lose_answers(self):
        self.client.fail_after(OutcomeUnknown())

    answer_never = answer_endlessly = drip = lose_answers

    def refuse(self, status, retry_after):
        self.client.fail_before(ServerRefused(status=status, retry_after=retry_after))

    def recover(self):
        self.client.recover()


class TestMemoryServerClient(ServerConformance):
    @pytest.fixture
    def bench(self):
        return _Bench()
