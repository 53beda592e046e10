"""The whole path as a bare script: what the gateway's end-to-end speed is measured against.

The same effects in two processes: file → sealed → RabbitMQ (quorum, confirmed, mandatory) → opened → linked →
translated and validated (`straight_line.py`) → intent in SQLite (synchronous) → HTTPS with client certificate to the
simulator → receipt in SQLite → result asked for → replica state and settled in SQLite → acknowledged. Four connections,
as the gateway has. No ledger of files and attempts, no spool, no retries, no delay queues, no faults: whatever goes
wrong ends it.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import pika
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree
from measure import Took, peak_mebibytes, processor_seconds
from straight_line import StraightLine

from kakehashi.domain.batch import content_id
from kakehashi.runtime.places import shared
from kakehashi_simulators.demo.site import prepare
from kakehashi_simulators.legacy import generate
from kakehashi_simulators.legacy.town import Town
from kakehashi_simulators.process import start_intermediate_server

__all__ = ["run_bare"]

_LANE = "tax-levy"
_SIZE = 400
_CONNECTIONS = 4
_PREFETCH = 1000
_GROUP = 8
_RESULT_SECONDS = 1.0
_NS = "{urn:kakehashi:std-2026}"
_NO_DIGEST = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
_TABLES = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE links (atena TEXT PRIMARY KEY, unified TEXT) WITHOUT ROWID;
CREATE TABLE batches (id INTEGER PRIMARY KEY, state TEXT, records INTEGER, receipt TEXT);
CREATE TABLE replicas (
    person TEXT, info TEXT, unit TEXT, sequence INTEGER, digest BLOB, PRIMARY KEY (person, info, unit)) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """What both processes are told, as JSON on the command line."""

    file: str
    records: int
    batch_records: int
    database: str
    endpoint: str
    certificates: str
    broker: str
    key: str

    @property
    def cipher(self) -> AESGCM:
        return AESGCM(bytes.fromhex(self.key))

    @property
    def batches(self) -> int:
        return -(-self.records // self.batch_records)


def run_bare(records: int, *, broker: str, batch_records: int, others: Mapping[str, int]) -> Took:
    """Start simulator, producer and consumer; time runs from the word to the last settled batch.

    `others`: processes of the broker, name → id.
    """
    with tempfile.TemporaryDirectory(prefix="kakehashi-bare-") as name:
        folder = Path(name)
        site = prepare(folder / "site")
        manifest = generate(folder / "files", seed=1, scale=records / 1200, faults=False, lanes=[_LANE])
        sample = manifest.lane(_LANE)[0]
        _database(folder / "bare.sqlite", sample.records)
        xsd = shared("xsd") / "std-2026"
        with start_intermediate_server(folder / "server", xsd=xsd, certificates=site.certificates) as server:
            task = _Task(
                file=str(sample.path),
                records=sample.records,
                batch_records=batch_records,
                database=str(folder / "bare.sqlite"),
                endpoint=server.endpoint,
                certificates=str(site.certificates),
                broker=broker,
                key=os.urandom(32).hex(),
            )
            took = _timed(task, {**others, "simulator": server.process.pid})
            if server.account()["accepted"] != sample.records:
                raise AssertionError("the server did not accept every record")
            return took


def _timed(task: _Task, others: Mapping[str, int]) -> Took:
    processes = {name: _start(name, task) for name in ("producer", "consumer")}
    ids = {**{name: process.pid for name, process in processes.items()}, **others}
    try:
        for process in processes.values():
            _line(process)  # ready
        before, begin = processor_seconds(ids), time.monotonic()
        for process in processes.values():
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in processes.values():
            _line(process)  # done
        settled, spent = time.monotonic() - begin, processor_seconds(ids)
        return Took(
            records=task.records,
            settled=settled,
            peaks=peak_mebibytes(ids),
            spent={name: spent[name] - before[name] for name in ids},
        )
    finally:
        for process in processes.values():
            process.kill()
            process.communicate()


def _start(name: str, task: _Task) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, name, json.dumps(asdict(task))]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"a process of the bare pipeline ended with {process.wait()}")
    return line


def _database(path: Path, records: int) -> None:
    town = Town(1)
    with sqlite3.connect(path) as connection:
        connection.executescript(_TABLES)
        rows = ((town.atena("tax", person), town.people.unified(person)) for person in range(records))
        connection.executemany("INSERT INTO links VALUES (?, ?)", rows)
    connection.close()


def _channel(task: _Task) -> pika.adapters.blocking_connection.BlockingChannel:
    channel = pika.BlockingConnection(pika.URLParameters(task.broker)).channel()
    channel.queue_declare("bare", durable=True, arguments={"x-queue-type": "quorum"})
    return channel


def _produce(task: _Task, ready: Callable[[], None]) -> None:
    channel, cipher = _channel(task), task.cipher
    channel.confirm_delivery()
    channel.queue_purge("bare")
    ready()
    with Path(task.file).open("rb") as stream:
        header = stream.read(_SIZE)
        left, seq = task.records, 0
        while left:
            records = min(left, task.batch_records)
            left, seq = left - records, seq + 1
            nonce = os.urandom(12)
            body = zlib.compress(header + stream.read(records * _SIZE), 1)
            properties = pika.BasicProperties(delivery_mode=2, headers={"seq": seq, "records": records})
            channel.basic_publish(
                "", "bare", nonce + cipher.encrypt(nonce, body, b"%d" % seq), properties, mandatory=True
            )


@dataclass(slots=True)
class _Batch:
    tag: int
    seq: int
    records: int
    body: bytes
    document: bytes = b""
    receipt: str = ""
    due: float = 0.0
    changes: Sequence[tuple[object, ...]] = ()


class _Consumer:
    def __init__(self, task: _Task) -> None:
        self._task = task
        self._cipher = task.cipher
        self._ledger = sqlite3.connect(task.database, check_same_thread=False, isolation_level=None)
        self._ledger.execute("PRAGMA synchronous = FULL")
        self._lock = threading.Lock()
        self._local = threading.local()
        self._pool = ThreadPoolExecutor(_CONNECTIONS)
        self._context = ssl.create_default_context(cafile=f"{task.certificates}/ca.pem")
        self._context.load_cert_chain(f"{task.certificates}/client.pem", f"{task.certificates}/client.key")
        self._address = urllib.parse.urlsplit(task.endpoint)
        list(self._pool.map(lambda _: self._tools(), range(_CONNECTIONS)))

    def run(self, channel: pika.adapters.blocking_connection.BlockingChannel) -> None:
        waiting: deque[_Batch] = deque()
        settled = 0
        arrivals = channel.consume("bare", inactivity_timeout=0.02)
        while settled < self._task.batches:
            group = _taken(arrivals)
            list(self._pool.map(self._translate, group))
            self._write("INSERT INTO batches VALUES (?, 'sent', ?, NULL)", [(b.seq, b.records) for b in group])
            list(self._pool.map(self._send, group))
            self._write("UPDATE batches SET receipt = ? WHERE id = ?", [(b.receipt, b.seq) for b in group])
            waiting.extend(group)
            done = [
                waiting.popleft() for _ in range(min(len(waiting), 2 * _GROUP)) if waiting[0].due < time.monotonic()
            ]
            list(self._pool.map(self._ask, done))
            self._settle(done)
            for batch in done:
                channel.basic_ack(batch.tag)
            settled += len(done)

    def _tools(self) -> tuple[StraightLine, http.client.HTTPSConnection, Mapping[str, etree.XMLSchema]]:
        """Of this thread."""
        if not hasattr(self._local, "tools"):
            xsd = shared("xsd") / "std-2026"
            assert self._address.hostname is not None
            self._local.tools = (
                StraightLine(xsd, self._linked),
                http.client.HTTPSConnection(self._address.hostname, self._address.port, context=self._context),
                {name: etree.XMLSchema(etree.parse(xsd / f"{name}.xsd")) for name in ("DBM-202", "DBM-206")},
            )
        tools: tuple[StraightLine, http.client.HTTPSConnection, Mapping[str, etree.XMLSchema]] = self._local.tools
        return tools

    def _linked(self, numbers: Sequence[str]) -> Mapping[str, str]:
        ask = "SELECT l.atena, l.unified FROM json_each(?) AS k CROSS JOIN links AS l ON l.atena = k.value"
        with self._lock:
            return dict(self._ledger.execute(ask, (json.dumps(numbers),)).fetchall())

    def _write(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        with self._lock:
            self._ledger.execute("BEGIN IMMEDIATE")
            self._ledger.executemany(statement, rows)
            self._ledger.execute("COMMIT")

    def _translate(self, batch: _Batch) -> None:
        line, _, _ = self._tools()
        raw = zlib.decompress(self._cipher.decrypt(batch.body[:12], batch.body[12:], b"%d" % batch.seq))
        header, data = raw[:_SIZE], raw[_SIZE:]
        first = 1 + (batch.seq - 1) * self._task.batch_records
        message = _message("DBM201", "DBM-201", f"send-{batch.seq}", self._stamp(batch))
        batch.document, contents, people = line.translate_linked(
            data, city=header[35:41].decode(), first=first, header=message
        )
        base = 1_000_000_000 + first
        batch.changes = [
            (person, "TM99000000000001", "2026", base + at, hashlib.sha256(content).digest())
            for at, (person, content) in enumerate(zip(people, contents, strict=True))
        ]

    def _stamp(self, batch: _Batch) -> str:
        return (
            f"<Batch><Id>{content_id(batch.seq)}</Id><Seq>{batch.seq}</Seq><Total>{self._task.batches}</Total>"
            f"<RecordCount>{batch.records}</RecordCount><Sha256>{_NO_DIGEST}</Sha256></Batch>"
        )

    def _send(self, batch: _Batch) -> None:
        answer = self._exchange(batch.document, "DBM-202")
        batch.receipt = answer.findtext(f".//{_NS}Receipt") or ""
        batch.due = time.monotonic() + _RESULT_SECONDS
        batch.document = batch.body = b""

    def _ask(self, batch: _Batch) -> None:
        message = _message("DBM205", "DBM-205", f"ask-{batch.seq}", "")
        answer = self._exchange(f"{message}<Receipt>{batch.receipt}</Receipt></DBM205>".encode(), "DBM-206")
        if answer.findtext(f".//{_NS}Accepted") != str(batch.records):
            raise ValueError(f"batch {batch.seq} was not accepted")

    def _settle(self, batches: Sequence[_Batch]) -> None:
        with self._lock:
            self._ledger.execute("BEGIN IMMEDIATE")
            for batch in batches:
                self._ledger.executemany(
                    "INSERT INTO replicas VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                    " sequence = excluded.sequence, digest = excluded.digest WHERE excluded.sequence > sequence",
                    batch.changes,
                )
                self._ledger.execute("UPDATE batches SET state = 'settled' WHERE id = ?", (batch.seq,))
            self._ledger.execute("COMMIT")

    def _exchange(self, document: bytes, answered_by: str) -> etree._Element:
        _, connection, schemas = self._tools()
        connection.request("POST", "/exchange", document, {"Content-Type": "application/xml"})
        response = connection.getresponse()
        raw = response.read()
        if response.status != 200:
            raise ValueError(f"status {response.status}")
        answer = etree.fromstring(raw)
        if not schemas[answered_by].validate(answer):
            raise ValueError(answered_by)
        return answer


def _taken(arrivals: Iterable[tuple[object, ...]]) -> list[_Batch]:
    """Up to a group; less when the queue is quiet."""
    group: list[_Batch] = []
    for method, properties, body in arrivals:
        if method is None:
            break
        group.append(_Batch(method.delivery_tag, properties.headers["seq"], properties.headers["records"], body))
        if len(group) == _GROUP:
            break
    return group


def _message(root: str, message_id: str, request: str, batch: str) -> str:
    """A message up to the end of its header."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%S+09:00", time.gmtime(time.time() + 9 * 3600))
    request_id = content_id(request)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="urn:kakehashi:std-2026"><Header>'
        f"<MessageId>{message_id}</MessageId><Function>DBM</Function><Type>REQ</Type><RequestId>{request_id}</RequestId>"
        f"<CorrelationId>{request_id}</CorrelationId>{batch}<Profile>std-2026</Profile><LayoutVersion>1</LayoutVersion>"
        f"<Sender>9999000000000099</Sender><Receiver>9999000000000001</Receiver><PersonKeyType>unified</PersonKeyType>"
        f"<CreatedAt>{moment}</CreatedAt><Test>1</Test></Header>"
    )


def _consume(task: _Task, ready: Callable[[], None]) -> None:
    channel = _channel(task)
    channel.basic_qos(prefetch_count=_PREFETCH)
    consumer = _Consumer(task)
    ready()
    consumer.run(channel)


def _go() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


def _main() -> None:
    role, task = sys.argv[1], _Task(**json.loads(sys.argv[2]))
    {"producer": _produce, "consumer": _consume}[role](task, _go)
    print("done", flush=True)
    sys.stdin.readline()  # its memory is read before it ends


if __name__ == "__main__":
    _main()
