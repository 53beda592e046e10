"""What an extract's rows become: by mode, by event, and by how many of the four attributes agree."""

import datetime as dt

import pytest
from tests.unit.pipeline.persons import MADE, RESIDENTS, SYSTEM_PERSONS, Hall

from kakehashi.domain.link import Note
from kakehashi.pipeline.identify import WatchedLinks, identify
from kakehashi.pipeline.rematch import rematch

LINK_ONLY = '[links]\nmode = "link-only"\n'
NOTE = Note("tester", "looked at both")


@pytest.fixture
def hall(tmp_path):
    made = Hall(tmp_path, links=LINK_ONLY)
    assert made.register(*range(10)) == {}
    return made


def test_four_of_four_link(hall):
    """The number of the registry's person, issued by us, stands behind the system's."""
    assert hall.link(hall.row(1, system="tax"), hall.row(2, system="tax")) == {}
    assert hall.person("tax", 1) == hall.person("registry", 1)
    assert hall.person("tax", 1) != hall.person("tax", 2)
    assert hall.person("tax", 1).startswith("9")


def test_other_spellings_link(hall):
    """Building and prefecture left out, 旧氏 and 通称 used, kana in another width: one person."""
    known = hall.row(1).person
    _, given = known.kanji.split("\u3000")
    assert (
        hall.register(1, person_former="旧川", person_alias="通称　太郎", person_building="ハイツ橋渡２０１号室") == {}
    )
    rows = [
        hall.row(
            1, system="tax", person_address=known.address.removeprefix("架空県"), person_building="ハイツ橋渡２０１"
        ),
        hall.row(1, system="welfare", person_kanji=f"旧川　{given}", person_building=""),
        hall.row(2, system="tax", person_kanji=hall.row(2).person.kanji.replace("\u3000", "")),
    ]
    assert hall.link(*rows) == {}
    assert hall.link(hall.row(1, system="tax", atena="9", person_kanji="通称　太郎")) == {}
    assert hall.link(hall.row(1, system="tax", atena="8", person_kanji=f"他川　{given}")) == {0: "IDN-007"}


def test_three_of_four_wait_for_a_person(hall):
    """The record waits, the claim says which attribute differs; decided, the same claim is linked or refused."""
    rows = [
        hall.row(1, system="tax", person_kanji="別人　花子"),
        hall.row(2, system="tax", person_birth="19990101"),
        hall.row(3, system="tax"),
    ]
    assert hall.link(*rows) == {0: "IDN-007", 1: "IDN-007"}
    assert [hall.person("tax", n) is None for n in (1, 2, 3)] == [True, True, False]
    first, second = hall.links.reviews()
    assert [row.what.differ for row in (first, second)] == [("name",), ("birth",)]
    assert (first.what.batch_id, first.what.record_no) == (1, 1)
    hall.links.answer(first.id, link=True, note=NOTE, now=hall.clock.now())
    hall.links.answer(second.id, link=False, note=NOTE, now=hall.clock.now())
    assert hall.link(*rows) == {1: "IDN-008"}
    assert hall.person("tax", 1) == hall.person("registry", 1)
    assert hall.links.reviews() == []


def test_a_decision_is_void_when_the_registry_says_otherwise(hall):
    """It answered what was known then; of what is known now somebody is asked again."""
    row = hall.row(1, system="tax", person_kanji="別人　花子")
    hall.link(row)
    hall.links.answer(hall.links.reviews()[0].id, link=True, note=NOTE, now=hall.clock.now())
    hall.register(1, person_address="架空県橋渡市本町９－９－９")
    assert hall.link(row) == {0: "IDN-008"}, "name and address differ now"
    hall.register(1)
    assert hall.link(row) == {}


@pytest.mark.parametrize("other", [2, 7])
def test_two_or_fewer_are_refused(hall, other):
    """A family member's number, a slipped row: the person of the number is another one. Nobody is asked."""
    assert hall.link(hall.row(1, system="tax", number=hall.numbers[other])) == {0: "IDN-008"}
    assert hall.person("tax", 1) is None
    assert hall.links.reviews() == []


def test_a_person_whom_the_registry_has_not_described_is_not_linked(hall):
    """And no number is issued for them: only the registry's word makes a person."""
    assert hall.link(hall.row(20, system="tax")) == {0: "IDN-009"}
    hall.register(20)
    assert hall.link(hall.row(20, system="tax")) == {}


def test_the_registry_may_change_name_and_address_at_once_but_not_the_birthday(hall):
    """Marriage and a move on one day are ordinary; another birthday is another person, until somebody says not."""
    assert hall.register(1, person_kanji="新姓　花子", person_address="架空県橋渡市本町１－１－１") == {}
    assert hall.register(2, person_birth="20010101") == {0: "IDN-007"}
    assert hall.link(hall.row(2, system="tax")) == {}, "what the registry said before still counts"


