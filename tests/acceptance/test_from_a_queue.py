"""A route whose source is a queue: a legacy system's plain messages are whole files, each taken in exactly once."""

import contextlib
import json
import sqlite3
import time
from urllib.parse import urlsplit

import pytest
from tests.acceptance.queue_site import (
    LANE,
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
)
from tests.acceptance.watching import asked, eventually, logged
from tests.services.rabbitmq import delete_queues
from tests.tier import FULL

from kakehashi.domain.batch import FileState

pytestmark = [pytest.mark.xdist_group("from-a-queue"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def url(rabbitmq):
    return rabbitmq.queue_url()


@pytest.fixture(scope="module")
def run(tmp_path_factory, url):
    with queue_site(tmp_path_factory.mktemp("from-a-queue") / "site", url, port=urlsplit(url).port) as run:
        yield run


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


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.1, 0.2, 0.3] if FULL else [0.1])
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
