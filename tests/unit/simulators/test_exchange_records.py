"""The simulated server writes down what was exchanged about persons, tells it in pages, and withholds it."""

import pytest
from tests.unit.validation.samples import INQUIRY, OTHER_ID, SCHEMAS, message

from kakehashi_simulators.intermediate_server import IntermediateServer, options
from kakehashi_simulators.message import read_message
from kakehashi_simulators.server import ServerSettings

HANA, TARO = (f"{number:015d}" for number in (1, 2))
INFO = "TM99000000000001"
ALL = "<From>2019-01-01</From><To>2036-01-01</To>"


@pytest.fixture
def server(tmp_path):
    made = IntermediateServer(tmp_path, SCHEMAS, ServerSettings(result_delay_seconds=0.0), options())
    made.clock.source = lambda: 1_800_000_000.0
    yield made
    made.close()


def said(server, kind, body, *, request="a"):
    document = message(kind, body).decode().replace("abcdefghijklmnop" * 2, request * 32)
    answer = read_message(server._messages.answer(document.encode()))
    return answer.texts("k:Result/k:Code")[0], answer


def listed(server, person=HANA, days=ALL, after=""):
    """Of each record what is told, by name; and whether there is more."""
    code, answer = said(server, "TKM-501", f"<PersonKey>{person}</PersonKey>{days}{after}")
    assert code == "0000"
    (records,) = answer.root.iter("{*}Records")
    return [{field.tag.rpartition("}")[2]: field.text for field in each} for each in records], records.get("more")


def word(server, record, said_of_it, *, person=HANA, request="a"):
    body = f"<PersonKey>{person}</PersonKey><RecordId>{record}</RecordId>{said_of_it}"
    return said(server, "TKM-503", body, request=request)[0]


def test_every_kind_of_exchange_leaves_a_record(server):
    """Automatic answers, also where nothing was found; what we decided, under the id of the provision; our inquiries,
    under their request id, as they stand by now.
    """
    with server._account.transaction() as connection:
        for person, sequence in ((HANA, "1"), (TARO, "2")):
            connection.execute(
                "INSERT INTO effects VALUES (?, ?, '2026', ?, 'register', 0, 1)", (person, INFO, sequence)
            )
        connection.execute("INSERT INTO blocked VALUES (?, ?, '2026', '1', 0)", (HANA, INFO))
    (pending,) = server._provisions.inquire({"persons": [HANA], "info": INFO})
    server._provisions.inquire({"persons": [HANA, TARO], "info": "TM99000000000002"})
    server._provisions.inquire({"persons": [TARO], "info": INFO})
    told = [(each["Kind"], each["Outcome"]) for each in listed(server, TARO)[0]]
    assert sorted(told) == [("automatic", "found"), ("automatic", "not-found")]
    assert [each["Outcome"] for each in listed(server)[0]] == ["not-found"], "it waits for a decision"
    said(server, "TKY-403", f"<ProvisionId>{pending['provision']}</ProvisionId><Permit/>", request="b")
    said(server, "SKI-301", f"<Inquiries>{INQUIRY}</Inquiries>", request="c")
    found = {each["Kind"]: each for each in listed(server)[0]}
    assert (found["decided"]["Outcome"], found["decided"]["Reference"]) == ("found", pending["provision"])
    asked = found["inquiry"]
    assert (asked["Outcome"], asked["Reference"], asked["Counterpart"]) == ("found", "c" * 32, "9999000000000003")
    server._persons.set([HANA], "refusing")
    assert {each["Outcome"] for each in listed(server)[0]} == {"found", "not-found", "refused"}


