"""Records of exchanges through an exchange folder: the same as over HTTPS, from the real client to the real server."""

import threading
from argparse import Namespace
from datetime import date, timedelta

import pytest
from tests.unit.pipeline.provision_office import SCHEMAS, XSD, configuration

from kakehashi.domain.exchange_record import WithholdingState
from kakehashi.pipeline.record_messages import RecordMessages
from kakehashi.pipeline.retry import RetryPolicy
from kakehashi.pipeline.settling import Settling
from kakehashi.pipeline.withholding import Withholding
from kakehashi.ports.exchange_records import NewWithholding
from kakehashi.runtime.server_side import open_endpoint
from kakehashi.testing.memory_store import MemoryStore
from kakehashi_adapters.exchange_folder import FolderServerClient, LocalPlace
from kakehashi_adapters.system_clock import SystemClock
from kakehashi_simulators.intermediate_server import IntermediateServer, options
from kakehashi_simulators.server import ServerSettings

HANA = "000000000000011"


@pytest.fixture
def desk(tmp_path):
    clock, folder = SystemClock(), tmp_path / "exchange"
    server = IntermediateServer(tmp_path / "account", XSD, ServerSettings(), options())
    wire = server.folder_wire(folder)
    threading.Thread(target=wire.serve_forever, daemon=True).start()
    client = FolderServerClient(LocalPlace(folder), clock=clock, timeout=timedelta(seconds=20), answer_bytes=1_000_000)
    profile = configuration().profile
    messages = RecordMessages(
        settling=Settling(profile, RetryPolicy.of(profile, configuration().gateway.retry), profile.polling),
        schemas=SCHEMAS, server=open_endpoint(configuration(), client, clock), clock=clock,
        sender="9999000000000010", test=True,
    )  # fmt: skip
    yield Namespace(server=server, messages=messages, clock=clock)
    client.close()
    wire.shutdown()
    wire.server_close()
    server.close()


def test_records_are_asked_for_and_withheld_through_a_folder(desk):
    """Two pages, then a word about one of them, which the next question shows."""
    record, *_ = desk.server._records.add({"persons": [HANA], "count": 501})
    days = (date(2019, 1, 1), date(2099, 1, 1))
    assert len(list(desk.messages.records(HANA, *days))) == 501
    new = NewWithholding(
        person=HANA, record_id=record, withheld="01", reason="r", actor="a", placed_at=desk.clock.now()
    )
    office = Withholding(book=MemoryStore(), messages=desk.messages, clock=desk.clock)
    assert office.decide(new).state is WithholdingState.DONE
    withheld = [each.record_id for each in desk.messages.records(HANA, *days) if each.withheld == "01"]
    assert withheld == [record]
