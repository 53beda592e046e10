"""One run of the demo: start everything, drop the files, watch until all of it is settled, judge."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kakehashi.config.loader import load
from kakehashi.config.model import Configuration
from kakehashi.domain.batch import FileState
from kakehashi.errors import KakehashiError
from kakehashi.ports.ledger import LaneCounts
from kakehashi.ports.store import Store
from kakehashi.runtime.bootstrap import plugin
from kakehashi.runtime.places import shared
from kakehashi.runtime.queue_source import file_name
from kakehashi_simulators.demo.plain_queues import PlainQueues
from kakehashi_simulators.demo.processes import GatewayProcesses
from kakehashi_simulators.demo.site import Site, prepare
from kakehashi_simulators.demo.verdict import Verdict, judge
from kakehashi_simulators.legacy import Manifest, Sample, drop, generate
from kakehashi_simulators.process import OWN_FORMAT, RunningSimulator, Spoken, start_intermediate_server, start_registry

__all__ = ["DemoRun", "GatewayRun", "make_folders", "open_ledger", "started"]

_PROCESSES = {"intake": ("intake", "scheduler", "answering"), "worker": ("worker",)}
_TICK_SECONDS = 0.25
_TAKING_SECONDS = 10
_STARTED = '"event": "gateway.started"'
_SIGNS = (".lock", ".lease")
"""What an intake that is alive leaves beside the files in its hands."""


@dataclass(slots=True, kw_only=True)
class GatewayRun:
    """The gateway of a site in processes of its own, its ledger, its folders and queues. `watch` is called with the
    counts about four times a second.
    """

    site: Site
    configuration: Configuration
    store: Store
    processes: GatewayProcesses
    dropped: list[Sample] = field(default_factory=list)
    queues: PlainQueues = field(init=False)

    def __post_init__(self) -> None:
        self.queues = PlainQueues(self.configuration.gateway.broker.url)

    def start(self) -> None:
        for name, roles in _PROCESSES.items():
            self.processes.start(name, roles)

    def started_times(self) -> int:
        """How often a process of this site has begun its work."""
        return sum(_STARTED in line for name in _PROCESSES for line in _lines(self.site.logs / f"{name}.jsonl"))

    def wait(self, watch: Callable[[list[LaneCounts]], None], *, deadline: float) -> bool:
        """Until every dropped file was looked at and every result returned; False when the deadline comes first."""
        while time.monotonic() < deadline:
            watch(self.counts())
            if self._quiet():
                watch(self.counts())
                return True
            time.sleep(_TICK_SECONDS)
        return False

    def counts(self) -> list[LaneCounts]:
        try:
            return self.store.counts()
        except KakehashiError:
            return []

    def refused_files(self) -> Counter[str]:
        """Names of the files that intake refused, from its log."""
        names: Counter[str] = Counter()
        for line in _lines(self.site.logs / "intake.jsonl"):
            event = json.loads(line)
            if event["event"] == "file.refused":
                names[event["file"]] += 1
        return names

    def drop_folder(self, lane: str) -> Path:
        folder = self.configuration.source_folder(self.configuration.routes[lane])
        assert folder is not None
        return folder

    def drop(self, samples: Iterable[Sample]) -> None:
        """Drop files as their systems do, or publish them."""
        for sample in samples:
            settings = self.configuration.routes[sample.lane].settings.source
            if settings.queue:
                self.queues.put(settings.queue, sample.path.read_bytes())
            else:
                marker = settings.end_marker if settings.complete == "end-marker" else None
                drop(sample, self.drop_folder(sample.lane), end_marker=marker)
            self.dropped.append(sample)

    def known_as(self, sample: Sample) -> str:
        """The name of a dropped file in the ledger."""
        queue = self.configuration.routes[sample.lane].settings.source.queue
        return file_name(queue, sample.path.read_bytes()) if queue else sample.name

    def lying(self, lane: str) -> set[str]:
        """Names in the lane's drop folder. Of a queue nobody can tell them: what stands in it is taken first."""
        queue = self.configuration.routes[lane].settings.source.queue
        if not queue:
            return {path.name for path in self.drop_folder(lane).rglob("*")}
        deadline = time.monotonic() + _TAKING_SECONDS
        while not self.queues.is_empty(queue) and time.monotonic() < deadline:
            time.sleep(_TICK_SECONDS)
        return set()

    def result(self, lane: str, name: str) -> bytes | None:
        """A result as the lane's owner gets it; None: it has not come."""
        route = self.configuration.routes[lane]
        folder = self.configuration.return_folder(route)
        if folder is not None:
            return (folder / name).read_bytes() if (folder / name).is_file() else None
        queue = route.settings.returns.queue if route.settings.returns else ""
        return self.queues.result(queue, name) if queue else None

    def left_behind(self) -> list[Path]:
        """What still lies in drop folders or in the hands of an intake; quarantined files are not left behind."""
        routes = self.configuration.routes.values()
        folders = [folder for route in routes if (folder := self.configuration.source_folder(route)) is not None]
        work = [folder.parent / f".{folder.name}-work" for folder in folders]
        return [path for folder in (*folders, *work) for path in folder.rglob("*") if path.suffix not in _SIGNS]

    def is_link(self, sample: Sample) -> bool:
        return self.configuration.routes[sample.lane].function == "LINK"

    def _quiet(self) -> bool:
        try:
            known = self.store.files(most=1_000_000)
        except KakehashiError:
            return False
        seen = Counter(file.name for file in known) + self.refused_files()
        wanted = Counter(map(self.known_as, self.dropped))  # the same bytes in a queue have the same name
        busy = any(file.state in (FileState.WORKING, FileState.SETTLED) for file in known)
        return not busy and all(seen[name] >= times for name, times in wanted.items())


