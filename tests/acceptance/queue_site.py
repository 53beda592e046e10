"""A running site whose tax lane takes the messages of a queue as its files, and a program that publishes them."""

import contextlib
import itertools
import shutil
import time
from urllib.parse import urlsplit

import pika
from tests.acceptance.watching import eventually, links_settled, logged
from tests.services.rabbitmq import connection, delete_queues, prefix_of

from kakehashi.domain.batch import FileState
from kakehashi_adapters.amqp.names import CODE_HEADER, queue_name
from kakehashi_simulators.demo.run import started

LANE = "tax-levy"
QUEUE = "levy-files"
LARGEST = 3_000_000
SECONDS_OF_CREATION = itertools.count(1)


@contextlib.contextmanager
def queue_site(folder, url, *, port):
    """The site's own configuration names a queue where the shipped one names a folder; nobody made the queue before.

    `port`: where the gateway reaches the broker.
    """
    through = url.replace(f":{urlsplit(url).port}/", f":{port}/", 1)
    limits = f"\n[limits]\nfile_bytes = {LARGEST}\n"
    with started(folder, seed=37, scale=0.05, faults=False, broker=through, extra=limits) as run:
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


def publish(url, body, **properties):
    """As a program that knows only the queue's name: no headers, no message id, not even persistent.

    A queue that is just being made refuses for a moment: a sender that minds its confirms tries again.
    """

    def taken():
        try:
            channel.basic_publish("", name, body, pika.BasicProperties(**properties), mandatory=True)
        except pika.exceptions.NackError:
            return False
        return True

    name = queue_name(prefix_of(url), QUEUE, "work")
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


def taken_once(run, url, before, sample):
    """What was published since `before` is one file, all of it accepted, and nothing of it stands in a queue."""
    files = returned(run, len(before) + 1)
    assert (files[-1].records, files[-1].state) == (sample.records, FileState.RETURNED)
    assert_all_accepted(run)
    assert_nothing_left(run, url)
