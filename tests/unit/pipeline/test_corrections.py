"""A corrected record goes out with its own bytes and its old sequence; the first bytes stay where they were."""

import pytest
from tests.unit.pipeline.test_redrive import take, unlink

from kakehashi.codec.correcting import corrected
from kakehashi.domain.batch import BatchBody, RecordState, content_id
from kakehashi.pipeline.ledger import correction_context, record_context
from kakehashi.ports.redrive import Correction
from kakehashi_simulators.legacy.tax import write_tax
from kakehashi_simulators.legacy.town import Town

CHANGES = {"扶養親族数": "9"}


def original(house, row):
    payload = house.store.payload(row.id)
    context = record_context(house.store.batch(row.batch_id), row.record_no)
    return BatchBody.from_bytes(house.gateway.sealer.open(payload, context=context))


def correct(house, row, body):
    request = content_id("correct", row.id)
    context = correction_context(row.lane, request)
    payload = house.gateway.sealer.seal(body.to_bytes(), context=context)
    made = house.store.correct(
        row.id,
        Correction(payload=payload, items=tuple(CHANGES), config_hash=house.configuration.hash),
        request_id=request,
        reason="typo",
        actor="ito",
        now=house.clock.now(),
    )
    house.publishing.publish_new()
    return made


@pytest.fixture
def refused(house_of, manifest):
    """A lane of whose file one record was refused for want of a link, which it has by now."""
    house = house_of("tax-levy")
    relink = unlink(house)
    take(house, manifest)
    house.until_quiet()
    relink()
    return house, house.store.exceptions(code="IDN-001")[0]


def test_the_corrected_bytes_are_sent_and_the_first_ones_kept(refused):
    """The server gets the new value under the record's own sequence; the exception has the old bytes."""
    house, row = refused
    before = original(house, row)
    after = corrected(house.route.codec, before, CHANGES)
    made = correct(house, row, after)
    house.until_quiet()
    assert house.store.batch(made.id).accepted == 1
    assert original(house, row) == before
    assert after != before
    sent = [message.document for message in house.client.delivered if b"<DBM201 " in message.document][-1]
    assert b"<A0280>9<" in sent
    assert b"%018d" % (house.store.file(row.file_id).before_first + row.record_no) in sent
    assert house.server._totals()["twice"] == 0


def test_a_correction_that_is_refused_again_keeps_the_corrected_bytes(refused):
    """The new exception has what was corrected, to be corrected further; the first one still has the first bytes."""
    house, row = refused
    before = original(house, row)
    after = corrected(house.route.codec, before, {"宛名番号": "999999999999990"})
    made = correct(house, row, after)
    house.until_quiet()
    (again,) = house.store.exceptions_of(made.id)
    assert (again.state, again.code, again.record_no) == (RecordState.REFUSED, "IDN-001", row.record_no)
    assert (original(house, again), original(house, row)) == (after, before)


def test_an_older_change_that_is_corrected_never_overwrites_a_newer_one(refused, manifest, tmp_path):
    """A later file told of the same person and year meanwhile: what was corrected is superseded, and shown as such."""
    house, row = refused
    body = corrected(house.route.codec, original(house, row), CHANGES)
    write_tax(tmp_path / "LEVY0002.DAT", town=Town(manifest.seed), first=0, records=row.record_no)
    house.take("LEVY0002.DAT", (tmp_path / "LEVY0002.DAT").read_bytes())
    house.until_quiet()
    newest = dict(house.store._ledger.replicas)
    made = correct(house, row, body)
    house.until_quiet()
    (superseded,) = house.store.exceptions_of(made.id)
    assert (superseded.code, superseded.server_code) == ("REF-002", None)
    assert house.store._ledger.replicas == newest
    assert house.server._totals()["twice"] == 0
