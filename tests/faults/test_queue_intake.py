"""Trouble while files come in from a queue: what the exam does to a folder, done to RabbitMQ (exam D, E01, E15)."""

import contextlib
import os
import signal
import time
from urllib.parse import urlsplit

import pytest
from tests.acceptance.queue_site import (
    LANE,
    LARGEST,
    QUEUE,
    assert_all_accepted,
    assert_nothing_left,
    buried,
    intake_back,
    levy,
    publish,
    queue_site,
    ready,
    returned,
    taken_once,
)
from tests.acceptance.watching import eventually, logged
from tests.faults.disks import small_disk
from tests.faults.site import MOST_BYTES, peak_memory, stopped
from tests.services.rabbitmq import connection, prefix_of
from tests.services.tcp_proxy import TcpProxy
from tests.tier import FULL

from kakehashi.domain.batch import FileState
from kakehashi.failpoint import STEPS, VARIABLE
from kakehashi_adapters.amqp.names import CODE_HEADER, queue_name

pytestmark = [pytest.mark.xdist_group("queue-intake"), pytest.mark.timeout(600 if FULL else 300)]

INTAKE_STEPS = [step for step in STEPS if step.startswith("intake.")]


@pytest.fixture(scope="module")
def url(rabbitmq):
    return rabbitmq.queue_url()


@pytest.fixture(scope="module")
def proxy(url):
    """Between the gateway and the broker."""
    with TcpProxy(urlsplit(url).hostname, urlsplit(url).port) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def run(tmp_path_factory, url, proxy):
    with queue_site(tmp_path_factory.mktemp("queue-intake") / "site", url, port=proxy.port) as run:
        yield run


@contextlib.contextmanager
def intake_that(run, failpoint):
    """An intake that does this to itself; afterwards one that does not."""
    run.processes.kill("intake")
    run.processes.environment = {VARIABLE: failpoint}
    run.processes.restart("intake")
    run.processes.environment = {}
    try:
        yield run.processes.running["intake"]
    finally:
        run.processes.kill("intake")
        intake_back(run)


@pytest.mark.exam("E01")
@pytest.mark.parametrize("step", INTAKE_STEPS if FULL else ["intake.recorded"])
def test_a_kill_at_a_step_of_intake_takes_the_message_once(run, url, step):
    """Between the ledger's commit and the acknowledgement above all: the broker gives it again, and it is no second."""
    before, verdicts = returned(run, len(run.store.files(lane=LANE))), len(run.store.refusals(most=1000))
    sample, content = levy(run)
    with intake_that(run, f"{step}:1:kill") as victim:
        publish(url, content)
        eventually(lambda: victim.poll() is not None, what=f"death at {step}")
    taken_once(run, url, before, sample)
    assert len(run.store.refusals(most=1000)) == verdicts


@pytest.mark.exam("E15")
@pytest.mark.parametrize("step", INTAKE_STEPS[:3] if FULL else ["intake.recorded"])
def test_a_connection_cut_at_a_step_of_intake_takes_the_message_once(run, url, proxy, step):
    """Frozen at the step, cut off and thawed: the acknowledgement goes nowhere, the message comes again."""
    before, verdicts = returned(run, len(run.store.files(lane=LANE))), len(run.store.refusals(most=1000))
    sample, content = levy(run)
    with intake_that(run, f"{step}:1:pause") as frozen:
        publish(url, content)
        eventually(lambda: stopped(frozen.pid), what=f"the stop at {step}")
        proxy.cut()
        eventually(lambda: ready(url, "work") == 1, what="the message given back")
        os.kill(frozen.pid, signal.SIGCONT)
        returned(run, len(before) + 1)
        eventually(lambda: ready(url, "work") == 0, what="the message taken again")
    taken_once(run, url, before, sample)
    assert len(run.store.refusals(most=1000)) == verdicts


