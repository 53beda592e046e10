"""`kakehashi demo` and `kakehashi simulate`."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from itertools import count
from pathlib import Path

import click
from rich.console import Console
from rich.live import Live

from kakehashi.cli.output import language
from kakehashi.errors import Fault, KakehashiError, Place
from kakehashi.ports.ledger import LaneCounts
from kakehashi.runtime.bootstrap import plugin
from kakehashi.runtime.places import shared
from kakehashi_simulators.demo.run import DemoRun, started
from kakehashi_simulators.demo.table import lane_table
from kakehashi_simulators.demo.verdict import Verdict
from kakehashi_simulators.legacy import Sample, generate
from kakehashi_simulators.process import OWN_FORMAT, start_intermediate_server, start_registry
from kakehashi_simulators.scenario_file import ScenarioError, ScenarioFile, read_scenario

__all__ = ["demo", "simulate"]

_PATIENCE_SECONDS = 600
_RECORDS_CAP = 200_000
"""As many as an intermediate server was seen to take."""
_TICK_SECONDS = 0.25
_PAUSE_SECONDS = 15
"""Between two rounds of new files, while the demo goes on."""


@click.command()
@click.option("--once", is_flag=True, help="End by itself with a summary; exit code 0 when everything adds up.")
@click.option("--broker", help="amqp(s)://…, or `rabbitmq` for a private one; else an embedded queue.")
@click.option("--store", help="postgresql+psycopg://…; else an embedded database.")
@click.option("--transport", type=click.Choice(["https", "folder"]), default="https", show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), default=Path("run-data"), show_default=True)
@click.option("--seed", default=1, show_default=True, help="Other files, as reproducible.")
@click.option("--scale", default=1.0, show_default=True, help="1 is a few thousand records.")
@click.option("--json", "as_json", is_flag=True, help="The summary as JSON lines.")
def demo(  # click's
    *,
    once: bool,
    broker: str | None,
    store: str | None,
    transport: str,
    folder: Path,
    seed: int,
    scale: float,
    as_json: bool,
) -> None:
    """Everything on this machine: simulators, gateway, three legacy systems, a live table."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console = Console(stderr=as_json)
    try:
        with (
            _broker(broker) as url,
            started(folder.resolve(), seed=seed, scale=scale, broker=url, store=store, transport=transport) as run,
        ):
            good = _watch(run, console, once=once, as_json=as_json, seed=seed)
    except KakehashiError as error:
        click.echo(str(error), err=True)
        sys.exit(3)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0 if good else 1)


def _watch(run: DemoRun, console: Console, *, once: bool, as_json: bool, seed: int) -> bool:
    """The first round with its verdict; then, unless `once`, more files until Ctrl-C. True when all was good."""
    lanes = {name: route.settings.title for name, route in run.configuration.routes.items()}
    began = time.monotonic()
    with Live(console=console, auto_refresh=False) if console.is_terminal else nullcontext() as live:

        def show(counts: list[LaneCounts]) -> None:
            if live is not None:
                live.update(lane_table(lanes, counts, caption=_elapsed(began)), refresh=True)

        run.drop_all(show, deadline=time.monotonic() + _PATIENCE_SECONDS)
        finished = run.wait(show, deadline=time.monotonic() + _PATIENCE_SECONDS)
        if live is None:
            console.print(lane_table(lanes, run.counts(), caption=_elapsed(began)))
        verdict = run.verdict()
        _summarise(verdict, console, as_json=as_json, finished=finished)
        _say_places(run, console)
        if not once:
            console.print("new files every few seconds; Ctrl-C ends the demo")
            with suppress(KeyboardInterrupt):
                _go_on(run, show, seed=seed)
    return finished and verdict.good


def _go_on(run: DemoRun, show: Callable[[list[LaneCounts]], None], *, seed: int) -> None:
    """New files every few seconds until Ctrl-C."""
    for round_no in count(1):
        folder = run.site.folder / "samples" / f"round-{round_no}"
        more = generate(folder, seed=seed + round_no, scale=0.1)
        run.drop(_renamed(sample, round_no) for sample in more.samples if not run.is_link(sample))
        until = time.monotonic() + _PAUSE_SECONDS
        while time.monotonic() < until:
            show(run.counts())
            time.sleep(_TICK_SECONDS)


def _renamed(sample: Sample, round_no: int) -> Sample:
    """Each round has names of its own: the same name with other content would look like a mistake."""
    path = sample.path.with_name(f"{sample.path.stem}-{round_no}{sample.path.suffix}")
    sample.path.rename(path)
    return replace(sample, name=path.name, path=path)


def _elapsed(began: float) -> str:
    return f"{time.monotonic() - began:.0f} s"


