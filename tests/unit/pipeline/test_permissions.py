"""An inquiry without a row in the permission table is refused before anything is sent."""

import pytest

from kakehashi.interface.profile_rules import Permission
from kakehashi.pipeline.permission import unpermitted

ROW = Permission("99990002", "JM99000000000002", "JT99000000000003", "TM99000000000001")
OTHER = Permission("99990001", "JM99000000000001", "JT99000000000001", "TM99000000000004")
NAMES = ("RequesterDepartment", "AffairCode", "ProcedureCode", "InfoName")


def content(row):
    values = dict(zip(NAMES, row, strict=True))
    order = ("AffairCode", "ProcedureCode", "InfoName", "RequesterDepartment")
    return "".join(f"<{name}>{values[name]}</{name}>" for name in order) + "<ConditionType>1</ConditionType>"


def test_a_row_of_the_table_permits():
    """All four parts as one row says them."""
    assert unpermitted({ROW, OTHER}, content(ROW)) is None


@pytest.mark.parametrize("part", range(4))
def test_each_part_must_be_permitted_with_the_ones_before_it(part):
    """REF-004 names the first element with which no row goes on, also where the value stands in another row."""
    for wrong in ("", "x", "&lt;", OTHER[part]):
        mixed = [*ROW]
        mixed[part] = wrong
        fault = unpermitted({ROW, OTHER}, content(mixed))
        assert fault is not None
        assert fault.code == "REF-004"
        assert fault.place.item == (NAMES[part] if part or wrong != OTHER[0] else NAMES[1])


def test_an_empty_table_permits_nothing():
    """The default is to refuse; so does an inquiry that lacks an element."""
    assert unpermitted(frozenset(), content(ROW)).place.item == "RequesterDepartment"
    assert unpermitted({ROW}, "<AffairCode>JM99000000000002</AffairCode>").code == "REF-004"


def test_an_inquiry_without_permission_is_never_sent(house_of, manifest):
    """Its record goes back with REF-004; its neighbours are asked, and the server never sees it."""
    house = house_of("welfare-inquiry")
    lines = manifest.lane("welfare-inquiry")[0].path.read_bytes().splitlines(keepends=True)[:4]
    lines[1] = lines[1].replace(b"JM99000000000002", b"JM99000000000001")
    house.take("P640R110_1.DAT", b"".join(lines))
    house.until_quiet()
    (refused,) = house.store.exceptions()
    assert (refused.record_no, refused.code, refused.item, refused.server_code) == (2, "REF-004", "AffairCode", None)
    assert (house.counts.accepted, house.counts.refused, house.counts.sent) == (3, 1, 3)
    assert not any(b"JM99000000000001" in message.document for message in house.client.delivered)
    assert b"REF-004" in next(iter(house.results().values()))


def test_replicas_need_no_permission(house_of, manifest):
    """The table is about inquiries: registering one's own data is not in it."""
    import dataclasses

    house = house_of("tax-levy")
    work = house.worker.lanes["tax-levy"]
    profile = dataclasses.replace(work.conversation.profile, permissions=frozenset())
    conversation = dataclasses.replace(work.conversation, profile=profile)
    house.worker.lanes["tax-levy"] = dataclasses.replace(work, conversation=conversation)
    sample = manifest.lane("tax-levy")[0]
    house.take(sample.name, sample.path.read_bytes())
    house.until_quiet()
    assert house.counts.accepted == sample.records
