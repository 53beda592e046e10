"""The real core on memory ports, its processes interleaved at every port call as a seed decides, with faults.

Each role of each process gives way before each port call, and the seed says who goes on. So two workers are in the
middle of the same batch, a process dies between any two calls, and the same seed gives the same schedule again.
"""

import dataclasses
import random
from collections import Counter
from datetime import timedelta

from tests.model.actor import ROLES, Actor, ActorPort, Client, ConsumerPort, SourcePort
from tests.unit.pipeline.test_crashes import Crash, InLine, OneLane, Recorder

from kakehashi.domain.batch import BatchState, FileState, RecordState
from kakehashi.domain.redrive import OrderAction, OrderState
from kakehashi.errors import (
    BrokerBlocked,
    BrokerUnavailable,
    FolderUnavailable,
    StoreUnavailable,
)
from kakehashi.ports.links import LinkRow
from kakehashi.ports.redrive import NewOrder
from kakehashi.testing.memory_broker import MemoryBroker, MemoryQueues
from kakehashi.testing.memory_clock import MemoryClock
from kakehashi.testing.memory_files import MemorySink, MemorySource, MemorySpool
from kakehashi.testing.memory_links import MemoryLinkStore
from kakehashi.testing.memory_sealer import MemorySealer
from kakehashi.testing.memory_store import MemoryStore
from kakehashi.testing.memory_surroundings import MemorySurroundings
from kakehashi_simulators.report import effects

WORKERS = {name for name, role in ROLES.items() if role == "_batches"}
STEPS, FAULTS = 260, 5
HEALING, RELEASING = 60, 20
"""Rounds until all must be at rest; in the first ones operators still release what was parked. The others are long: a
message that was purged while the server was closed is missed when its due time comes, also after a clock was set back.
"""
ERRORS = {
    "broker": BrokerUnavailable,
    "consumer": BrokerUnavailable,
    "store": StoreUnavailable,
    "links": StoreUnavailable,
    "spool": FolderUnavailable,
    "writer": FolderUnavailable,
    "source": FolderUnavailable,
    "file": FolderUnavailable,
    "sink": FolderUnavailable,
}
LET_GO = {"consumer.close", "file.release", "source.close"}
MAY_TAKE_EFFECT = ("broker.publish", "store.", "writer.commit", "file.finish", "sink.")


@dataclasses.dataclass(frozen=True)
class Rules:
    """`rescue`: what nobody carries is published again; without it nothing may happen that needs it, only kills.

    `late`: requests that arrive late are the only trouble, and time passes often.
    """

    idempotent: bool = True
    rescue: bool = True
    late: bool = False
    variant: str = ""


@dataclasses.dataclass(kw_only=True)
class OneProcess(OneLane):
    world: object
    actor: Actor

    def lane_work(self, route):
        return self.world.variant.lane_work(super().lane_work(route), self.actor)

    def worker(self):
        return dataclasses.replace(super().worker(), pool=InLine(), idle=timedelta(0))

    def scheduler(self):
        made = super().scheduler()
        return made if self.world.rules.rescue else dataclasses.replace(made, publishing=Unrescued())


class Unrescued:
    """In place of the scheduler's Publishing: nothing is looked for."""

    def publish_lost(self):
        return 0


