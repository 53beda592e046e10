"""The whole gateway in memory: fakes for every port but the server, whose part the honest simulator's mind plays."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from kakehashi.config.loader import load
from kakehashi.domain.batch import content_id
from kakehashi.domain.redrive import OrderAction
from kakehashi.ports.broker import URGENT
from kakehashi.ports.links import LinkRow
from kakehashi.ports.redrive import NewOrder
from kakehashi.runtime.bootstrap import Gateway
from kakehashi.runtime.events import EventLog
from kakehashi.runtime.intake import Intake
from kakehashi.runtime.scheduler import Scheduler
from kakehashi.runtime.worker import Worker
from kakehashi.testing.memory_broker import MemoryBroker, MemoryQueues
from kakehashi.testing.memory_clock import MemoryClock
from kakehashi.testing.memory_files import MemorySink, MemorySource, MemorySpool
from kakehashi.testing.memory_links import MemoryLinkStore
from kakehashi.testing.memory_sealer import MemorySealer
from kakehashi.testing.memory_server import MemoryServerClient
from kakehashi.testing.memory_store import MemoryStore
from kakehashi.testing.memory_surroundings import MemorySurroundings
from kakehashi.validation.schema import SchemaSet
from kakehashi_simulators.intermediate_server import IntermediateServer, options
from kakehashi_simulators.legacy import generate
from kakehashi_simulators.server import ServerSettings

ROOT = Path(__file__).parents[3]
XSD = ROOT / "xsd" / "std-2026"


class Recorder(EventLog):
    """Keeps events instead of writing them; still refuses what is not in the catalogue."""

    def __init__(self):
        super().__init__(self)
        self.events = []

    def __getattr__(self, level):
        return lambda name, /, **fields: self.events.append((name, fields))

    def named(self, name):
        return [fields for event, fields in self.events if event == name]


class GivesNoMore:
    """A consumer that is only told what has become of its deliveries."""

    def __init__(self, consumer):
        self.acknowledge, self.bury = consumer.acknowledge, consumer.bury

    def receive(self, _most, _timeout):
        return []


class House:
    """One gateway and everything around it, driven step by step."""

    def __init__(self, tmp_path, lane, config, *, xsd=XSD, as_of=None):
        self.configuration = load(config, as_of=as_of)
        self.route = self.configuration.routes[lane]
        self.queue = URGENT if lane in self.configuration.urgent else lane
        self.server = IntermediateServer(
            tmp_path / "server",
            xsd,
            ServerSettings(result_delay_seconds=0.0, check_digest=True),
            options(),
        )
        self.client = MemoryServerClient(lambda message: self.server._messages.answer(message.document))
        self.clock = MemoryClock()
        self.queues = MemoryQueues(self.clock)
        self.store, self.links = MemoryStore(), MemoryLinkStore()
        self.source, self.sink = MemorySource(), MemorySink()
        self.recorder = Recorder()
        self.gateway = Gateway(
            configuration=self.configuration,
            broker=MemoryBroker(self.queues),
            store=self.store,
            links=self.links,
            sealer=MemorySealer(),
            spool=MemorySpool(),
            client=self.client,
            clock=self.clock,
            surroundings=MemorySurroundings(),
            schemas=SchemaSet(xsd),
            events=self.recorder,
        )
        self.gateway.broker.declare([lane])
        self.worker: Worker = replace(self.gateway.worker(), idle=timedelta(0))
        self.publishing = self.gateway.publishing()
        self.intake = self.intake_of(self.route, self.source)

    def intake_of(self, route, source):
        return Intake(
            route=route,
            source=source,
            spool=self.gateway.spool,
            store=self.store,
            sealer=self.gateway.sealer,
            clock=self.clock,
            events=self.recorder,
            config_hash=self.configuration.hash,
            largest_file=1 << 30,
            gate=self.gateway.link_gate(self.route),
        )

    def reload(self, config, *, as_of=None):
        """What SIGHUP, or a new day, does to a worker: the next batch is translated by the changed folder."""
        self.worker.pool.shutdown()
        self.gateway.configuration = self.configuration = load(config, as_of=as_of)
        self.route = self.configuration.routes[self.route.name]
        self.worker = replace(self.gateway.worker(), idle=timedelta(0))

    def close(self):
        self.server.close()
        self.worker.pool.shutdown()

    def link_all(self, manifest):
        """Every 宛名番号 of the extract stands for its person."""
        from kakehashi.codec.compile import compile_codec
        from kakehashi.domain.batch import BatchBody

        route = self.configuration.routes["registry-persons"]
        (sample,) = [s for s in manifest.lane("registry-persons") if s.good]
        codec = compile_codec(route.layout)
        with sample.path.open("rb") as stream:
            split = codec.split(stream, batch_records=10_000, file=sample.name)
            for part in split.slices:
                stream.seek(part.offset)
                body = BatchBody(split.header, stream.read(part.length))
                decoded = codec.decode(body, file=sample.name, first_record=part.first_record, offset=part.offset)
                plan = route.link
                self.links.link(
                    [
                        LinkRow(
                            system=str(row[plan.system]),
                            atena=str(row[plan.atena]).zfill(15),
                            unified=str(row[plan.unified]).zfill(15),
                        )
                        for row in decoded.rows
                        if row is not None
                    ],
                    now=self.clock.now(),
                )

    def take(self, name, content):
        self.source.put(name, content)
        self.intake.run_once()
        self.publishing.publish_new()

    def work(self, rounds=1):
        """Receive and work `rounds` times; returns how many deliveries there were."""
        with self.gateway.broker.consume([self.queue], prefetch=8) as consumer:
            taken = sum(self.worker.run_once(consumer) for _ in range(rounds))
            while self.worker.schedule.has_waiting:
                self.worker.run_once(GivesNoMore(consumer))
            self.worker.finish(consumer, within=timedelta(seconds=60))
            self.worker.let_go()
            return taken

    def until_quiet(self, most=60):
        """Work and let time pass until no message is left anywhere."""
        for _ in range(most):
            self.work()
            if self.gateway.broker.depth(self.queue) == 0:
                return
            self.clock.advance(timedelta(seconds=10))
        raise AssertionError("the lane never became quiet")

    def redrive(self, exceptions):
        """What an operator's `parked retry` does, and the publishing that follows."""
        made = self.store.redrive(
            [row.id for row in exceptions],
            request_ids=[content_id("redrive", row.id, self.clock.now().isoformat()) for row in exceptions],
            reason="mended",
            actor="tester",
            now=self.clock.now(),
        )
        self.publishing.publish_new()
        return made

    def redrive_together(self, exceptions):
        """What an order over everything that is open in the lane does, and the publishing that follows."""
        now, known = self.clock.now(), {row.id for row in self.batches()}
        order = NewOrder(
            lane=self.route.name, action=OrderAction.RETRY, reason="mended", actor="tester", per_second=10_000,
            placed_at=now,
        )  # fmt: skip
        assert self.store.place_order(order).selected == len(exceptions)
        assert self.gateway.redriving().run_once() == len(exceptions)
        self.publishing.publish_new()
        return [row for row in self.batches() if row.id not in known]

    def batches(self):
        return [row for file in self.store.files(lane=self.route.name) for row in self.store.batches(file.id)]

    def results(self):
        """Let the scheduler return what is settled; the newest result of each name."""
        self.scheduler().run_once()
        return self.sink.files

    def scheduler(self):
        returning = self.gateway.returning_to(self.route, self.sink)
        return Scheduler(
            lanes=[self.route.name],
            store=self.store,
            publishing=self.publishing,
            redriving=self.gateway.redriving(),
            returning={self.route.name: returning},
            clock=self.clock,
            events=self.recorder,
            quiet=self.gateway.quiet,
            alarms=self.gateway.alarms(),
            sweeping=self.gateway.scheduler().sweeping,
            forgetting=self.gateway.scheduler().forgetting,
            enforcing=self.gateway.scheduler().enforcing,
            looking_again=self.gateway.scheduler().looking_again,
            withdrawing=self.gateway.scheduler().withdrawing,
        )

    @property
    def counts(self):
        (counts,) = [lane for lane in self.store.counts() if lane.lane == self.route.name]
        return counts


@pytest.fixture
def manifest(tmp_path):
    """Small files without planted faults."""
    return generate(tmp_path / "samples", seed=7, scale=0.05, faults=False)


@pytest.fixture
def house_of(tmp_path, manifest):
    houses = []

    def build(lane, config=ROOT / "config", *, xsd=XSD, as_of=None):
        house = House(tmp_path, lane, config, xsd=xsd, as_of=as_of)
        house.link_all(manifest)
        houses.append(house)
        return house

    yield build
    for house in houses:
        house.close()
