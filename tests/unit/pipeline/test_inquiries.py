"""However an inquiry ends, it ends once and distinctly: in the books, in the result, and in what operators see."""

import itertools
from datetime import timedelta

import pytest

from kakehashi.domain.batch import FileState, RecordState
from kakehashi.errors import OutcomeUnknown, ServerUnreachable
from kakehashi_simulators.legacy import generate

LANE, LINKS = "welfare-inquiry", "registry-persons"
STATES = ("linked", "unknown", "partial", "refusing", "no-symbol", "expired", "slow")
ENDS = ("found", "not-found", "partial", "refused", "no-symbol", "expired", "in-process")
CODES = {"refused": "SRV-012", "no-symbol": "SYM-001", "expired": "SRV-022", "in-process": "SRV-021"}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    """One for all tests of this page: they change nothing of it."""
    return generate(tmp_path_factory.mktemp("samples"), seed=7, scale=0.05, faults=False, lanes=[LINKS, LANE])


@pytest.fixture
def house(house_of):
    return house_of(LANE)


def ask(house, manifest, *states, name="P640R110_1.DAT", first=0):
    """Inquiries about as many persons, each in a state; returns their unified numbers."""
    lines = manifest.lane(LANE)[0].path.read_bytes().splitlines(keepends=True)[first : first + len(states)]
    atenas = [line.split(b",")[1].decode() for line in lines]
    persons = [house.links._state.links["welfare", atena].unified for atena in atenas]
    for person, state in zip(persons, states, strict=True):
        house.server._persons.set([person], state)
    house.take(name, b"".join(lines))
    return persons


def returned(house):
    """(result, status, code) of each row of the newest result."""
    (result,) = house.results().values()
    return [(row[0], row[4], row[5]) for row in (line.split(",") for line in result.decode("cp932").splitlines())]


def sent(house, message_id):
    return sum(message.message_id == message_id for message in house.client.delivered)


def outcomes(house):
    return {(each.outcome.value, each.records) for each in house.store.outcomes() if each.lane == LANE}


def test_each_end_is_told_apart(house, manifest):
    """Seven inquiries of one message, seven ends: in the result file, as answers in the books, or as exceptions."""
    ask(house, manifest, *STATES)
    house.until_quiet(200)
    assert outcomes(house) == {("found", 1), ("not-found", 1), ("partial", 1)}
    codes = {row.record_no: row.code for row in house.store.exceptions()}
    assert codes == {number: CODES[end] for number, end in enumerate(ENDS, start=1) if end in CODES}
    assert returned(house) == [("9" if end in CODES else "1", end, CODES.get(end, "")) for end in ENDS]
    assert (house.counts.accepted, house.counts.refused, house.counts.waiting) == (3, 2, 2)
    assert house.counts.adds_up


def test_those_in_process_hold_the_others_up_for_a_while_only(house, manifest):
    """Nothing goes back before `partly_seconds`; then what is answered does, and the rest is said to be in process."""
    ask(house, manifest, "linked", "slow")
    for _ in range(20):
        house.work()
        house.clock.advance(timedelta(seconds=10))
    assert house.counts.waiting == 2
    assert house.results() == {}
    house.until_quiet(200)
    assert returned(house) == [("1", "found", ""), ("9", "in-process", "SRV-021")]
    (file,) = house.store.files(lane=LANE)
    assert file.state is FileState.RETURNED


@pytest.mark.parametrize("together", [False, True])
def test_a_late_result_is_fetched_under_the_old_receipt(house, manifest, together):
    """What was in process is looked for again, not asked again: one SKI-301 however often, and the result is mended."""
    persons = ask(house, manifest, "linked", "slow", "unknown", "slow", "slow")
    house.until_quiet(200)
    redrive = house.redrive_together if together else house.redrive
    house.server._persons.set(persons[3:], "linked")
    redrive(house.store.exceptions(states=[RecordState.WAITING]))
    for _ in range(5):
        house.work()
        house.clock.advance(timedelta(seconds=10))
    assert house.counts.accepted == (2 if together else 4)
    house.server._persons.set(persons[1:2], "partial")
    house.until_quiet(200)
    assert sent(house, "SKI-301") == 1
    assert [status for _, status, _ in returned(house)] == ["found", "partial", "not-found", "found", "found"]
    assert (house.counts.accepted, house.counts.waiting) == (5, 0)
    assert outcomes(house) == {("found", 3), ("partial", 1), ("not-found", 1)}


