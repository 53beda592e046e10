"""A household is seen in one version or not at all, whatever befalls one of its records."""

import re
from collections import Counter
from datetime import timedelta
from itertools import count
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.pipeline.conftest import ROOT, House
from tests.unit.pipeline.test_halts import lift, suspend
from tests.unit.pipeline.test_troubles import with_profile

from kakehashi.domain.batch import RecordState
from kakehashi.domain.halt import HaltAction
from kakehashi_simulators.legacy import generate
from kakehashi_simulators.legacy.host_text import half930
from kakehashi_simulators.legacy.packing import zoned930

LANE = "registry-household"
SIZE = 260
_STATE, _RELATION, _COUNT, _HOME, _HEAD_NAME, _SEX, _CHANGED = 16, 125, 204, 1, 11, 124, 165


class Sample:
    """The good file of the lane, taken apart: households of (group record, members)."""

    def __init__(self, content):
        records = [content[at : at + SIZE] for at in range(0, len(content), SIZE)]
        self.header, self.trailer, self.end = records[0], records[-2], records[-1]
        self.households = []
        for record in records[1:-2]:
            if record[:1] == half930("3", 1):
                self.households.append((record, []))
            else:
                self.households[-1][1].append(record)

    def file(self, households):
        body = b"".join(group + b"".join(members) for group, members in households)
        count = sum(len(members) for _, members in households)
        trailer = self.trailer[:1] + half930(f"{count:08}", 8) + self.trailer[9:]
        return self.header + body + trailer + self.end

    def of_size(self, size, skip=0):
        return [each for each in self.households if len(each[1]) == size][skip]


def put(record, at, raw):
    return record[:at] + raw + record[at + len(raw) :]


def counted(group, members):
    return put(group, _COUNT, zoned930(members, 3, signed=False))


@pytest.fixture
def sample(manifest):
    return Sample(manifest.lane(LANE)[0].path.read_bytes())


@pytest.fixture
def house(house_of):
    return house_of(LANE)


def mixed(house):
    return house.server._households()["mixed"]


def codes(house, *, states=(RecordState.REFUSED, RecordState.WAITING, RecordState.PARKED)):
    return {row.record_no: row.code for row in house.store.exceptions(states=list(states))}


def send(house, sample, households, name="SETAI1"):
    house.take(name, sample.file(households))
    house.until_quiet()


def person_of(house, member):
    return house.links.resolve("registry", [half930_text(member)])[half930_text(member)]


def half930_text(member):
    return member[1:16].decode("cp500")


def in_one_version(house):
    """The group marks of what was sent, each with how many records had it."""
    found = Counter()
    for message in house.client.delivered:
        if message.message_id in {"DBM-201", "DBM-203"}:
            found.update(re.findall(rb' group="(\d+)"', message.document))
    return found


def test_every_member_of_a_household_is_sent_in_one_version(house, sample):
    """N records, N replicas, one group mark: the sequence of the household's first record."""
    some = [sample.of_size(5), sample.of_size(1), sample.of_size(4)]
    send(house, sample, some)
    (file,) = house.store.files()
    expected = {b"%018d" % (file.before_first + first): size for first, size in ((1, 5), (6, 1), (7, 4))}
    assert in_one_version(house) == expected
    assert (house.counts.accepted, mixed(house)) == (10, [])
    assert house.server._households()["groups"] == 3


@pytest.mark.parametrize(
    ("at", "raw", "code"),
    [(_STATE, b"\xc1", "DEC-005"), (_RELATION, b"\xf8\xf8", "MAP-002"), (_SEX, b"\x40", "MAP-003")],
)
def test_one_unfit_record_holds_its_household_and_nobody_else(house, sample, at, raw, code):
    """The others say for whom they wait; a neighbouring household is accepted."""
    group, members = sample.of_size(4)
    spoilt = [*members[:2], put(members[2], at, raw), members[3]]
    send(house, sample, [(group, spoilt), sample.of_size(3)])
    assert codes(house) == {1: "HSH-001", 2: "HSH-001", 3: code, 4: "HSH-001"}
    assert codes(house, states=[RecordState.WAITING]) == {1: "HSH-001", 2: "HSH-001", 4: "HSH-001"}
    assert (house.counts.accepted, mixed(house)) == (3, [])


