"""A process dies, or a port fails, at every single port call of a small run: the books agree with an untroubled run.

The roles of the real GatewayProcess run in turn, in one thread, over memory ports, so that call number N is the same
call every time. `killed` throws away everything the process had in memory: what it held unacknowledged comes back, what
it had claimed is offered again, and a new process begins. A failure names the lane, N, the call and what happened.
"""

import dataclasses
import random
from concurrent.futures import Future
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from kakehashi.config.loader import load
from kakehashi.domain.batch import FileState
from kakehashi.domain.interface import Function
from kakehashi.errors import (
    BrokerBlocked,
    BrokerUnavailable,
    FolderUnavailable,
    OutcomeUnknown,
    ServerRefused,
    ServerUnreachable,
    StoreUnavailable,
)
from kakehashi.ports.links import LinkRow
from kakehashi.runtime.bootstrap import Gateway
from kakehashi.runtime.events import EventLog
from kakehashi.runtime.gateway import GatewayProcess, Role
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
from kakehashi_simulators.legacy.inquiry import write_inquiries
from kakehashi_simulators.legacy.tax import write_tax
from kakehashi_simulators.legacy.town import Town
from kakehashi_simulators.report import effects
from kakehashi_simulators.server import ServerSettings

ROOT = Path(__file__).parents[3]
LANES = ["tax-levy", "welfare-inquiry"]
SHARES = 3
BATCH, RECORDS = 3, 5
ROUNDS, STEPS, PAIRS, EVERY, OUT = 150, 300, 30, 13, 30
SECONDS = timedelta(seconds=10)

KNOWN: dict[str, str] = {}
"""What fails because of a defect that is not yet mended: "happening / call" → its name. Nothing else is passed over."""


class Crash(BaseException):
    """kill -9: no handler of the product sees it."""


class Fates:
    """Counts the calls of all ports, and lets the chosen ones happen differently."""

    def __init__(self):
        self.begin({})

    def begin(self, chosen, outage=None):
        self.chosen, self.outage, self.calls, self.dead = chosen, outage, [], None

    def call(self, name, act):
        if self.dead is not None:
            raise Crash
        self.calls.append(name)
        happening = self.chosen.get(len(self.calls))
        if self.outage is not None and self.outage.hits(len(self.calls), name):
            happening = Happening("outage", 0, self.outage.error)
        if happening is None:
            return act(1)
        if happening.done:
            act(happening.done)
        if happening.error is None:
            self.dead = happening
            raise Crash
        raise happening.error


@dataclasses.dataclass
class Outage:
    """From call `first` on every call of `port` fails, for so many rounds, but for those that only let go."""

    port: str
    first: int
    error: Exception
    rounds: int

    def hits(self, number, name):
        return number >= self.first and self.rounds > 0 and name.startswith(self.port) and name not in LET_GO


LET_GO = {"consumer.close", "file.release"}


@dataclasses.dataclass(frozen=True)
class Happening:
    """`done`: how much of the call takes effect (0, ½, 1) before `error` (None: the process is killed, and the next one
    begins after `pause`).
    """

    name: str
    done: float
    error: Exception | None
    pause: timedelta = timedelta(0)

    def is_new(self, call, before):
        """False where it is the same as what happens at the call before or after."""
        if self.done:
            return call not in READS
        return self.error is not None or before not in READS


KILLED = [
    Happening("killed before", 0, None),
    Happening("killed after, begun again late", 1, None, timedelta(minutes=10)),
]


def failures(call):
    """What else may happen to a call, by the contract of its port."""
    port, _, method = call.partition(".")
    match port:
        case "broker" | "consumer":
            found = [Happening("unavailable after", 1, BrokerUnavailable())]
            if method != "close":  # a consumer that cannot be closed has lost its connection: all comes back
                found.append(Happening("unavailable before", 0, BrokerUnavailable()))
            if method == "publish":
                found.append(Happening("blocked", 0, BrokerBlocked()))
                found.append(Happening("unavailable after half", 0.5, BrokerUnavailable()))
            return found
        case "spool" | "writer":
            return [Happening(f"disk fails {when}", done, FolderUnavailable()) for done, when in WHEN]
        case "store" | "links":
            return [Happening(f"unavailable {when}", done, StoreUnavailable()) for done, when in WHEN]
        case "client":
            return [
                Happening("unreachable", 0, ServerUnreachable()),
                Happening("busy", 0, ServerRefused(status=503, retry_after=1)),
                *(Happening(f"unknown {when}", done, OutcomeUnknown()) for done, when in WHEN),
            ]
        case "source" | "sink" | "file":
            if method in ("release", "claim"):  # a claim that raises has claimed nothing
                return [Happening("folder gone before", 0, FolderUnavailable())] if method == "claim" else []
            return [Happening(f"folder gone {when}", done, FolderUnavailable()) for done, when in WHEN]
    raise LookupError(port)