def test_a_link_whose_system_describes_another_person_freezes(hall):
    """Nothing is sent under it until somebody decides."""
    hall.link(hall.row(1, system="tax"))
    stranger = hall.row(5, system="tax").person
    row = hall.row(1, system="tax", person_kanji=stranger.kanji, person_birth=stranger.birth)
    for _ in range(2):
        assert hall.link(row) == {0: "IDN-008"}
    assert hall.person("tax", 1) is None
    (conflict,) = hall.links.conflicts()
    assert conflict.kind == "drift"
    assert hall.links.decide(conflict.id, take=False, note=NOTE, now=hall.clock.now())
    assert hall.person("tax", 1) is not None


@pytest.mark.parametrize(("wrong", "held"), [(5, None), (6, "IDN-010")])
def test_a_file_with_too_many_mismatches_is_held(hall, wrong, held):
    """More than five in a small file: nothing of it counts, and looking at it changes nothing."""
    rows = [hall.row(n, system="tax", number=hall.numbers[n + 1 if n < wrong else n]) for n in range(9)]
    linking = hall.linking(SYSTEM_PERSONS)
    mismatches = linking.mismatches(hall.decoded(SYSTEM_PERSONS, rows), now=hall.clock.now())
    assert mismatches == wrong
    assert linking.plan.exceeded(mismatches, records=len(rows)) is (held is not None)
    assert not hall.links.reviews()
    assert hall.person("tax", 8) is None


@pytest.mark.parametrize(("records", "most"), [(1, 5), (5000, 5), (6000, 6), (10_999, 10), (3_770_000, 3770)])
def test_the_threshold_is_five_or_one_in_a_thousand(hall, records, most):
    """Whichever is more."""
    plan = hall.linking(SYSTEM_PERSONS).plan
    assert not plan.exceeded(most, records=records)
    assert plan.exceeded(most + 1, records=records)


def test_contradictions_of_a_plain_extract_count_as_mismatches(hall):
    """Without attributes too: six numbers that are other persons' hold the file."""
    rows = [hall.row(n, number=hall.numbers[n + 1]) for n in range(6)]
    assert hall.linking(RESIDENTS).mismatches(hall.decoded(RESIDENTS, rows), now=hall.clock.now()) == 6


def test_a_changed_number_keeps_the_person(hall):
    """個人番号変更: the registry declares it, the 団体内統合宛名番号 stays, the old number makes no second person."""
    before = hall.person("registry", 1)
    unified = before.zfill(15)
    changed = {"number": hall.numbers[30], "event": "03", "since": "20260701", "unified": unified}
    assert hall.extract(RESIDENTS, [hall.row(1, **changed)]) == {}
    assert [p.cause for p in hall.links.number_periods(before)] == ["changed", ""]
    assert hall.link(hall.row(1, system="tax", number=hall.numbers[30])) == {}
    assert hall.link(hall.row(1, system="welfare")) == {}, "a system that still has the old one finds the person"
    assert hall.person("tax", 1) == hall.person("welfare", 1) == before


def test_an_undeclared_other_number_freezes(hall):
    """Another 個人番号 for a person who has one, and nothing said about a change: both sides are frozen."""
    row = hall.row(1, number=hall.numbers[30], unified=hall.person("registry", 1))
    assert hall.extract(RESIDENTS, [row]) == {0: "IDN-003"}
    assert hall.person("registry", 1) is None


def test_ends_and_releases_follow_the_registry(hall):
    """A number that was ended stands for nobody; that of a released person stays taken. Twice is as once."""
    hall.link(hall.row(1, system="tax"), hall.row(2, system="tax"))
    released = hall.person("registry", 2)
    for _ in range(2):
        assert hall.extract(RESIDENTS, [hall.row(1, event="21"), hall.row(2, event="22")]) == {}
    assert [hall.person("registry", n) for n in (1, 2)] == [None, None]
    assert hall.person("tax", 1) is not None
    assert hall.person("tax", 2) is None
    assert hall.extract(RESIDENTS, [hall.row(2, number=hall.numbers[35], unified=released)]) == {0: "IDN-011"}
    hall.links.decide(hall.links.conflicts()[0].id, take=False, note=NOTE, now=hall.clock.now())
    assert hall.register(2) == {}
    assert hall.person("registry", 2) == released, "who comes back gets the same number"


