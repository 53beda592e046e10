"""Every fault switch of the intermediate server, seen from the client over real sockets."""

from __future__ import annotations

import threading
import time

import pytest
from tests.unit.simulators.messages import found, letters, message, people, result_request, status_request

from kakehashi.errors import OutcomeUnknown, ServerRefused, ServerUnreachable

DOCUMENT = people("a", 3)


def send(client, document=DOCUMENT):
    return client.exchange("DBM-201", letters("a"), document)


def test_an_answer_lost_after_the_effect_is_found_again(server, client):
    """Applied, answer lost: unknown; the status query knows it, and the same message again has one effect (E32)."""
    server.set_faults(drop_response_after_apply=1)
    with pytest.raises(OutcomeUnknown):
        send(client)
    status = send(client, status_request("a"))
    assert found(status, "Code") == "0000"
    assert found(send(client), "Code") == "3001"
    assert found(send(client), "Receipt") == found(status, "Receipt")
    account = server.account()
    assert (account["effects"], account["twice"], account["duplicates"]) == (3, 0, 2)


def test_a_cut_before_the_effect_leaves_nothing(server, client):
    """Cut while the request was in flight: unknown to us, never taken there, and the resend has one effect (E33)."""
    server.set_faults(cut_before_apply=1)
    with pytest.raises(OutcomeUnknown):
        send(client)
    assert found(send(client, status_request("a")), "Code") == "9404"
    assert found(send(client), "Code") == "0001"
    assert server.account()["effects"] == 3


def test_a_message_applied_after_our_time_out_has_one_effect(server, client):
    """The server applies a message after the client gave up; the resend meets it and nothing is applied twice (E34)."""
    server.set_faults(delay_seconds=2.0)
    with pytest.raises(OutcomeUnknown):
        send(client)
    assert server.account()["effects"] == 0
    server.set_faults(delay_seconds=0)
    deadline = time.monotonic() + 10
    while server.account()["effects"] != 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert found(send(client), "Code") == "3001"
    assert (server.account()["effects"], server.account()["twice"]) == (3, 0)


def test_a_slow_answer_is_unknown_though_applied(server, client):
    """Applied at once but answered after the time-out: unknown, and the effect is there."""
    server.set_faults(answer_delay_seconds=2.0)
    with pytest.raises(OutcomeUnknown):
        send(client)
    assert server.account()["effects"] == 3


def test_a_wrong_correlation_is_visible(server, client):
    """An answer to another request carries another correlation id than ours (E35)."""
    server.set_faults(wrong_correlation=1)
    assert found(send(client), "CorrelationId") != letters("a")
    assert found(send(client), "CorrelationId") == letters("a")


@pytest.mark.parametrize("status", [503, 429])
def test_a_refusal_by_status_has_no_effect(server, client, status):
    """503 and 429 with Retry-After, as often as asked for, nothing taken; then all is well (E36, E37)."""
    server.set_faults(http_status=status, http_status_times=2, retry_after=7)
    for _ in range(2):
        with pytest.raises(ServerRefused) as caught:
            send(client)
        assert (caught.value.status, caught.value.retry_after) == (status, 7)
    assert server.account()["requests"] == 0
    assert found(send(client), "Code") == "0001"


def test_garbage_comes_as_it_is(server, client):
    """Bytes that are no message are handed on: who reads them refuses them (E38)."""
    server.set_faults(garbage_answer=1)
    assert b"not a message" in send(client)
    assert found(send(client), "Code") == "3001"


@pytest.mark.parametrize("fault", ["huge_answer", "slow_drip"])
def test_an_endless_answer_ends(server, client, fault):
    """4 GB announced, or a byte now and then from the first header on: unknown within the time-out (E38)."""
    server.set_faults(**{fault: 1})
    begin = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        send(client)
    assert time.monotonic() - begin < 5
    assert found(send(client), "Code") == "3001"


def test_a_server_that_refuses_connections_is_unreachable(server, client):
    """Open connections end and new ones are reset: surely not delivered; afterwards the client works again."""
    assert found(send(client), "Code") == "0001"
    server.set_faults(refuse_connections=True)
    time.sleep(0.1)
    for _ in range(3):
        with pytest.raises(ServerUnreachable):
            send(client, people("b", 1))
    server.set_faults(refuse_connections=False)
    assert found(send(client, people("b", 1, sequence=2)), "Code") == "0001"
    assert server.account()["requests"] == 2


def test_closed_hours_and_forced_codes(server, client):
    """Closed answers 7001, result_code answers what was asked for, neither takes anything."""
    server.set_faults(closed=True)
    assert found(send(client), "Code") == "7001"
    assert found(send(client, message("SYM-901", "h", "")), "State") == "closed"
    server.set_faults(closed=False, result_code="9001")
    assert found(send(client), "Code") == "9001"
    server.set_faults(result_code="")
    assert server.account()["requests"] == 0
    assert server.account()["messages"]["DBM-201"] == {"7001": 1, "9001": 1}


def test_a_late_result_is_in_process_until_then(server, client):
    """With a result delay DBM-206 says in process and how long; later it is final."""
    server.set_faults(result_delay_seconds=1.2)
    receipt = found(send(client), "Receipt")
    early = send(client, result_request("DBM-205", receipt))
    assert (found(early, "Segment"), found(early, "Code")) == ("2", "0001")
    assert int(found(early, "RetryAfter")) in (1, 2)
    time.sleep(1.3)
    assert found(send(client, result_request("DBM-205", receipt)), "Accepted") == "3"


@pytest.mark.parametrize("as_message", [False, True])
def test_the_connection_cap_refuses_the_surplus(server, connect, as_message):
    """Over the server's cap: 503 with Retry-After, or message 6002; what was within the cap is taken."""
    server.set_faults(delay_seconds=0.8, capacity_message=as_message)
    outcomes = []

    def one(number):
        try:
            answer = connect(server.endpoint, seconds=5).exchange("DBM-201", "x", people(number, 1, first=number))
            outcomes.append(found(answer, "Code"))
        except ServerRefused as refused:
            outcomes.append((refused.status, refused.retry_after))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes, key=str) == sorted([*["0001"] * 4, *["6002" if as_message else (503, 1)] * 4], key=str)
    assert server.account()["effects"] == 4


def test_random_losses_repeat_with_their_seed(server, client):
    """A probability and a seed: the same messages are lost in every run."""

    def losses(round_):
        server.set_faults(cut_before_apply=0.4, seed=5)
        lost = []
        for number in range(15):
            try:
                send(client, people(f"{round_}/{number}", 1, first=number + 100 * round_))
            except OutcomeUnknown:
                lost.append(number)
        return lost

    first = losses(1)
    assert first == losses(2)
    assert 0 < len(first) < 15


def test_the_client_stays_flat_under_losses(server, client):
    """Fifty lost answers in a row leave no connection behind."""
    server.set_faults(drop_response_after_apply=50)
    for number in range(50):
        with pytest.raises(OutcomeUnknown):
            send(client, people(number, 1, first=number + 1))
    assert found(send(client, people(0, 1)), "Code") == "3001"
    assert server.account()["connections"] <= 4
    assert server.account()["effects"] == 50