WHEN = [(0, "before"), (1, "after")]
READS = {
    *(
        f"store.{name}"
        for name in ("batch", "batches", "exceptions_of", "file", "publishable", "result_of", "returnable")
    ),
    *("links.resolve", "spool.read", "file.open", "broker.consume"),
}
"""After such a call is before the next one: nothing outside has changed."""
OUTAGES = {
    "broker": [BrokerUnavailable()],
    "broker.publish": [BrokerBlocked(), BrokerUnavailable()],
    "consumer": [BrokerUnavailable()],
    "store": [StoreUnavailable()],
    "links": [StoreUnavailable()],
    "client": [ServerUnreachable(), OutcomeUnknown(), ServerRefused(status=502)],
    "spool": [FolderUnavailable()],
    "sink": [FolderUnavailable()],
    "file": [FolderUnavailable()],
}


class Port:
    """A port of which every call is a call of `fates`."""

    def __init__(self, fates, name, target, **made):
        self._fates, self._name, self._target, self._made = fates, name, target, made

    def __getattr__(self, method):
        target = getattr(self._target, method)
        if not callable(target):
            return target

        def call(*arguments, **options):
            result = self._fates.call(f"{self._name}.{method}", lambda _: target(*arguments, **options))
            made = self._made.get(method)
            if made is None:
                return result
            return [made(each) for each in result] if isinstance(result, list) else made(result)

        return call


class BrokerPort(Port):
    def publish(self, messages, *, delay=None):
        def act(share):
            self._target.publish(messages[: round(len(messages) * share)], delay=delay)

        return self._fates.call("broker.publish", act)


class ConsumerPort(Port):
    """Waits for nothing: when the lane is empty, the worker's turn is over."""

    def __init__(self, fates, target, pulse):
        super().__init__(fates, "consumer", target)
        self._pulse = pulse

    def receive(self, most, _timeout):
        found = self._fates.call("consumer.receive", lambda _: self._target.receive(most, timedelta(0)))
        if not found:
            self._pulse.set()
        return found


class SourcePort(Port):
    """Closed by the end of the intake's turn, which is not the end of its process: what is in hand stays there."""

    def close(self):
        pass


class Pulse:
    """In place of the stop signal: a role's turn ends when it would wait."""

    def __init__(self):
        self.clear()

    def clear(self):
        self._set, self._looks = False, 0

    def set(self):
        self._set = True

    def is_set(self):
        self._looks += 1
        assert self._looks < STEPS, "a loop spins"
        return self._set

    def wait(self, _seconds=None):
        self._set = True
        return True


class Bell:
    """In place of the word that something was taken: who would wait for it, waits."""

    def __init__(self, pulse):
        self.wait = pulse.wait

    def set(self):
        pass

    def clear(self):
        pass


def hold(process, pulse):
    """Its loops end when they would wait. Frozen: nobody else may."""
    object.__setattr__(process, "stop", pulse)
    object.__setattr__(process, "_taken", Bell(pulse))


def turn(process, role, pulse):
    """One role until it would wait; the loops of the intake one after the other, of the scheduler the first: one beside
    it would end it as soon as that one waits.
    """
    if role == "_scheduler":
        loops = [partial(process._loop, Role.SCHEDULER, process.gateway.scheduler().run_once)]
    else:
        loops = process.intake_loops() if role == "_intake" else [getattr(process, role)]
    for loop in loops:
        pulse.clear()
        loop()


class InLine:
    """A pool of no threads."""

    def submit(self, work, *args):
        future = Future()
        try:
            future.set_result(work(*args))
        except Exception as error:  # noqa: BLE001  # as a pool: it is raised where the result is asked for
            future.set_exception(error)
        return future

    def shutdown(self, **_options):
        pass


class Recorder(EventLog):
    """Keeps nothing, but refuses what is not in the catalogue."""

    def __init__(self):
        super().__init__(self)

    def __getattr__(self, level):
        return lambda name, /, **fields: None


@dataclasses.dataclass(kw_only=True)
class OneLane(Gateway):
    source: Port
    sink: Port

    def worker(self):
        return dataclasses.replace(super().worker(), pool=InLine())

    def _source(self, _route):
        return self.source

    def _returning(self):
        return {name: self.returning_to(route, self.sink) for name, route in self.configuration.routes.items()}


