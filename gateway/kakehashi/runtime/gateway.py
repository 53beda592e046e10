"""A gateway process: its roles as threads, each a loop that survives outages, all stopped by one event."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cached_property, partial
from threading import Event, Thread

from kakehashi.errors import BrokerBlocked, BrokerError, BrokerMisconfigured, KakehashiError, StoreCorrupt, StoreError
from kakehashi.ports.broker import URGENT, Consumer
from kakehashi.runtime.bootstrap import Gateway
from kakehashi.runtime.distributing import distributing
from kakehashi.runtime.events import Field
from kakehashi.runtime.idling import Idling
from kakehashi.runtime.intake import Intake
from kakehashi.runtime.logging import safe_trace
from kakehashi.runtime.outage import Outage
from kakehashi.runtime.providing import providing
from kakehashi.runtime.publishing import Publishing
from kakehashi.runtime.stopping import Ending, Stage
from kakehashi.runtime.taking import Taking

__all__ = ["GatewayProcess", "Role"]


class Role(StrEnum):
    """What a process does; several processes and machines may run the same role."""

    INTAKE = "intake"
    WORKER = "worker"
    SCHEDULER = "scheduler"
    ANSWERING = "answering"


@dataclass(frozen=True)
class GatewayProcess:
    """`start` returns when every role runs; `finish` lets all finish what they hold, within one grace, and closes."""

    gateway: Gateway
    roles: Sequence[Role]
    on_failure: Callable[[], None] = lambda: None
    """Called when a role cannot go on: the ledger is corrupt, or something that nobody thought of."""
    stop: Event = field(default_factory=Event, init=False)
    _taken: Event = field(default_factory=Event, init=False)
    _threads: dict[Role, Thread] = field(default_factory=dict, init=False)
    _ending: Ending = field(default_factory=Ending, init=False)

    @cached_property
    def _outbox(self) -> Publishing:
        return self.gateway.publishing()

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
        loops = {
            Role.INTAKE: self._intake,
            Role.WORKER: self._worker,
            Role.SCHEDULER: self._scheduler,
            Role.ANSWERING: self._answering,
        }
        self._threads.update(
            {role: Thread(target=self._run, args=(role, loops[role]), name=role, daemon=True) for role in self.roles}
        )
        for thread in self._threads.values():
            thread.start()

    def finish(self, reason: str) -> None:
        """In the steps of `Stage`, each told. What does not end in its time is left: it comes again."""
        self._ending.begin()
        self.stop.set()
        self.gateway.events.emit("gateway.stopping", reason=reason, **self._identity)
        for (number, what, until), has_ended in self._steps():
            ended = has_ended(self._ending.left(until))
            self.gateway.events.emit("gateway.stop_step", step=number, what=what, ended="yes" if ended else "NO")
        gc.unfreeze()
        self.gateway.events.emit("gateway.stopped", **self._identity)

    def _steps(self) -> Iterator[tuple[tuple[int, str, timedelta], Callable[[float], bool]]]:
        """Those of this process' roles; each with what waits for its end, so many seconds at most."""
        if Role.INTAKE in self._threads:
            yield Stage.TAKING_IN, self._ending.not_taking.wait
        if Role.WORKER in self._threads:
            yield Stage.CONSUMING, self._ending.not_consuming.wait
            worker = [self._threads[Role.WORKER]]
            yield Stage.IN_HAND, lambda within: _joined(worker, within) and not self._ending.unfinished
        self._ending.worked.set()
        yield Stage.PUBLISHING, partial(_joined, [*self._threads.values()])
        closing = Thread(target=self.gateway.close, name="closing", daemon=True)
        closing.start()
        yield Stage.CLOSING, partial(_joined, [closing])

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
        try:
            publisher()
            for thread in threads:
                thread.join()
        finally:
            self._ending.not_taking.set()
        self._ending.worked.wait()
        with suppress(KakehashiError):  # then the next process publishes it
            self._outbox.publish_new()

    def intake_loops(self) -> list[Callable[[], None]]:
        """One for each lane, and the outbox's last. Each returns when `stop` is set."""
        takers = [partial(self._take, intake) for intake in self.gateway.intakes(self.stop.is_set)]
        return [*takers, partial(self._loop, Role.INTAKE, self._outbox.publish_new, idle=self._taken)]

    def _take(self, intake: Intake) -> None:
        try:
            Taking(
                intake=intake,
                broker=self.gateway.broker,
                quiet=self.gateway.quiet,
                events=self.gateway.events,
                outage=Outage(f"intake {intake.route.name}", self.gateway.trouble, self.stop),
                stop=self.stop,
                taken=self._taken.set,
                unexpected=partial(self._tell_failure, Role.INTAKE, code="GEN-001"),
            ).run()
        except StoreCorrupt as error:
            self._fail(Role.INTAKE, error, code=error.fault.code)

    def _scheduler(self) -> None:
        """Each system that is told of its persons has a thread of its own, for a folder that hangs holds nobody else;
        so has the comparison of all links, which takes hours.
        """
        steps = [each.run_once for each in self.gateway.notifyings()]
        steps.append(self.gateway.comparing().run_once)
        loops = [partial(self._loop, Role.SCHEDULER, step) for step in steps]
        beside = [Thread(target=self._run, args=(Role.SCHEDULER, loop), daemon=True) for loop in loops]
        for thread in beside:
            thread.start()
        self._look_after()
        for thread in beside:
            thread.join()

    def _look_after(self) -> None:
        self._loop(Role.SCHEDULER, self.gateway.scheduler().run_once)

    def _answering(self) -> None:
        loops = [partial(each.run, self.stop) for each in self.gateway.listening()]
        beside = [Thread(target=self._run, args=(Role.ANSWERING, loop), daemon=True) for loop in loops]
        for thread in beside:
            thread.start()
        self.stop.wait()
        for thread in beside:
            thread.join()

    def _worker(self) -> None:
        """Locks are told, symbols acquired, inquiries of others replied to, the server asked what it distributes:
        in threads of their own, beside the batches, by whoever may speak to the server.
        """
        of_server = (providing(self.gateway), distributing(self.gateway))
        parts = (self.gateway.locking(), self.gateway.acquiring(), *of_server)
        steps = [each.run_once for each in parts if each is not None]
        loops = [partial(self._loop, Role.WORKER, step) for step in steps]
        beside = [Thread(target=self._run, args=(Role.WORKER, loop), daemon=True) for loop in loops]
        for thread in beside:
            thread.start()
        self._batches()
        for thread in beside:
            thread.join()

    def _batches(self) -> None:
        worker = self.gateway.worker()
        lanes = [URGENT, *self.gateway.configuration.routes]
        consumers: list[Consumer] = []

        def step() -> int:
            try:
                if not consumers:
                    self.gateway.ledger_answers()  # each delivery given back counts towards the broker's crash guard
                    with suppress(BrokerBlocked):  # what is in the queues can be worked on all the same
                        self.gateway.broker.publish([])
                    consumers.append(
                        self.gateway.broker.consume(lanes, prefetch=self.gateway.configuration.gateway.broker.prefetch)
                    )
                return worker.run_once(consumers[0]) + 1  # it has already waited
            except Exception:
                self._drop(consumers)
                worker.let_go()
                raise

        try:
            self._loop(Role.WORKER, step)
        finally:
            self._ending.not_consuming.set()
        with suppress(KakehashiError):
            for consumer in consumers:
                self._ending.unfinished = worker.finish(consumer, within=self._ending.time_to_work)
        self._drop(consumers)
        worker.pool.shutdown(wait=False, cancel_futures=True)

    def _drop(self, consumers: list[Consumer]) -> None:
        """Give everything in hand back; it comes again."""
        while consumers:
            with suppress(KakehashiError):
                consumers.pop().close()

    def _loop(self, role: Role, step: Callable[[], int], *, idle: Event | None = None) -> None:
        """`idle`: what is waited for when there is nothing to do; else it is `stop`."""
        outage, idling = Outage(role, self.gateway.trouble, self.stop), Idling()
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
            if (pause := idling.pause(done)) and (idle or self.stop).wait(pause) and idle:
                idle.clear()


def _joined(threads: Sequence[Thread], within: float) -> bool:
    """Whether all of them end in so many seconds."""
    until = time.monotonic() + within
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return not any(thread.is_alive() for thread in threads)
