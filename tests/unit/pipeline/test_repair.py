"""「修復」 What a reconciliation found goes out again through the ledger, and a second reconciliation finds nothing."""

import io
from contextlib import closing
from datetime import timedelta

import pytest
from tests.unit.pipeline.test_deletes import file_of, operation, operations, registers, sent
from tests.unit.pipeline.test_orders import foresight

from kakehashi.domain.batch import BatchBody, BatchState, FileState
from kakehashi.errors import InputError
from kakehashi.pipeline.reconciling import Difference, Kind, differences
from kakehashi.pipeline.repairing import RepairPlan
from kakehashi.runtime.reconciliation import Originals, accepted, at_server
from kakehashi.runtime.repair import Repair
from kakehashi.runtime.server_side import open_conversation

MINUTE = timedelta(minutes=1)


class Desk:
    """An operator with an extract, at a gateway in memory."""

    def __init__(self, house, folder):
        self.house, self.folder = house, folder
        self.name = house.route.standard.info_name

    def reconciled(self, content, repair):
        """(differences, plan, the records that would go again)."""
        house = self.house
        conversation = open_conversation(
            house.configuration,
            house.route,
            endpoint=house.gateway.endpoint,
            clock=house.clock,
            schemas=house.gateway.schemas,
        )
        with closing(Originals(house.route, house.links, self.folder)) as extract:
            extract.read(io.BytesIO(content), "FULL.DAT")
            plan = RepairPlan(is_newer=repair.is_newer, complete=not extract.faults)
            found = list(
                differences(
                    accepted(house.store, self.name),
                    originals=extract,
                    server=at_server(conversation, house.configuration.profile),
                    in_flight=house.store.replicas_in_flight(self.name),
                )
            )
            for row in found:
                plan.add(row)
            return found, plan, list(extract.bodies(io.BytesIO(content), plan.again))

    def repair(self, taken=None):
        house = self.house
        return Repair(
            route=house.route,
            spool=house.gateway.spool,
            store=house.store,
            sealer=house.gateway.sealer,
            clock=house.clock,
            config_hash=house.configuration.hash,
            taken=taken or house.clock.now(),
        )

    def mend(self, content, *, withdraw=False):
        """Repair by the extract; what was found and what went out."""
        repair = self.repair()
        repair.check_lane()
        found, plan, bodies = self.reconciled(content, repair)
        files = [repair.again("FULL.DAT", bodies)] if bodies else []
        if withdraw:
            files.append(repair.withdraw("FULL.DAT", plan.surplus))
        repair.release(files, reason="they had lost some", actor="tester")
        self.house.publishing.publish_new()
        self.house.until_quiet()
        return found, files


@pytest.fixture
def desk(house_of, tmp_path):
    return Desk(house_of("tax-levy"), tmp_path)


def lose(desk, persons):
    """The server forgets some replicas."""
    connection = desk.house.server._account.connection
    for person in persons:
        assert connection.execute("DELETE FROM effects WHERE person = ?", (person,)).rowcount


def test_a_second_reconciliation_finds_nothing(desk, manifest):
    """Missing, other, never sent, too many: after the repair originals, ledger and server are one."""
    house, records = desk.house, registers(manifest, 12)
    house.take("LEVY.DAT", file_of(manifest, records[:10]))
    house.until_quiet()
    persons = [row.person for row in house.store.replicas(desk.name)]
    lose(desk, persons[3:5])
    replicas = house.store._ledger.replicas
    for key in [key for key in replicas if key[0] in persons[5:7]]:
        replicas[key] = replicas[key]._replace(digest=bytes(32))
    house.clock.advance(MINUTE)
    full = file_of(manifest, records[1:])
    found, files = desk.mend(full, withdraw=True)
    kinds = [row.kind for row in found]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        Kind.SURPLUS: 1,
        Kind.NOT_AT_SERVER: 2,
        Kind.OUTDATED: 2,
        Kind.NOT_ACCEPTED: 2,
    }
    assert [(file.records, file.code) for file in files] == [(6, "REF-009"), (1, "REF-009")]
    assert sorted(message.message_id for message in sent(house)) == ["DBM-201", "DBM-201", "DBM-203"]
    assert desk.reconciled(full, desk.repair())[0] == []
    assert house.counts.adds_up
    assert house.counts.waiting == 0
    (decision,) = house.store.decisions(files[0].id)
    assert (decision.action, decision.reason, decision.actor) == ("release", "they had lost some", "tester")


