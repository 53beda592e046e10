"""`python -m kakehashi_simulators.intermediate_server`: the intermediate server 「中間サーバー」, simulated.

Prints one JSON line when it is ready: {"endpoint": …, "admin": …, "pid": …}. Admin port (JSON):
```
GET  /account                      totals; messages by id and code since the start; gauges
GET  /effects?person=…&twice=1     what was applied, how often, by which request
GET  /requests                     what was taken
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
GET  /provisions                   what became of those that wait; POST /withdraw {"provisions": [ids]}: not wanted
POST /reset                        empty account, no exceptional persons, no faults
```
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from kakehashi_simulators.account import Account
from kakehashi_simulators.address_questions import AddressQuestions
from kakehashi_simulators.admin import Action, AdminServer
from kakehashi_simulators.bindings import Bindings, RegistrationDesk, ReleaseDesk, RelinkDesk
from kakehashi_simulators.clock import SimulatedClock
from kakehashi_simulators.faults import Faults
from kakehashi_simulators.folder_wire import FolderWire
from kakehashi_simulators.inquiries import CancelDesk, InquiryDesk, InquiryResultDesk
from kakehashi_simulators.invention import Inventor
from kakehashi_simulators.lifeline import die_with_parent, serve_until_told
from kakehashi_simulators.locks import LockDesk, Locks
from kakehashi_simulators.persons import STATES, Persons
from kakehashi_simulators.provisions import ProvisionListDesk, ProvisionReplyDesk, Provisions
from kakehashi_simulators.receipts import Receipts
from kakehashi_simulators.replicas import InventoryDesk, ReplicaDesk, ReplicaResultDesk
from kakehashi_simulators.report import effects, requests, totals
from kakehashi_simulators.schema_folder import CheckerPool
from kakehashi_simulators.server import Desk, MessageServer, ServerSettings
from kakehashi_simulators.symbols import LinkDesk, Processes, ProcessNumberDesk
from kakehashi_simulators.system_control import LayoutDesk, RequestStatusDesk, ServiceDesk
from kakehashi_simulators.wire import WireServer, mutual_tls

__all__ = ["IntermediateServer", "main"]


class IntermediateServer:
    """Everything of one intermediate server, put together. `wire` and `admin` are ready to serve."""

    def __init__(self, folder: Path, xsd: Path, settings: ServerSettings, arguments: argparse.Namespace) -> None:
        self.faults = Faults()
        self._account = Account(folder)
        self._persons = Persons(
            self._account.connection, self._account.lock, no_symbol_ending=arguments.no_symbol_ending
        )
        self._locks = Locks(account=self._account)
        self.clock = SimulatedClock()
        self._processes = Processes(self._account, self._persons, self.clock, seconds=settings.process_seconds)
        self._bindings = Bindings(self._account, self._persons, self.clock)
        self._provisions = Provisions(self._account, self.clock)
        self._messages = MessageServer(
            settings, checkers=CheckerPool(xsd), faults=self.faults, desks=self._desks(xsd, settings)
        )
        self._questions = (
            AddressQuestions(arguments.certificates, test=settings.test) if arguments.certificates else None
        )
        tls = mutual_tls(arguments.certificates) if arguments.certificates else None
        self.wire = WireServer(
            self._messages, faults=self.faults, port=arguments.port, tls=tls, requests_most=arguments.connections
        )
        self.admin = AdminServer(self._actions(), port=arguments.admin_port)

    def close(self) -> None:
        self._account.close()

    def folder_wire(self, folder: Path) -> FolderWire:
        """The same behind an exchange folder."""
        most = self.wire.requests_most
        return FolderWire(self._messages, folder=folder, faults=self.faults, gauge=self.wire.gauge, requests_most=most)

    def _desks(self, xsd: Path, settings: ServerSettings) -> dict[str, Desk]:
        account, persons, inventor = self._account, self._persons, Inventor(xsd)
        receipts = Receipts(account, self.faults, delay_seconds=settings.result_delay_seconds)
        replicas = ReplicaDesk(account=account, persons=persons, receipts=receipts)
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
            "SYM-901": ServiceDesk(faults=self.faults),
            "SYM-903": LayoutDesk(),
            "SYM-911": RequestStatusDesk(
                account=account,
                processes=self._processes,
                bindings=self._bindings,
                provisions=self._provisions,
                receipts=receipts,
            ),
        }

    def _actions(self) -> dict[str, Action]:
        return {
            "GET /account": lambda _: self._totals(),
            "GET /effects": lambda given: effects(self._account, {name: str(given[name]) for name in given}),
            "GET /requests": lambda _: requests(self._account),
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
            "GET /provisions": lambda _: self._provisions.report(),
            "POST /withdraw": self._provisions.withdraw,
            "POST /linked": self._settle,
            "POST /clock": self.clock.set,
            "POST /processes": self._processes.set,
            "POST /reset": lambda _: self._reset(),
        }

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
        }

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
        self._messages.tally.reset()
        self.wire.gauge.reset()
        return {}


def main(arguments: Sequence[str] | None = None) -> None:
    given = _parser().parse_args(arguments)
    if given.with_parent_thread:
        die_with_parent()
    settings = ServerSettings(
        test=given.mode == "test",
        senders=given.senders,
        records_most=given.records_cap,
        result_delay_seconds=given.result_delay,
    )
    server = IntermediateServer(given.folder, given.xsd, settings, given)
    entrance = server.folder_wire(given.exchange) if given.exchange else server.wire
    ready = {"endpoint": entrance.endpoint, "admin": server.admin.address}
    serve_until_told(entrance, server.admin, ready=ready, parent=given.parent)
    server.wire.server_close()
    server.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kakehashi_simulators.intermediate_server", description=__doc__)
    add = parser.add_argument
    add("--folder", type=Path, required=True, help="where the account is kept")
    add("--xsd", type=Path, required=True, help="folder of the profile's schemas and rules")
    add("--certificates", type=Path, help="ca.pem, server.pem, server.key: mutual TLS; without it plain HTTP")
    add("--port", type=int, default=0)
    add("--exchange", type=Path, help="an exchange folder that is served instead of HTTP")
    add("--admin-port", type=int, default=0)
    add("--mode", choices=["test", "live"], default="test", help="which test flag a message must carry")
    add("--senders", default=ServerSettings().senders, help="pattern of the agency codes that may send")
    add("--records-cap", type=int, default=10_000, help="records in one message")
    add("--connections", type=int, default=16, help="requests at the same time")
    add("--result-delay", type=float, default=1.0, help="seconds until a result is there")
    add("--no-symbol-ending", default="", help="person keys that end so have no symbol until it is linked")
    add("--parent", type=int, default=0, help="end when this process is not the parent any more")
    add("--with-parent-thread", action="store_true", help="let the kernel end this process with its starter")
    return parser


if __name__ == "__main__":
    main()
