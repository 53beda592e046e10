"""Where the results of inquiries go, and in what shape: parts, error lists, queues, URLs, the system's own numbers."""

import shutil
from dataclasses import replace

import pytest
from tests.unit.pipeline.conftest import ROOT
from tests.unit.pipeline.test_inquiries import LANE, ask, manifest, outcomes

from kakehashi.config.loader import load
from kakehashi.errors import ConfigurationError
from kakehashi.pipeline.inquiry_result import read_answers
from kakehashi.pipeline.ledger import result_context
from kakehashi.ports.broker import Message
from kakehashi.ports.links import LinkRow
from kakehashi.runtime.queue_sink import QueueSink
from kakehashi.runtime.queue_source import QueueSource
from kakehashi.runtime.result_files import returnings
from kakehashi.testing.memory_files import MemorySink

ROUTE, RETURN = f"routes/{LANE}/route.toml", f"routes/{LANE}/return.csv"
PROFILE = "profiles/std-2026/profile.toml"
URL_ROW = "data,280,照会結果URL,X,512,,,,$url,,\n"


__all__ = ["manifest"]


@pytest.fixture
def house_with(house_of, tmp_path):
    """A house whose configuration has other texts in some files."""

    def build(*changes):
        return house_of(LANE, changed(tmp_path / "config", *changes))

    return build


def changed(folder, *changes):
    shutil.copytree(ROOT / "config", folder)
    for file, old, new in changes:
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text or not old
        (folder / file).write_text(text.replace(old, new, 1) if old else text + new, encoding="utf-8")
    return folder


def deliver(house):
    """(folder, name) → what the scheduler returns there; what goes to queues is in the broker."""
    sinks = {}
    returning = returnings(house.gateway, lambda folder: sinks.setdefault(folder.name, MemorySink()))
    replace(house.scheduler(), returning=returning).run_once()
    files = ((folder, name, content) for folder, sink in sinks.items() for name, content in sink.files.items())
    return {(folder, name): content.decode("cp932") for folder, name, content in files}


def rows(text):
    return [line.split(",") for line in text.splitlines()]


def test_a_result_may_come_in_parts(house_with, manifest):
    """At most so many records of the file each, the next with the next number; header and order as in one."""
    pattern = ('pattern = "{stem}_RESULT.CSV"', 'pattern = "{stem}_{part}.CSV"\nmost = 2')
    house = house_with((ROUTE, *pattern))
    ask(house, manifest, "linked", "refusing", "unknown", "linked", "linked")
    house.until_quiet()
    told = deliver(house)
    parts = [rows(told["out", f"P640R110_1_000{part}.CSV"]) for part in (1, 2, 3)]
    assert [[row[3] for row in part] for part in parts] == [["1", "2"], ["3", "4"], ["5"]]
    assert {len(row) for part in parts for row in part} == {279}
    assert [row[2] for row in rows(told["errors", "P640R110_1_ERROR.CSV"])] == ["refused"]


def test_parts_need_a_place_in_the_name(tmp_path):
    """Without `{part}` each would replace the one before it."""
    folder = changed(tmp_path / "config", (ROUTE, 'pattern = "{stem}_RESULT.CSV"', 'pattern = "{stem}.CSV"\nmost = 2'))
    with pytest.raises(ConfigurationError) as caught:
        load(folder)
    assert [(fault.code, fault.place.item) for fault in caught.value.faults] == [("CFG-003", "return.pattern")]


def test_an_error_list_without_errors_says_so(house_of, manifest):
    """It is there and empty, also in the place of an earlier one with rows."""
    house = house_of(LANE)
    (person,) = ask(house, manifest, "refusing")
    house.until_quiet()
    first = deliver(house)
    assert [row[1:4] for row in rows(first["errors", "P640R110_1_ERROR.CSV"])] == [["1", "refused", "SRV-012"]]
    house.server._persons.set([person], "linked")
    house.redrive(house.store.exceptions())
    house.until_quiet()
    assert deliver(house)["errors", "P640R110_1_ERROR.CSV"] == ""


def test_a_result_may_go_to_a_queue(house_with, manifest):
    """One plain message a file, with its name; delivered again it has the same id, and a lost queue is made again."""
    house = house_with((ROUTE, 'folder = "welfare-inquiry/out"', 'queue = "welfare-results"'))
    ask(house, manifest, "linked", "unknown")
    house.until_quiet()
    assert {folder for folder, _ in deliver(house)} == {"errors"}
    with house.gateway.broker.consume(["welfare-results"], prefetch=9) as consumer:
        (delivery,) = consumer.receive(9, house.worker.idle)
        consumer.acknowledge([delivery])
    message = delivery.message
    assert message.headers == {"file": "P640R110_1_RESULT.CSV"}
    assert [row[4] for row in rows(message.body.decode("cp932"))] == ["found", "not-found"]
    sink = QueueSink(house.gateway.broker, "welfare-results")
    sink.deliver("P640R110_1_RESULT.CSV", [message.body])
    with house.gateway.broker.consume(["welfare-results"], prefetch=9) as consumer:
        assert [each.message.id for each in consumer.receive(9, house.worker.idle)] == [message.id]