def test_who_is_linked_late_goes_with_the_household(house, sample):
    """One member has no number yet: nothing of the household goes; one retry of that one sends them all, once."""
    group, members = sample.of_size(5)
    key = ("registry", half930_text(members[3]))
    taken = house.links._state.links.pop(key)
    send(house, sample, [(group, members)])
    assert codes(house) == dict.fromkeys((1, 2, 3, 5), "HSH-001") | {4: "IDN-001"}
    assert house.counts.accepted == 0
    house.links._state.links[key] = taken
    (made,) = house.redrive(house.store.exceptions(code="IDN-001"))
    assert made.records == 5
    house.until_quiet()
    assert (house.counts.accepted, codes(house), mixed(house)) == (5, {}, [])
    (file,) = house.store.files()
    assert in_one_version(house) == {b"%018d" % (file.before_first + 1): 5}
    assert house.server._totals()["twice"] == 0


@pytest.mark.parametrize(("state", "code"), [("unknown", "SRV-005"), ("no-symbol", "SYM-001")])
def test_what_the_server_refuses_of_one_it_takes_of_none(house, sample, state, code):
    """The others come back as waiting for it (4018), and go with it when it can be registered."""
    group, members = sample.of_size(4)
    person = person_of(house, members[1])
    house.server._persons.set([person], state)
    send(house, sample, [(group, members), sample.of_size(2)])
    assert codes(house) == {1: "HSH-001", 2: code, 3: "HSH-001", 4: "HSH-001"}
    servers = {row.record_no: row.server_code for row in house.store.exceptions()}
    assert servers == {1: "4018", 2: {"unknown": "4003", "no-symbol": "4007"}[state], 3: "4018", 4: "4018"}
    house.server._persons.set([person], "linked")
    house.redrive(house.store.exceptions(code=code))
    house.until_quiet()
    assert (house.counts.accepted, codes(house), mixed(house)) == (6, {}, [])


def test_a_suspended_member_holds_the_household(house, sample):
    """The others stay in their one older version; all go on when the suspension is lifted and that one is retried."""
    group, members = sample.of_size(3)
    send(house, sample, [(group, members)], "SETAI1")
    person = person_of(house, members[2])
    suspend(house, person)
    newer = [put(each, _CHANGED, half930("20260701", 8)) for each in members]
    send(house, sample, [(group, newer)], "SETAI2")
    assert codes(house) == {1: "HSH-001", 2: "HSH-001", 3: "REF-013"}
    assert (house.counts.accepted, mixed(house)) == (3, [])
    lift(house, HaltAction.SUSPEND, person)
    house.redrive(house.store.exceptions(code="REF-013"))
    house.until_quiet()
    assert (house.counts.accepted, codes(house), mixed(house)) == (6, {}, [])


@pytest.mark.parametrize("known", [True, False], ids=["by the ledger", "by the server alone"])
def test_a_newer_change_of_one_makes_the_whole_older_household_stale(house, sample, known):
    """A household that was held is sent again after a member has moved: no half of it goes, and nobody waits for it."""
    group, members = sample.of_size(3)
    key = ("registry", half930_text(members[2]))
    taken = house.links._state.links.pop(key)
    send(house, sample, [(group, members)], "SETAI1")
    moved = put(members[1], _RELATION, half930("02      ", 8))
    alone = put(put(counted(group, 1), _HOME, half930("0000099999", 10)), _HEAD_NAME, moved[17:77])
    send(house, sample, [(alone, [moved])], "SETAI2")
    house.links._state.links[key] = taken
    if not known:
        house.store._ledger.replicas.clear()
    house.redrive(house.store.exceptions(code="IDN-001"))
    house.until_quiet()
    assert codes(house) == {1: "HSH-002", 2: "REF-002", 3: "HSH-002"}
    assert {row.server_code for row in house.store.exceptions(code="HSH-002")} == {None if known else "4018"}
    assert codes(house, states=[RecordState.WAITING]) == {}
    assert (house.counts.accepted, mixed(house)) == (1, [])