def _summarise(verdict: Verdict, console: Console, *, as_json: bool, finished: bool) -> None:
    received = sum(lane.received for lane in verdict.counts)
    accepted = sum(lane.accepted for lane in verdict.counts)
    refused = sum(lane.refused for lane in verdict.counts)
    waiting = sum(lane.waiting for lane in verdict.counts)
    if as_json:
        for lane in verdict.counts:
            numbers = {name: getattr(lane, name) for name in ("received", "sent", "accepted", "refused", "waiting")}
            click.echo(json.dumps({"lane": lane.lane, **numbers}))
        totals = {"received": received, "accepted": accepted, "refused": refused, "waiting": waiting}
        found = {"planted": verdict.planted, "found": verdict.found, "problems": list(verdict.problems)}
        click.echo(json.dumps({"total": True, "finished": finished, **totals, **found}, ensure_ascii=False))
        return
    console.print(f"\nreceived {received:,} = accepted {accepted:,} + refused {refused:,} + waiting {waiting:,}")
    console.print(f"planted faults: {verdict.planted}, found, each once: {verdict.found}")
    if not finished:
        console.print("not finished in time", style="bold red")
    for problem in verdict.problems:
        console.print(problem, style="red")
    if finished and verdict.good:
        console.print("Everything adds up.", style="bold green")


def _say_places(run: DemoRun, console: Console) -> None:
    site = run.site
    for what, place in (
        ("results", site.exchange),
        ("logs", site.logs),
        ("store", site.folder / "store"),
        ("configuration", site.config),
    ):
        console.print(f"{what:<14} {place}", soft_wrap=True, highlight=False)
    console.print(f"next           kakehashi status --config {site.config}", soft_wrap=True, highlight=False)


@contextmanager
def _broker(chosen: str | None) -> Iterator[str | None]:
    """`rabbitmq`: a private server that ends with us."""
    if chosen != "rabbitmq":
        yield chosen
        return
    with plugin("tools", "private-rabbitmq")() as rabbit:
        yield rabbit.url


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), default=None, help="Where the simulators keep their books.")
@click.option("--certificates", type=click.Path(path_type=Path), default=None, help="ca.pem, server.pem, server.key.")
@click.option("--port", default=0, help="Port of the intermediate server; 0: any free one.")
@click.option("--admin-port", default=0, help="Port for steering it: faults, persons, account.")
@click.option("--result-delay", type=float, help="Seconds until a result is ready [1].")
@click.option("--records-cap", type=int, help="Records in one message [200000].")
@click.option("--connections", type=int, help="Requests at the same time [16].")
@click.option("--rate", type=int, help="Requests in a second; 0: any number [0].")
@click.option("--scenario", type=click.Path(path_type=Path), help="TOML file: what they do, and when.")
@click.option("--evidence", type=click.Path(path_type=Path), help="Folder for every message and answer.")
def simulate(
    *,
    folder: Path | None,
    certificates: Path | None,
    port: int,
    admin_port: int,
    result_delay: float | None,
    records_cap: int | None,
    connections: int | None,
    rate: int | None,
    scenario: Path | None,
    evidence: Path | None,
) -> None:
    """The simulators alone: intermediate server and registry side, until Ctrl-C. Their admin addresses are pages.

    An option counts before what the scenario file says.
    """
    said = _scenario(scenario)
    place = folder or Path(tempfile.mkdtemp(prefix="kakehashi-simulators-"))
    xsd = shared("xsd") / OWN_FORMAT
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with (
        start_intermediate_server(
            place / "server",
            xsd=xsd,
            certificates=certificates,
            port=port,
            admin_port=admin_port,
            result_delay_seconds=result_delay,
            records_cap=records_cap or said.server.records_cap or _RECORDS_CAP,
            connections=connections,
            requests_per_second=rate,
            scenario=scenario,
            evidence=evidence and evidence / "server",
        ) as server,
        start_registry(
            place / "registry",
            xsd=xsd,
            certificates=certificates,
            intermediate_admin=server.admin,
            scenario=scenario,
            evidence=evidence and evidence / "registry",
        ) as registry,
    ):
        for name, simulator in (("intermediate-server", server), ("registry", registry)):
            click.echo(json.dumps({"name": name, "endpoint": simulator.endpoint, "admin": simulator.admin}))
        try:
            signal.pause()
        except KeyboardInterrupt:
            return


def _scenario(path: Path | None) -> ScenarioFile:
    """All its faults on standard error, and exit code 1."""
    if path is None:
        return ScenarioFile()
    try:
        return read_scenario(path)
    except ScenarioError as error:
        for place, expected in error.faults:
            fault = Fault("RHS-001", Place(file=path.name, item=place or None), {"expected": expected})
            click.echo(fault.text(language(None)), err=True)
        sys.exit(1)