def test_an_inquiry_from_a_queue_is_answered_in_one(house_with, manifest):
    """A whole file as one plain message, its result as another, named after what was asked."""
    queues = (ROUTE, 'folder = "welfare-inquiry/in"', 'queue = "welfare-asks"')
    house = house_with(queues, (ROUTE, 'folder = "welfare-inquiry/out"', 'queue = "welfare-results"'))
    broker = house.gateway.broker
    source = QueueSource(broker, "welfare-asks")
    assert source.claim(1) == []
    (line, *_) = manifest.lane(LANE)[0].path.read_bytes().splitlines(keepends=True)
    broker.publish([Message(id="", lane="welfare-asks", body=line)])
    house.intake_of(house.route, source).run_once()
    house.publishing.publish_new()
    house.until_quiet()
    deliver(house)
    with broker.consume(["welfare-results"], prefetch=9) as consumer:
        (delivery,) = consumer.receive(9, house.worker.idle)
    (file,) = house.store.files(lane=LANE)
    assert delivery.message.headers == {"file": f"{file.name}_RESULT.CSV"}
    assert [row[4] for row in rows(delivery.message.body.decode("cp932"))] == ["found"]
    assert broker.depth("welfare-asks") == 0


def test_a_url_is_handed_on_and_nowhere_else(house_with, manifest):
    """In its declared column, as it came; not in the log, the ledger's rows or an exception; nothing fetches it."""
    house = house_with((PROFILE, "result_url = false", "result_url = true"), (RETURN, "", URL_ROW))
    ask(house, manifest, "by-url", "linked")
    house.until_quiet()
    (by_url, found) = rows(deliver(house)["out", "P640R110_1_RESULT.CSV"])
    assert by_url[279].startswith("https://results.invalid/")
    assert (by_url[4], by_url[8:279], found[279]) == ("found", [""] * 271, "")
    assert outcomes(house) == {("found", 2)}
    assert "results.invalid" not in repr(house.recorder.events) + repr(vars(house.store._ledger))
    assert {message.message_id for message in house.client.delivered} == {"SKI-301", "SKI-303"}


def test_a_url_that_nobody_declared_waits_for_an_operator(house_of, manifest):
    """SRV-023: it is neither lost without a word nor said to be an answer."""
    house = house_of(LANE)
    ask(house, manifest, "by-url", "linked")
    house.until_quiet()
    assert {row.record_no: (row.code, row.state.value) for row in house.store.exceptions()} == {
        1: ("SRV-023", "parked")
    }
    assert "results.invalid" not in deliver(house)["out", "P640R110_1_RESULT.CSV"]


@pytest.mark.parametrize("row", ["", URL_ROW.replace("512", "100"), URL_ROW.replace("$url", "$status")])
def test_a_profile_with_urls_asks_for_a_column_that_takes_them(tmp_path, row):
    """CFG-016 for a return table without it, or with one that is too short."""
    folder = changed(tmp_path / "config", (PROFILE, "result_url = false", "result_url = true"), (RETURN, "", row))
    with pytest.raises(ConfigurationError) as caught:
        load(folder)
    assert [(fault.code, fault.place.item) for fault in caught.value.faults] == [("CFG-016", "return.file")]


def test_numbers_inside_an_answer_become_the_systems_own(house_with, manifest):
    """Whom the system knows is told by its own number; of somebody else nothing of the answer is told."""
    own = 'folder = "welfare-inquiry/out"\nown_numbers = ["A0020"]'
    wide = (RETURN, "課税市区町村コード,X,10", "課税市区町村コード,X,15")
    house = house_with((ROUTE, 'folder = "welfare-inquiry/out"', own), wide)
    ask(house, manifest, "linked", "linked")
    house.until_quiet()
    (batch,) = house.batches()
    opened = house.gateway.sealer.open(house.store.result_of(batch.id), context=result_context(batch))
    inside, other = (answer.items["A0020"] for answer in read_answers(opened).values())
    assert inside != other
    house.links.link([LinkRow(system="welfare", atena="000000000000077", unified=inside)], now=house.clock.now())
    told = rows(deliver(house)["out", "P640R110_1_RESULT.CSV"])
    assert (told[0][0], told[0][9]) == ("1", "000000000000077")
    assert told[0][10]
    assert (told[1][0], told[1][5], set(told[1][8:])) == ("9", "IDN-015", {""})


def test_an_item_that_no_answer_has_holds_no_numbers(tmp_path):
    """A misspelt code would let every number through."""
    own = 'folder = "welfare-inquiry/out"\nown_numbers = ["A00200"]'
    folder = changed(tmp_path / "config", (ROUTE, 'folder = "welfare-inquiry/out"', own))
    with pytest.raises(ConfigurationError) as caught:
        load(folder)
    assert [(fault.code, fault.place.item) for fault in caught.value.faults] == [("CFG-006", "return.own_numbers")]
