"""Other bodies inquire at the simulated server; what is blocked waits for the holder's decision."""

import pytest
from tests.unit.validation.samples import OTHER_ID, SCHEMAS, message

from kakehashi_simulators.intermediate_server import IntermediateServer, options
from kakehashi_simulators.message import read_message
from kakehashi_simulators.server import ServerSettings

HANA, TARO, JIRO = (f"{number:015d}" for number in (1, 2, 3))
INFO = "TM99000000000001"


@pytest.fixture
def server(tmp_path):
    made = IntermediateServer(tmp_path, SCHEMAS, ServerSettings(result_delay_seconds=0.0), options())
    made.clock.source = lambda: 1_800_000_000.0
    with made._account.transaction() as connection:
        connection.executemany(
            "INSERT INTO effects (person, info, unit, sequence, operation, request) VALUES (?, ?, '2026', '1', ?, 0)",
            [(HANA, INFO, "register"), (TARO, INFO, "register"), (JIRO, INFO, "delete")],
        )
        connection.execute("INSERT INTO blocked VALUES (?, ?, '2026', '1', 1)", (HANA, INFO))
    yield made
    made.close()


def inquired(server, *persons, **how):
    return server._provisions.inquire({"persons": list(persons), "info": INFO, **how})


def said(server, body, *, request="a", kind="TKY-403"):
    document = message(kind, body).decode().replace("abcdefghijklmnop" * 2, request * 32)
    answer = read_message(server._messages.answer(document.encode()))
    return answer.texts("k:Result/k:Code")[0], answer


def listed(server):
    return said(server, "", kind="TKY-401")[1].texts("k:Provisions/k:Provision/k:ProvisionId")


def test_only_a_blocked_replica_waits(server):
    """Answered from the replica, waiting for a decision, or not there: a deleted replica is none."""
    states = [row["state"] for row in inquired(server, HANA, TARO, JIRO)]
    assert states == ["pending", "answered", "not-found"]
    (row,) = server._provisions.report()
    assert listed(server) == [row["id"]]


def test_a_list_comes_in_pages(server):
    """501 inquiries are two pages; none is told twice or left out."""
    numbers = sorted(row["provision"] for row in inquired(server, *[HANA] * 501))
    _, first = said(server, "", kind="TKY-401")
    last = first.texts("k:Provisions/k:Provision/k:ProvisionId")[-1]
    _, second = said(server, f"<AfterId>{last}</AfterId>", kind="TKY-401")
    found = [page.texts("k:Provisions/k:Provision/k:ProvisionId") for page in (first, second)]
    assert ([len(page) for page in found], [*found[0], *found[1]]) == ([500, 1], numbers)
    assert [page.root[2].get("more") for page in (first, second)] == ["1", "0"]


def test_a_decision_is_taken_once(server):
    """Said again it counts as taken, from whichever request; another decision is refused, and so is an unknown one."""
    number = inquired(server, HANA)[0]["provision"]
    permit, deny = (
        f"<ProvisionId>{number}</ProvisionId><Permit/>",
        f"<ProvisionId>{number}</ProvisionId><Deny>01</Deny>",
    )
    codes = [
        said(server, body, request=by)[0] for body, by in ((permit, "a"), (permit, "a"), (permit, "b"), (deny, "c"))
    ]
    assert codes == ["0000", "3001", "3001", "4014"]
    (row,) = server._provisions.report()
    assert (row["state"], row["request_id"], row["times"]) == ("permitted", "a" * 32, 3)
    assert listed(server) == []
    assert said(server, f"<ProvisionId>{OTHER_ID}</ProvisionId><Permit/>")[0] == "4016"
    statuses = [said(server, f"<RequestRef>{by * 32}</RequestRef>", kind="SYM-911")[0] for by in "ab"]
    assert statuses == ["0000", "9404"]


def test_who_decides_too_late_or_what_nobody_wants_any_more_is_refused(server):
    """After the deadline it is listed no longer and 4015; withdrawn it is 4016."""
    late, unwanted = (row["provision"] for row in inquired(server, HANA, HANA, within_seconds=60))
    server._provisions.withdraw({"provisions": [unwanted]})
    assert listed(server) == [late]
    server.clock.set({"advance_seconds": 60})
    assert listed(server) == []
    codes = [said(server, f"<ProvisionId>{each}</ProvisionId><Permit/>")[0] for each in (late, unwanted)]
    assert codes == ["4015", "4016"]
    assert sorted(row["state"] for row in server._provisions.report()) == ["expired", "withdrawn"]
