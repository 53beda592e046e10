"""Inquiries of other bodies in one process: the real engine and stores, the simulated server's mind, one clock."""

import itertools
import tempfile
from datetime import timedelta
from functools import cache
from pathlib import Path

from kakehashi.config.loader import load
from kakehashi.domain.link import LinkEvent
from kakehashi.domain.notice import Disclosure
from kakehashi.domain.provision import Verdict
from kakehashi.pipeline.deciding import Deciding, Decision
from kakehashi.ports.links import LinkRow
from kakehashi.ports.notices import PersonChange
from kakehashi.runtime.bootstrap import Gateway
from kakehashi.runtime.providing import providing
from kakehashi.testing.memory_broker import MemoryBroker, MemoryQueues
from kakehashi.testing.memory_clock import MemoryClock
from kakehashi.testing.memory_files import MemorySpool
from kakehashi.testing.memory_links import MemoryLinkStore
from kakehashi.testing.memory_sealer import MemorySealer
from kakehashi.testing.memory_server import MemoryServerClient
from kakehashi.testing.memory_store import MemoryStore
from kakehashi.testing.memory_surroundings import MemorySurroundings
from kakehashi.validation.schema import SchemaSet
from kakehashi_simulators.intermediate_server import IntermediateServer, options
from kakehashi_simulators.server import ServerSettings

ROOT = Path(__file__).parents[3]
XSD = ROOT / "xsd" / "std-2026"
SETTINGS = '[provisions]\nfetch = true\ndepartments = { 99990002 = ["sachiko"] }\n'
TAX, ASSISTANCE = "TM99000000000001", "TM99000000000002"
HANA, TARO, SECRET, UNSAID, DOUBTFUL, STRANGER = (f"{number:015d}" for number in (11, 22, 33, 44, 55, 66))
SCHEMAS = SchemaSet(XSD)


@cache
def configuration():
    """Read once: nothing changes it."""
    with tempfile.TemporaryDirectory() as folder:
        overlay = Path(folder) / "overlay.toml"
        overlay.write_text(SETTINGS, encoding="utf-8")
        return load(ROOT / "config", overlay=overlay)


class Events:
    def __init__(self):
        self.told = []

    def emit(self, name, /, **fields):
        self.told.append((name, fields))

    def names(self):
        return [name for name, _ in self.told]


class Office:
    """Of HANA and TARO it may be told, of SECRET it may not, of UNSAID nobody said; the number of DOUBTFUL is frozen,
    that of STRANGER is not linked. All have blocked replicas.
    """

    def __init__(self, folder, *, store=None, links=None):
        self.clock, self.events, self.batches = MemoryClock(), Events(), itertools.count(1)
        self.server = IntermediateServer(folder / "server", XSD, ServerSettings(result_delay_seconds=0.0), options())
        self.server.clock.source = lambda: self.clock.now().timestamp()
        self.line = MemoryServerClient(lambda message: self.server._messages.answer(message.document))
        self.store, self.links = store or MemoryStore(), links or MemoryLinkStore()
        self.gateway = Gateway(
            configuration=configuration(),
            broker=MemoryBroker(MemoryQueues(self.clock)),
            store=self.store,
            links=self.links,
            sealer=MemorySealer(),
            spool=MemorySpool(),
            client=self.line,
            clock=self.clock,
            surroundings=MemorySurroundings(),
            schemas=SCHEMAS,
            events=self.events,
        )
        self.providing = providing(self.gateway)
        self.rules = self.gateway.configuration.profile.provisions
        departments = self.gateway.configuration.gateway.provisions.departments
        parts = {"store": self.store, "links": self.links, "clock": self.clock}
        self.deciding = Deciding(**parts, rules=self.rules, departments=departments)
        self.link({HANA: Disclosure.OPEN, TARO: Disclosure.OPEN, SECRET: Disclosure.WITHHELD, UNSAID: None})
        self.link({DOUBTFUL: Disclosure.OPEN})
        claimed = LinkRow(system="registry", atena=DOUBTFUL, unified=SECRET)
        assert self.links.link([claimed], now=self.clock.now())
        self.disclose(STRANGER, Disclosure.OPEN)
        with self.server._account.transaction() as connection:
            for person in (HANA, TARO, SECRET, UNSAID, DOUBTFUL, STRANGER):
                for info in (TAX, ASSISTANCE):
                    key = (person, info)
                    connection.execute("INSERT INTO effects VALUES (?, ?, '2026', '1', 'register', 0, 1)", key)
                    connection.execute("INSERT INTO blocked VALUES (?, ?, '2026', '1', 0)", key)

    def link(self, disclosures):
        rows = [LinkRow(system="registry", atena=person, unified=person) for person in disclosures]
        assert self.links.link(rows, now=self.clock.now()) == {}
        for person, disclosure in disclosures.items():
            self.disclose(person, disclosure)

    def disclose(self, person, disclosure):
        change = PersonChange(
            unified=person,
            system="registry",
            atena=person,
            event=LinkEvent.LINKED,
            since=None,
            described=(b"x" * 33,),
            disclosure=disclosure,
        )
        self.links.note_changes([change], batch=next(self.batches), subscribers=[], now=self.clock.now())

    def inquired(self, *persons, info=TAX, **how):
        """Other bodies ask, and the gateway hears of it; returns the rows."""
        asked = self.server._provisions.inquire({"persons": list(persons), "info": info, **how})
        self.work(hours=1)
        known = self.store.known_provisions([each["provision"] for each in asked])
        return [known[each["provision"]] for each in asked]

    def work(self, **time):
        """Until nothing is due, after `time` has passed."""
        self.clock.advance(timedelta(**time))
        for _ in range(50):
            if not self.providing.run_once():
                return
        raise AssertionError("it never became quiet")

    def permit(self, row, actor, *, aware=False, dry=False):
        return self.deciding.decide(self.now(row), Decision(actor, "r", Verdict.PERMIT, aware=aware), dry=dry)

    def deny(self, row, actor, denial="02"):
        return self.deciding.decide(self.now(row), Decision(actor, "r", Verdict.DENY, denial), dry=False)

    def now(self, row):
        return self.store.provision(row.id)

    def state(self, row):
        return self.now(row).what.state.value

    def at_server(self):
        return [row["state"] for row in self.server._provisions.report()]

    def said(self, message_id):
        return [message for message in self.line.delivered if message.message_id == message_id]

    def steps(self, row):
        return [entry.what for entry in self.store.provision_entries(row.id)]

    def close(self):
        self.server.close()
