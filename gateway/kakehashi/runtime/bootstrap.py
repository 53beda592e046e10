"""The one place where ports meet adapters: entry points by kind and name, keyword overrides for tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from kakehashi import __version__
from kakehashi.config.model import Configuration, Route
from kakehashi.domain.breaker import BreakerRow
from kakehashi.domain.interface import Function
from kakehashi.errors import ConfigurationError, Fault, KakehashiError, Place, StoreError
from kakehashi.pipeline.endpoint import Endpoint
from kakehashi.pipeline.ledger import Ledger
from kakehashi.pipeline.link_gate import LinkGate
from kakehashi.pipeline.locking import Locking
from kakehashi.pipeline.retry import RetryPolicy
from kakehashi.pipeline.settling import Settling
from kakehashi.pipeline.symbols import Acquiring
from kakehashi.pipeline.work import LaneWork
from kakehashi.ports.broker import Broker
from kakehashi.ports.clock import Clock
from kakehashi.ports.files import Sink, Source, Spool
from kakehashi.ports.links import LinkStore
from kakehashi.ports.sealer import Sealer
from kakehashi.ports.server import ServerClient
from kakehashi.ports.store import Store
from kakehashi.ports.vigil import Surroundings
from kakehashi.runtime.acquiring import AcquiringParts, registered
from kakehashi.runtime.addresses import known_adapters, scheme
from kakehashi.runtime.alarms import Alarms
from kakehashi.runtime.answering import Listening, listenings
from kakehashi.runtime.breaker_notes import BreakerNotes
from kakehashi.runtime.comparing import Comparing
from kakehashi.runtime.distributing import distribution_findings
from kakehashi.runtime.enforcing import Enforcing
from kakehashi.runtime.events import EventLog
from kakehashi.runtime.following import Following
from kakehashi.runtime.halting import locking_of, withdrawing_of
from kakehashi.runtime.intake import Intake
from kakehashi.runtime.lane_source import lane_source
from kakehashi.runtime.looking_again import LookingAgain
from kakehashi.runtime.notifying import Forgetting, Notifying, notifyings
from kakehashi.runtime.outage import Quiet, Trouble
from kakehashi.runtime.publishing import Publishing
from kakehashi.runtime.queue_source import QueueSource
from kakehashi.runtime.redriving import Redriving
from kakehashi.runtime.restoring import Reconciling, check_age
from kakehashi.runtime.result_files import returning, returnings
from kakehashi.runtime.returning import Returning
from kakehashi.runtime.schedule import Schedule
from kakehashi.runtime.scheduler import Scheduler
from kakehashi.runtime.server_client import open_server
from kakehashi.runtime.server_side import open_conversation, open_endpoint, open_schemas, side_by_side
from kakehashi.runtime.sweeping import Sweeping
from kakehashi.runtime.telling import tellings
from kakehashi.runtime.watch import Watch
from kakehashi.runtime.worker import Worker
from kakehashi.validation.schema import SchemaSet

__all__ = ["Gateway", "open_client", "open_gateway", "plugin"]


def plugin(kind: str, name: str) -> Any:
    """The adapter called `name` among the entry points `kakehashi.<kind>`. Raises ConfigurationError CFG-006."""
    found = known_adapters(kind)
    if name not in found.names:
        known = " ".join(sorted(found.names)) or "none"
        raise ConfigurationError([Fault("CFG-006", Place(item=kind), {"name": name, "known": known})])
    return found[name].load()


_AFTER_AN_ANSWER = timedelta(seconds=30)
"""Until it is in the ledger. Who publishes a batch again before that has it asked about while it is being sent."""


@dataclass(kw_only=True)
class Gateway:
    """Everything a process of the gateway holds. Made by `open_gateway`; tests make it from fakes."""

    configuration: Configuration
    broker: Broker
    store: Store
    links: LinkStore
    sealer: Sealer
    spool: Spool
    client: ServerClient
    clock: Clock
    surroundings: Surroundings
    schemas: SchemaSet
    registry: ServerClient | None = None
    events: EventLog = field(default_factory=EventLog)
    patience: timedelta = timedelta(seconds=60)
    version: str = __version__
    _endpoint: Endpoint | None = field(default=None, init=False)

    @cached_property
    def quiet(self) -> Quiet:
        return Quiet(self.clock)

    @cached_property
    def trouble(self) -> Trouble:
        return Trouble(self.quiet, self.events)

    @property
    def endpoint(self) -> Endpoint:
        """The server as all lanes of this process share it. Its breakers go on where an earlier process left them."""
        if self._endpoint is None:  # no cached_property: until Python 3.12 one lock serves all its instances
            self._endpoint = self._open_endpoint()
        return self._endpoint

    def _open_endpoint(self) -> Endpoint:
        known: list[BreakerRow] = []
        with suppress(StoreError):
            known = self.store.breakers()
        changed = BreakerNotes(self.store, self.events, self.quiet).note
        return open_endpoint(self.configuration, self.client, self.clock, changed=changed, known=known)

    @property
    def side_by_side(self) -> int:
        """Batches in work at once: this process' part of the connections that the server allows."""
        return side_by_side(self.configuration)

    def lane_work(self, route: Route) -> LaneWork:
        """The pipeline of one lane."""
        profile = self.configuration.profile
        settling = Settling(profile, RetryPolicy.of(profile, route.retry), profile.polling_of(route.function))
        conversation = open_conversation(
            self.configuration, route, endpoint=self.endpoint, clock=self.clock, schemas=self.schemas
        )
        return LaneWork(
            route=route,
            store=self.store,
            links=self.links,
            sealer=self.sealer,
            clock=self.clock,
            conversation=conversation,
            settling=settling,
            ledger=Ledger(route, store=self.store, sealer=self.sealer, clock=self.clock, settling=settling),
            registered=registered(self.configuration, self.store, self.links, self.clock),
            answered_within=self.configuration.gateway.server.timeout + _AFTER_AN_ANSWER,
            patience=self.patience,
        )

    def acquiring(self) -> Acquiring | None:
        """What acquires symbols; None where that is off."""
        if self.configuration.gateway.symbols.acquire == "off":
            return None
        return AcquiringParts(
            configuration=self.configuration,
            store=self.store,
            links=self.links,
            sealer=self.sealer,
            clock=self.clock,
            schemas=self.schemas,
            server=self.endpoint,
            registry=self.registry,
            events=self.events,
            patience=self.configuration.gateway.server.timeout + _AFTER_AN_ANSWER,
        ).put_together()

    def locking(self) -> Locking:
        """What tells the server of locks."""
        return locking_of(self)

    def worker(self) -> Worker:
        settings, routes = self.configuration.gateway, self.configuration.routes
        slots = self.side_by_side
        lanes = {name: self.lane_work(route) for name, route in routes.items()}
        return Worker(
            lanes=lanes,
            following=Following(
                broker=self.broker, clock=self.clock, events=self.events, quiet=self.quiet, trouble=self.trouble
            ),
            store=self.store,
            clock=self.clock,
            events=self.events,
            quiet=self.quiet,
            pool=ThreadPoolExecutor(slots, thread_name_prefix="worker"),
            schedule=Schedule(
                slots=slots,
                kept=int(bool(self.configuration.urgent) and slots > 1),
                limits={name: route.settings.limits.connections or slots for name, route in routes.items()},
                in_order=self.configuration.in_order,
            ),
            profile=self.configuration.profile.name,
            config_hash=self.configuration.hash,
            tries=settings.broker.tries,
        )

    def publishing(self) -> Publishing:
        return Publishing(
            lanes=list(self.configuration.routes),
            urgent=self.configuration.urgent,
            store=self.store,
            broker=self.broker,
            spool=self.spool,
            sealer=self.sealer,
            clock=self.clock,
            events=self.events,
            quiet=self.quiet,
            profile=self.configuration.profile.name,
            patience=self.patience,
        )

    def intakes(self, stopping: Callable[[], bool]) -> list[Intake]:
        """One a lane. `stopping`: when to lay down what is in hand."""
        return [
            Intake(
                route=route,
                source=self._source(route),
                spool=self.spool,
                store=self.store,
                sealer=self.sealer,
                clock=self.clock,
                events=self.events,
                config_hash=self.configuration.hash,
                largest_file=self.configuration.gateway.limits.file_bytes,
                stopping=stopping,
                gate=self.link_gate(route),
            )
            for route in self.configuration.routes.values()
        ]

    def link_gate(self, route: Route) -> LinkGate | None:
        """What looks at whole files of links; None for a route of another kind."""
        if route.link is None:
            return None
        return LinkGate(route=route, links=self.links, sealer=self.sealer, clock=self.clock)

    def scheduler(self) -> Scheduler:
        return Scheduler(
            lanes=list(self.configuration.routes),
            store=self.store,
            publishing=self.publishing(),
            redriving=self.redriving(),
            returning=self._returning(),
            telling=tellings(
                self.configuration,
                plugin("sinks", "folder"),
                links=self.links,
                store=self.store,
                clock=self.clock,
                events=self.events,
                quiet=self.quiet,
            ),
            clock=self.clock,
            events=self.events,
            quiet=self.quiet,
            alarms=self.alarms(),
            enforcing=self._enforcing(),
            withdrawing=withdrawing_of(self),
            forgetting=self._forgetting(),
            looking_again=self._looking_again(),
            sweeping=Sweeping(
                store=self.store,
                clock=self.clock,
                events=self.events,
                keep=timedelta(days=self.configuration.gateway.retention.refusal_days),
            ),
        )

    def notifyings(self) -> list[Notifying]:
        """One for each system that is told of its persons."""
        return notifyings(
            self.configuration,
            plugin("sinks", "folder"),
            links=self.links,
            sealer=self.sealer,
            clock=self.clock,
            events=self.events,
            quiet=self.quiet,
        )

    def comparing(self) -> Comparing:
        every = timedelta(days=self.configuration.gateway.links.compare_days)
        return Comparing(links=self.links, sealer=self.sealer, clock=self.clock, events=self.events, every=every)

    def listening(self) -> list[Listening]:
        """What hears the server's questions and the systems' messages, as far as it is wanted."""
        return listenings(self, plugin)

    def _forgetting(self) -> Forgetting:
        """In link-only mode nothing of an address is kept that was told."""
        settings = self.configuration.gateway
        days = 0 if settings.links.mode == "link-only" else settings.retention.notice_days
        return Forgetting(links=self.links, clock=self.clock, keep=timedelta(days=days))

    def _enforcing(self) -> Enforcing:
        parts = self.links, self.sealer, self.clock, self.events, self.configuration.gateway.links.in_force_from
        return Enforcing(*parts).with_symbols(self.store, self.configuration)

    def reconciling(self, *, reason: str, actor: str) -> Reconciling:
        return Reconciling(
            lanes={name: self.lane_work(route) for name, route in self.configuration.routes.items()},
            store=self.store,
            spool=self.spool,
            sealer=self.sealer,
            clock=self.clock,
            reason=reason,
            actor=actor,
        )

    def redriving(self) -> Redriving:
        routes = self.configuration.routes.values()
        return Redriving(
            lanes={route.name: route.batch_records for route in routes},
            store=self.store,
            clock=self.clock,
            events=self.events,
            waiting=self.configuration.gateway.redrive.waiting,
        )

    def _looking_again(self) -> LookingAgain:
        return LookingAgain(
            lanes=[name for name, route in self.configuration.routes.items() if route.function is Function.SKI],
            store=self.store,
            clock=self.clock,
            per_second=self.configuration.gateway.redrive.per_second,
        )

    def alarms(self) -> Alarms:
        watch = Watch(
            routes=self.configuration.routes,
            store=self.store,
            settings=self.configuration.gateway.alarms,
            surroundings=self.surroundings,
            is_holiday=self.configuration.profile.service.is_holiday,
            behind=partial(self.links.behind, list(self.configuration.subscriptions)),
            distributed=distribution_findings(self.configuration, self.store),
        )
        return Alarms(watch=watch, clock=self.clock, events=self.events)

    def returning_to(self, route: Route, sink: Sink, errors: Sink | None = None) -> Returning:
        """What writes the results of a route, and the list of its errors. Raises LookupError for one that has none."""
        return returning(self, route, sink, errors)

    def ledger_answers(self) -> None:
        """Raises StoreError while store or links are away: asked before a worker takes anything into its hands."""
        self.store.batch(0)
        self.links.resolve("", ["0"])

    def close(self) -> None:
        for part in (self.broker, self.client, self.registry, self.store, self.links):
            with suppress(KakehashiError):
                if part is not None:
                    part.close()

    def _source(self, route: Route) -> Source:
        settings = route.settings.source
        folder = self.configuration.source_folder(route)
        if folder is None:
            return QueueSource(self.broker, settings.queue)

        make = plugin("sources", "folder")
        return lane_source(make, route, folder, store=self.store, clock=self.clock, events=self.events)

    def _returning(self) -> Mapping[str, Returning]:
        return returnings(self, plugin("sinks", "folder"))


