"""Whatever the server says about records, however often: each record ends once, and the sum holds."""

import re

import pytest

from kakehashi.domain.batch import RecordState

ERROR = "<Error><RecordNo>{}</RecordNo><Code>{}</Code></Error>"


def take(house, manifest, records=None):
    sample = manifest.lane(house.route.name)[0]
    content = sample.path.read_bytes()
    if records:
        content = b"".join(content.splitlines(keepends=True)[:records])
    house.take(sample.name, content)
    return records or sample.records


def rewritten(house, root, change):
    """Let the server's answers of this kind be changed on their way."""
    honest = house.client._answer

    def answer(message):
        text = honest(message).decode()
        return (change(text) if f"<{root} " in text else text).encode()

    house.client._answer = answer


def with_errors(accepted, *errors):
    block = "".join(ERROR.format(*error) for error in errors)
    return lambda text: re.sub(
        "<Accepted>.*?</Result>", f"<Accepted>{accepted}</Accepted><Errors>{block}</Errors></Result>", text
    )


@pytest.mark.parametrize(
    ("codes", "code", "state"),
    [
        (("4001", "4002"), "SRV-005", RecordState.REFUSED),
        (("4007", "4001"), "SRV-005", RecordState.REFUSED),
        (("4009", "4007"), "REF-002", RecordState.REFUSED),
        (("4007", "8888"), "SYM-001", RecordState.WAITING),
    ],
)
def test_several_errors_of_one_record_are_one(house_of, manifest, codes, code, state):
    """The server names a record twice: one exception, what goes back to the owner before what waits."""
    house = house_of("tax-levy")
    records = manifest.lane("tax-levy")[0].records
    rewritten(house, "DBM206", with_errors(records - 1, *((2, each) for each in codes)))
    take(house, manifest)
    house.until_quiet()
    (exception,) = house.store.exceptions()
    assert (exception.record_no, exception.code, exception.state) == (2, code, state)
    assert house.counts.accepted == records - 1
    assert house.store.parked_batches() == []


@pytest.mark.parametrize(
    "change",
    [
        with_errors(0, (1, "4001")),
        with_errors(9999, (1, "4001")),
        with_errors(59, (61, "4001")),
        lambda text: re.sub("<Accepted>.*?</Accepted>", "", text),
    ],
)
def test_a_count_that_is_not_ours_parks_the_batch(house_of, manifest, change):
    """Too few, too many, a record that was not sent, no count: SRV-011, and nothing counts as accepted."""
    house = house_of("tax-levy")
    rewritten(house, "DBM206", change)
    take(house, manifest)
    house.until_quiet()
    assert {batch.code for batch in house.store.parked_batches()} == {"SRV-011"}
    assert house.counts.waiting == house.counts.received


@pytest.mark.parametrize(
    "change",
    [
        lambda text: re.sub('<Answer no="2">.*?</Answer>', "", text),
        lambda text: text.replace('<Answer no="2">', '<Answer no="9">'),
        lambda text: text.replace('<Answer no="2">', '<Answer no="3">', 1),
    ],
)
def test_an_inquiry_without_its_answer_is_not_accepted(house_of, manifest, change):
    """An answer is missing, is about nobody, or there are two for one: the batch is parked, no answer is misplaced."""
    house = house_of("welfare-inquiry")
    rewritten(house, "SKI304", change)
    take(house, manifest, 4)
    house.until_quiet()
    assert house.counts.accepted == 0
    assert house.counts.waiting == 4


def test_an_inquiry_that_is_refused_and_one_in_error_count_apart(house_of, manifest):
    """Refused by the provider, waiting for a symbol, not found, found: four inquiries, four ends."""
    house = house_of("welfare-inquiry")
    lines = manifest.lane("welfare-inquiry")[0].path.read_bytes().splitlines()[:4]
    persons = [house.links._state.links["welfare", line.split(b",")[1].decode()].unified for line in lines]
    for person, state in zip(persons, ("refusing", "no-symbol", "unknown"), strict=False):
        house.server._persons.set([person], state)
    take(house, manifest, 4)
    house.until_quiet()
    assert {row.record_no: row.code for row in house.store.exceptions()} == {1: "SRV-012", 2: "SYM-001"}
    assert (house.counts.accepted, house.counts.refused, house.counts.waiting) == (2, 1, 1)
    (result,) = house.results().values()
    columns = [line.split(",") for line in result.decode("cp932").splitlines()]
    assert [(row[0], row[4], row[5]) for row in columns] == [
        ("9", "refused", "SRV-012"),
        ("9", "no-symbol", "SYM-001"),
        ("1", "not-found", ""),
        ("1", "found", ""),
    ]


