"""Five systems that share no number, through the shipped routes, and an operator who knows the labels."""

from collections import defaultdict
from datetime import date
from itertools import combinations

from tests.unit.pipeline.persons import NOW, RESIDENTS, SYSTEM_PERSONS

from kakehashi.config.loader import load
from kakehashi.domain.batch import BatchBody
from kakehashi.domain.link import Note
from kakehashi.pipeline.grouping import Grouping
from kakehashi.pipeline.standing import carry_out
from kakehashi.ports.merges import Merge
from kakehashi.runtime.grouping import read_extract
from kakehashi.runtime.places import shared
from kakehashi.runtime.scratch import FileScratch
from kakehashi.testing.memory_links import MemoryLinkStore
from kakehashi.testing.memory_sealer import MemorySealer
from kakehashi_simulators.legacy.residents import write_rows
from kakehashi_simulators.legacy.scattered import SYSTEMS, Scattered


class Body:
    """A body of class ③: five extracts, and a store of links."""

    def __init__(self, folder, *, persons, links=None, town=None):
        self.folder, self.links = folder, links if links is not None else MemoryLinkStore()
        (folder / "links.toml").write_text('[links]\nmode = "full"\n', encoding="utf-8")
        self.routes = load(shared("config"), overlay=folder / "links.toml").routes
        self.sealer, self.town = MemorySealer(), town or Scattered(seed=5, persons=persons)
        self.rows = {system: list(self.town.rows(system)) for system in SYSTEMS}

    def write(self, system):
        path = self.folder / f"{system}.DAT"
        write_rows(path, self.rows[system], records=len(self.rows[system]), made=date(2026, 7, 1))
        return path

    def group(self, *, dry=False, piles=3, systems=SYSTEMS):
        scratch = FileScratch(self.folder)
        grouping = Grouping(links=self.links, sealer=self.sealer, scratch=scratch, now=NOW, piles=piles, dry=dry)
        for system in systems:
            route = self.routes[RESIDENTS if system == "registry" else SYSTEM_PERSONS]
            assert list(read_extract(grouping, route, self.write(system))) == []
        found = grouping.work()
        scratch.close()
        return found

    def answer(self):
        """Every question rightly, by the labels: linked, merged where both have numbers, or refused."""
        note = Note("clerk", "asked")
        for number in [review.id for review in self.links.reviews(most=10**6)]:
            review = self.links.review(number)
            if review.decision is not None:
                continue  # a merge has answered it
            unified, (system, atena) = review.what.unified, review.what.members[0]
            asked = {self.town.person_of(*member) for member in review.what.members}
            link = asked == {self.town.person_of(row.system, row.atena) for row in self.links.persons_links(unified)}
            stands = self.links.resolve(system, [atena]).get(atena, unified)
            if link and stands != unified:
                assert isinstance(self.links.merge(unified, stands, renumber=None, note=note, now=NOW), Merge)
            answered = self.links.answer(number, link=link, note=note, now=NOW)
            if link and answered is not None:
                assert carry_out(self.links, answered, now=NOW) == unified

    def numbered(self):
        """(system, 宛名番号) → 団体内統合宛名番号."""
        return {(row.system, row.atena): row.unified for system in SYSTEMS for row in self.links.links(system)}

    def wrong(self):
        """The kinds of those who share a number with somebody else."""
        persons = defaultdict(set)
        for (system, atena), unified in self.numbered().items():
            persons[unified].add(self.town.person_of(system, atena))
        return [[self.town.kind(person) for person in some] for some in persons.values() if len(some) > 1]

    def recall(self):
        """Of all pairs of records of one person in two systems, how many share a number."""
        numbered, records = self.numbered(), defaultdict(list)
        for system in SYSTEMS:
            for row in self.rows[system]:
                records[self.town.person_of(system, row.atena)].append((system, row.atena.zfill(15)))
        pairs = [pair for some in records.values() for pair in combinations(some, 2)]
        found = sum(numbered.get(one, one) == numbered.get(other, other) for one, other in pairs)
        return found / len(pairs)

    def decoded(self, system):
        """The (position, row) pairs of an extract."""
        path = self.write(system)
        codec = self.routes[RESIDENTS if system == "registry" else SYSTEM_PERSONS].codec
        with path.open("rb") as stream:
            split = codec.split(stream, batch_records=10**6, file=path.name)
            (part,) = split.slices
            stream.seek(part.offset)
            body = BatchBody(split.header_of(part), stream.read(part.length))
        return list(enumerate(codec.decode(body, file=path.name, first_record=1, offset=part.offset).rows))