def open_client(configuration: Configuration, clock: Clock) -> ServerClient:
    settings = configuration.gateway
    return open_server(settings, settings.server, plugin, clock)


def open_gateway(configuration: Configuration, *, schemas: Path, restoring: bool = False, **overrides: Any) -> Gateway:
    """Everything a configuration names, opened. `overrides` replace parts of Gateway by name (tests).

    Raises ConfigurationError, StoreError (the store may not be worked on; STO-006: it is older than its spool, unless
    it is opened for `restoring`) and StoreCorrupt; a broker or server that is not there yet is no error.
    """
    settings = configuration.gateway
    parts: dict[str, Any] = dict(overrides)
    parts.setdefault("clock", plugin("clocks", "system")())
    parts.setdefault("sealer", plugin("sealers", "vault")(settings.keys))
    if "store" not in parts:
        parts["store"], parts["links"] = plugin("stores", scheme(settings.store.url))(settings.store.url, migrate=True)
        parts["store"].check()
    if "broker" not in parts:
        parts["broker"] = plugin("brokers", scheme(settings.broker.url))(settings.broker.url)
    if "client" not in parts:
        parts["client"] = open_client(configuration, parts["clock"])
    if "registry" not in parts and settings.registry.endpoint:
        parts["registry"] = open_server(settings, settings.registry, plugin, parts["clock"])
    parts.setdefault("patience", timedelta(seconds=settings.broker.lost_after_seconds))
    parts.setdefault("spool", plugin("spools", "folder")(Path(settings.folders.spool)))
    parts.setdefault("surroundings", plugin("tools", "surroundings")(settings))
    if not restoring:
        check_age(parts["store"], parts["spool"])
    parts.setdefault("schemas", open_schemas(configuration, schemas))
    return Gateway(configuration=configuration, **parts)