def test_households_between_which_somebody_moves_are_one(house, sample):
    """The member who leaves is deleted in the old household and registered in the new one: one version of both."""
    old_group, old = sample.of_size(4)
    new_group, new = sample.of_size(2)
    send(house, sample, [(old_group, old), (new_group, new)], "SETAI1")
    leaves = put(old[3], _STATE, half930("3", 1))
    arrives = put(old[3], _RELATION, half930("90      ", 8))
    after = [
        (counted(old_group, 3), [*old[:3], leaves]),
        (counted(new_group, 3), [*new, arrives]),
    ]
    spoilt = [after[0], (after[1][0], [new[0], put(new[1], _STATE, b"\xc1"), arrives])]
    send(house, sample, spoilt, "SETAI2")
    assert set(codes(house).values()) == {"HSH-001", "DEC-005"}
    assert len(codes(house)) == 7
    assert mixed(house) == []
    send(house, sample, after, "SETAI3")
    assert mixed(house) == []
    assert house.server._households()["groups"] == 3


def test_the_later_word_about_who_moves_must_be_where_he_is(house, sample):
    """Deleted in the household that stands behind the new one, he would be gone: both are held."""
    old_group, old = sample.of_size(3)
    new_group, new = sample.of_size(2)
    arrives = put(old[2], _RELATION, half930("90      ", 8))
    leaves = put(old[2], _STATE, half930("3", 1))
    files = [(counted(new_group, 3), [*new, arrives]), (counted(old_group, 2), [*old[:2], leaves])]
    send(house, sample, files)
    assert codes(house)[6] == "HSH-008"
    assert house.counts.accepted == 0


@pytest.mark.parametrize(
    ("spoil", "code", "record", "item"),
    [
        (lambda group, members: (group, [members[0], *members[:2]]), "HSH-003", 2, "続柄"),
        (lambda group, members: (counted(group, 2), members[1:]), "HSH-003", 1, "続柄"),
        (lambda group, members: (put(group, _HEAD_NAME, b"\x45\x66" * 30), members), "HSH-004", 1, "氏名"),
        (lambda group, members: (group, members[:2]), "HSH-005", 1, "household.世帯人員"),
        (
            lambda group, members: (group, [*members[:2], put(members[2], _RELATION, half930("20  20  ", 8))]),
            "HSH-006", 3, "続柄",
        ),
        (
            lambda group, members: (group, [*members[:2], put(members[2], _RELATION, half930("2002    ", 8))]),
            "HSH-006", 3, "続柄",
        ),
    ],
)  # fmt: skip
def test_a_household_that_contradicts_itself_is_refused_as_a_whole(house, sample, spoil, code, record, item):
    """Head, head's name, number of members, chain of relations: the fault stands where it is, the others wait."""
    spoilt = spoil(*sample.of_size(3))
    send(house, sample, [spoilt, sample.of_size(2)])
    found = codes(house)
    assert found.pop(record) == code
    assert set(found.values()) <= {"HSH-001"}
    assert len(found) == len(spoilt[1]) - 1
    (row,) = house.store.exceptions(code=code)
    assert row.item == item
    assert house.counts.accepted == 2


def test_a_chain_of_relations_keeps_its_order(house, sample):
    """子の子 is two steps, from the head on; the elements stand in that order."""
    group, members = sample.of_size(4)
    send(house, sample, [(group, [*members[:3], put(members[3], _RELATION, half930("205120  ", 8))])])
    (message,) = [each for each in house.client.delivered if each.message_id == "DBM-201"]
    assert b"<D0060>04</D0060><D0060>05</D0060><D0060>04</D0060>" in message.document
    assert house.counts.accepted == 4