def test_the_gateway_looks_again_by_itself(house, manifest):
    """A while after the result went back without it, and until it is answered: nobody has to think of it."""
    (_, slow) = ask(house, manifest, "linked", "slow")
    house.until_quiet(200)
    assert [status for _, status, _ in returned(house)] == ["found", "in-process"]
    house.clock.advance(timedelta(seconds=30))
    house.results()
    house.publishing.publish_new()
    house.server._persons.set([slow], "unknown")
    house.until_quiet()
    assert [status for _, status, _ in returned(house)] == ["found", "not-found"]
    assert sent(house, "SKI-301") == 1
    assert [order.actor for order in house.store.orders()] == ["inquiries"]


def test_what_two_messages_asked_is_looked_for_in_two(house, manifest):
    """Retried together, in process under two receipts beside one that was refused: parts, and nothing asked twice."""
    first = ask(house, manifest, "linked", "slow")
    house.until_quiet(200)
    second = ask(house, manifest, "slow", "linked", "refusing", name="P640R110_2.DAT", first=2)
    house.until_quiet(200)
    waiting = house.store.exceptions(states=[RecordState.WAITING])
    assert len(waiting) == 2
    house.server._persons.set([*first, *second], "linked")
    house.redrive_together(house.store.exceptions())
    house.work()
    house.publishing.publish_new()
    house.until_quiet(200)
    assert sent(house, "SKI-301") == 3  # the refused one is asked anew
    assert (house.counts.accepted, house.counts.refused, house.counts.waiting) == (5, 0, 0)


def test_results_are_looked_for_ever_more_rarely(house, manifest):
    """Every second at first, then after a tenth of the time waited; a server that says when is not asked before."""
    house.server.faults.set({"result_delay_seconds": 9_000_000, "silent_waits": True})
    ask(house, manifest, "linked")
    looks, begun = [], house.clock.now()
    for _ in range(1_500):
        before = sent(house, "SKI-303")
        house.work()
        if sent(house, "SKI-303") > before:
            looks.append((house.clock.now() - begun).total_seconds())
        house.clock.advance(timedelta(seconds=1))
    waits = [later - earlier for earlier, later in itertools.pairwise(looks)]
    assert looks[0] == 1
    assert {wait for at, wait in zip(looks, waits, strict=False) if at < 50} == {1}
    assert {wait for at, wait in zip(looks, waits, strict=False) if 50 <= at < 300} == {5}
    assert {wait for at, wait in zip(looks, waits, strict=False) if 300 <= at < 1200} == {30}


def cancel(house):
    """Of every batch that is under way; the overdue message is published as the scheduler does."""
    asked = [
        house.store.ask_cancel(row.id, reason="not needed", actor="tester", now=house.clock.now())
        for row in house.batches()
    ]
    house.clock.advance(timedelta(seconds=1))
    house.publishing.publish_lost()
    return asked


def wait(house, hours):
    """So many hours, an hour at a time."""
    for _ in range(hours):
        house.work()
        house.clock.advance(timedelta(hours=1))


def test_what_was_not_sent_is_never_asked(house, manifest):
    """Cancelled in the queue: no message about it leaves, and its owner reads that it was cancelled."""
    ask(house, manifest, "linked", "linked")
    assert cancel(house) == [True]
    house.until_quiet()
    assert house.client.delivered == ()
    assert returned(house) == [("9", "cancelled", "REF-017")] * 2
    assert cancel(house) == [False]


