"""What befalls persons goes to the systems that subscribe: once, in order, in their own format, nothing undisclosed."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.pipeline.subscribers import Told

from kakehashi.domain.link import Note
from kakehashi.runtime.notifying import Forgetting
from kakehashi.validation.individual_number_scan import find_individual_number
from kakehashi_simulators.legacy.residents import RESIDENTS

LINK_ONLY = '[links]\nmode = "link-only"\n'
CLASS_1 = '[links]\nmode = "pass-through"\nbase = "registry"\nnumbers = { tax = "registry", welfare = "registry" }\n'


@pytest.fixture
def hall(tmp_path):
    """Persons 1 to 3 are linked in tax; what was told of them before is over."""
    made = Told(tmp_path)
    made.register(1, 2, 3, 4)
    made.link(*(made.row(n, system="tax") for n in (1, 2, 3)))
    return made


def what(hall, system="tax"):
    return [(atena, event, day) for atena, event, day, *_ in hall.told(system)]


def test_a_move_and_a_death_are_told_once_in_order(hall):
    """In the extract of every night they stand again; who has no number in the system is not told."""
    for _ in range(3):
        hall.register(1, 4, event="11", since="20260620")
        hall.register(1, 4, event="12", since="20260625")
        hall.tell()
    assert what(hall) == [(hall.number(1), "moved-out", "20260620"), (hall.number(1), "died", "20260625")]
    assert [notice[5] for notice in hall.told()] == ["0000000001", "0000000002"]


def test_another_address_is_told_with_what_the_row_brings(hall):
    """Name and address in the layout and charset of the system; an old address is not told again."""
    address = "北海道札幌市中央区北三条西六丁目"
    hall.register(1, person_address=address)
    hall.register(1, person_address=address)
    hall.tell()
    (notice,) = hall.told()
    assert notice[:5] == (hall.number(1), "described", "20260630", "open", "")
    assert notice[6:] == (hall.row(1).person.kanji.replace(" ", "　"), address)
    assert hall.events.named("notices.written") == [
        {"system": "tax", "file": "NOTICE000001.DAT", "records": 1, "degraded": 0, "unfit": 0}
    ]


@pytest.mark.parametrize(("code", "word"), [("1", "withheld"), ("2", "withheld"), ("9", "unknown"), ("", "unknown")])
def test_an_address_that_is_not_known_to_be_open_is_not_told(hall, code, word):
    """The event is, and what it is about; also when the person was open before, or is open again afterwards."""
    secret = "青森県青森市長島一丁目一番"
    hall.register(1, person_address=secret, disclosure=code)
    hall.tell()
    hall.register(1, person_address=secret)
    hall.tell()
    first, second = hall.told()
    assert (first[1], first[3], first[6:]) == ("described", word, ("", ""))
    assert (second[1], second[3], second[7]) == ("described", "open", secret)


def test_what_waits_when_a_person_comes_under_protection_is_not_told_any_more(hall):
    """Written or not: only the moment of writing counts. A code that no table explains is not open either."""
    hall.register(1, person_address="青森県青森市長島一丁目一番")
    hall.register(1, person_address="青森県青森市長島一丁目一番", disclosure="7")
    hall.tell()
    assert [notice[3:4] + notice[6:] for notice in hall.told()] == [("unknown", "", "")] * 2


def test_each_system_is_told_under_its_own_numbers(tmp_path):
    """Those that use the registry's numbers under these."""
    hall = Told(tmp_path, CLASS_1, systems=("tax", "welfare"), events='["died"]')
    hall.register(1, 2)
    hall.register(1, event="12", since="20260625")
    hall.tell()
    died = [(hall.number(1, "registry"), "died", "20260625")]
    assert (what(hall), what(hall, "welfare")) == (died, died)


def test_a_folder_that_fails_holds_nobody_else(tmp_path):
    """Its notices wait in order; when it is back they go, each once."""
    hall = Told(tmp_path, CLASS_1, systems=("tax", "welfare"), most=1)
    hall.register(1)
    hall.sinks["tax"].broken = True
    hall.register(1, event="11", since="20260620")
    hall.tell()
    hall.register(1, event="12", since="20260625")
    hall.tell()
    expected = [(hall.number(1, "registry"), event, day) for event, day in
                (("linked", "20260630"), ("moved-out", "20260620"), ("died", "20260625"))]  # fmt: skip
    assert what(hall, "welfare") == expected
    assert hall.told() == []
    assert hall.events.named("notices.failed")[0] == {"system": "tax", "code": "FIL-001"}
    hall.sinks["tax"].broken = False
    hall.tell()
    hall.tell()
    assert what(hall) == expected


def test_a_folder_that_nobody_empties_is_filled_to_its_limit(tmp_path):
    """Then no file is made until one is taken; the books say how long the system is behind."""
    hall = Told(tmp_path, CLASS_1, most=1, most_untaken=2)
    hall.register(1, 2, 3, 4)
    assert hall.tell() == 2
    (behind,) = hall.links.behind(["tax"])
    assert (behind.pending, behind.unwritten, behind.untaken) == (2, 0, 2)
    assert behind.oldest < hall.clock.now() - timedelta(seconds=15)
    del hall.sinks["tax"].files["NOTICE000001.DAT"]
    assert hall.tell() == 1
    assert sorted(hall.sinks["tax"].files) == ["NOTICE000002.DAT", "NOTICE000003.DAT"]
    assert hall.links.notice_lines("tax")[-1].taken_at is not None