def test_a_server_without_groups_gets_no_mark_and_no_unfit_household(house, sample):
    """What is known to be unfit holds the household; what the server alone refuses parts it, and goes later."""
    with_profile(house, groups_honoured=False)
    settling = house.worker.lanes[LANE].settling
    house.worker.lanes[LANE].ledger._settling = settling
    house.server.faults.set({"part_groups": True})
    group, members = sample.of_size(4)
    other, fit = sample.of_size(3)
    house.server._persons.set([person_of(house, members[1])], "no-symbol")
    send(house, sample, [(group, members), (other, [fit[0], put(fit[1], _STATE, b"\xc1"), fit[2]])])
    assert in_one_version(house) == {}
    assert codes(house) == {2: "SYM-001", 5: "HSH-001", 6: "DEC-005", 7: "HSH-001"}
    house.server._persons.set([person_of(house, members[1])], "linked")
    house.redrive(house.store.exceptions(code="SYM-001"))
    house.until_quiet()
    assert house.counts.accepted == 4


def test_the_check_of_the_simulator_sees_a_mixed_household(house, sample):
    """A server that takes a part of a group shows one: the new version of some beside the old one of the other."""
    house.server.faults.set({"part_groups": True})
    group, members = sample.of_size(3)
    send(house, sample, [(group, members)], "SETAI1")
    house.server._persons.set([person_of(house, members[1])], "unknown")
    newer = [*members[:2], put(members[2], _CHANGED, half930("20260701", 8))]
    send(house, sample, [(group, newer)], "SETAI2")
    assert len(mixed(house)) == 1


FATES = ["fit", "bytes", "code", "unlinked", "unknown", "no-symbol"]
_SPOILT = {"bytes": (_STATE, b"\xc1"), "code": (_RELATION, b"\xf8\xf8")}


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """One house for all examples: what befell the households before only makes it worse."""
    folder = tmp_path_factory.mktemp("households")
    manifest = generate(folder / "samples", seed=7, scale=0.05, faults=False)
    house = House(folder, LANE, ROOT / "config")
    house.link_all(manifest)
    yield house, Sample(manifest.lane(LANE)[0].path.read_bytes()), dict(house.links._state.links), count(1)
    house.close()


def befall(data, house, members):
    """The members as they are written, after each has met its fate."""
    written = []
    for member in members:
        fate = data.draw(st.sampled_from(FATES))
        if fate == "unlinked":
            house.links._state.links.pop(("registry", half930_text(member)), None)
        elif fate in ("unknown", "no-symbol"):
            house.server._persons.set([person_of(house, member)], fate)
        changed = put(member, _CHANGED, half930(f"202607{data.draw(st.integers(1, 28)):02}", 8))
        written.append(put(changed, *_SPOILT[fate]) if fate in _SPOILT else changed)
    return written


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_no_household_is_ever_mixed(town, data):
    """Whichever records fail, in whatever order of files, retries and late links: nobody ever sees a part of one."""
    house, sample, links, names = town
    chosen = [sample.of_size(4), sample.of_size(2), sample.of_size(3)]
    house.links._state.links.update(links)
    everybody = [person_of(house, member) for _, members in chosen for member in members]
    house.server._persons.set(everybody, "linked")
    households = [(group, befall(data, house, members)) for group, members in data.draw(st.permutations(chosen))]
    send(house, sample, households, f"SETAI{next(names)}")
    if data.draw(st.booleans()):
        house.links._state.links.update(links)
        house.server._persons.set(everybody, "linked")
    rows = house.store.exceptions(states=[RecordState.REFUSED, RecordState.WAITING, RecordState.PARKED])
    chance = Random(data.draw(st.integers(0, 2**16)))  # what is drawn must not depend on what befell the town before
    house.redrive(chance.sample(rows, chance.randint(0, len(rows))))
    house.until_quiet()
    house.clock.advance(timedelta(minutes=1))
    assert mixed(house) == []
    assert house.counts.adds_up
