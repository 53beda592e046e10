"""The server asks for a person's address information: what may be told is told, everything else is a code."""

from dataclasses import replace
from datetime import date

import pytest
from lxml import etree
from tests.unit.pipeline.subscribers import CLASS_3, Told

from kakehashi.domain.halt import HaltAction, HaltMeans, HaltOf
from kakehashi.errors import StoreUnavailable
from kakehashi.pipeline.address_desk import AddressDesk
from kakehashi.ports.halts import NewHalt
from kakehashi.ports.links import LinkRow
from kakehashi.runtime.places import shared
from kakehashi.testing.memory_store import MemoryStore
from kakehashi.validation.schema import SchemaSet

OURS, SERVER = "9999000000000010", "9999000000000001"
ID = "abcdefghijklmnop" * 2


class Counter(Told):
    """A body of class 3 whose desk is asked."""

    def __init__(self, tmp_path, links=CLASS_3):
        super().__init__(tmp_path, links)
        self.schemas = SchemaSet(shared("xsd") / "std-2026")
        self.desk = AddressDesk(
            profile=self.configuration.profile, schemas=self.schemas, links=self.links, sealer=self.sealer,
            halts=MemoryStore(), clock=self.clock, agency=OURS, test=True,
        )  # fmt: skip

    def question(self, unified, **changes):
        header = {
            "MessageId": "TKY-411", "Function": "TKY", "Type": "REQ", "RequestId": ID, "CorrelationId": ID,
            "Profile": "std-2026", "LayoutVersion": "1", "Sender": SERVER, "Receiver": OURS, "PersonKeyType": "unified",
            "CreatedAt": "2026-07-01T09:00:00+09:00", "Test": "1", **changes,
        }  # fmt: skip
        told = "".join(f"<{name}>{text}</{name}>" for name, text in header.items())
        return (
            f'<TKY411 xmlns="urn:kakehashi:std-2026"><Header>{told}</Header><PersonKey>{unified}</PersonKey></TKY411>'
        ).encode()

    def ask(self, unified, **changes):
        """The code, and what is told; the answer keeps its schema and is ours to this question."""
        raw = self.desk.answer(self.question(unified, **changes))
        assert self.schemas.message("TKY-412").check(raw).valid
        root = etree.fromstring(raw)
        assert root.findtext("{*}Header/{*}CorrelationId") == ID
        assert (root.findtext("{*}Header/{*}Sender"), root.findtext("{*}Header/{*}Receiver")) == (OURS, SERVER)
        told = root.find("{*}AddressInformation")
        return root.findtext("{*}Result/{*}Code"), {} if told is None else {
            etree.QName(each).localname: each.text for each in told
        }


@pytest.fixture
def hall(tmp_path):
    made = Counter(tmp_path)
    made.register(1, 2)
    return made


def test_of_a_suspended_person_nothing_is_told(hall):
    """Whatever the registry says; after the end it is told again."""
    person = hall.person("registry", 1)
    halt = NewHalt(
        action=HaltAction.SUSPEND, of=HaltOf.PERSON, key=person, means=HaltMeans.LOCK, reason="r", actor="a",
        placed_at=hall.clock.now(),
    )  # fmt: skip
    hall.desk.halts.place_halt(halt)
    assert hall.ask(person) == ("4010", {})
    hall.desk.halts.lift_halt(halt.action, halt.of, person, reason="r", actor="a", now=hall.clock.now())
    assert hall.ask(person)[0] == "0000"


def test_the_current_description_is_answered_and_kept_in_the_books(hall):
    """After a move the new address; the books know who was asked about and the code, never the answer."""
    person = hall.person("registry", 1)
    row = hall.row(1).person
    code, told = hall.ask(person)
    assert code == "0000"
    assert told == {
        "Name": row.kanji, "Kana": row.kana, "Birth": f"{row.birth[:4]}-{row.birth[4:6]}-{row.birth[6:]}",
        "Sex": {"1": "male", "2": "female"}[row.sex], "Address": row.address,
    }  # fmt: skip
    hall.register(1, person_address="東京都千代田区霞が関二丁目")
    assert hall.ask(person)[1]["Address"] == "東京都千代田区霞が関二丁目"
    assert [(each.request_id, each.code) for each in hall.links.answers(person)] == [(ID, "0000")] * 2