def test_what_a_crash_repeats_is_the_same(hall):
    """Written and not marked: the same name, the same bytes, though a day has passed and more has come."""
    hall.register(1, event="12")
    marked, hall.links.mark_notices = hall.links.mark_notices, None
    with pytest.raises(TypeError):
        hall.tell()
    hall.links.mark_notices = marked
    first = dict(hall.sinks["tax"].files)
    hall.clock.advance(timedelta(days=1))
    hall.register(2, event="12")
    hall.tell()
    assert {name: raw for name, raw in hall.sinks["tax"].files.items() if name in first} == first
    assert what(hall) == [(hall.number(n), "died", "20260630") for n in (1, 2)]


def test_an_extract_that_a_crash_repeats_tells_nothing_twice(hall):
    """Two addresses of one person in a batch: neither comes again."""
    rows = [
        replace(hall.row(1), person=replace(hall.row(1).person, address=each))
        for each in ("東京都港区一", "東京都港区二")
    ]
    hall.extract(RESIDENTS, rows, batch_id=900)
    hall.extract(RESIDENTS, rows, batch_id=900)
    hall.tell()
    assert [notice[7] for notice in hall.told()] == ["東京都港区一", "東京都港区二"]


@pytest.mark.parametrize("event", ["21", "22"])
def test_an_end_is_told_also_when_it_was_carried_out_before_a_crash(tmp_path, event):
    """The number stands for nobody then; who is told follows from its history."""
    hall = Told(tmp_path, CLASS_1)
    hall.register(1)
    told = hall.links.note_changes
    hall.links.note_changes = lambda *_, **__: (_ for _ in ()).throw(TimeoutError)
    with pytest.raises(TimeoutError):
        hall.extract(RESIDENTS, [hall.row(1, event=event)], batch_id=7)
    hall.links.note_changes = told
    hall.extract(RESIDENTS, [hall.row(1, event=event)], batch_id=7)
    hall.tell()
    assert [notice[1] for notice in hall.told()] == ["linked", {"21": "ended", "22": "released"}[event]]


def test_a_character_without_a_code_leaves_out_the_address_and_not_the_notice(hall):
    """Neighbours are whole; the system sees why."""
    rows = hall.decoded(RESIDENTS, [hall.row(1, event="12"), hall.row(2, event="12")])
    names = hall.configuration.routes[RESIDENTS].link.attributes.names
    position, values = rows[0]
    rows[0] = position, tuple("𠮷野 一郎" if at == names[0] else each for at, each in enumerate(values))
    hall.linking(RESIDENTS).extract(rows, now=hall.clock.now(), batch_id=800, numbers=[1, 2])
    hall.tell()
    first, second = hall.told()
    assert (first[1], first[4], first[6:]) == ("died", "DEC-023", ("", ""))
    assert (second[1], second[4], second[6]) == ("died", "", hall.row(2).person.kanji)
    assert hall.events.named("notices.unfit")[0]["record"] == 1


def test_no_individual_number_is_told(hall):
    """Not even when it is what has changed."""
    hall.register(1, event="03", number=hall.numbers[20], since="20260701")
    hall.tell()
    (raw,) = hall.sinks["tax"].files.values()
    assert [notice[1] for notice in hall.told()] == ["changed"]
    assert not [number for number in hall.numbers if number.encode() in raw]
    assert find_individual_number(raw.decode("cp932").replace("\r\n", " ")) is None


def test_in_link_only_mode_nothing_of_an_address_is_kept_when_it_was_told(tmp_path):
    """The notice carries what the change itself brought; afterwards the store has nothing to write it from again."""
    hall = Told(tmp_path, LINK_ONLY)
    hall.register(1)
    hall.link(hall.row(1, system="tax"))
    hall.register(1, person_address="東京都港区三")
    forgetting = Forgetting(links=hall.links, clock=hall.clock, keep=timedelta(0))
    assert forgetting.run_once() == 0
    hall.tell()
    assert [notice[7] for notice in hall.told()] == ["東京都港区三"]
    hall.clock.advance(timedelta(minutes=1))
    assert forgetting.run_once() == 1
    assert not hall.links.write_again("tax", 1, note=Note("tester", "lost"))


def test_files_are_made_in_the_rhythm_of_the_subscription(tmp_path):
    """What comes in between goes together into the next one."""
    hall = Told(tmp_path, CLASS_1)
    settings = hall.notifying[0].subscription.settings
    slow = replace(hall.notifying[0].subscription, settings=settings.model_copy(update={"every_seconds": 60}))
    hall.notifying[0].subscription = slow
    for person in (1, 2, 3):
        hall.register(person)
        hall.tell()
    hall.clock.advance(timedelta(seconds=60))
    hall.tell()
    assert [len(hall.sinks["tax"].files[name].splitlines()) - 2 for name in sorted(hall.sinks["tax"].files)] == [1, 2]
