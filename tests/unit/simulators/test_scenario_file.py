"""Scenario files of the simulators: read with all their faults, played step by step."""

from __future__ import annotations

import calendar
import time

import pytest
from tests.unit.simulators.messages import TAX, XSD, errors, found, key, message, people, result_request

from kakehashi_simulators.intermediate_server import IntermediateServer, options
from kakehashi_simulators.rate import Rate
from kakehashi_simulators.scenario_file import ScenarioError, ScenarioFile, read_scenario, scenario_of
from kakehashi_simulators.server import ServerSettings
from kakehashi_simulators.service_hours import read_hours
from kakehashi_simulators.stage import Stage

WHOLE = """
title = "night"
[server]
records_cap = 200000
connections = 4
requests_per_second = 10
hours = { mon = ["08:00-12:00", "13:00-20:00"] }
[persons]
no-symbol = ["*5"]
[registry]
outcome = "failed"
[[rule]]
code = "4002"
item = "B0120"
persons = "*7"
[[step]]
after_seconds = 5
faults = { closed = true }
[[step]]
after_messages = 3
message = "DBM-201"
lose = { persons = ["*1"], info = "TM99000000000001" }
[[step]]
side = "registry"
after_seconds = 9
registry = { outcome = "lost" }
"""
WRONG = """
titel = "x"
[server]
records_cap = 0
hours = { mon = ["20:00-08:00"] }
[faults]
closd = true
[[rule]]
code = "42"
[[step]]
faults = { closed = true }
[[step]]
after_seconds = 1
after_messages = 1
[[step]]
after_seconds = 1
side = "registry"
persons = { unknown = ["*1"] }
"""


@pytest.fixture
def play(tmp_path):
    """A server that plays a scenario, without a wire."""
    servers = []

    def opened(**scenario):
        settings = ServerSettings(result_delay_seconds=0.0)
        server = IntermediateServer(tmp_path, XSD, settings, options(), scenario=scenario_of(scenario))
        servers.append(server)
        return server

    yield opened
    for server in servers:
        server.wire.server_close()
        server.admin.server_close()
        server.close()


def send(server, document):
    return server.wire.exchange.answer(document)


def result(server, document):
    receipt = found(send(server, document), "Receipt")
    return send(server, result_request("DBM-205", receipt))


def inventory(server, request):
    answer = send(server, message("DBM-207", request, f"<InfoName>{TAX}</InfoName>"))
    return answer.count(b"<Replica>")


def test_a_scenario_file_is_read_whole(tmp_path):
    """Options of the server, states of persons, rules and steps, each of its side."""
    path = tmp_path / "night.toml"
    path.write_text(WHOLE, encoding="utf-8")
    scenario = read_scenario(path)
    assert (scenario.server.connections, scenario.server.requests_per_second) == (4, 10)
    assert [step.side for step in scenario.step] == ["server", "server", "registry"]
    assert scenario.rules()[0].persons == "*7"


def test_all_faults_of_a_scenario_file_are_told_at_once(tmp_path):
    """Unknown keys and switches, limits, hours, codes, and steps without a moment or of the wrong side."""
    path = tmp_path / "wrong.toml"
    path.write_text(WRONG, encoding="utf-8")
    with pytest.raises(ScenarioError) as told:
        read_scenario(path)
    places = {place for place, _ in told.value.faults}
    assert places >= {
        "titel",
        "server.records_cap",
        "server.hours",
        "faults",
        "rule.0.code",
        "step.0",
        "step.1",
        "step.2",
    }


def test_a_scenario_that_is_no_toml_is_a_fault(tmp_path):
    """Neither a missing file nor one in another language ends with a trace."""
    for text in (None, "title = [", "\udcff"):
        path = tmp_path / "none.toml"
        if text is not None:
            path.write_bytes(text.encode("utf-8", "surrogateescape"))
        with pytest.raises(ScenarioError):
            read_scenario(path)


