"""Three RabbitMQ nodes: one of them is killed, or two stand still, while work comes in.

Every quorum queue has three replicas, and the gateway knows all three nodes.
"""

import signal
import time

import pytest
from tests.faults.broker_site import WORK, cluster_site
from tests.faults.site import QUIET_SECONDS
from tests.tier import FULL

RECOVERY_SECONDS = 15


@pytest.fixture(scope="module")
def clustered(tmp_path_factory):
    with cluster_site(tmp_path_factory.mktemp("clustered") / "site") as site:
        yield site


def node_of(site, role):
    cluster = site.rabbit
    return cluster.leader(WORK) if role == "leader" else cluster.followers(WORK)[0]


@pytest.mark.exam("E03")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("role", ["leader", "follower"] if FULL else ["leader"])
def test_a_node_that_dies_costs_seconds(clustered, role, record_property):
    """Kill -9 of the node that leads the queue, or of one that follows, under load: the gateway goes on with another
    node while that one is away, and with all of them when it is back.
    """
    took = []
    with clustered.judged():
        for _ in range(5 if FULL else 1):
            node = node_of(clustered, role)
            clustered.drop()
            node.kill()
            clustered.drop()
            took.append(clustered.rest())
            node.start()
            clustered.drop()
            clustered.rest()
    record_property("recovery", took)
    assert max(took) <= RECOVERY_SECONDS, took


@pytest.mark.exam("E14")
@pytest.mark.timeout(600)
def test_a_minority_takes_nothing_and_loses_nothing(clustered, record_property):
    """Two of three nodes stand still: nothing is confirmed, so nothing is marked as published; when they go on, so
    does everything.
    """
    still = clustered.rabbit.followers(WORK)
    with clustered.judged(seconds=120) as begin:
        for node in still:
            node.signal(signal.SIGSTOP)
        try:
            clustered.drop()
            time.sleep(90 if FULL else 2 * QUIET_SECONDS)
        finally:
            for node in still:
                node.signal(signal.SIGCONT)
        record_property("recovery", clustered.rest(120))
        record_property("told", sorted({event["event"] for event in clustered.told(begin)}))