@pytest.mark.parametrize("disclosure", ["1", "2", "9", ""])
def test_who_is_not_known_to_be_open_is_withheld(hall, disclosure):
    """Also when the flag comes alone; open again, it is told again."""
    hall.register(1, disclosure=disclosure)
    person = hall.person("registry", 1)
    assert hall.ask(person) == ("4010", {})
    hall.register(1)
    assert hall.ask(person)[0] == "0000"


def test_where_the_registry_never_says_it_everybody_is_withheld(tmp_path):
    """A mapping without @disclosure."""
    hall = Counter(tmp_path)
    route = hall.configuration.routes["registry-residents"]
    silent = replace(route, link=replace(route.link, disclosure=None))
    hall.configuration = replace(hall.configuration, routes={**hall.configuration.routes, route.name: silent})
    hall.register(1)
    assert hall.ask(hall.person("registry", 1)) == ("4010", {})


def test_a_disputed_person_is_withheld_and_an_unknown_one_unknown(hall):
    """Until somebody has decided; a released one is nobody's."""
    first, second = hall.person("registry", 1), hall.person("registry", 2)
    hall.links.link([LinkRow(system="registry", atena=hall.row(1).atena.zfill(15), unified=second,
                             since=date(2026, 7, 1))], now=hall.clock.now())  # fmt: skip
    assert [hall.ask(person)[0] for person in (first, second, "9" * 15)] == ["4010", "4010", "4003"]


@pytest.mark.parametrize(
    "links", ['[links]\nmode = "link-only"\n', '[links]\nmode = "pass-through"\nbase = "registry"\n']
)
def test_who_keeps_no_address_data_says_so(tmp_path, links):
    """Honestly, whatever the disclosure."""
    hall = Counter(tmp_path, links)
    hall.register(1, disclosure="2")
    assert hall.ask(hall.person("registry", 1)) == ("4011", {})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Sender": "9999000000000002"}, "5001"),
        ({"Receiver": "9999000000000011"}, "5001"),
        ({"Test": "0"}, "5001"),
        ({"Profile": "std-2027"}, "5002"),
    ],
)
def test_a_question_that_is_not_the_servers_to_us_gets_its_code(hall, changes, code):
    """And tells nothing."""
    raw = hall.desk.answer(hall.question(hall.person("registry", 1), **changes))
    root = etree.fromstring(raw)
    assert root.findtext("{*}Result/{*}Code") == code
    assert root.find("{*}AddressInformation") is None


def test_a_person_key_that_is_none_is_malformed(hall):
    """It is not even looked up."""
    assert hall.ask("12") == ("4001", {})
    assert hall.links.answers("12") == []


@pytest.mark.parametrize("raw", [b"", b"<a/>", b"\x00", b"<!DOCTYPE a><a/>"])
def test_what_is_no_message_gets_no_answer(hall, raw):
    """Not even an entity is looked at."""
    assert hall.desk.answer(raw) is None


def test_nothing_goes_out_that_is_not_in_the_books(hall):
    """A store that fails: the code for a fault."""
    person = hall.person("registry", 1)

    def fails(*_, **__):
        raise StoreUnavailable

    hall.links.note_answer = fails
    assert hall.ask(person) == ("9001", {})


def test_an_address_that_the_server_cannot_take_or_that_holds_an_individual_number_stays_here(hall):
    """The code for a fault; neither is cut nor replaced silently."""
    person = hall.person("registry", 1)
    hall.register(1, person_address="髙")
    assert hall.ask(person)[0] == "0000", "the profile has a substitute"
    hall.register(
        1, person_address="東京都" + hall.numbers[9].translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    )
    assert hall.ask(person) == ("9001", {})