class World:
    """Everything that outlives a process, and the fate of one schedule."""

    def __init__(self, configuration, schemas, server, town, variant):
        self.configuration, self.schemas, self.server, self.town = configuration, schemas, server, town
        (self.lane,) = configuration.routes
        self.route = configuration.routes[self.lane]
        self.variant = variant

    def run(self, seed, rules):
        """One schedule; what is wrong in the end, in words."""
        random.seed(seed)  # the jitter of retries
        self.draw = random.Random(f"schedule {seed}")
        actors = self.begin(rules)
        for _ in range(STEPS):
            self.step(actors)
        self.heal(actors)
        return self.wrong()

    def begin(self, rules):
        """Nothing has happened yet; the roles."""
        self.rules, self.faults_left, self.story = rules, FAULTS, []
        self.flying, self.healing = [], False
        self.deaths = Counter()
        self.server._reset()
        self.server.faults.set({"forget_requests": not rules.idempotent})
        self.clock = MemoryClock()
        self.queues, self.store, self.links = MemoryQueues(self.clock), MemoryStore(), MemoryLinkStore()
        self.spool, self.source, self.sink = MemorySpool(), MemorySource(), MemorySink()
        self.town.fill(self)
        MemoryBroker(self.queues).declare([self.lane])
        self.variant.begin(self)
        return [Actor(self, name) for name in ROLES]

    def step(self, actors):
        """One port call of one role, or something that happens around them."""
        actor = self.draw.choice(actors)
        if self.draw.random() < 0.06:
            self.event(actors)
        actor.go_on()

    def heal(self, actors):
        """No fault any more: whoever runs ends its turn, time passes, operators do what is theirs."""
        self.healing = True
        while self.flying:
            self.server._messages.answer(self.flying.pop())
        self.server.faults.set({"closed": False})
        for number in range(HEALING):
            for actor in actors:
                actor.go_on()
                while actor.busy:
                    actor.go_on()
            self.operate(release=number < RELEASING)
            if self.is_quiet():
                break
            self.clock.advance(timedelta(seconds=30) if number < RELEASING else timedelta(minutes=10))

    # What happens

    def happens(self, actor, name, act):
        quiet = self.healing or self.rules.late or not self.faults_left
        fate = "well" if quiet else self.fate()
        blocked = fate == "blocked" and name == "broker.publish"
        error = BrokerBlocked if blocked else ERRORS.get(name.partition(".")[0])
        if fate == "well" or (not fate.startswith("killed") and (error is None or name in LET_GO)):
            return act(1)
        self.faults_left -= 1
        if fate == "killed after" or (fate == "failed after" and name.startswith(MAY_TAKE_EFFECT)):
            act(1)
        if fate.startswith("killed"):
            self.kill(actor, name)
            raise Crash
        self.story.append(f"{actor.name}: {name} {error.__name__}")
        raise error

    def fate(self):
        """What becomes of a port call: well, killed, failed (before it, or after it took effect), blocked."""
        chance = self.draw.random()
        if chance < 0.97:
            return "well"
        fates = ["killed", "killed after"]
        if chance < 0.985 and self.rules.rescue:
            fates = ["failed", "failed after", "blocked"]
        return self.draw.choice(fates)

    def kill(self, actor, where):
        self.story.append(f"{actor.name} killed at {where}")
        actor.dead = True
        for consumer in actor.consumers:
            consumer.close()
        if actor.name == "intake":
            self.source.revive()
        elif actor.name in WORKERS:
            self.deaths.update(self.store.tries(self.batches()).keys())

    def batches(self):
        return [row.id for file in self.store.files() for row in self.store.batches(file.id)]

    def network(self, message_id):
        """What becomes of a message to the server."""
        how = "well" if self.healing or not self.faults_left or not self.rules.rescue else self.wire()
        if how != "well":
            self.faults_left -= 1
            self.story.append(f"{message_id} {how}")
        return how

    def wire(self):
        if self.draw.random() < 0.75:
            return "well"
        kinds = ["unreachable", "429", "503", "never", "lost", "late", "late", "garbage"]
        kinds = ["late"] if self.rules.late else kinds
        return self.draw.choice([*kinds, "twice"] if self.rules.idempotent else kinds)

    def event(self, actors):
        """Time, late arrivals, the broker's and the server's moods, operators."""
        kinds = ["time", "time", "late", "late", "reorder", "purge", "cut", "closed", "operate", "back"]
        kind = self.draw.choice(kinds[:3] if self.rules.late else kinds)
        if kind == "time":
            self.clock.advance(timedelta(seconds=self.draw.choice([1, 6, 40, 130, 4000])))
        elif kind == "late" and self.flying:
            self.server._messages.answer(self.flying.pop(self.draw.randrange(len(self.flying))))
            self.story.append("late apply")
        elif kind == "operate":
            self.operate()
        elif kind == "reorder":
            self.reorder()
        elif self.rules.rescue and self.faults_left:
            self.faults_left -= 1
            self.story.append(kind)
            self.trouble(kind)

    def reorder(self):
        """What stands in the queue comes in another order."""
        lane = self.queues.lane(self.lane)
        for line in (lane.ready, lane.due):
            positions = [entry.position for entry in line]
            self.draw.shuffle(positions)
            for entry, position in zip(line, positions, strict=True):
                entry.position = position
            line.sort()

    def trouble(self, kind):
        if kind == "purge":
            lane = self.queues.lane(self.lane)
            for line in (lane.ready, lane.due, lane.delayed):
                line.clear()
        elif kind == "cut":
            self.queues.stop()
            self.queues.start()
        elif kind == "closed":
            self.server.faults.set({"closed": not self.server.faults.now.closed})
        elif kind == "back":
            self.clock.advance(timedelta(hours=-3))

    def operate(self, *, release=True):
        """Parked work is released; who waited for a symbol has one now: an order sends all of them again."""
        self.server._persons.set(self.town.without_symbol, "linked")
        now = self.clock.now()
        for row in self.store.parked_batches() if release and self.rules.rescue else ():
            self.store.decide_batch(row.id, release=True, reason="again", actor="tester", now=now)
        waiting = self.store.exceptions(states=[RecordState.WAITING, RecordState.PARKED])
        for code in sorted({row.code for row in waiting}):
            order = NewOrder(
                lane=self.lane, action=OrderAction.RETRY, reason="linked", actor="tester", per_second=1000,
                placed_at=now, code=code,
            )  # fmt: skip
            self.store.place_order(order)

    # Processes

    def gateway_of(self, actor):
        broker = MemoryBroker(self.queues)
        made = {"consume": lambda target: ConsumerPort(actor, target)}
        return OneProcess(
            configuration=self.configuration,
            broker=self.variant.broker(ActorPort(actor, "broker", broker, **made), actor),
            store=self.variant.store(ActorPort(actor, "store", self.store)),
            links=ActorPort(actor, "links", self.links),
            sealer=MemorySealer(),
            spool=ActorPort(actor, "spool", self.spool, create=lambda target: ActorPort(actor, "writer", target)),
            client=Client(actor),
            clock=self.clock,
            surroundings=MemorySurroundings(),
            schemas=self.schemas,
            events=Recorder(),
            source=SourcePort(actor, "source", self.source, claim=lambda target: ActorPort(actor, "file", target)),
            sink=ActorPort(actor, "sink", self.sink),
            world=self,
            actor=actor,
        )

    # Oracles

    def is_quiet(self):
        files = self.store.files()
        ended = len(files) == len(self.town.files) and all(file.state is FileState.RETURNED for file in files)
        return ended and not self.store.orders(state=OrderState.OPEN)

    def wrong(self):
        files = {file.id: file for file in self.store.files()}
        rows = {row.request_id: row for file in files for row in self.store.batches(file)}
        parked = [row for row in rows.values() if row.state is BatchState.PARKED]
        counts = {count.lane: count for count in self.store.counts()}.get(self.lane)
        account = self.server._totals()
        applied = effects(self.server._account, {})
        newest = {}
        for effect in applied:
            key = effect["person"], effect["info"], effect["unit"]
            newest[key] = max(newest.get(key, 0), int(effect["sequence"]))
        settled = [effect for effect in applied if rows[effect["request_id"]].state is BatchState.SETTLED]
        # BRK-010 after so many deaths of workers; the first on a batch is not written down anywhere
        fatal = {id_ for id_, deaths in self.deaths.items() if deaths >= self.configuration.gateway.broker.tries - 1}
        unsure = {row.code for row in parked if row.code != "BRK-010" or row.id not in fatal}
        unsure -= set() if self.rules.idempotent else {"SRV-003"}
        exceptions = self.store.exceptions(states=[RecordState.REFUSED, RecordState.WAITING, RecordState.PARKED])
        codes = Counter(row.code for row in exceptions)
        last_file = max(files, default=0)
        checks = {
            f"L: {len(files)} files, {len(self.source)} left, {self.source.quarantined}": len(files)
            == len(self.town.files)
            and not len(self.source)
            and not self.source.quarantined,
            f"L: {counts}": counts is not None and counts.adds_up and counts.received == self.town.records,
            f"L: neither settled nor parked: {[row.state.value for row in rows.values()]}": all(
                row.state in (BatchState.SETTLED, BatchState.PARKED) for row in rows.values()
            ),
            f"L: parked with {unsure}": not unsure,
            f"T: {account}": account["twice"] == account["conflicts"] == 0,
            f"O: the newest file is not the last word: {newest}": bool(parked)
            or all(self.store.origin_of(sequence)[0].id == last_file for sequence in newest.values()),
            f"S: accepted {counts.accepted if counts else 0}, applied {len(settled)}": counts is not None
            and counts.accepted == len(settled),
            f"S: refused with {codes}": codes.keys() <= {"REF-002"},
            "S: the ledger's newest is not the server's": bool(parked)
            or self.store.newest_replicas(list(newest)) == newest,
        }
        return [fault for fault, well in checks.items() if not well]


class Files:
    """Two files about the same persons; one of them has no symbol yet."""

    def __init__(self, files, persons):
        self.files, self.atena = files, persons
        self.without_symbol = persons[:1]
        self.records = sum(len(content) // 400 - 3 for content in files.values())

    def fill(self, world):
        for name, content in self.files.items():
            world.source.put(name, content)
        rows = [LinkRow(system="tax", atena=person, unified=person) for person in self.atena]
        assert world.links.link(rows, now=world.clock.now()) == {}
        world.server._persons.set(self.without_symbol, "no-symbol")
