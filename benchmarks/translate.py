"""How fast legacy records become a validated message, on one core, and against straight-line code for the same layout.

    python benchmarks/translate.py [--records N] [--rounds N] [--results FOLDER]

Fresh tax files of the seeded generator (400 bytes, 48 items, 34 of them sent), batches of 200 as in production. Every
step of the gateway, the whole of it (`Offline.translate_batch`: decode, identify, map, number search, build, parse,
XSD, rules), and `straight_line.py`, which must give the same bytes. One process, interleaved rounds, processor time.
"""

from __future__ import annotations

import argparse
import base64
import io
import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from lxml import etree
from measure import RESULTS, Spread, interleaved, table, write_json
from naive import NaiveScript
from straight_line import StraightLine

from kakehashi.config.loader import load
from kakehashi.config.model import Configuration, Route
from kakehashi.domain.batch import BatchBody, BatchState, content_id
from kakehashi.ports.ledger import BatchRow
from kakehashi.runtime.offline import Offline
from kakehashi.runtime.places import shared
from kakehashi.validation.individual_number_scan import find_individual_number_in_document
from kakehashi.validation.rules import CompiledRules, load_rules
from kakehashi.validation.xml import parse_for_schema
from kakehashi_simulators.legacy import generate

__all__ = ["main", "measure"]

LANE = "tax-levy"
BATCH = 200
_NOW = datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=9)))
_DIGEST = re.compile("<Sha256>[^<]*</Sha256>")
_CONTENT = re.compile(rb"<TM99000000000001v1>(.*?)</TM99000000000001v1>")
_NAIVE_RECORDS = 20


@dataclass(frozen=True, slots=True)
class Batch:
    """A slice of the file as the gateway sees it, and the document that the gateway makes of it."""

    row: BatchRow
    body: BatchBody
    document: bytes

    @property
    def header(self) -> str:
        """The document up to its body, the digest still open."""
        end = self.document.index(b"</Header>") + len(b"</Header>")
        open_digest = base64.b64encode(bytes(32)).decode()
        return _DIGEST.sub(f"<Sha256>{open_digest}</Sha256>", self.document[:end].decode())

    @property
    def contents(self) -> bytes:
        return b"\0".join(_CONTENT.findall(self.document))


def measure(*, records: int, rounds: int) -> dict[str, object]:
    """Everything; `records` rounded up to whole batches."""
    configuration = load(shared("config"))
    route = configuration.routes[LANE]
    offline = Offline(configuration, route, shared("xsd"))
    data = _file(records)
    batches = _batches(route, offline, data)
    records = sum(batch.row.records for batch in batches)
    straight = _straight(batches, rules=True)
    if straight() != [batch.document for batch in batches]:
        raise AssertionError("the straight line does other work")
    chain = _Chain(configuration, route)
    steps: list[dict[str, float]] = []
    runs = {
        "steps": lambda: steps.append(chain.seconds(batches)),
        "gateway, all": lambda: [_translated(offline, batch, len(batches)) for batch in batches],
        "straight line, all": straight,
        "straight line without rules": _straight(batches, rules=False),
    }
    seconds = interleaved(runs, rounds=rounds)
    del seconds["steps"]
    seconds = {**{name: [each[name] for each in steps[1:]] for name in steps[0]}, **seconds}
    micro = {name: Spread.of([each / records * 1e6 for each in some]) for name, some in seconds.items()}
    rates = {name: Spread.of([records / each for each in some]) for name, some in seconds.items()}
    pairs = zip(seconds["straight line, all"], seconds["gateway, all"], strict=True)
    return {
        "records": records,
        "batch_records": BATCH,
        "bytes_in": len(data) / records,
        "bytes_out": sum(len(batch.document) for batch in batches) / records,
        "rounds": rounds,
        "microseconds_per_record": micro,
        "records_per_second": rates,
        "ratio_to_straight_line": Spread.of([line / ours for line, ours in pairs]),
        "naive_records_per_second": _naive(batches[0], rounds=3),
    }


def _file(records: int) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        manifest = generate(Path(folder), seed=1, scale=records / 1200, faults=False, lanes=[LANE])
        return manifest.lane(LANE)[0].path.read_bytes()


