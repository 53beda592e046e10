"""`python -m kakehashi_simulators.intermediate_server`: the intermediate server 「中間サーバー」, simulated.

Prints one JSON line when it is ready: {"endpoint": …, "admin": …, "pid": …}. Admin port (JSON):
```
GET  /account                      totals; messages by id and code since the start; gauges
GET  /effects?person=…&twice=1     what was applied, how often, by which request
GET  /requests                     what was taken
GET  /households                   how many groups of records there were, and those of which anybody could see a part
GET  /locks                        what is locked, by key, and how many requests there were
GET  /provided?person=…&info=…     what another body would get
GET  /faults   POST /faults        the switches of `faults.Switches`
POST /persons                      {"no-symbol": [keys], "unknown": […], "refusing": […], … "linked": […]}, see
                                   `persons.STATES`; a key "*7" stands for all that end so
POST /ask                          {"endpoint": …, "persons": [keys], "receiver": …, "per_second": …}: asks a body for
                                   address information (TKY-411); the answers and how long each took
POST /linked                       {"process_number": …, "state": "linked" | "failed"}: the registry's news
POST /registration                 {"required": true, "seconds": …}: a number is given to registered persons alone; how
                                   long a registration (FGU-101) is in process
GET  /bindings                     what was registered, relinked, released
POST /inquire                      {"persons": [keys], "info": "TM…", "within_seconds": …}: other bodies inquire; what
                                   waits for a decision (TKY-402) has an id
POST /exchanges                    {"persons": [keys], "days_ago": 3, "count": 1, …}: records of exchanges, as if other
                                   bodies had asked; GET: which are not shown to their person
GET  /provisions                   what became of those that wait; POST /withdraw {"provisions": [ids]}: not wanted
POST /reset                        empty account, no exceptional persons, no faults
GET  /rules                        what records are refused by rule, and how often that was; POST /rules {"rules": […]}
GET  /play   POST /play            a scenario file as JSON: its steps, and which were done
POST /lose   POST /plant           {"persons": […], "info": "TM…"}: replicas that disappear, or nobody sent
GET  /                             all of that as a page for a browser
```
"""

from __future__ import annotations

import argparse
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from kakehashi_simulators.account import Account
from kakehashi_simulators.address_questions import AddressQuestions
from kakehashi_simulators.admin import Action, AdminServer
from kakehashi_simulators.bindings import Bindings, RegistrationDesk, ReleaseDesk, RelinkDesk
from kakehashi_simulators.clock import SimulatedClock
from kakehashi_simulators.dialect import Dialect, Interpreter
from kakehashi_simulators.differences import lose, plant
from kakehashi_simulators.distribution import Distribution
from kakehashi_simulators.exchange_records import ExchangeRecords, RecordListDesk, WithholdingDesk
from kakehashi_simulators.faults import Faults
from kakehashi_simulators.folder_wire import FolderWire
from kakehashi_simulators.groups import mixed
from kakehashi_simulators.inquiries import CancelDesk, InquiryDesk, InquiryResultDesk
from kakehashi_simulators.invention import Inventor
from kakehashi_simulators.lifeline import die_with_parent, serve_until_told
from kakehashi_simulators.locks import LockDesk, Locks
from kakehashi_simulators.page import page
from kakehashi_simulators.pass_through import NoticeDesk, OwnInformationDesk, RightsDesk
from kakehashi_simulators.persons import STATES, Persons
from kakehashi_simulators.provisions import ProvisionListDesk, ProvisionReplyDesk, Provisions
from kakehashi_simulators.receipts import Receipts
from kakehashi_simulators.recorder import Recorder
from kakehashi_simulators.replicas import InventoryDesk, ReplicaDesk, ReplicaResultDesk
from kakehashi_simulators.report import effects, requests, totals
from kakehashi_simulators.scenario_file import (
    Act,
    Replicas,
    ScenarioFile,
    ServerPart,
    read_scenario,
    replicas_of,
    rules_of,
)
from kakehashi_simulators.schema_folder import CheckerPool
from kakehashi_simulators.server import Desk, Doors, MessageServer, ServerSettings
from kakehashi_simulators.service_hours import read_hours
from kakehashi_simulators.stage import Stage
from kakehashi_simulators.symbols import LinkDesk, Processes, ProcessNumberDesk
from kakehashi_simulators.system_control import LayoutDesk, RequestStatusDesk, ServiceDesk
from kakehashi_simulators.wire import Exchange, WireServer, mutual_tls

__all__ = ["IntermediateServer", "main", "options"]

