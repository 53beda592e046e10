"""A route whose source is a queue: a legacy system's plain messages are whole files, each taken in exactly once."""

import contextlib
import itertools
import json
import shutil
import sqlite3
import time

import pika
import pytest
from tests.acceptance.watching import asked, eventually, links_settled, logged
from tests.services.rabbitmq import connection, delete_queues, prefix_of

from kakehashi.domain.batch import FileState
from kakehashi_adapters.amqp.names import CODE_HEADER, queue_name
from kakehashi_simulators.demo.run import started

pytestmark = [pytest.mark.xdist_group("from-a-queue"), pytest.mark.timeout(300)]

LANE = "tax-levy"
QUEUE = "levy-files"
SECONDS_OF_CREATION = itertools.count(1)


@pytest.fixture(scope="module")
def url(rabbitmq):
    return rabbitmq.queue_url()


@pytest.fixture(scope="module")
def run(tmp_path_factory, url):
    """The site's own configuration names a queue where the shipped one names a folder; nobody made the queue before."""
    folder = tmp_path_factory.mktemp("from-a-queue") / "site"
    with contextlib.ExitStack() as stack:
        run = stack.enter_context(started(folder, seed=37, scale=0.05, faults=False, broker=url))
        links_settled(run)
        names = list(run.processes.running)
        for name in names:
            run.processes.kill(name)
        shutil.rmtree(run.drop_folder(LANE))
        path = run.site.config / "routes" / LANE / "route.toml"
        text = path.read_text(encoding="utf-8")
        assert 'folder = "tax-levy/in"' in text
        path.write_text(text.replace('folder = "tax-levy/in"', f'queue = "{QUEUE}"', 1), encoding="utf-8")
        for name in names:
            run.processes.restart(name)
        eventually(lambda: ready(url, "work") == 0, what="the queue")
        yield run
    delete_queues(url, [*run.configuration.routes, QUEUE, "urgent"])


def publish(url, body):
    """As a program that knows only the queue's name: no headers, no message id, not even persistent.

    A queue that is just being made refuses for a moment: a sender that minds its confirms tries again.
    """

    def taken():
        try:
            channel.basic_publish("", queue_name(prefix_of(url), QUEUE, "work"), body, mandatory=True)
        except pika.exceptions.NackError:
            return False
        return True

    with connection(url) as client:
        channel = client.channel()
        channel.confirm_delivery()
        eventually(taken, what="the message in the queue")


def ready(url, kind):
    """Messages that nobody has in hand; None when there is no such queue."""
    with connection(url) as client:
        try:
            return (
                client.channel()
                .queue_declare(queue_name(prefix_of(url), QUEUE, kind), passive=True)
                .method.message_count
            )
        except pika.exceptions.ChannelClosedByBroker:
            return None


def buried(url):
    """Takes one message out of the dead queue: its body and its code; None when it is empty."""
    with connection(url) as client:
        _, properties, body = client.channel().basic_get(queue_name(prefix_of(url), QUEUE, "dead"), auto_ack=True)
        return None if properties is None else (body, properties.headers[CODE_HEADER])


def levy(run):
    """The lane's sample and its bytes with another time of creation: a file that never came before."""
    (sample,) = run.manifest.lane(LANE)
    content = sample.path.read_bytes()
    assert content.count(b"20260701083000") == 1
    return sample, content.replace(b"20260701083000", b"2026070108%04d" % next(SECONDS_OF_CREATION))


def returned(run, number):
    """Waits until the lane has so many files, all of them returned or held; returns them, oldest first."""

    def all_done():
        files = sorted(run.store.files(lane=LANE), key=lambda file: file.id)
        done = all(file.state in (FileState.RETURNED, FileState.HELD) for file in files)
        return (files,) if len(files) >= number and done else None

    (files,) = eventually(all_done, seconds=60, what=f"{number} files")
    assert len(files) == number
    return files


def assert_all_accepted(run):
    """What was received is accepted, and the server has no record twice."""
    (counts,) = [lane for lane in run.store.counts() if lane.lane == LANE]
    assert counts.received == counts.accepted > 0
    assert run.server.account()["twice"] == 0


def intake_back(run):
    """Starts the intake again and waits until it runs: from then on it looks at its queue."""
    before = len(logged(run, "intake", "gateway.started"))
    run.processes.restart("intake")
    eventually(lambda: len(logged(run, "intake", "gateway.started")) > before, what="the intake")


def assert_nothing_left(run, url):
    """With its consumer gone, a message that was not acknowledged would stand in the queue again."""
    run.processes.kill("intake")
    time.sleep(0.5)  # the broker sees the closed socket
    try:
        assert (ready(url, "work"), ready(url, "dead")) == (0, 0)
    finally:
        intake_back(run)


def test_a_plain_message_is_a_file(run, url):
    """Taken in, all records accepted, the result returned under the queue's name, nothing left in the queue."""
    sample, content = levy(run)
    publish(url, content)
    (file,) = returned(run, 1)
    assert (file.state, file.records, file.size) == (FileState.RETURNED, sample.records, len(content))
    assert file.name.startswith(f"{QUEUE}-")
    assert_all_accepted(run)
    folder = run.configuration.return_folder(run.configuration.routes[LANE])
    assert [path.name for path in folder.iterdir()] == [f"{file.name}.RES"]
    assert_nothing_left(run, url)


