"""A system speaks the interface under its own numbers: swapped both ways in role B, passed in role A, nothing leaks."""

import re
from dataclasses import replace
from datetime import date

import pytest
from lxml import etree
from tests.unit.validation.samples import DELETED, INQUIRY

from kakehashi.config.loader import load
from kakehashi.domain.halt import HaltAction, HaltMeans, HaltOf
from kakehashi.errors import OutcomeUnknown
from kakehashi.pipeline.relaying import RelayDesk
from kakehashi.ports.halts import NewHalt
from kakehashi.ports.links import LinkRow
from kakehashi.runtime.places import shared
from kakehashi.runtime.server_side import open_endpoint
from kakehashi.testing.memory_clock import MemoryClock
from kakehashi.testing.memory_links import MemoryLinkStore
from kakehashi.testing.memory_sealer import MemorySealer
from kakehashi.testing.memory_server import MemoryServerClient
from kakehashi.testing.memory_store import MemoryStore
from kakehashi.validation.schema import SchemaSet
from kakehashi_simulators.intermediate_server import IntermediateServer
from kakehashi_simulators.intermediate_server import options as server_options
from kakehashi_simulators.server import ServerSettings

OURS, SERVER = "9999000000000010", "9999000000000001"
ID, OTHER = "abcdefghijklmnop" * 2, "ponmlkjihgfedcba" * 2
WELFARE, TAX = frozenset({"welfare-host"}), frozenset({"tax-host"})


class Hub:
    """A body where person n is welfare's number n and our number 900+n; the simulated server behind it."""

    def __init__(self, folder, **options):
        self.configuration = load(shared("config"))
        self.links, self.clock = MemoryLinkStore(), MemoryClock()
        rows = [LinkRow(system=s, atena=f"{base + n:015d}", unified=f"{900 + n:015d}", since=date(2026, 1, 1))
                for s, base in (("welfare", 0), ("tax", 50)) for n in (1, 2, 3)]  # fmt: skip
        self.links.link(rows, now=self.clock.now())
        self.server = IntermediateServer(
            folder / "server", shared("xsd") / "std-2026", ServerSettings(result_delay_seconds=0.0),
            server_options(),
        )  # fmt: skip
        self.client = MemoryServerClient(lambda message: self.server._messages.answer(message.document))
        endpoint = open_endpoint(self.configuration, self.client, self.clock)
        self.desk = RelayDesk(
            profile=options.pop("profile", self.configuration.profile), schemas=SchemaSet(shared("xsd") / "std-2026"),
            endpoint=endpoint, links=self.links, halts=MemoryStore(), sealer=MemorySealer(),
            clock=self.clock, agency=OURS, test=True, numbers={},
            systems={"welfare-host": "welfare", "tax-host": "tax"},
            messages=options.pop("messages", self.configuration.gateway.relay.messages), **options,
        )  # fmt: skip

    def message(self, message_id, body, request_id=ID, **changes):
        header = {
            "MessageId": message_id, "Function": message_id[:3], "Type": "REQ", "RequestId": request_id,
            "CorrelationId": request_id, "Profile": "std-2026", "LayoutVersion": "1", "Sender": OURS,
            "Receiver": SERVER, "PersonKeyType": "atena", "CreatedAt": "2026-07-01T09:00:00+09:00", "Test": "1",
            **changes,
        }  # fmt: skip
        told, root = "".join(f"<{name}>{text}</{name}>" for name, text in header.items()), message_id.replace("-", "")
        return f'<{root} xmlns="urn:kakehashi:std-2026"><Header>{told}</Header>{body}</{root}>'.encode()

    def inquire(self, *persons, names=WELFARE, request_id=ID, **changes):
        rows = "".join(
            INQUIRY.replace('no="1"', f'no="{no}"').replace("000000000000001<", f"{person:015d}<", 1)
            for no, person in enumerate(persons, start=1)
        )
        return self.ask("SKI-301", f"<Inquiries>{rows}</Inquiries>", names=names, request_id=request_id, **changes)

    def ask(self, message_id, body="", *, names=WELFARE, request_id=ID, **changes):
        """(code, the root) of the answer, which keeps its schema and answers this very message."""
        raw = self.desk.answer(self.message(message_id, body, request_id, **changes), names)
        answered = self.configuration.profile.messages[message_id].answer
        assert self.desk.schemas.message(answered).check(raw).valid
        root = etree.fromstring(raw)
        assert root.findtext("{*}Header/{*}CorrelationId") == request_id
        return root.findtext("{*}Result/{*}Code"), root

    def sent(self):
        return [etree.fromstring(each.document) for each in self.client.delivered]


@pytest.fixture
def hub(tmp_path):
    made = Hub(tmp_path)
    yield made
    made.server.close()


def keys(root):
    return [each.text for each in root.iter("{*}PersonKey")]