_RECORDS_CAP, _CONNECTIONS, _RESULT_DELAY = 10_000, 16, 1.0


class IntermediateServer:
    """Everything of one intermediate server, put together. `wire` and `admin` are ready to serve."""

    def __init__(
        self,
        folder: Path,
        xsd: Path,
        settings: ServerSettings,
        arguments: argparse.Namespace,
        *,
        scenario: ScenarioFile | None = None,
        evidence: Path | None = None,
    ) -> None:
        self.faults = Faults()
        self._account = Account(folder)
        self._persons = Persons(
            self._account.connection, self._account.lock, no_symbol_ending=arguments.no_symbol_ending
        )
        self._locks = Locks(account=self._account)
        self.clock = SimulatedClock()
        self._doors = Doors(faults=self.faults, clock=self.clock)
        self._distribution = Distribution(self.clock)
        self._processes = Processes(self._account, self._persons, self.clock, seconds=settings.process_seconds)
        self._bindings = Bindings(self._account, self._persons, self.clock)
        self._provisions = Provisions(self._account, self.clock)
        self._receipts = Receipts(self._account, self.faults, delay_seconds=settings.result_delay_seconds)
        self._records = ExchangeRecords(self._account, self._persons, self._receipts, self.clock)
        self._messages = MessageServer(
            settings, checkers=CheckerPool(xsd), faults=self.faults, desks=self._desks(xsd), doors=self._doors
        )
        spoken: Exchange = self._messages
        if arguments.dialect:
            spoken = Interpreter(self._messages, Dialect(arguments.dialect / "names.csv", arguments.dialect))
        self._entrance: Exchange = Recorder(spoken, evidence) if evidence else spoken
        self._questions = (
            AddressQuestions(arguments.certificates, test=settings.test) if arguments.certificates else None
        )
        tls = mutual_tls(arguments.certificates) if arguments.certificates else None
        self.wire = WireServer(
            self._entrance, faults=self.faults, port=arguments.port, tls=tls, requests_most=arguments.connections
        )
        self.stage = Stage(
            scenario or ScenarioFile(),
            side="server",
            perform=self._perform,
            begin=self._begin,
            messages=self._messages.tally.by_message,
        )
        self._messages.answered = self.stage.counted
        self.admin = AdminServer(self._actions(), port=arguments.admin_port, page=page("server"))

    def close(self) -> None:
        self._account.close()

    def folder_wire(self, folder: Path) -> FolderWire:
        """The same behind an exchange folder."""
        wire = self.wire
        return FolderWire(
            self._entrance,
            folder=folder,
            faults=self.faults,
            gauge=wire.gauge,
            rate=wire.rate,
            requests_most=wire.requests_most,
        )

    def _desks(self, xsd: Path) -> dict[str, Desk]:
        account, persons, receipts, inventor = self._account, self._persons, self._receipts, Inventor(xsd)
        replicas = ReplicaDesk(
            account=account,
            persons=persons,
            receipts=receipts,
            faults=self.faults,
            distribution=self._distribution,
        )
        return {
            "DBM-201": replicas,
            "DBM-203": replicas,
            "DBM-205": ReplicaResultDesk(account=account, receipts=receipts),
            "DBM-207": InventoryDesk(account=account),
            "DBM-209": LockDesk(persons=persons, locks=self._locks),
            "SKI-301": InquiryDesk(account=account, persons=persons, receipts=receipts, inventor=inventor),
            "SKI-303": InquiryResultDesk(account=account, persons=persons, receipts=receipts, inventor=inventor),
            "SKI-305": CancelDesk(account=account, persons=persons, receipts=receipts),
            "FGU-101": RegistrationDesk(persons=persons, bindings=self._bindings),
            "FGU-111": ProcessNumberDesk(
                persons=persons, processes=self._processes, lacks_registration=self._bindings.lacks_registration
            ),
            "FGU-131": LinkDesk(persons=persons, processes=self._processes),
            "FGU-141": RelinkDesk(persons=persons, bindings=self._bindings),
            "FGU-151": ReleaseDesk(persons=persons, bindings=self._bindings),
            "TKY-401": ProvisionListDesk(provisions=self._provisions),
            "TKY-403": ProvisionReplyDesk(provisions=self._provisions),
            "TKM-501": RecordListDesk(records=self._records),
            "TKM-503": WithholdingDesk(persons=persons, records=self._records),
            "JTK-601": OwnInformationDesk(account=account, persons=persons),
            "OSR-701": NoticeDesk(persons=persons),
            "SCM-801": RightsDesk(),
            "SYM-901": ServiceDesk(doors=self._doors),
            "SYM-903": LayoutDesk(distribution=self._distribution),
            "SYM-911": RequestStatusDesk(
                account=account,
                processes=self._processes,
                bindings=self._bindings,
                provisions=self._provisions,
                records=self._records,
                receipts=receipts,
            ),
        }

    def _actions(self) -> dict[str, Action]:
        return {
            "GET /account": lambda _: self._totals(),
            "GET /effects": lambda given: effects(self._account, {name: str(given[name]) for name in given}),
            "GET /requests": lambda _: requests(self._account),
            "GET /households": lambda _: self._households(),
            "GET /locks": lambda _: self._locks.standing(),
            "GET /provided": self._locks.provided,
            "GET /arrivals": lambda _: list(self.wire.gauge.arrivals),
            "GET /faults": lambda _: asdict(self.faults.now),
            "POST /faults": self._set_faults,
            "POST /persons": self._set_persons,
            "POST /ask": self._ask,
            "POST /registration": self._bindings.set,
            "GET /bindings": lambda _: self._bindings.report(),
            "POST /inquire": self._provisions.inquire,
            "POST /exchanges": self._records.add,
            "GET /exchanges": lambda _: self._records.report(),
            "GET /provisions": lambda _: self._provisions.report(),
            "POST /withdraw": self._provisions.withdraw,
            "POST /linked": self._settle,
            "POST /distribution": self._distribution.announce,
            "POST /clock": self.clock.set,
            "POST /processes": self._processes.set,
            "POST /reset": lambda _: self._reset(),
            "GET /rules": lambda _: self._messages.rules.state(),
            "POST /rules": self._set_rules,
            "GET /play": lambda _: self.stage.state(),
            "POST /play": self.stage.play,
            "POST /lose": lambda given: self._lose(replicas_of(given)),
            "POST /plant": lambda given: self._plant(replicas_of(given)),
        }

    def _begin(self, scenario: ScenarioFile) -> None:
        """How a scenario says that the server is."""
        self._scenario, server = scenario, scenario.server
        self._doors.hours = read_hours(server.hours)
        self._messages.rules.set(scenario.rules())
        self._messages.records_most = server.records_cap or self._messages.records_most
        self.wire.requests_most = server.connections or self.wire.requests_most
        if server.requests_per_second is not None:
            self.wire.rate.per_second = server.requests_per_second
        self._set_persons(dict(scenario.persons))
        self._set_base_faults()

    def _set_base_faults(self) -> None:
        """The switches as they are at the beginning of the scenario."""
        self.faults.reset()
        delay = self._scenario.server.result_delay_seconds
        self._set_faults({"result_delay_seconds": delay, **self._scenario.faults})

    def _perform(self, act: Act) -> None:
        """One step; in the order of the fields."""
        if act.reset_faults:
            self._set_base_faults()
        self._set_faults(act.faults or {})
        self._set_persons(dict(act.persons or {}))
        if act.rules is not None:
            self._messages.rules.set([rule.made() for rule in act.rules])
        if act.advance_seconds:
            self.clock.set({"advance_seconds": act.advance_seconds})
        if act.lose:
            self._lose(act.lose)
        if act.plant:
            self._plant(act.plant)
        if act.inquire:
            self._provisions.inquire(act.inquire.model_dump())

    def _set_rules(self, given: Mapping[str, object]) -> object:
        self._messages.rules.set(rules_of(given))
        return self._messages.rules.state()

    def _lose(self, what: Replicas) -> object:
        return {"lost": lose(self._account, what.persons, what.info, what.unit)}

    def _plant(self, what: Replicas) -> object:
        plant(self._account, what.persons, what.info, what.unit, what.sequence)
        return {}

    def _totals(self) -> dict[str, object]:
        gauge = self.wire.gauge
        return {
            **totals(self._account),
            "messages": self._messages.tally.by_message(),
            "connections": gauge.connections,
            "connections_most": gauge.connections_most,
            "in_work": gauge.requests,
            "requests_most": gauge.requests_most,
            "handshakes_refused": gauge.handshakes_refused,
            "wrong_test_flag": self._messages.wrongly_flagged.total(),
        }

    def _households(self) -> object:
        with self._account.lock:
            return mixed(self._account.connection)

    def _set_faults(self, given: Mapping[str, object]) -> object:
        self.faults.set(given)
        if self.faults.now.refuse_connections:
            self.wire.drop_connections()
        return asdict(self.faults.now)

    def _set_persons(self, given: Mapping[str, object]) -> object:
        for state, keys in given.items():
            if state not in (*STATES, "linked") or not isinstance(keys, list):
                raise ValueError(f"a list of keys under one of {STATES} or linked is expected")
            self._persons.set(map(str, keys), state)
        return {}

    def _ask(self, given: Mapping[str, object]) -> object:
        persons = given.get("persons")
        if self._questions is None or not isinstance(persons, list):
            raise ValueError("certificates, and a list of persons, are needed")
        rate = float(str(given.get("per_second", 0)))
        return self._questions.ask(
            str(given.get("endpoint", "")), [str(each) for each in persons],
            receiver=str(given.get("receiver", "")), per_second=rate,
        )  # fmt: skip

    def _settle(self, given: Mapping[str, object]) -> object:
        state = str(given.get("state", "linked"))
        if state not in ("linked", "failed"):
            raise ValueError("state is linked or failed")
        return {"known": self._processes.settle(str(given.get("process_number", "")), state)}

    def _reset(self) -> object:
        self._account.forget()
        self._persons.forget()
        self.faults.reset()
        self._distribution.forget()
        self._messages.tally.reset()
        self.wire.gauge.reset()
        return {}