def test_what_is_answered_before_the_cancellation_counts(house, manifest):
    """Found stays found, the rest is cancelled, with one SKI-305; a second wish changes nothing."""
    ask(house, manifest, "linked", "slow", "slow")
    house.work()
    house.clock.advance(timedelta(seconds=10))
    house.work()
    assert cancel(house) == [True]
    assert cancel(house) == [True]
    house.until_quiet()
    assert sent(house, "SKI-305") == 1
    assert [status for _, status, _ in returned(house)] == ["found", "cancelled", "cancelled"]
    assert (house.counts.accepted, house.counts.refused, house.counts.waiting) == (1, 2, 0)


def test_a_result_that_was_there_is_not_lost(house, manifest):
    """The server has answered all and says 4013 to the cancellation: its results are in the books."""
    ask(house, manifest, "linked", "unknown")
    house.work()
    assert cancel(house) == [True]
    house.until_quiet()
    assert sent(house, "SKI-305") == 1
    assert outcomes(house) == {("found", 1), ("not-found", 1)}
    assert house.counts.refused == 0


@pytest.mark.parametrize("fault", ["fail_before", "fail_after"])
def test_a_cancellation_whose_answer_is_lost_is_asked_again(house, manifest, fault):
    """Unreachable, or applied and unheard: tried again until it is answered, and what was cancelled is so once."""
    house.server.faults.set({"result_delay_seconds": 3600})
    ask(house, manifest, "linked", "linked")
    house.work()
    cancel(house)
    error = ServerUnreachable() if fault == "fail_before" else OutcomeUnknown()
    getattr(house.client, fault)(error)
    for _ in range(3):
        house.work()
        house.clock.advance(timedelta(seconds=10))
    house.client.recover()
    wait(house, 3)
    assert [status for _, status, _ in returned(house)] == ["cancelled", "cancelled"]
    assert house.counts.refused == 2


def test_what_was_given_up_can_be_looked_for_or_cancelled(house, manifest):
    """In process beyond `give_up_seconds`: parked, never silent; then looked for again with its result, or ended."""
    house.server.faults.set({"result_delay_seconds": 9_000_000})
    ask(house, manifest, "linked")
    ask(house, manifest, "linked", name="P640R110_2.DAT", first=1)
    wait(house, 30)
    parked = house.store.parked_batches()
    assert [row.code for row in parked] == ["SRV-009"] * 2
    assert cancel(house) == [True, True]
    house.until_quiet()
    assert {row.code for row in house.store.exceptions()} == {"REF-017"}
    assert sent(house, "SKI-301") == 2


def test_a_late_result_after_giving_up_is_fetched(house, manifest):
    """Released by an operator, the old receipt is asked, and the answer counts."""
    house.server.faults.set({"result_delay_seconds": 9_000_000})
    ask(house, manifest, "linked")
    wait(house, 30)
    house.server.faults.set({"result_delay_seconds": 0})
    (row,) = house.store.parked_batches()
    assert house.store.decide_batch(row.id, release=True, reason="look", actor="tester", now=house.clock.now())
    house.clock.advance(timedelta(seconds=1))
    house.publishing.publish_lost()
    house.until_quiet()
    assert returned(house) == [("1", "found", "")]
    assert sent(house, "SKI-301") == 1


def test_a_message_that_expired_as_a_whole_is_asked_anew_on_purpose_only(house, manifest):
    """4012 to the poll: each of its inquiries has expired; sent again it is a new inquiry."""
    ask(house, manifest, "linked", "linked")
    house.work()
    house.server.faults.set({"result_code": "4012"})
    house.until_quiet()
    house.server.faults.reset()
    assert returned(house) == [("9", "expired", "SRV-022")] * 2
    house.redrive(house.store.exceptions())
    house.until_quiet()
    assert (sent(house, "SKI-301"), house.counts.accepted) == (3, 2)