def test_a_refused_question_refuses_no_record(house_of, manifest):
    """The poll itself is answered with a data error: nobody has judged the records, an operator looks at the batch."""
    house = house_of("tax-levy")
    take(house, manifest)
    house.work()
    house.server.faults.set({"result_code": "4001"})
    house.until_quiet()
    assert {batch.code for batch in house.store.parked_batches()} == {"SRV-006"}
    assert house.store.exceptions() == []
    house.server.faults.reset()
    for batch in house.store.parked_batches():
        house.store.decide_batch(batch.id, release=True, reason="mended", actor="tester", now=house.clock.now())
    house.publishing.publish_lost()
    house.until_quiet()
    assert house.counts.accepted == house.counts.received
    assert house.server._totals()["twice"] == 0


def test_a_message_refused_as_a_whole_judges_no_record_that_it_did_not_hold(house_of, manifest):
    """Refused before sending stays refused, also when its link comes in between; what was sent is parked."""
    house = house_of("tax-levy")
    key = next(key for key in house.links._state.links if key[0] == "tax")
    unified = house.links._state.links.pop(key)
    honest = house.client._answer

    def answer(message):
        house.links._state.links[key] = unified
        return honest(message)

    house.client._answer = answer
    house.server.faults.set({"result_code": "4002"})
    records = take(house, manifest)
    house.until_quiet()
    states = {row.record_no: (row.code, row.state) for row in house.store.exceptions()}
    unlinked = [number for number, (code, _) in states.items() if code == "IDN-001"]
    assert len(states) == records == house.counts.refused + house.counts.waiting
    assert (house.counts.refused, house.counts.sent) == (len(unlinked), records - len(unlinked))
    assert {state for code, state in states.values() if code != "IDN-001"} == {RecordState.PARKED}


def test_a_released_batch_leaves_out_what_was_refused_before(house_of, manifest):
    """Parked after its refusals were written, released when the link is there: the same records go out as before."""
    house = house_of("tax-levy")
    key = next(key for key in house.links._state.links if key[0] == "tax")
    unified = house.links._state.links.pop(key)
    house.server.faults.set({"result_code": "5001"})
    records = take(house, manifest)
    house.until_quiet()
    unlinked = house.store.exceptions(code="IDN-001")
    assert unlinked
    house.links._state.links[key] = unified
    house.server.faults.reset()
    for batch in house.store.parked_batches():
        house.store.decide_batch(batch.id, release=True, reason="mended", actor="tester", now=house.clock.now())
    house.publishing.publish_new()
    house.until_quiet()
    assert house.store.parked_batches() == []
    assert (house.counts.accepted, house.counts.refused) == (records - len(unlinked), len(unlinked))
    house.redrive(unlinked)
    house.until_quiet()
    assert house.counts.accepted == records
    assert house.server._totals()["twice"] == 0


def test_a_record_with_several_faults_counts_once(house_of, manifest):
    """Three items wrong in one record: one exception with the first fault, its neighbours are accepted."""
    house = house_of("welfare-inquiry")
    lines = manifest.lane("welfare-inquiry")[0].path.read_bytes().splitlines(keepends=True)[:3]
    fields = lines[1].split(b",")
    fields[3], fields[9], fields[14] = b"2026-07-01 090000", b"x" * 16, b"8"
    house.take("P640R110_2.DAT", b"".join([lines[0], b",".join(fields), lines[2]]))
    house.until_quiet()
    (exception,) = house.store.exceptions()
    assert (exception.record_no, exception.code) == (2, "DEC-005")
    assert (house.counts.accepted, house.counts.refused, house.counts.sent) == (2, 1, 2)