def test_without_being_asked_nothing_is_deleted(desk, manifest):
    """What the extract has not stays at the server, and is found again."""
    house, records = desk.house, registers(manifest, 4)
    house.take("LEVY.DAT", file_of(manifest, records[:3]))
    house.until_quiet()
    house.clock.advance(MINUTE)
    full = file_of(manifest, records[1:])
    desk.mend(full)
    assert [row.kind for row in desk.reconciled(full, desk.repair())[0]] == [Kind.SURPLUS]
    assert [operation for _, operation in operations(house)] == ["register"] * 4


def test_the_owner_hears_of_a_repair_but_not_of_a_withdrawal(desk, manifest):
    """A repair is a file of records of theirs; a withdrawal holds none, and has no result."""
    house, records = desk.house, registers(manifest, 3)
    house.take("LEVY.DAT", file_of(manifest, records[:2]))
    house.until_quiet()
    house.clock.advance(MINUTE)
    _, files = desk.mend(file_of(manifest, records[1:]), withdraw=True)
    assert set(house.results()) == {"LEVY.RES", f"FULL-repair{files[0].id}.RES"}
    assert [house.store.file(file.id).state for file in files] == [FileState.RETURNED] * 2


@pytest.mark.parametrize(("count", "again"), [(1, "redrive"), (2, "redrive_together")])
def test_a_withdrawal_that_was_refused_can_be_tried_again(desk, manifest, count, again):
    """The server refuses some keys; they are foreseen, sent again and accepted like any other record."""
    house, records = desk.house, registers(manifest, 3)
    house.take("LEVY.DAT", file_of(manifest, records))
    house.until_quiet()
    persons = [row.person for row in house.store.replicas(desk.name)]
    states = house.server.admin.actions["POST /persons"]
    states({"unknown": persons[:count]})
    house.clock.advance(MINUTE)
    repair = desk.repair()
    file = repair.withdraw("FULL.DAT", [(row.person, row.unit) for row in house.store.replicas(desk.name)])
    repair.release([file], reason="r", actor="tester")
    house.publishing.publish_new()
    house.until_quiet()
    refused = house.store.exceptions(lane="tax-levy")
    found = [(row.file_id, row.record_no, row.server_code) for row in refused]
    assert found == [(file.id, number, "4003") for number in range(1, count + 1)]
    assert all(foresight(house).of(row).goes for row in refused)
    states({"linked": persons[:count]})
    (made,) = getattr(house, again)(refused)
    assert made.records == count
    house.until_quiet()
    assert sorted(operation for _, operation in operations(house)) == ["delete"] * 3 + ["register"] * 3
    assert list(house.store.replicas(desk.name)) == []


def test_a_newer_change_is_left_alone(desk, manifest):
    """What came after the extract was taken is not overwritten by it, however different."""
    house, records = desk.house, registers(manifest, 2)
    taken = house.clock.now()
    house.clock.advance(MINUTE)
    house.take("LEVY.DAT", file_of(manifest, [records[0], operation(records[1], b"3")]))
    house.until_quiet()
    replicas = house.store._ledger.replicas
    for key, row in replicas.items():
        replicas[key] = row._replace(digest=bytes(32))
    found, plan, bodies = desk.reconciled(file_of(manifest, records), desk.repair(taken))
    assert [row.kind for row in found] == [Kind.OUTDATED, Kind.NOT_ACCEPTED]
    assert plan.newer == 1
    assert len(bodies) == 1


