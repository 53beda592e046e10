"""Life events in the registry's extract: whose links, numbers and history they change, and whose they leave alone."""

import datetime as dt
from dataclasses import replace

import pytest
from tests.unit.pipeline.persons import RESIDENTS, Hall

from kakehashi.domain.link import LinkEvent, Note, residence

LINK_ONLY = '[links]\nmode = "link-only"\n'
BASE = '[links]\nmode = "pass-through"\nbase = "registry"\n'
DAY = dt.date(2026, 6, 30)
NOTE = Note("tester", "asked the registry")


@pytest.fixture
def hall(tmp_path):
    made = Hall(tmp_path, links=LINK_ONLY)
    assert made.register(*range(10)) == {}
    return made


def events(hall, person):
    return [each.event for each in hall.links.life_events([person]).get(person, ())]


def test_a_change_is_of_the_person_whom_the_number_stands_for(hall):
    """The registry knows no number that we issue: its 宛名番号 says whose 個人番号 was changed, twice as once."""
    before = hall.person("registry", 1)
    for _ in range(2):
        assert hall.register(1, number=hall.numbers[30], event="03", since="20260701") == {}
    assert hall.person("registry", 1) == before
    assert [period.cause for period in hall.links.number_periods(before)] == ["changed", ""]
    assert hall.links.conflicts() == []
    assert hall.register(11) == {}
    assert hall.person("registry", 11) == f"9{11:013d}{hall.person('registry', 11)[-1]}", "no serial was used up"


def test_a_change_to_somebody_elses_number_freezes_both(hall):
    """Declared or not: one 個人番号 has one living person."""
    assert hall.register(1, number=hall.numbers[2], event="03", since="20260701") == {0: "IDN-003"}
    assert [hall.person("registry", n) is None for n in (1, 2, 3)] == [True, True, False]


def test_a_change_in_a_first_extract_makes_the_person(hall):
    """Nobody is known under either number yet."""
    assert hall.register(20, event="03") == {}
    assert hall.register(21, event="12") == {}, "the dead of before are told of too"
    assert None not in (hall.person("registry", 20), hall.person("registry", 21))


@pytest.mark.parametrize(("code", "event"), [("11", LinkEvent.MOVED_OUT), ("12", LinkEvent.DIED)])
def test_who_moves_out_or_dies_stays_linked(hall, code, event):
    """What was before is still sent; day and time of its record are kept, once. It needs no 個人番号."""
    person = hall.person("registry", 1)
    for _ in range(2):
        assert hall.register(1, number="", event=code) == {}
    assert hall.person("registry", 1) == person
    (known,) = hall.links.life_events([person])[person]
    assert (known.event, known.since, known.recorded_at, known.system) == (event, DAY, hall.clock.now(), "registry")


def test_an_event_without_a_day_is_not_told_anew_every_night(hall):
    """It holds from the day on which it came; something else in between, and it is news again."""
    for code in ("11", "11", "04", "11"):
        assert hall.register(1, event=code, since="00000000") == {}
        hall.clock.advance(dt.timedelta(days=1))
    assert events(hall, hall.person("registry", 1)) == ["moved-out", "moved-in", "moved-out"]


def test_a_naturalised_person_is_the_same_with_another_name_and_number(hall):
    """With the same 個人番号 nothing changes but the name; another one is a declared change."""
    one, other = hall.person("registry", 1), hall.person("registry", 2)
    assert hall.register(1, event="13", person_kanji="新名　花子", person_kana="ｼﾝﾒｲ ﾊﾅｺ") == {}
    assert hall.register(2, event="13", number=hall.numbers[31], since="20260701", person_kanji="新名　太郎") == {}
    assert (hall.person("registry", 1), hall.person("registry", 2)) == (one, other)
    assert [len(hall.links.number_periods(each)) for each in (one, other)] == [1, 2]
    assert hall.link(hall.row(1, system="tax", person_kanji="新名　花子")) == {}


def test_a_non_resident_who_moves_in_stays_the_same_person(hall):
    """Another 宛名番号, the same 団体内統合宛名番号; the old number ends on the day of the move, with the reason."""
    assert hall.register(15, atena="7000000001", event="05") == {}
    (before,) = hall.links.resolve("registry", [f"{7000000001:015d}"]).values()
    for _ in range(2):
        assert hall.register(15, event="04", since="20260701") == {}
    assert hall.person("registry", 15) == before
    assert hall.links.resolve("registry", [f"{7000000001:015d}"]) == {}
    (ended,) = hall.links.periods("registry", f"{7000000001:015d}")
    assert (ended.until, ended.note.reason) == (dt.date(2026, 7, 1), "moved in, under another number")
    assert events(hall, before) == ["non-resident", "moved-in"]