def test_what_cannot_be_is_refused_by_its_code(hall):
    """A future day, an unknown event, no number at all, a number that is no 個人番号."""
    tomorrow = f"{MADE + dt.timedelta(days=1):%Y%m%d}"
    wrong = hall.numbers[9][:11] + str((int(hall.numbers[9][11]) + 1) % 10)
    rows = [hall.row(9, since=tomorrow), hall.row(9, event="99"), hall.row(9, number=""), hall.row(9, number=wrong)]
    rows.append(hall.row(9, atena=hall.numbers[9]))
    assert hall.extract(RESIDENTS, rows) == {0: "IDN-012", 1: "MAP-002", 2: "IDN-006", 3: "IDN-002", 4: "VAL-003"}


def test_an_unlinked_number_that_could_be_an_individual_number_is_not_kept(hall):
    """It is counted under a name that tells nothing, until it is linked; short numbers are kept as they are."""
    number = hall.numbers[0].zfill(15)
    watched = WatchedLinks(hall.links, hall.sealer, hall.clock)
    assert identify(watched, "tax", [number, "123"])[0] == [None, None]
    plain, name = hall.links.unlinked("tax")
    assert plain == f"{123:015d}"
    assert name.startswith("~")
    assert not any(character.isdigit() for character in name)
    assert hall.link(hall.row(1, system="tax", atena=number)) == {}
    assert list(hall.links.unlinked("tax")) == [plain]


def test_the_base_systems_numbers_serve_in_pass_through_mode(tmp_path):
    """Class ①: the existing 宛名番号 is the 団体内統合宛名番号, in every system that uses it."""
    links = '[links]\nmode = "pass-through"\nbase = "registry"\nnumbers = { tax = "registry" }\n'
    hall = Hall(tmp_path, links=links)
    assert hall.register(1) == {}
    atena = hall.row(1).atena
    assert hall.links.resolve("registry", [atena.zfill(15)]) == {atena.zfill(15): atena.zfill(15)}
    assert hall.link(hall.row(1, system="tax", atena=atena)) == {}
    assert hall.link(hall.row(1, system="welfare")) == {}
    assert hall.person("welfare", 1) == atena.zfill(15)
    plain = Hall(tmp_path)
    assert plain.register(1) == {0: "IDN-006"}, "without a base the extract has to bring the number"


@pytest.mark.parametrize("mode", ["pass-through", "link-only", "full"])
def test_address_data_are_kept_in_full_mode_alone(tmp_path, mode):
    """Sealed there; in the other modes nothing but digests is handed to the store."""
    hall = Hall(tmp_path, links=f'[links]\nmode = "{mode}"\nbase = "registry"\n')
    hall.register(1)
    (reference,) = hall.links.references([hall.person("registry", 1)]).values()
    assert (reference.sealed is not None) is (mode == "full")
    kept = reference.form + (reference.sealed.body if reference.sealed else b"")
    assert not any(text.encode(code) in kept for text in ("橋渡市", "1974") for code in ("utf-8", "cp932", "ascii")
                   if code != "ascii" or text.isascii())  # fmt: skip


def test_two_persons_alike_have_other_digests(hall):
    """Equal birthdays and sexes cannot be counted in the store: each digest is of its person."""
    one, other = (hall.links.references([hall.person("registry", n)]) for n in (1, 2))
    tokens = [set(reference.form.split(b'"')) for (reference,) in (one.values(), other.values())]
    assert {token for token in tokens[0] & tokens[1] if len(token) >= 16} == set()


def test_drift_is_found_without_any_plain_value(hall):
    """Again and again: one attribute changed, somebody is asked once; more, the link is frozen once."""
    hall.link(*(hall.row(n, system="tax") for n in range(6)))
    assert [(r.compared, r.same) for r in again(hall)] == [(6, 6)]
    hall.register(1, person_address="架空県橋渡市本町１－１－１")
    hall.register(2, person_kanji="新姓　花子", person_address="架空県橋渡市本町１－１－２")
    (first,) = again(hall)
    assert (first.same, first.asked, first.frozen, first.differ) == (4, 1, 1, {"name": 1, "address": 2})
    again(hall)
    assert len(hall.links.reviews()) == len(hall.links.conflicts()) == 1
    assert [hall.person("tax", n) is None for n in (1, 2)] == [False, True]
    hall.links.answer(hall.links.reviews()[0].id, link=True, note=NOTE, now=hall.clock.now())
    assert again(hall)[0].asked == 0


def test_forms_under_a_replaced_digest_key_are_told_as_unknown(hall):
    """Until the system and the registry have sent their extracts again."""
    hall.link(hall.row(1, system="tax"))
    hall.sealer.rotate_digest("bdigestn", b"another")
    hall.register(1)
    assert [(r.compared, r.unknown) for r in again(hall)] == [(0, 1)]
    hall.link(hall.row(1, system="tax"))
    assert [(r.compared, r.unknown) for r in again(hall)] == [(1, 0)]


def again(hall):
    return rematch(hall.links, hall.sealer, system=None, now=hall.clock.now())