def test_records_come_in_pages_of_a_period_for_seven_years(server):
    """501 are two pages; both days are included; what is too old is gone."""
    numbers = sorted(server._records.add({"persons": [HANA], "count": 501}))
    first, more = listed(server)
    second, end = listed(server, after=f"<AfterId>{first[-1]['RecordId']}</AfterId>")
    assert ([each["RecordId"] for each in (*first, *second)], len(first), more, end) == (numbers, 500, "1", "0")
    day = first[0]["At"][:10]
    server._records.add({"persons": [TARO], "days_ago": 1, "outcome": "refused"})
    server._records.add({"persons": [TARO], "days_ago": 8 * 366})
    assert [each["Outcome"] for each in listed(server, TARO)[0]] == ["refused"]
    assert listed(server, TARO, f"<From>{day}</From><To>{day}</To>")[0] == []
    assert len(listed(server, days=f"<From>{day}</From><To>{day}</To>")[0]) == 500
    assert (
        said(server, "TKM-501", f"<PersonKey>{HANA}</PersonKey><From>2026-02-01</From><To>2026-01-01</To>")[0] == "4002"
    )


def test_a_record_is_withheld_once_and_shown_again(server):
    """The same again is a 3001 and no effect; a request that comes late, too; a record of somebody else is none."""
    (record,) = server._records.add({"persons": [HANA]})
    withhold, disclose = "<Withhold>01</Withhold>", "<Disclose/>"
    codes = [word(server, record, said_of_it, request=by) for said_of_it, by in (
        (withhold, "a"), (withhold, "a"), (withhold, "b"), ("<Withhold>02</Withhold>", "c"), (disclose, "d"),
        (withhold, "a"), (disclose, "a"), (disclose, "e"),
    )]  # fmt: skip
    assert codes == ["0000", "3001", "3001", "0000", "0000", "3001", "4001", "3001"]
    assert server._records.report() == [{"record": record, "code": None, "times": 3}]
    assert "Withheld" not in listed(server)[0][0]
    assert word(server, record, withhold, person=TARO, request="f") == "4017"
    assert word(server, OTHER_ID, withhold, request="f") == "4017"
    assert word(server, record, "<Withhold>77</Withhold>", request="f") == "4002"
    server._persons.set([HANA], "unknown")
    assert word(server, record, withhold, request="f") == "4003"
    statuses = [said(server, "SYM-911", f"<RequestRef>{by * 32}</RequestRef>")[0] for by in "af"]
    assert statuses == ["0000", "9404"]


def test_what_is_only_passed_on_has_an_answer(server):
    """Years of a person but for what may not be shown, a notice that is one however often it comes, rights."""
    with server._account.transaction() as connection:
        rows = [(HANA, INFO, year, "1", "register") for year in ("2024", "2025", "2026")]
        rows.append((HANA, INFO, "2024", "2", "delete"))
        connection.executemany("INSERT INTO effects VALUES (?, ?, ?, ?, ?, 0, 1)", rows)
        connection.execute("INSERT INTO blocked VALUES (?, ?, '2025', '1', 1)", (HANA, INFO))
    key = f"<PersonKey>{HANA}</PersonKey>"
    _, own = said(server, "JTK-601", f"{key}<InfoName>{INFO}</InfoName>")
    assert own.texts("k:OwnInformation/k:Unit") == ["2026"]
    notice = f"{key}<Title>a</Title><Body>b</Body><ShownUntil>2026-12-31</ShownUntil>"
    ids = [said(server, "OSR-701", notice)[1].texts("k:Notice/k:NoticeId") for _ in range(2)]
    assert ids == [["a" * 32]] * 2
    for department, functions in (("99990001", ["DBM", "SKI", "TKY"]), ("1", [])):
        _, rights = said(server, "SCM-801", f"<Department>{department}</Department>")
        assert rights.texts("k:Functions/k:Function") == functions
    server._persons.set([HANA], "unknown")
    assert [said(server, kind, body)[0] for kind, body in (
        ("JTK-601", f"{key}<InfoName>{INFO}</InfoName>"), ("OSR-701", notice),
    )] == ["4003"] * 2  # fmt: skip
