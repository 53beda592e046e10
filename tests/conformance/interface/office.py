"""A simulated server and registry behind real transports, and the gateway's own way of asking them."""

import itertools
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from tests.unit.validation.samples import MESSAGES as SAMPLES
from tests.unit.validation.samples import TAX, elements

from kakehashi.domain.batch import content_id
from kakehashi.interface.exchange_record import record_list_request, withholding_request
from kakehashi.interface.header import close_message, open_message, request_header
from kakehashi.interface.inquiry import inquiries, inquiry_result_request
from kakehashi.interface.inventory import inventory_request
from kakehashi.interface.lock import lock_request
from kakehashi.interface.provision import provision_list_request, provision_reply
from kakehashi.interface.replica import ReplicaRecord, replica_registration, result_request
from kakehashi.interface.symbol import Acquisition, acquisition_request, link_status_request, process_number_request
from kakehashi.interface.symbol_change import registration_request, release_request, relink_request
from kakehashi.interface.system import health_request, layout_request, status_request
from kakehashi.pipeline.asking import Asking
from kakehashi.runtime.places import shared
from kakehashi.validation.schema import SchemaSet
from kakehashi_adapters.certificates import make_certificates
from kakehashi_adapters.exchange_folder import FolderServerClient, LocalPlace
from kakehashi_adapters.https_client import HttpsServerClient
from kakehashi_adapters.system_clock import SystemClock
from kakehashi_simulators.clock import SimulatedClock
from kakehashi_simulators.conduct import Conduct, Scenario
from kakehashi_simulators.faults import Faults
from kakehashi_simulators.folder_wire import FolderWire
from kakehashi_simulators.intermediate_server import IntermediateServer, options
from kakehashi_simulators.registry import AcquisitionDesk, Notices
from kakehashi_simulators.schema_folder import CheckerPool
from kakehashi_simulators.server import MessageServer, ServerSettings
from kakehashi_simulators.wire import Gauge, WireServer, mutual_tls

XSD = shared("xsd") / "std-2026"
NOW = datetime.now(UTC)
INQUIRY = (
    "<AffairCode>JM99000000000001</AffairCode><ProcedureCode>JT99000000000001</ProcedureCode>"
    f"<InfoName>{TAX.info_name}</InfoName><ProviderAgency>9999000000000003</ProviderAgency>"
    "<RequesterDepartment>99990001</RequesterDepartment><ConditionType>1</ConditionType><YearType>0</YearType>"
    "<RequestedAt>20260601020304000</RequestedAt>"
).encode()