def test_a_second_number_of_a_resident_does_not_end(hall):
    """Only that of a 住登外者 does, in its own system."""
    person = hall.person("registry", 1)
    assert hall.register(1, atena="7000000002") == {}
    assert hall.extract(RESIDENTS, [hall.row(1, system="tax", event="05")]) == {}
    assert hall.register(1, event="04", since="20260701") == {}
    assert len(hall.links.persons_links(person)) == 3


def test_where_the_old_number_serves_the_person_keeps_it(tmp_path):
    """Class ①: the 団体内統合宛名番号 of a 住登外者 is the first 宛名番号, also after a move-in."""
    hall = Hall(tmp_path, links=BASE)
    assert hall.register(1, atena="7000000001", event="05") == {}
    assert hall.register(1, event="04", since="20260701") == {}
    assert hall.person("registry", 1) == f"{7000000001:015d}"
    assert hall.register(1, atena="7000000003", event="13", since="20260701") == {}
    assert hall.links.resolve("registry", [f"{7000000003:015d}"]) == {f"{7000000003:015d}": f"{7000000001:015d}"}
    assert hall.register(2, event="04") == {}
    assert hall.person("registry", 2) == hall.row(2).atena.zfill(15), "of whom nobody knew before"


def test_what_other_systems_say_of_lives_links_and_no_more(hall):
    """A death in a tax file is the tax office's word: nothing is written down, no number changes."""
    assert hall.link(hall.row(1, system="tax", event="12")) == {}
    assert events(hall, hall.person("registry", 1)) == []
    assert hall.link(hall.row(1, system="tax", number=hall.numbers[33], event="03")) == {0: "IDN-009"}
    assert len(hall.links.number_periods(hall.person("registry", 1))) == 1


def test_a_release_that_names_somebody_elses_number_releases_nobody(hall):
    """The 宛名番号 is one person's, the 個人番号 another's: both are frozen, neither is gone."""
    assert hall.register(1, number=hall.numbers[2], event="22") == {0: "IDN-003"}
    assert [hall.person("registry", n) is None for n in (1, 2)] == [True, True]
    (conflict,) = hall.links.conflicts()
    assert hall.links.decide(conflict.id, take=False, note=NOTE, now=hall.clock.now())
    assert None not in (hall.person("registry", 1), hall.person("registry", 2))
    for _ in range(2):
        assert hall.register(1, number="", event="22") == {}, "the number alone says who"
    assert hall.person("registry", 1) is None


def test_an_event_of_somebody_unknown_without_a_number_is_refused(hall):
    """There is nobody whom it could be about."""
    assert hall.register(25, number="", event="12") == {0: "IDN-006"}


def test_an_older_file_that_comes_late_does_not_bring_the_dead_back(hall):
    """The day of the event counts, not the day of the file."""
    person = hall.person("registry", 1)
    hall.register(1, event="12", since="20260630")
    hall.register(1, event="04", since="20260401")
    assert residence(hall.links.life_events([person])[person]) is LinkEvent.DIED


def test_a_whole_life_in_one_extract_is_one_life(hall):
    """Registered, moved in, number changed, gone: each row counts for those after it."""
    rows = [
        hall.row(20, atena="7000000009", event="05"),
        hall.row(20, event="04", since="20260701"),
        hall.row(20, event="03", number=hall.numbers[32], since="20260701"),
        hall.row(20, event="12", number="", since="20260701"),
        hall.row(21, event="01"),
        hall.row(21, event="03", number=hall.numbers[33], since="20260701"),
    ]
    for _ in range(2):
        assert hall.extract(RESIDENTS, rows) == {}
        person = hall.person("registry", 20)
        assert [row.atena for row in hall.links.persons_links(person)] == [hall.row(20).atena.zfill(15)]
        assert events(hall, person) == ["non-resident", "moved-in", "died"]
        assert (
            len(hall.links.number_periods(person)) == len(hall.links.number_periods(hall.person("registry", 21))) == 2
        )


def test_whoever_acquires_symbols_hears_of_the_dead(hall):
    """Also where the row does not name the 個人番号: what is under way must end."""
    heard = []
    linking = replace(hall.linking(RESIDENTS), registered=heard.extend)
    rows = [hall.row(1, event="12", number=""), hall.row(2, event="11", number=""), hall.row(3, event="13", number="")]
    linking.extract(hall.decoded(RESIDENTS, rows), now=hall.clock.now(), batch_id=1, numbers=(1, 2, 3))
    assert heard == [(hall.person("registry", 1), "died"), (hall.person("registry", 2), "moved-out")]