class World:
    """Everything that outlives a process: folders, broker, ledger, links, spool, the honest server, the clock."""

    def __init__(self, lane, configuration, server, town):
        self.lane, self.configuration, self.server = lane, configuration, server
        self.route = configuration.routes[lane]
        self.schemas = SchemaSet(ROOT / "xsd" / "std-2026")
        self.town = town
        self.fates = Fates()

    def begin(self, chosen, outage):
        """The same beginning each time: two files dropped, nothing taken."""
        self.server._reset()
        self.clock = MemoryClock()
        self.queues = MemoryQueues(self.clock)
        self.store, self.links, self.spool = MemoryStore(), MemoryLinkStore(), MemorySpool()
        self.source, self.sink = MemorySource(), MemorySink()
        self.town.fill(self)
        self.fates.begin(chosen, outage)
        self.boot()

    def boot(self):
        """A new process. Whatever an older one held comes back."""
        for consumer in list(self.queues.consumers):
            consumer.close()
        self.source.revive()
        if self.fates.dead is not None:
            self.clock.advance(self.fates.dead.pause)
            self.fates.dead = None
        self.pulse = Pulse()
        self.broker = MemoryBroker(self.queues)
        self.broker.declare([self.lane])
        fates = self.fates
        gateway = OneLane(
            configuration=self.configuration,
            broker=BrokerPort(
                fates, "broker", self.broker, consume=lambda target: ConsumerPort(fates, target, self.pulse)
            ),
            store=Port(fates, "store", self.store),
            links=Port(fates, "links", self.links),
            sealer=MemorySealer(),
            spool=Port(fates, "spool", self.spool, create=lambda target: Port(fates, "writer", target)),
            client=Port(fates, "client", MemoryServerClient(lambda m: self.server._messages.answer(m.document))),
            clock=self.clock,
            surroundings=MemorySurroundings(),
            schemas=self.schemas,
            events=Recorder(),
            source=SourcePort(fates, "source", self.source, claim=lambda target: Port(fates, "file", target)),
            sink=Port(fates, "sink", self.sink),
        )
        self.process = GatewayProcess(gateway, roles=())
        hold(self.process, self.pulse)

    def run(self, chosen, outage=None):
        """From the two files to quiet. Returns what is wrong, in words; nothing, if all is well."""
        self.begin(chosen, outage)
        for _ in range(ROUNDS):
            self.round()
            if outage is not None:
                outage.rounds -= 1
            if self.is_quiet():
                break
            self.clock.advance(SECONDS)
        self.clock.advance(timedelta(hours=2))
        self.round()
        return self.faults()

    def round(self):
        """Each role once, until it would wait."""
        for role in ("_intake", "_batches", "_look_after"):
            self.pulse.clear()
            try:
                turn(self.process, role, self.pulse)
            except Crash:
                self.boot()

    def is_quiet(self):
        files = self.store.files()
        returned = len(files) == 2 and all(file.state is FileState.RETURNED for file in files)
        return returned and len(self.source) == 0 and self.broker.depth(self.lane) == 0

    def faults(self):
        counts = {count.lane: count for count in self.store.counts()}.get(self.lane)
        account = self.server._totals()
        checks = {
            "no file was taken": counts is not None,
            f"the ledger does not add up: {counts}": counts is None or counts.adds_up,
            f"not all was received: {counts}": counts is None or counts.received == 2 * RECORDS,
            f"records wait: {counts}": counts is None or counts.waiting == 0,
            f"the server applied or saw twice: {account}": not (
                account["twice"] or account["conflicts"] or account["repeats"]
            ),
            f"files not returned: {[(f.name, f.state.value) for f in self.store.files()]}": self.is_quiet(),
            f"messages left: {self.broker.depth(self.lane)}": self.broker.depth(self.lane) == 0,
            f"dead messages: {self.broker.dead(self.lane)}": self.broker.dead(self.lane) == 0,
            f"files left: {len(self.source)}, quarantined: {self.source.quarantined}": not (
                len(self.source) or self.source.quarantined
            ),
        }
        return [fault for fault, well in checks.items() if not well]

    def facts(self):
        """All that owner, operator and server may see in the end."""
        names = {file.id: file.name for file in self.store.files()}
        exceptions = {(names[e.file_id], e.record_no, e.code, e.server_code, e.item) for e in self.store.exceptions()}
        applied = {(e["person"], e["info"], e["unit"], e["operation"]) for e in effects(self.server._account, {})}
        (counts,) = self.store.counts()
        account = {name: self.server._totals()[name] for name in ("received", "accepted", "refused", "effects")}
        return {
            "results": self.sink.files,
            "exceptions": exceptions,
            "applied": applied,
            "counts": (counts.received, counts.accepted, counts.refused),
            "account": account,
        }


