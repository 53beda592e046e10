"""Symbols in one process: the real engine and stores, both simulators' minds, one clock for all of them."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from kakehashi.config.loader import load
from kakehashi.domain.individual_number import IndividualNumber
from kakehashi.ports.links import LinkRow
from kakehashi.runtime.bootstrap import Gateway
from kakehashi.testing.memory_broker import MemoryBroker, MemoryQueues
from kakehashi.testing.memory_clock import MemoryClock
from kakehashi.testing.memory_files import MemorySpool
from kakehashi.testing.memory_links import MemoryLinkStore
from kakehashi.testing.memory_sealer import MemorySealer
from kakehashi.testing.memory_server import MemoryServerClient
from kakehashi.testing.memory_store import MemoryStore
from kakehashi.testing.memory_surroundings import MemorySurroundings
from kakehashi.validation.schema import SchemaSet
from kakehashi_simulators.conduct import Conduct, Scenario
from kakehashi_simulators.faults import Faults
from kakehashi_simulators.intermediate_server import IntermediateServer, options
from kakehashi_simulators.legacy.numbers import seeded_numbers
from kakehashi_simulators.registry import AcquisitionDesk, Notices
from kakehashi_simulators.schema_folder import CheckerPool
from kakehashi_simulators.server import MessageServer, ServerSettings

ROOT = Path(__file__).parents[3]
XSD = ROOT / "xsd" / "std-2026"
LIFE = timedelta(days=7)
SETTINGS = '[symbols]\nacquire = "all"\nresidents = "registry"\n'


def person(number):
    return f"{number:015d}"


class Office:
    """`residents` have a link in the registry's system; everybody's 個人番号 is known."""

    def __init__(self, folder, *, store=None, links=None, sealer=None, residents=9, others=2):
        overlay = folder / "overlay.toml"
        overlay.write_text(SETTINGS, encoding="utf-8")
        self.clock = MemoryClock()
        self.server = IntermediateServer(
            folder / "server",
            XSD,
            ServerSettings(result_delay_seconds=0.0),
            options(),
        )
        self.server.clock.source = self.seconds
        self.scenario = Scenario(Conduct(delay_seconds=3600.0))
        self.notices = Notices(folder / "registry", self.scenario, self.server.clock)
        desks = {"FGU-121": AcquisitionDesk(self.notices)}
        registry = MessageServer(ServerSettings(), checkers=CheckerPool(XSD), faults=Faults(), desks=desks)
        self.to_server = MemoryServerClient(lambda message: self.server._messages.answer(message.document))
        self.to_registry = MemoryServerClient(lambda message: registry.answer(message.document))
        self.store, self.links = store or MemoryStore(), links or MemoryLinkStore()
        self.sealer = sealer or MemorySealer()
        self.numbers = seeded_numbers(5, residents + others)
        self._link(residents, others)
        self.gateway = Gateway(
            configuration=load(ROOT / "config", overlay=overlay),
            broker=MemoryBroker(MemoryQueues(self.clock)),
            store=self.store,
            links=self.links,
            sealer=self.sealer,
            spool=MemorySpool(),
            client=self.to_server,
            registry=self.to_registry,
            clock=self.clock,
            surroundings=MemorySurroundings(),
            schemas=SchemaSet(XSD),
        )
        self.acquiring = self.gateway.acquiring()

    def _link(self, residents, others):
        from kakehashi.pipeline.identify import _blinds, number_context

        self.numbers = list(self.numbers)
        rows = []
        for number, digits in enumerate(self.numbers, start=1):
            unified, plain = person(number), IndividualNumber(digits)
            sealed = self.sealer.seal(plain.reveal().encode(), context=number_context(unified))
            system = "registry" if number <= residents else "tax"
            rows.append(
                LinkRow(
                    system=system,
                    atena=person(number),
                    unified=unified,
                    number=sealed,
                    blind=_blinds(self.sealer, plain)[0],
                )
            )
        assert self.links.link(rows, now=self.clock.now()) == {}
        assert len(rows) == residents + others

    def seconds(self):
        return self.clock.now().timestamp()

    def without_symbol(self, *persons):
        self.server._persons.set(persons, "no-symbol")

    def work(self, **time):
        """Until nothing is due, at this time and after `time` has passed; news of the registry arrive meanwhile."""
        if time:
            self.clock.advance(timedelta(**time))
        self.tell()
        for _ in range(50):
            if not self.acquiring.run_once():
                return
        raise AssertionError("it never became quiet")

    def tell(self):
        self.notices.tell_due(self.server._processes.settle)

    def pass_time(self, until, step=timedelta(hours=1)):
        """Hour by hour."""
        end = self.clock.now() + until
        while self.clock.now() < end:
            self.work(seconds=step.total_seconds())

    def states(self, of):
        return [str(row.what.state) for row in self.store.acquisitions(person=of)]

    def said(self):
        """Message ids in the order in which they went out."""
        return [m.message_id for m in (*self.to_server.delivered, *self.to_registry.delivered)]

    def close(self):
        self.server.close()


def rules(office, **changes):
    return replace(office.acquiring.rules, **changes)
