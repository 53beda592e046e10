"""「副本削除」 A deletion of a legacy file reaches the server: with changes as DBM-201, alone as DBM-203."""

import dataclasses

import pytest

from kakehashi.domain.batch import RecordState
from kakehashi.errors import OutcomeUnknown

SIZE, OPERATION = 400, 16


def records_of(manifest):
    """(header, data records, what follows) of the tax file."""
    content = manifest.lane("tax-levy")[0].path.read_bytes()
    records = [content[at : at + SIZE] for at in range(0, len(content), SIZE)]
    return records[0], [record for record in records if record[:1] == b"2"], records[-2:]


def operation(record, code):
    return record[:OPERATION] + code + record[OPERATION + 1 :]


def packed_total(number):
    return bytes.fromhex(f"{number:015}c")


def file_of(manifest, records):
    """A whole file of these records with the right trailer; 年税額 stands packed in bytes 330 to 335."""
    header, _, (trailer, end) = records_of(manifest)
    total = sum(int(record[329:335].hex()[:-1]) for record in records)
    trailer = b"8%08d" % len(records) + packed_total(total) + trailer[17:]
    return b"".join([header, *records, trailer, end])


def registers(manifest, count):
    return [operation(record, b"1") for record in records_of(manifest)[1][:count]]


def sent(house):
    return [message for message in house.client.delivered if message.message_id.startswith(("DBM-201", "DBM-203"))]


def operations(house):
    """(person, operation) of every effect, by sequence."""
    rows = sorted(house.server.admin.actions["GET /effects"]({}), key=lambda row: row["sequence"])
    return [(row["person"], row["operation"]) for row in rows]


def test_changes_and_deletions_travel_together(house_of, manifest):
    """A mixed batch is one DBM-201; the server deletes what is to be deleted and registers the rest."""
    house = house_of("tax-levy")
    first, second, third = registers(manifest, 3)
    house.take("MIXED.DAT", file_of(manifest, [first, operation(second, b"3"), third]))
    house.until_quiet()
    assert [message.message_id for message in sent(house)] == ["DBM-201"]
    assert sent(house)[0].document.count(b"<Content>") == 2
    assert [operation for _, operation in operations(house)] == ["register", "delete", "register"]
    assert (house.counts.accepted, house.counts.received) == (3, 3)


def test_deletions_alone_are_a_message_of_their_own(house_of, manifest):
    """A batch of deletions only is a DBM-203, in the ledger too; its result is asked for by DBM-205."""
    house = house_of("tax-levy")
    house.take("DELETES.DAT", file_of(manifest, [operation(record, b"3") for record in registers(manifest, 3)]))
    house.until_quiet()
    assert [message.message_id for message in sent(house)] == ["DBM-203"]
    (batch,) = house.store.batches(house.store.files()[0].id)
    assert house.store.attempts(batch.id)[0].message_id == "DBM-203"
    assert house.store.attempts(batch.id)[-1].message_id == "DBM-205"
    assert [operation for _, operation in operations(house)] == ["delete"] * 3
    assert house.counts.accepted == 3


def test_a_deletion_is_remembered_and_overtaken_by_a_later_change(house_of, manifest):
    """Deleted, then registered again in one file: the later record wins, at the server and in the replica's state."""
    house = house_of("tax-levy")
    first, second = registers(manifest, 2)
    house.take("AGAIN.DAT", file_of(manifest, [operation(first, b"3"), first, second, operation(second, b"3")]))
    house.until_quiet()
    assert [operation for _, operation in operations(house)] == ["delete", "register", "register", "delete"]
    assert house.counts.accepted == 4
    states = {change.deleted for change in house.store._ledger.replicas.values()}
    assert states == {True, False}
    assert len(house.store._ledger.replicas) == 2


def test_a_stale_deletion_is_superseded(house_of, manifest):
    """The server holds a newer change: 4009, the deletion counts as refused with REF-002 and does nothing."""
    house = house_of("tax-levy")
    (first,) = registers(manifest, 1)
    house.server._persons.set([row.unified for row in house.links.links("tax")], "stale")
    house.take("STALE.DAT", file_of(manifest, [operation(first, b"3")]))
    house.until_quiet()
    assert [row.code for row in house.store.exceptions()] == ["REF-002"]
    assert operations(house) == []


def test_nothing_but_keys_of_a_deleted_record_is_looked_at(house_of, manifest):
    """A code that no table has does not stop a deletion: its content is not sent."""
    house = house_of("tax-levy")
    first, second = registers(manifest, 2)
    spoilt = operation(first[:194] + b"77" + first[196:], b"3")
    house.take("SPOILT.DAT", file_of(manifest, [spoilt, second]))
    house.until_quiet()
    assert house.counts.accepted == 2
    assert b"<Content>" not in sent(house)[0].document.split(b"</Record>")[0]


def test_when_only_deletions_are_left_the_message_is_one_of_deletions(house_of, manifest):
    """What is refused before sending has no say in the choice of the message."""
    house = house_of("tax-levy")
    first, second = registers(manifest, 2)
    refused = first[:194] + b"77" + first[196:]
    house.take("LEFT.DAT", file_of(manifest, [refused, operation(second, b"3")]))
    house.until_quiet()
    assert [message.message_id for message in sent(house)] == ["DBM-203"]
    assert (house.counts.accepted, house.counts.refused) == (1, 1)


@pytest.mark.parametrize("honoured", [True, False])
def test_after_an_unknown_outcome_the_message_that_was_sent_decides(house_of, manifest, honoured):
    """Whether a DBM-203 may be sent again is the profile's word about DBM-203, not about DBM-201."""
    house = house_of("tax-levy")
    work = house.worker.lanes["tax-levy"]
    messages = dict(work.conversation.profile.messages)
    messages["DBM-201"] = dataclasses.replace(messages["DBM-201"], idempotent=not honoured)
    messages["DBM-203"] = dataclasses.replace(messages["DBM-203"], idempotent=honoured)
    profile = dataclasses.replace(work.conversation.profile, messages=messages)
    conversation = dataclasses.replace(work.conversation, profile=profile)
    house.worker.lanes["tax-levy"] = dataclasses.replace(work, conversation=conversation)
    house.client.fail_before(OutcomeUnknown())
    house.take("DELETES.DAT", file_of(manifest, [operation(record, b"3") for record in registers(manifest, 2)]))
    house.work()
    house.client.recover()
    house.until_quiet()
    parked = {batch.code for batch in house.store.parked_batches()}
    assert (parked, house.counts.accepted) == ((set(), 2) if honoured else ({"SRV-003"}, 0))


def test_a_refused_deletion_can_be_retried(house_of, manifest):
    """Alone in its new batch it is a DBM-203, with the sequence of its record."""
    house = house_of("tax-levy")
    first, second = registers(manifest, 2)
    persons = [row.unified for row in house.links.links("tax")]
    house.server._persons.set(persons, "no-symbol")
    house.take("WAITS.DAT", file_of(manifest, [first, operation(second, b"3")]))
    house.until_quiet()
    waiting = house.store.exceptions(states=[RecordState.WAITING])
    assert len(waiting) == 2
    house.server._persons.set(persons, "linked")
    house.redrive(waiting)
    house.until_quiet()
    assert sorted(message.message_id for message in sent(house)) == ["DBM-201", "DBM-201", "DBM-203"]
    assert [operation for _, operation in operations(house)] == ["register", "delete"]
    assert house.counts.accepted == 2