@dataclass(slots=True, kw_only=True)
class DemoRun(GatewayRun):
    """A running site with its simulators and the samples that it will be given."""

    server: RunningSimulator
    registry: RunningSimulator
    manifest: Manifest

    def drop_all(self, watch: Callable[[list[LaneCounts]], None], *, deadline: float) -> None:
        """The registry extract first, because it fills the links; the other files when it is settled."""
        self.drop([sample for sample in self.manifest.samples if self.is_link(sample)])
        self.wait(watch, deadline=deadline)
        self.drop([sample for sample in self.manifest.samples if not self.is_link(sample)])

    def verdict(self) -> Verdict:
        account = self.server.account()
        return judge(
            self.store,
            self.manifest,
            twice=int(str(account["twice"])),
            refused_files=self.refused_files(),
        )


def _lines(path: Path) -> Iterator[str]:
    if path.exists():
        with path.open(encoding="utf-8") as stream:
            yield from (line for line in stream if line.endswith("\n"))


def make_folders(configuration: Configuration) -> None:
    """Those of its routes."""
    for route in configuration.routes.values():
        own = (configuration.source_folder, configuration.number_folder)
        folders = (*own, configuration.return_folder, configuration.error_folder)
        for place in (folder(route) for folder in folders):
            if place is not None:
                place.mkdir(parents=True, exist_ok=True)


@contextmanager
def started(
    folder: Path,
    *,
    seed: int = 1,
    scale: float = 1.0,
    faults: bool = True,
    broker: str | None = None,
    store: str | None = None,
    result_delay_seconds: float = 1.0,
    extra: str = "",
    lost_after_seconds: int = 60,
    numbers: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    shipped: Path | None = None,
    transport: str = "https",
    spoken: Spoken | None = None,
    adapt: Callable[[Path], None] = lambda _: None,
) -> Iterator[DemoRun]:
    """Everything running and the samples written; nothing dropped yet. Everything is stopped at the end.

    `transport`: https, or folder for an exchange folder. `shipped`: the configuration to begin with, if not the
    program's; `adapt` may change its copy before it is read. `spoken`: another format, whose profile it has.
    """
    with ExitStack() as stack:
        site = prepare(folder)
        delay = result_delay_seconds
        server, registry = _simulators(stack, site, transport=transport, result_delay_seconds=delay, spoken=spoken)
        site.configure(
            shipped=shipped or shared("config"),
            endpoint=server.endpoint,
            registry=registry.endpoint,
            broker=broker,
            store=store,
            profile=spoken.profile if spoken else "",
            extra=extra,
            lost_after_seconds=lost_after_seconds,
        )
        adapt(site.config)
        configuration = load(site.config)
        make_folders(configuration)
        manifest = generate(folder / "samples", seed=seed, scale=scale, faults=faults, numbers=numbers)
        server.set_persons({state.replace("_", "-"): keys for state, keys in manifest.server_persons.items()})
        ledger = open_ledger(configuration.gateway.store.url)
        stack.callback(ledger.close)
        processes = GatewayProcesses(site.config, site.logs, environment=dict(environment or {}))
        stack.callback(processes.stop)
        run = DemoRun(
            site=site,
            configuration=configuration,
            store=ledger,
            server=server,
            registry=registry,
            processes=processes,
            manifest=manifest,
        )
        stack.callback(run.queues.close)
        run.start()
        yield run


def _simulators(
    stack: ExitStack, site: Site, *, transport: str, result_delay_seconds: float, spoken: Spoken | None
) -> tuple[RunningSimulator, RunningSimulator]:
    """The intermediate server and the registry, which tells it of symbols."""
    xsd, certificates = shared("xsd") / OWN_FORMAT, site.certificates
    server = stack.enter_context(
        start_intermediate_server(
            site.folder / "server",
            xsd=xsd,
            certificates=certificates,
            result_delay_seconds=result_delay_seconds,
            exchange=site.folder / "lgwan" if transport == "folder" else None,
            spoken=spoken,
        )
    )
    registry = stack.enter_context(
        start_registry(
            site.folder / "registry",
            xsd=xsd,
            certificates=certificates,
            intermediate_admin=server.admin,
            spoken=spoken,
        )
    )
    return server, registry


def open_ledger(url: str) -> Store:
    """The ledger of a run, made or brought up to date."""
    store: Store
    store, links = plugin("stores", url.partition(":")[0].partition("+")[0])(url, migrate=True)
    links.close()
    return store