def test_an_inquiry_goes_out_under_the_unified_number_and_its_result_comes_back(hub):
    """Asked twice, as after a lost answer, it is one inquiry at the server."""
    code, root = hub.inquire(1, 2)
    assert code == "0001"
    assert hub.inquire(1, 2)[0] in ("0001", "3001")
    sent = hub.sent()
    assert [keys(each) for each in sent] == [["000000000000901", "000000000000902"]] * 2
    assert {each.findtext("{*}Header/{*}PersonKeyType") for each in sent} == {"unified"}
    assert len({each.findtext("{*}Header/{*}RequestId") for each in sent}) == 1
    code, result = hub.ask("SKI-303", f"<Receipt>{root.findtext('{*}Result/{*}Receipt')}</Receipt>", request_id=OTHER)
    assert code == "0000"
    assert [each.get("no") for each in result.iter("{*}Answer")] == ["1", "2"]
    assert result.findtext("{*}Header/{*}PersonKeyType") == "atena"


def test_an_unlinked_number_is_refused_by_record_and_nothing_is_sent(hub):
    """Neither the number itself nor the others of the message."""
    code, root = hub.inquire(1, 7, 2, 8)
    assert code == "4003"
    assert [each.text for each in root.iter("{*}RecordNo")] == ["2", "4"]
    assert hub.sent() == []


def test_a_frozen_number_is_refused_too(hub):
    """Somebody must decide first."""
    hub.links.freeze("welfare", f"{1:015d}", evidence=b"drift", now=hub.clock.now())
    assert hub.inquire(1)[0] == "4003"
    assert hub.sent() == []


def test_another_systems_receipt_and_request_are_nobodys(hub):
    """Neither result nor state of what another system has asked; the same request id of two systems is two requests."""
    _, root = hub.inquire(1)
    assert hub.inquire(51, names=TAX)[0] == "0001"
    assert len({each.findtext("{*}Header/{*}RequestId") for each in hub.sent()}) == 2
    receipt = f"<Receipt>{root.findtext('{*}Result/{*}Receipt')}</Receipt>"
    assert hub.ask("SKI-303", receipt, names=TAX, request_id=OTHER)[0] == "9404"
    hub.inquire(2, request_id="b" * 32)
    reference = f"<RequestRef>{'b' * 32}</RequestRef>"
    assert hub.ask("SYM-911", reference, request_id="c" * 32)[0] != "9404"
    assert hub.ask("SYM-911", reference, names=TAX, request_id="d" * 32)[0] == "9404"


def test_numbers_inside_results_come_back_as_the_systems_own(tmp_path):
    """The inventory's person keys, and elements that the configuration names; somebody without a number is not told."""
    hub = Hub(tmp_path, messages=("DBM-207",), inside=("Unit",))
    told = ["000000000000902", "000000000000903"]
    rows = "".join(
        f"<Replica><PersonKey>{key}</PersonKey><Unit>2026</Unit><Sequence>{1:018d}</Sequence></Replica>" for key in told
    )

    def answers(message):
        header = re.search(rb"<Header>.*</Header>", message.document, re.DOTALL)[0].decode()
        asked = re.search(r"<RequestId>(.*?)<", header)[1]
        header = re.sub(r"<CorrelationId>.*?<", f"<CorrelationId>{asked}<", header).replace("DBM-207", "DBM-208")
        result = "<Result><Segment>1</Segment><Code>0000</Code></Result>"
        return (f'<DBM208 xmlns="urn:kakehashi:std-2026">{header.replace(">REQ<", ">RES<")}{result}'
                f'<Inventory more="0">{rows}</Inventory></DBM208>').encode()  # fmt: skip

    hub.client._answer = answers
    code, _ = hub.ask("DBM-207", "<InfoName>TM99000000000001</InfoName><After>000000000000001</After>")
    assert code == "9001", "2026 is nobody's number: not told"
    hub.desk = replace(hub.desk, inside=())
    code, root = hub.ask("DBM-207", "<InfoName>TM99000000000001</InfoName><After>000000000000001</After>")
    assert (code, keys(root)) == ("0000", ["000000000000002", "000000000000003"])
    assert hub.sent()[-1].findtext("{*}After") == "000000000000901"
    hub.links.end("welfare", f"{3:015d}", since=date(2026, 6, 1), note=None, now=hub.clock.now())
    assert hub.ask("DBM-207", "<InfoName>TM99000000000001</InfoName>")[0] == "9001"


def suspend(hub, person):
    halt = NewHalt(
        action=HaltAction.SUSPEND, of=HaltOf.PERSON, key=person, means=HaltMeans.LOCK, reason="r", actor="a",
        placed_at=hub.clock.now(),
    )  # fmt: skip
    assert hub.desk.halts.place_halt(halt)[1]


def test_a_suspended_person_is_not_relayed(hub):
    """The message is refused with the person's record, and nothing of it is sent; others go."""
    suspend(hub, "000000000000902")
    code, root = hub.inquire(1, 2)
    assert (code, [each.text for each in root.iter("{*}RecordNo")]) == ("4010", ["2"])
    assert hub.sent() == []
    assert hub.inquire(1)[0] == "0001"


