"""`python -m kakehashi_simulators.registry`: resident registry and everything behind it, simulated.

Takes FGU-121 (the one message that may hold a 個人番号, which is neither kept nor shown), acknowledges with FGU-122,
and after a delay tells the intermediate server's admin port that the symbol of each process number is linked.
Numbers that are known already are acknowledged again and told once. Admin port: GET /account, GET and POST /faults,
POST /scenario (what becomes of those that come in), POST /clock (days pass in a moment), GET and POST /play (a scenario
file), GET / (all of that as a page for a browser).
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from kakehashi_simulators.account import Refusal
from kakehashi_simulators.admin import AdminServer
from kakehashi_simulators.answer import Answer, new_id
from kakehashi_simulators.clock import SimulatedClock
from kakehashi_simulators.conduct import Conduct, Scenario
from kakehashi_simulators.dialect import Dialect, Interpreter
from kakehashi_simulators.faults import Faults
from kakehashi_simulators.lifeline import die_with_parent, serve_until_told
from kakehashi_simulators.message import NAMESPACE
from kakehashi_simulators.page import page
from kakehashi_simulators.recorder import Recorder
from kakehashi_simulators.scenario_file import Act, ScenarioFile, read_scenario
from kakehashi_simulators.schema_folder import CheckerPool
from kakehashi_simulators.server import Case, MessageServer, ServerSettings
from kakehashi_simulators.stage import Stage
from kakehashi_simulators.wire import Exchange, WireServer, mutual_tls

__all__ = ["AcquisitionDesk", "Notices", "main"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS notices (number TEXT PRIMARY KEY, due REAL, told INTEGER DEFAULT 0, asked INTEGER DEFAULT 1,
                                    outcome TEXT, times INTEGER)
"""
_LOOK_SECONDS = 0.1


