"""A gateway process: its roles as threads, each a loop that survives outages, all stopped by one event."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cached_property, partial
from threading import Event, Thread

from kakehashi.errors import BrokerError, BrokerMisconfigured, KakehashiError, StoreCorrupt, StoreError
from kakehashi.pipeline.symbols import Acquiring
from kakehashi.ports.broker import URGENT, Consumer
from kakehashi.runtime.bootstrap import Gateway
from kakehashi.runtime.events import Field
from kakehashi.runtime.intake import Intake
from kakehashi.runtime.logging import safe_trace
from kakehashi.runtime.outage import Outage, Trouble
from kakehashi.runtime.taking import Taking

__all__ = ["GatewayProcess", "Role"]

_IDLE = 0.2
_GRACE = 10.0
_TIME_TO_FINISH = timedelta(seconds=8)  # of the grace, for what a worker has in hand


class Role(StrEnum):
    """What a process does; several processes and machines may run the same role."""

    INTAKE = "intake"
    WORKER = "worker"
    SCHEDULER = "scheduler"


@dataclass(frozen=True)
class GatewayProcess:
    """`start` returns when every role runs; `finish` lets each finish what it holds, within ten seconds, and closes."""

    gateway: Gateway
    roles: Sequence[Role]
    on_failure: Callable[[], None] = lambda: None
    """Called when a role cannot go on: the ledger is corrupt, or something that nobody thought of."""
    stop: Event = field(default_factory=Event, init=False)
    _taken: Event = field(default_factory=Event, init=False)
    _threads: list[Thread] = field(default_factory=list, init=False)

    @cached_property
    def _trouble(self) -> Trouble:
        return Trouble(self.gateway.quiet, self.gateway.events)

    def declare(self) -> None:
        """Queues first. A broker that is not there yet is an outage of the loops, not a reason to fail.

        Raises BrokerMisconfigured when the queues are not what the configuration says.
        """
        try:
            configuration = self.gateway.configuration
            self.gateway.broker.declare(list(configuration.routes), in_order=configuration.in_order)
        except BrokerMisconfigured:
            raise
        except BrokerError:
            pass

    def start(self) -> None:
        """After `declare`. What is loaded by now stays: the collector looks at it once more and then never again."""
        gc.collect()
        gc.freeze()
        self.gateway.events.emit(
            "gateway.started",
            version=self.gateway.version,
            config=self.gateway.configuration.hash,
            lanes=len(self.gateway.configuration.routes),
            **self._identity,
        )
        loops = {Role.INTAKE: self._intake, Role.WORKER: self._worker, Role.SCHEDULER: self._scheduler}
        self._threads.extend(
            Thread(target=self._run, args=(role, loops[role]), name=role, daemon=True) for role in self.roles
        )
        for thread in self._threads:
            thread.start()

    def finish(self, reason: str) -> None:
        self.stop.set()
        self.gateway.events.emit("gateway.stopping", reason=reason, **self._identity)
        for thread in self._threads:
            thread.join(_GRACE)
        self.gateway.close()
        gc.unfreeze()
        self.gateway.events.emit("gateway.stopped", **self._identity)

    @property
    def _identity(self) -> dict[str, Field]:
        return {"name": self.gateway.configuration.gateway.gateway.name, "roles": ",".join(self.roles)}

    def _run(self, role: Role, loop: Callable[[], None]) -> None:
        """A role that cannot go on takes its process with it: a supervisor sees that, a silent thread nobody."""
        try:
            loop()
        except BaseException as error:
            self._fail(role, error, code="GEN-001")
            raise

    def _fail(self, role: Role, error: BaseException, *, code: str) -> None:
        self._tell_failure(role, error, code=code)
        self.on_failure()

    def _tell_failure(self, role: Role, error: BaseException, *, code: str) -> None:
        self.gateway.events.emit(
            "gateway.failed",
            name=self.gateway.configuration.gateway.gateway.name,
            role=role,
            code=code,
            error=f"{type(error).__name__} {safe_trace(error)}",
        )

    def _intake(self) -> None:
        """A thread a lane takes files in; this one publishes what they bring."""
        *takers, publisher = self.intake_loops()
        threads = [Thread(target=self._run, args=(Role.INTAKE, taker), daemon=True) for taker in takers]
        for thread in threads:
            thread.start()
        publisher()
        for thread in threads:
            thread.join()

    def intake_loops(self) -> list[Callable[[], None]]:
        """One for each lane, and the outbox's last. Each returns when `stop` is set."""
        publish = self.gateway.publishing().publish_new
        takers = [partial(self._take, intake) for intake in self.gateway.intakes(self.stop.is_set)]
        return [*takers, partial(self._loop, Role.INTAKE, publish, idle=self._taken)]

    def _take(self, intake: Intake) -> None:
        try:
            Taking(
                intake=intake,
                broker=self.gateway.broker,
                quiet=self.gateway.quiet,
                events=self.gateway.events,
                outage=Outage(f"intake {intake.route.name}", self._trouble, self.stop),
                stop=self.stop,
                taken=self._taken.set,
                unexpected=partial(self._tell_failure, Role.INTAKE, code="GEN-001"),
            ).run()
        except StoreCorrupt as error:
            self._fail(Role.INTAKE, error, code=error.fault.code)

    def _scheduler(self) -> None:
        self._loop(Role.SCHEDULER, self.gateway.scheduler().run_once)

    def _worker(self) -> None:
        """Symbols are acquired in a thread of their own, beside the batches: by whoever may speak to the server."""
        acquiring = self.gateway.acquiring()
        if acquiring is None:
            self._batches()
            return
        beside = Thread(target=self._run, args=(Role.WORKER, partial(self._symbols, acquiring)), daemon=True)
        beside.start()
        self._batches()
        beside.join()

    def _symbols(self, acquiring: Acquiring) -> None:
        self._loop(Role.WORKER, acquiring.run_once)

    def _batches(self) -> None:
        worker = self.gateway.worker()
        lanes = [URGENT, *self.gateway.configuration.routes]
        consumers: list[Consumer] = []

        def step() -> int:
            try:
                if not consumers:
                    self.gateway.ledger_answers()  # each delivery given back counts towards the broker's crash guard
                    self.gateway.broker.publish([])
                    consumers.append(
                        self.gateway.broker.consume(lanes, prefetch=self.gateway.configuration.gateway.broker.prefetch)
                    )
                return worker.run_once(consumers[0]) + 1  # it has already waited
            except Exception:
                self._drop(consumers)
                worker.let_go()
                raise

        self._loop(Role.WORKER, step)
        with suppress(KakehashiError):
            for consumer in consumers:
                worker.finish(consumer, within=_TIME_TO_FINISH)
        self._drop(consumers)
        worker.pool.shutdown(cancel_futures=True)

    def _drop(self, consumers: list[Consumer]) -> None:
        """Give everything in hand back; it comes again."""
        while consumers:
            with suppress(KakehashiError):
                consumers.pop().close()

    def _loop(self, role: Role, step: Callable[[], int], *, idle: Event | None = None) -> None:
        """`idle`: what is waited for when there is nothing to do; else it is `stop`."""
        outage = Outage(role, self._trouble, self.stop)
        while not self.stop.is_set():
            try:
                done = step()
            except StoreCorrupt as error:
                self._fail(role, error, code=error.fault.code)
                return
            except (BrokerError, StoreError) as error:
                outage.failed(error)
                with suppress(BrokerError):
                    self.declare()
                continue
            except Exception as error:  # noqa: BLE001  # a role never dies silently: it says so and starts again
                self._tell_failure(role, error, code="GEN-001")
                self.stop.wait(1)
                continue
            outage.worked()
            if not done and (idle or self.stop).wait(_IDLE) and idle:
                idle.clear()