def _batches(route: Route, offline: Offline, data: bytes) -> list[Batch]:
    split = route.codec.split(io.BytesIO(data), batch_records=BATCH, file="LEVY")
    made = []
    for seq, part in enumerate(split.slices, start=1):
        row = BatchRow(
            id=seq,
            file_id=1,
            lane=LANE,
            seq=seq,
            first_record=part.first_record,
            records=part.records,
            offset=part.offset,
            spool_offset=0,
            spool_length=0,
            state=BatchState.NEW,
            turn=0,
            attempts=0,
            request_id=content_id("benchmark", seq),
            receipt=None,
            code=None,
            due=None,
            accepted=0,
            updated_at=_NOW,
            redrive_of=None,
        )
        body = BatchBody(split.header, data[part.offset : part.offset + part.length])
        document = offline.translate_batch(row, body, total=len(split.slices), file="LEVY").document
        assert document.count(b"<Record ") == part.records
        made.append(Batch(row, body, document))
    return made


def _translated(offline: Offline, batch: Batch, total: int) -> bytes:
    return offline.translate_batch(batch.row, batch.body, total=total, file="LEVY").document


class _Chain:
    """The pure steps one after another, batch by batch as in production, the clock read between them: a step alone over
    many batches would find its data in no cache. What is left of the whole: identify, build, gathering faults.
    """

    def __init__(self, configuration: Configuration, route: Route) -> None:
        folder = shared("xsd") / configuration.profile.schemas
        self._codec, self._mapper = route.codec, route.mapper
        self._xsd = etree.XMLSchema(etree.parse(folder / "DBM-201.xsd"))
        self._rules = CompiledRules(load_rules(folder / "layouts"))

    def seconds(self, batches: list[Batch]) -> dict[str, float]:
        spent = dict.fromkeys(("decode", "map", "number search", "parse", "XSD", "rules"), 0.0)
        for batch in batches:
            row, contents = batch.row, batch.contents
            at = [time.process_time()]
            mark = lambda at=at: at.append(time.process_time())  # noqa: E731  # shortest between two measured steps
            decoded = self._codec.decode(batch.body, file="LEVY", first_record=row.first_record, offset=row.offset)
            mark()
            self._mapper.map(decoded.rows, numbers=decoded.numbers)
            mark()
            find_individual_number_in_document(contents)
            mark()
            root = parse_for_schema(batch.document)
            mark()
            self._xsd.validate(root)
            mark()
            list(self._rules.broken(root))
            mark()
            del root
            for name, begin, end in zip(spent, at, at[1:], strict=False):
                spent[name] += end - begin
        return spent


def _straight(batches: list[Batch], *, rules: bool) -> Callable[[], list[bytes]]:
    line = StraightLine(shared("xsd") / "std-2026", lambda numbers: {number: number for number in numbers}, rules=rules)
    city = batches[0].body.header[35:41].decode()
    headers = [batch.header for batch in batches]
    return lambda: [
        line.translate(batch.body.data, city=city, first=batch.row.first_record, header=header)
        for batch, header in zip(batches, headers, strict=True)
    ]


def _naive(batch: Batch, *, rounds: int) -> Spread:
    """Per-field decoding, an element tree, xmlschema: on a few records, for it is slow."""
    script = NaiveScript(shared("xsd") / "std-2026")
    seconds = interleaved({"naive": lambda: script.translate(batch.body, batch.header, _NAIVE_RECORDS)}, rounds=rounds)
    return Spread.of([_NAIVE_RECORDS / each for each in seconds["naive"]])


def _shown(result: dict[str, object]) -> str:
    micro, rates = result["microseconds_per_record"], result["records_per_second"]
    assert isinstance(micro, dict)
    assert isinstance(rates, dict)
    rows = [
        [name, *(f"{figure:.2f}" for figure in (m.least, m.median, m.most)), f"{rates[name].median:,.0f}"]
        for name, m in micro.items()
    ]
    ratio, naive = result["ratio_to_straight_line"], result["naive_records_per_second"]
    assert isinstance(ratio, Spread)
    assert isinstance(naive, Spread)
    size = f"{result['bytes_in']:.0f} bytes, {result['bytes_out']:.0f} of XML"
    return "\n".join((
        f"{result['records']:,} records of {size}, {result['rounds']} rounds; µs of processor time a record",
        "",
        table(["step", "least", "median", "most", "records/s"], rows),
        "",
        f"gateway against straight line: {ratio.median:.2f} ({ratio.least:.2f} to {ratio.most:.2f})",
        f"naive (a field at a time, xmlschema): {naive.median:,.0f} records/s",
    ))  # fmt: skip


def main(arguments: list[str] | None = None) -> dict[str, object]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    result = measure(records=options.records, rounds=options.rounds)
    print(_shown(result))
    print(f"\nwritten to {write_json('translate', result, folder=options.results)}")
    return result


if __name__ == "__main__":
    main()