class Notices:
    """Process numbers whose symbols will be linked; survives a restart. Thread-safe."""

    def __init__(self, folder: Path, scenario: Scenario, clock: SimulatedClock) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self.scenario = scenario
        self._clock = clock
        self._connection = sqlite3.connect(folder / "registry.sqlite", check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute(_SCHEMA)

    def add(self, numbers: Sequence[str]) -> None:
        conduct = self.scenario.now
        due = self._clock.now() + conduct.delay_seconds
        times = 0 if conduct.outcome == "lost" else conduct.times
        with self._lock, self._connection:
            self._connection.executemany(
                "INSERT INTO notices (number, due, outcome, times) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (number) DO UPDATE SET asked = asked + 1",
                [(number, due, conduct.outcome, times) for number in numbers],
            )

    def tell_due(self, tell: Callable[[str, str], bool]) -> None:
        """Pass on what is due, (number, outcome); what the server does not take is told again later."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT number, outcome FROM notices WHERE told < times AND due <= ?", (self._clock.now(),)
            ).fetchall()
        for number, outcome in rows:
            if not tell(number, outcome):
                return
            with self._lock, self._connection:
                self._connection.execute(
                    "UPDATE notices SET told = told + 1, due = due + 1 WHERE number = ?", (number,)
                )

    def numbers(self) -> list[str]:
        """Every process number that came in."""
        with self._lock:
            return [number for (number,) in self._connection.execute("SELECT number FROM notices ORDER BY rowid")]

    def totals(self) -> dict[str, int]:
        with self._lock:
            row = self._connection.execute(
                "SELECT count(*), coalesce(sum(told > 0), 0), coalesce(sum(asked - 1), 0) FROM notices"
            ).fetchone()
        return dict(zip(("acquisitions", "told", "repeated"), row, strict=True))


class AcquisitionDesk:
    """FGU-121 → FGU-122."""

    def __init__(self, notices: Notices) -> None:
        self._notices = notices

    def answer(self, case: Case) -> Answer:
        numbers = [int(number) for number in case.message.numbers]
        wrong = {
            numbers[violation.position or 0]: Refusal(numbers[violation.position or 0], violation.item, violation.code)
            for violation in case.violations
        }
        if code := self._notices.scenario.now.refuse:
            wrong = {number: Refusal(number, None, code) for number in numbers} | wrong
        taken = [
            acquisition.findtext(f"{{{NAMESPACE}}}ProcessNumber", "")
            for number, acquisition in zip(numbers, case.message.root[1], strict=True)
            if number not in wrong
        ]
        self._notices.add(taken)
        errors = [wrong[number] for number in sorted(wrong)]
        return Answer(segment=1, code="0000", receipt=new_id(), accepted=len(taken), errors=errors)


def main(arguments: Sequence[str] | None = None) -> None:
    given = _parser().parse_args(arguments)
    if given.with_parent_thread:
        die_with_parent()
    faults, scenario, clock = Faults(), Scenario(Conduct(delay_seconds=given.link_delay)), SimulatedClock()
    notices = Notices(given.folder, scenario, clock)
    settings = ServerSettings(profile=given.profile, test=given.mode == "test")
    messages = MessageServer(
        settings, checkers=CheckerPool(given.xsd), faults=faults, desks={"FGU-121": AcquisitionDesk(notices)}
    )
    tls = mutual_tls(given.certificates) if given.certificates else None
    spoken: Exchange = messages
    if given.dialect:
        spoken = Interpreter(messages, Dialect(given.dialect / "names.csv", given.dialect))
    entrance: Exchange = Recorder(spoken, given.evidence) if given.evidence else spoken
    wire = WireServer(entrance, faults=faults, port=given.port, tls=tls)
    stage = _stage(read_scenario(given.scenario) if given.scenario else ScenarioFile(), messages, scenario, clock)
    admin = AdminServer(
        {
            "GET /account": lambda _: {
                **notices.totals(),
                "messages": messages.tally.by_message(),
                "wrong_test_flag": messages.wrongly_flagged.total(),
            },
            "GET /faults": lambda _: asdict(faults.now),
            "POST /faults": faults.set,
            "GET /numbers": lambda _: notices.numbers(),
            "GET /scenario": lambda _: asdict(scenario.now),
            "POST /scenario": scenario.set,
            "GET /play": lambda _: stage.state(),
            "POST /play": stage.play,
            "POST /clock": clock.set,
        },
        port=given.admin_port,
        page=page("registry"),
    )
    threading.Thread(target=stage.go_on, daemon=True).start()
    threading.Thread(target=_tell_for_ever, args=(notices, given.intermediate_admin), daemon=True).start()
    serve_until_told(wire, admin, ready={"endpoint": wire.endpoint, "admin": admin.address}, parent=given.parent)


def _stage(file: ScenarioFile, messages: MessageServer, scenario: Scenario, clock: SimulatedClock) -> Stage:
    """What a scenario file says of the registry."""

    def begin(begun: ScenarioFile) -> None:
        scenario.set(begun.registry)
        messages.faults.reset()
        messages.faults.set(begun.registry_faults)

    def perform(act: Act) -> None:
        if act.reset_faults:
            messages.faults.reset()
        messages.faults.set(act.faults or {})
        scenario.set(act.registry or {})
        if act.advance_seconds:
            clock.set({"advance_seconds": act.advance_seconds})

    stage = Stage(file, side="registry", perform=perform, begin=begin, messages=messages.tally.by_message)
    messages.answered = stage.counted
    return stage


def _tell_for_ever(notices: Notices, intermediate_admin: str) -> None:
    while True:
        notices.tell_due(lambda number, outcome: _tell(intermediate_admin, number, outcome))
        time.sleep(_LOOK_SECONDS)


def _tell(intermediate_admin: str, number: str, state: str) -> bool:
    body = json.dumps({"process_number": number, "state": state}).encode()
    request = urllib.request.Request(f"{intermediate_admin}/linked", data=body)  # noqa: S310  # a loopback address
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=5):
            return True
    except OSError:
        return False


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kakehashi_simulators.registry", description=__doc__)
    add = parser.add_argument
    add("--folder", type=Path, required=True, help="where the notices are kept")
    add("--xsd", type=Path, required=True, help="folder of the profile's schemas")
    add("--dialect", type=Path, help="folder of another format's schemas and its names.csv: spoken instead of --xsd")
    add("--profile", default=ServerSettings().profile, help="name of the profile that messages must carry")
    add("--intermediate-admin", required=True, help="admin address of the intermediate server")
    add("--certificates", type=Path, help="ca.pem, server.pem, server.key: mutual TLS; without it plain HTTP")
    add("--port", type=int, default=0)
    add("--admin-port", type=int, default=0)
    add("--mode", choices=["test", "live"], default="test", help="which test flag a message must carry")
    add("--link-delay", type=float, default=2.0, help="seconds until a symbol is linked")
    add("--scenario", type=Path, help="a scenario file")
    add("--evidence", type=Path, help="where every message and answer is written")
    add("--parent", type=int, default=0, help="end when this process is not the parent any more")
    add("--with-parent-thread", action="store_true", help="let the kernel end this process with its starter")
    return parser


if __name__ == "__main__":
    main()
