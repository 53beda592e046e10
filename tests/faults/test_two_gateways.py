"""Two whole gateways, every role in each, on one spool, one ledger and one RabbitMQ; one of them frozen for longer than
heartbeat and lease; their PostgreSQL stopped and killed under load (exam E12, E13).
"""

import contextlib
import signal
import tempfile
import time
from pathlib import Path

import pytest
from tests.acceptance.watching import eventually
from tests.faults.broker_site import BrokerSite
from tests.faults.site import SEED
from tests.tier import FULL

from kakehashi_adapters.private_postgresql import PrivatePostgresql
from kakehashi_adapters.private_rabbitmq import PrivateRabbit
from kakehashi_simulators.demo.run import started
from kakehashi_simulators.legacy.tax import LANE

pytestmark = [pytest.mark.timeout(1800 if FULL else 240)]

ROLES = ["intake", "worker", "scheduler"]
LEASE = 30 if FULL else 5
FROZEN = 120 if FULL else 8
HEARTBEAT = 20 if FULL else 2
FILES = 30 if FULL else 6


def with_lease(config):
    """The shared folder's lease, short in the fast tier."""
    path = config / "routes" / LANE / "route.toml"
    text = path.read_text(encoding="utf-8")
    settings = f'complete = "rename"\nlease_seconds = {LEASE}'
    path.write_text(text.replace('complete = "rename"', settings, 1), encoding="utf-8")


@pytest.fixture(scope="module", params=["postgresql", "sqlite"] if FULL else ["postgresql"])
def twins(request, tmp_path_factory):
    """Processes `one` and `two`, everything in each. `postgresql`: the server, if it is the ledger's."""
    folder = tmp_path_factory.mktemp("twins")
    with contextlib.ExitStack() as stack:
        rabbit = stack.enter_context(PrivateRabbit())
        postgresql = None
        if request.param == "postgresql":
            data = stack.enter_context(tempfile.TemporaryDirectory(prefix="kakehashi-twins-"))
            Path(data).chmod(0o755)  # where the server's user may look: not below pytest's own folder
            postgresql = stack.enter_context(PrivatePostgresql(Path(data) / "postgresql"))
        options = {"seed": SEED, "scale": 0.1, "faults": False, "result_delay_seconds": 0.2, "adapt": with_lease}
        options |= {"extra": "\n[limits]\nbatch_records = 5\n", "lost_after_seconds": 60 if FULL else 10}
        store = postgresql.url if postgresql else None
        broker = f"{rabbit.url}?heartbeat={HEARTBEAT}"
        run = stack.enter_context(started(folder / "site", broker=broker, store=store, **options))
        site = BrokerSite(run, rabbit, new=1)
        site.postgresql = postgresql
        site.drop_links()
        site.rest(90)
        for name in ("intake", "worker"):
            run.processes.kill(name)
        for name in ("one", "two"):
            run.processes.start(name, ROLES)
        eventually(lambda: len(site.told(name="gateway.started")) >= 4, what="both of them")
        yield site


@contextlib.contextmanager
def judged(twins, **options):
    """As BrokerSite.judged; of two files the later one is the one that was taken in later, by either of the two."""
    with twins.judged(**options) as begin:
        yield begin
        twins.rest(120)
        numbers = {file.name: file.id for file in twins.run.store.files(lane=LANE, most=100_000)}
        twins.files = dict(sorted(twins.files.items(), key=lambda item: numbers[item[0]]))


def who(twins, name, since):
    """Of which processes that was told."""
    return {event["pid"] for event in twins.told(since, name)}


@pytest.mark.exam("E12")
def test_two_gateways_share_one_spool_and_ledger(twins):
    """Both take files in, work and return results; nothing is lost, applied twice, or put in another order."""
    with judged(twins) as begin:
        for _ in range(FILES):
            twins.drop()
            time.sleep(0.3)
    both = {process.pid for process in twins.run.processes.running.values()}
    for name in ("file.received", "batch.settled"):
        assert who(twins, name, begin) == both, name


@pytest.mark.exam("E13")
@pytest.mark.parametrize("turn", range(4 if FULL else 1))
def test_a_gateway_that_stood_still_for_longer_than_all_its_leases_does_no_harm(twins, turn):
    """Frozen with files and batches in hand, overtaken by the other, woken: what it held is refused or stale."""
    with judged(twins, seconds=120) as begin:
        frozen = twins.run.processes.running["one"]
        twins.run.server.set_faults(answer_delay_seconds=1.0)
        for _ in range(3):
            twins.drop()
        time.sleep(0.4 + 0.3 * turn)
        frozen.send_signal(signal.SIGSTOP)
        try:
            twins.drop()
            time.sleep(FROZEN)
            twins.run.server.set_faults(answer_delay_seconds=0)
            if twins.postgresql is not None:  # SQLite's lock may be frozen with its owner: guarantees.md
                twins.rest(120)
            settled = twins.told(begin, "batch.settled")
        finally:
            frozen.send_signal(signal.SIGCONT)
        for _ in range(2):
            twins.drop()
    if twins.postgresql is not None:
        assert {event["pid"] for event in settled} >= {twins.run.processes.running["two"].pid}


@pytest.mark.exam("E12")
@pytest.mark.parametrize("twins", ["postgresql"], indirect=True)
@pytest.mark.parametrize("how", ["kill", "stop"] if FULL else ["kill"])
def test_a_ledger_server_that_goes_away_under_load_costs_nothing(twins, how):
    """PostgreSQL killed, and stopped in good order: told once in a while as STO-…, and everything goes on after it."""
    with judged(twins, expected={"store.unavailable", "store.recovered"}):
        for _ in range(3):
            twins.drop()
        time.sleep(0.5)
        getattr(twins.postgresql, how)()
        twins.drop()
        time.sleep(30 if FULL else 3)
        twins.postgresql.start()
        twins.drop()