def letters(run):
    """What `parked list` tells of dead letters."""
    listed = asked("parked", "list", "--config", run.site.config, "--json").output.splitlines()
    return [row for row in map(json.loads, listed) if "letters" in row]


def test_the_same_bytes_again_are_buried(run, url):
    """A second delivery of a file goes to the dead queue, whole, with the reason; the ledger keeps the first alone."""
    before = returned(run, len(run.store.files(lane=LANE)))
    _, content = levy(run)
    publish(url, content)
    files = returned(run, len(before) + 1)
    publish(url, content)
    told = eventually(lambda: letters(run), what="the dead letter among what is parked")
    assert [(row["lane"], row["code"], row["letters"], row["bytes"]) for row in told] == [
        (QUEUE, "REF-001", 1, len(content))
    ]
    assert eventually(lambda: buried(url), what="the buried message") == (content, "REF-001")
    refused = logged(run, "intake", "file.refused")[-1]
    assert (refused["code"], refused["file"], refused["original"]) == ("REF-001", files[-1].name, files[-1].id)
    assert returned(run, len(files)) == files
    assert_all_accepted(run)
    assert_nothing_left(run, url)


def test_a_message_stays_unacknowledged_until_the_ledger_has_it(run, url):
    """While nobody can write the ledger the message is in hand, not gone: kill -9 gives it back, then it is taken."""
    before = returned(run, len(run.store.files(lane=LANE)))
    _, content = levy(run)
    with contextlib.closing(
        sqlite3.connect(run.site.folder / "store" / "kakehashi.db", isolation_level=None)
    ) as ledger:
        ledger.execute("BEGIN IMMEDIATE")
        publish(url, content)
        eventually(lambda: ready(url, "work") == 0, what="the taken message")
        run.processes.kill("intake")
        eventually(lambda: ready(url, "work") == 1, what="the message given back")
        ledger.execute("ROLLBACK")
    assert len(run.store.files(lane=LANE)) == len(before)
    intake_back(run)
    returned(run, len(before) + 1)
    assert_all_accepted(run)
    assert_nothing_left(run, url)


def test_a_deleted_queue_is_one_lanes_trouble_and_comes_back(run, url):
    """Somebody deletes the queue of a running intake: it is told of that lane, made again, and files come in again."""
    before = len(run.store.files(lane=LANE))
    publish(url, levy(run)[1])
    returned(run, before + 1)
    delete_queues(url, [QUEUE])
    eventually(lambda: ready(url, "work") == 0, what="the queue again")
    publish(url, levy(run)[1])
    returned(run, before + 2)
    told = logged(run, "intake", "source.unavailable")[-1]
    assert (told["lane"], told["code"]) == (LANE, "BRK-005")
    assert_all_accepted(run)
    assert_nothing_left(run, url)


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.1, 0.2, 0.3])
def test_kill_9_right_after_publishing_takes_it_exactly_once(run, url, seconds):
    """Whenever the intake dies, the file stands in the queue or in the ledger, and in the end once in the ledger."""
    before = returned(run, len(run.store.files(lane=LANE)))
    sample, content = levy(run)
    publish(url, content)
    time.sleep(seconds)
    run.processes.kill("intake")
    eventually(lambda: ready(url, "work") == 1 or len(run.store.files(lane=LANE)) > len(before), what="the file")
    intake_back(run)
    files = returned(run, len(before) + 1)
    assert (files[-1].records, files[-1].state) == (sample.records, FileState.RETURNED)
    assert_all_accepted(run)
    assert_nothing_left(run, url)


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\x00", b"\xff" * 401, b"2" + b"\x00" * 399, b"<xml/>" * 1000],
    ids=["nothing", "one-zero", "no-type", "no-header", "another-format"],
)
def test_garbage_is_held_or_buried_with_a_code(run, url, garbage):
    """Bytes that are no file end in the dead queue or held in the ledger, with a code; the next file is taken."""
    before = returned(run, len(run.store.files(lane=LANE)))
    publish(url, garbage)

    def aside():
        found = buried(url)
        new = [file for file in run.store.files(lane=LANE) if file.id not in {old.id for old in before}]
        return found or [(file.state, file.code) for file in new]

    answer = eventually(aside, what="garbage put aside")
    if isinstance(answer, tuple):
        assert answer[0] == garbage
        assert answer[1].startswith("REF-")
    else:
        ((state, code),) = answer
        assert state is FileState.HELD
        assert code
    known = len(run.store.files(lane=LANE))
    sample, content = levy(run)
    publish(url, content)
    last = returned(run, known + 1)[-1]
    assert (last.state, last.records) == (FileState.RETURNED, sample.records)
    assert run.processes.dead() == []
    assert logged(run, "intake", "gateway.failed") == logged(run, "worker", "gateway.failed") == []
    assert run.server.account()["twice"] == 0
    assert_nothing_left(run, url)
