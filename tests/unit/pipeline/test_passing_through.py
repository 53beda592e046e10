"""Functions that the gateway has no lane for: a system's own messages pass, numbers swapped where they stand."""

import pytest
from tests.unit.pipeline.test_relaying import OTHER, TAX, WELFARE, Hub, keys, suspend

HANA, UNIFIED = "000000000000001", "000000000000901"
INFO = "TM99000000000001"
KEY = f"<PersonKey>{HANA}</PersonKey>"
NOTICE = f"{KEY}<Title>お知らせ</Title><Body>更新の時期です</Body><ShownUntil>2026-12-31</ShownUntil>"
MESSAGES = {"JTK-601": f"{KEY}<InfoName>{INFO}</InfoName>", "OSR-701": NOTICE}


@pytest.fixture
def hub(tmp_path):
    made = Hub(tmp_path, messages=("JTK-601", "OSR-701", "SCM-801", "TKM-501", "SCM-901"))
    with made.server._account.transaction() as connection:
        connection.execute("INSERT INTO effects VALUES (?, ?, '2026', '1', 'register', 0, 1)", (UNIFIED, INFO))
    yield made
    made.server.close()


@pytest.mark.parametrize("message_id", MESSAGES)
def test_a_persons_message_goes_out_and_comes_back_under_its_own_number(hub, message_id):
    """Own information and notices: ours on the line, the system's own in the answer; one request id."""
    codes, answers = zip(*(hub.ask(message_id, MESSAGES[message_id]) for _ in range(2)), strict=True)
    assert codes == ("0000", "0000")
    assert [keys(each) for each in hub.sent()] == [[UNIFIED]] * 2
    assert len({each.findtext("{*}Header/{*}RequestId") for each in hub.sent()}) == 1
    assert [keys(each) for each in answers] == [[HANA]] * 2
    assert {each.findtext("{*}Header/{*}PersonKeyType") for each in answers} == {"atena"}
    assert [each.text for each in answers[0].iter("{*}Unit")] == (["2026"] if message_id == "JTK-601" else [])


def test_a_message_without_persons_passes_as_it_is(hub):
    """Rights of a department: no number stands in it."""
    code, root = hub.ask("SCM-801", "<Department>99990001</Department>")
    assert (code, [each.text for each in root.iterfind("{*}Functions/{*}Function")]) == ("0000", ["DBM", "SKI", "TKY"])
    assert hub.sent()[0].findtext("{*}Department") == "99990001"


@pytest.mark.parametrize("message_id", MESSAGES)
def test_who_is_unlinked_or_suspended_does_not_pass(hub, message_id):
    """Of neither is anything sent; nor what the schema does not know."""
    assert hub.ask(message_id, MESSAGES[message_id].replace(HANA, "000000000000009"))[0] == "4003"
    suspend(hub, UNIFIED)
    assert hub.ask(message_id, MESSAGES[message_id], request_id=OTHER)[0] == "4010"
    assert hub.ask(message_id, MESSAGES[message_id] + "<More/>")[0] == "4001"
    assert hub.sent() == []


def test_a_function_that_the_profile_does_not_know_is_refused(hub):
    """Even where the configuration names it; so is one that it does not name, and one in a stranger's mouth."""
    assert hub.desk.answer(hub.message("SCM-901", ""), WELFARE) is None
    assert hub.desk.answer(hub.message("TKM-503", KEY), WELFARE) is None
    assert hub.desk.answer(hub.message("JTK-601", MESSAGES["JTK-601"]), frozenset({"somebody"})) is None
    assert hub.sent() == []


def test_records_of_exchanges_pass_too(hub):
    """Under the number of the system that asks; the other system has its own."""
    hub.server._records.add({"persons": [UNIFIED]})
    days = "<From>2019-01-01</From><To>2099-01-01</To>"
    for names, own, request_id in ((WELFARE, HANA, "b" * 32), (TAX, "000000000000051", "c" * 32)):
        code, root = hub.ask("TKM-501", f"<PersonKey>{own}</PersonKey>{days}", names=names, request_id=request_id)
        assert (code, keys(root)) == ("0000", [own])
