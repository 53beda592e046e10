"""A registry and systems that describe persons, through the shipped routes, without processes."""

import datetime as dt
from dataclasses import replace

from kakehashi.codec.compile import compile_codec
from kakehashi.config.loader import load
from kakehashi.domain.batch import BatchBody
from kakehashi.pipeline.linking import Linking
from kakehashi.runtime.places import shared
from kakehashi.testing.memory_clock import MemoryClock
from kakehashi.testing.memory_links import MemoryLinkStore
from kakehashi.testing.memory_sealer import MemorySealer
from kakehashi_simulators.legacy.numbers import seeded_numbers
from kakehashi_simulators.legacy.people import People
from kakehashi_simulators.legacy.residents import RESIDENTS, SYSTEM_PERSONS, Row, described, write_rows

NOW = dt.datetime(2026, 7, 1, 9, tzinfo=dt.timezone(dt.timedelta(hours=9)))
MADE = dt.date(2026, 7, 1)


class Hall:
    """The links of one body. `links`: the table of gateway.toml."""

    def __init__(self, tmp_path, *, links="", store=None, sealer=None, persons=40):
        overlay = tmp_path / "overlay.toml"
        overlay.write_text(links, encoding="utf-8")
        self.folder = tmp_path
        self.configuration = load(shared("config"), overlay=overlay)
        self.links = store if store is not None else MemoryLinkStore()
        self.sealer = sealer or MemorySealer()
        self.clock = MemoryClock(NOW)
        self.people = People(3)
        self.numbers = list(seeded_numbers(77, persons))

    def row(self, person, *, system="registry", **changes):
        """What a system writes of a person; `changes` of the row, or (as `person_…`) of the description."""
        told = {key.removeprefix("person_"): value for key, value in changes.items() if key.startswith("person_")}
        rest = {key: value for key, value in changes.items() if not key.startswith("person_")}
        base = {"registry": 4_000_000_000, "tax": 10_000_000, "welfare": 2_000_000_000}[system]
        row = Row(
            system=system,
            atena=f"{base + person * 3 + 1}",
            number=self.numbers[person],
            person=replace(described(self.people, person), **told),
        )
        return replace(row, **rest)

    def file(self, rows):
        path = self.folder / "PERSONS.DAT"
        write_rows(path, rows, records=len(rows), made=MADE)
        return path.read_bytes()

    def linking(self, lane):
        return Linking(links=self.links, sealer=self.sealer, plan=self.configuration.routes[lane].link)

    def decoded(self, lane, rows):
        """The rows of a file, through the codec of the lane."""
        import io

        codec, raw = compile_codec(self.configuration.routes[lane].layout), self.file(rows)
        split = codec.split(io.BytesIO(raw), batch_records=10**6, file="PERSONS.DAT")
        assert not split.faults
        found = []
        for part in split.slices:
            body = BatchBody(split.header_of(part), raw[part.offset : part.offset + part.length])
            decoded = codec.decode(body, file="PERSONS.DAT", first_record=1, offset=part.offset)
            assert not decoded.faults
            found += decoded.rows
        return list(enumerate(found))

    def extract(self, lane, rows, *, batch_id=1):
        """The codes by row (0-based) of those that were not linked."""
        taken = self.decoded(lane, rows)
        numbers = range(1, 1 + len(taken))
        found = self.linking(lane).extract(taken, now=self.clock.now(), batch_id=batch_id, numbers=numbers)
        return {position: fault.code for position, fault in found}

    def register(self, *persons, **changes):
        return self.extract(RESIDENTS, [self.row(person, **changes) for person in persons])

    def link(self, *rows):
        return self.extract(SYSTEM_PERSONS, list(rows))

    def person(self, system, person):
        """The 団体内統合宛名番号 behind a system's number."""
        atena = self.row(person, system=system).atena.zfill(15)
        space = self.configuration.gateway.links.numbers.get(system, system)
        return self.links.resolve(space, [atena]).get(atena)