@pytest.mark.exam("E53")
def test_a_full_spool_keeps_the_message_and_goes_on_by_itself(run, url):
    """FIL-002 of that lane; the message is in hand all the time, not in the dead queue, and is then taken once."""
    before = returned(run, len(run.store.files(lane=LANE)))
    sample, content = levy(run)
    spool = run.site.folder / "spool"
    told = len(logged(run, "intake", "source.unavailable"))
    with small_disk(spool, "size=16k,mode=700"):
        (spool / "filler").write_bytes(bytes(16 << 10))
        publish(url, content)
        eventually(lambda: len(logged(run, "intake", "source.unavailable")) > told, what="the trouble")
        time.sleep(60 if FULL else 2)
        assert logged(run, "intake", "source.unavailable")[-1]["code"] == "FIL-002"
        assert (ready(url, "work"), ready(url, "dead")) == (0, 0)
        assert len(run.store.files(lane=LANE)) == len(before)
    taken_once(run, url, before, sample)


@pytest.mark.exam("E52")
def test_a_message_above_the_limit_is_buried(run, url):
    """REF-008 and the whole message in the dead queue; the next one is taken."""
    before = returned(run, len(run.store.files(lane=LANE)))
    large = bytes(100 << 20 if FULL else LARGEST + 1)
    publish(url, large)
    assert eventually(lambda: buried(url), what="the buried message") == (large, "REF-008")
    assert run.store.refusals(most=1)[0].size == len(large)
    sample, content = levy(run)
    publish(url, content)
    taken_once(run, url, before, sample)
    assert peak_memory(run.processes.running["intake"].pid) < MOST_BYTES


HOSTILE = {
    "message_id": "../../etc/passwd\n\x1b[31m",
    "correlation_id": "x" * 255,
    "type": "kakehashi",
    "content_type": "text/html",
    "content_encoding": "gzip",
    "headers": {
        "filename": "../../../x",
        CODE_HEADER: "BRK-007",
        "x-death": [{"count": 99, "reason": "rejected"}],
        "x-delivery-count": 99,
        "kakehashi-lane": "registry-persons",
        "nested": {"a": [1, {"b": b"\xff"}]},
        "\u202e": "\x00",
    },
}


@pytest.mark.exam("E48", "E50")
def test_what_the_sender_writes_beside_the_file_means_nothing(run, url):
    """Hostile ids and headers, forged marks of our own: one message id, two files; names come from bytes."""
    before = returned(run, len(run.store.files(lane=LANE)))
    contents = [levy(run)[1] for _ in range(2)]
    for number, content in enumerate(contents, start=1):
        publish(url, content, **HOSTILE)
        files = returned(run, len(before) + number)  # else the second may overtake and supersede the first
    assert len({file.name for file in files[-2:]}) == 2
    for file in files[-2:]:
        assert (file.state, file.name.startswith(f"{QUEUE}-"), file.name.isascii()) == (FileState.RETURNED, True, True)
        assert file.name.isprintable()
    assert_all_accepted(run)
    assert_nothing_left(run, url)


@pytest.mark.exam("E48")
def test_the_same_bytes_to_two_intakes_at_once_are_one_file(run, url):
    """Each intake has one of the two in its hands: one file, one verdict, one message in the dead queue."""
    before = returned(run, len(run.store.files(lane=LANE)))
    sample, content = levy(run)
    run.processes.start("second", ("intake",))
    try:
        eventually(lambda: logged(run, "second", "gateway.started"), what="the second intake")
        for _ in range(2):
            publish(url, content)
        assert eventually(lambda: buried(url), what="the buried message") == (content, "REF-001")
    finally:
        run.processes.kill("second")
    taken_once(run, url, before, sample)


def test_a_message_that_its_sender_lets_expire_is_in_the_dead_queue(run, url):
    """Nothing expires silently: while no intake runs it goes to the dead queue, whole, and `parked` shows it."""
    run.processes.kill("intake")
    _, content = levy(run)
    try:
        publish(url, content, expiration="1")
        with connection(url) as client:

            def expired():
                got = client.channel().basic_get(queue_name(prefix_of(url), QUEUE, "dead"), auto_ack=True)
                return got if got[0] else None

            _, properties, body = eventually(expired, what="the expired message")
        assert body == content
        assert properties.headers["x-first-death-reason"] == "expired"
    finally:
        intake_back(run)
