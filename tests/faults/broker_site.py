"""A site whose gateway reaches a RabbitMQ of its own through a proxy: what the exam's broker items are done to.

The fast tier shortens the connection's patience; the full tier has the defaults that a deployment has.
"""

import contextlib
import time

from tests.acceptance.watching import eventually
from tests.faults.site import MOST_BYTES, SEED, Site
from tests.services.rabbitmq_cluster import rabbitmq_cluster
from tests.services.tcp_proxy import TcpProxy
from tests.tier import FULL

from kakehashi_adapters.private_rabbitmq import PrivateRabbit
from kakehashi_simulators.demo.run import started
from kakehashi_simulators.legacy.tax import LANE

HEARTBEAT = 20 if FULL else 2
BLOCKED_AFTER = 20 if FULL else 2
REST_SECONDS = 90 if FULL else 60
"""How long everything may take to come to rest after a fault: what a queue lost is published again after 60 s."""
SETUP_SECONDS = 300 if FULL else 60
QUIET_SECONDS = 5
"""For so long after it has told of an outage a process tells of no other."""
SETTINGS = "\n[limits]\nbatch_records = 5\n"
NEW = f"kakehashi.{LANE}.new"
WORK = f"kakehashi.{LANE}.work"
DELAY = f"kakehashi.{LANE}.delay.1"
DEAD = f"kakehashi.{LANE}.dead"


class BrokerSite(Site):
    """`rabbit`: the broker. `proxy`: between it and the gateway, unless it is a cluster."""

    def __init__(self, run, rabbit, proxy=None, **options):
        super().__init__(run, **options)
        self.rabbit, self.proxy = rabbit, proxy

    @contextlib.contextmanager
    def judged(self, *, seconds=REST_SECONDS, expected=()):
        """The block is a fault and its end: afterwards everything settles in time, and no oracle finds anything.

        `expected`: names of events that must have been told meanwhile. Yields the moment it began.
        """
        begin = time.time()
        try:
            yield begin
        finally:
            if self.proxy is not None:
                self.proxy.recover()
        self.rest(seconds)
        large = [f"M: {name} {size}" for name, size in self.memory().items() if size > MOST_BYTES]
        missing = sorted(set(expected) - {event["event"] for event in self.told(begin)})
        found = [*self.wrong(), *self.unwell(begin), *large, *(f"not told: {name}" for name in missing)]
        assert not found, found

    def listen(self):
        """Wait until every process would tell of the next outage as soon as it sees it."""
        eventually(lambda: not self.told(time.time() - QUIET_SECONDS, "broker.unavailable"), what="a quiet log")

    def rest(self, seconds=REST_SECONDS):
        """Wait until everything that was dropped is settled and returned; how long it took."""
        begin = time.monotonic()
        assert self.run.wait(lambda _counts: None, deadline=begin + seconds), self.run.counts()
        return time.monotonic() - begin

    def until_told(self, name, since, *, seconds=30, **fields):
        """Seconds from `since` to the first event of that name with these fields; fails when none comes."""

        def first():
            events = self.told(since, name)
            return next((event for event in events if fields.items() <= event.items()), None)

        return eventually(first, seconds=seconds, what=f"{name} {fields}")["at"] - since

    def messages(self, queue):
        """How many stand in the queue, in hand or not; None where there is no such queue."""
        rows = (line.split("\t") for line in self.rabbit.control("list_queues", "name", "messages").splitlines())
        return next((int(row[1]) for row in rows if row[0] == queue), None)

    def drop_sample(self, lane):
        """One of the demo's files of another lane, once."""
        self.run.drop([next(sample for sample in self.run.manifest.samples if sample.lane == lane)])

    def states(self, lane):
        """Of all batches of the lane's newest file."""
        files = self.run.store.files(lane=lane, most=1)
        return {row.state for file in files for row in self.run.store.batches(file.id)}

    def attempts(self):
        """How often each batch of the lane was sent, by the ledger."""
        store = self.run.store
        files = store.files(lane=LANE, most=100_000)
        return {row.id: row.attempts for file in files for row in store.batches(file.id)}


@contextlib.contextmanager
def broker_site(folder, *, extra=""):
    """A running one, its links settled; nothing else was dropped."""
    with (
        PrivateRabbit() as rabbit,
        TcpProxy("127.0.0.1", rabbit.port) as proxy,
        _site(folder, rabbit.url.replace(f":{rabbit.port}/", f":{proxy.port}/"), extra) as run,
    ):
        site = BrokerSite(run, rabbit, proxy, new=1)
        site.drop_links()
        site.rest(SETUP_SECONDS)
        yield site


@contextlib.contextmanager
def cluster_site(folder):
    """The same with three nodes and no proxy; `rabbit` is the Cluster."""
    with rabbitmq_cluster() as cluster, _site(folder, cluster.url, "") as run:
        site = BrokerSite(run, cluster, new=1)
        site.drop_links()
        site.rest(SETUP_SECONDS)
        yield site


def _site(folder, url, extra):
    return started(
        folder,
        seed=SEED,
        scale=1.0 if FULL else 0.1,
        faults=False,
        broker=f"{url}?heartbeat={HEARTBEAT}&blocked_after={BLOCKED_AFTER}",
        result_delay_seconds=0.2,
        lost_after_seconds=60 if FULL else 5,
        extra=SETTINGS + extra,
    )
