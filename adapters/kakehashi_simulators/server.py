"""The intermediate server's mind: which checks a message passes, and who answers it."""

from __future__ import annotations

import base64
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from kakehashi_simulators.answer import Answer, write_answer
from kakehashi_simulators.clock import SimulatedClock
from kakehashi_simulators.faults import Faults, Switches
from kakehashi_simulators.message import Message, read_message
from kakehashi_simulators.record_rules import RecordRules
from kakehashi_simulators.schema_folder import Checker, CheckerPool, Violation
from kakehashi_simulators.service_hours import WeeklyHours
from kakehashi_simulators.wire import Unreadable

__all__ = ["Case", "Desk", "Doors", "MessageServer", "ServerSettings", "Tally"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """What the operator of the server decided."""

    profile: str = "std-2026"
    test: bool = True
    senders: str = "9999[0-9]{12}"
    """Pattern of the agency codes that may send."""
    records_most: int = 10_000
    result_delay_seconds: float = 1.0
    process_seconds: float = 7 * 24 * 3600.0
    """How long a 処理通番 lives."""
    check_digest: bool = True
    """A batch's Sha256 must be that of the bytes between the end of the header and the end of the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A message on the desk: read, its header accepted, its violations known."""

    message: Message
    violations: list[Violation]
    checker: Checker


@dataclass(slots=True, kw_only=True)
class Doors:
    """Whether the service is open: by the switch, and by the hours of the week."""

    faults: Faults
    clock: SimulatedClock = field(default_factory=SimulatedClock)
    hours: WeeklyHours = field(default_factory=WeeklyHours)

    def are_open(self, *, switched: bool) -> bool:
        """`switched`: the switch `closed`."""
        return not switched and self.hours.is_open(self.clock.now())


class Desk(Protocol):
    """Answers one kind of message."""

    def answer(self, case: Case) -> Answer: ...


class Tally:
    """Messages since the start, by id and the code of their answer. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()

    def count(self, message_id: str, code: str) -> None:
        with self._lock:
            self._counts[message_id, code] += 1

    def by_message(self) -> dict[str, dict[str, int]]:
        with self._lock:
            counts = sorted(self._counts.items())
        found: dict[str, dict[str, int]] = {}
        for (message_id, code), times in counts:
            found.setdefault(message_id, {})[code] = times
        return found

    def reset(self) -> None:
        with self._lock:
            self._counts.clear()


class MessageServer:
    """An Exchange: reads, checks, hands to the desk of the message, writes and checks the answer. Thread-safe."""

    def __init__(
        self,
        settings: ServerSettings,
        *,
        checkers: CheckerPool,
        faults: Faults,
        desks: Mapping[str, Desk],
        doors: Doors | None = None,
    ) -> None:
        self._settings = settings
        self.records_most = settings.records_most
        self._doors = doors or Doors(faults=faults)
        self._checkers = checkers
        self.faults = faults
        self._desks = desks
        self._senders = re.compile(settings.senders)
        self.tally = Tally()
        self.rules = RecordRules()
        self.answered: Callable[[], None] = lambda: None
        """Called when a message was counted, before it is answered."""
        self.wrongly_flagged = Counter[str]()
        """Messages by id whose test flag is not this server's, such as tests that came to a live one."""

    def answer(self, document: bytes, *, over_capacity: bool = False) -> bytes:
        message = read_message(document)
        if message.header.get("Test") != self._flag:
            self.wrongly_flagged[message.id] += 1
        if message.id not in self._desks:
            raise Unreadable
        checker = self._checkers.lend()
        try:
            answer = self._considered(message, checker, over_capacity=over_capacity)
            self.tally.count(message.id, answer.code)
            self.answered()
            return self._written(message, answer, checker)
        finally:
            self._checkers.give_back(checker)

    def _considered(self, message: Message, checker: Checker, *, over_capacity: bool) -> Answer:
        code = self._refusal_unread(message, over_capacity=over_capacity)
        if code:
            return Answer.refused(code)
        violations = checker.violations(message.root, message.id)
        if message.strange or any(violation.position is None for violation in violations):
            return Answer.refused("4001")
        code = self._header_refusal(message)
        if code:
            return Answer.refused(code)
        violations = self.rules.violations(message) + violations
        return self._desks[message.id].answer(Case(message=message, violations=violations, checker=checker))

    def _refusal_unread(self, message: Message, *, over_capacity: bool) -> str:
        switches = self.faults.now
        if over_capacity:
            return "6002"
        if not message.id.startswith(switches.only):
            switches = Switches()
        if message.id != "SYM-901" and not self._doors.are_open(switched=switches.closed):
            return "7001"
        if message.records > self.records_most:
            return switches.result_code or "6001"
        return switches.result_code

    def _header_refusal(self, message: Message) -> str:
        header = message.header
        if header["Profile"] != self._settings.profile:
            return "5002"
        if header["Test"] != self._flag or not self._senders.fullmatch(header["Sender"]):
            return "5001"
        if not _header_holds(message) or (self._settings.check_digest and not _digest_holds(message)):
            return "4001"
        return ""

    @property
    def _flag(self) -> str:
        return "1" if self._settings.test else "0"

    def _written(self, message: Message, answer: Answer, checker: Checker) -> bytes:
        wrong = self.faults.strikes("wrong_correlation")
        correlation_id = "p" * 32 if wrong else message.request_id
        document = write_answer(message, answer, correlation_id=correlation_id, test=self._settings.test)
        written = read_message(document)
        if checker.violations(written.root, written.id):
            raise AssertionError(f"the simulator's own {written.id} breaks its schema")
        return document


def _header_holds(message: Message) -> bool:
    """Whether the header fits the message: ids, ascending record numbers, the batch's counts."""
    header = message.header
    numbers = [int(number) for number in message.numbers if number.isdecimal()]
    return (
        (header["MessageId"], header["Function"], header["Type"]) == (message.id, message.id[:3], "REQ")
        and numbers == sorted(set(numbers))
        and (len(numbers) == message.records or not numbers)
        and int(header.get("RecordCount", message.records)) == message.records
        and int(header.get("Seq", "1")) <= int(header.get("Total", "1"))
    )


def _digest_holds(message: Message) -> bool:
    """Whether the batch's Sha256, when there is one, is that of the bytes from </Header> to the root's end tag."""
    given = message.header.get("Sha256")
    return given is None or given == base64.b64encode(message.digest).decode()