class SmallTown:
    """Two files of five records; of each file one person is not linked, and one the server refuses."""

    def __init__(self, folder, lane):
        town = Town(7)
        self.system, self.files = ("tax" if lane == "tax-levy" else "welfare"), {}
        write = write_tax if lane == "tax-levy" else write_inquiries
        for number, name in enumerate(("LEVY1.DAT", "LEVY2.DAT")):
            write(folder / name, town=town, first=number * RECORDS, records=RECORDS)
            self.files[name] = (folder / name).read_bytes()
        self.atena = [town.atena(self.system, person).zfill(15) for person in range(2 * RECORDS)]

    def fill(self, world):
        for name, content in self.files.items():
            world.source.put(name, content)
        linked = [person for number, person in enumerate(self.atena) if number not in (1, RECORDS + 4)]
        rows = [LinkRow(system=self.system, atena=person, unified=person) for person in linked]
        assert world.links.link(rows, now=world.clock.now()) == {}
        refuse = "unknown" if world.route.function is Function.DBM else "refusing"
        world.server._persons.set([self.atena[2], self.atena[RECORDS]], refuse)


@pytest.fixture(scope="module")
def configuration():
    whole = load(ROOT / "config")
    return lambda lane: dataclasses.replace(
        whole, routes={lane: dataclasses.replace(whole.routes[lane], batch_records=BATCH)}
    )


@pytest.fixture(scope="module", params=LANES)
def world(request, tmp_path_factory, configuration):
    folder = tmp_path_factory.mktemp(request.param)
    server = IntermediateServer(
        folder / "server",
        ROOT / "xsd" / "std-2026",
        ServerSettings(result_delay_seconds=0.0, check_digest=True),
        options(),
    )
    server._account.connection.execute("PRAGMA synchronous = OFF")  # thousands of runs
    world = World(request.param, configuration(request.param), server, SmallTown(folder, request.param))
    assert world.run({}) == []
    world.untroubled, world.calls = world.facts(), tuple(world.fates.calls)
    yield world
    server.close()


def problems(world, title, chosen, outage=None):
    try:
        faults = world.run(chosen, outage)
    except Exception as error:  # noqa: BLE001  # named with its case
        return [f"{title}: {type(error).__name__} {error}"]
    if not faults:
        facts = world.facts()
        faults = [f"other {name}" for name, fact in world.untroubled.items() if facts[name] != fact]
    return [f"{title}: {'; '.join(faults)}"] if faults else []


def sweep(world, share, happenings):
    """One run for each call of this share and each thing that may happen to it."""
    found = []
    for number, call in enumerate(world.calls, start=1):
        before = world.calls[number - 2] if number > 1 else ""
        for happening in happenings(call) if number % SHARES == share else ():
            if f"{happening.name} / {call}" not in KNOWN and happening.is_new(call, before):
                title = f"{world.lane}, {happening.name} call {number} {call}"
                found += problems(world, title, {number: happening})
    assert not found, "\n" + "\n".join(found)


def test_the_untroubled_run_meets_every_kind_of_outcome(world):
    """The run that all others are compared with accepts, refuses before sending, and is refused by the server."""
    refused = {code for _, _, code, _, _ in world.untroubled["exceptions"]}
    assert world.untroubled["counts"] == (10, 6, 4)
    assert "IDN-001" in refused
    assert refused & {"SRV-005", "SRV-012"}
    assert len(world.untroubled["results"]) == 2


@pytest.mark.parametrize("share", range(SHARES))
def test_a_kill_at_any_call_changes_nothing(world, share):
    """A kill -9 before or after each call of any port: the same results, the same effects, nothing left."""
    sweep(world, share, lambda _: KILLED)


@pytest.mark.parametrize("share", range(SHARES))
def test_a_failure_of_any_call_changes_nothing(world, share):
    """Every error that a port's contract names, before or after the effect of each call: the same end."""
    sweep(world, share, failures)


@pytest.mark.parametrize("seed", range(2))
def test_two_troubles_change_nothing(world, seed):
    """Two kills or failures at any two calls, the second one often in the work that the first one left."""
    draw = random.Random(seed)
    found = []
    for _ in range(PAIRS):
        first, second = draw.randrange(len(world.calls)), draw.randrange(1, 40)
        chosen = {first + 1: draw.choice(KILLED), first + 1 + second: draw.choice(KILLED)}
        title = f"{world.lane}, {chosen}"
        found += problems(world, title, chosen)
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("port", OUTAGES)
def test_an_outage_of_minutes_changes_nothing(world, port):
    """A port that fails for five minutes, longer than the patience, from any of some calls on: the same end."""
    found = []
    for error in OUTAGES[port] if f"outage / {port}" not in KNOWN else ():
        for first in range(1, len(world.calls), EVERY):
            title = f"{world.lane}, {type(error).__name__} of {port} from call {first} {world.calls[first - 1]}"
            found += problems(world, title, {}, Outage(port, first, error, OUT))
    assert not found, "\n" + "\n".join(found)