def test_records_are_refused_by_rule(play):
    """By the end of the person's key with an item, and every third of all others; a repeated message meets the same."""
    server = play(rule=[{"code": "4002", "item": "B0120", "persons": "*7"}, {"code": "4003", "every": 3, "times": 2}])
    first = errors(result(server, people("a", 10)))
    assert first == [(3, None, "4003"), (6, None, "4003"), (7, "B0120", "4002")]
    assert found(send(server, people("a", 10)), "Code") == "3001"
    assert errors(result(server, people("b", 3, first=20))) == []
    assert [rule["struck"] for rule in server.admin.actions["GET /rules"]({})] == [1, 2]


def test_rules_hold_for_the_messages_and_information_that_they_name(play):
    """Neither another message nor another information is refused."""
    server = play(rule=[{"code": "4003", "messages": "SKI"}, {"code": "4003", "info": "TM99000000000002"}])
    assert errors(result(server, people("a", 3))) == []


def test_the_service_is_closed_outside_of_its_hours(play):
    """By the simulator's clock: 7001 for everything but SYM-901, which tells it."""
    monday_noon = calendar.timegm((2026, 11, 30, 3, 0, 0))  # 12:00 in Japan
    server = play(server={"hours": {"mon": ["08:00-12:00"]}})
    server.clock.source = lambda: monday_noon - 60
    assert found(send(server, people("a", 1)), "Code") == "0001"
    server.clock.source = lambda: monday_noon
    assert found(send(server, people("b", 1)), "Code") == "7001"
    assert found(send(server, message("SYM-901", "s", "")), "State") == "closed"


def test_hours_are_of_the_week_and_end_at_midnight_at_the_latest():
    """A day that is not named is closed; without any day the service is open always."""
    hours = read_hours({"sun": ["22:00-24:00"]})
    sunday = calendar.timegm((2026, 11, 29, 14, 59, 0))  # 23:59 in Japan
    assert hours.is_open(sunday)
    assert not hours.is_open(sunday + 60)
    assert read_hours({}).is_open(sunday)


def test_a_step_by_count_comes_before_the_answer_is_given(play):
    """The third registration finds the service still open, the fourth finds it closed."""
    server = play(step=[{"after_messages": 3, "message": "DBM-201", "faults": {"closed": True}}])
    codes = [found(send(server, people(each, 1, sequence=number)), "Code") for number, each in enumerate("abcd", 1)]
    assert codes == ["0001", "0001", "0001", "7001"]
    (step,) = server.admin.actions["GET /play"]({})["steps"]
    assert step["done"]


def test_a_step_by_time_is_done_once(monkeypatch):
    """Not before its second, and not again."""
    done, now = [], [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    scenario = scenario_of({"step": [{"after_seconds": 5, "faults": {"closed": True}}]})
    stage = Stage(scenario, side="server", perform=done.append, begin=lambda _: None, messages=dict)
    for seconds in (104.9, 105.0, 106.0):
        now[0] = seconds
        stage.look()
    assert len(done) == 1


def test_replicas_disappear_and_appear_that_nobody_sent(play):
    """Both are seen in the inventory (DBM-207) that reconciliation compares with."""
    server = play()
    result(server, people("a", 5))
    assert inventory(server, "i") == 5
    assert server.admin.actions["POST /lose"]({"persons": ["*3", key(4)], "info": TAX}) == {"lost": 2}
    server.admin.actions["POST /plant"]({"persons": [key(77)], "info": TAX, "unit": "2026"})
    assert inventory(server, "j") == 4


def test_another_scenario_begins_anew(play):
    """POST /play takes the same tables as JSON, and none of a wrong one."""
    server = play(faults={"closed": True})
    act = server.admin.actions["POST /play"]
    with pytest.raises(ScenarioError):
        act({"faults": {"closd": True}})
    assert server.faults.now.closed
    assert act({"title": "open"})["title"] == "open"
    assert not server.faults.now.closed


def test_an_empty_scenario_changes_nothing():
    """What a simulator is without a file."""
    assert ScenarioFile() == scenario_of({})


def test_more_than_so_many_requests_a_second_are_too_many():
    """The limit counts what was taken within the last second."""
    now = [0.0]
    rate = Rate(2, clock=lambda: now[0])
    assert [rate.exceeded() for _ in range(3)] == [False, False, True]
    now[0] = 1.0
    assert not rate.exceeded()
    assert not any(Rate().exceeded() for _ in range(1000))