class Office:
    """`ask` sends over the transport; `answered` goes the same way with what the server needs to have before."""

    def __init__(self, folder: Path, transport, profile):
        self.profile, self.count = profile, itertools.count(1)
        self.asking = Asking(profile=profile, schemas=SchemaSet(XSD, form=profile.form))
        files = make_certificates(folder / "certificates", now=NOW)
        arguments = options(certificates=files.ca.parent)
        settings = ServerSettings(result_delay_seconds=0.0)
        self.server = IntermediateServer(folder / "server", XSD, settings, arguments)
        self.registry_faults = Faults()
        scenario, clock = Scenario(Conduct(delay_seconds=1e6)), SimulatedClock()
        registry = MessageServer(
            settings,
            checkers=CheckerPool(XSD),
            faults=self.registry_faults,
            desks={"FGU-121": AcquisitionDesk(Notices(folder / "registry", scenario, clock))},
        )
        if transport == "folder":
            wires = [
                self.server.folder_wire(folder / "lgwan"),
                FolderWire(registry, folder=folder / "registry-lgwan", faults=self.registry_faults, gauge=Gauge()),
            ]
            places = (folder / "lgwan", folder / "registry-lgwan")
            self.clients = [
                FolderServerClient(LocalPlace(place), clock=SystemClock(), timeout=timedelta(seconds=5))
                for place in places
            ]
        else:
            tls = mutual_tls(files.ca.parent)
            wires = [self.server.wire, WireServer(registry, faults=self.registry_faults, tls=tls)]
            self.clients = [
                HttpsServerClient(
                    wire.endpoint, ca=files.ca, certificate=files.client_certificate, key=files.client_key
                )
                for wire in wires
            ]
        self.wires = wires
        for wire in wires:
            threading.Thread(target=wire.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def faults_of(self, message_id):
        return self.registry_faults if message_id == "FGU-121" else self.server.faults

    def header(self, message_id, request_id):
        return request_header(self.profile, message_id, request_id, sender="9999000000000002", test=True, now=NOW)

    def ask(self, message_id, build, request_id=None):
        """(answer, its document) of the message that `build` makes of a header."""
        request_id = request_id or content_id("cell", next(self.count))
        client = self.clients[message_id == "FGU-121"]
        return self.asking.exchange(client, message_id, request_id, build(self.header(message_id, request_id)))

    def result(self, message_id, receipt):
        """What became of what was taken under a receipt."""
        build = inquiry_result_request if message_id == "SKI-303" else result_request
        return self.ask(message_id, lambda header: build(header, receipt))[0]

    def person(self):
        return f"{next(self.count):015d}"

    def act(self, action, **given):
        return self.server._actions()[action](given)

    def builder(self, message_id):
        """What makes the message, so that the server will do what it asks."""
        return getattr(self, "_" + message_id.lower().replace("-", "_"), lambda: _sampled(message_id))()

    def close(self):
        for client in self.clients:
            client.close()
        for wire in self.wires:
            wire.shutdown()
            wire.server_close()
        self.server.close()

    def _record(self, operation="register", person=None, blocked="0"):
        content = "".join(elements(TAX)).encode() if operation == "register" else b""
        sequence = 1_000_000_000 + next(self.count)
        person = person or self.person()
        return ReplicaRecord(person, "2026", "2026-04-01", "", sequence, "0", blocked, operation, content)

    def registered(self, **changes):
        """The receipt of a replica that the server took."""
        record = self._record(**changes)
        return self.ask("DBM-201", lambda header: replica_registration(header, TAX, [record]))[0].receipt

    def inquired(self):
        person = self.person()
        return self.ask("SKI-301", lambda header: inquiries(header, [INQUIRY], [person]))[0].receipt

    def _dbm_201(self):
        record = self._record()
        return lambda header: replica_registration(header, TAX, [record])

    def _dbm_203(self):
        person = self.person()
        self.registered(person=person)
        record = self._record("delete", person)
        return lambda header: replica_registration(header, TAX, [record])

    def _dbm_205(self):
        receipt = self.registered()
        return lambda header: result_request(header, receipt)

    def _dbm_207(self):
        return lambda header: inventory_request(header, TAX.info_name, "")

    def _dbm_209(self):
        person, sequence = self.person(), 1_000_000_000 + next(self.count)
        return lambda header: lock_request(header, lock=True, sequence=sequence, person=person)

    def _ski_301(self):
        person = self.person()
        return lambda header: inquiries(header, [INQUIRY], [person])

    def _ski_303(self):
        receipt = self.inquired()
        return lambda header: inquiry_result_request(header, receipt)

    def _ski_305(self):
        self.server.faults.set({"result_delay_seconds": 1000.0})
        receipt = self.inquired()
        return lambda header: inquiry_result_request(header, receipt)

    def _fgu_101(self):
        person = self.person()
        return lambda header: registration_request(header, [(person, date(2026, 6, 1))])

    def _fgu_111(self):
        person = self.person()
        return lambda header: process_number_request(header, [person])

    def _fgu_121(self):
        number = f"PN-{next(self.count)}"
        return lambda header: acquisition_request(header, [Acquisition(number, "12345678901")])

    def _fgu_131(self):
        person = self.person()
        return lambda header: link_status_request(header, [(person, None)])

    def _fgu_141(self):
        former, person = self.person(), self.person()
        return lambda header: relink_request(header, former, person, undo=False, ordered_at=NOW)

    def _fgu_151(self):
        person = self.person()
        return lambda header: release_request(header, person)

    def _tky_401(self):
        return lambda header: provision_list_request(header, "")

    def _tky_403(self):
        person = self.person()
        self.registered(person=person, blocked="1")
        (found,) = self.act("POST /inquire", persons=[person], info=TAX.info_name)
        return lambda header: provision_reply(header, found["provision"], None)

    def _tkm_501(self):
        person = self.person()
        return lambda header: record_list_request(header, person, date(2026, 1, 1), NOW.date(), "")

    def _tkm_503(self):
        person = self.person()
        self.act("POST /exchanges", persons=[person], count=1)
        _, check = self.ask(
            "TKM-501", lambda header: record_list_request(header, person, date(2026, 1, 1), NOW.date(), "")
        )
        record = check.root.findtext(".//{*}RecordId")
        return lambda header: withholding_request(header, person, record, "01")

    def _sym_901(self):
        return health_request

    def _sym_903(self):
        return layout_request

    def _sym_911(self):
        request_id = content_id("cell", "asked about", next(self.count))
        self.ask("DBM-201", self._dbm_201(), request_id)
        return lambda header: status_request(header, request_id)


def _sampled(message_id):
    """A relayed message: a system builds it, not we."""
    sample = SAMPLES[message_id].decode()
    body = sample[sample.index("</Header>") + len("</Header>") : sample.rindex("</")]
    return lambda header: f"{open_message(header)}{body}{close_message(header)}".encode()
