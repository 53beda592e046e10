"""Numbers that we issued go back to the registry: once, in its own format, whole, without a 個人番号."""

import json
from datetime import timedelta

import pytest
from tests.unit.pipeline.conftest import Recorder
from tests.unit.pipeline.persons import RESIDENTS, Hall

from kakehashi.runtime.outage import Quiet
from kakehashi.runtime.telling import tellings
from kakehashi.testing.memory_clock import MemoryClock
from kakehashi.testing.memory_files import MemorySink
from kakehashi.testing.memory_store import MemoryStore
from kakehashi.testing.store_samples import add, settle
from kakehashi.validation.individual_number_scan import find_individual_number

LINK_ONLY = '[links]\nmode = "link-only"\n'


class Registry(Hall):
    """A hall whose registry is told its numbers."""

    def __init__(self, tmp_path, links=LINK_ONLY):
        super().__init__(tmp_path, links=links)
        self.sink, self.store, self.events = MemorySink(), MemoryStore(), Recorder()
        self.telling = tellings(
            self.configuration,
            lambda _: self.sink,
            links=self.links,
            store=self.store,
            clock=self.clock,
            events=self.events,
            quiet=Quiet(MemoryClock()),
        )

    def tell(self):
        return sum(each.run_once() for each in self.telling)

    def told(self):
        """Name → (宛名番号, 団体内統合宛名番号) of its data records."""
        lines = {name: raw.decode("cp932").splitlines() for name, raw in self.sink.files.items()}
        return {
            name: [(line[1:16], line[16:31]) for line in each if line.startswith("2")] for name, each in lines.items()
        }


@pytest.fixture
def hall(tmp_path):
    return Registry(tmp_path)


def pair(hall, person):
    return hall.row(person).atena.zfill(15), hall.person("registry", person)


def test_each_number_is_told_once(hall):
    """The extract that comes again tells nothing; only what is new goes into the next file."""
    hall.register(1, 2, 3)
    assert (hall.tell(), hall.tell()) == (1, 0)
    hall.register(1, 2, 3, 4)
    assert hall.tell() == 1
    assert hall.told() == {
        "NUMBERS0001.DAT": [pair(hall, n) for n in (1, 2, 3)],
        "NUMBERS0002.DAT": [pair(hall, 4)],
    }
    header, *_, trailer = hall.sink.files["NUMBERS0001.DAT"].decode("cp932").splitlines()
    assert (header[:9], trailer[:9]) == ("120260701", "800000003")
    assert hall.events.named("numbers.returned")[0] == {
        "lane": RESIDENTS, "file": "NUMBERS0001.DAT", "records": 3,
    }  # fmt: skip


def test_no_individual_number_goes_back(hall):
    """Neither in the files nor in the events."""
    hall.register(*range(20))
    hall.tell()
    text = "".join(raw.decode("cp932") for raw in hall.sink.files.values()) + json.dumps(hall.events.events)
    assert not [number for number in hall.numbers if number in text]
    assert find_individual_number(hall.sink.files["NUMBERS0001.DAT"].decode("cp932")) is None


def test_a_number_that_the_row_brought_is_not_told(hall):
    """Its system knows it; nor are the numbers of other systems."""
    hall.register(1, unified="700000000000001")
    hall.link(hall.row(1, system="tax"))
    assert hall.tell() == 0


def test_in_pass_through_nothing_is_told(tmp_path):
    """The numbers came with the extract, or are the registry's own."""
    hall = Registry(tmp_path, '[links]\nmode = "pass-through"\nbase = "registry"\n')
    hall.register(1)
    assert hall.telling == []
    assert hall.links.number_file("registry", most=9, now=hall.clock.now()) is None


def test_what_a_crash_repeats_is_the_same(hall):
    """Written and not marked: the same name, the same bytes, though a day has passed and another number has come."""
    hall.register(1)
    marked, hall.links.mark_numbers = hall.links.mark_numbers, None
    with pytest.raises(TypeError):
        hall.tell()
    hall.links.mark_numbers = marked
    first = dict(hall.sink.files)
    hall.sink.files.clear()
    hall.clock.advance(timedelta(days=1))
    hall.register(2)
    hall.tell()
    assert hall.sink.files == first
    hall.tell()
    assert hall.told()["NUMBERS0002.DAT"] == [pair(hall, 2)]


def test_numbers_wait_for_the_end_of_the_extract(hall):
    """While batches of the lane are in work, no file is made of the beginning."""
    hall.register(1)
    _, (batch,) = add(hall.store, "R.DAT", sizes=(1,), lane=RESIDENTS)
    hall.store.mark_published({batch.id: batch.turn}, due=hall.clock.now())
    assert hall.tell() == 0
    settle(hall.store, hall.store.batch(batch.id))
    assert hall.tell() == 1


def test_a_folder_that_is_away_is_told_and_tried_again(hall):
    """Nothing is marked."""
    hall.register(1)
    hall.sink.broken = True
    assert hall.tell() == 0
    hall.sink.broken = False
    assert hall.events.named("numbers.return_failed") == [
        {"lane": RESIDENTS, "file": "NUMBERS0001.DAT", "code": "FIL-001"}
    ]
    assert hall.tell() == 1