def options(**changes: object) -> argparse.Namespace:
    """What the program would be told by default, with these changes: for a server inside another program."""
    given = _parser().parse_args(["--folder=.", "--xsd=.", f"--connections={_CONNECTIONS}"])
    vars(given).update(changes)
    return given


def main(arguments: Sequence[str] | None = None) -> None:
    given = _parser().parse_args(arguments)
    if given.with_parent_thread:
        die_with_parent()
    settings = ServerSettings(
        profile=given.profile,
        test=given.mode == "test",
        senders=given.senders,
        records_most=given.records_cap or _RECORDS_CAP,
        result_delay_seconds=_RESULT_DELAY if given.result_delay is None else given.result_delay,
    )
    scenario = _scenario(given)
    given.connections = scenario.server.connections or _CONNECTIONS
    server = IntermediateServer(given.folder, given.xsd, settings, given, scenario=scenario, evidence=given.evidence)
    threading.Thread(target=server.stage.go_on, daemon=True).start()
    entrance = server.folder_wire(given.exchange) if given.exchange else server.wire
    ready = {"endpoint": entrance.endpoint, "admin": server.admin.address}
    serve_until_told(entrance, server.admin, ready=ready, parent=given.parent)
    server.wire.server_close()
    server.close()


def _scenario(given: argparse.Namespace) -> ScenarioFile:
    """What is given as an option counts before the file."""
    scenario = read_scenario(given.scenario) if given.scenario else ScenarioFile()
    options = {
        "records_cap": given.records_cap,
        "connections": given.connections,
        "requests_per_second": given.rate,
        "result_delay_seconds": given.result_delay,
    }
    said = {name: value for name, value in options.items() if value is not None}
    return scenario.model_copy(update={"server": ServerPart(**{**scenario.server.model_dump(), **said})})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kakehashi_simulators.intermediate_server", description=__doc__)
    add = parser.add_argument
    add("--folder", type=Path, required=True, help="where the account is kept")
    add("--xsd", type=Path, required=True, help="folder of the profile's schemas and rules")
    add("--certificates", type=Path, help="ca.pem, server.pem, server.key: mutual TLS; without it plain HTTP")
    add("--port", type=int, default=0)
    add("--dialect", type=Path, help="folder of another format's schemas and its names.csv: spoken instead of --xsd")
    add("--profile", default=ServerSettings().profile, help="name of the profile that messages must carry")
    add("--exchange", type=Path, help="an exchange folder that is served instead of HTTP")
    add("--admin-port", type=int, default=0)
    add("--mode", choices=["test", "live"], default="test", help="which test flag a message must carry")
    add("--senders", default=ServerSettings().senders, help="pattern of the agency codes that may send")
    add("--records-cap", type=int, help="records in one message")
    add("--connections", type=int, help="requests at the same time")
    add("--result-delay", type=float, help="seconds until a result is there")
    add("--rate", type=int, help="requests a second; 0: any")
    add("--scenario", type=Path, help="a scenario file")
    add("--evidence", type=Path, help="where every message and answer is written")
    add("--no-symbol-ending", default="", help="person keys that end so have no symbol until it is linked")
    add("--parent", type=int, default=0, help="end when this process is not the parent any more")
    add("--with-parent-thread", action="store_true", help="let the kernel end this process with its starter")
    return parser


if __name__ == "__main__":
    main()
