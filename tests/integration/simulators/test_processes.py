"""Simulators as processes: crash, restart, orphans, the registry's news."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
from pathlib import Path

import pytest
from tests.unit.simulators.messages import (
    XSD,
    acquisition,
    errors,
    found,
    key,
    letters,
    people,
    persons_message,
    result_request,
)

from kakehashi.errors import ServerError
from kakehashi_simulators.process import start_intermediate_server, start_registry


def until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_killed_server_keeps_its_account(tmp_path, certificates, connect):
    """Kill -9 in the middle of sends: whatever was answered is there after the restart, nothing is there twice."""
    options = {"xsd": XSD, "certificates": certificates.ca.parent, "result_delay_seconds": 0.0}
    server = start_intermediate_server(tmp_path, **options)
    client = connect(server.endpoint)
    answered = {}
    for number in range(20):
        answer = client.exchange("DBM-201", "x", people(number, 10, first=1 + 10 * number))
        answered[number] = found(answer, "Receipt")
    assert server.kill() == -signal.SIGKILL
    with pytest.raises(ServerError):
        client.exchange("DBM-201", "x", people(99, 1, first=900))
    with start_intermediate_server(tmp_path, port=server.port, **options) as again:
        for number, receipt in answered.items():
            answer = client.exchange("DBM-201", "x", people(number, 10, first=1 + 10 * number))
            assert (found(answer, "Code"), found(answer, "Receipt")) == ("3001", receipt)
        account = again.account()
        assert (account["requests"], account["effects"], account["twice"], account["duplicates"]) == (20, 200, 0, 20)
        assert again.effects(request_id=letters(3), person=key(31))[0]["times"] == 1


def test_sigterm_ends_a_server_well(tmp_path):
    """SIGTERM: exit code 0, at once, with a connection open."""
    server = start_intermediate_server(tmp_path, xsd=XSD)
    begin = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - begin < 3


@pytest.mark.parametrize("thread", [False, True])
def test_a_server_does_not_outlive_its_starter(tmp_path, thread):
    """Kill -9 of the process that started it ends the simulator, whichever thread started it."""
    lines = [
        "import sys, threading, time",
        "from pathlib import Path",
        "from kakehashi_simulators.process import start_intermediate_server as start",
        f"def go(): print(start(Path({str(tmp_path)!r}), xsd=Path({str(XSD)!r})).process.pid, flush=True)",
        "t = threading.Thread(target=go)" if thread else "go()",
        "t.start(); t.join()" if thread else "pass",
        "time.sleep(60)",
    ]
    starter = subprocess.Popen([sys.executable, "-c", "\n".join(lines)], stdout=subprocess.PIPE, text=True)
    simulator = int(starter.stdout.readline())
    time.sleep(0.3)
    os.kill(simulator, 0)  # the end of the starting thread alone ended nothing
    starter.kill()
    starter.wait()
    starter.stdout.close()
    until(lambda: not alive(simulator), 5)


def alive(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_missing_folder_of_schemas_is_told(tmp_path, capfd):
    """A server that cannot start says so instead of hanging."""
    with pytest.raises(RuntimeError, match="did not start"):
        start_intermediate_server(tmp_path, xsd=XSD, certificates=tmp_path)
    capfd.readouterr()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/nothing", None, 404),
        ("/faults", {"nothing": 1}, 400),
        ("/persons", {"dead": ["x"]}, 400),
        ("/linked", {"process_number": "x", "state": "maybe"}, 400),
        ("/effects?nothing=1", None, 400),
    ],
)
def test_the_admin_port_refuses_what_it_does_not_know(server, path, body, status):
    """Unknown paths, switches, states and filters are refused."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        server.ask(path, body)
    assert caught.value.code == status
    caught.value.close()


def test_a_symbol_comes_from_the_registry(server, client, certificates, tmp_path, connect):
    """FGU-111 → number → FGU-121 to the registry → later the intermediate server knows: linked, replica taken."""
    server.set_persons({"no-symbol": [key(1)]})
    assert errors(result_of(client, people("a", 1))) == [(1, None, "4007")]
    number = found(client.exchange("FGU-111", "x", persons_message("FGU-111", "b", [(key(1), "")])), "ProcessNumber")
    options = {"certificates": certificates.ca.parent, "link_delay_seconds": 0.3, "intermediate_admin": server.admin}
    with start_registry(tmp_path, xsd=XSD, **options) as registry:
        to_registry = connect(registry.endpoint)
        for attempt in ("c", "d"):
            answer = to_registry.exchange("FGU-121", "x", acquisition(attempt, number, code="12345678901"))
            assert (found(answer, "MessageId"), found(answer, "Code")) == ("FGU-122", "0000")

        def status():
            asked = persons_message("FGU-131", "e", [(key(1), number)])
            return found(client.exchange("FGU-131", "x", asked), "Status")

        assert status() == "pending"
        until(lambda: status() == "linked")
        assert registry.account()["acquisitions"] == 1
        assert registry.account()["repeated"] == 1
    assert errors(result_of(client, people("f", 1, sequence=2))) == []
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"12345678901" in path.read_bytes()]


def result_of(client, document):
    receipt = found(client.exchange("DBM-201", "x", document), "Receipt")
    return client.exchange("DBM-205", "x", result_request("DBM-205", receipt))
