"""Server, registry and network of the symbols' model: what arrives takes effect, whoever still waits for an answer.

They are as forgiving as the rules say and no more: a server that honours request ids gives the same process number for
the same request, and another one for every other; nothing else keeps the gateway from a second acquisition.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from kakehashi.domain.identifiers import ProcessNumber
from kakehashi.domain.symbol import Acknowledged, HeldNumber, LinkStatus, NumberIssued, Refused, Told
from kakehashi.pipeline import symbol_messages

LIFE = timedelta(days=7)


@dataclass
class Number:
    person: str
    request: str
    expires_at: object
    forwards: int = 0
    outcome: str = ""
    given_up: bool = False
    """The gateway was told that it failed, or somebody has given it up."""


@dataclass
class Counterparties:
    clock: object
    number_again: bool
    forward_again: bool
    linked: set = field(default_factory=set)
    numbers: dict = field(default_factory=dict)
    refusing: bool = False

    def alive(self, name):
        number = self.numbers[name]
        return number.expires_at > self.clock.now() and number.outcome != "failed" and not number.given_up

    def request_number(self, row):
        """A second living number for the same person is a second acquisition for one need."""
        person, request = row.what.person, symbol_messages._request_id("FGU-111", row)
        known = [name for name, each in self.numbers.items() if each.request == request]
        if known and self.number_again:
            return self.issued(known[0])
        living = [name for name, each in self.numbers.items() if each.person == person and self.alive(name)]
        assert living == [], "T: a second process number while the first one lives"
        name = f"process-number-{len(self.numbers)}"
        self.numbers[name] = Number(person, request, self.clock.now() + LIFE)
        return self.issued(name)

    def issued(self, name):
        return NumberIssued(HeldNumber("k", name.encode()), self.numbers[name].expires_at)

    def forward(self, row):
        name = ProcessNumber(row.what.number.body.decode())
        number = self.numbers[name]
        number.forwards += 1
        assert self.forward_again or number.forwards == 1, "T: forwarded twice to a registry that forgets"
        return Refused("SYM-009", "4003") if self.refusing else Acknowledged()

    def status(self, row):
        """Of a person, or of a process number; a later one is asked about beside its person."""
        name = row.what.number and row.what.number.body.decode()
        if row.what.person in self.linked and (name is None or row.what.generation > 1):
            return Told(LinkStatus.LINKED)
        if name is None:
            return Told(LinkStatus.PENDING)
        number = self.numbers[name]
        if number.outcome == "linked":
            return Told(LinkStatus.LINKED)
        dead = number.outcome == "failed" or number.expires_at <= self.clock.now()
        return Told(LinkStatus.FAILED if dead else LinkStatus.PENDING)

    def news(self, name, outcome):
        """From the network: early, late, or twice."""
        number = self.numbers[name]
        if number.forwards and number.outcome in ("", "failed"):
            number.outcome = outcome  # lost: nothing ever comes
            if outcome == "linked":
                self.linked.add(number.person)
