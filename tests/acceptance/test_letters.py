"""Messages of strangers in a lane's queue of the embedded broker, as an operator finds and gives up them."""

import json

import pytest
from tests.acceptance.watching import asked, eventually

from kakehashi.ports.broker import Message
from kakehashi.runtime.bootstrap import plugin
from kakehashi_simulators.demo.run import started

LANE = "tax-levy"
BODIES = [b"", b"\xff" * 1000, b'{"batch": 1}']


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    with started(tmp_path_factory.mktemp("letters") / "site", scale=0.05, faults=False) as run:
        yield run


@pytest.fixture(scope="module")
def ask(run):
    """A command on this site: the objects that it prints."""

    def call(*arguments):
        done = asked(*arguments, "--config", run.site.config, "--json")
        assert done.exit_code == 0, done.output
        return [json.loads(line) for line in done.stdout.splitlines()]

    return call


def test_strangers_messages_are_seen_and_given_up_with_a_reason(run, ask):
    """Counted by lane and cause in `status` and `parked list`; some, then all are given up; who did it is kept."""
    url = run.configuration.gateway.broker.url
    broker = plugin("brokers", "local")(url)
    assert ask("parked", "list") == []
    eventually(
        lambda: not asked("topology", "--check", "--config", run.site.config).exit_code, seconds=90, what="the queues"
    )
    broker.publish([Message(id=f"m{number}", lane=LANE, body=body) for number, body in enumerate(BODIES)])
    eventually(lambda: broker.dead(LANE) == len(BODIES), seconds=90, what="dead letters")
    broker.close()
    told = {"lane": LANE, "code": "BRK-006", "letters": 3, "bytes": sum(map(len, BODIES))}
    for command in (("status",), ("parked", "list"), ("parked", "list", "--lane", LANE, "--cause", "BRK-006")):
        (row,) = [row for row in ask(*command) if "letters" in row]
        assert told.items() <= row.items()
        assert "parked discard" in row["what_to_do"]
    assert ask("parked", "list", "--lane", "welfare-inquiry") == []
    discard = ("parked", "discard", "--letters", "--lane", LANE, "--reason", "a test of ours")
    assert ask(*discard, "--dry-run") == [{"dry_run": 3}]
    assert ask(*discard, "--cause", "BRK-007", "--yes") == [{"discarded": 0}]
    assert ask(*discard, "--most", "1", "--yes") == [{"discarded": 1}]
    assert ask(*discard, "--yes") == [{"discarded": 2}]
    assert ask("parked", "list") == []
    orders = [(row["action"], row["done"], row["reason"]) for row in ask("parked", "orders")]
    assert orders == [("letters", 1, "a test of ours"), ("letters", 2, "a test of ours")]


@pytest.mark.parametrize(
    "wrong", [("--yes",), ("--lane", LANE), ("--lane", LANE, "--item", "x", "--yes"), ("E1", "--lane", LANE, "--yes")]
)
def test_dead_letters_are_given_up_by_lane_and_cause_only(run, wrong):
    """No lane, no --yes, an item, single records: wrong usage, and nothing is given up."""
    done = asked("parked", "discard", "--letters", "--reason", "r", *wrong, "--config", run.site.config)
    assert done.exit_code == 2