def test_replicas_of_a_locked_information_are_not_relayed(tmp_path):
    """Their system is told that it is unreachable, and sends them again; a deletion goes."""
    hub = Hub(tmp_path, messages=("DBM-201", "DBM-203"))
    halt = NewHalt(
        action=HaltAction.LOCK, of=HaltOf.INFORMATION, key=re.search(r"TM[0-9]{14}", DELETED)[0], reason="r",
        means=HaltMeans.LOCK,
        actor="a", placed_at=hub.clock.now(),
    )  # fmt: skip
    hub.desk.halts.place_halt(halt)
    deleted = f"<Records>{DELETED}</Records>"
    assert hub.ask("DBM-201", deleted)[0] == "8001"
    assert hub.sent() == []
    assert hub.ask("DBM-203", deleted, request_id=OTHER)[0] == "0001"
    hub.desk.halts.lift_halt(halt.action, halt.of, halt.key, reason="r", actor="a", now=hub.clock.now())
    assert hub.ask("DBM-201", deleted)[0] == "0001"


def test_an_answer_about_a_suspended_person_is_not_passed_on(tmp_path):
    """Of an inventory nothing, when one of its persons is."""
    hub = Hub(tmp_path, messages=("DBM-207",))
    with hub.server._account.transaction() as connection:
        row = ("000000000000902", "TM99000000000001", "2026", f"{1:018d}", "register")
        connection.execute(
            "INSERT INTO effects (person, info, unit, sequence, operation, request) VALUES (?, ?, ?, ?, ?, 0)", row
        )
    question = ("DBM-207", "<InfoName>TM99000000000001</InfoName>")
    assert hub.ask(*question)[0] == "0000"
    suspend(hub, "000000000000902")
    assert hub.ask(*question, request_id=OTHER)[0] == "4010"


def test_in_role_a_no_number_is_swapped(tmp_path):
    """Linked or not: the next hub does it. Ids stay the system's own all the same."""
    profile = replace(load(shared("config")).profile, person_key_type="atena")
    hub = Hub(tmp_path, profile=profile)
    assert hub.inquire(1, 7)[0] == "0001"
    (sent,) = hub.sent()
    assert keys(sent) == ["000000000000001", "000000000000007"]
    assert sent.findtext("{*}Header/{*}PersonKeyType") == "atena"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Sender": "9999000000000011"}, "5001"),
        ({"Test": "0"}, "5001"),
        ({"PersonKeyType": "unified"}, "5001"),
        ({"Profile": "std-2027"}, "5002"),
    ],
)
def test_a_message_that_is_not_a_systems_own_gets_its_code(hub, changes, code):
    """A unified number in the slot, above all: a system has none."""
    assert hub.inquire(1, **changes)[0] == code
    assert hub.sent() == []


def test_what_may_not_leave_does_not(hub):
    """An inquiry without permission, by record; a 個人番号 in an element; a message that is not relayed; a stranger."""
    body = INQUIRY.replace("JT99000000000001", "JT99000000009999")
    code, root = hub.ask("SKI-301", f"<Inquiries>{body}</Inquiries>")
    assert (code, root.findtext("{*}Result/{*}Errors/{*}Error/{*}RecordNo")) == ("5001", "1")
    number = "98320567" + "3214"
    raw = hub.message("SKI-301", f"<Inquiries>{INQUIRY.replace('99990001', number)}</Inquiries>")
    assert b"<Code>4001</Code>" in hub.desk.answer(raw, WELFARE)
    assert hub.desk.answer(hub.message("DBM-207", "<InfoName>TM99000000000001</InfoName>"), WELFARE) is None
    assert hub.desk.answer(hub.message("SYM-901", ""), frozenset({"somebody"})) is None
    assert hub.desk.answer(b"<SKI301", WELFARE) is None
    assert hub.sent() == []


def test_prefixes_do_not_hide_an_inquiry(hub):
    """The same message with a prefix before every name: still no permission, still no 個人番号."""

    def prefixed(body):
        raw = hub.message("SKI-301", f"<Inquiries>{body}</Inquiries>").decode()
        return re.sub(r"<(/?)(\w)", r"<\1k:\2", raw).replace("xmlns=", "xmlns:k=").encode()

    denied = hub.desk.answer(prefixed(INQUIRY.replace("JT99000000000001", "JT99000000009999")), WELFARE)
    assert re.search(rb"<RecordNo>1</RecordNo><Code>5001</Code>", denied)
    number = "98320567" + "3214"
    assert b"<Code>4001</Code>" in hub.desk.answer(prefixed(INQUIRY.replace("99990001", number)), WELFARE)
    assert hub.sent() == []


def test_an_unknown_outcome_is_told_as_such_and_the_same_message_asks_again(hub):
    """The server has it once."""
    hub.client.fail_after(OutcomeUnknown())
    assert hub.inquire(1)[0] == "8001"
    hub.client.recover()
    assert hub.inquire(1)[0] in ("0001", "3001")
    assert len({each.request_id for each in hub.client.delivered}) == 1