def test_nothing_newer_that_is_not_settled_can_be_overtaken(desk, manifest):
    """A file in work that came after the extract stops a repair before it begins, and before its release."""
    house, records = desk.house, registers(manifest, 3)
    content, repair = file_of(manifest, records), desk.repair()
    repair.check_lane()
    held = repair.again("FULL.DAT", [BatchBody(content[:400], records[0])])
    house.clock.advance(MINUTE)
    house.take("LEVY.DAT", content)
    for refused in (repair.check_lane, lambda: repair.release([held], reason="r", actor="tester")):
        with pytest.raises(InputError) as caught:
            refused()
        assert (caught.value.fault.code, caught.value.fault.facts["number"]) == ("REF-010", 1)
    assert house.store.file(held.id).state is FileState.HELD
    assert {row.state for row in house.store.batches(held.id)} == {BatchState.PARKED}
    house.until_quiet()
    repair.release([held], reason="r", actor="tester")
    assert house.store.file(held.id).state is FileState.WORKING


def test_a_newer_record_that_waits_for_a_decision_stops_a_repair(desk, manifest):
    """Corrected later it would be older than the repair, and count no more."""
    house, records = desk.house, registers(manifest, 3)
    repair = desk.repair()
    house.clock.advance(MINUTE)
    house.take("LEVY.DAT", file_of(manifest, [records[0], records[1][:16] + b"12O26" + records[1][21:]]))
    house.until_quiet()
    with pytest.raises(InputError) as caught:
        repair.check_lane()
    (refused,) = house.store.exceptions(lane="tax-levy")
    assert caught.value.fault.facts["files"] == f"F{refused.file_id}"
    house.store.discard([refused.id], reason="r", actor="tester", now=house.clock.now())
    repair.check_lane()


def test_a_withdrawal_says_so_outside_the_bytes():
    """Nothing that a file holds, header or record, reads as a withdrawal."""
    for header in (b"", b"x" * 400, b"\xff" * 5):
        body = BatchBody(header, b'["1", "2"]')
        assert BatchBody.from_bytes(body.to_bytes()) == body
        other = BatchBody(header, b'["1", "2"]', withdrawal=True)
        assert BatchBody.from_bytes(other.to_bytes()) == other
        assert not BatchBody.from_bytes(body.to_bytes()).withdrawal


@pytest.mark.parametrize(
    ("row", "complete", "expected"),
    [
        ({"kind": Kind.NOT_ACCEPTED, "record": 7}, True, {"again": {7}}),
        ({"kind": Kind.OUTDATED, "record": 7, "accepted": 1}, False, {"again": {7}}),
        ({"kind": Kind.SURPLUS, "accepted": 1}, True, {"surplus": [("1", "2026")]}),
        ({"kind": Kind.SURPLUS, "accepted": 1}, False, {"unclear": 1}),
        ({"kind": Kind.ONLY_AT_SERVER, "server": 1}, True, {"surplus": [("1", "2026")]}),
        ({"kind": Kind.NOT_AT_SERVER, "record": 7, "accepted": 1}, True, {"again": {7}}),
        ({"kind": Kind.OTHER_AT_SERVER, "record": 7, "accepted": 1, "server": 9_000_000_001}, True, {"newer": 1}),
        ({"kind": Kind.SURPLUS, "accepted": 9_000_000_001}, True, {"newer": 1}),
        ({"kind": Kind.SURPLUS, "accepted": 1, "in_flight": True}, True, {"in_flight": 1}),
    ],
)
def test_what_becomes_of_a_difference(row, complete, expected):
    """Sent again, withdrawn, or left: newer, on its way, or unclear where the extract could not be read as a whole."""
    given = {"person": "1", "unit": "2026", "record": None, "accepted": None, "server": None, "in_flight": False} | row
    plan = RepairPlan(is_newer=lambda sequence: sequence >= 9_000_000_000, complete=complete)
    plan.add(Difference(**given))
    told = {
        "again": plan.again,
        "surplus": list(plan.surplus),
        "in_flight": plan.in_flight,
        "newer": plan.newer,
        "unclear": plan.unclear,
    }
    assert {name: value for name, value in told.items() if value} == expected


def test_a_household_is_repaired_whole_or_left_alone():
    """Of a household with a difference all records go again; none where one is newer or on its way."""
    plan = RepairPlan(is_newer=lambda _: False, complete=True, again={2, 5, 9}, left={6})
    plan.keep_households([[1, 2, 3], [4, 5, 6], [7, 8], [9]])
    assert (plan.again, plan.newer) == ({1, 2, 3, 9}, 1)
